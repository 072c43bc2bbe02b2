"""One pass over the tags of a template. Names are followed through ``for``, ``with``, ``set`` and ``include``; filters, calls and macros are not."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator

import msgspec

from backend_lint.facts.template import Template, TemplateInclude, TemplateLoop, TemplateRead
from backend_lint.lazy_regex import lazy_regex

_CLOSING = {"{%": "%}", "{{": "}}", "{#": "#}"}
_VERBATIM = frozenset({"comment", "verbatim", "raw"})
_STRING = lazy_regex(r"\"[^\"]*\"|'[^']*'")
_PATH = lazy_regex(r"(?<![\w.\"'%])[A-Za-z_]\w*(?:\.\w+)*")
_WORDS = frozenset(
    "and or not in is if else elif for with as only reversed by include extends block endblock load url trans blocktrans translate blocktranslate true false"
    " none True False None csrf_token static without context ignore missing set recursive".split()
)
_QUOTED = lazy_regex(r"[\"']([^\"']+)[\"']")
_BOUND = lazy_regex(r"(?<!\w)(\w+)\s*=")
_GIVEN = lazy_regex(r"(?<!\w)(\w+)\s*=\s*([A-Za-z_]\w*(?:\.\w+)*)(?![\w(\[|.])")
_WITH_AS = lazy_regex(r"with\s+([A-Za-z_]\w*(?:\.\w+)*)\s+as\s+(\w+)\s*$")
_DOTTED = lazy_regex(r"[A-Za-z_]\w*(?:\.\w+)*(?:\(\))?")
_FILTER = lazy_regex(r"(?:\(\))?\s*\|\s*(\w+)")
_OF_LISTS = frozenset(
    "slice length length_is count first last dictsort dictsortreversed join random yesno default default_if_none list sort unique map select selectattr "
    "reject rejectattr groupby batch reverse sum tojson".split()
)
"""Filters of Django and Jinja that take the objects of a list as they are."""
_ONE = lazy_regex(r"\b(?:id|pk|code|slug|uuid) ?==|== ?[\w.]*\b(?:id|pk|code|slug|uuid)\b")
"""A test for one certain item."""
_RARE = 2
_MOST_DEPTH = 60
_MOST_NAMES = 60
_MOST_LETTERS = 200
_NEAR = 8
"""How far from a path its sign may stand."""
_MOST = 4000
"""Tags and reads; a longer template is read to there."""


class _Scope(msgspec.Struct):
    """An open tag: what it binds, the names that stood for something before, and what it is."""

    tag: str
    loop: int
    depth: int
    hidden: dict[str, str | None]


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.loops: list[TemplateLoop] = []
        self.reads: list[TemplateRead] = []
        self.includes: list[TemplateInclude] = []
        self.extends = ""
        self.names: dict[str, str] = {}
        self.open: list[_Scope] = []
        self.loop = -1
        self.depth = 0

    def place(self, offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    # -- tags --------------------------------------------------------------------------------------

    def run(self) -> Template:
        for offset, kind, inner in _tags(self.text):
            if kind == "{{":
                self.read_all(inner, offset)
                continue
            word = inner.split(None, 1)[0] if inner.strip() else ""
            if word.startswith("end"):
                self.close(word[3:])
            elif word == "for":
                self.for_(inner.strip(), offset)
            elif word in ("if", "ifchanged", "ifequal", "ifnotequal"):
                self.read_all(inner, offset)
                self.enter(word, conditional=self.asks_about_item(inner))
            elif word in ("cache", "macro"):
                self.enter(word, conditional=_RARE)
            elif word == "with":
                self.read_all(inner, offset)
                self.with_(inner.strip())
            elif word == "include":
                self.include(inner, offset)
            elif word == "extends":
                self.extends = found.group(1) if (found := _QUOTED.search(inner)) else ""
            elif word == "set":
                self.read_all(inner.partition("=")[2], offset)
                if (given := _GIVEN.search(inner)) is not None and given.end() == len(inner.rstrip("- ")):
                    self.names[given.group(1)] = self.resolved(given.group(2))
            else:
                self.read_all(inner, offset)
        return Template(tuple(self.loops), tuple(self.reads), tuple(self.includes), self.extends)

    def enter(self, tag: str, conditional: int = 0, names: dict[str, str] | None = None) -> None:
        hidden = {name: self.names.get(name) for name in names or {}}
        self.names.update(names or {})
        if len(self.open) < _MOST_DEPTH:
            self.open.append(_Scope(tag, self.loop, self.depth, hidden))
        self.depth += conditional

    def close(self, tag: str) -> None:
        if not any(scope.tag == tag for scope in self.open[-3:]):
            return  # ``endblock`` and what was not opened
        while self.open:
            scope = self.open.pop()
            self.loop, self.depth = scope.loop, scope.depth
            for name, before in scope.hidden.items():
                if before is None:
                    self.names.pop(name, None)
                else:
                    self.names[name] = before
            if scope.tag == tag:
                return

    def for_(self, inner: str, offset: int) -> None:
        words = inner.rstrip("-+").split()
        middle = words.index("in") if "in" in words else len(words)
        targets = [name for name in "".join(words[1:middle]).split(",") if name]
        behind = words[middle + 1 :]
        end = next((number for number, word in enumerate(behind) if word in ("reversed", "if", "recursive")), len(behind))
        items = " ".join(behind[:end])
        self.read_all(items, offset)
        number = len(self.loops)
        self.loops.append(TemplateLoop(self.place(offset)[0], self.resolved(items.removesuffix("()")) if _DOTTED.fullmatch(items) else "", self.loop))
        self.enter("for", names={targets[0]: f"%{number}"} if len(targets) == 1 else dict.fromkeys(targets, "?"))
        self.loop, self.depth = number, 0

    def with_(self, inner: str) -> None:
        if (match := _WITH_AS.match(inner)) is not None:
            names = {match.group(2): self.resolved(match.group(1))}
        else:
            names = {name: self.resolved(path) for name, path in _GIVEN.findall(inner)}
            names |= {name: "?" for name in _BOUND.findall(inner) if name not in names}
        self.enter("with", names=names)

    def include(self, inner: str, offset: int) -> None:
        found = _QUOTED.search(inner)
        self.read_all(inner[found.end() :] if found else inner, offset)
        if found is not None:
            given = [(name, self.resolved(path)) for name, path in _GIVEN.findall(inner[found.end() :])]
            known = {name for name, _ in given}
            passed = [(name, path) for name, path in list(self.names.items())[:_MOST_NAMES] if name not in known]
            only = inner.rstrip().endswith((" only", "without context"))
            names = given if only else [*given, *passed]
            self.includes.append(TemplateInclude(self.place(offset)[0], found.group(1), self.loop, self.depth > 1, tuple(names), only))

    # -- paths -------------------------------------------------------------------------------------

    def resolved(self, path: str) -> str:
        """The path with its first name as what that stands for; ``?`` if that is not known."""
        root, dot, rest = path.partition(".")
        known = self.names.get(root, root)
        return "?" if known == "?" or len(known) + len(rest) > _MOST_LETTERS else f"{known}{dot}{rest}"

    def asks_about_item(self, inner: str) -> int:
        """1 for a test that each item answers for itself, more for one that few items pass; what the whole page decides is the same for all."""
        text = _STRING.sub("", inner)
        roots = {match.group().partition(".")[0] for match in _PATH.finditer(text)}
        if not roots.isdisjoint(("forloop", "loop")):
            return _RARE
        about = any(self.names.get(root, root)[0] in "%?" for root in roots)
        return (_RARE if _ONE.search(text) else 1) if about else 0

    def read_all(self, inner: str, offset: int) -> None:
        text = _STRING.sub(lambda match: " " * len(match.group()), inner)
        for match in _PATH.finditer(text):
            path = match.group()
            before = text[max(match.start() - _NEAR, 0) : match.start()].rstrip()[-1:]
            after = text[match.end() : match.end() + _NEAR].lstrip()[:2]
            if path.endswith(".all") and (filtered := _FILTER.match(text, match.end())) is not None and filtered.group(1) not in _OF_LISTS:
                continue  # a filter of the project's own may ask anew, whatever was loaded
            if path in _WORDS or before == "|" or (after[:1] == "=" and after != "==") or path.startswith(("forloop", "loop.")):
                continue
            if "." in path and len(self.reads) < _MOST and (full := self.resolved(path)) != "?":
                self.reads.append(TemplateRead(*self.place(offset + match.start()), full, self.loop, self.depth > 1))


def _tags(text: str) -> Iterator[tuple[int, str, str]]:
    """The tags and expressions in order: where the inside begins, kind, inside."""
    position = count = 0
    skipped = ""
    while count < _MOST and (start := text.find("{", position)) >= 0:
        kind = text[start : start + 2]
        closing = _CLOSING.get(kind)
        end = text.find(closing, start + 2) if closing is not None else start
        if closing is None:
            position = start + 1
            continue
        if end < 0:
            return
        position = end + 2
        inner = text[start + 2 : end].strip("-+")
        word = inner.split(None, 1)[0] if kind == "{%" and inner.strip() else ""
        if skipped:
            skipped = "" if word == "end" + skipped else skipped
        elif word in _VERBATIM:
            skipped = word
        elif kind != "{#":
            count += 1
            yield start + 2 + (text[start + 2 : start + 3] in ("-", "+")), kind, inner


def read_template(text: str) -> Template:
    """What one template reads. Linear in its length."""
    return _Scan(text).run()
