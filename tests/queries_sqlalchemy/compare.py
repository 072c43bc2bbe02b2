"""Two queries as plain values that are equal if they ask the same: aliases, the numbering of relations, and the values of parameters do not matter."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from msgspec.structs import replace

from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, Predicate, Query, Term, TermKind
from backend_lint.sql.conditions import MIRRORED, conjunction, mapped

Plain = Any


def plain(query: Query, outer: dict[int, str] | None = None) -> Plain:
    """The comparable form of a query."""
    query = merged(unwrapped(query))
    names = labels(query)
    conditions: list[Plain] = []
    joins: list[Plain] = []
    for number, relation in enumerate(query.relations):
        kind = relation.join if relation.join not in ("inner", "cross") else ""
        parts = [] if relation.on is None else [one for one in conjuncts(relation.on, query, names) if one != "true"]
        inner = plain(query.subqueries[relation.subquery], names) if 0 <= relation.subquery < len(query.subqueries) else None
        joins.append((names[number], kind, tuple(sorted(map(repr, parts))) if kind else (), repr(inner)))
        if not kind:
            conditions += parts
    if query.where is not None:
        conditions += [one for one in conjuncts(query.where, query, names) if one != "true"]
    return {
        "verb": str(query.verb),
        "from": sorted(joins, key=repr),
        "where": sorted(map(repr, conditions)),
        "order": [(term(key.term, query, names), key.descending, key.nulls_first) for key in query.order],
        "limit": query.limit is not None,
        "offset": query.offset,
        "distinct": query.distinct,
        "grouped": query.grouped,
        "group": sorted(repr(term(one, query, names)) for one in query.group),
        "having": query.having,
        "locks": query.locks,
        "combined": query.combined,
        "written": sorted(query.written),
        "conflict": sorted(query.conflict),
        "subqueries": len(query.subqueries),
    }


def unwrapped(query: Query) -> Query:
    """``SELECT count(*) FROM (SELECT ...)`` is counted as the query inside."""
    if query.aggregate and len(query.relations) == 1 and query.where is None and query.relations[0].subquery >= 0 and len(query.subqueries) == 1:
        inner = query.subqueries[0]
        if not inner.limit and not inner.combined:
            return inner
    return query


def merged(query: Query) -> Query:
    """A subquery in FROM that only filters is joined with what is around it, as the planner does; our SQL parser does so at once."""
    for number, relation in enumerate(query.relations):
        inner = query.subqueries[relation.subquery] if 0 <= relation.subquery < len(query.subqueries) else None
        if (
            inner is None
            or relation.lateral
            or relation.join in ("left", "right", "full")
            or sum(one.subquery == relation.subquery for one in query.relations) > 1
        ):
            continue
        if inner.limit is not None or inner.offset or inner.distinct or inner.grouped or inner.aggregate or inner.combined or inner.order or inner.subqueries:
            continue
        names = inner.names or tuple(one.column for one in inner.selected)
        columns = dict(zip(names, inner.selected, strict=False))
        base = len(query.relations)

        def shifted(one: Term, base: int = base) -> Term:
            return replace(one, relation=one.relation + base) if one.relation >= 0 and one.kind is not TermKind.SUBQUERY else one

        def change(one: Term, number: int = number, columns: dict[str, Term] = columns, shift: Any = shifted) -> Term:
            if one.kind is TermKind.COLUMN and one.relation == number:
                return shift(columns.get(one.column, Term(TermKind.COLUMN, 0, one.column)))
            return one

        def moved(predicate: Predicate | None, how: Any) -> Predicate | None:
            return mapped(predicate, how) if predicate is not None else None

        relations = [replace(one, on=moved(one.on, change)) for one in query.relations]
        relations += [replace(one, on=moved(one.on, shifted)) for one in inner.relations]
        where = conjunction([moved(query.where, change), moved(inner.where, shifted), relations[number].on])
        keep = [position for position in range(len(relations)) if position != number]
        renumber = {position: place for place, position in enumerate(keep)}

        def placed(one: Term, renumber: dict[int, int] = renumber) -> Term:
            return replace(one, relation=renumber[one.relation]) if one.relation in renumber and one.kind is not TermKind.SUBQUERY else one

        order = tuple(replace(key, term=placed(change(key.term))) for key in query.order)
        kept = tuple(replace(relations[position], on=moved(relations[position].on, placed)) for position in keep)
        subqueries = list(query.subqueries)
        gone = relation.subquery
        rest = subqueries[:gone] + subqueries[gone + 1 :]
        if len(rest) and gone < len(rest):
            return query
        return merged(replace(query, relations=kept, where=moved(where, placed), order=order, subqueries=tuple(rest)))
    return query


def labels(query: Query) -> dict[int, str]:
    """A name for each relation: its table, with a number from the second of the same table on."""
    seen: Counter[str] = Counter()
    found = {}
    for number, relation in enumerate(query.relations):
        name = relation.table or "(subquery)"
        seen[name] += 1
        found[number] = name if seen[name] == 1 else f"{name}:{seen[name]}"
    return found


def conjuncts(predicate: Predicate, query: Query, names: dict[int, str]) -> list[Plain]:
    """The parts that must all hold."""
    if isinstance(predicate, And):
        return [one for part in predicate.parts for one in conjuncts(part, query, names)]
    return [condition(predicate, query, names)]


def condition(predicate: Predicate, query: Query, names: dict[int, str]) -> Plain:
    """One condition."""
    if isinstance(predicate, And):
        return ("and", *sorted(map(repr, conjuncts(predicate, query, names))))
    if isinstance(predicate, Or):
        return ("or", *sorted(repr(condition(part, query, names)) for part in predicate.parts))
    if isinstance(predicate, Not):
        return ("not", condition(predicate.part, query, names))
    if isinstance(predicate, Exists):
        return ("not exists" if predicate.negated else "exists", repr(plain(query.subqueries[predicate.subquery], names)))
    if isinstance(predicate, Opaque):
        return "true" if predicate.text == "true" else "opaque"
    assert isinstance(predicate, Comparison)
    left, operator, right = term(predicate.left, query, names), predicate.operator, term(predicate.right, query, names)
    if repr(right) < repr(left) and operator in MIRRORED and right != ("value",):
        left, operator, right = right, MIRRORED[operator], left
    return (left, operator, right)


def term(one: Term, query: Query, names: dict[int, str]) -> Plain:
    """One side of a comparison."""
    if one.kind is TermKind.COLUMN:
        return ("column", names.get(one.relation, "?"), one.column, one.cast, one.collation)
    if one.kind is TermKind.EXPRESSION:
        return ("expression", names.get(one.relation, "?"), spelled(one.text))
    if one.kind is TermKind.CONSTANT and one.text in ("true", "false", "null"):
        return one.text
    if one.kind in (TermKind.CONSTANT, TermKind.PARAMETER):
        return ("value",)
    if one.kind is TermKind.OUTER:
        return ("outer", one.column)
    if one.kind is TermKind.SUBQUERY:
        return ("subquery", repr(plain(query.subqueries[one.relation], names)))
    return ("unknown",)


def spelled(text: str) -> str:
    """An expression without its constants, which the driver sends apart, and in the words of before SQLAlchemy 2.1 (subscripts of JSON, casts to varchar)."""
    text = re.sub(r"'(?:[^']|'')*'|\b\d+\b", "?", text)
    text = re.sub(r"\?::[a-z]+", "?", text)
    text = re.sub(r"(?<=settings)\[\?\]", " -> ?", text)
    return re.sub(r"^\((.*)\)::varchar$", r"\1", text)


def differences(ours: Query, real: Query) -> list[str]:
    """What two queries differ in; empty if they ask the same."""
    left, right = plain(ours), plain(real)
    return [f"{key}: {left[key]}\n      real: {right[key]}" for key in left if left[key] != right[key]]
