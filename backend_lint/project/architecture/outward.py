"""Imports against the layers as they are reported: what each takes, where that is defined, and whether it closes a circle that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.architecture.first_imports import HalfLoaded
from backend_lint.project.architecture.layers import Violation
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project


class Outward(NamedTuple):
    """An import of a higher layer that is not declared.

    `names`: what the importer takes from there, in all of its imports; empty for the module itself. `lines`: of the imports after the first. `defined`: the
    module that defines all of it, if that lies no higher than the importer; empty otherwise. `line`: where the higher module defines the first of the names.
    """

    violation: Violation
    names: tuple[str, ...]
    lines: tuple[int, ...]
    defined: str
    line: int

    @property
    def private(self) -> bool:
        return all(name.startswith("_") for name in self.names) and bool(self.names)


def outward(project: Project, every: bool = False) -> list[Outward]:
    """Imports against the inferred layers: of modules that answer requests, or with `every` of all modules."""
    layers = project.architecture.layers
    found = [] if layers.declared else layers.violations()
    if found and not every:
        answering = {route.module for route in project.routes}
        found = [one for one in found if one.arrow.imported in answering]
    return [_outward(project, one) for one in found]


def closes(one: Outward, circle: HalfLoaded) -> bool:
    """Without the import the circle does not fail any more."""
    cut = circle.cut[0] if circle.cut is not None and circle.detour is None else None
    return cut is not None and (cut.importer, cut.imported) == (one.violation.arrow.importer, one.violation.arrow.imported)


def _outward(project: Project, violation: Violation) -> Outward:
    graph, arrow = project.architecture.graph, violation.arrow
    dotted = graph.names[arrow.imported]
    arrows = [one for one in graph.arrows[arrow.importer][arrow.imported] if not one.type_checking]
    module = {one.name for one in arrows if one.name == dotted or dotted.endswith(f".{one.name}")}
    names = tuple(dict.fromkeys("" if one.name in module else one.name.rpartition(".")[2] for one in arrows))
    lines = tuple(dict.fromkeys(one.line for one in arrows if one.line != arrow.line))
    if "" in names or "*" in names:
        return Outward(violation, (), lines, "", 1)
    homes = {_home(project, violation, name) for name in names}
    line = project.modules[arrow.imported].line_of(names[0]) or 1
    return Outward(violation, names, lines, homes.pop() if len(homes) == 1 else "", line)


def _home(project: Project, one: Violation, what: str) -> str:
    """The module that defines what the higher layer only imports itself, if it lies in no higher layer; empty otherwise."""
    ref = project.resolver.export(one.arrow.imported, what)
    if ref is None or ref.kind not in (RefKind.CLASS, RefKind.FUNCTION) or ref.path in (one.arrow.imported, one.arrow.importer):
        return ""
    place = project.architecture.layers.places.get(ref.path)
    return ref.path if place is None or place.layer == one.inner.layer else ""
