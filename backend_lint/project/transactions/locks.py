"""Which rows a function locks, and what else keeps two runs of it apart."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.queries.django_names import ENDING_ASYNC, REFINING
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids, parse

if TYPE_CHECKING:
    from backend_lint.project import Project

_LOCKING = frozenset({"select_for_update", "with_for_update", "with_lockmode"})
_UPSERTS = frozenset({"on_conflict_do_update", "on_duplicate_key_update"})
"""The row that is there is updated, and so locked until the commit."""
_MOST_CALLERS = 12
NO_ROWS = frozenset({"create", "bulk_create", "count", "aggregate", "update", "delete"})
"""Endings after which the database is not asked ``FOR UPDATE``: Django leaves it out of aggregates and writes."""
_APART = lazy_regex(r"lock|mutex|semaphore|exclusive|advisory|serializ|single_instance|singleton|debounce|once_at|(?:run|only)_once|for_update", re.IGNORECASE)
"""Names of what lets only one in: context managers, decorators, calls."""
_NOT_APART = lazy_regex(r"block|locked_out|unlock|is_locked|locked_at|clock|lockout|serializer|serialize", re.IGNORECASE)
_LEVEL = lazy_regex(r"serializable|repeatable.?read", re.IGNORECASE)
_HOPS = 2


class Locks:
    """Answers for one project; they are kept."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._first: dict[FunctionKey, int] = {}
        self._around: dict[FunctionKey, bool] = {}
        self._held_by_callers: dict[FunctionKey, bool] = {}

    def held(self, key: FunctionKey, number: int) -> bool:
        """Whether something keeps others out when call or assignment after call `number` runs: a row lock, or a lock of another kind."""
        return self.first(key) <= number or self.is_kept_apart(key) or self._is_held_by_callers(key, 0)

    def _is_held_by_callers(self, key: FunctionKey, depth: int) -> bool:
        """All who call the function hold a lock of their own while they do."""
        known = self._held_by_callers.get(key)
        if known is None:
            self._held_by_callers[key] = False
            if self._project.entries.of(key):
                return False
            callers = self._project.transactions.reach.callers(key)
            known = 0 < len(callers) <= _MOST_CALLERS and all(self._holds(caller, edge.number, depth) for caller, edge in callers)
            self._held_by_callers[key] = known
        return known

    def _holds(self, caller: FunctionKey, number: int, depth: int) -> bool:
        if self._project.modules[caller[0]].role is Role.TEST or not caller[1]:
            return self._project.modules[caller[0]].role is Role.TEST
        return self._other(caller) <= number or self.is_kept_apart(caller) or (depth < _HOPS and self._is_held_by_callers(caller, depth + 1))

    def _other(self, key: FunctionKey) -> int:
        """The number of the first call that takes a lock which is no row's."""
        calls = self._project.calls.body(key).calls
        names = ((number, call.callee.rpartition(".")[2]) for number, call in enumerate(calls))
        return next((number for number, name in names if name not in _LOCKING and _lets_one_in(name)), 1 << 30)

    def first(self, key: FunctionKey) -> int:
        """The number of the first call of a function that locks rows, or hands its work to one that does; a number above all if none does."""
        found = self._first.get(key)
        if found is None:
            self._first[key] = 1 << 30
            found = self._first[key] = self._look(key, 0)
        return found

    def _look(self, key: FunctionKey, depth: int) -> int:
        body = self._project.calls.body(key)
        for number, call in enumerate(body.calls):
            name = call.callee.rpartition(".")[2]
            if name in _LOCKING:
                if locks_rows(body, number):
                    return number
                continue
            if any(word in ("with_for_update", "for_update") and text not in ("False", "None") for word, text in call.keywords):
                return number
            if name in _UPSERTS or _lets_one_in(name):
                return number
        for site in self._project.queries.at(*key):
            if site.query.locks and site.call >= 0 and site.source == "sql":
                return site.call
        if depth < _HOPS:
            for edge in self._project.calls.edges(key):
                if edge.target.kind is RefKind.FUNCTION and edge.target.function != key and self._locks_for_caller(edge.target.function, depth):
                    return edge.number
        return 1 << 30

    def _locks_for_caller(self, key: FunctionKey, depth: int) -> bool:
        names = [call.callee.rpartition(".")[2] for call in self._project.calls.body(key).calls]
        return any(name in _LOCKING or name in _UPSERTS for name in names) and self._look(key, depth + 1) < 1 << 30

    def is_kept_apart(self, key: FunctionKey) -> bool:
        """A decorator, or the way it is called, lets only one run at a time."""
        found = self._around.get(key)
        if found is None:
            found = self._around[key] = self._lets_one_in(key)
        return found

    def _lets_one_in(self, key: FunctionKey) -> bool:
        head = self._project.calls.head(key)
        calls = self._project.modules[key[0]].bodies[head.scope].calls
        texts = [calls[int(text[1:])].callee if text[:1] == "#" and text[1:].isdigit() else text for text in head.decorators]
        body = self._project.calls.body(key)
        subjects = [block.subject for block in body.blocks if block.kind is BlockKind.WITH]
        texts += [text for text in subjects if text[:1] != "#"]
        return any(_lets_one_in(text.rpartition(".")[2]) for text in texts)

    @functools.cached_property
    def is_serializable(self) -> bool:
        """The project asks the database for a stricter isolation than READ COMMITTED, under which one of two such transactions fails."""
        for module in self._project.modules.values():
            if b"isolation_level" not in bytes(module.facts.bodies):
                continue
            for body in module.bodies:
                for call in body.calls:
                    if any(name == "isolation_level" and _LEVEL.search(text) for name, text in call.keywords):
                        return True
            if any("isolation_level" in assign.value + assign.target and _LEVEL.search(assign.value) for assign in module.bodies[0].assigns):
                return True
        return False


