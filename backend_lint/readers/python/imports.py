"""Reads the imports of a Python file and nothing else, without a syntax tree: for those who ask only which module imports which.

Strings and comments go first, in one pass; what is left shows import statements at the starts of lines. `import` is a keyword, so each that is
left must belong to a statement that was understood; a file where one does not, or where anything is out of the ordinary (tabs among spaces, statements
side by side, names that are not ASCII, declared encodings), is not answered for, and `read` of this package reads it. What it answers is what `read` would
say of the same file; a syntax error that lies behind the last import is not seen.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from backend_lint.facts.python import Import, Module
from backend_lint.facts.reading import Reading
from backend_lint.source import declared_encoding

_ENCODER = msgspec.msgpack.Encoder()
_NO_BODIES = msgspec.Raw(b"\x90")
_HIDDEN = re.compile(
    rb'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"""|())'
    rb"|'''(?:[^'\\]++|\\.|'(?!''))*+(?:'''|())"
    rb'|"(?:[^"\\\n]++|\\.)*+(?:"|())'
    rb"|'(?:[^'\\\n]++|\\.)*+(?:'|())"
    rb"|#[^\n]*+|\\\n",
    re.DOTALL,
)
"""What hides code: strings, comments, line ends that are none. A group is set if a string has no end: one of three quotes first, then one of one."""
_ONE_QUOTE = 3
_JOINED, _TEXT = b"\x02", b"\x01"
"""Stand at the start of a line that goes on the one before: behind a backslash, behind a string or bracket of several lines."""
_NAME = rb"[A-Za-z_]\w*+"
_GAP = rb"(?:[ \t]|\n\x02)"
_NAMED = rb"%b(?:%b++as%b++%b)?" % (_NAME, _GAP, _GAP, _NAME)
_MORE = rb"%b*+,%b*+" % (_GAP, _GAP)
_DOTTED = rb"%b(?:\.%b)*+" % (_NAME, _NAME)
_DOTTED_NAMED = rb"%b(?:%b++as%b++%b)?" % (_DOTTED, _GAP, _GAP, _NAME)
_STATEMENT = re.compile(
    rb"^([ \t]*+)(?:import%(gap)b++(%(dotted_named)b(?:%(more)b%(dotted_named)b)*+)"
    rb"|from%(gap)b*+(\.*+)%(gap)b*+(%(dotted)b)?%(gap)b*+(?<!\w)(?<=[\s\x02.])import(?!\w)%(gap)b*+(?:(\*)|\(([\w\s,\x02]*+)\)|(%(named)b(?:%(more)b%(named)b)*+)))"
    rb"[ \t]*+;?[ \t]*+$(?!\n\x02)"
    % {b"gap": _GAP, b"dotted_named": _DOTTED_NAMED, b"more": _MORE, b"dotted": _DOTTED, b"named": _NAMED},
    re.MULTILINE,
)
_KEYWORD = re.compile(rb"(?<![\w\x80-\xff])import(?![\w\x80-\xff])")
_OPENING = re.compile(rb"^([ \t]*+)(def|async|class|if|elif|else|try|except|finally|for|while|with|match|case|from|import)(?![\w\x80-\xff])", re.MULTILINE)
"""The lines that open a block, and imports."""
_DEFINITION = re.compile(rb"(?<![\w\x80-\xff])def(?![\w\x80-\xff])")
_ONLY_TYPE_CHECKERS = re.compile(rb"^(?:[ \t]*+(?:el)?if ++|(?:el)?if ++typing\.)TYPE_CHECKING *+:$", re.MULTILINE)
_MARK = b"TYPE_CHECKING"
_FLAT_BRACKET = re.compile(rb"[(\[{][^()\[\]{}\n]*+[)\]}]")
_BRACKET = re.compile(rb"[(\[{][^()\[\]{}]*+[)\]}]")
_ANY_BRACKET = re.compile(rb"[()\[\]{}]")
_PARTS = re.compile(rb"[\s\x02]*+,[\s\x02]*+")
_MOST_NESTED = 30
_LENIENT_STRINGS = sys.version_info >= (3, 12)
"""Strings inside an f-string may have its own quotes."""
_PLAIN_FIELDS = re.compile(rb"(?:[^{}]|\{\{|\}\}|\{[^{}\"'#\\\n]*+\})*+", re.DOTALL)
_UTF8 = frozenset({"utf-8", "utf8", "ascii", "us-ascii"})


