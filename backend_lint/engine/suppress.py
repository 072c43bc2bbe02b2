"""Inline suppressions: ``# backend-lint: ignore[rule-a, rule-b] reason`` and ``# backend-lint: ignore-file[rule] reason``.

The comment stands at the end of a line, or alone on the line above. In Python a comment on the first or the last line of a statement that spans
several lines, or alone above it, silences the whole statement (of a compound statement, its head with its decorators).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

from backend_lint.facts.file import Kind
from backend_lint.facts.reading import Suppression
from backend_lint.lazy_regex import lazy_regex
from backend_lint.source import comments, split_lines

_DIRECTIVE = lazy_regex(r"(?:#|--|//|;)\s*backend-lint:\s*(?P<verb>[a-z]+(?:-[a-z]+)*)(?P<list>\s*\[(?P<rules>[^\]\r\n]*)\]?)?(?P<reason>[^\r\n]*)")
_LED = lazy_regex(r"^\s*(?:--|[:—–-])?\s*")
_SQL = lazy_regex(r"--[^\r\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", re.DOTALL)
_SIGN = lazy_regex(r"(?<!\S)(?:#|//|;|--)[ \t]{0,20}backend-lint:[^\r\n]*")
# An unterminated string runs to the end of its line or of the text, so that no place is looked at twice.
_PIECE = lazy_regex(
    r"#[^\r\n]*"
    r"|\"{3}(?:[^\\\"]|\\(?:.|\Z)|\"(?!\"\"))*(?:\"{3}|\Z)"
    r"|'{3}(?:[^\\']|\\(?:.|\Z)|'(?!''))*(?:'{3}|\Z)"
    r"|\"(?:[^\\\"\r\n]|\\(?:\r\n|.|\Z))*\"?"
    r"|'(?:[^\\'\r\n]|\\(?:\r\n|.|\Z))*'?"
    r"|\\(?:\r\n|\r|\n)|\r\n|\r|\n|[()\[\]{}]",
    re.DOTALL,
)
_MOST = 1000
"""Comments of one file that count; a file with more of them wants `ignore-file`."""
_DECORATORS = 50
_VERBS = {"ignore": False, "ignore-file": True}


PLACEHOLDER = "say why"
"""What an editor writes where the reason belongs; it is none."""


def statement_of(text: str, line: int, kind: Kind) -> int:
    """The first line of the statement that a line belongs to: above it a comment speaks for that line.

    >>> statement_of("pay(\\n    order,\\n)\\n", 2, Kind.PYTHON)
    1
    """
    spans = _Spans(_statements(text) if kind is Kind.PYTHON else [])
    return spans.containing(line)[0]


def read_suppressions(text: str, kind: Kind) -> tuple[Suppression, ...]:
    """The suppressions of a file, in order. One that cannot be understood (no rule named, an unknown verb) stands there with empty `rules`."""
    found = list(islice(_directives(text, kind), _MOST))
    if not found:
        return ()
    lines = split_lines(text)
    below = _next_code(lines)
    spans = _Spans(_statements(text) if kind is Kind.PYTHON else [])
    result = []
    for line, column, comment in found:
        match = _DIRECTIVE.search(comment)
        if match is None or (match["verb"] not in _VERBS and match["list"] is None):
            continue
        whole = _VERBS.get(match["verb"])
        names = () if whole is None else tuple(name for name in re.split(r"[\s,]+", match["rules"] or "") if name)
        reason = _LED.sub("", match["reason"]).strip()
        reason = "" if reason == PLACEHOLDER else reason
        at = column + match.start()
        if whole:
            result.append(Suppression(line, at, 0, names, reason))
            continue
        alone = not lines[line - 1][: column - 1].strip()
        start, end = spans.below(below[line]) if alone else spans.around(line)
        if alone and kind is Kind.PYTHON:
            end = _undecorated(lines, below, spans, start, end)
        result.append(Suppression(line, at, start, names, reason, end))
    return tuple(result)


def _directives(text: str, kind: Kind) -> Iterator[tuple[int, int, str]]:
    if kind is Kind.PYTHON:
        yield from (found for found in comments(text) if "backend-lint:" in found[2])
        return
    counted, line = 0, 1
    pattern = _SQL if kind is Kind.SQL else _SIGN
    for match in pattern.finditer(text):
        comment = match.group()
        if "backend-lint:" in comment and comment[0] in "-#/;":
            line += len(split_lines(text[counted : match.start()])) - 1
            counted = match.start()
            start = max(text.rfind("\n", 0, counted), text.rfind("\r", 0, counted)) + 1
            yield line, counted - start + 1, comment


def _next_code(lines: list[str]) -> list[int]:
    """For each line (from 1; place 0 is unused) the first line below it that is no comment, so that several suppressions can stand above one statement."""
    following = [0] * (len(lines) + 1)
    code = len(lines) + 1
    for line in range(len(lines), 0, -1):
        following[line] = code
        if not lines[line - 1].lstrip().startswith(("#", "--", "//", ";")):
            code = line
    return following


def _undecorated(lines: list[str], below: list[int], spans: _Spans, start: int, end: int) -> int:
    """The last line of the head that decorators at `start` belong to: a comment above them speaks for the function or class."""
    for _ in range(_DECORATORS):
        if start > len(lines) or not lines[start - 1].lstrip().startswith("@"):
            break
        start, end = spans.below(below[min(end, len(lines))])
    return end


def _statements(text: str) -> list[tuple[int, int]]:
    """(first, last) line of each statement, or head of one, that spans several lines. Strings are skipped, so that a bracket in one does not count."""
    found: list[tuple[int, int]] = []
    line = first = 1
    depth = 0
    for match in _PIECE.finditer(text):
        piece = match.group()
        sign = piece[0]
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth = max(0, depth - 1)
        elif sign in "\r\n":
            if not depth and line > first:
                found.append((first, line))
            line += 1
            if not depth:
                first = line
        elif sign != "#":
            line += len(split_lines(piece)) - 1
    if line > first:
        found.append((first, line))
    return found


class _Spans:
    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self.spans = spans
        self.firsts = [first for first, _ in spans]

    def containing(self, line: int) -> tuple[int, int]:
        index = bisect_right(self.firsts, line) - 1
        if index >= 0 and self.spans[index][1] >= line:
            return self.spans[index]
        return line, line

    def around(self, line: int) -> tuple[int, int]:
        """What a comment at the end of `line` speaks for: the statement if it is its first or last line, else that line."""
        span = self.containing(line)
        return span if line in span else (line, line)

    def below(self, line: int) -> tuple[int, int]:
        """What a comment alone above `line` speaks for: the statement that begins there, else that line."""
        span = self.containing(line)
        return span if line == span[0] else (line, line)
