"""Cover profiles of ``go test -coverprofile``: a block of statements a line, ``file.go:3.10,5.2 2 1``."""

from __future__ import annotations

import io
import re

from backend_lint.facts.coverage import CoverageReport, FileCoverage
from backend_lint.readers.coverage.records import MAX_FILES, Records, UnreadableError, hit_count, line_number

_BLOCK = re.compile(r"(.+):(\d{1,9})\.(\d{1,9}),(\d{1,9})\.(\d{1,9}) (\d{1,6}) (\d{1,20})")
_MAX_SPAN = 20_000
"""Lines of one block: the compiler ends one at every branch."""


def read_go(data: bytes) -> CoverageReport:
    """Lines of a block ran as often as the block; of blocks that share a line, the one that ran least decides. Raises UnreadableError or ValueError.

    A block that comes twice was measured by the tests of several packages, as ``-coverpkg`` does it: it ran if it ran once, as for ``go tool cover``.
    """
    records = Records()
    blocks: dict[str, dict[str, tuple[int, int]]] = {}
    for index, raw in enumerate(io.BytesIO(data)):
        line = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
        if not line or line.startswith("mode: "):
            continue
        match = _BLOCK.fullmatch(line)
        if match is None:
            raise UnreadableError(f"is cut off or broken in line {index + 1}")
        records.count()
        path, first, left, last, right, size, hits = match.groups()
        if line_number(int(last)) - line_number(int(first)) > _MAX_SPAN:
            raise UnreadableError(f"has a block of {int(last) - int(first)} lines in line {index + 1}")
        known = blocks.setdefault(path, {})
        if len(blocks) > MAX_FILES:
            raise UnreadableError("names too many files")
        place = f"{first}.{left},{last}.{right}"
        statements, before = known.get(place, (int(size), 0))
        known[place] = (statements, max(before, hit_count(int(hits))))
    for path, places in blocks.items():
        records.add(_file(path, places, records))
    return CoverageReport("Go cover profile", tuple(records.files.values()), doubtful=tuple(records.doubtful))


def _file(path: str, places: dict[str, tuple[int, int]], records: Records) -> FileCoverage:
    lines: dict[int, int] = {}
    for place, (statements, hits) in places.items():
        start, _, end = place.partition(",")
        if not statements:
            continue
        first, last = int(start.split(".")[0]), int(end.split(".")[0])
        records.count(last - first + 1)
        for number in range(first, last + 1):
            lines[number] = min(hits, lines.get(number, hits))
    return FileCoverage(path, lines, blocks=places)
