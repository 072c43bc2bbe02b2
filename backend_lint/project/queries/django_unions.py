"""Querysets of Django's ORM that are combined with others: ``|``, ``&``, ``union`` and its like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import Opaque, OrderKey, Query, Relation, Rows, Term, TermKind, Verb
from backend_lint.project.queries.django_emit import emit
from backend_lint.project.queries.django_joins import Joins
from backend_lint.project.queries.django_operands import Given, Querysets
from backend_lint.project.queries.django_order import order_keys
from backend_lint.project.queries.django_q import AND, OR, Q

if TYPE_CHECKING:
    from backend_lint.project.queries.django_expr import Expr
    from backend_lint.project.queries.django_frames import ChainStep
    from backend_lint.project.queries.django_steps import Steps

_HARMLESS = frozenset({"distinct", "order_by", "prefetch_related", "only", "defer", "using", "select_related"})
_MAX_DEPTH = 3
"""Querysets combined with others that are combined again."""


def either(steps: Steps, step: ChainStep) -> None:
    """``a | b``: one filter with the conditions of both, as long as nothing else was asked of them."""
    position = next(number for number, one in enumerate(steps.chain.steps) if one is step)
    sides = [_condition(steps, steps.chain.steps[:position]), *_others(steps, step, 0)]
    builder = steps.builder
    if None in sides:
        builder.unknown.append("querysets combined by |")
        builder.where = [Opaque("querysets combined by |", (0,))]
        return
    builder.where = []
    builder.joins = Joins(steps.mapped.table, steps.chain.model)
    if all(sides):
        builder.filter(Q(OR, tuple(side for side in sides if side is not None)))


def _others(steps: Steps, step: ChainStep, depth: int) -> list[Q | None]:
    """The conditions of the querysets behind ``|``."""
    found: list[Q | None] = []
    for text in step.args:
        chains = steps.compiler.chains.evaluate(step.frame, text)
        usable = chains and chains[0].model == steps.chain.model and depth <= _MAX_DEPTH
        found.append(_condition(steps, chains[0].steps, depth + 1) if usable else None)
    return found


def _condition(steps: Steps, calls: tuple[ChainStep, ...], depth: int = 0) -> Q | None:
    """The conditions of calls that only filter; None if they do more."""
    found: list[Q] = []
    for call in calls:
        if call.method == "__or__":
            others = _others(steps, call, depth)
            if None in others:
                return None
            sides = [Q(AND, tuple(found)), *(one for one in others if one is not None)]
            found = [Q(OR, tuple(sides))] if all(sides) else []
            continue
        if call.method in ("filter", "exclude"):
            condition = steps.condition(call)
            if condition:
                found.append(condition._replace(negated=condition.negated != (call.method == "exclude")))
        elif call.method not in _HARMLESS:
            return None
    return found[0] if len(found) == 1 else Q(AND, tuple(found))


def both(steps: Steps, step: ChainStep) -> None:
    """``a & b``: the conditions of both."""
    for text in step.args:
        chains = steps.compiler.chains.evaluate(step.frame, text)
        if not chains or chains[0].model != steps.chain.model or steps.depth > _MAX_DEPTH:
            steps.builder.unknown.append("querysets combined by &")
            steps.builder.where.append(Opaque("querysets combined by &", (0,)))
            continue
        steps.depth += 1
        for inner in chains[0].steps:
            steps.apply(inner)
        steps.depth -= 1


def combine(steps: Steps, step: ChainStep) -> None:
    """``union`` and its like. The order that stood before is the first member's own."""
    steps.order = None
    steps.united_distinct = dict(step.keywords).get("all") != "True"
    for text in step.args:
        operand = steps.compiler.operands.read(Given(step.frame, text.lstrip("*")), steps.compiler.choose)
        query = steps.compiler.query(operand.chains[0], steps.builder.outer) if isinstance(operand, Querysets) else None
        if query is None:
            steps.builder.unknown.append(f"a member of {step.method}()")
        else:
            steps.combined.append(query)


def united(steps: Steps, rows: Rows, selected: tuple[Expr, ...], limit: int | None) -> Query:
    """A query over members, whose rows nobody can find by an index: order and limit come after."""
    first = emit(steps.builder, order=order_keys(steps.builder, steps.mapped.ordering), selected=selected, rows=Rows.MANY)
    order = tuple(OrderKey(Term(TermKind.UNKNOWN)) for _ in steps.order or ())
    whole = Relation("", subquery=0)
    members = (first, *steps.combined)
    return Query(Verb.SELECT, (whole,), None, order, limit, steps.low != 0, steps.united_distinct, combined=True, subqueries=members, rows=rows)
