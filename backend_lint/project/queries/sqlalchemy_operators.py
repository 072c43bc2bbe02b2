"""Methods of columns that give conditions: ``in_``, ``like``, ``between``, ``contains``, ``any`` and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import Call
from backend_lint.facts.query import Comparison, Exists, Opaque, Or, Predicate, Term, TermKind
from backend_lint.facts.schema import Dialect
from backend_lint.project.queries.sqlalchemy_draft import Draft
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import OPERATORS
from backend_lint.project.queries.sqlalchemy_sources import Attribute, Source
from backend_lint.project.queries.sqlalchemy_terms import PARAMETER, combined, constant_term, shown
from backend_lint.project.queries.sqlalchemy_text import operation
from backend_lint.project.schema.mapping import Relationship
from backend_lint.project.value_text import constant_string, split
from backend_lint.sql import text as sql
from backend_lint.sql.conditions import TRUE, between, comparison, conjunction, disjunction, is_in, negate, test

if TYPE_CHECKING:
    from backend_lint.project.queries.sqlalchemy_conditions import Conditions
    from backend_lint.project.queries.sqlalchemy_expressions import Expressions
    from backend_lint.project.queries.sqlalchemy_relations import Relations
    from backend_lint.project.queries.sqlalchemy_sources import Sources

_PLACES = {"startswith": ("", "%"), "endswith": ("%", ""), "contains": ("%", "%")}
_ROWS = (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.MIXED, TermKind.OUTER, TermKind.SUBQUERY)
_SIGNS = frozenset("=,<>,<,<=,>,>=,in,like,ilike,~,~*,!~,!~*,@>,<@,&&,?,?|,?&,@@,%,@?,<<,>>,overlaps,not like,not ilike,similar to,not in,is,is not".split(","))


class Operators:
    """Conditions by method calls."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.compiler = conditions.compiler
        self.expressions: Expressions = conditions.expressions
        self.relations: Relations = conditions.relations
        self.sources: Sources = conditions.sources

    def method(self, draft: Draft, frame: Frame, text: str, base: str, method: str, call: Call) -> Predicate | None:
        """The condition that a method call gives; None if its receiver is no expression."""
        attribute = self.sources.attribute(frame, base)
        if attribute is not None:
            attribute = self.compiler.rebound(attribute)
            if (relationship := attribute.relationship) is not None:
                return self._of_relationship(draft, frame, text, attribute, relationship, method, call)
        elif (of_type := self._of_type(frame, base)) is not None and method in ("any", "has"):
            return self.exists(draft, frame, of_type[0], of_type[1], call, of_type[2])
        if method in ("in_", "__eq__") and (columns := self.row(draft, frame, base)):
            return self._rows_listed(columns, call)
        left = self.expressions.term(draft, frame, base)
        if left.kind not in _ROWS:
            return self.conditions.opaque(draft, frame, text, left) if left.kind is TermKind.UNKNOWN else None
        field = attribute.source.mapped.fields.get(attribute.name) if attribute is not None and attribute.source.mapped is not None else None
        kind = field.kind if field is not None and attribute is not None and not attribute.steps else ""
        return self._plain(draft, frame, text, left, kind, method, call)

    def _plain(self, draft: Draft, frame: Frame, text: str, left: Term, kind: str, method: str, call: Call) -> Predicate | None:
        args = call.args or tuple(value for name, value in call.keywords if name == "other")
        operator = OPERATORS[method]
        if method == "between" and len(args) > 1:
            low, high = (self.expressions.term(draft, frame, one) for one in args[:2])
            return between(left, low, high) if TermKind.UNKNOWN not in (low.kind, high.kind) else self.conditions.opaque(draft, frame, text, left)
        if not args:
            return self.conditions.opaque(draft, frame, text, left)
        if operator in ("in", "not in"):
            return self._listed(draft, frame, text, left, operator, args[0])
        if method in ("is_", "is_not", "isnot"):
            return self._identity(draft, frame, text, left, method == "is_", args[0])
        if method == "contains" and self._is_container(left, kind):
            return comparison(left, "@>", self.expressions.term(draft, frame, args[0]))
        if method in _PLACES or method.removeprefix("i") in _PLACES:
            return self._affix(draft, frame, text, left, method, args[0])
        if operator in ("like", "ilike", "not like", "not ilike"):
            return self._like(left, operator, self.pattern(draft, frame, args[0]))
        if method == "any" and self._is_container(left, kind):
            return Comparison(combined(sql.binary("?", "=", sql.call("any", shown(left))), [left]), "=", TRUE)
        if method in ("any", "has", "any_", "all_", "match"):
            return self.conditions.opaque(draft, frame, text, left)
        right = self.expressions.term(draft, frame, args[0])
        if right.kind is TermKind.UNKNOWN and (right.text != "?" or right.relation >= 0):
            return self.conditions.opaque(draft, frame, text, left, right)
        if operator in ("=", "<>"):
            return self.conditions.compared(draft, frame, text, left, operator, right)
        return comparison(left, operator, right)

    def _is_container(self, left: Term, kind: str) -> bool:
        return (
            left.type in ("jsonb", "json", "hstore") or left.type.endswith("[]") or kind in ("ARRAY", "JSONB", "HSTORE", "Range") or left.type.endswith("range")
        )

    def row(self, draft: Draft, frame: Frame, text: str) -> list[Term]:
        """The terms of ``tuple_(A.x, A.y)``; empty if the value is none."""
        if text[:1] != "#" or not text[1:].isdigit():
            return []
        call = self.conditions.project.modules[frame.path].bodies[frame.function].calls[int(text[1:])]
        if self.compiler.chains.callee(frame.path, call.callee)[1] not in ("tuple_", "Tuple"):
            return []
        found = [self.expressions.term(draft, frame, one) for one in call.args]
        return found if all(one.kind in _ROWS for one in found) else []

    def _rows_listed(self, columns: list[Term], call: Call) -> Predicate | None:
        """``tuple_(A.x, A.y).in_(pairs)``: one of several rows; of a list that is not known two stand for all."""
        given = call.args[0] if call.args else ""
        items = split(given[1:-1]) if given[:2] == "[[" else []
        one = conjunction(comparison(column, "=", PARAMETER) for column in columns)
        return one if len(items) == 1 or one is None else Or((one, one))

    def _listed(self, draft: Draft, frame: Frame, text: str, left: Term, operator: str, given: str) -> Predicate:
        chains = [chain for chain in self.compiler.chains.at(frame, given) if chain.fetched in ("statement", "query", "part")]
        if chains:
            found: Predicate = Comparison(left, "in", Term(TermKind.SUBQUERY, self.compiler.subquery(draft, chains)))
        else:
            items = [constant_term(item) or self.expressions.term(draft, frame, item) for item in self._items(frame, given)]
            if any(item.kind not in (TermKind.CONSTANT, TermKind.PARAMETER) for item in items):
                return self.conditions.opaque(draft, frame, text, left, *items)
            found = is_in(left, items) if items else Comparison(left, "in", PARAMETER, -1)
        return found if operator == "in" else negate(found)

    def _items(self, frame: Frame, given: str) -> list[str]:
        for prefix in ("list(", "tuple(", "set("):
            if given.startswith(prefix):
                given = given[len(prefix) : -1]
        if given[:1] == "[" and not given.startswith("[*") and given.endswith("]"):
            items = split(given[1:-1])
            return items if "..." not in items and not any(item[:1] == "*" for item in items) else []
        return []

    def _identity(self, draft: Draft, frame: Frame, text: str, left: Term, positive: bool, given: str) -> Predicate:
        right = self.expressions.term(draft, frame, given)
        word = right.text if right.kind is TermKind.CONSTANT else ""
        if word in ("null", "true", "false"):
            return test(left, f"is {word}" if positive else f"is not {word}")
        return self.conditions.opaque(draft, frame, text, left, right)

    def between(self, draft: Draft, frame: Frame, text: str, subject: str, low: str, high: str) -> Predicate:
        """``between(X.a, low, high)``."""
        left, first, second = (self.expressions.term(draft, frame, one) for one in (subject, low, high))
        return between(left, first, second) if left.kind in _ROWS else self.conditions.opaque(draft, frame, text, left)

    # -- patterns ----------------------------------------------------------------------------------

    def _like(self, left: Term, operator: str, right: Term) -> Predicate:
        if operator.endswith("ilike") and self.conditions.dialect is not Dialect.POSTGRESQL:
            left = combined(sql.call("lower", shown(left)), [left])
            right = Term(right.kind, text=right.text.lower())  # of a parameter the program's own letters are not known
            operator = operator.replace("ilike", "like")
        if right.kind is TermKind.UNKNOWN:
            right = PARAMETER
        return Comparison(left, operator, right)

    def _affix(self, draft: Draft, frame: Frame, text: str, left: Term, method: str, given: str) -> Predicate:
        name = method if method in _PLACES else method[1:]
        before, after = _PLACES[name]
        inner = self.pattern(draft, frame, given)
        if inner.kind not in (TermKind.CONSTANT, TermKind.PARAMETER):
            return self.conditions.opaque(draft, frame, text, left, inner)
        if inner.kind is TermKind.CONSTANT:
            value = inner.text[1:-1] if inner.text[:1] == "'" else inner.text
            right = Term(TermKind.CONSTANT, text=f"'{before}{value}{after}'")
        else:
            right = Term(TermKind.PARAMETER, text=f"{before}{inner.text or '?'}{after}")
        return self._like(left, "ilike" if name != method else "like", right)

    def pattern(self, draft: Draft, frame: Frame, text: str) -> Term:
        """The right side of LIKE: a constant, or a parameter with what is known of it (``?%``)."""
        if text[:2] in ("f'", 'f"'):
            return Term(TermKind.PARAMETER, text=_holes(text[2:-1]))
        operated = operation(text)
        if operated is not None and operated.operator == "+":
            left, right = self.pattern(draft, frame, operated.left), self.pattern(draft, frame, operated.right)
            if left.kind in (TermKind.CONSTANT, TermKind.PARAMETER) and right.kind in (TermKind.CONSTANT, TermKind.PARAMETER):
                shapes = [one.text[1:-1] if one.text[:1] == "'" else one.text or "?" for one in (left, right)]
                return Term(TermKind.PARAMETER, text="".join(shapes).replace("??", "?"))
        if operated is not None and operated.operator == "%" and (shape := constant_string(operated.left)) is not None:
            return Term(TermKind.PARAMETER, text=shape.replace("%s", "?").replace("%%", "%"))
        if text[:1] in "'\"" and ".format(" in text:
            shape = constant_string(text.partition(".format(")[0])
            return Term(TermKind.PARAMETER, text=_holes(shape or ""))
        if text[:1] == "%" and (given := self.compiler.given(frame, text)) is not None:
            return self.pattern(draft, *given)
        return self.expressions.term(draft, frame, text)

    def custom(self, draft: Draft, frame: Frame, text: str, call: Call) -> Predicate:
        """``X.y.op("@>")(z)``."""
        made = self.conditions.project.modules[frame.path].bodies[frame.function].calls[int(call.callee[1:])]
        base, _, method = made.callee.rpartition(".")
        sign = " ".join((constant_string(made.args[0]) or "").lower().split()) if made.args else ""
        if method not in ("op", "bool_op") or not call.args:
            return self.conditions.opaque(draft, frame, text)
        left, right = self.expressions.term(draft, frame, base), self.expressions.term(draft, frame, call.args[0])
        if sign not in _SIGNS or left.kind not in _ROWS or right.kind is TermKind.UNKNOWN:
            return self.conditions.opaque(draft, frame, text, left, right)
        if sign.startswith("is"):
            return self._identity(draft, frame, text, left, sign == "is", call.args[0])
        return comparison(left, sign, right)

    # -- relationships -----------------------------------------------------------------------------

    def _of_relationship(
        self, draft: Draft, frame: Frame, text: str, attribute: Attribute, relationship: Relationship, method: str, call: Call
    ) -> Predicate | None:
        if method in ("any", "has"):
            return self.exists(draft, frame, attribute.source, relationship, call)
        value = call.args[0] if call.args else ""
        if method == "contains" and value:
            return self.contains(draft, frame, text, attribute.source, relationship)
        if method in ("is_", "is_not", "isnot") and value == "None":
            return self.relationship(draft, frame, text, attribute, relationship, "=" if method == "is_" else "<>", value)
        return self.conditions.opaque(draft, frame, text)

    def relationship(self, draft: Draft, frame: Frame, text: str, attribute: Attribute, relationship: Relationship, operator: str, value: str) -> Predicate:
        """``Order.user == user`` and ``Order.user == None``."""
        source = attribute.source
        null = value == "None"
        if relationship.many or relationship.reverse or relationship.through:
            if null:
                found: Predicate = Exists(self._inner(draft, frame, source, relationship, None))
                return negate(found) if operator == "=" else found
            return self.contains(draft, frame, text, source, relationship) if operator == "=" else self.conditions.opaque(draft, frame, text)
        if null:
            parts = [test(self.relations.column(draft, source, column), "is null" if operator == "=" else "is not null") for column in relationship.columns]
            return (conjunction(parts) if operator == "=" else disjunction(parts)) or self.conditions.opaque(draft, frame, text)
        other = self.sources.attribute(frame, value)
        if other is not None or self.sources.source(frame, value) is not None:
            return self.conditions.opaque(draft, frame, text)
        if operator == "=":
            return self.relations.held(draft, source, relationship, PARAMETER)
        held = self.relations.held(draft, source, relationship, PARAMETER)
        nulls: list[Predicate] = [test(self.relations.column(draft, source, one), "is null") for one in relationship.columns]
        return disjunction((negate(held), *nulls)) or held

    def contains(self, draft: Draft, frame: Frame, text: str, source: Source, relationship: Relationship) -> Predicate:
        """``User.orders.contains(order)``; the table in between of many to many is placed in FROM."""
        if relationship.through:
            middle = self.relations.secondary(relationship)
            on = self.relations.pairs(draft, source, relationship.columns, middle, relationship.through_columns, text)
            known = conjunction(comparison(self.relations.column(draft, middle, column), "=", PARAMETER) for column in relationship.through_to)
            return conjunction((on, known)) or self.conditions.opaque(draft, frame, text)
        return self.relations.held(draft, source, relationship, PARAMETER)

    def with_parent(self, draft: Draft, frame: Frame, text: str, attribute: Attribute, relationship: Relationship) -> Predicate:
        """``with_parent(user, User.orders)``: rows of the target that belong to an object."""
        target = self.relations.target(relationship)
        if target is None:
            return self.conditions.opaque(draft, frame, text)
        return self.of_parent(draft, target, relationship)

    def of_parent(self, draft: Draft, target: Source, relationship: Relationship) -> Predicate:
        """The rows of a relationship's target that belong to one object."""
        if relationship.through:
            middle = self.relations.secondary(relationship)
            on = self.relations.pairs(draft, middle, relationship.through_to, target, relationship.to_columns, relationship.name)
            known = conjunction(comparison(self.relations.column(draft, middle, column), "=", PARAMETER) for column in relationship.through_columns)
            return conjunction((known, on)) or Opaque(relationship.name)
        found = conjunction(comparison(self.relations.column(draft, target, column), "=", PARAMETER) for column in relationship.to_columns)
        return found or Opaque(relationship.name)

    def _of_type(self, frame: Frame, base: str) -> tuple[Source, Relationship, Source] | None:
        """``A.b.of_type(C)``."""
        if base[:1] != "#" or not base[1:].isdigit():
            return None
        call = self.conditions.project.modules[frame.path].bodies[frame.function].calls[int(base[1:])]
        stem, _, method = call.callee.rpartition(".")
        attribute = self.sources.attribute(frame, stem) if method == "of_type" and call.args else None
        target = self.sources.source(frame, call.args[0]) if attribute is not None else None
        if attribute is None or target is None or (relationship := attribute.relationship) is None:
            return None
        return attribute.source, relationship, target

    def exists(self, draft: Draft, frame: Frame, source: Source, relationship: Relationship, call: Call, target: Source | None = None) -> Predicate:
        """``A.b.any(condition)``, ``A.b.has(name=value)``."""
        return Exists(self._inner(draft, frame, source, relationship, call, target))

    def _inner(self, draft: Draft, frame: Frame, source: Source, relationship: Relationship, call: Call | None, target: Source | None = None) -> int:
        found = target or self.relations.target(relationship)
        self.relations.place(draft, source)
        if found is not None and found.key == source.key:
            found = Source(("other", source.key, relationship.name), found.table, "", found.mapped)
        inner = self.compiler.inner(draft, apart=None if found is None else found.key)
        if found is None:
            inner.unknown.append(f"the target of {relationship.name}")
            inner.restrict(Opaque(relationship.name))
        else:
            self.relations.place(inner, found)
            inner.entities.append(found)
            apart = ("any", len(draft.subqueries), relationship.name) if relationship.through else None
            inner.restrict(self.relations.matches(inner, source, relationship, found, apart))
            if call is not None:
                with self.compiler.binding(found):
                    inner.restrict(self.conditions.all_of(inner, frame, call.args))
                    for part in self.conditions.filter_by(inner, frame, call.keywords):
                        inner.restrict(part)
        return self.compiler.keep(draft, inner)


def _holes(text: str) -> str:
    """An f-string's text with a question mark for each value."""
    found = []
    depth = 0
    position = 0
    while position < len(text):
        sign = text[position]
        if text[position : position + 2] in ("{{", "}}") and not depth:
            found.append(sign)
            position += 2
            continue
        if sign == "{":
            if not depth:
                found.append("?")
            depth += 1
        elif sign == "}":
            depth -= 1
        elif not depth:
            found.append(sign)
        position += 1
    return "".join(found).replace("??", "?")
