"""``backend-lint map``: what was understood of the project."""

from __future__ import annotations

from typing import Any

import click

from backend_lint.cli.options import model_options, prepare
from backend_lint.cli.streams import warn, write_report
from backend_lint.config import ConfigError

KINDS = ("routes", "layers", "calls", "config", "schema", "queries")


@click.command("map", short_help="Print what was understood: routes, layers, calls, config, schema, queries.")
@click.argument("kind", type=click.Choice(KINDS), default="routes")
@model_options
@click.option("--format", "format_", type=click.Choice(["text", "json", "mermaid", "html"]), default="text", show_default=True)
@click.option("--statistics", is_flag=True, help="With layers: instability, abstractness and distance of each package.")
def command(kind: str, **given: Any) -> int:
    """Print what was understood of the project; by default its routes.

    \b
    routes   path, handler, guards, models, limits           text, json, html
    layers   shape, packages, who imports whom      text, json, mermaid, html
    calls    calls between functions, and effects   text, json, mermaid, html
    schema   tables as all migrations leave them    text, json, mermaid, html
    queries  each query, and the index that serves it              text, json
    config   variables, processes, deadlines                       text, json

    """
    from backend_lint.report.maps import DRAWN, render

    settings = prepare(given).settings
    if settings.paths != ("",):
        raise ConfigError("a map shows the whole project: name its folder, or none")
    if kind not in DRAWN.get(given["format_"], (kind,)):
        drawn = DRAWN[given["format_"]]
        what = "diagram" if given["format_"] == "mermaid" else "page"
        raise ConfigError(f"there is no {what} of {kind}: ask for one of {', '.join(drawn)}, or for text or json")
    if given["statistics"] and kind != "layers":
        raise ConfigError("only packages are measured: ask for --statistics of layers")
    if kind == "layers" and not given["statistics"]:
        from backend_lint.engine.import_model import read_import_model
        from backend_lint.report.maps import render_layers

        imports, unchecked = read_import_model(settings)
        write_report(render_layers(imports, given["format_"]))
    else:
        from backend_lint.engine.run import read_model

        project, unchecked = read_model(settings)
        write_report(render(kind, project, given["format_"], given["statistics"]))
    if settings.verbosity >= 0:
        for skipped in unchecked:
            warn(f"{skipped.path}: {skipped.reason}", "not read")
    return 0
