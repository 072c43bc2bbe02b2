"""The columns that a query compares for equality."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.query import Query, TermKind
from backend_lint.sql.conditions import comparisons

if TYPE_CHECKING:
    from backend_lint.facts.schema import Index, Table
    from backend_lint.project import Project


def asked_columns(query: Query) -> Iterator[tuple[str, str]]:
    """Tables and columns that a query and its subqueries compare for equality."""
    for predicate in (query.where, *(relation.on for relation in query.relations)):
        for comparison in comparisons(predicate):
            if comparison.operator in ("=", "in", "is not distinct from"):
                for term in (comparison.left, comparison.right):
                    if term.kind is TermKind.COLUMN and 0 <= term.relation < len(query.relations) and query.relations[term.relation].table:
                        yield query.relations[term.relation].table, term.column
    for inner in query.subqueries:
        yield from asked_columns(inner)


def asks_by_value(query: Query, table: str, columns: Collection[str]) -> bool:
    """Some of the columns is compared with a value, not only with what is joined: it is one parent whose rows are asked for."""
    for comparison in comparisons(query.where):
        for term, other in ((comparison.left, comparison.right), (comparison.right, comparison.left)):
            mine = term.kind is TermKind.COLUMN and term.column in columns and 0 <= term.relation < len(query.relations)
            if mine and query.relations[term.relation].table == table and other.kind in (TermKind.PARAMETER, TermKind.CONSTANT):
                return True
    return any(asks_by_value(inner, table, columns) for inner in query.subqueries)


def asked_by_pattern(project: Project, table: Table, index: Index) -> bool:
    """Some query searches an index's column by its beginning, and with the index goes the one for patterns that Django makes beside it."""
    name = index.keys[0].column
    if len(index.keys) > 1 or not any(one.keys[0].column == name and one.keys[0].opclass for one in table.indexes if one.keys):
        return False
    for site in project.queries.sites:
        relations = site.query.relations
        for one in comparisons(site.query.where):
            known = one.operator == "like" and one.left.column == name and 0 <= one.left.relation < len(relations)
            if known and relations[one.left.relation].table == table.name:
                return True
    return False
