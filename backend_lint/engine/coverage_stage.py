"""Joins the coverage reports of a project: found, read, mapped to its files, merged, with files that were never imported counted as not executed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from backend_lint.config import Settings
from backend_lint.engine.coverage_age import newer_source
from backend_lint.engine.coverage_config import read_config
from backend_lint.engine.coverage_paths import Files, mapped
from backend_lint.engine.coverage_scope import left_out
from backend_lint.engine.reports import PLACES, find
from backend_lint.facts.coverage import CoverageReport, Executed, FileCoverage, Floors, Measured, Ranges
from backend_lint.facts.coverage_config import CoverageConfig
from backend_lint.facts.file import Kind, Role, SourceFile, Unchecked
from backend_lint.facts.report import Report
from backend_lint.readers.coverage import UnknownFormatError, UnreadableError, read
from backend_lint.readers.coverage.records import Records
from backend_lint.readers.coverage.statements import INSTALL, Exclusions, analysed, is_installed

ReadLines = Callable[[str], list[str] | None]

REMEDY = "make a report of this very tree: coverage run -m pytest && coverage xml"
_CODE = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS})
_MAX_NAMED = 200


def measured(settings: Settings, names: Sequence[str], files: Mapping[str, SourceFile], read_lines: ReadLines, unchecked: list[Unchecked]) -> Measured:
    """What the reports at `names` say. Into `unchecked` go reports that cannot be used; where nothing is measured, `problem` says why."""
    named = tuple(settings.gate.get("coverage", {}).get("reports", ()))
    found, skipped = find(settings.root, names)
    unchecked += skipped
    if named and (absent := sorted(set(named) - {one.path for one in found} - {one.path for one in skipped})):
        return Measured(problem=f"no report at {', '.join(absent)[:200]}: {REMEDY}")
    if skipped and (named or not found):
        return Measured(problem=f"{skipped[0].path} {skipped[0].reason}: {REMEDY}")
    if not found:
        return Measured(problem=f"no coverage report was found: {REMEDY}, or name it in gate.coverage.reports")
    return _joined(settings, found, bool(named), files, read_lines, unchecked)


def _joined(
    settings: Settings, found: list[Report], named: bool, files: Mapping[str, SourceFile], read_lines: ReadLines, unchecked: list[Unchecked]
) -> Measured:
    config = read_config(settings.root)
    asked = settings.gate.get("coverage", {})
    known = Files(settings.root, (path for path, file in files.items() if file.kind is Kind.PYTHON))
    joined: dict[str, FileCoverage] = {}
    used: list[str] = []
    unmapped: list[str] = []
    doubtful: list[str] = []
    problems: list[str] = []
    reports: list[CoverageReport] = []
    languages: set[str] = set()
    for report in found if named else _newest_first(settings.root, found):
        try:
            one = read(report.data)
        except UnreadableError as error:
            # a name such as coverage.txt is anybody's
            if asked or not isinstance(error, UnknownFormatError):
                unchecked.append(Unchecked(report.path, f"coverage report {error}"))
            problems.append(f"{report.path} {error}: {REMEDY}")
            continue
        language = _language(one)
        if not named and language in languages:
            continue
        languages.add(language)
        covered, lost, doubts = _of_project(one, known, config, read_lines)
        doubtful += [f"{report.path}: {text}" for text in (*one.doubtful, *doubts)]
        unmapped += [f"{report.path}: {path[:300]}" for path in lost[:_MAX_NAMED]]
        if not covered:
            example = f" ({lost[0][:200]} for one)" if lost else ""
            problems.append(f"{report.path} names no file of this project{example}: it was made for another tree; {REMEDY}")
        elif later := newer_source(settings.root, report.path, covered):
            problems.append(f"{report.path} is older than {later}: {REMEDY}")
        else:
            used.append(report.path)
            reports.append(one)
            for path, file in covered.items():
                joined[path] = _either(joined[path], file) if path in joined else file
    if not used or (named and problems):
        return Measured(problem=problems[0], unmapped=tuple(unmapped[:_MAX_NAMED]), doubtful=tuple(doubtful[:_MAX_NAMED]))
    absent, out = _not_imported(files, joined, config) if any(path.endswith(".py") for path in joined) else ([], [])
    if absent and not is_installed():
        reason = f"it takes coverage.py, which is not installed, to count files that no report mentions, {len(absent)} here, such as {absent[0]}: {INSTALL}"
        if asked:
            return Measured(problem=reason, unmapped=tuple(unmapped[:_MAX_NAMED]), doubtful=tuple(doubtful[:_MAX_NAMED]))
        unchecked.append(Unchecked(used[0], reason))
        absent = []
    never = _counted(absent, config, any(file.branches for file in joined.values()), read_lines)
    joined.update(never)
    changed, change_problem = _changes(settings, joined, read_lines)
    return Measured(
        reports=tuple(used),
        files=dict(sorted(joined.items())),
        branches=all(report.branches for report in reports),
        combined=all(report.combined for report in reports) and any(report.branches for report in reports),
        never_imported=frozenset(never),
        unmapped=tuple(unmapped[:_MAX_NAMED]),
        doubtful=tuple(doubtful[:_MAX_NAMED]),
        changed=changed,
        change_problem=change_problem,
        left_out=tuple(out),
        config=config,
        floors=Floors(**{key: float(value) for key, value in asked.items() if key in ("total", "file", "diff", "branch")}),
        file_floors=_file_floors(settings, asked, joined),
    )


def _file_floors(settings: Settings, asked: Mapping[str, Any], paths: Iterable[str]) -> dict[str, float]:
    """The floors of files that have one of their own: of the last glob that fits, or what the ratchet says they had. Raises ConfigError."""
    floors: dict[str, float] = {}
    if globs := asked.get("files"):
        from backend_lint.engine.globs import matcher

        fitting = [(matcher([glob]), float(floor)) for glob, floor in globs.items()]
        floors = {path: [floor for matches, floor in fitting if matches(path)][-1] for path in paths if any(matches(path) for matches, _ in fitting)}
    if name := asked.get("ratchet"):
        from backend_lint.engine.coverage_ratchet import load

        general = float(asked.get("file", Floors().file))
        for path, percent in load(settings.root, name).items():
            floors[path] = min(percent, floors.get(path, general))
    return floors


def _newest_first(root: Path, found: Sequence[Report]) -> list[Report]:
    """Reports of one run lie beside each other in several formats: the newest of a language counts."""

    def written(report: Report) -> tuple[int, int]:
        try:
            return -(root / report.path).stat().st_mtime_ns, PLACES.index(report.path)
        except OSError:
            return 0, len(PLACES)

    return sorted(found, key=written)


def _language(report: CoverageReport) -> str:
    names = [file.path for file in report.files] + [file.path for file in report.executed]
    suffixes = Counter(name.rpartition(".")[2] for name in names)
    return suffixes.most_common(1)[0][0] if suffixes else ""


def _of_project(
    report: CoverageReport, known: Files, config: CoverageConfig, read_lines: ReadLines
) -> tuple[dict[str, FileCoverage], list[str], list[str]]:
    """The report's files by their path in the project, its paths that are none, and doubts."""
    both: list[FileCoverage | Executed] = [*report.files, *report.executed]
    places = mapped([file.path for file in both], report.roots, known)
    exclusions = _exclusions(config)
    records = Records()
    lost = sorted(path for path, place in places.items() if place is None)
    for file in both:
        place = places[file.path]
        if place is None:
            continue
        lines = read_lines(place) if place.endswith(".py") else None
        text = "\n".join(lines or ()) + "\n"
        found = file if isinstance(file, FileCoverage) else analysed(text, file, exclusions) if lines is not None else None
        if found is None:
            lost.append(file.path)
            continue
        last = max(found.lines, default=0)
        if lines is not None and last > len(lines) + 1:
            records.doubt(f"line {last} of {place}, which has {len(lines)}: the report is of another version, so nothing of the file counts as executed")
            found = FileCoverage(place, {line: 0 for line in found.lines if line <= len(lines)})
        records.add(FileCoverage(place, found.lines, found.branches, found.untaken, found.blocks))
    return records.files, lost, records.doubtful


