"""JSON reports: coverage.py, Istanbul (nyc, c8, Jest, Vitest) and ``llvm-cov export``. msgspec decodes them into declared shapes: nothing odd gets far."""

from __future__ import annotations

import msgspec

from backend_lint.facts.coverage import CoverageReport, FileCoverage
from backend_lint.readers.coverage.records import Records, UnreadableError, hit_count, line_number

_MAX_BYTES = 32_000_000
"""Decoded, a report takes ten times the memory."""


class _PythonFile(msgspec.Struct):
    executed_lines: list[int]
    missing_lines: list[int]
    executed_branches: list[tuple[int, int]] = []
    missing_branches: list[tuple[int, int]] = []


class _PythonMeta(msgspec.Struct):
    branch_coverage: bool = False


class _Python(msgspec.Struct):
    meta: _PythonMeta
    files: dict[str, _PythonFile]


class _Place(msgspec.Struct, gc=False):
    line: int | None = None


class _Span(msgspec.Struct, gc=False):
    start: _Place


class _Branch(msgspec.Struct, gc=False):
    line: int | None = None
    loc: _Span | None = None


class _IstanbulFile(msgspec.Struct, gc=False):
    statement_map: dict[str, _Span] = msgspec.field(name="statementMap")
    s: dict[str, int]
    path: str = ""
    branch_map: dict[str, _Branch] | None = msgspec.field(name="branchMap", default=None)
    b: dict[str, list[int]] | None = None


_Segment = tuple[int | bool, ...]
"""Line, column, count, has a count, is the entry of a region, is a gap (absent before LLVM 8)."""


class _LlvmFile(msgspec.Struct):
    filename: str
    segments: list[_Segment] = []
    branches: list[tuple[int, ...]] = []


class _LlvmUnit(msgspec.Struct):
    files: list[_LlvmFile] = []


class _Llvm(msgspec.Struct):
    data: list[_LlvmUnit]


class _Shape(msgspec.Struct):
    """Which of the formats it is."""

    meta: msgspec.Raw = msgspec.Raw()
    files: msgspec.Raw = msgspec.Raw()
    type: str = ""


def read_json(data: bytes) -> CoverageReport:
    """Raises UnreadableError or ValueError; a value of the wrong shape is named with its place."""
    if len(data) > _MAX_BYTES:
        raise UnreadableError(f"is larger than {_MAX_BYTES:,} bytes; XML and LCOV may be larger")
    try:
        try:
            shape = msgspec.json.decode(data, type=_Shape)
        except msgspec.ValidationError:
            shape = _Shape()
        if shape.type == "llvm.coverage.json.export":
            return _llvm(msgspec.json.decode(data, type=_Llvm))
        if bytes(shape.meta) and bytes(shape.files):
            return _python(msgspec.json.decode(data, type=_Python))
        return _istanbul(msgspec.json.decode(data, type=dict[str, _IstanbulFile]))
    except msgspec.DecodeError as error:
        raise UnreadableError(f"is no whole JSON report of coverage.py, Istanbul or llvm-cov: {error}") from None


def _python(report: _Python) -> CoverageReport:
    records = Records()
    for path, file in report.files.items():
        records.count(len(file.executed_lines) + len(file.missing_lines) + len(file.executed_branches) + len(file.missing_branches))
        lines = {line_number(line): 1 for line in file.executed_lines}
        lines.update((line_number(line), 0) for line in file.missing_lines)
        ways: dict[int, tuple[int, int]] = {}
        untaken: dict[int, list[str]] = {}
        missing = set(file.missing_branches)
        for start, end in {*file.executed_branches, *missing}:
            number = line_number(start)
            taken, whole = ways.get(number, (0, 0))
            ways[number] = (taken + ((start, end) not in missing), whole + 1)
        for start, end in sorted(missing):
            untaken.setdefault(start, []).append("exit" if end < 0 else str(end))
        records.add(FileCoverage(path.replace("\\", "/"), lines, ways, {line: tuple(names) for line, names in untaken.items()}))
    return CoverageReport("coverage.py JSON", tuple(records.files.values()), report.meta.branch_coverage, True, doubtful=tuple(records.doubtful))


def _report(name: str, records: Records) -> CoverageReport:
    files = tuple(records.files.values())
    return CoverageReport(name, files, any(file.branches for file in files), doubtful=tuple(records.doubtful))


def _istanbul(report: dict[str, _IstanbulFile]) -> CoverageReport:
    """A line runs as often as the statement on it that ran most, as Istanbul counts lines."""
    records = Records()
    for key, file in report.items():
        branches = file.b or {}
        records.count(len(file.s) + sum(map(len, branches.values())))
        lines: dict[int, int] = {}
        for name, span in file.statement_map.items():
            if span.start.line is not None and name in file.s:
                number = line_number(span.start.line)
                lines[number] = max(hit_count(file.s[name]), lines.get(number, 0))
        ways: dict[int, tuple[int, int]] = {}
        for name, branch in (file.branch_map or {}).items():
            line = branch.loc.start.line if branch.loc is not None and branch.loc.start.line is not None else branch.line
            counts = branches.get(name, [])
            if line is not None and counts:
                taken, whole = ways.get(line_number(line), (0, 0))
                ways[line] = (taken + sum(1 for count in counts if count > 0), whole + len(counts))
        records.add(FileCoverage((file.path or key).replace("\\", "/"), lines, ways))
    return _report("Istanbul JSON", records)


def _llvm(report: _Llvm) -> CoverageReport:
    records = Records()
    for unit in report.data:
        for file in unit.files:
            records.count(len(file.segments) + len(file.branches))
            ways: dict[int, tuple[int, int]] = {}
            for line, _, _, _, true, false, *_ in file.branches:
                taken, whole = ways.get(line_number(line), (0, 0))
                ways[line] = (taken + (true > 0) + (false > 0), whole + 2)
            records.add(FileCoverage(file.filename, _lines_of_segments(file.segments, records), ways))
    return _report("llvm-cov JSON", records)


def _lines_of_segments(segments: list[_Segment], records: Records) -> dict[int, int]:
    """Lines with their counts, as LLVM's LineCoverageStats makes them of segments."""
    lines: dict[int, int] = {}
    wrapped: _Segment | None = None
    at = 0
    while at < len(segments):
        number = line_number(segments[at][0])
        here = []
        while at < len(segments) and segments[at][0] == number:
            here.append(segments[at])
            at += 1
        if at < len(segments) and segments[at][0] < number:
            raise ValueError(f"segments of line {segments[at][0]} stand behind those of line {number}")
        starts = [one for one in here if one[3] and one[4] and not (len(one) > 5 and one[5])]
        skipped = not here[0][3] and here[0][4]
        if not skipped and ((wrapped is not None and wrapped[3]) or starts):
            lines[number] = hit_count(max([wrapped[2] if wrapped is not None else 0, *(one[2] for one in starts)]))
        wrapped = here[-1]
        following = segments[at][0] if at < len(segments) else number
        if wrapped[3]:
            records.count(max(0, following - number - 1))
            lines.update((between, hit_count(wrapped[2])) for between in range(number + 1, following))
    return lines
