"""``backend-lint map``: what was understood of the project."""

from __future__ import annotations

from typing import Any

import click

from backend_lint.cli.options import prepare, project_options
from backend_lint.cli.streams import warn, write_report
from backend_lint.config import ConfigError

KINDS = ("routes", "calls", "config")


@click.command("map", short_help="Print what was understood: routes, calls, config.")
@click.argument("kind", type=click.Choice(KINDS), default="routes")
@project_options
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(kind: str, **given: Any) -> int:
    """Print the routes with their handlers and guards, the calls between functions, or environment variables, processes and deadlines."""
    from backend_lint.engine.run import read_project
    from backend_lint.project import Project
    from backend_lint.report.maps import render

    settings = prepare(given).settings
    if settings.paths != ("",):
        raise ConfigError("a map shows the whole project: name its folder, or none")
    readings = read_project(settings)
    write_report(render(kind, Project.link(readings), given["format_"]))
    if settings.verbosity >= 0:
        for _, reading in readings.values():
            for skipped in reading.unchecked:
                warn(f"{skipped.path}: {skipped.reason}", "not read")
    return 0
