"""Circles of imports across packages: modules that need each other while they are loaded, so that one of them sees the other half made."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.architecture.import_graph import Arrow
from backend_lint.project.architecture.layers import JUDGED

if TYPE_CHECKING:
    from backend_lint.project import Project

_MOST_TRIED = 300
"""Arrows of one knot from which the shortest circle is looked for."""


class Circle(NamedTuple):
    """The shortest circle of a knot, beginning with the import that is the best to cut; `modules`: how many stand in the knot.

    `alike`: how many imports go from package to package as the first does, `against`: the other way.
    """

    chain: tuple[Arrow, ...]
    modules: int
    alike: int
    against: int


def circles(project: Project) -> list[Circle]:
    """One circle for each knot of modules of different packages. A package and what lies in it are one: that ``__init__`` re-exports is no fault."""
    graph = project.architecture.graph

    def counts(arrow: Arrow) -> bool:
        if not arrow.runs or project.modules[arrow.importer].role not in JUDGED or project.modules[arrow.imported].role not in JUDGED:
            return False
        # a package that imports a module and takes nothing from it has it register itself: it is written last, on purpose
        if arrow.importer.endswith("__init__.py") and arrow.name == graph.names[arrow.imported]:
            return False
        return not _nested(graph.names[arrow.importer], graph.names[arrow.imported])

    def package(path: str) -> str:
        return graph.names[path] if path.endswith("__init__.py") else graph.names[path].rpartition(".")[0]

    found = []
    between: collections.Counter[tuple[str, str]] | None = None
    for knot in graph.cycles(counts):
        members = frozenset(knot)
        arrows = [arrow for path in knot for to, some in graph.arrows[path].items() if to in members and (arrow := next(filter(counts, some), None))]
        crossing = [one for one in arrows if not _nested(package(one.importer), package(one.imported))][:_MOST_TRIED]
        outside = frozenset(graph.names).difference(members)
        ways = [(one, *graph.chain(one.imported, frozenset({one.importer}), counts, outside)) for one in crossing]
        if not ways:
            continue
        if between is None:
            between = collections.Counter((package(path), package(to)) for path, targets in graph.arrows.items() for to in targets)
        shortest = min(ways, key=len)
        weights = [between[package(arrow.importer), package(arrow.imported)] for arrow in shortest]
        cut = min(range(len(shortest)), key=lambda index: (_nested(package(shortest[index].importer), package(shortest[index].imported)), weights[index]))
        first = shortest[cut]
        against = between[package(first.imported), package(first.importer)]
        found.append(Circle((*shortest[cut:], *shortest[:cut]), len(knot), weights[cut], against))
    return found


def _nested(one: str, other: str) -> bool:
    return one == other or f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