def _either(one: FileCoverage, other: FileCoverage) -> FileCoverage:
    """What one of two runs executed, was executed."""
    lines = {line: max(one.lines.get(line, 0), other.lines.get(line, 0)) for line in one.lines.keys() | other.lines.keys()}
    branches = {}
    for line in one.branches.keys() | other.branches.keys():
        first, second = one.branches.get(line, (0, 0)), other.branches.get(line, (0, 0))
        ways = max(first[1], second[1])
        # which ways the two runs took is known where both name those they did not
        both = [way for way in one.untaken.get(line, ()) if way in other.untaken.get(line, ())]
        named = len(one.untaken.get(line, ())) == first[1] - first[0] and len(other.untaken.get(line, ())) == second[1] - second[0] and first[1] == second[1]
        branches[line] = (ways - len(both) if named else max(first[0], second[0]), ways)
    untaken = {line: tuple(way for way in one.untaken[line] if way in other.untaken[line]) for line in one.untaken.keys() & other.untaken.keys()}
    blocks = {**one.blocks}
    for place, (size, hits) in other.blocks.items():
        blocks[place] = (size, max(hits, blocks.get(place, (size, 0))[1]))
    return FileCoverage(one.path, lines, branches, untaken, blocks)


def _not_imported(files: Mapping[str, SourceFile], joined: Mapping[str, FileCoverage], config: CoverageConfig) -> tuple[list[str], list[str]]:
    """Python files of the application that no report has: nothing of them ran; and those that the configuration leaves out, behind the key that does it."""
    found: list[str] = []
    out: list[str] = []
    why = left_out(config)
    for path, file in files.items():
        if file.kind is not Kind.PYTHON or file.role not in _CODE or path in joined or not file.size:
            continue
        if key := why(path):
            out.append(f"{key}:{path}")
        else:
            found.append(path)
    return found, out


def _counted(paths: Iterable[str], config: CoverageConfig, with_arcs: bool, read_lines: ReadLines) -> dict[str, FileCoverage]:
    """What files hold of which nothing ran."""
    found: dict[str, FileCoverage] = {}
    for path in paths:
        lines = read_lines(path)
        nothing = Executed(path, (), () if with_arcs else None)
        if lines is not None and (counted := analysed("\n".join(lines) + "\n", nothing, _exclusions(config))) is not None and counted.lines:
            found[path] = counted
    return found


def _exclusions(config: CoverageConfig) -> Exclusions:
    return Exclusions(config.exclude, config.exclude_also, config.partial, config.partial_also)


def _changes(settings: Settings, paths: Iterable[str], read_lines: ReadLines) -> tuple[dict[str, Ranges] | None, str]:
    """The new and changed lines of files since the base; None with the reason if they are not known, or nobody asks."""
    if settings.diff_base is None and settings.diff_file is None:
        return None, ""
    if str(settings.diff_file) == "-":
        return None, "the patch on standard input was read for findings: write it to a file and name that by --diff-file"
    from backend_lint.engine.difference import changed_since

    return changed_since(settings, paths, read_lines), ""
