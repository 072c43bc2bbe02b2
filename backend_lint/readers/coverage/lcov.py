"""LCOV tracefiles: ``geninfo``, ``coverage lcov``, ``llvm-cov export``, nyc, c8 and many others write them."""

from __future__ import annotations

import io

from backend_lint.facts.coverage import CoverageReport, FileCoverage
from backend_lint.readers.coverage.records import Records, UnreadableError, hit_count, line_number


class _Section:
    """What stands between ``SF`` and ``end_of_record``."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[int, int] = {}
        self.branches: dict[tuple[int, str, str], bool] = {}

    def file(self) -> FileCoverage:
        ways: dict[int, tuple[int, int]] = {}
        untaken: dict[int, list[str]] = {}
        for (line, _, name), taken in self.branches.items():
            reached, whole = ways.get(line, (0, 0))
            ways[line] = (reached + taken, whole + 1)
            if not taken:
                untaken.setdefault(line, []).append(name)
        return FileCoverage(self.path, self.lines, ways, {line: tuple(names) for line, names in untaken.items()})


def read_lcov(data: bytes) -> CoverageReport:
    """Raises UnreadableError or ValueError."""
    records = Records()
    section: _Section | None = None
    seen_branches = False
    for raw in io.BytesIO(data):
        line = raw.decode("utf-8", "surrogateescape").strip()
        key, _, value = line.partition(":")
        if key == "SF":
            if section is not None:
                records.doubt(f"the record of {section.path} has no end")
            section = _Section(value)
        elif line == "end_of_record":
            if section is not None:
                records.add(section.file())
            section = None
        elif section is None:
            if key in ("DA", "BRDA"):
                records.doubt(f"{line[:60]} belongs to no file")
        elif key == "DA":
            records.count()
            number, hits = value.split(",")[:2]
            where, times = line_number(int(number)), hit_count(int(hits))
            section.lines[where] = min(times, section.lines.get(where, times))
        elif key == "BRDA":
            records.count()
            seen_branches = True
            number, block, branch, taken = value.split(",", 3) if value.count(",") == 3 else _named(value)
            place = (line_number(int(number)), block, branch)
            section.branches[place] = taken not in ("-", "0") and section.branches.get(place, True)
    if section is not None:
        raise UnreadableError(f"is cut off: the record of {section.path} has no end")
    return CoverageReport("LCOV", tuple(records.files.values()), branches=seen_branches, doubtful=tuple(records.doubtful))


def _named(value: str) -> tuple[str, str, str, str]:
    """A branch whose name holds commas."""
    number, block, rest = value.split(",", 2)
    name, _, taken = rest.rpartition(",")
    return number, block, name, taken
