"""Packages as a picture shows them: who uses whom, which stand in circles, how stable and how abstract each is."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.architecture.import_graph import Arrow
from backend_lint.project.architecture.layers import JUDGED

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.import_model import ImportModel

MOST_DRAWN = 60
"""Nobody reads a picture of more boxes."""
_ONE_LAYER = 0.75
"""Of the modules of a package, so many belong to its layer."""
_ABSTRACT = frozenset({"ABC", "Protocol"})


class Link(NamedTuple):
    """One package uses another, by so many `imports`; `first` is a place. `forbidden`: a layer is broken; `cycle`: modules of both import each other
    in a circle while they are loaded."""

    source: str
    target: str
    imports: int
    first: Arrow
    forbidden: bool
    cycle: bool


class Package(NamedTuple):
    """A package with Martin's measures. `afferent`: packages that use it, `efferent`: those that it uses; `instability`: efferent of all; `abstractness`:
    the share of its classes that are abstract; `distance`: from the line on which the two add up to one. None without users or classes."""

    name: str
    layer: str
    modules: int
    afferent: int
    efferent: int
    instability: float | None
    abstractness: float | None
    distance: float | None


class Packages:
    """The packages of a project: the folder of a layer, the feature that holds its layers as files, else folders of like depth."""

    def __init__(self, project: Project | ImportModel) -> None:
        architecture = project.architecture
        graph = architecture.graph
        places = architecture.layers.places
        judged = [path for path, module in project.modules.items() if module.role in JUDGED]
        self.of = _grouped({path: graph.names[path] for path in judged}, {path: places[path].folder for path in judged if path in places})
        forbidden = {(one.arrow.importer, one.arrow.imported) for one in architecture.layers.violations()}
        table: dict[tuple[str, str], list[Arrow]] = collections.defaultdict(list)
        for path in judged:
            for imported, arrows in graph.arrows[path].items():
                if imported in self.of and self.of[imported] != self.of[path]:
                    table[self.of[path], self.of[imported]] += [arrow for arrow in arrows if not arrow.type_checking][:1]
        circle = {path: number for number, group in enumerate(graph.cycles(lambda arrow: arrow.runs)) for path in group}
        self.links = [
            Link(
                source,
                target,
                len(arrows),
                arrows[0],
                any((arrow.importer, arrow.imported) in forbidden for arrow in arrows),
                any(arrow.runs and circle.get(arrow.importer, -1) == circle.get(arrow.imported, -2) for arrow in arrows),
            )
            for (source, target), arrows in sorted(table.items())
            if arrows
        ]
        layer_of: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        for path, name in self.of.items():
            layer_of[name][places[path].layer if path in places else ""] += 1
        self.layers = {name: _layer(counts) for name, counts in layer_of.items()}
        self._project = project

    def measured(self) -> list[Package]:
        """Every package with its measures, in order of names."""
        users: dict[str, set[str]] = collections.defaultdict(set)
        used: dict[str, set[str]] = collections.defaultdict(set)
        for link in self.links:
            users[link.target].add(link.source)
            used[link.source].add(link.target)
        sizes = collections.Counter(self.of.values())
        classes: collections.Counter[str] = collections.Counter()
        abstract: collections.Counter[str] = collections.Counter()
        for path, name in self.of.items():
            for fact in self._project.modules[path].classes:
                classes[name] += 1
                written = {base.partition("[")[0].rpartition(".")[2] for base in fact.bases}
                abstract[name] += bool(written & _ABSTRACT) or any(value.rpartition(".")[2] == "ABCMeta" for _, value in fact.keywords)
        return [self._package(name, sizes[name], len(users[name]), len(used[name]), classes[name], abstract[name]) for name in sorted(sizes)]

    def _package(self, name: str, size: int, afferent: int, efferent: int, classes: int, abstract: int) -> Package:
        instability = efferent / (afferent + efferent) if afferent + efferent else None
        abstractness = abstract / classes if classes else None
        distance = abs(instability + abstractness - 1) if instability is not None and abstractness is not None else None
        return Package(name, self.layers[name], size, afferent, efferent, instability, abstractness, distance)


def _layer(counts: collections.Counter[str]) -> str:
    """The layer of a package; empty for one that holds several, such as a feature."""
    name, most = counts.most_common(1)[0]
    return name if most >= _ONE_LAYER * counts.total() else ""


def _grouped(names: Mapping[str, str], folders: Mapping[str, str]) -> dict[str, str]:
    """Module -> package, with so many parts of the name that a picture can hold them all."""
    groups = {}
    for path, name in names.items():
        parts = name.split(".")
        own = parts if path.endswith("__init__.py") else parts[:-1]
        folder = folders.get(path)
        groups[path] = folder if folder is not None and folder != name else ".".join(own[:3] or parts[:1])
    for depth in (3, 2, 1):
        if len(set(groups.values())) <= MOST_DRAWN:
            break
        groups = {path: ".".join(group.split(".")[:depth]) for path, group in groups.items()}
    return groups