def _lets_one_in(name: str) -> bool:
    return bool(_APART.search(name)) and not _NOT_APART.search(name)


def locks_rows(body: Body, number: int) -> bool:
    """Whether the queryset or statement of a call such as ``select_for_update`` is ever run, and brings rows that exist.

    A queryset is lazy: ``Account.objects.select_for_update().filter(pk=1)`` alone asks nothing. ``create()`` and aggregates lock nothing either.
    """
    if body.calls[number].callee.rpartition(".")[2] in ("with_for_update", "with_lockmode"):
        return True
    chain = {number}
    for index in range(number + 1, len(body.calls)):
        call = body.calls[index]
        parsed = parse(call.callee)
        if parsed is not None and parsed.root[:1] == "#" and int(parsed.root[1:]) in chain and len(parsed.steps) == 1:
            method = call.callee.rpartition(".")[2]
            method = ENDING_ASYNC.get(method, method)
            if method in REFINING and call.use is not Use.ITERATED:
                chain.add(index)
            elif method not in NO_ROWS:
                return True
    return any(chain.intersection(call_ids(text)) for text in _uses(body, chain))


def _uses(body: Body, chain: set[int]) -> list[str]:
    """The texts in which a queryset may be run without a method: loops, arguments, tests, what is returned."""
    texts = [block.subject for block in body.blocks]
    for index, call in enumerate(body.calls):
        if index not in chain:
            texts += [*call.args, *(text for _, text in call.keywords)]
            texts += [call.callee] if "[" in call.callee else []
    texts += [one.value for one in body.returns] + [one.value for one in body.yields]
    texts += [text for _, text, _ in body.conditions] + [text for _, _, text, _ in body.reads] + [one[4] for one in body.sizes]
    texts += [assign.value for assign in body.assigns if not assign.target[1:].isidentifier() or "[" in assign.value or "(" in assign.value]
    return texts
