"""Handlers that ask the database themselves in a project whose handlers leave that to services and repositories."""

from __future__ import annotations

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
    """`direct`: in order of places; `through`: how many handlers leave the database to the layers below."""

    direct: tuple[Direct, ...]
    through: int


def handlers_with_queries(project: Project) -> Handlers:
    """The handlers against the convention; none where there is no convention."""
    places = project.architecture.layers.places
    if not _BELOW & {place.layer for place in places.values()}:
        return Handlers((), 0)
    direct: list[tuple[FunctionKey, Edge, int, bool]] = []
    through: list[tuple[FunctionKey, Edge]] = []
    for key in sorted({(route.module, route.function) for route in project.routes if route.function >= 0}):
        if (key[0] in places and places[key[0]].layer in _BELOW) or not _PROBES.isdisjoint(project.calls.head(key).name.lower().replace(".", "_").split("_")):
            continue
        edges = project.calls.edges(key)
        own = [edge for edge in edges if edge.target.is_external and _asks(project, edge)]
        inside = [edge for edge in edges if edge.target.kind is RefKind.FUNCTION and edge.target.path in places]
        below = next((edge for edge in inside if places[edge.target.path].layer in _BELOW), None)
        if own:
            asking = next((edge for edge in own if not project.calls.effect(edge.target) & Effect.COMMIT), None)
            direct.append((key, asking or own[0], len(own), asking is None))
        elif below is not None:
            through.append((key, below))
    if len(through) < _FEWEST or len(direct) > _SHARE * len(through):
        return Handlers((), len(through))
    return Handlers(tuple(Direct(*one, *_nearest(one[0], through)) for one in direct), len(through))


def _asks(project: Project, edge: Edge) -> bool:
    return bool(project.calls.effect(edge.target) & _DATABASE) and edge.target.name.rpartition(".")[2] not in _UPKEEP


def _nearest(key: FunctionKey, through: list[tuple[FunctionKey, Edge]]) -> tuple[FunctionKey, Edge]:
    """A handler that keeps the convention, of the same file if there is one."""
    return next((one for one in through if one[0][0] == key[0]), through[0])
