"""A query of Django's ORM written as a `facts.query.Query`: aliases that nobody needs left out, the others numbered."""

from __future__ import annotations

import msgspec

from backend_lint.facts.query import OrderKey, Predicate, Query, Relation, Rows, Term, TermKind, Verb
from backend_lint.project.queries.django_builder import HAVING, Builder
from backend_lint.project.queries.django_expr import Expr
from backend_lint.sql import conditions

_OF_RELATION = (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.UNKNOWN)


def emit(
    builder: Builder,
    *,
    verb: Verb = Verb.SELECT,
    order: tuple[OrderKey, ...] = (),
    limit: int | None = None,
    offset: bool = False,
    distinct: bool = False,
    aggregate: bool = False,
    group: tuple[Term, ...] = (),
    selected: tuple[Expr, ...] = (),
    written: tuple[str, ...] = (),
    conflict: tuple[str, ...] = (),
    locks: bool = False,
    combined: bool = False,
    rows: Rows = Rows.MANY,
) -> Query:
    """The query that was put together."""
    joins = builder.joins.all
    kept = _kept(builder)
    numbers = {alias: number for number, alias in enumerate(kept)}

    def term(found: Term) -> Term:
        if found.kind in _OF_RELATION and found.relation >= 0:
            return msgspec.structs.replace(found, relation=numbers.get(found.relation, -1))
        return found

    def predicate(found: Predicate) -> Predicate:
        return conditions.mapped(found, term, lambda alias: numbers.get(alias, 0))

    relations: list[Relation] = []
    for alias in kept:
        join = joins[alias]
        on = None
        if join.parent >= 0 and join.hop is not None:
            pairs = zip(join.hop.columns, join.hop.to_columns, strict=False)
            links = [conditions.comparison(conditions.column(join.parent, near), "=", conditions.column(alias, far, join.hop.cast)) for near, far in pairs]
            extra = [conditions.comparison(conditions.column(alias, join.hop.restricted), "=", conditions.parameter())] if join.hop.restricted else []
            whole = conditions.conjunction([*links, *extra])
            on = predicate(whole) if whole is not None else None
        relations.append(Relation(join.table, join=join.kind if relations else "", on=on))
    where, having = _split(builder.where)
    return Query(
        verb,
        tuple(relations),
        predicate(where) if where is not None else None,
        tuple(msgspec.structs.replace(key, term=term(key.term)) for key in order),
        limit,
        offset,
        distinct,
        builder.grouped,
        aggregate,
        tuple(term(one) for one in group),
        having,
        tuple(term(one.term()) for one in selected),
        written,
        conflict,
        locks,
        combined,
        tuple(_outer_renumbered(one, numbers) for one in builder.subqueries),
        rows,
        tuple(dict.fromkeys(builder.unknown)),
    )


def _kept(builder: Builder) -> list[int]:
    """The aliases somebody needs, and all that lead to them."""
    joins = builder.joins.all
    kept = set()
    for alias, join in enumerate(joins):
        if join.uses > 0:
            kept.add(alias)
            parent = join.parent
            while parent >= 0:
                kept.add(parent)
                parent = joins[parent].parent
    return sorted(kept)


def _split(where: list[Predicate]) -> tuple[Predicate | None, bool]:
    """Conditions on rows, and whether there are some on groups."""
    rows = []
    having = False
    for part in conditions.conjuncts(conditions.conjunction(where)):
        if _asks_groups(part):
            having = True
        else:
            rows.append(part)
    return conditions.conjunction(rows), having


def _asks_groups(predicate: Predicate) -> bool:
    if predicate is HAVING or getattr(predicate, "text", "") in (HAVING.text, f"not ({HAVING.text})"):
        return True
    return any(_asks_groups(part) for part in getattr(predicate, "parts", ())) or (hasattr(predicate, "part") and _asks_groups(predicate.part))


def _outer_renumbered(query: Query, numbers: dict[int, int]) -> Query:
    """A subquery whose correlated columns name the numbers of the finished query around it."""

    def term(found: Term) -> Term:
        return msgspec.structs.replace(found, relation=numbers.get(found.relation, 0)) if found.kind is TermKind.OUTER else found

    return msgspec.structs.replace(
        query,
        where=conditions.mapped(query.where, term) if query.where is not None else None,
        relations=tuple(msgspec.structs.replace(one, on=conditions.mapped(one.on, term)) if one.on is not None else one for one in query.relations),
    )
