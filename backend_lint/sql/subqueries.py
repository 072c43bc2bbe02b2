"""Questions about a query and the conditions in it: whether it can be joined with the query around it, and what stands in it."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, OrderKey, Predicate, Query, Term, TermKind, Verb
from backend_lint.sql.conditions import comparisons


def simple(query: Query, distinct: bool = False, limit: bool = False, bare: bool = False) -> bool:
    """Whether a subquery can be joined with the query around it."""
    return (
        query.verb is Verb.SELECT
        and (bare or bool(query.relations))
        and not (query.combined or query.grouped or query.aggregate or query.having or query.unknown)
        and (distinct or not query.distinct)
        and (limit or query.limit is None)
        and not query.offset
    )


def lists(query: Query, term: Term) -> bool:
    """``SELECT unnest(%s)``: the values of a parameter."""
    sub = query.subqueries[term.relation] if term.kind is TermKind.SUBQUERY and 0 <= term.relation < len(query.subqueries) else None
    return sub is not None and not sub.relations and len(sub.selected) == 1 and sub.selected[0].text.startswith("unnest(") and simple(sub, bare=True)


def is_switch(way: Predicate) -> bool:
    """``:name IS NULL``: the condition beside it is asked only if there is a value, and then it is all that is left."""
    return isinstance(way, Comparison) and way.operator == "is null" and way.left.kind is TermKind.PARAMETER


def one_row(query: Query) -> bool:
    return query.aggregate and not query.grouped


def correlated(query: Query) -> bool:
    """Whether a subquery reads rows of the query around it."""
    predicates = [query.where, *(relation.on for relation in query.relations)]
    terms = [term for predicate in predicates for comparison in comparisons(predicate) for term in (comparison.left, comparison.right)]
    return any(term.kind is TermKind.OUTER for term in [*terms, *query.selected])


def opaques(predicate: Predicate) -> Iterator[Opaque]:
    stack = [predicate]
    while stack:
        one = stack.pop()
        if isinstance(one, Opaque):
            yield one
        elif isinstance(one, (And, Or)):
            stack += one.parts
        elif isinstance(one, Not):
            stack.append(one.part)


def has_exists(predicate: Predicate) -> bool:
    if isinstance(predicate, (And, Or)):
        return any(has_exists(part) for part in predicate.parts)
    return isinstance(predicate, (Exists, Opaque)) or (isinstance(predicate, Comparison) and TermKind.SUBQUERY in (predicate.left.kind, predicate.right.kind))


def extreme(term: Term) -> OrderKey | None:
    """``min(x)`` as the first row by x."""
    function, bracket, inside = term.text.partition("(")
    if term.kind not in (TermKind.EXPRESSION, TermKind.UNKNOWN) or function not in ("min", "max") or not bracket or not inside.endswith(")"):
        return None
    inside = inside[:-1]
    name = inside.strip('"')
    if term.columns == (name,) or (not term.columns and name.isidentifier()):
        key = Term(TermKind.COLUMN, max(0, term.relation), name)
    elif "," in inside or inside.startswith("distinct "):
        return None
    else:
        key = Term(TermKind.EXPRESSION, max(0, term.relation), text=inside, columns=term.columns)
    return OrderKey(key, descending=function == "max")
