"""Collects the records of one report: bounded, and so that a record that comes twice never raises coverage."""

from __future__ import annotations

import re

from backend_lint.facts.coverage import FileCoverage

MAX_LINE = 5_000_000
MAX_RECORDS = 2_000_000
MAX_FILES = 200_000
MAX_DOUBTS = 50
MAX_PATH = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UnreadableError(Exception):
    """A report cannot be used; the text says why."""


class UnknownFormatError(UnreadableError):
    """It is no coverage report, or one of a tool that nobody has met."""


class Records:
    """Files of a report while it is read."""

    def __init__(self) -> None:
        self.files: dict[str, FileCoverage] = {}
        self.doubtful: list[str] = []
        self._records = 0

    def count(self, more: int = 1) -> None:
        """Raises UnreadableError when there are more records than any project has."""
        self._records += more
        if self._records > MAX_RECORDS:
            raise UnreadableError(f"has more than {MAX_RECORDS:,} records")

    def doubt(self, text: str) -> None:
        if len(self.doubtful) < MAX_DOUBTS:
            self.doubtful.append(text[:300])

    def add(self, file: FileCoverage, part: bool = False) -> None:
        """One record of a file. `part`: the format has several of one file (a class each), so that a second one may hold lines of its own."""
        if not file.path or len(file.path) > MAX_PATH or _CONTROL.search(file.path):
            self.doubt(f"{file.path[:200]!r} is no name of a file")
            return
        known = self.files.get(file.path)
        if known is None:
            if len(self.files) >= MAX_FILES:
                raise UnreadableError(f"names more than {MAX_FILES:,} files")
            self.files[file.path] = file
            return
        if not part:
            self.doubt(f"{file.path} is there twice: what both records call executed counts")
        self.files[file.path] = _least(known, file, part)


def _least(one: FileCoverage, other: FileCoverage, part: bool) -> FileCoverage:
    """What both records say was executed; a line that only one of them has counts if it was not executed, or if `part`."""
    lines: dict[int, int] = {}
    for number in one.lines.keys() | other.lines.keys():
        hits = min(one.lines.get(number, other.lines.get(number, 0)), other.lines.get(number, one.lines.get(number, 0)))
        if part or hits == 0 or (number in one.lines and number in other.lines):
            lines[number] = hits
    branches: dict[int, tuple[int, int]] = {}
    for number in one.branches.keys() | other.branches.keys():
        both = [given[number] for given in (one.branches, other.branches) if number in given]
        ways = max(way for _, way in both)
        missed = max(way - taken for taken, way in both)
        if part or len(both) == 2 or missed:
            branches[number] = (ways - missed if part or len(both) == 2 else 0, ways)
    return FileCoverage(one.path, lines, branches, {**one.untaken, **other.untaken})


def line_number(value: int) -> int:
    """A line number that a file can have. Raises ValueError."""
    if not 0 < value <= MAX_LINE:
        raise ValueError(f"line {value} is out of range")
    return value


def hit_count(value: int) -> int:
    """A count of executions. Negative ones, as broken counters write them, are none."""
    return max(0, min(value, 1 << 62))
