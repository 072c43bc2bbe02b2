"""Pieces of SQL inside a query: ``text("age > 3")`` among its conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.query import Exists, Opaque, Predicate, Term, TermKind
from backend_lint.project.queries.sqlalchemy_draft import Draft
from backend_lint.sql.conditions import conjunction, disjunction, mapped
from backend_lint.sql.text import identifier

if TYPE_CHECKING:
    from backend_lint.facts.query import Query
    from backend_lint.project import Project

_MAX_FRAGMENT = 2000


class Fragments:
    """Reads pieces of SQL in the FROM of a statement."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def condition(self, draft: Draft, text: str) -> Predicate:
        """The condition that a piece of SQL is."""
        opaque = Opaque(text, tuple(range(len(draft.relations))))
        names = [source.alias or source.table.rpartition(".")[2] for source in draft.sources]
        if not names or "" in names or len(set(names)) < len(names) or len(text) > _MAX_FRAGMENT or draft.correlated or draft.outer is not None:
            return opaque
        tables = ", ".join(f"{identifier(source.table.rpartition('.')[2])} AS {identifier(name)}" for source, name in zip(draft.sources, names, strict=True))
        parsed = self.project.parsed(f"SELECT 1 FROM {tables} WHERE {text}", self.project.schema.dialect)
        if len(parsed.queries) != 1 or parsed.not_understood:
            return opaque
        query = parsed.queries[0]
        if query.unknown or len(query.relations) != len(names) or query.order or query.limit is not None or query.where is None:
            return opaque
        return self._taken(draft, query, query.where)

    def _taken(self, draft: Draft, query: Query, where: Predicate) -> Predicate:
        """The condition with its subqueries as those of the statement."""
        base = len(draft.subqueries)
        draft.subqueries += query.subqueries

        def change(term: Term) -> Term:
            return replace(term, relation=term.relation + base) if term.kind is TermKind.SUBQUERY else term

        return _shifted(mapped(where, change), base)


def _shifted(predicate: Predicate, base: int) -> Predicate:
    if isinstance(predicate, Exists):
        return Exists(predicate.subquery + base, predicate.negated)
    if hasattr(predicate, "parts"):
        parts = [_shifted(part, base) for part in predicate.parts]
        return (conjunction(parts) if type(predicate).__name__ == "And" else disjunction(parts)) or predicate
    return predicate
