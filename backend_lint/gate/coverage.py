"""Conditions over coverage: total, each file, folders, layers, branches and the change. Unrounded; what cannot be measured says why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backend_lint.engine.result import Condition
from backend_lint.facts.coverage import FileCoverage, Measured, per_cent
from backend_lint.project.covered import branches_of, spans, sum_of, untaken
from backend_lint.report.wording import number, plural

_MOST = 200
"""Details of one condition."""


def conditions(asked: Mapping[str, Any], coverage: Measured | None) -> Iterator[Condition]:
    """One for each floor of the table ``gate.coverage``."""
    known = coverage or Measured(problem="nobody looked for coverage reports")
    for key in ("total", "file", "diff", "branch"):
        if key in asked:
            yield _MEASURES[key](known, asked) if known.files else Condition(f"coverage.{key}", None, asked[key], "not-measured", known.problem)
    for folder, floor in asked.get("folders", {}).items():
        plain = folder.strip("/")
        files = [file for path, file in known.files.items() if plain in ("", ".") or path.startswith(f"{plain}/")]
        yield _part(known, f"coverage.folders.{folder}", floor, files, f"no report has a file below {plain}/")
    for layer, floor in asked.get("layers", {}).items():
        files = [file for path, file in known.files.items() if known.layers.get(path) == layer]
        names = ", ".join(sorted(set(known.layers.values())))
        there = f"those with files are {names}" if names else "none is declared in [layers], and none shows in the folders"
        yield _part(known, f"coverage.layers.{layer}", floor, files, f"no report has a file of a layer {layer}: {there}")


def _condition(name: str, measured: float, required: float, reason: str, details: Iterable[str]) -> Condition:
    status = "passed" if measured >= required else "failed"
    return Condition(name, measured, required, status, reason, tuple(details)[:_MOST] if status == "failed" else ())


def _total(known: Measured, asked: Mapping[str, Any]) -> Condition:
    covered, whole = sum_of(known, known.files.values())
    if not whole:
        return Condition("coverage.total", None, asked["total"], "not-measured", f"{', '.join(known.reports)} holds no line of code that can run")
    what = "lines and branches" if known.combined else "lines"
    reason = f"{covered} of {whole} {what}, {', '.join(known.reports)}"
    if known.never_imported:
        reason += f"; {plural(len(known.never_imported), 'file')} that no report mentions count as 0"
    if known.unmapped:
        reason += f"; {len(known.unmapped)} paths are no file of this project and do not count"
    worst = sorted(known.files.values(), key=lambda file: (_missing(known, file), file.path), reverse=True)
    details = [_of_file(known, file) for file in worst[:20] if _missing(known, file)]
    details += [f"does not count: {text}" for text in (*known.unmapped, *known.doubtful)][:20]
    return _condition("coverage.total", per_cent(covered, whole), asked["total"], reason, details)


def _file(known: Measured, asked: Mapping[str, Any]) -> Condition:
    rated = [(per_cent(*known.units(file)), known.file_floors.get(path, asked["file"]), file) for path, file in known.files.items()]
    below = sorted(((percent, file.path, floor, file) for percent, floor, file in rated if percent < floor), key=lambda one: one[:2])
    lowest = below[0] if below else None
    if lowest is None:
        percent, _, _ = min(rated, key=lambda one: (one[0], one[2].path))
        # a file with a lower floor of its own may be below the floor of the others, and passes
        return Condition("coverage.file", percent, asked["file"], "passed", f"the lowest of {len(rated)} files; each reaches its floor")
    details = [_of_file(known, file) + (f", its floor is {number(floor)}" if floor != asked["file"] else "") for _, _, floor, file in below]
    reason = f"{len(below)} of {plural(len(rated), 'file')} below the floor; the lowest is {lowest[1]}"
    return Condition("coverage.file", lowest[0], asked["file"], "failed", reason, tuple(details[:_MOST]))


def _diff(known: Measured, asked: Mapping[str, Any]) -> Condition:
    name, required = "coverage.diff", asked["diff"]
    if known.changed is None:
        return Condition(name, None, required, "not-measured", known.change_problem or "name what the change is compared with: --diff-base origin/main")
    covered = whole = 0
    details = []
    for path, file in known.files.items():
        lines = known.changed_lines(path)
        missed = [line for line in lines if not file.lines[line]]
        whole += len(lines)
        covered += len(lines) - len(missed)
        if missed:
            details.append(f"{path}: {spans(missed)} not executed" + (" (no report mentions the file)" if path in known.never_imported else ""))
        ways = [f"{path}:{line}: {untaken(file, line)}" for line in lines if file.lines[line] and line in file.branches and untaken(file, line)]
        details += ways
    if not whole:
        return Condition(name, 100.0, required, "passed", "the change has no line that can run")
    return _condition(name, per_cent(covered, whole), required, f"{covered} of {whole} changed lines", details)


def _branch(known: Measured, asked: Mapping[str, Any]) -> Condition:
    if not known.branches:
        reason = f"{', '.join(known.reports)} has no branches: measure them, with coverage.py by `branch = true` below [run]"
        return Condition("coverage.branch", None, asked["branch"], "not-measured", reason)
    taken, whole = branches_of(known)
    worst = sorted(known.files.values(), key=lambda file: (file.branches_taken - file.branches_all, file.path))
    details = [f"{file.path}: {file.branches_taken} of {file.branches_all} branches" for file in worst if file.branches_taken < file.branches_all]
    return _condition("coverage.branch", per_cent(taken, whole), asked["branch"], f"{taken} of {whole} branches", details)


_MEASURES = {"total": _total, "file": _file, "diff": _diff, "branch": _branch}


def _part(known: Measured, name: str, floor: float, files: Sequence[FileCoverage], absent: str) -> Condition:
    """One for some of the files together."""
    covered, whole = sum_of(known, files)
    if not whole:
        return Condition(name, None, floor, "not-measured", known.problem or absent)
    worst = sorted(files, key=lambda file: (-_missing(known, file), file.path))
    return _condition(name, per_cent(covered, whole), floor, f"{covered} of {whole}", [_of_file(known, file) for file in worst if _missing(known, file)])


def _missing(known: Measured, file: FileCoverage) -> int:
    covered, whole = known.units(file)
    return whole - covered


def _of_file(known: Measured, file: FileCoverage) -> str:
    covered, whole = known.units(file)
    never = ", no report mentions it" if file.path in known.never_imported else ""
    return f"{file.path}: {number(per_cent(covered, whole))} ({covered} of {whole}{never})"
