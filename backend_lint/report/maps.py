"""Maps: what was understood of a project, as plain data and as text. One function a map; rendering is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backend_lint.engine.redact import redact
from backend_lint.report.call_maps import calls_diagram, calls_map, calls_page, class_lines, function_lines, link_lines
from backend_lint.report.database_maps import entity_diagram, not_understood_lines, queries_map, query_lines, schema_map, table_lines
from backend_lint.report.escape import visible
from backend_lint.report.html import schema_page
from backend_lint.report.layer_maps import layers_diagram, layers_map, layers_page, layers_text
from backend_lint.report.route_maps import callers_told, route_lines, routes_map, routes_page

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.import_model import ImportModel

__all__ = ["DIAGRAMS", "DRAWN", "MAPS", "PAGES", "calls_map", "config_map", "render", "render_layers", "routes_map"]

Entries = list[dict[str, Any]]


def config_map(project: Project) -> dict[str, Entries]:
    """Environment variables with their reads and declarations, the processes that files start, and the deadlines that bound them; secrets are hidden.

    ``{"variables": [{"name", "reads": [{"path", "line", "default", "required"}], "declared": [{"path", "line", "value", "source", "unit"}]}],
    "processes": [{"path", "line", "program", "role", "unit", "target", "command", "options"}],
    "deadlines": [{"path", "line", "kind", "bounds", "seconds", "unit", "origin"}]}``
    """
    configuration = project.configuration
    variables: dict[str, dict[str, Any]] = {name: {"name": name, "reads": [], "declared": []} for name in configuration.names}
    for read in configuration.reads:
        variables[read.name]["reads"].append({"path": read.path, "line": read.line, "default": _safe(read.default), "required": read.required})
    for declaration in configuration.declared:
        found = declaration.variable
        place = {"path": declaration.path, "line": found.line, "value": _safe(found.value), "source": found.source, "unit": found.unit}
        variables[found.name]["declared"].append(place)
    processes = [
        {
            "path": running.path,
            "line": running.process.line,
            "program": running.process.program,
            "role": running.process.role,
            "unit": running.process.unit,
            "target": running.process.target,
            "command": redact(running.process.command),
            "options": {name: redact(value) for name, value in running.process.options},
        }
        for running in project.deployment.processes
    ]
    deadlines = [
        {
            "path": limit.path,
            "line": limit.deadline.line,
            "kind": limit.deadline.kind,
            "bounds": limit.deadline.bounds.value,
            "seconds": limit.seconds,
            "unit": limit.deadline.unit,
            "origin": limit.deadline.origin.value,
        }
        for limit in project.deployment.deadlines
    ]
    return {"variables": list(variables.values()), "processes": sorted(processes, key=_place), "deadlines": sorted(deadlines, key=_place)}


def _safe(value: str | None) -> str | None:
    return None if value is None else redact(value)


def _place(entry: Mapping[str, Any]) -> tuple[str, int]:
    return entry["path"], entry["line"]


MAPS: dict[str, Callable[[Project], dict[str, Any]]] = {
    "routes": routes_map,
    "layers": layers_map,
    "calls": calls_map,
    "config": config_map,
    "schema": schema_map,
    "queries": queries_map,
}
"""Name of a map -> the function that makes its content."""


def render(name: str, project: Project, format_: str, measured: bool = False) -> str:
    """The map `name` as ``json``, ``text`` or, where there is one, ``mermaid`` or ``html``, ending in a newline; it can be encoded as UTF-8.

    `measured`: the map of layers has the measures of packages.

    Raises KeyError for others.
    """
    if name == "layers":
        return render_layers(project, format_, measured)
    content = MAPS[name](project)
    if format_ in DRAWN:
        return DRAWN[format_][name](content)
    if format_ == "json":
        return _as_json(content)
    lines: list[str] = []
    for title, entries in content.items():
        lines.append(f"{title} ({len(entries)}{callers_told(entries) if title == 'routes' else ''})")
        for entry in entries:
            lines.extend(f"  {visible(line)}" for line in _TEXTS[title](entry))
        lines.append("")
    return "\n".join(lines[:-1]) + "\n"


def render_layers(project: Project | ImportModel, format_: str, measured: bool = False) -> str:
    """The map of layers, for which imports alone do unless packages are `measured`: how abstract they are is told by their classes."""
    content = layers_map(project, measured)
    if format_ in DRAWN:
        return DRAWN[format_]["layers"](content)
    return _as_json(content) if format_ == "json" else layers_text(content)


def _as_json(content: Mapping[str, Any]) -> str:
    import json

    return json.dumps(content, indent=2) + "\n"


DIAGRAMS: dict[str, Callable[[Mapping[str, Entries]], str]] = {"schema": entity_diagram, "layers": layers_diagram, "calls": calls_diagram}
"""Name of a map that can be drawn -> the function that makes a Mermaid diagram of its content."""
PAGES: dict[str, Callable[[Mapping[str, Entries]], str]] = {"routes": routes_page, "schema": schema_page, "layers": layers_page, "calls": calls_page}
"""Name of a map that can be a page -> the function that makes HTML of its content."""
DRAWN = {"mermaid": DIAGRAMS, "html": PAGES}


def _variable_lines(entry: Mapping[str, Any]) -> list[str]:
    lines = [entry["name"]]
    for read in entry["reads"]:
        default = "required" if read["required"] else "no default" if read["default"] is None else f"default {read['default']!r}"
        lines.append(f"  read      {read['path']}:{read['line']}  {default}")
    for place in entry["declared"]:
        value = "value from elsewhere" if place["value"] is None else repr(place["value"])
        unit = f" ({place['unit']})" if place["unit"] else ""
        lines.append(f"  declared  {place['path']}:{place['line']}{unit}  {value}")
    return lines


def _process_lines(entry: Mapping[str, Any]) -> list[str]:
    unit = f" ({entry['unit']})" if entry["unit"] else ""
    return [f"{entry['role']:<9} {entry['path']}:{entry['line']}{unit}  {entry['command'] or entry['program']}"]


def _deadline_lines(entry: Mapping[str, Any]) -> list[str]:
    value = "unknown" if entry["seconds"] is None else f"{entry['seconds']:g} s"
    unit = f" ({entry['unit']})" if entry["unit"] else ""
    origin = "" if entry["origin"] == "written" else f", {entry['origin']}"
    return [f"{entry['bounds']:<10} {entry['kind']} {value}{origin}  {entry['path']}:{entry['line']}{unit}"]


_TEXTS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "variables": _variable_lines,
    "processes": _process_lines,
    "deadlines": _deadline_lines,
    "functions": function_lines,
    "classes": class_lines,
    "links": link_lines,
    "routes": route_lines,
    "tables": table_lines,
    "not_understood": not_understood_lines,
    "queries": query_lines,
}
