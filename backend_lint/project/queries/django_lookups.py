"""Lookups of Django's ORM, ``name__icontains=x``, as the conditions that PostgreSQL, MySQL and SQLite receive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backend_lint.duration import digits
from backend_lint.facts.query import Comparison, Opaque, Predicate, Term, TermKind
from backend_lint.facts.schema import Dialect
from backend_lint.project.queries.django_expr import Expr, cast, composed
from backend_lint.project.queries.django_functions import Zone, extract, function, truncated
from backend_lint.sql import conditions
from backend_lint.sql import text as sql

_ORDERED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PATTERNS = {"contains": "%{}%", "icontains": "%{}%", "startswith": "{}%", "istartswith": "{}%", "endswith": "%{}", "iendswith": "%{}", "iexact": "{}"}
_REGEXES = {"regex": "~", "iregex": "~*"}
_JSON = {"contains": "@>", "contained_by": "<@", "has_key": "?", "has_keys": "?&", "has_any_keys": "?|"}
_ARRAY = {"contains": "@>", "contained_by": "<@", "overlap": "&&"}
_RANGE = _ARRAY | {"fully_lt": "<<", "fully_gt": ">>", "adjacent_to": "-|-", "not_lt": "&>", "not_gt": "&<"}
_TRIGRAM = {"trigram_similar": "%", "trigram_word_similar": "%>", "trigram_strict_word_similar": "%>>"}
_DATES = ("DateField", "DateTimeField")
_TRANSFORMS = {"lower": "Lower", "upper": "Upper", "length": "Length", "trim": "Trim", "abs": "Abs", "unaccent": "Unaccent", "reverse": "Reverse"}


class Side(NamedTuple):
    """The value of a lookup. `items`: of a list; None if it is none. `constant`: it is `value`, known now."""

    term: Term
    items: Sequence[Term] | None = None
    complete: bool = True
    constant: bool = False
    value: object = None
    nullable: bool = True


class Lookups:
    """Builds conditions for one database product."""

    def __init__(self, dialect: Dialect, zone: Zone) -> None:
        self.dialect = dialect
        self.zone = zone

    def transformed(self, left: Expr, names: Sequence[str]) -> tuple[Expr, str]:
        """The left side after its transforms, and the lookup's name; a last name that is a transform is compared by ``exact``."""
        rest = list(names)
        while rest:
            if len(rest) == 1 and self.is_lookup(left, rest[0]):
                return left, rest[0]
            following = self.transform(left, rest[0])
            if following is None:
                return (left, rest[0]) if len(rest) == 1 else (left._replace(known=False), "exact")
            left = following
            del rest[0]
        return left, "exact"

    def is_lookup(self, left: Expr, name: str) -> bool:
        """Whether a name ends the lookup."""
        if name in _ORDERED or name in ("exact", "in", "range", "isnull"):
            return True
        if left.kind == "JSONField":
            return name in _JSON or name in _PATTERNS or name in _REGEXES
        if left.type.endswith("[]"):
            return name in _ARRAY
        return name in _PATTERNS or name in _REGEXES or name in _TRIGRAM or name == "search" or (name in _RANGE and left.type.endswith("range"))

    def transform(self, left: Expr, name: str) -> Expr | None:
        """``created__month``, ``data__key``, ``tags__len``; None if the name is no transform of such a value."""
        if left.kind in _DATES or left.kind == "TimeField":
            if name in ("date", "time"):
                return truncated(name, left, self.zone)
            found = extract(name, left, self.zone)
            return found._replace(year_of=left) if found is not None and name in ("year", "iso_year") and left.column else found
        if left.kind == "JSONField":
            return self.key(left, name)
        if left.type.endswith("[]"):
            if name == "len":
                length = f"coalesce(array_length({left.text}, 1), 0)"
                return composed(sql.case([(f"{left.text} is null", "null")], length), "integer", "IntegerField", (left,))
            if (place := digits(name)) is not None:
                return composed(f"{left.text}[{place + 1}]", left.type[:-2], "", (left,))
            return None
        if left.type.endswith("range") and name in ("startswith", "endswith"):
            return function("Lower" if name == "startswith" else "Upper", (left,))
        if name in _TRANSFORMS:
            return function(_TRANSFORMS[name], (left,)) if name != "unaccent" else composed(sql.call("unaccent", left.text), "text", left.kind, (left,))
        return None

    @staticmethod
    def key(left: Expr, name: str, *, as_text: bool = False) -> Expr:
        """The value of a key of a JSON value, or its text."""
        whole, way = left.keys if left.keys[0] else (left.text, ())
        if as_text:
            return composed(_json(whole, (*way, name), ">"), "text", "TextField", (left,))
        return composed(_json(whole, (*way, name), ""), "jsonb", "JSONField", (left,), left.field)._replace(keys=(whole, (*way, name)))

    def build(self, left: Expr, name: str, right: Side) -> Predicate:
        """``left <lookup> right``."""
        term = left.term()
        if term.kind is TermKind.UNKNOWN:
            return Opaque(f"{name} of an expression", tuple(sorted(left.relations)))
        if name in ("exact", "iexact") and right.constant and right.value is None:
            return conditions.test(term, "is null")
        if name == "isnull":
            if right.constant:
                return conditions.test(term, "is null" if right.value else "is not null")
            return Opaque("is null or not", tuple(sorted(left.relations)))
        if left.year_of is not None and (name in _ORDERED or name == "exact"):
            return self._year(left.year_of.term(), name)
        if name == "exact" and left.type == "tsvector":
            return Comparison(term, "@@", conditions.parameter())
        if name == "exact":
            return conditions.comparison(term, "=", right.term)
        if name in _ORDERED:
            return conditions.comparison(term, _ORDERED[name], right.term)
        if name == "in":
            return self._in(term, right)
        if name == "range":
            low, high = right.items if right.items is not None and len(right.items) == 2 else (conditions.parameter(), conditions.parameter())
            return conditions.between(term, low, high)
        special = self._special(left, name, right)
        return special if special is not None else self._text(left, name, right)

    def _in(self, term: Term, right: Side) -> Predicate:
        if right.term.kind is TermKind.SUBQUERY:
            return Comparison(term, "in", right.term)
        if right.items is None:
            return Comparison(term, "in", conditions.parameter())
        found = conditions.is_in(term, right.items)
        return found if right.complete else Comparison(term, "in", conditions.parameter())

    @staticmethod
    def _year(term: Term, name: str) -> Predicate:
        value = conditions.parameter()
        if name == "exact":
            return conditions.between(term, value, value)
        return conditions.comparison(term, _ORDERED[name], value)

    def _special(self, left: Expr, name: str, right: Side) -> Predicate | None:
        """Operators of JSON, arrays, ranges, text search and trigrams."""
        term = left.term()
        table = _JSON if left.kind == "JSONField" else _ARRAY if left.type.endswith("[]") else _RANGE if left.type.endswith("range") else {}
        if name in table:
            if self.dialect is not Dialect.POSTGRESQL:
                return Opaque(name, tuple(sorted(left.relations)))
            return Comparison(term, table[name], right.term)
        if name in _TRIGRAM:
            return Comparison(term, _TRIGRAM[name], right.term)
        if name == "search":
            if left.type != "tsvector":
                text = sql.call("to_tsvector", sql.call("coalesce", left.text, "''"))
                term = composed(text, "tsvector", "", (left,)).term()
            return Comparison(term, "@@", conditions.parameter())
        return None

    def _text(self, left: Expr, name: str, right: Side) -> Predicate:
        if name in _REGEXES:
            return Comparison(self._as_text(left, ignore_case=False).term(), _REGEXES[name], right.term)
        if name not in _PATTERNS or (left.column and not left.type):
            return Opaque(f"lookup {name}", tuple(sorted(left.relations)))
        ignore_case = name[0] == "i"
        pattern = self._pattern(_PATTERNS[name], right, upper=ignore_case and self.dialect is Dialect.POSTGRESQL)
        if self.dialect is Dialect.POSTGRESQL:
            subject = self._as_text(left, ignore_case)
            return Comparison(subject.term(), "=" if name == "iexact" else "like", pattern)
        if self.dialect is Dialect.MYSQL and not ignore_case:
            return Comparison(composed(sql.cast(left.text, "binary"), "", "", (left,)).term(), "like", pattern)
        return Comparison(left.term(), "like", pattern)

    def _as_text(self, left: Expr, ignore_case: bool) -> Expr:
        if self.dialect is not Dialect.POSTGRESQL:
            return left
        if left.keys[0]:
            left = composed(_json(*left.keys, ">"), "text", "TextField", (left,))
        elif left.type == "citext":
            pass
        elif left.type == "inet":
            left = composed(sql.call("host", left.text), "text", "", (left,))
        else:
            left = cast(left, "text")
        return composed(sql.call("upper", left.text), "text", "TextField", (left,)) if ignore_case else left

    @staticmethod
    def _pattern(shape: str, right: Side, upper: bool) -> Term:
        if right.constant and isinstance(right.value, (str, int, float)):
            value = str(right.value).replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") if shape != "{}" else str(right.value)
            return conditions.constant(sql.literal(shape.format(value.upper() if upper else value)), "text")
        if right.term.kind in (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.MIXED, TermKind.OUTER):
            relation = right.term.relation if right.term.kind is TermKind.EXPRESSION or right.term.kind is TermKind.COLUMN else -1
            return Term(TermKind.MIXED if relation < 0 else TermKind.EXPRESSION, relation, text="?")
        return conditions.parameter(shape.format("?"), "text")


def _json(whole: str, way: tuple[str, ...], text: str) -> str:
    """The value at the end of a way into JSON; as text with `text` ``>``."""
    if len(way) > 1:
        return sql.binary(whole, "#>" + text, "'{" + ",".join(way) + "}'")
    return sql.binary(whole, "->" + text, way[0] if way[0].isdigit() else f"'{way[0]}'")
