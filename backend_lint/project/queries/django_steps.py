"""The calls of one chain of Django's ORM, applied to a query one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import Comparison, Opaque, OrderKey, Query, Rows, Term
from backend_lint.project.queries.django_builder import Builder
from backend_lint.project.queries.django_emit import emit
from backend_lint.project.queries.django_expr import UNKNOWN, Expr, column
from backend_lint.project.queries.django_functions import truncated
from backend_lint.project.queries.django_names import FILTER_BACKENDS, PREFETCHED, RELATED, SLICE
from backend_lint.project.queries.django_operands import Given, Literal, Made
from backend_lint.project.queries.django_operations import operation
from backend_lint.project.queries.django_order import order_keys
from backend_lint.project.queries.django_paths import Found, Hop, UnknownNameError
from backend_lint.project.queries.django_q import Q, as_q
from backend_lint.project.queries.django_unions import both, combine, either, united
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import constant_string, split
from backend_lint.sql import conditions

if TYPE_CHECKING:
    from collections.abc import Callable

    from backend_lint.project.queries.django_compile import Compiler
    from backend_lint.project.queries.django_frames import Chain, ChainStep

_NOTHING = frozenset({"using", "iterator", "aiterator", "defer", "only", "prefetch_related", "select_subclasses", "non_polymorphic", FILTER_BACKENDS})
GET_LIMIT = 21
"""Django reads a few rows more than one, to tell how many there are."""


class Steps:
    """Runs over a chain once."""

    def __init__(self, compiler: Compiler, chain: Chain, outer: Builder | None, depth: int = 0) -> None:
        self.compiler = compiler
        self.chain = chain
        self.depth = depth
        self.mapped = compiler.mapped[chain.model]
        self.builder = Builder(compiler, chain.model, outer)
        self.order: tuple[Given | str, ...] | None = None
        self.backwards = False
        self.low = 0
        self.high: int | None = None
        self.sliced = False
        self.distinct = False
        self.values: list[str] | None = None
        self.locks = False
        self.combined: list[Query] = []
        self.united_distinct = True
        self.sticky: set[int] = set()
        self.model_rows = True
        self.groups_rows = False
        """Groups are whole rows of the model."""
        self.loaded: list[Found] = []
        """What ``select_related`` joins, after all filters."""

    def run(self, exists: bool = False) -> Query | None:
        """The query; None if there is none."""
        from backend_lint.project.queries.django_endings import ENDINGS

        steps = self.chain.steps
        for number, step in enumerate(steps):
            if step.method in ENDINGS:
                if not self.chain.complete:
                    self.note("a manager that is not known")
                return ENDINGS[step.method](self, step) if number == len(steps) - 1 else None
            if step.method in ("none", "raw"):
                return None
            self.apply(step)
        if not self.chain.complete:
            self.note("a manager that is not known")
        if exists:
            return emit(self.builder, limit=1, rows=Rows.NONE)
        return self.rows(Rows.MANY)

    def note(self, what: str) -> None:
        """Something may restrict the rows, and nobody knows what."""
        if not self.builder.unknown and (not self.chain.steps or self.chain.steps[-1].method not in ("create", "bulk_create")):
            self.builder.unknown.append(what)
            self.builder.where.append(Opaque(what, (0,)))

    def apply(self, step: ChainStep) -> None:
        """One call that gives a queryset."""
        method = step.method
        action = _ACTIONS.get(method)
        if action is not None:
            action(self, step)
        elif method not in _NOTHING:
            self.builder.unknown.append(f"{method}()")
            self.builder.where.append(Opaque(f"{method}()", (0,)))

    # -- conditions --------------------------------------------------------------------------------

    def condition(self, step: ChainStep) -> Q:
        """The arguments of ``filter``."""
        return self.compiler.conditions.of_call(step.frame, step.args, step.keywords)

    def filter(self, step: ChainStep) -> None:
        condition = self.condition(step)
        if condition:
            self.builder.filter(condition, self.sticky)
        self.sticky = set()

    def exclude(self, step: ChainStep) -> None:
        condition = self.condition(step)
        if condition:
            self.builder.filter(condition._replace(negated=not condition.negated), self.sticky)
        self.sticky = set()

    def complex_filter(self, step: ChainStep) -> None:
        text = step.args[0] if step.args else ""
        condition = (
            self.compiler.conditions.of_call(step.frame, (), (("**", text),))
            if text[:1] == "{"
            else as_q(self.compiler.conditions.read(Given(step.frame, text)))
        )
        self.builder.filter(condition)

    def related(self, step: ChainStep) -> None:
        """``author.books``: rows of one instance; of many for what is prefetched."""
        assert step.relation is not None
        operator = "=" if step.method == RELATED else "in"
        owner, name = step.relation
        relation = self.compiler.mapped[owner].relationships[name]
        builder = self.builder
        if relation.through:
            hop = Hop(relation.through, relation.to_columns, relation.through_to, False, True, True, None)
            alias = builder.joins.walk((hop,), set())[-1]
            builder.joins.demote((alias,))
            builder.where += [Comparison(conditions.column(alias, one), operator, conditions.parameter()) for one in relation.through_columns]
            self.sticky = {alias}
            return
        if relation.generic:
            builder.where.append(Comparison(conditions.column(0, relation.type_column or "content_type_id"), "=", conditions.parameter()))
        builder.where += [Comparison(conditions.column(0, one), operator, conditions.parameter()) for one in relation.to_columns]

    def extra(self, step: ChainStep) -> None:
        keywords = dict(step.keywords)
        if step.args or {"where", "tables", "select"} & set(keywords):
            if "where" in keywords or step.args or "tables" in keywords:
                self.builder.where.append(Opaque("extra", (0,)))
            self.builder.unknown.append("extra()")
        if "order_by" in keywords:
            self.order = (Given(step.frame, keywords["order_by"]),)

    # -- what is selected --------------------------------------------------------------------------

    def annotate(self, step: ChainStep) -> None:
        compiler = self.compiler
        named: list[tuple[str, Given]] = []
        for given in compiler.operands.arguments(step.frame, step.args, compiler.choose):
            operand = compiler.operands.read(given, compiler.choose)
            source = compiler.constant(Given(operand.frame, operand.args[0])) if isinstance(operand, Made) and operand.args else ""
            named.append((f"{source}__{operand.name.lower()}" if source and isinstance(operand, Made) else "", given))
        named += compiler.operands.keywords(step.frame, step.keywords, compiler.choose)
        for name, given in named:
            operand = compiler.operands.read(given, compiler.choose)
            if isinstance(operand, Made) and operand.name == "FilteredRelation":
                path = next((constant_string(text) for text in (*operand.args[:1], *dict(operand.keywords).values())), None)
                if path:
                    self.builder.relations[name] = path
                continue
            expr = compiler.expression(self.builder, given, None, is_name=False)
            if name:
                self.builder.annotations[name] = expr
            if expr.aggregate:
                self.builder.grouped = True
                self.groups_rows = self.groups_rows or self.values is None

    def select_values(self, step: ChainStep) -> None:
        self.model_rows = False
        self.values = []
        for given in self.compiler.operands.arguments(step.frame, step.args, self.compiler.choose):
            operand = self.compiler.operands.read(given, self.compiler.choose)
            self.values.append(operand.value if isinstance(operand, Literal) and isinstance(operand.value, str) else "")
        expressions = tuple((key, text) for key, text in step.keywords if key not in ("flat", "named"))
        if expressions:
            self.annotate(step._replace(args=(), keywords=expressions))
            self.values += [key for key, _ in expressions]

    def dates(self, step: ChainStep) -> None:
        self.model_rows = False
        self.distinct = True
        name = self.string(step, 0, "field_name")
        if name:
            try:
                found = self.builder.path(tuple(name.split("__")))
            except UnknownNameError:
                self.builder.unknown.append(f"field {name}")
                return
            columns, aliases = self.builder.joins.trim(found, self.builder.joins.walk(found.hops, None))
            if len(columns) == 1:
                self.builder.where.append(conditions.test(conditions.column(aliases[-1], columns[0]), "is not null"))
            expr = self.builder.column_of(found, columns, aliases)
            kind = self.string(step, 1, "kind")
            descending = self.string(step, 2, "order") == "DESC"
            self.builder.annotations["datefield"] = truncated(kind, expr, self.compiler.zone) if kind else UNKNOWN
            self.order = ("-datefield" if descending else "datefield",)

    def string(self, step: ChainStep, position: int, name: str) -> str:
        """An argument that is a constant string, else an empty one."""
        text = step.args[position] if len(step.args) > position else dict(step.keywords).get(name, "")
        operand = self.compiler.operands.read(Given(step.frame, text), self.compiler.choose)
        return operand.value if isinstance(operand, Literal) and isinstance(operand.value, str) else ""

    def select_related(self, step: ChainStep) -> None:
        for given in self.compiler.operands.arguments(step.frame, step.args, self.compiler.choose):
            operand = self.compiler.operands.read(given, self.compiler.choose)
            if isinstance(operand, Literal) and operand.value is None:
                self.loaded.clear()
            elif isinstance(operand, Literal) and isinstance(operand.value, str):
                try:
                    found = self.builder.path(tuple(operand.value.split("__")))
                except UnknownNameError:
                    continue
                if found.hops and not any(hop.many for hop in found.hops):
                    self.loaded.append(found)

    # -- order and limits --------------------------------------------------------------------------

    def order_by(self, step: ChainStep) -> None:
        self.order = tuple(self.compiler.operands.arguments(step.frame, step.args, self.compiler.choose))
        self.backwards = False

    def reverse(self, step: ChainStep) -> None:
        self.backwards = not self.backwards

    def make_distinct(self, step: ChainStep) -> None:
        self.distinct = True

    def lock(self, step: ChainStep) -> None:
        self.locks = True

    def slice(self, step: ChainStep) -> None:
        """``[a:b]``: limits on top of those there are."""
        bounds = split(step.args[0][1:-1], ":") if step.args[0] != "[:]" else []
        lower, upper = (*bounds, "", "")[:2] if not step.args[0].startswith("[:") else ("", bounds[-1] if bounds else "")
        self.sliced = True
        lower, upper = self._bound(step, lower), self._bound(step, upper)
        start = int(lower) if lower.isdigit() else -1 if lower else 0
        count = _count(lower, upper)
        if count is not None:
            self.high = count if self.high is None or count < 0 or self.high < 0 else min(self.high, count)
        self.low = -1 if start < 0 or self.low < 0 else self.low + start

    def _bound(self, step: ChainStep, text: str) -> str:
        """A bound of a slice, a constant followed to its number."""
        if not text or text.isdigit() or text[0] in "?(":
            return text
        operand = self.compiler.operands.read(Given(step.frame, text), self.compiler.choose)
        return str(operand.value) if isinstance(operand, Literal) and isinstance(operand.value, int) and operand.value >= 0 else text

    # -- results -----------------------------------------------------------------------------------

    def keys(self, default: tuple[Given | str, ...] = ()) -> tuple[OrderKey, ...]:
        """ORDER BY, with the model's own where none is given."""
        items = self.order
        if items is None:
            items = () if self.builder.grouped else self.mapped.ordering
        return order_keys(self.builder, items or default, backwards=self.backwards)

    def is_ordered(self) -> bool:
        """Whether ``first`` and ``last`` find an order."""
        return bool(self.order) or (self.order is None and bool(self.mapped.ordering) and not self.builder.grouped)

    def latest_by(self) -> tuple[Given | str, ...]:
        """``Meta.get_latest_by``."""
        module = self.compiler.chains.modules.get(self.chain.model[0])
        number = module.definitions[1].get(f"{module.classes[self.chain.model[1]].name}.Meta") if module is not None else None
        for attribute in module.classes[number].attributes if module is not None and number is not None else ():
            if attribute.name == "get_latest_by":
                texts = split(attribute.value[1:-1]) if attribute.value[:1] == "[" else [attribute.value]
                return tuple(constant_string(text) or "" for text in texts)
        return ("",)

    def limit(self) -> int | None:
        """The number of rows that slices leave."""
        return self.high

    def selected(self) -> tuple[Expr, ...]:
        """The columns of ``values``; of a whole model none are named."""
        if not self.values:
            return ()
        return tuple(self.builder.reference(name) if name else Expr("?", known=False) for name in self.values)

    def group(self) -> tuple[Term, ...]:
        """GROUP BY, if it is one of columns."""
        if not self.builder.grouped:
            return ()
        if self.values:
            terms = [self.builder.annotations.get(name) or self.builder.reference(name) for name in self.values if name]
            return tuple(one.term() for one in terms if not one.aggregate)
        return tuple(conditions.column(0, one) for one in self.compiler.paths.key_columns(self.chain.model))

    def rows(self, rows: Rows, *, order: tuple[OrderKey, ...] | None = None, limit: int | None = None) -> Query:
        """SELECT of the rows."""
        selected = self.selected()
        if self.builder.outer is not None and not selected:
            selected = tuple(column(0, one, None) for one in self.compiler.paths.key_columns(self.chain.model))
        elif self.model_rows or self.groups_rows:
            self._parents((), self.chain.model)
            for found in self.loaded:
                self.builder.joins.walk(found.hops, None)
                child = self.compiler.mapped.get(found.model) if found.model is not None else None
                if child is not None and found.hops and (found.hops[-1].direct or found.hops[-1].to_columns != child.parent_link):
                    self._parents(found.hops, child.key)
        keys = self.keys() if order is None else order
        if self.builder.outer is not None and not self.sliced and not self.distinct:
            keys = ()
        limit = limit if limit is not None else self.limit()
        if self.combined:
            return united(self, rows, selected, limit)
        return emit(
            self.builder,
            order=keys,
            limit=limit,
            offset=self.low != 0,
            distinct=self.distinct,
            group=self.group(),
            selected=selected,
            locks=self.locks,
            rows=rows,
        )

    def _parents(self, hops: tuple[Hop, ...], model: ClassKey) -> None:
        """The tables of parent models, which rows of a child need; `hops` lead to the child."""
        mapped = self.compiler.mapped[model]
        before = len(hops)
        while mapped.parent is not None and mapped.parent_link and not mapped.proxy and mapped.parent in self.compiler.mapped:
            parent = self.compiler.mapped[mapped.parent]
            hops = (*hops, Hop(parent.table, mapped.parent_link, self.compiler.paths.key_columns(parent.key), True, False, False, parent.key))
            mapped = parent
        if len(hops) > before:
            self.builder.joins.walk(hops, None)


