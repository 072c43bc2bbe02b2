"""``backend-lint baseline``: accept today's findings, so that only new ones are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from backend_lint.cli.options import prepare, project_options, working_directory
from backend_lint.cli.streams import say
from backend_lint.config import ConfigError

DEFAULT = "backend-lint-baseline.json"


@click.group("baseline", short_help="Accept today's findings: create, update or prune the baseline.")
def command() -> None:
    """A baseline lists accepted findings by fingerprint; they are not reported again. Name it as `baseline` in the configuration or by --baseline."""


def _subcommand(name: str, about: str) -> None:
    @command.command(name, help=about)
    @project_options
    @click.option("--baseline", type=click.Path(path_type=Path), help=f"The file (default: the configured one, else {DEFAULT} in the project root).")
    @click.option("--force", is_flag=True, hidden=name != "create", help="Replace a baseline that is there.")
    def run(**given: Any) -> int:
        return _run(name, given)


_subcommand("create", "Write a new baseline with all findings of today.")
_subcommand("update", "Add new findings to the baseline and drop those that are gone.")
_subcommand("prune", "Drop findings that are gone from the baseline; add none.")


def _run(name: str, given: dict[str, Any]) -> int:
    from msgspec.structs import replace

    from backend_lint.engine import baseline
    from backend_lint.engine.run import run

    prepared = prepare(given, baseline=None if given["baseline"] is None else working_directory() / given["baseline"])
    settings = prepared.settings
    path = settings.baseline or settings.root / DEFAULT
    if name == "create" and path.exists() and not given["force"]:
        raise ConfigError(f"{path} exists; `baseline update` brings it up to date, --force replaces it")
    if name != "create" and not path.exists():
        raise ConfigError(f"{path} does not exist; `baseline create` writes it")
    result = run(replace(settings, baseline=None, baseline_data=None, diff_base=None, diff_file=None), prepared.registry)
    written = getattr(baseline, name)(path, result, settings.paths)
    if settings.verbosity >= 0:
        count = f"{written} findings" if isinstance(written, int) else f"{len(result.findings)} findings seen"
        say(f"backend-lint: {path}: {count}")
        if settings.baseline is None:
            say(f'put baseline = "{path.name}" into the configuration, or pass --baseline {path.name}')
    return 0
