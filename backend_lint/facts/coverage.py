"""What tests executed: one report as its tool wrote it, and what all reports say of the files of the project together."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backend_lint.facts.coverage_config import CoverageConfig

Ranges = tuple[tuple[int, int], ...]


class FileCoverage(msgspec.Struct, frozen=True):
    """One file of a report. `path` as the report writes it, later relative to the project root.

    `lines`: executable line -> how often it ran. `branches`: line -> (taken, all) ways out of it. `untaken`: line -> where the ways lead that were not
    taken, as the tool says it. `blocks`: of tools that count statements and not lines (Go), block -> (statements, how often it ran).
    """

    path: str
    lines: Mapping[int, int]
    branches: Mapping[int, tuple[int, int]] = {}
    untaken: Mapping[int, tuple[str, ...]] = {}
    blocks: Mapping[str, tuple[int, int]] = {}

    @property
    def covered(self) -> int:
        return sum(1 for hits in self.lines.values() if hits > 0)

    @property
    def branches_taken(self) -> int:
        return sum(taken for taken, _ in self.branches.values())

    @property
    def branches_all(self) -> int:
        return sum(ways for _, ways in self.branches.values())


class Executed(msgspec.Struct, frozen=True):
    """What coverage.py's data file knows of one file: lines that ran, and with `arcs` the jumps between them. Statements are not in it."""

    path: str
    lines: tuple[int, ...]
    arcs: tuple[tuple[int, int], ...] | None = None


class CoverageReport(msgspec.Struct, frozen=True):
    """One report. `format` names its tool. `branches`: branches were measured. `combined`: the tool counts lines and branches as one (coverage.py).

    `roots`: folders that the report says its paths are relative to. `executed`: files of a data file, which need the source to say more.
    `doubtful`: records that were refused, each with its reason.
    """

    format: str
    files: tuple[FileCoverage, ...] = ()
    branches: bool = False
    combined: bool = False
    roots: tuple[str, ...] = ()
    executed: tuple[Executed, ...] = ()
    doubtful: tuple[str, ...] = ()


class Floors(msgspec.Struct, frozen=True):
    """What coverage must reach, in per cent."""

    total: float = 85.0
    file: float = 85.0
    diff: float = 85.0
    branch: float = 85.0


class Measured(msgspec.Struct, frozen=True):
    """All reports together. `files`: by path relative to the project root. `problem`: why nothing is measured, with the way out; empty if something is.

    `never_imported`: files of `files` that no report mentions; all their lines count as not executed. `unmapped`: paths of reports that are no file here.
    `changed`: lines that are new or changed since the base, by path; None without a base, or if `change_problem` says why they are not known.
    `left_out`: files of the application that the configuration of coverage.py keeps out of its reports, each behind the key that does it: ``omit:app/a.py``.
    """

    reports: tuple[str, ...] = ()
    files: Mapping[str, FileCoverage] = {}
    problem: str = ""
    branches: bool = False
    combined: bool = False
    never_imported: frozenset[str] = frozenset()
    unmapped: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()
    changed: Mapping[str, Ranges] | None = None
    change_problem: str = ""
    left_out: tuple[str, ...] = ()
    config: CoverageConfig = CoverageConfig()
    floors: Floors = Floors()
    file_floors: Mapping[str, float] = {}
    """The floors of files that have one of their own."""
    layers: Mapping[str, str] = {}
    """Path -> the layer that the file belongs to, where the gate asks for layers."""

    def units(self, file: FileCoverage) -> tuple[int, int]:
        """What the file has covered and what it has, counted as its tool counts: lines, lines and branches, or statements."""
        if file.blocks:
            return sum(size for size, hits in file.blocks.values() if hits > 0), sum(size for size, _ in file.blocks.values())
        covered, all_lines = file.covered, len(file.lines)
        return (covered + file.branches_taken, all_lines + file.branches_all) if self.combined else (covered, all_lines)

    def changed_lines(self, path: str) -> tuple[int, ...]:
        """The executable lines of a file that are new or changed."""
        ranges = (self.changed or {}).get(path, ())
        file = self.files.get(path)
        return tuple(sorted(line for line in file.lines if any(first <= line <= last for first, last in ranges))) if file is not None and ranges else ()


def per_cent(covered: int, whole: int) -> float:
    """The share, unrounded; nothing to cover is covered."""
    return 100.0 * covered / whole if whole else 100.0
