"""The calls that run a chain of Django's ORM: ``get``, ``first``, ``count``, ``update`` ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from backend_lint.facts.query import Comparison, Query, Relation, Rows, Term, TermKind, Verb
from backend_lint.project.queries.django_emit import emit
from backend_lint.project.queries.django_names import INDEX, RELATED
from backend_lint.project.queries.django_operands import Given, Items
from backend_lint.project.queries.django_order import order_keys
from backend_lint.project.queries.django_paths import UnknownNameError
from backend_lint.project.queries.django_q import AND, Lookup, Q
from backend_lint.project.queries.django_steps import GET_LIMIT, Steps
from backend_lint.sql import conditions

if TYPE_CHECKING:
    from backend_lint.project.queries.django_frames import ChainStep


def _get(steps: Steps, step: ChainStep) -> Query:
    steps.filter(step)
    return steps.rows(Rows.ONE, order=() if not steps.sliced else None, limit=steps.limit() if steps.sliced else GET_LIMIT)


def _first(steps: Steps, step: ChainStep) -> Query:
    order = steps.keys() if steps.is_ordered() else order_keys(steps.builder, ("pk",))
    return steps.rows(Rows.ONE, order=order, limit=1)


def _last(steps: Steps, step: ChainStep) -> Query:
    if steps.is_ordered():
        steps.backwards = not steps.backwards
        return steps.rows(Rows.ONE, order=steps.keys(), limit=1)
    return steps.rows(Rows.ONE, order=order_keys(steps.builder, ("-pk",)), limit=1)


def _earliest(steps: Steps, step: ChainStep, backwards: bool = False) -> Query:
    names: tuple[Given | str, ...] = tuple(steps.compiler.operands.arguments(step.frame, step.args, steps.compiler.choose))
    if not names:
        names = steps.latest_by()
    return steps.rows(Rows.ONE, order=order_keys(steps.builder, names, backwards=backwards), limit=1)


def _latest(steps: Steps, step: ChainStep) -> Query:
    return _earliest(steps, step, backwards=True)


def _indexed(steps: Steps, step: ChainStep) -> Query:
    if step.args and step.args[0] not in ("[0]", "[]"):
        steps.low = -1
    return steps.rows(Rows.ONE, limit=1)


def _exists(steps: Steps, step: ChainStep) -> Query:
    limit = 1 if not steps.sliced else steps.limit()
    _without_target(steps)
    return emit(steps.builder, limit=limit, offset=steps.low != 0, distinct=steps.distinct and steps.sliced, group=steps.group(), rows=Rows.NONE)


def _without_target(steps: Steps) -> None:
    """``book.tags.exists()`` looks at the table between only."""
    joins = steps.builder.joins.all
    if len(steps.chain.steps) == 2 and steps.chain.steps[0].method == RELATED and len(joins) == 2 and joins[1].parent == 0:
        joins[0].uses = 0
        joins[1].parent, joins[1].kind = -1, ""


def _contains(steps: Steps, step: ChainStep) -> Query:
    steps.builder.literal_filter(steps.compiler.paths.key_columns(steps.chain.model))
    return _exists(steps, step)


def _count(steps: Steps, step: ChainStep) -> Query:
    if steps.combined:
        return steps.rows(Rows.NONE)
    _without_target(steps)
    if steps.sliced or steps.distinct or steps.builder.grouped:
        inner = emit(
            steps.builder,
            order=steps.keys() if steps.sliced else (),
            limit=steps.limit(),
            offset=steps.low != 0,
            distinct=steps.distinct,
            group=steps.group(),
            rows=Rows.MANY,
        )
        return Query(Verb.SELECT, (Relation("", subquery=0),), aggregate=True, subqueries=(inner,), rows=Rows.NONE, unknown=inner.unknown)
    return emit(steps.builder, aggregate=True, rows=Rows.NONE)


def _aggregate(steps: Steps, step: ChainStep) -> Query:
    compiler = steps.compiler
    for given in compiler.operands.arguments(step.frame, step.args, compiler.choose):
        compiler.expression(steps.builder, given, None, is_name=False)
    for _, given in compiler.operands.keywords(step.frame, step.keywords, compiler.choose):
        compiler.expression(steps.builder, given, None, is_name=False)
    return _count(steps, step)


def _in_bulk(steps: Steps, step: ChainStep) -> Query:
    keywords = dict(step.keywords)
    ids = step.args[0] if step.args else keywords.get("id_list", "")
    name = steps.string(step, 1, "field_name") or "pk"
    if ids and ids != "None":
        steps.builder.filter(Q(AND, (Lookup(f"{name}__in", Given(step.frame, ids)),)))
    return steps.rows(Rows.MANY)


def _update(steps: Steps, step: ChainStep) -> Query:
    names = [name for name, _ in steps.compiler.operands.keywords(step.frame, step.keywords, steps.compiler.choose) if name != "**"]
    return _write(steps, Verb.UPDATE, names)


def _delete(steps: Steps, step: ChainStep) -> Query:
    return _write(steps, Verb.DELETE, [])


def _write(steps: Steps, verb: Verb, names: list[str]) -> Query:
    """Where other tables are joined, the rows are named by their keys: ``id IN (SELECT ...)``."""
    columns = tuple(columns_of(steps, names))
    if sum(join.uses > 0 for join in steps.builder.joins.all) > 1 or steps.sliced or steps.distinct:
        keys = steps.compiler.paths.key_columns(steps.chain.model)
        steps.builder.outer = steps.builder.outer or steps.builder
        inner = steps.rows(Rows.MANY, order=None if steps.sliced else ())
        target = Steps(steps.compiler, steps.chain._replace(steps=()), None)
        number = target.builder.add_subquery(inner)
        target.builder.where.append(Comparison(conditions.column(0, keys[0]), "in", Term(TermKind.SUBQUERY, number)))
        return emit(target.builder, verb=verb, written=columns, rows=Rows.NONE)
    return emit(steps.builder, verb=verb, written=columns, rows=Rows.NONE)


def columns_of(steps: Steps, names: list[str]) -> list[str]:
    """The columns that attributes are."""
    found = []
    for name in names:
        try:
            path = steps.builder.path((name,))
        except UnknownNameError:
            continue
        found += list(path.hops[0].columns if path.hops and path.hops[0].direct else path.columns)
    return found


def _get_or_create(steps: Steps, step: ChainStep) -> Query:
    """The look-up. What is written if there is no row: `written`."""
    lookups = tuple((key, text) for key, text in step.keywords if key not in ("defaults", "create_defaults"))
    steps.filter(step._replace(keywords=lookups))
    given = [text for key, text in step.keywords if key in ("defaults", "create_defaults")]
    pairs = steps.compiler.operands.keywords(step.frame, tuple(("**", text) for text in given), steps.compiler.choose)
    steps.locks = steps.locks or step.method == "update_or_create"
    written = tuple(dict.fromkeys(columns_of(steps, [name for name, _ in pairs if name != "**"])))
    return emit(steps.builder, limit=GET_LIMIT, written=written, locks=steps.locks, rows=Rows.ONE)


def _create(steps: Steps, step: ChainStep) -> Query:
    names = [key for key, _ in steps.compiler.operands.keywords(step.frame, step.keywords, steps.compiler.choose) if key != "**"]
    steps.builder.where = []
    return emit(steps.builder, verb=Verb.INSERT, written=tuple(columns_of(steps, names)), rows=Rows.NONE)


def _bulk_create(steps: Steps, step: ChainStep) -> Query:
    keywords = dict(step.keywords)
    steps.builder.where = []
    conflict: list[str] = []
    updates = keywords.get("update_conflicts") == "True"
    if updates or keywords.get("ignore_conflicts") == "True":
        operand = steps.compiler.operands.read(Given(step.frame, keywords.get("unique_fields", "")), steps.compiler.choose)
        for item in operand.items if isinstance(operand, Items) else ():
            conflict += columns_of(steps, [steps.compiler.constant(item)])
    verb = Verb.UPSERT if updates or keywords.get("ignore_conflicts") == "True" else Verb.INSERT
    return emit(steps.builder, verb=verb, conflict=tuple(conflict), rows=Rows.NONE)


def _bulk_update(steps: Steps, step: ChainStep) -> Query:
    steps.builder.literal_filter(steps.compiler.paths.key_columns(steps.chain.model), "in")
    text = step.args[1] if len(step.args) > 1 else dict(step.keywords).get("fields", "")
    operand = steps.compiler.operands.read(Given(step.frame, text), steps.compiler.choose)
    names = [steps.compiler.constant(item) for item in operand.items] if isinstance(operand, Items) else []
    return emit(steps.builder, verb=Verb.UPDATE, written=tuple(columns_of(steps, names)), rows=Rows.NONE)


ENDINGS: dict[str, Callable[[Steps, ChainStep], Query]] = {
    "get": _get,
    "first": _first,
    "last": _last,
    "earliest": _earliest,
    "latest": _latest,
    INDEX: _indexed,
    "exists": _exists,
    "contains": _contains,
    "count": _count,
    "aggregate": _aggregate,
    "in_bulk": _in_bulk,
    "update": _update,
    "delete": _delete,
    "_raw_delete": _delete,
    "get_or_create": _get_or_create,
    "update_or_create": _get_or_create,
    "create": _create,
    "bulk_create": _bulk_create,
    "bulk_update": _bulk_update,
    "explain": lambda steps, step: steps.rows(Rows.MANY),
}
