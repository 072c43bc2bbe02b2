"""``backend-lint baseline``: accept today's findings, so that only new ones are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backend_lint.cli.options import prepare, project_options, working_directory
from backend_lint.cli.streams import say
from backend_lint.config import ConfigError

DEFAULT = "backend-lint-baseline.json"
RATCHET = "coverage-ratchet.json"
PERFORMANCE = "performance-baseline.json"


@click.group("baseline", no_args_is_help=False, short_help="Accept today's findings: create, update or prune the baseline.")
def command() -> None:
    """A baseline lists accepted findings by fingerprint; they are not reported again. Name it as `baseline` in the configuration or by --baseline."""


def _subcommand(name: str, about: str, short: str | None = None) -> None:
    @command.command(name, help=about, short_help=short)
    @project_options
    @click.option("--baseline", type=click.Path(path_type=Path), help=f"The file (default: the configured one, else {DEFAULT} in the project root).")
    @click.option("--force", is_flag=True, hidden=name != "create", help="Replace a baseline that is there.")
    def run(**given: Any) -> int:
        return _run(name, given)


_subcommand("create", "Write a new baseline with all findings of today.")
_subcommand("update", "Add new findings to the baseline and drop those that are gone.", "Accept new findings, drop those that are gone.")
_subcommand("prune", "Drop findings that are gone from the baseline; add none.")


def _run(name: str, given: dict[str, Any]) -> int:
    from msgspec.structs import replace

    from backend_lint.engine import baseline
    from backend_lint.engine.run import run
    from backend_lint.report.wording import plural

    prepared = prepare(given, baseline=None if given["baseline"] is None else working_directory() / given["baseline"])
    settings = prepared.settings
    path = settings.baseline or settings.root / DEFAULT
    if name == "create" and path.exists() and not given["force"]:
        raise ConfigError(f"{path} exists; `baseline update` brings it up to date, --force replaces it")
    if name != "create" and not path.exists():
        raise ConfigError(f"{path} does not exist; `baseline create` writes it")
    result = run(replace(settings, baseline=None, baseline_data=None, diff_base=None, diff_file=None), prepared.registry)
    if name == "prune":
        from backend_lint.engine.moved_findings import moved_in

        written = baseline.prune(path, result, settings.paths, moved_in(result, baseline.load(path), settings))
    else:
        written = (baseline.create if name == "create" else baseline.update)(path, result, settings.paths)
    if settings.verbosity >= 0:
        say(f"backend-lint: {path}: {plural(written, 'finding')}")
        if settings.baseline is None:
            say(f'put baseline = "{path.name}" into the configuration, or pass --baseline {path.name}')
    return 0


@command.command("coverage", short_help="Keep what tests cover today.")
@project_options
@click.option("--force", is_flag=True, help="Write a ratchet that is there anew, lower where a file has lost coverage.")
def coverage(**given: Any) -> int:
    """Write the coverage that files below the floor have today; each must keep it (`ratchet` in [gate.coverage])."""
    from msgspec.structs import replace

    from backend_lint.engine.coverage_ratchet import load, text, turned
    from backend_lint.engine.run import run
    from backend_lint.engine.write import replace_file
    from backend_lint.report.wording import plural

    force = given.pop("force")
    prepared = prepare(given)
    asked = dict(prepared.settings.gate.get("coverage", {}))
    name = asked.pop("ratchet", RATCHET)
    path = prepared.settings.root / name
    before = load(prepared.settings.root, name) if path.exists() and not force else None
    settings = replace(prepared.settings, gate={**prepared.settings.gate, "coverage": asked}, diff_base=None, diff_file=None)
    known = run(settings, prepared.registry).coverage
    if known is None or not known.files:
        raise ConfigError(known.problem if known is not None else "no coverage report was found")
    files = turned(known, before)
    try:
        replace_file(path, text(files).encode())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    if settings.verbosity >= 0:
        say(f"backend-lint: {path}: {plural(len(files), 'file')} below {known.floors.file:g} %")
        if "ratchet" not in prepared.settings.gate.get("coverage", {}):
            say(f'put ratchet = "{name}" into [gate.coverage]')
    return 0


@command.command("performance", short_help="Keep what load tests say today.")
@project_options
@click.option("--add", is_flag=True, help="Add today's run to those of a baseline that is there: what scatters between them is allowed later.")
@click.option("--force", is_flag=True, help="Replace a baseline that is there.")
def performance(**given: Any) -> int:
    """Write what load tests say of each endpoint today; later ones are compared with it (`baseline` in [gate.performance])."""
    from backend_lint.engine import performance_baseline
    from backend_lint.engine.performance_stage import measurements
    from backend_lint.engine.reports import MEASURED
    from backend_lint.engine.run import read_model
    from backend_lint.engine.write import replace_file
    from backend_lint.report.wording import plural

    add, force = given.pop("add"), given.pop("force")
    settings = prepare(given).settings
    asked = settings.gate.get("performance", {})
    path = settings.root / asked.get("baseline", PERFORMANCE)
    if path.exists() and not (add or force):
        raise ConfigError(f"{path} exists; --add adds today's run to it, --force replaces it")
    before = performance_baseline.load(settings.root, asked.get("baseline", PERFORMANCE))[0] if add and path.exists() else None
    known = measurements(settings, asked.get("reports") or MEASURED, None, [])
    if problem := known.problem or "; ".join(known.refused):
        raise ConfigError(problem)
    project, _ = read_model(settings)
    project.measurements = known
    runs = project.performance.runs
    if not runs:
        raise ConfigError("no report of a load test says how many requests it is of, and how long they took")
    try:
        replace_file(path, performance_baseline.text(performance_baseline.joined(before, runs)).encode())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    if settings.verbosity >= 0:
        say(f"backend-lint: {path}: {plural(len(runs), 'endpoint')}")
        if "baseline" not in asked:
            say(f'put baseline = "{PERFORMANCE}" into [gate.performance]')
    return 0
