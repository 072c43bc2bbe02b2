"""Columns without a table in front: which relation they belong to, once the schema is known. What it does not tell stays unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from backend_lint.facts.query import And, Comparison, Exists, Not, Or, OrderKey, Predicate, Query, Relation, Term, TermKind
from backend_lint.sql.conditions import comparison

ColumnsOf = Callable[[str], "Sequence[str] | None"]
"""The columns of a table, None if they are not all known."""


def resolve(query: Query, columns_of: ColumnsOf, outer: Query | None = None) -> Query:
    """The query with every unqualified column given to the relation that has it. `outer` is the query around it."""
    return _Resolution(query, columns_of, outer).resolved() if _needs(query, outer is not None) else query


def _needs(query: Query, nested: bool) -> bool:
    """Whether anything is open: a column of no relation, or in a subquery, where a bare name may be the outer query's."""
    return len(query.relations) > 1 or nested or any(_needs(inner, True) for inner in query.subqueries)


class _Resolution:
    def __init__(self, query: Query, columns_of: ColumnsOf, outer: Query | None) -> None:
        self.query = query
        self.columns_of = columns_of
        self.outer = outer
        self.known = [self._columns(relation) for relation in query.relations]

    def _columns(self, relation: Relation) -> frozenset[str] | None:
        if relation.table:
            found = self.columns_of(relation.table)
            return None if found is None else frozenset(name.lower() for name in found)
        if 0 <= relation.subquery < len(self.query.subqueries):
            return self._selected(self.query.subqueries[relation.subquery])
        return None

    def _selected(self, inner: Query) -> frozenset[str] | None:
        """The names that a subquery gives."""
        if inner.names:
            return frozenset(inner.names)
        if len(inner.relations) == 1 and inner.relations[0].table and not inner.selected:
            found = self.columns_of(inner.relations[0].table)
            return None if found is None else frozenset(name.lower() for name in found)
        return None

    def resolved(self) -> Query:
        query = self.query
        if len(query.relations) > 1 or self.outer is not None:
            relations = tuple(replace(one, on=self.predicate(one.on, number)) if one.on is not None else one for number, one in enumerate(query.relations))
            query = replace(
                query,
                relations=relations,
                where=self.predicate(query.where) if query.where is not None else None,
                order=tuple(OrderKey(self.term(key.term), key.descending, key.nulls_first) for key in query.order),
                group=tuple(self.term(one) for one in query.group),
                selected=tuple(self.term(one) for one in query.selected),
            )
        if query.subqueries:
            query = replace(query, subqueries=tuple(resolve(inner, self.columns_of, self.query) for inner in query.subqueries))
        return query

    def predicate(self, predicate: Predicate | None, before: int = -1) -> Predicate | None:
        """The condition with its terms settled; `before`: the relation whose join condition it is."""
        if isinstance(predicate, Comparison):
            left, right = self.term(predicate.left, before), self.term(predicate.right, before)
            return predicate if left is predicate.left and right is predicate.right else comparison(left, predicate.operator, right, predicate.values)
        if isinstance(predicate, (And, Or)):
            parts = tuple(found for part in predicate.parts if (found := self.predicate(part, before)) is not None)
            return type(predicate)(parts)
        if isinstance(predicate, Not):
            inner = self.predicate(predicate.part, before)
            return predicate if inner is None else Not(inner)
        assert predicate is None or isinstance(predicate, Exists) or predicate
        return predicate

    def term(self, term: Term, before: int = -1) -> Term:
        """The term with its relation, if one and only one can have the column."""
        if term.kind is TermKind.COLUMN:
            if term.relation >= 0 and not (self.outer is not None and len(self.query.relations) == 1):
                return term
            number = self._owner(term.column, before)
            if number is None:
                return self._outer(term)
            return term if number == term.relation or number < 0 else replace(term, relation=number)
        if term.kind is TermKind.EXPRESSION and term.relation < 0:
            owners = {self._owner(column, before) for column in term.columns}
            if len(owners) == 1 and (number := owners.pop()) is not None and number >= 0:
                return replace(term, relation=number)
            if None not in owners and -1 not in owners and len(owners) > 1:
                return Term(TermKind.MIXED, text=term.text, columns=term.columns)
        return term

    def _owner(self, column: str, before: int) -> int | None:
        """The relation that has the column: -1 if that is not known, None if none has it."""
        name = column.lower()
        having = [number for number, columns in enumerate(self.known) if columns is not None and name in columns]
        unknown = [number for number, columns in enumerate(self.known) if columns is None]
        if having:
            # with USING several have it, and it is the first that counts
            return having[0] if len(having) == 1 or before >= 0 else -1
        if len(unknown) == 1 and len(self.known) > 1:
            return unknown[0]
        return -1 if unknown else None

    def _outer(self, term: Term) -> Term:
        """A name that no relation of a subquery has is the outer query's."""
        if self.outer is None:
            return term
        around = _Resolution(self.outer, self.columns_of, None)
        number = around._owner(term.column, -1)
        return Term(TermKind.OUTER, number, term.column) if number is not None and number >= 0 else term
