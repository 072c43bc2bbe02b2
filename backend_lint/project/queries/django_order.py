"""ORDER BY of Django's ORM: names, expressions, and the order that a model's ``Meta`` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import OrderKey, Term, TermKind
from backend_lint.project.queries.django_expr import Expr
from backend_lint.project.queries.django_operands import Given, Literal, Made, Operation
from backend_lint.project.queries.django_paths import UnknownNameError

if TYPE_CHECKING:
    from backend_lint.project.queries.django_builder import Builder

_UNKNOWN = OrderKey(Term(TermKind.UNKNOWN))
_MAX_DEPTH = 5


def order_keys(builder: Builder, items: tuple[Given | str, ...], *, backwards: bool = False) -> tuple[OrderKey, ...]:
    """The keys of an order; `backwards` turns each round."""
    found: list[OrderKey] = []
    for item in items:
        for key in _of_text(builder, item) if isinstance(item, str) else _of_value(builder, item):
            turned = OrderKey(key.term, not key.descending, None if key.nulls_first is None else not key.nulls_first) if backwards else key
            if all(turned.term != known.term for known in found) or turned.term.kind is TermKind.UNKNOWN:
                found.append(turned)
    return tuple(found)


def _of_value(builder: Builder, given: Given) -> list[OrderKey]:
    compiler = builder.compiler
    operand = compiler.operands.read(given, compiler.choose)
    if isinstance(operand, Literal) and isinstance(operand.value, str):
        return _of_text(builder, operand.value)
    descending = False
    nulls: bool | None = None
    if isinstance(operand, Operation) and operand.sign == "-" and len(operand.parts) == 1:
        descending, given = True, operand.parts[0]
    elif isinstance(operand, Made) and operand.name in ("asc", "desc", "OrderBy"):
        keywords = dict(operand.keywords)
        descending = operand.name == "desc" or keywords.get("descending") == "True"
        nulls = True if keywords.get("nulls_first") == "True" else False if keywords.get("nulls_last") == "True" else None
        if operand.name == "OrderBy" and operand.args:
            given = Given(operand.frame, operand.args[0])
    elif not isinstance(operand, Made):
        return [_UNKNOWN]
    expr = compiler.expression(builder, given, None)
    return [OrderKey(expr.term(), descending, nulls)]


def _of_text(builder: Builder, name: str, depth: int = 0, least: int = 1) -> list[OrderKey]:
    """`least`: how many tables the key leads through, where a relation is ordered as its model is."""
    if name in ("?", "-?"):
        return [OrderKey(Term(TermKind.UNKNOWN, text="random()"))]
    descending = name.startswith("-")
    name = name.lstrip("+-")
    if name in builder.annotations:
        return [OrderKey(builder.annotations[name].term(), descending)]
    names = tuple(name.split("__"))
    try:
        found = builder.path(names)
    except UnknownNameError:
        builder.unknown.append(f"order by {name}")
        return [_UNKNOWN]
    relation = found.relation
    if relation is not None and relation.target is not None and found.field is None and not found.rest and names[-1] != "pk":
        ordering = builder.compiler.mapped[relation.target].ordering
        if ordering and depth < _MAX_DEPTH:
            keys = []
            for item in ordering:
                opposite = item.startswith("-") != descending
                keys += _of_text(builder, f"{'-' if opposite else ''}{name}__{item.lstrip('+-')}", depth + 1, len(found.hops) + 1)
            return keys
    columns, aliases = builder.joins.trim(found, builder.joins.walk(found.hops, None), least)
    expr: Expr = builder.column_of(found, columns, aliases)
    if found.rest:
        following = builder.transformed(expr, found.rest)
        return [OrderKey(following.term(), descending)]
    return [OrderKey(expr.term(), descending)]
