"""Which layer each module belongs to: as the configuration declares, or as names of folders, use of frameworks and directions of imports show."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from backend_lint.facts.file import Role
from backend_lint.project.architecture.import_graph import Arrow, ImportGraph
from backend_lint.project.architecture.layer_names import (
    FOLDERS,
    INPUT_LIBRARIES,
    SHARED_PARTS,
    SINGULAR,
    STEMS,
    TABLES,
    VAGUE,
    VAGUE_STEMS,
    WEB_FRAMEWORKS,
    Layer,
)
from backend_lint.project.modules import SourceModule

JUDGED = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS})
"""Roles of modules that are part of a layer; tests, migrations and scripts know all of them."""
_SHARE = 0.4
"""Of the modules in a folder called ``api``, so many must use a web framework."""
_FEATURE = 0.25
"""Of the files in a folder that is called like a layer, so many must be called like layers themselves before it is a feature."""
_OF_FEATURES = frozenset({Layer.MODELS, Layer.SERVICES, Layer.ENTRY})
_USUAL = 4
_HELPERS = frozenset({"util", "utils", "helper", "helpers"})
_INWARD = {
    Layer.DOMAIN: frozenset({Layer.SERVICES, Layer.PERSISTENCE, Layer.ADAPTERS, Layer.ENTRY}),
    Layer.MODELS: frozenset({Layer.ENTRY}),
    Layer.PERSISTENCE: frozenset({Layer.SERVICES, Layer.ENTRY}),
    Layer.ADAPTERS: frozenset({Layer.ENTRY}),
    Layer.SERVICES: frozenset({Layer.ENTRY}),
}
"""Layer -> the layers that it must not know, whatever the school: where schools differ (services and adapters), nothing is inferred."""
_CONVENTION = 10
"""Right arrows for each wrong one, before a project is held to the direction."""


class Place(NamedTuple):
    """Where a module stands: its layer, and the folder or file that says so."""

    layer: str
    folder: str


class Violation(NamedTuple):
    """An import that points outward. `right`: how many arrows between the two layers point the other way; -1 where the layers are declared."""

    arrow: Arrow
    inner: Place
    outer: Place
    right: int


class Layers:
    """`order`: names, the innermost first. `places`: module -> its place; modules of no layer are left out. `declared`: the configuration says so."""

    def __init__(self, order: tuple[str, ...], places: Mapping[str, Place], declared: bool, graph: ImportGraph, is_django: bool = False) -> None:
        self.order = order
        self.places = places
        self.declared = declared
        self.is_django = is_django
        self._graph = graph
        self._between: dict[tuple[str, str], list[Arrow]] | None = None

    @property
    def between(self) -> Mapping[tuple[str, str], list[Arrow]]:
        """(importing layer, imported layer) -> arrows between two layers; imports that only type checkers see are left out."""
        if self._between is None:
            table: dict[tuple[str, str], list[Arrow]] = {}
            for importer, place in self.places.items():
                for imported, arrows in self._graph.arrows[importer].items():
                    other = self.places.get(imported)
                    if other is None or other.layer == place.layer:
                        continue
                    arrow = next((one for one in arrows if not one.type_checking), None)
                    if arrow is not None:
                        table.setdefault((place.layer, other.layer), []).append(arrow)
            self._between = table
        return self._between

    def violations(self) -> list[Violation]:
        """The arrows that point outward: of declared layers all, of inferred ones the few in a project that keeps to the direction.

        Django's models know their views by right: those that are defined beside them are named in them.
        """
        found = []
        for (inner, outer), arrows in self.between.items():
            if self.order.index(inner) > self.order.index(outer):
                continue
            right = len(self.between.get((outer, inner), ()))
            if not self.declared and (Layer(outer) not in _INWARD.get(Layer(inner), ()) or right < _CONVENTION * len(arrows)):
                continue
            if not self.declared and self.is_django and inner == Layer.MODELS:
                continue
            for arrow in arrows:
                inside = self._graph.names[arrow.imported].removeprefix(self.places[arrow.imported].folder)
                if not self.declared and not SHARED_PARTS.isdisjoint(inside.split(".")):
                    continue
                found.append(Violation(arrow, self.places[arrow.importer], self.places[arrow.imported], -1 if self.declared else right))
        return sorted(found, key=lambda one: (one.arrow.importer, one.arrow.line))


def declared_layers(declared: tuple[tuple[str, tuple[str, ...]], ...], graph: ImportGraph) -> Layers:
    """The layers of the configuration, lowest first; a module belongs to the one that names it, or the nearest package around it."""
    owner = {member: name for name, members in declared for member in members}
    places = {}
    for path, dotted in graph.names.items():
        name = dotted
        while name and name not in owner:
            name = name.rpartition(".")[0]
        if name:
            places[path] = Place(owner[name], name)
    return Layers(tuple(name for name, _ in declared), places, True, graph)


def inferred_layers(modules: Mapping[str, SourceModule], graph: ImportGraph) -> Layers:
    """The layers that folders show, and files of features. Empty if fewer than two are there, or neither routes nor a domain."""
    names = {path: graph.names[path] for path, module in modules.items() if module.role in JUDGED}
    named = _singular(names, modules)
    seats, vague = _seats(names, named, frozenset()), frozenset[str]()
    while more := _vague(seats, modules) - vague:
        vague |= more
        seats = _seats(names, named, vague)
    places = {path: Place(layer, folder) for path, (folder, layer) in seats.items()}
    there = {place.layer for place in places.values()}
    if len(there) < 2 or not there & {Layer.ENTRY, Layer.DOMAIN}:
        return Layers((), {}, False, graph)
    django = any(fact.module == "django.db" and fact.member == "models" for path in places for fact in modules[path].facts.imports)
    order = [layer for layer in Layer if layer in there]
    found = Layers(tuple(order), places, False, graph, django)
    if order[:2] == [Layer.DOMAIN, Layer.MODELS] and len(found.between.get((order[0], order[1]), ())) > len(found.between.get((order[1], order[0]), ())):
        # functions over the models, and not what the models are made of
        found.order = (Layer.MODELS, Layer.DOMAIN, *order[2:])
    return found


def speaks_http(module: SourceModule) -> bool:
    """It imports a web framework while it is loaded."""
    return _imports(module, _WEB_PREFIXES)


_WEB_PREFIXES = tuple(f"{name}." for name in WEB_FRAMEWORKS)
_FACES = (*_WEB_PREFIXES, *(f"{name}." for name in INPUT_LIBRARIES))


def _vague(seats: Mapping[str, tuple[str, Layer]], modules: Mapping[str, SourceModule]) -> frozenset[str]:
    """The folders that are called like the entry layer and mean something else; what the name means in most of many folders it means in all of them."""
    folders: dict[str, list[str]] = collections.defaultdict(list)
    for path, (folder, layer) in seats.items():
        if layer is Layer.ENTRY and folder.rpartition(".")[2] in VAGUE:
            folders[folder].append(path)
    counts = collections.Counter(folder.rpartition(".")[2] for folder in folders)
    usual: dict[str, list[str]] = {name: [] for name, count in counts.items() if count >= _USUAL}
    for folder, members in folders.items():
        usual.get(folder.rpartition(".")[2], []).extend(members)
    known = {name for name, members in usual.items() if _mostly_web(members, modules)}
    return frozenset(folder for folder, members in folders.items() if folder.rpartition(".")[2] not in known and not _mostly_web(members, modules))


def _mostly_web(members: list[str], modules: Mapping[str, SourceModule]) -> bool:
    sized = [path for path in members if not path.endswith("__init__.py")] or members
    return len([path for path in sized if _imports(modules[path], _FACES)]) >= _SHARE * len(sized)


def _imports(module: SourceModule, prefixes: tuple[str, ...]) -> bool:
    return any(not fact.level and not fact.type_checking and f"{fact.module}.{fact.member}.".startswith(prefixes) for fact in module.facts.imports)


def features(names: Iterable[str]) -> dict[str, dict[str, Layer]]:
    """The packages that hold files of two or more layers, such as ``orders`` with ``models`` and ``views``: package -> file -> layer.

    A folder ``api`` is one if such files are many of what it holds.
    """
    files: dict[str, list[str]] = collections.defaultdict(list)
    for dotted in names:
        package, _, stem = dotted.rpartition(".")
        files[package].append(stem)
    found = {}
    for package, stems in files.items():
        named = _named(stems) if package else {}
        layers = set(named.values())
        if len(layers) > 1 and layers & _OF_FEATURES and (package.rpartition(".")[2] not in FOLDERS or len(named) >= _FEATURE * len(stems)):
            found[package] = named
    return found


def _named(stems: Sequence[str]) -> dict[str, Layer]:
    """The files of a package that are called like layers."""
    named = {stem: STEMS[stem] for stem in stems if stem in STEMS}
    if TABLES in stems and Layer.MODELS in named.values():
        # what is apart from the tables knows nothing of them
        named = {stem: Layer.DOMAIN if layer is Layer.MODELS else layer for stem, layer in named.items()} | {TABLES: Layer.MODELS}
        named |= {stem: VAGUE_STEMS[stem] for stem in stems if stem in VAGUE_STEMS}
    return named


def _singular(names: Mapping[str, str], modules: Mapping[str, SourceModule]) -> dict[str, Layer]:
    """The folders called ``service`` and the like in which most files, or the classes in them, are called so too: folder -> layer."""
    members: dict[str, list[bool]] = collections.defaultdict(list)
    for path, dotted in names.items():
        *folders, stem = dotted.split(".")
        for depth, part in enumerate(folders if not path.endswith("__init__.py") else ()):
            if part in SINGULAR:
                says = stem.endswith(f"_{part}") or any(fact.name.endswith(SINGULAR[part][1]) for fact in modules[path].classes)
                members[".".join(folders[: depth + 1])].append(says)
    return {folder: SINGULAR[folder.rpartition(".")[2]][0] for folder, said in members.items() if sum(said) > 1 and 2 * sum(said) >= len(said)}


def _seats(names: Mapping[str, str], named: Mapping[str, Layer], vague: frozenset[str]) -> dict[str, tuple[str, Layer]]:
    """Module -> the folder or file that names its layer: the outermost folder that is none of `vague` and no feature of its own, else its file in a feature.

    `named`: folders whose contents say what their name means. A file that many packages have, such as ``rest``, is one by that.
    """
    slices = features(names.values())
    usual = collections.Counter(dotted.rpartition(".")[2] for dotted in names.values())
    seats = {}
    for path, dotted in names.items():
        parts = dotted.split(".")
        is_package = path.endswith("__init__.py")
        seat = _folder_seat(parts if is_package else parts[:-1], slices, named, vague)
        if seat is None and not is_package:
            seat = _file_seat(parts, slices, usual)
        if seat is not None:
            seats[path] = seat
    return seats


def _folder_seat(
    folders: Sequence[str], slices: Mapping[str, object], named: Mapping[str, Layer], vague: frozenset[str]
) -> tuple[str, Layer] | None:
    for depth, part in enumerate(folders):
        dotted = ".".join(folders[: depth + 1]) if part in FOLDERS or part in SINGULAR else ""
        layer = FOLDERS.get(part) or named.get(dotted)
        if layer is None or (depth == 0 and part in VAGUE):
            continue
        if dotted in slices or dotted in vague or (layer is Layer.DOMAIN and any(FOLDERS.get(inner) is Layer.ENTRY for inner in folders[depth + 1 :])):
            continue
        return dotted, layer
    return None


def _file_seat(parts: Sequence[str], slices: Mapping[str, Mapping[str, Layer]], usual: Mapping[str, int]) -> tuple[str, Layer] | None:
    stem = parts[-1]
    if len(parts) < 2 or not _HELPERS.isdisjoint(parts):
        return None
    layer = slices.get(".".join(parts[:-1]), {}).get(stem) or (STEMS.get(stem) if usual[stem] >= _USUAL else None)
    return (".".join(parts), layer) if layer is not None else None
