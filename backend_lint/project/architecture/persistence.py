"""Handlers that ask the database themselves in a project whose handlers leave that to services and repositories."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.architecture.layer_names import Layer
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import Edge, FunctionKey, Project

_FEWEST, _SHARE = 10, 0.1
"""A convention needs so many handlers that keep it, and no more than this share against it."""
_BELOW = frozenset({Layer.SERVICES, Layer.PERSISTENCE})
_DATABASE = Effect.DATABASE_READ | Effect.DATABASE_WRITE | Effect.COMMIT
_PROBES = frozenset("health healthz healthcheck heartbeat livez liveness readyz readiness ping probe test debug".split())
"""Parts of names of handlers that ask the database whether it is there."""
_UPKEEP = frozenset({"refresh", "close", "rollback", "expunge", "expire", "flush", "begin", "connection"})


class Direct(NamedTuple):
    """A handler, the call of the database in it, how many such calls it has, and a handler that keeps the convention with the call that does.

    `ends`: all that the handler does is to end the transaction of what the layers below have done.
    """

    handler: FunctionKey
    edge: Edge
    calls: int
    ends: bool
    other: FunctionKey
    service: Edge


class Handlers(NamedTuple):
    """`direct`: in order of places, each with how many handlers of the same application leave the database to the layers below."""

    direct: tuple[tuple[Direct, int], ...]


_Through = tuple["FunctionKey", list["Edge"]]
"""A handler that leaves the database to the layers below, and its calls of them."""


def handlers_with_queries(project: Project) -> Handlers:
    """The handlers against the convention of their application; none where there is no convention. Imports of one application start at one folder."""
    places = project.architecture.layers.places
    if not _BELOW & {place.layer for place in places.values()}:
        return Handlers(())
    applications: dict[str, tuple[list[tuple[FunctionKey, Edge, int, bool]], list[_Through]]] = {}
    for key in sorted({(route.module, route.function) for route in project.routes if route.function >= 0}):
        if (key[0] in places and places[key[0]].layer in _BELOW) or not _PROBES.isdisjoint(project.calls.head(key).name.lower().replace(".", "_").split("_")):
            continue
        direct, through = applications.setdefault(project.architecture.graph.root(key[0]), ([], []))
        edges = project.calls.edges(key)
        own = [edge for edge in edges if edge.target.is_external and _asks(project, edge)]
        if own:
            asking = next((edge for edge in own if not project.calls.effect(edge.target) & Effect.COMMIT), None)
            direct.append((key, asking or own[0], len(own), asking is None))
        elif below := [one for one in edges if one.target.kind is RefKind.FUNCTION and one.target.path in places and places[one.target.path].layer in _BELOW]:
            through.append((key, below))
    found = [
        (Direct(*one, *_nearest(project, one[0], through)), len(through))
        for direct, through in applications.values()
        if len(through) >= _FEWEST and len(direct) <= _SHARE * len(through)
        for one in direct
    ]
    return Handlers(tuple(sorted(found, key=lambda one: one[0].handler)))


def _asks(project: Project, edge: Edge) -> bool:
    return bool(project.calls.effect(edge.target) & _DATABASE) and edge.target.name.rpartition(".")[2] not in _UPKEEP


def _nearest(project: Project, key: FunctionKey, through: list[_Through]) -> tuple[FunctionKey, Edge]:
    """A handler that keeps the convention, of the same file or folder if there is one, and the call that does; rather one that goes to the database there."""

    def says(edge: Edge) -> int:
        return 0 if edge.target.name.endswith("__") else 2 if project.calls.summary(edge.target.function) & _DATABASE else 1

    near = sorted(through, key=lambda one: -len(os.path.commonpath([one[0][0], key[0]])))
    other, calls = next((one for one in near if any(says(edge) == 2 for edge in one[1])), near[0])
    return other, max(calls, key=says)
