"""Rows of owned tables that are looked up by what a caller sent, and whether the query asks whose they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.query import Comparison, Predicate, Query, Rows, Site, TermKind, Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.ownership.frames import Frames
from backend_lint.project.ownership.keys import Keys
from backend_lint.project.references import RefKind
from backend_lint.project.taint.passing import argument, shift_of
from backend_lint.sql.conditions import conjuncts, required

if TYPE_CHECKING:
    from backend_lint.project import Project

_DEEPEST = 3
_CAPABILITY = lazy_regex(r"token|(?:^|_)key|code|secret|hash|nonce|invit|signature|otp", re.IGNORECASE)
"""Columns whose value only he can know whom it was given to."""
_SHOWN = lazy_regex(r"(?:^|_)(?:public|published|publicly_visible|visibility|listed)$", re.IGNORECASE)
_VERBS = (Verb.SELECT, Verb.UPDATE, Verb.DELETE)


class Lookup(NamedTuple):
    """A query for one row by a value of the request.

    `handler`: the function that answers the request; `call`: the call in it that runs the query or leads to it; `way`: the calls from the handler to the
    query. `given`: the values in the handler that choose the row, with all that they are made of.
    """

    handler: FunctionKey
    call: int
    site: Site
    table: str
    way: tuple[tuple[FunctionKey, Edge], ...]
    given: frozenset[str]


class Lookups:
    """Finds the lookups of handlers."""

    def __init__(self, project: Project, frames: Frames, keys: Keys) -> None:
        self._project = project
        self._frames = frames
        self._keys = keys
        self.users = keys.users

    def of(self, handler: FunctionKey, chooses: Callable[[Site], bool] | None = None) -> Iterator[Lookup]:
        """The lookups that a handler makes itself or through functions that it hands the value to; of one row, or those that `chooses` tells."""
        chooses = chooses or self._chooses
        for site in self._project.queries.at(*handler):
            table = self.table(site)
            if table and chooses(site):
                behind = self._frames.chosen_by(handler, site.call)
                if self._frames.is_sent(handler, behind):
                    yield Lookup(handler, site.call, site, table, (), behind)
        for edge in self._project.calls.edges(handler):
            if edge.target.kind is RefKind.FUNCTION:
                yield from self._through(handler, edge, chooses)

    def _through(self, handler: FunctionKey, first: Edge, chooses: Callable[[Site], bool]) -> Iterator[Lookup]:
        waiting: list[tuple[tuple[tuple[FunctionKey, Edge], ...], FunctionKey]] = [(((handler, first),), first.target.function)]
        seen = {handler}
        while waiting:
            way, key = waiting.pop(0)
            if key in seen:
                continue
            seen.add(key)
            for site in self._project.queries.at(*key):
                table = self.table(site)
                if table and chooses(site):
                    given = self._given(way, key, self._frames.chosen_by(key, site.call))
                    if given and self._frames.is_sent(handler, given):
                        yield Lookup(handler, first.number, site, table, way, given)
            if len(way) < _DEEPEST:
                onward = [edge for edge in self._project.calls.edges(key) if edge.target.kind is RefKind.FUNCTION]
                waiting += [((*way, (key, edge)), edge.target.function) for edge in onward]

    def _given(self, way: tuple[tuple[FunctionKey, Edge], ...], key: FunctionKey, behind: frozenset[str]) -> frozenset[str]:
        """What stands in the handler for the parameters that a value of a function depends on."""
        for caller, edge in reversed(way):
            head = self._frames.head(key)
            shift = shift_of(head, edge.call.callee)
            found: set[str] = set()
            for parameter in head.parameters:
                if f"%{parameter.name}" in behind and parameter.name not in ("self", "cls"):
                    value = argument(head, edge.call, parameter.name, shift)
                    if value:
                        found |= self._frames.behind(caller, value, closed=self._frames.rows(caller))
            key, behind = caller, frozenset(found)
        return behind

    def table(self, site: Site) -> str:
        """The table whose row a query is for, by the name that the schema knows it by; empty if none is known."""
        query = site.query
        if query.verb not in _VERBS or not query.relations or site.call < 0 or not query.relations[0].table or site.variant:
            return ""
        known = self._project.schema.table(query.relations[0].table)
        return known.name if known is not None else ""

    def _chooses(self, site: Site) -> bool:
        """Whether a query finds one row by a value that is compared for equality."""
        query = site.query
        if query.verb is Verb.SELECT and query.rows is not Rows.ONE:
            return False
        equal = [one for one in required(query.where) if one.operator == "=" and one.right.kind is TermKind.PARAMETER]
        compared = [one.left.column for one in equal if one.left.relation == 0]
        return bool(compared) and not any(_CAPABILITY.search(column) for column in compared)

    def is_scoped(self, query: Query) -> bool | None:
        """Whether a query is limited by an owner; None if some part of it is not understood."""
        if query.unknown or any(inner.unknown for inner in query.subqueries):
            return None
        tables = [relation.table for relation in query.relations]
        conditions = [query.where, *(relation.on for relation in query.relations[1:])]
        if len([table for table in tables if table]) > 1 and any(self._is_owner(table) for table in tables[1:]):
            return True
        if query.subqueries:
            return True
        for condition in conditions[:1]:
            if not _is_plain(condition):
                return None
            for one in required(condition):
                for term in (one.left, one.right):
                    if term.kind is TermKind.COLUMN and 0 <= term.relation < len(tables) and term.column in self._columns(tables[term.relation]):
                        return True
        return False

    def is_plain(self, query: Query) -> bool:
        """Whether a query asks for nothing but the number or the name of the row: no state, no owner, nothing that is not understood."""
        asked = conjuncts(query.where)
        return not query.unknown and not query.subqueries and len(asked) == 1 and isinstance(asked[0], Comparison)

    def is_of_shown(self, query: Query) -> bool:
        """Whether a query asks for rows that their owners show to others: ``is_public=True``."""
        return any(isinstance(one, Comparison) and _SHOWN.search(one.left.column) for one in conjuncts(query.where))

    def _columns(self, table: str) -> frozenset[str]:
        known = self._project.schema.table(table)
        return self._keys.scoping(known.name) if known is not None else frozenset()

    def _is_owner(self, table: str) -> bool:
        known = self._project.schema.table(table)
        return known is not None and (known.name in self._keys.users or known.name in self._keys.tenants or bool(self._keys.of(known.name)))


def _is_plain(predicate: Predicate | None) -> bool:
    """Only comparisons that all have to hold."""
    return all(isinstance(part, Comparison) for part in conjuncts(predicate))
