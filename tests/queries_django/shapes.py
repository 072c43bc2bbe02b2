"""Two queries compared: the one that was read from Python and the one that Django sent. Constants and parameters are the same, as are orders of AND and OR."""

from __future__ import annotations

from backend_lint.facts.query import And, Comparison, Exists, Not, Or, Predicate, Query, Term, TermKind
from backend_lint.sql.conditions import conjuncts, disjuncts


def shape(query: Query, outer: Query | None = None) -> dict[str, object]:
    """What of a query must be equal."""
    return {
        "verb": str(query.verb),
        "relations": [(one.table, one.join, _predicate(one.on, query)) for one in query.relations],
        "where": _predicate(query.where, query),
        "order": [(_term(key.term, query), key.descending, key.nulls_first) for key in query.order],
        "limit": query.limit,
        "offset": query.offset,
        "distinct": query.distinct,
        "grouped": query.grouped,
        "having": query.having,
    }


def _predicate(found: Predicate | None, query: Query) -> str:
    if found is None:
        return ""
    if isinstance(found, And):
        return "(" + " and ".join(sorted({_predicate(part, query) for part in conjuncts(found)})) + ")"
    if isinstance(found, Or):
        return "(" + " or ".join(sorted({_predicate(part, query) for part in disjuncts(found)})) + ")"
    if isinstance(found, Not):
        return f"not {_predicate(found.part, query)}"
    if isinstance(found, Exists):
        return f"{'not ' * found.negated}exists {_inner(query.subqueries[found.subquery])}"
    if isinstance(found, Comparison):
        left, operator, right = _term(found.left, query), found.operator, _term(found.right, query)
        if operator in ("=", "<>", "like", "<", ">", "<=", ">=") and right == "null":
            right = "?"
        if operator in ("=", "<>") and left > right and right != "?":
            left, right = right, left
        return f"{left} {operator}" if operator.startswith("is ") else f"{left} {operator} {right}"
    return f"<{found.text}>"


def _inner(query: Query) -> str:
    found = shape(query)
    keys = ("relations", "where", "order", "limit") if query.limit not in (None, 1) else ("relations", "where")
    return "{" + "; ".join(str(found[key]) for key in keys) + "}"


def _term(term: Term, query: Query) -> str:
    if term.kind is TermKind.COLUMN:
        cast = f"::{term.cast}" if term.cast and term.cast not in ("text", "varchar") else ""
        return f"{term.relation}.{term.column}{cast}"
    if term.kind is TermKind.EXPRESSION:
        return f"{term.relation}.[{term.text}]"
    if term.kind is TermKind.OUTER:
        return f"outer.{term.column}"
    if term.kind is TermKind.SUBQUERY:
        return _inner(query.subqueries[term.relation])
    if term.kind is TermKind.MIXED:
        return "mixed"
    return "?"
