"""A gate that the project passes today, and that what is new may fail: today's findings as a baseline, today's coverage as floors and a ratchet."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from backend_lint.config import ConfigError
from backend_lint.engine.result import Result
from backend_lint.facts.coverage import Floors, Measured
from backend_lint.registry import Registry


class Proposal(NamedTuple):
    """`keys` and `tables` are parts of a configuration file, `wrote` what lies beside it, `said` what the user is told."""

    keys: str
    tables: str
    wrote: tuple[Path, ...]
    said: tuple[str, ...]


def propose_gate(root: Path, baseline_name: str, ratchet_name: str) -> Proposal:
    """Checks the project as a run without any configuration does, and writes the baseline and the ratchet. Raises ConfigError."""
    from msgspec.structs import replace

    from backend_lint.config_load import Request, load, settle
    from backend_lint.engine import baseline
    from backend_lint.engine.run import run

    registry = Registry.load(())
    settings = settle(load(Request(cwd=root, paths=(str(root),), isolated=True)), registry)
    measured = run(replace(settings, select=("coverage-total-floor",), gate={"coverage": {}}), registry).coverage
    floors, below = _floors(measured)
    wrote, said = [], []
    coverage: dict[str, float | str] = dict(floors)
    if measured is not None and floors:
        said.append(f"coverage of today is kept: {', '.join(f'{name} {value:g} %' for name, value in floors.items() if name != 'file')}")
    if below:
        wrote.append(root / ratchet_name)
        _write(wrote[0], below)
        coverage["ratchet"] = ratchet_name
        said.append(f"so is that of {len(below)} files below {Floors().file:g} %")
    result = run(replace(settings, gate={"coverage": coverage} if floors else {}), registry)
    if result.findings:
        wrote.append(root / baseline_name)
        baseline.create(wrote[-1], result)
        said.append(f"{_counted(result)} of today are accepted; `backend-lint baseline prune` drops what is mended")
    return Proposal(f'baseline = "{baseline_name}"\n' if result.findings else "", _tables(coverage, measured), tuple(wrote), tuple(said))


def _tables(coverage: dict[str, float | str], measured: Measured | None) -> str:
    lines = ["", "[gate]  # findings that are allowed, beside those of the baseline", "error = 0", "warning = 0", "# new = { info = 0 }  # with --diff-base"]
    if coverage:
        lines += ["", "[gate.coverage]  # what tests execute today, rounded down: raise it as they grow"]
        lines += [f"{name} = {value:g}" if isinstance(value, int | float) else f'{name} = "{value}"' for name, value in coverage.items()]
        lines += [f"# diff = {Floors().diff:g}  # of changed lines, with --diff-base"]
    elif measured is not None and measured.problem:
        lines += ["", f"# [gate.coverage]  # {measured.problem}", f"# total = {Floors().total:g}"]
    return "\n".join(lines) + "\n"


def _write(path: Path, below: dict[str, float]) -> None:
    from backend_lint.engine.coverage_ratchet import text
    from backend_lint.engine.write import replace_file

    try:
        replace_file(path, text(below).encode())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None


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


def _counted(result: Result) -> str:
    counts = Counter(one.finding.severity.value for one in result.findings)
    return ", ".join(f"{counts[name]} {name}{'s' if counts[name] > 1 and name != 'info' else ''}" for name in ("error", "warning", "info") if counts[name])
