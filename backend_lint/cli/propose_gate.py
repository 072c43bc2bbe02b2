"""A gate that the project passes today, and that what is new may fail: today's findings as a baseline, today's coverage as floors and a ratchet."""

from __future__ import annotations

from typing import NamedTuple

from backend_lint.config import Settings
from backend_lint.engine.result import Result
from backend_lint.facts.coverage import Floors, Measured
from backend_lint.registry import Registry

_MEANT = {
    "total": "per cent of all lines",
    "file": "of each file; those that have less today stand in the ratchet",
    "branch": "of all branches",
    "ratchet": "what each of those files has; `backend-lint baseline coverage` raises it",
}


class Proposal(NamedTuple):
    """`tables`: a part of a configuration file; `below`: the per cents for the ratchet; `result`: what a run says today; `said`: what coverage is kept."""

    tables: str
    below: dict[str, float]
    result: Result
    said: str


def propose_gate(settings: Settings, registry: Registry, ratchet_name: str) -> Proposal:
    """Checks the project with `settings`, which hold no configuration of it. Raises ConfigError."""
    from msgspec.structs import replace

    from backend_lint.engine.run import run

    measured = run(replace(settings, select=("coverage-total-floor",), gate={"coverage": {}}), registry).coverage
    floors, below = _floors(measured)
    coverage: dict[str, float | str] = {**floors, **({"ratchet": ratchet_name} if below else {})}
    kept = ", ".join(f"{name} {value:g} %" for name, value in floors.items() if name != "file")
    result = run(replace(settings, gate={"coverage": dict(floors)} if floors else {}), registry)
    return Proposal(_tables(coverage, measured), below, result, f"; coverage of today is kept: {kept}" if kept else "")


def _tables(coverage: dict[str, float | str], measured: Measured | None) -> str:
    lines = ["", "# how many findings a run may have; `new` counts with --diff-base alone", "[gate]", "error = 0", "# warnings fail as well", "warning = 0"]
    lines += ["# new = { info = 0 }"]
    if coverage:
        lines += ["", "# what tests execute today, rounded down: raise it as they grow", "[gate.coverage]"]
        for name, value in coverage.items():
            lines += [f"# {_MEANT[name]}", f"{name} = {value:g}" if isinstance(value, int | float) else f'{name} = "{value}"']
        lines += [f"# diff = {Floors().diff:g}  # of changed lines, with --diff-base"]
    elif measured is not None and measured.problem:
        lines += ["", f"# [gate.coverage]  # {measured.problem}", f"# total = {Floors().total:g}"]
    return "\n".join(lines) + "\n"


def _floors(known: Measured | None) -> tuple[dict[str, float], dict[str, float]]:
    """The floors that hold today, and what the files have that are below the one of files."""
    from backend_lint.engine.coverage_ratchet import turned
    from backend_lint.facts.coverage import per_cent
    from backend_lint.project.covered import branches_of, sum_of

    if known is None or not known.files:
        return {}, {}
    floors: dict[str, float] = {"total": int(per_cent(*sum_of(known, known.files.values()))), "file": Floors().file}
    if known.branches and (counts := branches_of(known))[1]:
        floors["branch"] = int(per_cent(*counts))
    return floors, turned(known, None)
