"""``backend-lint map``: what was understood of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli.options import prepare, project_options
from backend_lint.cli.streams import warn, write_report
from backend_lint.config import ConfigError, Settings

if TYPE_CHECKING:
    from backend_lint.project import Project

KINDS = ("routes", "calls", "config")


@click.command("map", short_help="Print what was understood: routes, calls, config.")
@click.argument("kind", type=click.Choice(KINDS), default="routes")
@project_options
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(kind: str, **given: Any) -> int:
    """Print the routes with their handlers and guards, the calls between functions, or environment variables, processes and deadlines."""
    from backend_lint.report.maps import render

    prepared = prepare(given)
    project, notes = linked(prepared.settings)
    if prepared.settings.paths not in (("",), (".",)):
        raise ConfigError("a map shows the whole project: name its folder, or none")
    write_report(render(kind, project, given["format_"]))
    for note in notes:
        warn(note)
    return 0


def linked(settings: Settings) -> tuple[Project, list[str]]:
    """The linked model of the project, and what could not be read."""
    import os

    from backend_lint.engine.discover import discover, read_regular
    from backend_lint.engine.read_stage import Sources, read_all
    from backend_lint.engine.roles import role_finder
    from backend_lint.project import Project

    discovery = discover(settings)
    root = os.fspath(settings.root) + os.sep
    sources = Sources(discovery.candidates, lambda one: read_regular(root + one.name, settings.max_file_size), role_finder(settings.roles))
    readings = read_all(sources, [], None, settings.jobs, False)
    skipped = [*discovery.unchecked, *(one for _, reading in readings.values() for one in reading.unchecked)]
    return Project.link(readings), [f"{one.path}: {one.reason}" for one in skipped]
