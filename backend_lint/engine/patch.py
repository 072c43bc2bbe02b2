"""Reads a unified diff: which lines of which files it adds. Linear in its size; nothing in it is executed, opened or trusted."""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex

Ranges = tuple[tuple[int, int], ...]

_HUNK = lazy_regex(r"@@ -\d{1,9}(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_ANY = re.compile(rb"^(?:diff |--- |Index: )", re.MULTILINE)
_ESCAPE = lazy_regex(r'\\([0-7]{3}|[abtnvfr"\\])')
_SIGNS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


class PatchError(ValueError):
    """No unified diff. `line` is 1-based."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")


def added_lines(data: bytes) -> dict[str, Ranges]:
    """Path -> (first, last) ranges of the lines that a patch adds, in the new file; a changed file without added lines has none.

    Paths are as in the patch, the ``b/`` of git removed; removed files are left out. Raises PatchError.

    >>> added_lines(b"--- a/x.py\\n+++ b/x.py\\n@@ -1,2 +1,3 @@\\n a\\n+b\\n c\\n")
    {'x.py': ((2, 2),)}
    """
    ranges: dict[str, list[tuple[int, int]]] = {}
    path: str | None = None
    before = ""
    old = new = at = 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        line = raw.decode("utf-8", "surrogateescape")
        if old > 0 or new > 0:
            sign = line[:1]
            if sign == "+":
                if path is not None:
                    _add(ranges[path], at)
                at, new = at + 1, new - 1
            elif sign == "-":
                old -= 1
            elif sign == "\\":
                continue
            elif sign in (" ", "", "\r"):
                at, old, new = at + 1, old - 1, new - 1
            else:
                raise PatchError("the hunk above is shorter than its head says", number)
            if old < 0 or new < 0:
                raise PatchError("the hunk is longer than its head says", number)
        elif line.startswith("--- "):
            before = _path(line[4:])
        elif line.startswith("+++ "):
            path = _stripped(_path(line[4:]), before)
            if path is not None:
                ranges.setdefault(path, [])
        elif line.startswith("@@ "):
            match = _HUNK.match(line)
            if match is None:
                raise PatchError("a hunk's head such as `@@ -1,2 +1,3 @@` is expected", number)
            old, at, new = int(match[1] or 1), int(match[2]), int(match[3] or 1)
        elif line.startswith("@@@ "):
            raise PatchError("this is the combined diff of a merge; give the diff against one parent", number)
    if old > 0 or new > 0:
        raise PatchError("the patch ends inside a hunk", number)
    if not ranges and not _ANY.search(data) and data.strip():
        # an empty patch says that nothing changed; anything else would let everything pass
        raise PatchError("this is no unified diff, such as `git diff` writes", 1)
    return {name: tuple(found) for name, found in ranges.items()}


def _add(found: list[tuple[int, int]], line: int) -> None:
    if found and found[-1][1] == line - 1:
        found[-1] = (found[-1][0], line)
    else:
        found.append((line, line))


def _path(text: str) -> str:
    """A file's name behind ``---`` or ``+++``: perhaps quoted as git does, or followed by a tab and a time."""
    text = text.rstrip("\r")
    if text.startswith('"') and (end := text.rfind('"')) > 0:
        raw = bytearray()
        inner, at = text[1:end], 0
        for match in _ESCAPE.finditer(inner):
            raw += inner[at : match.start()].encode("utf-8", "surrogateescape")
            raw.append(_SIGNS[match[1]] if match[1] in _SIGNS else int(match[1], 8) & 0xFF)
            at = match.end()
        raw += inner[at:].encode("utf-8", "surrogateescape")
        return raw.decode("utf-8", "surrogateescape")
    return text.split("\t", 1)[0]


def _stripped(path: str, before: str) -> str | None:
    if path == "/dev/null":
        return None
    for old, new in (("a/", "b/"), ("i/", "w/"), ("c/", "w/"), ("c/", "i/"), ("o/", "w/")):
        if path.startswith(new) and (before == "/dev/null" or before.startswith(old)):
            return path[2:]
    return path.removeprefix("./")
