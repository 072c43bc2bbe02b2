"""Formatted strings as Python 3.12 lexes them, said so that an older Python takes them: with other quotes, no backslash, comment or line end in fields.

A field keeps what it computes; the text of a string inside a field may lose its escapes to spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_STRING = re.compile(r"(?P<prefix>(?i:[bu]|[rbftu]r|r[bft]|[rft])?)(?P<quote>\"\"\"|'''|\"|')")
_WORD = re.compile(r"[A-Za-z_0-9\x80-\xff]+")
_PLAIN = {
    quote: re.compile(rf"(?:[^\\{quote[0]}{end}]|\\(?:\r\n|.){more})*{quote}", re.DOTALL)
    for quote, end, more in (("'", "\\r\\n", ""), ('"', "\\r\\n", ""), ("'''", "", "|'(?!'')"), ('"""', "", '|"(?!"")'))
}
_ESCAPE = re.compile(r"\\(?:\r\n|.)", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")
_DEEPEST = 5
"""Strings within strings. Each may try four kinds of quotes, so that depth is what the cost depends on."""


class NotUnderstoodError(Exception):
    """The text is no Python, or none that can be said in older words."""


@dataclass
class Nested:
    """A string: ``text[start:end]``. `pieces` are the strings and the comments of its fields, and its own text, in their order."""

    prefix: str
    quote: str
    end: int = 0
    pieces: list[_Own | _Code | Nested] = field(default_factory=list)


@dataclass
class _Own:
    """Text of the string itself, as it stands there."""

    text: str


@dataclass
class _Code:
    """Text of a field without its strings and comments."""

    text: str


def formats(prefix: str) -> bool:
    """Whether a string with this prefix has fields."""
    return any(sign in "fFtT" for sign in prefix)


def plain_end(text: str, at: int, quote: str) -> int:
    """Where a string without fields ends that holds text from here on. Raises NotUnderstoodError if it does not."""
    match = _PLAIN[quote].match(text, at)
    if match is None:
        raise NotUnderstoodError
    return match.end()


def string_at(text: str, at: int, depth: int = 0) -> Nested | None:
    """The string that begins here, if one does. Raises NotUnderstoodError."""
    match = _STRING.match(text, at)
    if match is None:
        return None
    if depth > _DEEPEST:
        raise NotUnderstoodError
    nested = Nested(match["prefix"], match["quote"])
    if formats(nested.prefix):
        _Reader(text, nested, depth).body(match.end())
    else:
        nested.end = plain_end(text, match.end(), nested.quote)
        nested.pieces.append(_Own(text[match.end() : nested.end - len(nested.quote)]))
    return nested


class _Reader:
    """Reads the fields of one string."""

    def __init__(self, text: str, nested: Nested, depth: int) -> None:
        self._text = text
        self._nested = nested
        self._depth = depth
        self._raw = "r" in nested.prefix.lower()

    def body(self, at: int) -> None:
        at = self._own(at, within=0)
        self._nested.end = at + len(self._nested.quote)

    def _own(self, at: int, within: int) -> int:
        """Text up to the quote that ends the string, or, in a format, up to the brace that ends the field."""
        text, quote, pieces = self._text, self._nested.quote, self._nested.pieces
        begin = at
        while at < len(text):
            sign = text[at]
            if sign == "\\":
                following = text[at + 1 : at + 2]
                if following == "N" and text[at + 2 : at + 3] == "{" and not self._raw:
                    at = self._find("}", at) + 1
                else:
                    at += 1 if following in ("{", "}") else 3 if text[at + 1 : at + 3] == "\r\n" else 2
            elif text.startswith(quote, at) or (sign == "}" and within):
                pieces.append(_Own(text[begin:at]))
                return at
            elif sign == "{" and text[at + 1 : at + 2] == "{" and not within:
                at += 2
            elif sign == "{":
                if within > 2:
                    raise NotUnderstoodError
                pieces.append(_Own(text[begin:at]))
                begin = at = self._field(at, within)
            elif sign in "\r\n" and len(quote) == 1:
                raise NotUnderstoodError
            else:
                at += 1
        raise NotUnderstoodError

    def _field(self, at: int, within: int) -> int:
        """One field with its braces; where it ends."""
        text, pieces = self._text, self._nested.pieces
        begin, open_brackets = at, 0
        at += 1
        while at < len(text):
            sign = text[at]
            if sign == "#":
                pieces.append(_Code(text[begin:at]))
                match = _LINE_END.search(text, at)
                begin = at = match.start() if match else len(text)
            elif (word := _WORD.match(text, at)) and not _STRING.match(text, at):
                at = word.end()
            elif string := string_at(text, at, self._depth + 1):
                pieces += _Code(text[begin:at]), string
                begin = at = string.end
            elif sign in "([{":
                open_brackets += 1
                at += 1
            elif sign in ")]}" and open_brackets:
                open_brackets -= 1
                at += 1
            elif sign == "}":
                pieces.append(_Code(text[begin : at + 1]))
                return at + 1
            elif sign == ":" and not open_brackets:
                pieces.append(_Code(text[begin : at + 1]))
                at = self._own(at + 1, within + 1)
                if text[at] != "}":
                    raise NotUnderstoodError
                pieces.append(_Code("}"))
                return at + 1
            else:
                at += 1
        raise NotUnderstoodError

    def _find(self, sign: str, at: int) -> int:
        found = self._text.find(sign, at)
        if found < 0:
            raise NotUnderstoodError
        return found


def older_string(nested: Nested) -> str:
    """The string in older words; word for word as it stands if those are older already. Raises NotUnderstoodError."""
    prefix = nested.prefix.replace("t", "f").replace("T", "F")
    for quote in (nested.quote, nested.quote[0] * 3):
        said = _said(nested, prefix, quote, _Around(), outermost=True)
        if said is not None:
            return said
    raise NotUnderstoodError


@dataclass(frozen=True)
class _Around:
    """What the strings around forbid."""

    signs: frozenset[str] = frozenset()
    triples: frozenset[str] = frozenset()

    def forbids(self, text: str) -> bool:
        if any(sign in text for sign in self.signs) or any(triple in text for triple in self.triples):
            return True
        return bool(self.signs) and ("\n" in text or "\r" in text)

    def within(self, quote: str) -> _Around:
        return _Around(self.signs | {quote}, self.triples) if len(quote) == 1 else _Around(self.signs, self.triples | {quote})


def _said(nested: Nested, prefix: str, quote: str, around: _Around, *, outermost: bool = False) -> str | None:
    if around.forbids(quote):
        return None
    inside = around.within(quote)
    said = [prefix, quote]
    for piece in nested.pieces:
        if isinstance(piece, _Own):
            own = piece.text if outermost else _ESCAPE.sub(_blank, piece.text)
            if around.forbids(own) or (not outermost and (quote in own or own.endswith(quote[0]))):
                return None
            said.append(own)
        elif isinstance(piece, _Code):
            code = piece.text.replace("\\\r\n", " \r\n").replace("\\\n", " \n")
            if inside.forbids(code) or "\\" in code:
                return None
            said.append(code)
        else:
            inner = next(_candidates(piece, inside), None)
            if inner is None:
                return None
            said.append(inner)
    said.append(quote)
    return "".join(said)


def _candidates(nested: Nested, around: _Around) -> Iterator[str]:
    prefix = nested.prefix.replace("t", "f").replace("T", "F")
    other = "'" if nested.quote[0] == '"' else '"'
    for quote in dict.fromkeys((nested.quote, other, nested.quote[0] * 3, other * 3)):
        said = _said(nested, prefix, quote, around)
        if said is not None:
            yield said


def _blank(match: re.Match[str]) -> str:
    return match.group().replace("\\", " ") if "\n" in match.group() else " " * len(match.group())
