"""``Case(When(...))`` of Django's ORM as an SQL expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import TermKind
from backend_lint.project.queries.django_expr import UNKNOWN, Expr, composed
from backend_lint.project.queries.django_operands import Given, Made
from backend_lint.project.queries.django_q import as_q
from backend_lint.sql import conditions
from backend_lint.sql import text as sql

if TYPE_CHECKING:
    from backend_lint.project.queries.django_builder import Builder
    from backend_lint.project.queries.django_compile import Compiler

_MOST_ARMS = 20


def case(compiler: Compiler, builder: Builder, made: Made, reuse: set[int] | None, depth: int) -> Expr:
    """A value by conditions; unknown where one of them is."""
    arms: list[tuple[str, str]] = []
    parts: list[Expr] = []
    for text in made.args[:_MOST_ARMS]:
        when = compiler.operands.read(Given(made.frame, text), compiler.choose)
        if not isinstance(when, Made) or when.name != "When":
            return UNKNOWN
        tests = tuple(pair for pair in when.keywords if pair[0] != "then")
        predicate = builder.condition_of(as_q(compiler.conditions.of_call(when.frame, when.args[:1], tests)), reuse)
        then = when.args[1] if len(when.args) > 1 else dict(when.keywords).get("then", "")
        result = compiler.expression(builder, Given(when.frame, then), reuse, True, depth + 1)
        if predicate is None:
            return UNKNOWN
        for compared in conditions.comparisons(predicate):
            for term in (compared.left, compared.right):
                own = term.kind in (TermKind.COLUMN, TermKind.EXPRESSION)
                columns = frozenset(term.columns or (term.column,)) if own else frozenset()
                known = own or term.kind in (TermKind.PARAMETER, TermKind.CONSTANT)
                parts.append(Expr("", frozenset((term.relation,)) if term.relation >= 0 else frozenset(), columns, known=known))
        parts.append(result)
        arms.append((conditions.predicate_text(predicate), result.text))
    default = dict(made.keywords).get("default", "")
    rest = compiler.expression(builder, Given(made.frame, default), reuse, True, depth + 1) if default else Expr("null")
    if not arms or len(made.args) > _MOST_ARMS:
        return UNKNOWN
    return composed(sql.case(arms, rest.text), rest.type, rest.kind, (*parts, rest))
