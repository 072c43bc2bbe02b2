"""Chains of Django's ORM compiled to queries: a chain gives several where it has parts that may be left out."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.query import Exists, Predicate, Query, Relation, Rows, Term, TermKind, Verb
from backend_lint.project.queries.django_builder import Builder
from backend_lint.project.queries.django_case import case
from backend_lint.project.queries.django_expr import PARAMETER, UNKNOWN, Expr, composed
from backend_lint.project.queries.django_functions import AGGREGATES, NO_SOURCE, Zone, as_type, function, search_vector, truncated
from backend_lint.project.queries.django_lookups import Lookups, Side
from backend_lint.project.queries.django_operands import Given, Items, Literal, Made, Operand, Operands, Operation, Querysets
from backend_lint.project.queries.django_paths import Found, Paths
from backend_lint.project.queries.django_q import Conditions, as_q
from backend_lint.project.web.values import Place
from backend_lint.sql import conditions
from backend_lint.sql import text as sql

if TYPE_CHECKING:
    from backend_lint.project.queries.django_chains import DjangoChains
    from backend_lint.project.queries.django_frames import Chain

MOST_QUERIES = 8
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_MAX_DEPTH = 5


class Compiler:
    """Compiles the chains of one project."""

    def __init__(self, chains: DjangoChains) -> None:
        self.chains = chains
        self.project = chains.project
        self.mapped = chains.mapped
        self.paths = Paths(self.mapped)
        self.operands = Operands(chains)
        self.lookups = Lookups(chains.project.schema.dialect, self.zone)
        self._taken: list[tuple[object, int]] = []
        self._decided: dict[object, int] = {}
        self._plan: list[int] = []
        self._depth = 0
        self.conditions = Conditions(self.operands, self.choose)

    @functools.cached_property
    def zone(self) -> Zone:
        """``USE_TZ`` and ``TIME_ZONE`` of the settings. Without settings: true, as since Django 5."""
        used, name = True, ""
        values = self.chains.objects.values
        for path, module in self.chains.modules.items():
            if module.role is Role.TEST or ("USE_TZ" not in module.names and "TIME_ZONE" not in module.names):
                continue
            if "USE_TZ" in module.names:
                used = values.follow(Place(path, 0, "USE_TZ")).text != "False"
            if "TIME_ZONE" in module.names:
                name = values.string(Place(path, 0, "TIME_ZONE")) or ""
        return Zone(used, name or "UTC")

    # -- ways --------------------------------------------------------------------------------------

    def choose(self, key: object, ways: int) -> int:
        """Which of several ways this compilation takes; all are taken in turn."""
        if ways < 2:
            return 0
        if key in self._decided:
            return min(self._decided[key], ways - 1)
        number = len(self._taken)
        way = min(self._plan[number], ways - 1) if number < len(self._plan) else 0
        self._taken.append((key, ways))
        self._decided[key] = way
        return way

    def plain(self, key: object, ways: int) -> int:
        """The first of several ways, for what needs no further ones."""
        return 0

    def queries(self, chain: Chain, most: int = MOST_QUERIES) -> list[Query]:
        """The queries that a chain may be, at most `most`; none if its model is unknown or it asks for nothing."""
        mapped = self.mapped.get(chain.model)
        if mapped is None or not mapped.table:
            return []
        plans: list[list[int]] = [[]]
        found: list[Query] = []
        tried = 0
        while plans and len(found) < most and tried <= most:
            tried += 1
            self._plan = plans.pop(0)
            self._taken, self._decided = [], {}
            try:
                query = self.query(chain)
            except RecursionError:  # conditions in conditions: nobody writes them that deep, but somebody may generate them
                query = Query(Verb.SELECT, (Relation(mapped.table),), unknown=("it is nested too deep",))
            taken = [self._plan[number] if number < len(self._plan) else 0 for number in range(len(self._taken))]
            for number in range(len(self._plan), len(self._taken)):
                plans += [[*taken[:number], way] for way in range(1, self._taken[number][1])]
            if query is not None and query not in found:
                found.append(query)
        return found

    def query(self, chain: Chain, outer: Builder | None = None, exists: bool = False) -> Query | None:
        """One way of a chain; inside of another query if `outer` is given."""
        from backend_lint.project.queries.django_steps import Steps

        if self._depth > _MAX_DEPTH or chain.model not in self.mapped:
            return None
        self._depth += 1
        try:
            return Steps(self, chain, outer).run(exists)
        finally:
            self._depth -= 1

    def emit_exists(self, builder: Builder) -> Query:
        """The inside of ``EXISTS``."""
        from backend_lint.project.queries.django_emit import emit

        return emit(builder, limit=1, rows=Rows.NONE)

    # -- expressions -------------------------------------------------------------------------------

    def expression(self, builder: Builder, given: Given, reuse: set[int] | None, is_name: bool = True, depth: int = 0) -> Expr:
        """A value inside a query. `is_name`: a plain string is the name of a field."""
        operand = self.operands.read(given, self.choose)
        if depth > 12:
            return UNKNOWN
        if isinstance(operand, Literal):
            if is_name and isinstance(operand.value, str):
                return builder.reference(operand.value, reuse)
            return _literal(operand)
        if isinstance(operand, Querysets):
            return self._subquery(builder, operand.chains[0])
        if isinstance(operand, Operation):
            return self._operation(builder, operand, reuse, depth)
        if isinstance(operand, Made):
            return self._made(builder, operand, reuse, depth)
        return PARAMETER if not is_name else UNKNOWN

    def _operation(self, builder: Builder, operand: Operation, reuse: set[int] | None, depth: int) -> Expr:
        if operand.sign in _ARITHMETIC and len(operand.parts) == 2:
            left, right = (self.expression(builder, part, reuse, False, depth + 1) for part in operand.parts)
            return composed(sql.binary(left.text, operand.sign, right.text), left.type or right.type, left.kind, (left, right))
        if operand.sign == "-" and len(operand.parts) == 1:
            inner = self.expression(builder, operand.parts[0], reuse, False, depth + 1)
            return composed(sql.prefix("-", inner.text), inner.type, inner.kind, (inner,))
        if operand.sign in ("~", "not"):
            inner = self.expression(builder, operand.parts[0], reuse, False, depth + 1)
            return inner._replace(predicate=conditions.negate(inner.predicate)) if inner.predicate is not None else UNKNOWN
        parts = [self.expression(builder, part, reuse, False, depth + 1).predicate for part in operand.parts]
        if operand.sign in ("&", "||") and None not in parts:
            return UNKNOWN._replace(predicate=conditions.conjunction(parts) if operand.sign == "&" else conditions.disjunction(parts))
        return UNKNOWN

    def _made(self, builder: Builder, made: Made, reuse: set[int] | None, depth: int) -> Expr:
        name, frame = made.name, made.frame
        keywords = dict(made.keywords)
        first = made.args[0] if made.args else keywords.get("expression", keywords.get("name", keywords.get("queryset", keywords.get("value", ""))))
        if name in ("asc", "desc"):
            return self.expression(builder, Given(frame, first), reuse, True, depth + 1)
        if name in ("F", "OuterRef"):
            operand = self.operands.read(Given(frame, first), self.choose)
            if not isinstance(operand, Literal) or not isinstance(operand.value, str):
                return UNKNOWN
            return builder.reference(operand.value, reuse) if name == "F" else self._outer(builder, operand.value)
        if name == "Value":
            operand = self.operands.read(Given(frame, first), self.choose)
            return _literal(operand) if isinstance(operand, Literal) else PARAMETER
        if name in ("Exists", "Subquery", "ArraySubquery"):
            return self._inner_query(builder, Given(frame, first), exists=name == "Exists")
        if name == "Q":
            return UNKNOWN._replace(predicate=self._q_predicate(builder, made, reuse))
        if name == "ExpressionWrapper":
            return self.expression(builder, Given(frame, first), reuse, True, depth + 1)
        if name in NO_SOURCE:
            return function(name, ())
        return self._function(builder, made, keywords, first, reuse, depth)

    def _function(self, builder: Builder, made: Made, keywords: dict[str, str], first: str, reuse: set[int] | None, depth: int) -> Expr:
        name, frame = made.name, made.frame
        if name == "Count" and first in ("'*'", ""):
            return function("Count", ())._replace(text="count(*)")
        if name in ("KeyTransform", "KeyTextTransform") and len(made.args) == 2:
            return self._key(builder, made, reuse, depth)
        if name == "Case":
            return case(self, builder, made, reuse, depth)
        texts = list(made.args) or ([first] if first else [])
        if name in AGGREGATES:
            texts = texts[:1]
            if "filter" in keywords:
                self.expression(builder, Given(frame, keywords["filter"]), reuse, False, depth + 1)
        parts = [self.expression(builder, Given(frame, text), reuse, True, depth + 1) for text in texts[:6]]
        if name == "Cast" and parts:
            output = made.args[1] if len(made.args) > 1 else keywords.get("output_field", "")
            return as_type(parts[0], self._field_class(frame, output))
        if name.startswith("Trunc") and parts:
            return self._truncated(made, keywords, parts)
        if name.startswith("Extract") and parts:
            part = name[7:] if name != "Extract" else self._string(Given(frame, made.args[1] if len(made.args) > 1 else keywords.get("lookup_name", "")))
            part = {"weekday": "week_day", "isoyear": "iso_year", "isoweekday": "iso_week_day"}.get(part.lower(), part.lower())
            return self.lookups.transform(parts[0], part) or UNKNOWN
        if name in ("Substr", "Left", "Right", "Round", "Repeat", "LPad", "RPad", "Replace") and len(texts) > 1:
            parts[1:] = [self.expression(builder, Given(frame, text), reuse, False, depth + 1) for text in texts[1:]]
        if name == "SearchVector" and parts:
            config = self._string(Given(frame, keywords.get("config", "")))
            known = "weight" not in keywords and (config != "" or keywords.get("config", "None") == "None")
            return search_vector(parts, sql.literal(config) if config else "") if known else composed("?", "tsvector", "", parts)._replace(known=False)
        return function(name, parts)

    def _key(self, builder: Builder, made: Made, reuse: set[int] | None, depth: int) -> Expr:
        """``KeyTextTransform("key", "data")``."""
        key = self.operands.read(Given(made.frame, made.args[0]), self.choose)
        inner = self.expression(builder, Given(made.frame, made.args[1]), reuse, True, depth + 1)
        if not isinstance(key, Literal) or not isinstance(key.value, (str, int)) or inner.kind != "JSONField":
            return composed("?", "", "", (inner,))._replace(known=False)
        return self.lookups.key(inner, str(key.value), as_text=made.name == "KeyTextTransform")

    def _truncated(self, made: Made, keywords: dict[str, str], parts: list[Expr]) -> Expr:
        part = made.name[5:].lower()
        if not part:
            part = self._string(Given(made.frame, made.args[1] if len(made.args) > 1 else keywords.get("kind", "")))
        if "tzinfo" in keywords and keywords["tzinfo"] != "None":
            return truncated(part, parts[0], Zone(self.zone.used, ""))
        return truncated(part, parts[0], self.zone) if part else UNKNOWN

    def _string(self, given: Given) -> str:
        operand = self.operands.read(given, self.choose)
        return operand.value if isinstance(operand, Literal) and isinstance(operand.value, str) else ""

    def _field_class(self, frame: object, text: str) -> str:
        from backend_lint.project.queries.django_frames import Frame

        assert isinstance(frame, Frame)
        if text[:1] == "#" and text[1:].isdigit():
            return self.chains.modules[frame.path].bodies[frame.function].calls[int(text[1:])].callee.rpartition(".")[2]
        return text.rpartition(".")[2]

    def _outer(self, builder: Builder, name: str) -> Expr:
        if builder.outer is None:
            return PARAMETER
        found = builder.outer.reference(name)
        if found.column and len(found.relations) == 1:
            return Expr("?", outer=(next(iter(found.relations)), found.column))
        return PARAMETER

    def _q_predicate(self, builder: Builder, made: Made, reuse: set[int] | None) -> Predicate | None:
        condition = self.conditions.of_call(made.frame, made.args, made.keywords)
        return builder.condition_of(as_q(condition), reuse)

    def _inner_query(self, builder: Builder, given: Given, exists: bool) -> Expr:
        operand = self.operands.read(given, self.choose)
        if not isinstance(operand, Querysets) or not operand.chains:
            return UNKNOWN
        if not exists:
            return self._subquery(builder, operand.chains[0])
        query = self.query(operand.chains[0], builder, exists=True)
        return UNKNOWN._replace(predicate=Exists(builder.add_subquery(query))) if query is not None else UNKNOWN

    def _subquery(self, builder: Builder, chain: Chain) -> Expr:
        query = self.query(chain, builder)
        return Expr("", subquery=builder.add_subquery(query)) if query is not None else UNKNOWN

    # -- values of lookups -------------------------------------------------------------------------

    def side(self, builder: Builder, value: Given, reuse: set[int] | None, found: Found | None, rest: tuple[str, ...]) -> Side:
        """The value of a lookup."""
        operand: Operand = self.operands.read(value, self.choose)
        if isinstance(operand, Literal):
            return Side(_literal(operand).term(), constant=True, value=operand.value)
        if isinstance(operand, Items):
            terms = [self._item(item) for item in operand.items]
            kept = [term for term in terms if not (term.kind is TermKind.CONSTANT and term.text == "null")]
            return Side(conditions.parameter(), tuple(kept), operand.complete)
        if isinstance(operand, (Made, Operation)):
            expr = self.expression(builder, value, reuse, is_name=False)
            return Side(expr.term() if expr.known else conditions.parameter(), nullable=expr.nullable)
        if isinstance(operand, Querysets):
            expr = self._subquery(builder, operand.chains[0])
            if expr.subquery >= 0:
                return Side(expr.term())
        return Side(conditions.parameter())

    def constant(self, given: Given) -> str:
        """A constant string, else an empty one."""
        return self._string(given)

    def _item(self, given: Given) -> Term:
        operand = self.operands.read(given, self.choose)
        return _literal(operand).term() if isinstance(operand, Literal) else conditions.parameter()


def _literal(operand: Literal) -> Expr:
    value = operand.value
    type_ = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else ""
    return Expr(sql.literal(value), type=type_, nullable=value is None)
