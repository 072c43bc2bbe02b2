"""Which shape a project has, with what shows it: clean architecture, Django apps, feature slices, MVC, layers, or none of them."""

from __future__ import annotations

import collections
import enum
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from backend_lint.project.architecture.import_graph import ImportGraph
from backend_lint.project.architecture.layer_names import Layer
from backend_lint.project.architecture.layers import JUDGED, Layers, speaks_http
from backend_lint.project.modules import SourceModule

_MOST_NAMED = 6
_FEWEST_SLICES = 5


class Shape(enum.StrEnum):
    """`FLAT`: routes, but nothing that separates them from the rest. `NONE`: no routes."""

    CLEAN = "clean architecture"
    DJANGO = "Django apps"
    SLICES = "feature slices"
    MVC = "MVC"
    LAYERED = "layered"
    FLAT = "flat"
    NONE = "no backend"


class Recognised(NamedTuple):
    """A shape and what shows it, one sentence each."""

    shape: Shape
    evidence: tuple[str, ...]


def recognise(modules: Mapping[str, SourceModule], files: Iterable[str], graph: ImportGraph, layers: Layers) -> Recognised:
    """The shape of a project. `files`: all its paths, also those whose facts are not read."""
    judged = {path: module for path, module in modules.items() if module.role in JUDGED}
    shown = tuple(_layer_lines(layers, judged))
    known = set(files)
    apps = _django_apps(known, judged, graph)
    if (clean := _clean(layers)) and len(apps) < 2:
        return Recognised(Shape.CLEAN, (clean, *shown))
    if len(apps) > 1:
        return Recognised(Shape.DJANGO, (f"{len(apps)} apps with models and migrations or an AppConfig: {_some(apps)}", *shown))
    slices = _slices(judged, graph, layers)
    if slices:
        return Recognised(Shape.SLICES, (slices, *shown))
    there = set(layers.order)
    if there == {Layer.MODELS, Layer.ENTRY} and any("/templates/" in f"/{path}" for path in known):
        return Recognised(Shape.MVC, ("models, views and templates lie apart, and nothing stands between views and models", *shown))
    if Layer.ENTRY in there and len(there) > 1:
        return Recognised(Shape.LAYERED, shown)
    web = [graph.names[path] for path, module in judged.items() if speaks_http(module)]
    if not web:
        return Recognised(Shape.NONE, ("no module imports a web framework",))
    return Recognised(Shape.FLAT, (f"{len(web)} of {len(judged)} modules import a web framework, and no folders or files separate layers: {_some(web)}",))


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = len(listed) - _MOST_NAMED
    return ", ".join(listed[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _layer_lines(layers: Layers, judged: Mapping[str, SourceModule]) -> Iterable[str]:
    members: dict[str, list[str]] = collections.defaultdict(list)
    for path, place in layers.places.items():
        if path in judged:
            members[place.layer].append(path)
    for layer in reversed(layers.order):
        folders = collections.Counter(layers.places[path].folder for path in members[layer])
        web = len([path for path in members[layer] if speaks_http(judged[path])])
        most = ", ".join(folder for folder, _ in folders.most_common(_MOST_NAMED))
        more = f" and {len(folders) - _MOST_NAMED} more" if len(folders) > _MOST_NAMED else ""
        yield f"{layer}: {len(members[layer])} modules, {web} import a web framework: {most}{more}"
    between = layers.between
    for index, outer in reversed(list(enumerate(layers.order))):
        for inner in reversed(layers.order[:index]):
            inward, outward = len(between.get((outer, inner), ())), len(between.get((inner, outer), ()))
            if inward or outward:
                yield f"{outer} imports {inner} {inward} times, {inner} imports {outer} {outward} times"


def _django_apps(files: set[str], judged: Mapping[str, SourceModule], graph: ImportGraph) -> list[str]:
    found = set()
    for path in judged:
        folder, _, name = path.rpartition("/")
        if name == "apps.py" and any(base.endswith("AppConfig") for fact in judged[path].classes for base in fact.bases):
            found.add(folder)
        elif (name == "models.py" and f"{folder}/migrations/__init__.py" in files) or (
            path.endswith("/models/__init__.py") and f"{folder.rpartition('/')[0]}/migrations/__init__.py" in files
        ):
            found.add(folder if name == "models.py" else folder.rpartition("/")[0])
    return [graph.names.get(f"{folder}/__init__.py", folder.replace("/", ".")) for folder in found]


def _clean(layers: Layers) -> str:
    """Why it is clean architecture: a domain that knows nothing of what is around it; empty if it is not."""
    outside = [layer for layer in (Layer.SERVICES, Layer.ADAPTERS, Layer.ENTRY) if layer in layers.order]
    if Layer.DOMAIN not in layers.order or len(outside) < 2:
        return ""
    inward = sum(len(layers.between.get((layer, Layer.DOMAIN), ())) for layer in outside)
    outward = sum(len(layers.between.get((Layer.DOMAIN, layer), ())) for layer in outside)
    if inward < 2 or outward * 10 > inward:
        return ""
    return f"{', '.join(outside)} import the domain {inward} times, and it imports them {outward} times"


def _slices(judged: Mapping[str, SourceModule], graph: ImportGraph, layers: Layers) -> str:
    """Why it is made of features: packages side by side, with the same layers as files or folders, hold most of them; empty if it is not.

    Tables that all features share may lie in one place.
    """
    parts: dict[str, set[str]] = collections.defaultdict(set)
    members: collections.Counter[str] = collections.Counter()
    as_files: collections.Counter[str] = collections.Counter()
    for path, place in layers.places.items():
        package = place.folder.rpartition(".")[0]
        parts[package].add(place.layer)
        if place.layer != Layer.MODELS or place.folder == graph.names[path]:
            members[package] += 1
            as_files[package] += place.folder == graph.names[path]
    packages = [package for package, found in parts.items() if "." in package and len(found) > 1 and Layer.ENTRY in found]
    held = sum(members[package] if package in packages else as_files[package] for package in members)
    if len(packages) < _FEWEST_SLICES or 2 * held < members.total():
        return ""
    return f"{len(packages)} packages hold layers of their own: {_some(packages)}"
