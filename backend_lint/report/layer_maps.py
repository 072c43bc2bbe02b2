"""The map of layers, as plain data, as text, as a Mermaid flowchart and as a page with the drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backend_lint.report.escape import visible, xml
from backend_lint.report.pictures import Box, Line, mermaid, page

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.architecture.packages import Package
    from backend_lint.project.import_model import ImportModel

_NO_LAYER = "no layer"


_MEASURES = ("afferent", "efferent", "instability", "abstractness", "distance")


def layers_map(project: Project | ImportModel, measured: bool = False) -> dict[str, Any]:
    """The shape with what shows it, the layers with the outermost first, modules and imports, packages, `measured` if so asked, and what is wrong.

    ``{"shape", "evidence": [], "declared", "layers": [{"name", "modules"}], "modules": [{"name", "path", "layer"}], "imports": [{"from", "to", "path", "line",
    "type_checking", "deferred"}], "packages": [{"name", "layer", "modules"}], "arrows": [{"from", "to", "count", "path", "line", "forbidden",
    "cycle"}]}``; null where nothing is known. Measured packages have ``"afferent", "efferent", "instability", "abstractness", "distance"`` as well.
    """
    from backend_lint.project.architecture.packages import Packages

    architecture = project.architecture
    graph, layers = architecture.graph, architecture.layers
    packages = Packages(project)
    members = {name: [graph.names[path] for path, place in sorted(layers.places.items()) if place.layer == name] for name in reversed(layers.order)}
    names = sorted(graph.names.items())
    return {
        "shape": str(architecture.recognised.shape),
        "evidence": list(architecture.recognised.evidence),
        "declared": layers.declared,
        "layers": [{"name": str(name), "modules": found} for name, found in members.items()],
        "modules": [{"name": name, "path": path, "layer": str(layers.places[path].layer) if path in layers.places else None} for path, name in names],
        "imports": [
            {"from": graph.names[path], "to": graph.names[to], "path": path, "line": one.line, "type_checking": one.type_checking, "deferred": one.deferred}
            for path in sorted(graph.arrows)
            for to, arrows in sorted(graph.arrows[path].items())
            for one in arrows
        ],
        "packages": [_package(one, measured) for one in packages.measured()],
        "arrows": [
            {"from": one.source, "to": one.target, "count": one.imports, "path": one.first.importer, "line": one.first.line}
            | {"forbidden": one.forbidden, "cycle": one.cycle}
            for one in packages.links
        ],
    }


def _package(one: Package, measured: bool) -> dict[str, Any]:
    shown = {"name": one.name, "layer": str(one.layer) or None, "modules": one.modules}
    return shown | ({key: getattr(one, key) for key in _MEASURES} if measured else {})


def layers_text(content: Mapping[str, Any]) -> str:
    """The shape, its evidence, and the arrows that should not be there."""
    lines = [f"shape: {content['shape']}{' (layers are declared)' if content['declared'] else ''}", *(f"  {one}" for one in content["evidence"]), ""]
    for layer in content["layers"]:
        lines.append(f"{layer['name']} ({len(layer['modules'])})")
        lines += [f"  {name}" for name in layer["modules"]]
    wrong = [(one, _wrong(one)) for one in content["arrows"]]
    lines += ["", f"arrows that should not be there ({len([text for _, text in wrong if text])})"]
    lines += [f"  {one['from']} -> {one['to']} ({one['count']}): {text}  {one['path']}:{one['line']}" for one, text in wrong if text]
    if measured := [one for one in content["packages"] if _MEASURES[0] in one]:
        lines += ["", f"packages ({len(measured)}): users, used, instability, abstractness, distance"]
        lines += [f"  {one['name']:<40} {one['afferent']:>4} {one['efferent']:>4}  {_measures(one)}" for one in measured]
    return "\n".join(visible(line) for line in lines) + "\n"


def layers_diagram(content: Mapping[str, Any]) -> str:
    """A Mermaid flowchart of the packages, a subgraph a layer."""
    return mermaid(*layers_drawing(content))


def layers_page(content: Mapping[str, Any]) -> str:
    """The drawing as SVG; if packages are measured, with their measures below it."""
    boxes, lines, rows = layers_drawing(content)
    notes = [f"Shape: {content['shape']}", *content["evidence"]]
    measured = [one for one in content["packages"] if _MEASURES[0] in one]
    if not measured:
        return page("Layers", notes, boxes, lines, rows)
    cells = "".join(
        f"<tr><td><code>{xml(one['name'])}</code></td><td>{one['modules']}</td><td>{one['afferent']}</td><td>{one['efferent']}</td><td>{_measures(one)}</td></tr>"
        for one in measured
    )
    heads = "<tr><th>Package</th><th>Modules</th><th>Users</th><th>Used</th><th>Instability, abstractness, distance</th></tr>"
    below = f"<h2>Packages</h2>\n<table>{heads}{cells}</table>"
    return page("Layers", notes, boxes, lines, rows, below)


def layers_drawing(content: Mapping[str, Any]) -> tuple[list[Box], list[Line], list[str]]:
    """Packages as boxes, imports between them as arrows, layers as rows."""
    rows = [layer["name"] for layer in content["layers"]] + [_NO_LAYER]
    boxes = [Box(one["name"], one["layer"] or _NO_LAYER, f"{one['modules']} modules") for one in content["packages"]]
    lines = [Line(one["from"], one["to"], one["count"], _wrong(one)) for one in content["arrows"]]
    return boxes, lines, [row for row in rows if any(box.row == row for box in boxes)]


def _wrong(arrow: Mapping[str, Any]) -> str:
    return "points outward" if arrow["forbidden"] else "part of a cycle" if arrow["cycle"] else ""


def _measures(one: Mapping[str, Any]) -> str:
    return "  ".join("   -" if one[key] is None else f"{one[key]:.2f}" for key in ("instability", "abstractness", "distance"))
