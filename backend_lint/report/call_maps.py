"""The map of calls: functions with their effects, which class does what, and who calls whom by package; as data, text and pictures."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backend_lint.report.pictures import Box, Line, mermaid, page

if TYPE_CHECKING:
    from backend_lint.project import Project

Entries = list[dict[str, Any]]


def calls_map(project: Project) -> dict[str, Entries]:
    """Functions with the effects they have, through everything they call, and the calls whose target is known.

    ``{"functions": [{"name", "path", "line", "effects": [], "calls": [{"name", "path", "line", "target_line"}]}], "classes": [{"name", "path", "line",
    "package", "effects": {effect: [method]}}], "links": [{"from", "to", "count", "cycle"}]}``; `path` and `target_line` of a call are null where the target
    lies outside the project, `line` is that of the call. `classes`: those of which some method has an effect of its own; `links`: calls between packages.
    """
    from backend_lint.project import RefKind

    functions: Entries = []
    for path in sorted(project.modules):
        module = project.modules[path]
        for number, head in enumerate(module.functions):
            calls = []
            for edge in project.calls.edges((path, number)):
                inside = edge.target.kind is RefKind.FUNCTION
                target_line = project.calls.head(edge.target.function).line if inside else None
                target_path = edge.target.path if inside else None
                calls.append({"name": edge.target.name, "path": target_path, "line": edge.call.line, "target_line": target_line})
            effects = [str(effect.name).lower().replace("_", "-") for effect in project.calls.summary((path, number))]
            if calls or effects or head.name != "<module>":
                functions.append({"name": head.name, "path": path, "line": head.line, "effects": effects, "calls": calls})
    return {"functions": functions, "classes": _classes(project), "links": _links(project)}


def _classes(project: Project) -> Entries:
    """Which class does what kinds of effect, by the library calls of its own methods."""
    from backend_lint.project import Aspect
    from backend_lint.project.architecture.packages import Packages

    packages = Packages(project).of
    found: Entries = []
    for path in sorted(packages):
        module = project.modules[path]
        for fact in module.classes:
            effects: dict[str, list[str]] = collections.defaultdict(list)
            for number in fact.methods:
                for effect in project.calls.direct((path, number), Aspect.ALL):
                    effects[str(effect.name).lower().replace("_", "-")].append(module.functions[number].name.rpartition(".")[2])
            if effects:
                found.append({"name": fact.name, "path": path, "line": fact.line, "package": packages[path], "effects": dict(sorted(effects.items()))})
    return found


def _links(project: Project) -> Entries:
    from backend_lint.project import RefKind
    from backend_lint.project.architecture.packages import Packages

    packages = Packages(project).of
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for path, package in packages.items():
        for number in range(len(project.modules[path].functions)):
            for edge in project.calls.edges((path, number)):
                other = packages.get(edge.target.path) if edge.target.kind is RefKind.FUNCTION else None
                if other is not None and other != package:
                    counts[package, other] += 1
    return [{"from": one, "to": other, "count": count, "cycle": (other, one) in counts} for (one, other), count in sorted(counts.items())]


def function_lines(entry: Mapping[str, Any]) -> list[str]:
    """A function with its calls, as text."""
    effects = f"  [{', '.join(entry['effects'])}]" if entry["effects"] else ""
    lines = [f"{entry['path']}:{entry['line']}  {entry['name']}{effects}"]
    for call in entry["calls"]:
        target = f"  {call['path']}:{call['target_line']}" if call["path"] else ""
        lines.append(f"  line {call['line']}: {call['name']}{target}")
    return lines


def class_lines(entry: Mapping[str, Any]) -> list[str]:
    """A class with its effects, as text."""
    return [f"{entry['path']}:{entry['line']}  {entry['name']}", *(f"  {effect:<14} {', '.join(names)}" for effect, names in entry["effects"].items())]


def link_lines(entry: Mapping[str, Any]) -> list[str]:
    """Calls from package to package, as text."""
    return [f"{entry['from']} -> {entry['to']} ({entry['count']}){'  both ways' if entry['cycle'] else ''}"]


def calls_diagram(content: Mapping[str, Entries]) -> str:
    """A Mermaid flowchart of the packages; those that call each other are joined in red."""
    return mermaid(*_drawing(content))


def calls_page(content: Mapping[str, Entries]) -> str:
    """The drawing as SVG; the boxes name the kinds of effect."""
    boxes, lines, rows = _drawing(content)
    notes = [f"{len(content['functions'])} functions, {sum(line.times for line in lines)} calls from package to package"]
    return page("Calls", notes, boxes, lines, rows)


def _drawing(content: Mapping[str, Entries]) -> tuple[list[Box], list[Line], list[str]]:
    effects: dict[str, set[str]] = collections.defaultdict(set)
    for entry in content["classes"]:
        effects[entry["package"]].update(entry["effects"])
    names = sorted({name for link in content["links"] for name in (link["from"], link["to"])} | set(effects))
    rows = sorted({name.partition(".")[0] for name in names})
    boxes = [Box(name, name.partition(".")[0], ", ".join(sorted(effects[name]))) for name in names]
    lines = [Line(link["from"], link["to"], link["count"], "both call each other" if link["cycle"] else "") for link in content["links"]]
    return boxes, lines, rows
