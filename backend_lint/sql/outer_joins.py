"""Which relations a condition restricts where joins are outer, after those joins have become inner that no row of nulls gets through."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.query import Comparison, Or, Predicate, Query, TermKind
from backend_lint.sql.conditions import conjuncts

_READS_NULL = frozenset({"is null", "is not true", "is not false", "is distinct from", "is not distinct from"})


def conditions(query: Query) -> Iterator[tuple[Predicate | None, set[int] | None]]:
    """Each condition with the relations whose rows it restricts; None for all."""
    joins = _joins(query)
    missing = _optional(joins)
    everything = set(range(len(query.relations)))
    yield query.where, everything - missing if missing else None
    for number, relation in enumerate(query.relations):
        if relation.on is None:
            continue
        if joins[number] == "left":
            yield relation.on, {number}
        elif joins[number] == "right":
            yield relation.on, set(range(number))
        elif joins[number] != "full":
            yield relation.on, everything - missing if missing else None


def _joins(query: Query) -> list[str]:
    """How each relation is joined after conditions that no row of nulls passes have made outer joins inner, and full ones outer on one side only."""
    joins = [relation.join for relation in query.relations]
    if all(join in ("", "inner", "cross") for join in joins):
        return joins
    firm = set(_strict(query.where))
    changed = True
    while changed:
        changed = False
        for number, relation in enumerate(query.relations):
            join = joins[number]
            if join not in ("left", "right", "full"):
                known = set(_strict(relation.on)) if relation.on is not None and number not in _optional(joins) else set()
                changed = changed or not known <= firm
                firm |= known
            before, own = not firm.isdisjoint(range(number)), number in firm
            if (join in ("left", "full") and own) or (join in ("right", "full") and before):
                # a full join whose left rows must be there keeps these only, and the other way round
                joins[number] = "inner" if join != "full" or (own and before) else "right" if own else "left"
                changed = True
    return joins


def _optional(joins: list[str]) -> set[int]:
    """Relations of which an outer join may give no row."""
    optional: set[int] = set()
    for number, join in enumerate(joins):
        if join in ("left", "full"):
            optional.add(number)
        if join in ("right", "full"):
            optional.update(range(number))
    return optional


def _strict(predicate: Predicate | None) -> Iterator[int]:
    """Relations whose rows of nothing but nulls the condition does not let through."""
    for part in conjuncts(predicate):
        if isinstance(part, Comparison) and part.operator not in _READS_NULL:
            for term in (part.left, part.right):
                if term.kind is TermKind.COLUMN or (term.kind is TermKind.EXPRESSION and "coalesce" not in term.text and "case " not in term.text):
                    yield term.relation
        elif isinstance(part, Or) and part.parts and len(part.parts) <= 100:
            yield from set.intersection(*(set(_strict(way)) for way in part.parts))
