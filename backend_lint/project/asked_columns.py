"""The columns that a query compares for equality."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.query import And, Comparison, Not, Or, Predicate, Query, TermKind


def asked_columns(query: Query) -> Iterator[tuple[str, str]]:
    """Tables and columns that a query and its subqueries compare for equality."""
    for predicate in (query.where, *(relation.on for relation in query.relations)):
        for comparison in _comparisons(predicate):
            if comparison.operator in ("=", "in", "is not distinct from"):
                for term in (comparison.left, comparison.right):
                    if term.kind is TermKind.COLUMN and 0 <= term.relation < len(query.relations) and query.relations[term.relation].table:
                        yield query.relations[term.relation].table, term.column
    for inner in query.subqueries:
        yield from asked_columns(inner)


def _comparisons(predicate: Predicate | None) -> Iterator[Comparison]:
    if isinstance(predicate, Comparison):
        yield predicate
    elif isinstance(predicate, (And, Or)):
        for part in predicate.parts:
            yield from _comparisons(part)
    elif isinstance(predicate, Not):
        yield from _comparisons(predicate.part)
