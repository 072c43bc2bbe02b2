"""Which relations a condition restricts where joins are outer, after those joins have become inner that no row of nulls gets through."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.query import Comparison, Or, Predicate, Query, TermKind
from backend_lint.sql.conditions import conjuncts

_READS_NULL = frozenset({"is null", "is not true", "is not false", "is distinct from", "is not distinct from"})


def conditions(query: Query) -> Iterator[tuple[Predicate | None, set[int] | None]]:
    """Each condition with the relations whose rows it restricts; None for all."""
    optional = _optional(query)
    missing = {number for number, kind in optional.items() if kind}
    everything = set(range(len(query.relations)))
    yield query.where, everything - missing if missing else None
    for number, relation in enumerate(query.relations):
        if relation.on is None:
            continue
        kind = optional.get(number, "") if relation.join == "left" else ""
        if relation.join == "left" and kind:
            yield relation.on, {number}
        elif relation.join == "right" and any(optional.get(before) for before in range(number)):
            yield relation.on, set(range(number))
        elif relation.join == "full" and (optional.get(number) or any(optional.get(before) for before in range(number))):
            continue
        else:
            yield relation.on, everything - missing if missing else None


def _optional(query: Query) -> dict[int, str]:
    """Relations of which an outer join may give no row, after conditions that no such row passes have made joins inner."""
    if all(relation.join in ("", "inner", "cross") for relation in query.relations):
        return {}
    inner: set[int] = set()
    strict = set(_strict(query.where))
    while True:
        optional: dict[int, str] = {}
        firm = set(strict)
        for number, relation in enumerate(query.relations):
            if relation.join == "left" and number not in inner:
                optional[number] = "left"
            elif relation.join in ("right", "full") and number not in inner:
                optional.update(dict.fromkeys(range(number), relation.join))
                if relation.join == "full":
                    optional[number] = "full"
            elif relation.on is not None:
                firm |= set(_strict(relation.on))
        made = set()
        for number, relation in enumerate(query.relations):
            if number in inner:
                continue
            before = firm & set(range(number))
            if (relation.join == "left" and number in firm) or (relation.join == "right" and before) or (relation.join == "full" and before and number in firm):
                made.add(number)
        if not made:
            return optional
        inner |= made


def _strict(predicate: Predicate | None) -> Iterator[int]:
    """Relations whose rows of nothing but nulls the condition does not let through."""
    for part in conjuncts(predicate):
        if isinstance(part, Comparison) and part.operator not in _READS_NULL:
            for term in (part.left, part.right):
                if term.kind is TermKind.COLUMN or (term.kind is TermKind.EXPRESSION and "coalesce" not in term.text and "case " not in term.text):
                    yield term.relation
        elif isinstance(part, Or) and part.parts and len(part.parts) <= 100:
            yield from set.intersection(*(set(_strict(way)) for way in part.parts))
