"""The call graph, and which effects a function has through it."""

from __future__ import annotations

import collections
import enum
import heapq
from collections.abc import Iterable, Mapping

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.python import BlockKind, Body, Call, Function
from backend_lint.project.libraries import Effect, effect_of, external_bases, is_blocking
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.resolver import Resolver
from backend_lint.project.value_text import constant_number

FunctionKey = tuple[str, int]
"""Path of the module and index of the function in it."""

_OFF_LOOP = frozenset({"asgiref.sync.sync_to_async", "channels.db.database_sync_to_async", "starlette.concurrency.run_in_threadpool"})
_FARTHEST = 100
"""Nobody reads a way of more calls."""
_NEAREST = 2000
_BLINK = 0.01
"""Seconds."""
_CACHES = frozenset({"functools.lru_cache", "functools.cache", "functools.cached_property"})
_MOST_KEPT = 20
"""A function that returns more attributes than that keeps no result."""


class Aspect(enum.IntEnum):
    """Which effects are asked for: all that a call sets off, or only those that keep the calling thread waiting."""

    ALL = 0
    BLOCKING = 1


class Edge(msgspec.Struct, frozen=True, gc=False):
    """A call and what it calls; `number` is the call's index in its body."""

    number: int
    call: Call
    target: Ref


class Step(msgspec.Struct, frozen=True):
    """One call on a way through the project. `effect` is set on the last one, whose `target` lies outside."""

    function: FunctionKey
    edge: Edge
    effect: Effect = Effect.NONE


