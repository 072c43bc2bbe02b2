"""One query of Django's ORM while it is put together: filters, joins and expressions, as `django.db.models.sql.Query` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import Comparison, Exists, Opaque, Predicate, Query, TermKind
from backend_lint.project.queries.django_expr import PARAMETER, UNKNOWN, Expr, column
from backend_lint.project.queries.django_joins import LEFT, Joins, Promoter
from backend_lint.project.queries.django_lookups import Side
from backend_lint.project.queries.django_operands import Given, Literal
from backend_lint.project.queries.django_paths import Found, UnknownNameError
from backend_lint.project.queries.django_q import AND, OR, Expression, Lookup, Q
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.sql import conditions

if TYPE_CHECKING:
    from backend_lint.project.queries.django_compile import Compiler

HAVING = Opaque("having")
"""Stands in a condition for one on groups."""
Built = tuple[Predicate | None, set[int]]
"""A condition, and the aliases that it needs to be joined inner."""


class Builder:
    """`outer`: the query around a subquery, for ``OuterRef``."""

    def __init__(self, compiler: Compiler, model: ClassKey, outer: Builder | None = None) -> None:
        self.compiler = compiler
        self.model = model
        self.outer = outer
        self.joins = Joins(compiler.mapped[model].table, model)
        self.where: list[Predicate] = []
        self.annotations: dict[str, Expr] = {}
        self.relations: dict[str, str] = {}
        """Paths of filtered relations by name."""
        self.subqueries: list[Query] = []
        self.unknown: list[str] = []
        self.grouped = False
        self.whole = False
        """No condition is moved to a subquery: it is one inside of an aggregate."""

    # -- names -------------------------------------------------------------------------------------

    def column_of(self, found: Found, columns: tuple[str, ...], aliases: list[int]) -> Expr:
        """The column at the end of a trimmed path."""
        field = found.field
        if field is None and found.relation is not None and found.relation.target is not None:
            key = self.compiler.paths.key_field(found.relation.target)
            field = key if key is not None and key.column in found.columns else None
        elif field is None and found.model is not None:
            field = self.compiler.paths.key_field(found.model)
        near = found.hops[len(aliases) - 1].nullable if len(aliases) <= len(found.hops) else found.nullable
        nullable = near or self.joins.all[aliases[-1]].kind == LEFT
        return column(aliases[-1], columns[0] if len(columns) == 1 else "", field, nullable) if len(columns) == 1 else UNKNOWN

    def path(self, names: tuple[str, ...]) -> Found:
        """The path of names from the model; of a filtered relation, of what it filters."""
        if names[0] in self.relations:
            names = (*self.relations[names[0]].split("__"), *names[1:])
        return self.compiler.paths.of(self.model, names)

    def reference(self, name: str, reuse: set[int] | None = None) -> Expr:
        """What ``F(name)`` is."""
        names = tuple(name.split("__"))
        found_annotation = self.annotations.get(name) or self.annotations.get(names[0])
        if found_annotation is not None:
            rest = names[1:] if name not in self.annotations else ()
            return self.transformed(found_annotation, rest)
        try:
            found = self.path(names)
        except UnknownNameError:
            return UNKNOWN
        columns, aliases = self.joins.trim(found, self.joins.walk(found.hops, reuse))
        if reuse is not None:
            reuse.update(aliases)
        return self.transformed(self.column_of(found, columns, aliases), found.rest)

    def transformed(self, expr: Expr, names: tuple[str, ...]) -> Expr:
        """``created__month`` where it is no lookup."""
        for name in names:
            following = self.compiler.lookups.transform(expr, name)
            if following is None:
                return UNKNOWN
            expr = following
        return expr

    # -- conditions --------------------------------------------------------------------------------

    def filter(self, condition: Q, reuse: set[int] | None = None) -> None:
        """``filter(condition)``: one call, whose lookups over many rows mean the same row. `reuse`: joins over many rows that it may share."""
        existing = self.joins.inner()
        built, _ = self._q(condition, set(reuse or ()), branch_negated=False, negated=False)
        if built is not None:
            self.where.append(built)
        self.joins.demote(existing)

    def condition_of(self, condition: Q, reuse: set[int] | None) -> Predicate | None:
        """A condition that is a value: in an annotation, or compared."""
        outer, self.whole = self.whole, True
        found, needed = self._q(condition, set() if reuse is None else reuse, branch_negated=False, negated=False)
        self.whole = outer
        self.joins.promote(needed)
        return found

    def _q(self, condition: Q, reuse: set[int], *, branch_negated: bool, negated: bool) -> Built:
        negated ^= condition.negated
        branch_negated = branch_negated or condition.negated
        promoter = Promoter(condition.connector == OR, len(condition.children), negated)
        parts = []
        for child in condition.children:
            part, needed = self._child(child, reuse, branch_negated=branch_negated, negated=negated)
            promoter.add(needed)
            parts.append(part)
        needed = promoter.update(self.joins)
        if condition.connector == AND:
            built = conditions.conjunction(parts)
        elif condition.connector == OR:
            built = conditions.disjunction(parts)
        else:
            built = Opaque("xor", tuple(sorted({alias for part in parts if part is not None for alias in _relations(part)})))
        return conditions.negate(built) if condition.negated and built is not None else built, needed

    def _child(self, child: Q | Lookup | Expression, reuse: set[int], *, branch_negated: bool, negated: bool) -> Built:
        if isinstance(child, Q):
            return self._q(child, reuse, branch_negated=branch_negated, negated=negated)
        if isinstance(child, Expression):
            return self._condition(child.value, reuse), set()
        if child.name == "**" or not child.name:
            self.unknown.append("filter by names that are not constant")
            return Opaque("names that are not constant", (0,)), set()
        return self._lookup(child, reuse, branch_negated=branch_negated, negated=negated)

    def _condition(self, given: Given, reuse: set[int]) -> Predicate:
        """A condition that is no lookup: ``Exists(...)``."""
        expr = self.compiler.expression(self, given, reuse, is_name=False)
        if expr.predicate is not None:
            return expr.predicate
        if expr.aggregate:
            return HAVING
        self.unknown.append("a condition that was not understood")
        return Opaque(given.text, tuple(range(len(self.joins.all))))

    def _lookup(self, lookup: Lookup, reuse: set[int], *, branch_negated: bool, negated: bool) -> Built:
        names = tuple(lookup.name.split("__"))
        for length in range(len(names), 0, -1):
            annotation = self.annotations.get("__".join(names[:length]))
            if annotation is not None:
                return self._compared(annotation, names[length:], lookup.value, reuse)[0], set()
        try:
            found = self.path(names)
        except UnknownNameError:
            self.unknown.append(f"field {lookup.name}")
            return Opaque(lookup.name, (0,)), set()
        many = next((number for number, hop in enumerate(found.hops) if hop.many), -1)
        if branch_negated and many >= 0 and not self.whole:
            return self._excluded(lookup, found, many, reuse), set()
        before = [join.uses for join in self.joins.all]
        right = self.side(lookup.value, reuse, found, found.rest)
        used = {number for number, join in enumerate(self.joins.all) if join.uses > (before[number] if number < len(before) else 0)}
        aliases = self.joins.walk(found.hops, reuse)
        used.update(aliases)
        columns, aliases = self.joins.trim(found, aliases)
        reuse.update(aliases)
        left = self.column_of(found, columns, aliases)
        built, name, is_null = self._built(left, found.rest, right)
        asks_null = is_null and (name != "isnull" or (right.constant and bool(right.value)))
        outer = asks_null and not negated
        if negated and not asks_null and (not is_null or right.constant):
            outer = True
            if not is_null and built is not None:
                if left.nullable:
                    built = conditions.conjunction((built, conditions.test(left.term(), "is not null")))
                if right.term.kind is TermKind.COLUMN and right.nullable and built is not None:
                    built = conditions.conjunction((built, conditions.test(right.term, "is not null")))
        return built, set() if outer else used

    def _compared(self, left: Expr, rest: tuple[str, ...], value: Given, reuse: set[int]) -> tuple[Predicate | None, str]:
        """A condition on an annotation."""
        if left.predicate is not None:
            operand = self.compiler.operands.read(value, self.compiler.choose)
            if not rest and isinstance(operand, Literal) and operand.value is not None:
                return left.predicate if operand.value else conditions.negate(left.predicate), "exact"
            return Opaque("a condition compared"), "exact"
        right = self.side(value, reuse, None, rest)
        if left.aggregate:
            return HAVING, "exact"
        built, name, _ = self._built(left, rest, right)
        return built, name

    def _built(self, left: Expr, rest: tuple[str, ...], right: Side) -> tuple[Predicate | None, str, bool]:
        """The condition, the lookup's name, and whether it asks for null."""
        lookups = self.compiler.lookups
        transformed, name = lookups.transformed(left, rest)
        if right.constant and right.value is None and name in ("exact", "iexact"):
            return conditions.test(transformed.term(), "is null"), name, True
        return lookups.build(transformed, name, right), name, name == "isnull"

    def side(self, value: Given, reuse: set[int] | None, found: Found | None, rest: tuple[str, ...]) -> Side:
        """The value of a lookup."""
        return self.compiler.side(self, value, reuse, found, rest)

    def _excluded(self, lookup: Lookup, found: Found, many: int, reuse: set[int]) -> Predicate:
        """``exclude`` over many rows: NOT EXISTS of a row for which it is true."""
        compiler = self.compiler
        hop = found.hops[many]
        inner = Builder(compiler, self.model, self)
        inner.filter(Q(AND, (lookup,)))
        joins = inner.joins.all
        first = next((number for number, join in enumerate(joins) if join.hop == hop and join.uses), 0)
        prefix = self.joins.walk(found.hops[:many], reuse)
        outer_left = any(joins[number].kind == LEFT for number in range(1, first))
        columns, aliases = hop.columns, prefix
        for near in reversed(found.hops[:many]):
            if not near.direct or not set(columns) <= set(near.to_columns):
                break
            pairs = dict(zip(near.to_columns, near.columns, strict=False))
            columns = tuple(pairs[one] for one in columns)
            self.joins.all[aliases.pop()].uses -= 1
        outer = tuple(Expr("?", outer=(aliases[-1], one)).term() for one in columns)
        # a table that is joined outer must keep the one before it
        start = joins[first].parent if joins[first].kind == LEFT else first
        own_columns = hop.columns if start != first else hop.to_columns
        self._keep_from(inner, start)
        same = next((alias for alias in reuse if self.joins.name(alias) == inner.joins.name(start)), None)
        if same is not None:
            # the condition is one on the rows that this query has joined already
            model = self.joins.all[same].model
            own_columns = compiler.paths.key_columns(model) if model is not None else ("id",)
            outer = tuple(Expr("?", outer=(same, one)).term() for one in own_columns)
        inner.where += [conditions.comparison(conditions.column(start, own), "=", one) for own, one in zip(own_columns, outer, strict=False)]
        number = self.add_subquery(compiler.emit_exists(inner))
        built: Predicate = Exists(number)
        if outer_left and len(columns) == 1:
            null = conditions.test(conditions.column(aliases[-1], columns[0]), "is null")
            built = conditions.disjunction((built, null)) or built
        return built

    @staticmethod
    def _keep_from(inner: Builder, first: int) -> None:
        """The subquery begins at the table that meets many rows."""
        for number in range(first):
            inner.joins.all[number].uses = 0
        inner.joins.all[first].parent = -1
        inner.joins.all[first].kind = ""
        inner.joins.all[first].uses += not inner.joins.all[first].uses

    def add_subquery(self, query: Query) -> int:
        """The number of a subquery in this query."""
        self.subqueries.append(query)
        return len(self.subqueries) - 1

    def literal_filter(self, columns: tuple[str, ...], operator: str = "=") -> None:
        """A condition on own columns whose value only the run knows."""
        for one in columns:
            self.where.append(Comparison(conditions.column(0, one), operator, PARAMETER.term()))


def _relations(predicate: Predicate) -> set[int]:
    found: set[int] = set()
    for one in conditions.comparisons(predicate):
        found.update(term.relation for term in (one.left, one.right) if term.relation >= 0 and term.kind is not TermKind.SUBQUERY)
    return found
