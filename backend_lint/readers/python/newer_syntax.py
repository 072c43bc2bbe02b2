"""Python newer than the interpreter, said in older words: asked only for what the interpreter's own parser refuses.

Each statement stays on its line, and nearly everything in its column, so that findings stand where the file has them. What is said anew: type
parameters and ``type`` statements (PEP 695, 696), f-strings that hold their own quotes, backslashes, comments or line ends (PEP 701), template
strings (PEP 750), several exceptions without parentheses (PEP 758) and lazy imports (PEP 810). Linear in the size of the file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from backend_lint.readers.python.newer_strings import NotUnderstoodError, formats, older_string, string_at

_TOKEN = re.compile(
    r"(?P<comment>#[^\r\n]*)"
    r"|(?P<prefix>(?i:[bu]|[rbftu]r|r[bft]|[rft])?)(?P<quote>\"\"\"|'''|\"|')"
    r"|(?P<word>[A-Za-z_0-9\x80-\xff]+)"
    r"|(?P<joined>\\\r?\n)"
    r"|(?P<end>\r\n|\r|\n)"
    r"|(?P<blank>[ \t\f]+)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<other>.)",
    re.DOTALL,
)
_NAME = r"[A-Za-z_\x80-\xff][A-Za-z_0-9\x80-\xff]*"
_TYPE = re.compile(rf"type(?P<gap>[ \t]+)(?P<name>{_NAME})(?P<rest>[ \t]*)(?=\[|=(?!=))")
_DEFINED = re.compile(rf"(?:async[ \t]+)?(?:def|class)[ \t]+{_NAME}[ \t]*(?=\[)")
_LAZY = re.compile(r"lazy(?P<gap>[ \t]+)(?P<verb>import|from)(?=[ \t])")
_EXCEPT = re.compile(rf"except(?P<gap>[ \t]+|[ \t]*\*[ \t]*)(?P<types>{_NAME}(?:\.{_NAME})*(?:[ \t]*,[ \t]*{_NAME}(?:\.{_NAME})*)+)[ \t]*:(?P<blank>[ \t]?)")
_NAMED = re.compile(r"[a-z_][a-z_0-9]*")
"""What Python 2 binds an exception to: ``except ValueError, error:`` is no pair of types."""


class OlderWords(NamedTuple):
    """A program said anew, in UTF-8. `in_place`: every name and every call is in its column still, so that edits may go by columns."""

    data: bytes
    in_place: bool


def in_older_words(data: bytes) -> OlderWords | None:
    """The same program for the running interpreter, line by line; None if nothing in it is newer, or if it cannot be told."""
    text = data.decode("latin-1")
    translation = _Translation(text)
    try:
        said = translation.said()
    except NotUnderstoodError:
        return None
    return None if said == text else OlderWords(said.encode("latin-1"), translation.in_place)


class _Translation:
    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[str] = []
        self.in_place = True

    def said(self) -> str:
        text, at, depth = self._text, 0, 0
        begins = True
        while at < len(text):
            if begins and depth == 0 and (after := self._statement(at)) is not None:
                at, begins = after, False
                continue
            match = _TOKEN.match(text, at)
            assert match is not None
            kind = match.lastgroup
            if kind == "quote":
                at = self._string(at)
            else:
                self._parts.append(match.group())
                at = match.end()
            if kind == "open":
                depth += 1
            elif kind == "close":
                depth = max(depth - 1, 0)
            begins = kind == "end" or match.group() in (":", ";") or (begins and kind in ("blank", "comment"))
        return "".join(self._parts)

    def _statement(self, at: int) -> int | None:
        """What begins a statement, said anew, and where to go on; None if it is as old as the interpreter."""
        text, say = self._text, self._parts.append
        first = text[at]
        if first == "t" and (match := _TYPE.match(text, at)):
            say(match["name"] + " " * len("type") + match["gap"] + match["rest"])
            return self._parameters(match.end()) if text[match.end()] == "[" else match.end()
        if first in "adc" and (match := _DEFINED.match(text, at)):
            say(match.group())
            return self._parameters(match.end())
        if first == "l" and (match := _LAZY.match(text, at)):
            say(match["verb"] + " " * len("lazy") + match["gap"])
            return match.end()
        if first == "e" and (match := _EXCEPT.match(text, at)):
            types = [name.strip() for name in match["types"].split(",")]
            if len(types) == 2 and _NAMED.fullmatch(types[1]):
                raise NotUnderstoodError
            gap = match["gap"]
            joined = gap.endswith("*")
            self.in_place = self.in_place and not joined and (bool(match["blank"]) or text[match.end() : match.end() + 1] in ("\r", "\n", ""))
            say(f"except{gap if joined else gap[:-1]}({match['types']}):")
            return match.end()
        return None

    def _string(self, at: int) -> int:
        string = string_at(self._text, at)
        assert string is not None
        said = older_string(string) if formats(string.prefix) else self._text[at : string.end]
        self.in_place = self.in_place and len(said) == string.end - at
        self._parts.append(said)
        return string.end

    def _parameters(self, at: int) -> int:
        """Leaves out the brackets that begin here; lines that end within them are joined."""
        end = self._bracket_end(at)
        lines = re.split(r"(\r\n|\r|\n)", self._text[at:end])
        for index, part in enumerate(lines):
            if index % 2:
                self._parts.append("\\" + part)
            elif index + 1 < len(lines):
                self._parts.append(" " * max(len(part) - 1, 0))
            else:
                self._parts.append(" " * len(part))
        return end

    def _bracket_end(self, at: int) -> int:
        text, depth = self._text, 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            assert match is not None
            at = match.end()
            if match.lastgroup == "quote":
                string = string_at(text, match.start())
                assert string is not None
                at = string.end
            elif match.lastgroup == "open":
                depth += 1
            elif match.lastgroup == "close":
                depth -= 1
                if depth == 0:
                    return at
        raise NotUnderstoodError