class _Unsure(Exception):  # noqa: N818
    """The file is one for the syntax tree."""


class _Statement(NamedTuple):
    indent: int
    line: int
    start: int
    end: int
    module: str
    level: int
    names: tuple[tuple[str, str], ...]
    """Member and alias of a ``from``; module and alias of an ``import``."""
    is_from: bool


def read_imports(data: bytes) -> Reading | None:
    """The imports of a file, as facts of a module that has nothing else. None: not sure, ask the whole reader."""
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    try:
        imports = tuple(_imports(_plain(data)))
    except _Unsure:
        return None
    return Reading(facts=msgspec.Raw(_ENCODER.encode(Module(lines, imports, (), (), (), (), _NO_BODIES))), lines=lines)


def is_python(data: bytes) -> bool:
    """The parser of this Python takes the file, and so does its table of names: no tree is made, which costs most. Not: the whole reader knows better."""
    import symtable

    try:
        symtable.symtable(data, "<checked file>", "exec")  # type: ignore[arg-type]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _plain(data: bytes) -> bytes:
    """The bytes in UTF-8 with line feeds only."""
    encoding = declared_encoding(data)
    if encoding == "utf-8-sig":
        data = data[3:]
    elif encoding is not None and encoding.replace("_", "-").lower() not in _UTF8:
        raise _Unsure
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if b"\0" in data or b"\r" in data or b"\x0c" in data or _TEXT in data or _JOINED in data:
        raise _Unsure
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            raise _Unsure from None
    return data


def _imports(data: bytes) -> Iterator[Import]:
    last = data.rfind(b"import")
    if last < 0:
        return
    # what lies behind the last one is not looked at: most files are read to the end of their head
    end = data.find(b"\n", last)
    if end >= 0 and data.find(b"(", last, end) >= 0:
        close = data.find(b")", last)
        end = data.find(b"\n", close) if close >= 0 else -1
    elif end >= 0 and data.find(b"\\", last, end) >= 0:
        end = -1
    code = _code(data[:end] if end >= 0 else data, end >= 0)
    found = _statements(code)
    if found is None and end >= 0:
        code = _code(data, False)
        found = _statements(code)
    if found is None:
        raise _Unsure
    if any(one.indent for one in found):
        yield from _placed(code, found)
        return
    for one in found:
        yield from _facts(one, 0, False)


def _code(data: bytes, cut: bool) -> bytes:
    """What is left without strings and comments, each line where it was. `cut`: the text may end inside a string of three quotes."""

    def shown(match: re.Match[bytes]) -> bytes:
        text = match[0]
        sign = text[:1]
        if sign == b"#":
            return b""
        if sign == b"\\":
            if not data[data.rfind(b"\n", 0, match.start()) + 1 : match.start()].strip():
                raise _Unsure  # what begins a statement stands on a later line
            return b"\n" + _JOINED
        if match.lastindex is not None and (match.lastindex >= _ONE_QUOTE or not cut):
            raise _Unsure
        if _LENIENT_STRINGS and b"{" in text and not _PLAIN_FIELDS.fullmatch(text) and _is_formatted(data, match.start()):
            raise _Unsure
        return b"\n" * text.count(b"\n") + _TEXT

    return _HIDDEN.sub(shown, data)


def _is_formatted(data: bytes, start: int) -> bool:
    return not set(data[max(start - 2, 0) : start].lower()).isdisjoint(b"ft")


