"""What keeps the event loop waiting: calls in ``async def`` functions that block, themselves or through plain functions of the project."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.facts.route import Entry, EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import Aspect, Edge, FunctionKey, Step
from backend_lint.project.chosen_branches import rules_out
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.reach import is_for_staff
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

SERVING = frozenset({EntryKind.ROUTE, EntryKind.WEBSOCKET, EntryKind.MIDDLEWARE, EntryKind.CONSUMER})
"""Entries behind which many callers share one event loop."""

_OWN_LOOP = frozenset({"asyncio.run", "asyncio.get_event_loop().run_until_complete", "anyio.run", "trio.run", "asyncio.new_event_loop().run_until_complete"})
_STARTERS = frozenset({"main", "_main", "amain", "async_main", "lifespan", "startup", "shutdown"})
_OF_WORKERS = lazy_regex(r"(?:^|[/_])(?:tasks?|tasking|workers?|jobs?)(?:[/_.]|$)")
"""Modules whose functions, where nothing known reaches them, run on the loop of a worker."""
_FAR_AWAY = lazy_regex(r"(?:requests|httpx|urllib|urllib3|http\.client|smtplib)\.|time\.sleep$")
"""What waits for another host, or asleep: long for certain."""
_FAR, _NEAR = 6, 2
"""Longest way believed: where the function is known to serve requests, and where it is only not known that it does not."""
_ON_A_LOOP = frozenset(
    (
        "fastapi starlette aiohttp litestar sanic quart django channels socketio aiokafka faststream faust nats aio_pika strawberry ariadne "
        "websockets blacksheep"
    ).split()
)
"""What may run handlers on a loop. Without any of them nothing is served there, and the routes need not be known."""


class Stall(msgspec.Struct, frozen=True):
    """An async function that blocks the loop. `way` leads from the call in it to the library call; `others` counts further calls of the same effects."""

    function: FunctionKey
    edge: Edge
    way: tuple[Step, ...]
    effect: Effect
    others: int
    entry: Entry | None


def stalls(project: Project, effects: Effect) -> Iterator[Stall]:
    """For each async function that runs on a shared loop and each kind of effect: the first blocking call."""
    if _ON_A_LOOP.isdisjoint(project.imported):
        return
    loops = _Loops(project)
    for module, index, function, _ in project.functions("async"):
        if not function.is_async or module.role not in (Role.APPLICATION, Role.SETTINGS):
            continue
        key = (module.path, index)
        if not project.calls.edges(key) or project.calls.runs_off_loop(key):
            continue
        found = _first_of_each(project, key, effects)
        if not found:
            continue
        shared, entry = _serving(project, key, loops)
        if shared:
            for edge, way, effect, others in found:
                if len(way) <= (_FAR if entry is not None else _NEAR):
                    yield Stall(key, edge, way, effect, others, entry)


def _first_of_each(project: Project, key: FunctionKey, effects: Effect) -> list[tuple[Edge, tuple[Step, ...], Effect, int]]:
    found: dict[Effect, tuple[Edge, tuple[Step, ...]]] = {}
    counts: dict[Effect, int] = {}
    for edge in project.calls.edges(key):
        if edge.call.awaited and edge.target.is_external:
            continue
        way = project.calls.reaches(key, effects, Aspect.BLOCKING, (edge,))
        if not way or (len(way) > 1 and edge.target.kind is RefKind.FUNCTION and rules_out(project, edge, way[1].edge.call.block)):
            continue
        kind = _kind(way[-1].effect)
        counts[kind] = counts.get(kind, 0) + 1
        if kind not in found or len(way) < len(found[kind][1]):
            found[kind] = (edge, way)
    return [(edge, way, kind, counts[kind] - 1) for kind, (edge, way) in found.items()]


def _kind(effect: Effect) -> Effect:
    return Effect.DATABASE if effect & (Effect.DATABASE | Effect.COMMIT) else effect


def _serving(project: Project, key: FunctionKey, loops: _Loops) -> tuple[bool, Entry | None]:
    """Whether other requests wait on the loop this function runs on, and the entry it is reached from."""
    reached = project.reached_from(key)
    if reached is not None:
        return reached[0].kind in SERVING, reached[0]
    if _at_start(project, key, 0):
        return False, None
    return loops.serve and not loops.own(key[0]) and not _OF_WORKERS.search(key[0]), None


def _at_start(project: Project, key: FunctionKey, depth: int) -> bool:
    """The function runs before anybody is served, or after: it is what a server runs then by its name, or is only called from there."""
    if project.calls.head(key).name.rpartition(".")[2] in _STARTERS:
        return True
    callers = project.calls.callers(key) if depth < _NEAR else []
    return bool(callers) and all(caller != key and _at_start(project, caller, depth + 1) for caller, _ in callers)


def takes_long(project: Project, stall: Stall) -> bool:
    """Whether a request to a known route, of anybody and not of staff, surely waits long: for another host, or asleep."""
    far = stall.effect in (Effect.HTTP, Effect.MAIL, Effect.SLEEP) and _FAR_AWAY.match(stall.way[-1].edge.target.name) is not None
    return far and stall.entry is not None and stall.entry.kind is EntryKind.ROUTE and not is_for_staff(project, stall.function)


def answers_request(project: Project, key: FunctionKey) -> bool:
    """Whether a caller outside is known to wait until the function is done; a job may well take minutes."""
    reached = project.reached_from(key)
    return reached is not None and reached[0].kind in SERVING


def runs_alone(project: Project, key: FunctionKey) -> bool:
    """The function is known to run before anybody is served, or after."""
    reached = project.reached_from(key)
    return reached[0].kind is EntryKind.STARTUP if reached is not None else _at_start(project, key, 0)


def ends_at_once(project: Project, key: FunctionKey, call: Call) -> bool:
    """Whether a call in function `key` makes a coroutine of the project that awaits nothing: it ends in the step of the loop that it begins with."""
    target = project.value(*key, call.callee)
    if target is None or target.kind is not RefKind.FUNCTION or not project.calls.head(target.function).is_async:
        return False
    body = project.calls.body(target.function)
    return not (body.awaits or body.yields or any(one.awaited for one in body.calls) or any(block.is_async for block in body.blocks))


class _Loops:
    """Which modules run a loop of their own, and whether the project serves requests on one; each looked up once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._own: dict[str, bool] = {}

    @functools.cached_property
    def serve(self) -> bool:
        calls = self._project.calls
        return any(entry.kind in SERVING and calls.head((entry.module, entry.function)).is_async for entry in self._project.entries)

    def own(self, path: str) -> bool:
        if path not in self._own:
            self._own[path] = _runs_own_loop(self._project, path)
        return self._own[path]


def _runs_own_loop(project: Project, path: str) -> bool:
    module = project.modules[path]
    return any(
        (target := project.value(path, index, call.callee)) is not None and target.name in _OWN_LOOP
        for index, body in enumerate(module.bodies)
        for call in body.calls
        if call.callee.endswith((".run", "run_until_complete"))
    )
