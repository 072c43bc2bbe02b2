"""Which code runs inside a transaction that somebody has opened: lexically, and through the call graph."""

from __future__ import annotations

import collections
import enum
import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Use
from backend_lint.facts.route import EntryKind
from backend_lint.project.calls import Edge, FunctionKey, Step
from backend_lint.project.chosen_branches import rules_out
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.framework import ALWAYS, opened_by_django
from backend_lint.project.transactions.requests import Setting, atomic_requests
from backend_lint.project.transactions.scopes import LEFT_OUT, Scope, Scopes
from backend_lint.project.transactions.units import committed_by_dependencies

if TYPE_CHECKING:
    from backend_lint.project import Project

_FARTHEST = 4
"""Calls between the place that opens a transaction and what is said to run in it: further away nobody would look for it."""
_MOVES_AWAY = ("commit", "thread", "async", "background", "defer", "later", "queue")
"""Words in a decorator's name that say that the function does not run where it is called."""
_MOST_CALLERS = 40
_MAX_DEPTH = 40
"""Callers of callers that are asked."""


class Open(enum.Enum):
    """Whether a transaction is open."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Inside(msgspec.Struct, frozen=True):
    """A transaction is open: `scope` opened it, `way` are the calls from there to the function asked about; empty if that opened it."""

    scope: Scope
    way: tuple[Step, ...] = ()


class _Entered(msgspec.Struct, frozen=True):
    scope: Scope
    distance: int
    caller: FunctionKey | None = None
    edge: Edge | None = None


class Reach:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.scopes = Scopes(project)
        self._states: dict[FunctionKey, Open] = {}
        self._depth = 0
        self._callers: dict[FunctionKey, list[tuple[FunctionKey, Edge]]] = {}

    @functools.cached_property
    def setting(self) -> Setting:
        """``ATOMIC_REQUESTS``."""
        return atomic_requests(self._project)

    def inside(self, key: FunctionKey, block: int = 0) -> Inside | None:
        """The transaction that is certainly open at least once when block `block` of a function runs; None if none is, or that is not known."""
        own = next(self.scopes.around(key, block), None)
        if own is not None:
            return Inside(own)
        found = self._entered.get(key)
        if found is not None and found.edge is not None and rules_out(self._project, found.edge, block):
            return None
        return self.entered(key)

    def is_always_open(self, key: FunctionKey, block: int = 0) -> bool:
        """Whether one is open however the function is called: it opens one itself, or Django does for what it calls."""
        if next(self.scopes.around(key, block), None) is not None:
            return True
        found = self._entered.get(key)
        return found is not None and found.distance == 0 and found.scope.what.startswith(ALWAYS)

    def entered(self, key: FunctionKey) -> Inside | None:
        """The transaction that is open when the function is called from some place."""
        found = self._entered.get(key)
        if found is None or self._asks(key):
            return None
        scope = found.scope
        way: list[Step] = []
        while found is not None and found.caller is not None and found.edge is not None:
            way.append(Step(found.caller, found.edge))
            found = self._entered.get(found.caller) if found.distance > 1 else None
        return Inside(scope, tuple(reversed(way)))

    @functools.cached_property
    def _entered(self) -> Mapping[FunctionKey, _Entered]:
        """Breadth first from the places that open one, so that the shortest way is shown."""
        found: dict[FunctionKey, _Entered] = {}
        queue: collections.deque[FunctionKey] = collections.deque()
        for key, scope in (*opened_by_django(self._project, self.setting), *committed_by_dependencies(self._project)):
            if key not in found and 0 not in self.scopes.of(key):
                found[key] = _Entered(scope, 0)
                queue.append(key)
        for key in self.scopes.all:
            for edge in self._project.calls.edges(key):
                if self.runs_here(edge) and (scope_here := next(self.scopes.around(key, edge.call.block), None)) is not None:
                    callee = edge.target.function
                    if callee not in found:
                        found[callee] = _Entered(scope_here, 1, key, edge)
                        queue.append(callee)
        while queue:
            key = queue.popleft()
            entered = found[key]
            if entered.distance >= _FARTHEST or self._asks(key):
                continue
            for edge in self._project.calls.edges(key):
                callee = edge.target.function
                if entered.edge is not None and rules_out(self._project, entered.edge, edge.call.block):
                    continue
                if self.runs_here(edge) and callee not in found:
                    found[callee] = _Entered(entered.scope, entered.distance + 1, key, edge)
                    queue.append(callee)
        return found

    def runs_here(self, edge: Edge) -> bool:
        """The function that is called runs before the call returns."""
        if edge.target.kind is not RefKind.FUNCTION:
            return False
        key = edge.target.function
        head = self._project.calls.head(key)
        if head.is_async and not edge.call.awaited:
            return False
        if head.is_generator and edge.call.use not in (Use.CONTEXT, Use.ITERATED):
            return False
        return not any(word in name for name in map(str.lower, self._decorators(key)) for word in _MOVES_AWAY)

    def _decorators(self, key: FunctionKey) -> list[str]:
        head = self._project.calls.head(key)
        calls = self._project.modules[key[0]].bodies[head.scope].calls
        texts = [calls[int(text[1:])].callee if text[:1] == "#" and text[1:].isdigit() else text for text in head.decorators]
        return [text.rpartition(".")[2] for text in texts]

    def _asks(self, key: FunctionKey) -> bool:
        """The function looks whether it is in a transaction, and does one thing or the other."""
        return any("in_atomic_block" in block.subject or "in_transaction" in block.subject for block in self._project.calls.body(key).blocks)

    # -- certainly not -----------------------------------------------------------------------------

    def state(self, key: FunctionKey, block: int = 0) -> Open:
        """Whether a transaction is open: yes if some way is known on which it is, no only if all ways are known and none is."""
        if self.inside(key, block) is not None:
            return Open.YES
        return self._state(key)

    def _state(self, key: FunctionKey) -> Open:
        known = self._states.get(key)
        if known is None:
            if self._depth > _MAX_DEPTH:
                return Open.UNKNOWN
            self._states[key] = Open.UNKNOWN
            self._depth += 1
            try:
                known = self._states[key] = self._find(key)
            finally:
                self._depth -= 1
        return known

    def _find(self, key: FunctionKey) -> Open:
        if self.entered(key) is not None:
            return Open.YES
        entries = self._project.entries.of(key)
        if any(entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET) for entry in entries) and self.setting.value is None:
            return Open.UNKNOWN
        callers = [(caller, edge) for caller, edge in self.callers(key) if self._project.modules[caller[0]].role not in LEFT_OUT]
        if len(callers) > _MOST_CALLERS:
            return Open.UNKNOWN
        if not entries and not callers:
            return Open.NO if self._hooked(key) else Open.UNKNOWN
        for caller, edge in callers:
            if next(self.scopes.around(caller, edge.call.block), None) is not None:
                return Open.YES
            if caller[1] and caller != key and self._state(caller) is not Open.NO:
                return Open.UNKNOWN
        return Open.NO

    def _hooked(self, key: FunctionKey) -> bool:
        """A framework calls it on behalf of a route, and no transaction is open around routes."""
        found = self._project.entries.reaching(key)
        return found is not None and not found[1] and self.setting.value is False and not self._runs_in_view(key)

    def _runs_in_view(self, key: FunctionKey) -> bool:
        """A view that knows the class of the method has the framework save, or do as it does itself, inside a transaction."""
        module = self._project.modules[key[0]]
        head = module.functions[key[1]]
        if head.owner < 0:
            return False
        owner, method = module.classes[head.owner].name, head.name.rpartition(".")[2]
        for name in {method, f"perform_{method}", "save"}:
            for path, function, number in self._project.named_calls.by_name.get(name, ()):
                if function <= 0 or (path, function) == key or not self.scopes.of((path, function)):
                    continue
                other = self._project.modules[path]
                if path != key[0] and not any(one.name == owner for one in other.facts.imports):
                    continue
                if next(self.scopes.around((path, function), other.bodies[function].calls[number].block), None) is not None:
                    return True
        return False

    def callers(self, key: FunctionKey) -> list[tuple[FunctionKey, Edge]]:
        """The calls of a function, found by its name."""
        found = self._callers.get(key)
        if found is None:
            calls = self._project.calls
            named = self._project.loads.sqlalchemy.callers.of(*key)
            found = []
            for one in named or ():
                call = calls.body((one.path, one.function)).calls[one.call]
                target = self._project.value(one.path, one.function, call.callee)
                if target is not None:
                    found.append(((one.path, one.function), Edge(one.call, call, target)))
            self._callers[key] = found
        return found