def _statements(code: bytes) -> list[_Statement] | None:
    """The import statements in order; None if there are more than are understood."""
    found = []
    line, before = 1, 0
    for match in _STATEMENT.finditer(code):
        line += code.count(b"\n", before, match.start())
        before = match.start()
        indent, plain, dots, module, star, inside, members = match.groups()
        if plain is not None:
            names = tuple(_named(plain))
        elif star is not None:
            names = (("*", ""),)
        else:
            names = tuple(_named(members if members is not None else inside))
        if not names or (plain is None and not dots and not module):
            return None
        found.append(_Statement(len(indent), line, match.start(), match.end(), (module or b"").decode(), len(dots or b""), names, plain is None))
    return found if len(found) == len(_KEYWORD.findall(code)) else None


def _named(text: bytes) -> Iterator[tuple[str, str]]:
    for part in _PARTS.split(text.strip(b" \t\n,")):
        words = part.replace(_JOINED, b" ").decode().split()
        if len(words) == 1:
            yield words[0], ""
        elif len(words) == 3 and words[1] == "as":
            yield words[0], words[2]
        else:
            raise _Unsure


def _facts(one: _Statement, function: int, type_checking: bool) -> Iterator[Import]:
    for name, alias in one.names:
        if one.is_from:
            yield Import(alias or name, one.module, name, one.level, one.line, function, type_checking, bool(alias))
        else:
            yield Import(alias or name.partition(".")[0], name, "", 0, one.line, function, type_checking, bool(alias))


def _placed(code: bytes, found: list[_Statement]) -> Iterator[Import]:
    """The facts of imports of which some stand in blocks: in which function, and whether only type checkers see them."""
    code = code[: found[-1].end]
    checked = [match.end() for match in _ONLY_TYPE_CHECKERS.finditer(code)]
    if code.count(_MARK) != len(checked) + sum(code.count(_MARK, one.start, one.end) for one in found):
        raise _Unsure
    for_type_checkers = set(_lines_of(code, checked))
    outline = _without_brackets(code)
    blocks: list[tuple[int, int, bool]] = []
    """Indent, function and whether only type checkers see it, of the blocks that are open."""
    functions = statements = line = before = tabs = spaces = 0
    for match in _OPENING.finditer(outline):
        indent, word = match.groups()
        tabs += b"\t" in indent
        spaces += b" " in indent
        depth = len(indent)
        while blocks and blocks[-1][0] >= depth:
            blocks.pop()
        function, hidden = (blocks[-1][1], blocks[-1][2]) if blocks else (0, False)
        if word in (b"import", b"from"):
            if statements >= len(found) or found[statements].indent != depth or (depth and not blocks):
                raise _Unsure
            yield from _facts(found[statements], function, hidden)
            statements += 1
            continue
        if word == b"def" or (word == b"async" and outline[match.end() : match.end() + 5].split() in ([b"def"], [b"def", b""])):
            functions += 1
            function = functions
        elif checked and word in (b"if", b"elif"):
            line += outline.count(b"\n", before, match.start())
            before = match.start()
            hidden = hidden or line in for_type_checkers
        blocks.append((depth, function, hidden))
    if (tabs and spaces) or statements != len(found) or functions != len(_DEFINITION.findall(outline)):
        raise _Unsure


def _lines_of(code: bytes, places: list[int]) -> Iterator[int]:
    line = before = 0
    for place in places:
        line += code.count(b"\n", before, place)
        before = place
        yield line


def _without_brackets(code: bytes) -> bytes:
    """The code without what stands in brackets, each line where it was: what is left at the starts of lines starts statements."""
    count = 1
    for _ in range(_MOST_NESTED):
        if not count:
            code, count = _BRACKET.subn(_lines_only, code)
            if not count:
                break
        code, count = _FLAT_BRACKET.subn(b"", code)
    if _ANY_BRACKET.search(code):
        raise _Unsure
    return code


def _lines_only(match: re.Match[bytes]) -> bytes:
    return b"\n" * match[0].count(b"\n") + _TEXT