class CallGraph:
    """Calls between functions of the project, resolved when somebody asks."""

    def __init__(self, modules: Mapping[str, SourceModule], resolver: Resolver) -> None:
        self.modules = modules
        self.resolver = resolver
        self._edges: dict[FunctionKey, tuple[Edge, ...]] = {}
        self._numbered: dict[FunctionKey, dict[int, Edge]] = {}
        self._summaries: tuple[dict[FunctionKey, Effect], dict[FunctionKey, Effect]] = ({}, {})
        self._distances: dict[tuple[Effect, Aspect], dict[FunctionKey, int]] = {}
        self._cached: dict[FunctionKey, bool] = {}
        self._callers: dict[FunctionKey, list[tuple[FunctionKey, Edge]]] | None = None

    def head(self, key: FunctionKey) -> Function:
        """The head of a function."""
        return self.modules[key[0]].functions[key[1]]

    def body(self, key: FunctionKey) -> Body:
        """The body of a function."""
        return self.modules[key[0]].bodies[key[1]]

    def edges(self, key: FunctionKey) -> tuple[Edge, ...]:
        """The calls of a function whose target is known, calls inside lambdas and sleeps of milliseconds left out. A class is called through `__init__`."""
        found = self._edges.get(key)
        if found is None:
            path, function = key
            body = self.modules[path].bodies[function]
            value = self.resolver.value
            deferred = _deferred_blocks(body)
            edges = []
            for number, call in enumerate(body.calls):
                if call.block not in deferred and (target := value(path, function, call.callee)) is not None and not _is_blink(target, call):
                    edges.append(Edge(number, call, self._constructor(target)))
            found = self._edges[key] = tuple(edges)
        return found

    def numbered(self, key: FunctionKey) -> Mapping[int, Edge]:
        """The same by the number of the call."""
        found = self._numbered.get(key)
        if found is None:
            found = self._numbered[key] = {edge.number: edge for edge in self.edges(key)}
        return found

    def _constructor(self, target: Ref) -> Ref:
        if target.kind is RefKind.CLASS:
            member = self.resolver.classes.find(target, "__init__")
            if member is not None and isinstance(member[1], int):
                return Ref(RefKind.FUNCTION, f"{member[0].name}.__init__", member[0].path, member[1], receiver=target)
        elif target.kind is RefKind.INSTANCE:
            member = self.resolver.classes.find(target, "__call__")
            if member is not None and isinstance(member[1], int):
                return Ref(RefKind.FUNCTION, f"{member[0].name}.__call__", member[0].path, member[1], receiver=target)
        return target

    def effect(self, target: Ref, aspect: Aspect = Aspect.ALL) -> Effect:
        """The effect of calling something outside the project."""
        if not target.is_external:
            return Effect.NONE
        ask = effect_of if aspect is Aspect.ALL else is_blocking
        found = ask(target.name)
        if found or "." not in target.name:
            return found
        owner, _, method = target.name.rpartition(".")
        for base in external_bases(owner)[1:]:
            if found := ask(f"{base}.{method}"):
                return found
        return Effect.NONE

    def runs_off_loop(self, key: FunctionKey) -> bool:
        """A decorator moves the function to a thread."""
        return self._is_decorated(key, _OFF_LOOP)

    def is_cached(self, key: FunctionKey) -> bool:
        """A decorator, a global or an attribute keeps the result, so only the first call does anything."""
        if key not in self._cached:
            self._cached[key] = self._keeps_result(key) or self._is_decorated(key, _CACHES)
        return self._cached[key]

    def _keeps_result(self, key: FunctionKey) -> bool:
        """``if x is None: x = make()``, then ``return x``, where x outlives the call."""
        body = self.body(key)
        given = {found.value for found in body.returns}
        kept = {assign.target for assign in body.assigns if assign.target in given} if key[1] else set()
        kept = {target for target in kept if target.isidentifier() or target.startswith(("%self.", "%cls."))}
        if not kept or len(kept) > _MOST_KEPT:
            return False
        return any(target in block.subject for block in body.blocks if block.kind in (BlockKind.IF, BlockKind.ORELSE) for target in kept)

    def _is_decorated(self, key: FunctionKey, names: frozenset[str]) -> bool:
        head = self.head(key)
        targets = (self.resolver.decorator(key[0], head.scope, text) for text in head.decorators)
        return any(target is not None and target.name.removesuffix("()") in names for target in targets)

    def follows(self, edge: Edge, aspect: Aspect) -> bool:
        """Whether what the callee does counts for the caller."""
        if edge.target.kind is not RefKind.FUNCTION:
            return False
        if aspect is Aspect.ALL:
            return True
        head = self.head(edge.target.function)
        if head.is_async or edge.call.awaited:
            # a plain function is not awaited: it is another one, or a decorator has moved it
            return False
        return not (self.is_cached(edge.target.function) or (head.decorators and self.runs_off_loop(edge.target.function)))

    def summary(self, key: FunctionKey, aspect: Aspect = Aspect.ALL) -> Effect:
        """All effects of calling a function, through the call graph to a fixed point. With `Aspect.BLOCKING`: through calls of plain functions only."""
        table = self._summaries[aspect]
        if key in table:
            return table[key]
        self._components(key, aspect, table)
        return table[key]

    def direct(self, key: FunctionKey, aspect: Aspect) -> Effect:
        """The effects of the library calls that a function makes itself."""
        total = Effect.NONE
        for edge in self.edges(key):
            if edge.target.is_external:
                total |= self.effect(edge.target, aspect)
        return total

    def _components(self, start: FunctionKey, aspect: Aspect, table: dict[FunctionKey, Effect]) -> None:
        """Tarjan's strongly connected components, without recursion; a component is finished when all it calls is."""
        index: dict[FunctionKey, int] = {start: 0}
        low: dict[FunctionKey, int] = {start: 0}
        effects: dict[FunctionKey, Effect] = {start: self.direct(start, aspect)}
        component: list[FunctionKey] = [start]
        waiting = {start}
        work: list[tuple[FunctionKey, list[FunctionKey]]] = [(start, self._callees(start, aspect))]
        while work:
            key, callees = work[-1]
            if callees:
                callee = callees.pop()
                if callee in table:
                    effects[key] |= table[callee]
                elif callee not in index:
                    index[callee] = low[callee] = len(index)
                    effects[callee] = self.direct(callee, aspect)
                    component.append(callee)
                    waiting.add(callee)
                    work.append((callee, self._callees(callee, aspect)))
                elif callee in waiting:
                    low[key] = min(low[key], index[callee])
                continue
            work.pop()
            if low[key] == index[key]:
                members = []
                while True:
                    member = component.pop()
                    waiting.discard(member)
                    members.append(member)
                    if member == key:
                        break
                total = Effect.NONE
                for member in members:
                    total |= effects[member]
                for member in members:
                    table[member] = total
            if work:
                caller = work[-1][0]
                low[caller] = min(low[caller], low[key])
                effects[caller] |= table.get(key, effects[key])

    def _callees(self, key: FunctionKey, aspect: Aspect) -> list[FunctionKey]:
        return [edge.target.function for edge in self.edges(key) if self.follows(edge, aspect)]

    def reaches(self, key: FunctionKey, effect: Effect, aspect: Aspect = Aspect.ALL, first: Iterable[Edge] | None = None) -> tuple[Step, ...]:
        """The shortest way from a function to a library call with one of the effects; empty if there is none, or only one of more than a hundred calls.

        `first` narrows the calls to start with.
        """
        edges = self.edges(key) if first is None else tuple(first)
        for edge in edges:
            if edge.target.is_external and (found := self.effect(edge.target, aspect) & effect):
                return (Step(key, edge, found),)
        onward = [edge for edge in edges if self.follows(edge, aspect) and edge.target.function != key]
        distances = [distance for edge in onward if (distance := self._distance(edge.target.function, effect, aspect)) >= 0]
        if not distances or min(distances) >= _FARTHEST:
            return ()
        way = self._descend(key, onward, min(distances), effect, aspect)
        # what leads back to the function itself is no way that its caller asked for
        return self._around(key, onward, effect, aspect) if any(step.function == key for step in way[1:]) else way

    def _descend(self, key: FunctionKey, edges: Iterable[Edge], distance: int, effect: Effect, aspect: Aspect) -> tuple[Step, ...]:
        way: list[Step] = []
        while True:
            edge = next(one for one in edges if self.follows(one, aspect) and self._distance(one.target.function, effect, aspect) == distance)
            way.append(Step(key, edge))
            key, edges, distance = edge.target.function, self.edges(edge.target.function), distance - 1
            if distance < 0:
                return (*way, self._last(key, effect, aspect))

    def _last(self, key: FunctionKey, effect: Effect, aspect: Aspect) -> Step:
        return next(
            Step(key, edge, found) for edge in self.edges(key) if edge.target.is_external and (found := self.effect(edge.target, aspect) & effect)
        )

    def _around(self, key: FunctionKey, onward: Iterable[Edge], effect: Effect, aspect: Aspect) -> tuple[Step, ...]:
        """The shortest way that does not come back to `key`, if it is found among the nearest functions."""
        before: dict[FunctionKey, Step] = {}
        queue: collections.deque[tuple[FunctionKey, Iterable[Edge]]] = collections.deque([(key, onward)])
        while queue and len(before) < _NEAREST:
            current, edges = queue.popleft()
            for edge in edges:
                callee = edge.target.function
                if callee == key or callee in before or not self.follows(edge, aspect) or self._distance(callee, effect, aspect) < 0:
                    continue
                before[callee] = Step(current, edge)
                if self._distance(callee, effect, aspect) == 0:
                    way = [self._last(callee, effect, aspect)]
                    while callee != key:
                        way.append(before[callee])
                        callee = before[callee].function
                    return tuple(reversed(way))
                queue.append((callee, self.edges(callee)))
        return ()

    def _distance(self, key: FunctionKey, effect: Effect, aspect: Aspect) -> int:
        """How many calls lie between a function and the nearest library call with one of the effects; -1 if it reaches none."""
        table = self._distances.setdefault((effect, aspect), {})
        if key not in table:
            self._measure(key, effect, aspect, table)
        return table[key]

    def _measure(self, start: FunctionKey, effect: Effect, aspect: Aspect, table: dict[FunctionKey, int]) -> None:
        """Fills in all that `start` reaches, each function once however often it is asked for: breadth first from the library calls back to the callers."""
        callers: dict[FunctionKey, list[FunctionKey]] = {}
        waiting: list[tuple[int, FunctionKey]] = []
        pending = [start]
        found = {start}
        while pending:
            key = pending.pop()
            if not self.summary(key, aspect) & effect:
                continue
            if self.direct(key, aspect) & effect:
                waiting.append((0, key))
            for callee in self._callees(key, aspect):
                callers.setdefault(callee, []).append(key)
                if table.get(callee, -1) >= 0:
                    waiting.append((table[callee] + 1, key))
                elif callee not in table and callee not in found:
                    found.add(callee)
                    pending.append(callee)
        heapq.heapify(waiting)
        while waiting:
            distance, key = heapq.heappop(waiting)
            if key not in table:
                table[key] = distance
                for caller in callers.get(key, ()):
                    heapq.heappush(waiting, (distance + 1, caller))
        for key in found:
            table.setdefault(key, -1)

    def callers(self, key: FunctionKey) -> list[tuple[FunctionKey, Edge]]:
        """Who calls a function, in the order of paths and lines. The first question resolves every call of the project."""
        if self._callers is None:
            table: dict[FunctionKey, list[tuple[FunctionKey, Edge]]] = {}
            for path in sorted(self.modules):
                for number in range(len(self.modules[path].functions)):
                    for edge in self.edges((path, number)):
                        if edge.target.kind is RefKind.FUNCTION:
                            table.setdefault(edge.target.function, []).append(((path, number), edge))
            self._callers = table
        return self._callers.get(key, [])

    def evidence(self, way: Iterable[Step]) -> tuple[Evidence, ...]:
        """A way as evidence lines: ``charge() calls client.post``."""
        return tuple(Evidence(step.function[0], step.edge.call.line, f"{self.label(step.function)} calls {step.edge.target.name}") for step in way)

    def label(self, key: FunctionKey) -> str:
        """A function's name for messages: ``charge()``, ``Billing.charge()``; the module body is named by its file."""
        name = self.head(key).name.replace(".<locals>", "")
        return key[0].rpartition("/")[2] if name == "<module>" else f"{name}()"


def _is_blink(target: Ref, call: Call) -> bool:
    """A sleep so short that nobody waits for it: it gives way to others, or keeps two times apart."""
    if target.name != "time.sleep" or not call.args:
        return False
    seconds = constant_number(call.args[0])
    return seconds is not None and seconds <= _BLINK


def _deferred_blocks(body: Body) -> frozenset[int]:
    deferred: set[int] = set()
    for index, block in enumerate(body.blocks):
        if block.kind is BlockKind.LAMBDA or block.parent in deferred:
            deferred.add(index)
    return frozenset(deferred)