def _count(lower: str, upper: str) -> int | None:
    """How many rows a slice leaves: -1 if that is not known, None if it has no end."""
    if not upper or upper == "None":
        return None
    start = int(lower) if lower.isdigit() else None if lower else 0
    if upper.isdigit() and lower == "?":
        return int(upper)
    if upper.isdigit() and start is not None:
        return max(int(upper) - start, 0)
    parts = operation(upper)
    if parts is not None and parts[1] == "+" and lower in (parts[0], parts[2]):
        other = parts[2] if parts[0] == lower else parts[0]
        return int(other) if other.isdigit() else -1
    return -1


_ACTIONS: dict[str, Callable[[Steps, ChainStep], None]] = {
    "filter": Steps.filter,
    "exclude": Steps.exclude,
    "complex_filter": Steps.complex_filter,
    RELATED: Steps.related,
    PREFETCHED: Steps.related,
    "__or__": either,
    "__and__": both,
    "extra": Steps.extra,
    "annotate": Steps.annotate,
    "alias": Steps.annotate,
    "values": Steps.select_values,
    "values_list": Steps.select_values,
    "dates": Steps.dates,
    "datetimes": Steps.dates,
    "select_related": Steps.select_related,
    "order_by": Steps.order_by,
    "reverse": Steps.reverse,
    "distinct": Steps.make_distinct,
    "select_for_update": Steps.lock,
    SLICE: Steps.slice,
    "union": combine,
    "intersection": combine,
    "difference": combine,
}
