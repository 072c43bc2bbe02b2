"""Expressions inside a query of Django's ORM: what a name, a function or an operation is, as canonical SQL over the aliases of one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from backend_lint.facts.query import Predicate, Term, TermKind
from backend_lint.project.schema.mapping import Field
from backend_lint.sql import text as sql


class Expr(NamedTuple):
    """`text`: canonical SQL with bare column names, ``?`` for what only the run knows. `relations`: the aliases whose columns it reads.

    `field`: the field that a bare column is, or that a transformed one began as. `kind`: Django's output field (``DateField``, ``JSONField`` ...), empty if
    unknown. `predicate`: it is a condition. `aggregate`: it is one value for a group of rows.
    """

    text: str
    relations: frozenset[int] = frozenset()
    columns: frozenset[str] = frozenset()
    type: str = ""
    kind: str = ""
    column: str = ""
    cast: str = ""
    field: Field | None = None
    aggregate: bool = False
    subquery: int = -1
    outer: tuple[int, str] | None = None
    predicate: Predicate | None = None
    nullable: bool = True
    known: bool = True
    year_of: Expr | None = None
    """It is the year of this date, which lookups ask as a range."""
    keys: tuple[str, tuple[str, ...]] = ("", ())
    """It lies in a JSON value: the text of that, and the way into it."""

    def term(self) -> Term:
        """The expression as a side of a comparison."""
        if self.aggregate or not self.known or self.predicate is not None:
            return Term(TermKind.UNKNOWN, next(iter(self.relations)) if len(self.relations) == 1 else -1, text=self.text)
        if self.subquery >= 0:
            return Term(TermKind.SUBQUERY, self.subquery)
        if self.outer is not None:
            return Term(TermKind.OUTER, self.outer[0], self.outer[1])
        if len(self.relations) > 1:
            return Term(TermKind.MIXED, -1, text=self.text)
        if len(self.relations) == 1:
            relation = next(iter(self.relations))
            if self.column:
                return Term(TermKind.COLUMN, relation, self.column, cast=self.cast)
            return Term(TermKind.EXPRESSION, relation, text=self.text, columns=tuple(sorted(self.columns)), type=self.type)
        if "?" in self.text or self.text.endswith("()"):
            return Term(TermKind.PARAMETER, text="" if self.text == "?" else self.text, type=self.type)
        return Term(TermKind.CONSTANT, text=self.text, type=self.type)


PARAMETER = Expr("?")
UNKNOWN = Expr("?", known=False)


def column(alias: int, name: str, field: Field | None, nullable: bool = True) -> Expr:
    """Column `name` of an alias."""
    kind, type_ = (field.kind, field.type) if field is not None else ("", "")
    return Expr(sql.column(name), frozenset((alias,)), frozenset((name,)), type_, kind, name, field=field, nullable=nullable)


def composed(text: str, type_: str, kind: str, parts: Iterable[Expr], field: Field | None = None) -> Expr:
    """An expression made of others, its text made of theirs."""
    parts = tuple(parts)
    return Expr(
        text,
        frozenset().union(*(part.relations for part in parts)),
        frozenset().union(*(part.columns for part in parts)),
        type_,
        kind,
        field=field,
        aggregate=any(part.aggregate for part in parts),
        known=all(part.known and part.subquery < 0 and part.predicate is None and part.outer is None for part in parts),
    )


def cast(expr: Expr, type_: str) -> Expr:
    """``expr::type``; of a bare column the column stays to be seen."""
    if expr.column and not expr.cast:
        return expr._replace(text=sql.cast(expr.text, type_), cast=type_, type=type_, kind="")
    return composed(sql.cast(expr.text, type_), type_, "", (expr,))


def call(name: str, type_: str, *parts: Expr, kind: str = "") -> Expr:
    """``name(parts)``."""
    return composed(sql.call(name, *(part.text for part in parts)), type_, kind, parts)
