"""What a function does to the database, call by call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import Verb
from backend_lint.project.blocks import is_deferred
from backend_lint.project.calls import Edge, FunctionKey, Step
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.reach import Reach

if TYPE_CHECKING:
    from backend_lint.project import Project

_STATEMENTS = frozenset({"execute", "executemany", "exec", "scalar", "scalars", "fetch", "fetchrow", "fetchval"})
_CHANGES = frozenset({"add", "set", "remove", "clear"})
_OWN_SAVEPOINT = frozenset({"get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create"})
"""Django runs their insert in a savepoint of its own."""


class Work:
    """Answers for one project; they are kept."""

    def __init__(self, project: Project, reach: Reach) -> None:
        self._project = project
        self._reach = reach
        self._found: dict[FunctionKey, dict[int, Effect]] = {}
        self._numbers: dict[FunctionKey, list[int]] = {}

    def of(self, key: FunctionKey) -> dict[int, Effect]:
        """Reads and writes of the database by the number of the call, in the order of calls; those of functions of the project too."""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = dict(sorted(self._look(key).items()))
        return found

    def numbers(self, key: FunctionKey) -> list[int]:
        """The numbers of the calls that read or write, those in lambdas left out."""
        found = self._numbers.get(key)
        if found is None:
            body = self._project.calls.body(key)
            found = self._numbers[key] = [number for number in self.of(key) if not is_deferred(body, body.calls[number].block)]
        return found

    def writes(self, key: FunctionKey) -> list[int]:
        """The numbers of the calls that write."""
        return [number for number, effect in self.of(key).items() if effect & Effect.DATABASE_WRITE]

    def _look(self, key: FunctionKey) -> dict[int, Effect]:
        calls = self._project.calls
        found: dict[int, Effect] = {}
        for edge in calls.edges(key):
            if edge.target.is_external:
                if edge.call.callee.rpartition(".")[2] in _STATEMENTS and calls.effect(edge.target) & Effect.DATABASE:
                    continue
                effect = calls.effect(edge.target) & Effect.DATABASE
            elif edge.target.kind is RefKind.FUNCTION and edge.target.function != key:
                effect = calls.summary(edge.target.function) & Effect.DATABASE
            else:
                effect = Effect.NONE
            if effect:
                found[edge.number] = effect
        for site in self._project.queries.at(*key):
            if site.evaluated and site.call >= 0:
                found[site.call] = found.get(site.call, Effect.NONE) | (Effect.DATABASE_READ if site.query.verb is Verb.SELECT else Effect.DATABASE_WRITE)
        return found | self._of_relations(key)

    def _of_relations(self, key: FunctionKey) -> dict[int, Effect]:
        """``book.authors.add(a)``."""
        loads = self._project.loads
        if not loads.uses_django:
            return {}
        found = {}
        for number, call in enumerate(self._project.calls.body(key).calls):
            receiver, _, method = call.callee.rpartition(".")
            base, _, name = receiver.rpartition(".")
            if method in _CHANGES and base:
                owner = loads.django.instance(*key, base)
                mapped = self._project.schema.mapped.get(owner) if owner is not None else None
                if mapped is not None and (relation := mapped.relationships.get(name)) is not None and relation.many:
                    found[number] = Effect.DATABASE_WRITE
        return found

    def breaks_transaction(self, key: FunctionKey, number: int, *, reads: bool) -> bool:
        """Whether an error of a call leaves the transaction around it unusable: the database is asked, and no savepoint lies between."""
        call = self._project.calls.body(key).calls[number]
        if call.callee.rpartition(".")[2] in _OWN_SAVEPOINT:
            return False
        effect = self.of(key).get(number, Effect.NONE)
        wanted = Effect.DATABASE if reads else Effect.DATABASE_WRITE
        if not effect & wanted:
            return False
        edge = self._project.calls.numbered(key).get(number)
        if edge is None or edge.target.kind is not RefKind.FUNCTION:
            return True
        return self._unguarded(key, edge, wanted)

    def _unguarded(self, key: FunctionKey, edge: Edge, wanted: Effect) -> bool:
        way = self._project.calls.reaches(key, wanted, first=(edge,))
        return bool(way) and len(way) <= 3 and not any(self._saved(step) for step in way[1:])

    def _saved(self, step: Step) -> bool:
        if step.edge.call.callee.rpartition(".")[2] in _OWN_SAVEPOINT:
            return True
        return any(scope.savepoint or scope.session for scope in self._reach.scopes.around(step.function, step.edge.call.block))
