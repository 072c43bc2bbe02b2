"""Conditions and expressions of Django over the columns of one model: ``Q`` of indexes and constraints as predicates, functions as canonical text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from backend_lint.facts.query import Comparison, Not, Opaque, Predicate, Term, TermKind
from backend_lint.project.schema.django_values import Made, Named, Operation, Unknown
from backend_lint.sql import conditions, text

Column = Callable[[str], tuple[str, str, bool | None] | None]
"""Gives column, canonical type and nullability of a field; None for what is no column of the table."""

_SIGNS = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_PATTERNS = {
    "contains": ("like", "%{}%"),
    "startswith": ("like", "{}%"),
    "endswith": ("like", "%{}"),
    "icontains": ("like", "%{}%"),
    "istartswith": ("like", "{}%"),
    "iendswith": ("like", "%{}"),
    "iexact": ("=", "{}"),
}
_REGEX = {"regex": "~", "iregex": "~*"}
_PARTS = {
    "year": "year", "month": "month", "day": "day", "hour": "hour", "minute": "minute", "second": "second", "quarter": "quarter", "week": "week",
    "iso_year": "isoyear", "iso_week_day": "isodow",
}  # fmt: skip
_PLAIN_FUNCTIONS = {
    "Lower": "lower", "Upper": "upper", "Length": "length", "Trim": "btrim", "LTrim": "ltrim", "RTrim": "rtrim", "Abs": "abs", "Ceil": "ceil",
    "Floor": "floor", "Round": "round", "Sqrt": "sqrt", "MD5": "md5", "SHA1": "sha1", "Reverse": "reverse", "Concat": "concat", "Coalesce": "coalesce",
    "Greatest": "greatest", "Least": "least", "NullIf": "nullif", "Left": "left", "Right": "right", "Substr": "substring", "Replace": "replace",
    "StrIndex": "strpos", "Repeat": "repeat", "LPad": "lpad", "RPad": "rpad", "Sign": "sign", "Ln": "ln", "Exp": "exp", "Power": "power", "Mod": "mod",
    "Now": "statement_timestamp", "Random": "random", "Unaccent": "unaccent", "Chr": "chr", "Ord": "ascii",
}  # fmt: skip
_TYPES = {"length": "integer", "strpos": "integer", "ascii": "integer", "lower": "text", "upper": "text", "md5": "text", "concat": "text"}
_ARITHMETIC = {"+", "-", "*", "/", "%"}
_ARITHMETIC_NAMES = {"bitand": "&", "bitor": "|"}
_TRANSPARENT = frozenset({"ExpressionWrapper", "OpClass", "IndexExpression", "asc", "desc", "ExpressionList"})


class Expression(NamedTuple):
    """`text`: canonical; `columns`: that it reads; `column`: set if it is nothing but that column; `type`: canonical, empty if unknown."""

    text: str
    columns: tuple[str, ...] = ()
    column: str = ""
    type: str = ""
    constant: bool = False

    @property
    def term(self) -> Term:
        if self.column:
            return conditions.column(0, self.column)
        if self.constant:
            return conditions.constant(self.text, self.type)
        return conditions.expression(0, self.text, self.columns) if self.columns else Term(TermKind.PARAMETER, text=self.text)


class Key(NamedTuple):
    """A key of an index over an expression."""

    expression: Expression
    descending: bool = False
    nulls_first: bool | None = None
    opclass: str = ""
    collation: str = ""


class Conditions:
    """Reads values of `django_values` over the columns of a model."""

    def __init__(self, column: Column) -> None:
        self.column = column

    # -- expressions -------------------------------------------------------------------------------

    def expression(self, value: Any, name_is_field: bool = True) -> Expression | None:
        """An expression; a string is a field's name. None if it is not understood."""
        if isinstance(value, str):
            return self._field(value) if name_is_field else Expression(text.literal(value), type="text", constant=True)
        if isinstance(value, (bool, int, float)) or value is None:
            return Expression(text.literal(value), constant=True)
        if isinstance(value, Operation):
            return self._operation(value)
        return self._made(value) if isinstance(value, Made) else None

    def _field(self, name: str) -> Expression | None:
        parts = name.split("__")
        found = self.column(parts[0])
        if found is None:
            return None
        current = Expression(text.column(found[0]), (found[0],), found[0], found[1])
        for part in parts[1:]:
            inner = self._transform(current, part)
            if inner is None:
                return None
            current = inner
        return current

    def _transform(self, inner: Expression, name: str) -> Expression | None:
        if inner.type == "jsonb":
            key = name if name.isdigit() else text.literal(name)
            return Expression(text.binary(inner.text, "->", key), inner.columns, type="jsonb")
        if name in _PARTS:
            return Expression(text.extract(_PARTS[name], inner.text), inner.columns, type="integer")
        if name == "date":
            return Expression(text.cast(inner.text, "date"), inner.columns, type="date")
        if name in ("lower", "upper", "unaccent", "length", "abs"):
            return Expression(text.call(name, inner.text), inner.columns, type="integer" if name == "length" else "text")
        return None

    def _operation(self, value: Operation) -> Expression | None:
        if value.operator not in _ARITHMETIC:
            return None
        left, right = (self.expression(part, name_is_field=False) for part in value.parts)
        return None if left is None or right is None else self._binary(left, value.operator, right)

    @staticmethod
    def _binary(left: Expression, operator: str, right: Expression) -> Expression:
        return Expression(text.binary(left.text, operator, right.text), left.columns + right.columns, type=left.type or right.type)

    def _made(self, made: Made) -> Expression | None:
        last = made.last
        args = made.args
        if last in ("F", "Col", "KeyTransform", "KeyTextTransform"):
            return self._reference(last, args)
        if last == "Value":
            return self.expression(args[0], name_is_field=False) if args else None
        if last in ("asc", "desc"):
            return self.expression(made.receiver)
        if last == "Collate" and len(args) == 2 and isinstance(args[1], str):
            inner = self.expression(args[0])
            return None if inner is None else Expression(text.collate(inner.text, args[1]), inner.columns, type=inner.type)
        if last in _TRANSPARENT and args:
            return self.expression(args[0])
        if last == "Cast":
            return self._cast(made)
        if last.startswith(("Trunc", "Extract")):
            return self._date_function(made)
        if last == "Func":
            function = made.get("function")
            return self._call(function.lower(), args) if isinstance(function, str) and not made.has("template") else None
        if last == "Case":
            return None
        if last in _ARITHMETIC_NAMES and args:
            left, right = self.expression(made.receiver), self.expression(args[0], name_is_field=False)
            return None if left is None or right is None else self._binary(left, _ARITHMETIC_NAMES[last], right)
        if last == "SearchVector":
            return self._search_vector(made)
        name = _PLAIN_FUNCTIONS.get(last)
        return self._call(name, args) if name is not None and made.name.startswith("django.") else None

    def _reference(self, kind: str, args: list[Any]) -> Expression | None:
        if kind == "F":
            return self._field(args[0]) if args and isinstance(args[0], str) else None
        if len(args) == 2 and isinstance(args[0], str):
            inner = self.expression(args[1])
            operator = "->>" if kind == "KeyTextTransform" else "->"
            return None if inner is None else Expression(text.binary(inner.text, operator, text.literal(args[0])), inner.columns, type="text")
        return None

    def _call(self, name: str, args: list[Any]) -> Expression | None:
        inner = [self.expression(one) for one in args]
        if any(one is None for one in inner):
            return None
        known = [one for one in inner if one is not None]
        columns = tuple(column for one in known for column in one.columns)
        type_ = _TYPES.get(name, known[0].type if known else "")
        return Expression(text.call(name, *(one.text for one in known)), columns, type=type_)

    def _cast(self, made: Made) -> Expression | None:
        from backend_lint.facts.schema import Dialect
        from backend_lint.project.schema.django_fields import FieldReader
        from backend_lint.project.schema.django_types import column_type

        inner = self.expression(made.get("expression", 0))
        output = made.get("output_field", 1)
        if inner is None or not isinstance(output, Made):
            return None
        field = FieldReader(made.reader).field("cast", output, "")
        type_ = column_type(field, Dialect.POSTGRESQL) if field is not None else ""
        return Expression(text.cast(inner.text, type_), inner.columns, type=type_) if type_ else None

    def _date_function(self, made: Made) -> Expression | None:
        inner = self.expression(made.get("expression", 0))
        if inner is None:
            return None
        last = made.last
        if last == "TruncDate":
            return Expression(text.cast(inner.text, "date"), inner.columns, type="date") if inner.type == "timestamp" else None
        if inner.type == "timestamptz":
            # the zone of the settings goes in
            return None
        if last.startswith("Extract"):
            part = _PARTS.get(last[7:].lower())
            return Expression(text.extract(part, inner.text), inner.columns, type="numeric") if part else None
        return Expression(text.call("date_trunc", text.literal(last[5:].lower()), inner.text), inner.columns, type=inner.type)

    def _search_vector(self, made: Made) -> Expression | None:
        parts = [self.expression(one) for one in made.args]
        config = made.get("config")
        if any(one is None for one in parts) or made.has("weight"):
            return None
        known = [one for one in parts if one is not None]
        inner = " || ' ' || ".join(text.call("coalesce", one.text, "''") for one in known)
        first = [text.literal(config)] if isinstance(config, str) else []
        return Expression(text.call("to_tsvector", *first, inner), tuple(column for one in known for column in one.columns), type="tsvector")

    def key(self, value: Any) -> Key | None:
        """A key of an index: an expression with its direction and operator class."""
        descending, nulls_first, opclass, collation = False, None, "", ""
        while isinstance(value, Made):
            if value.last in ("desc", "asc") and isinstance(value.receiver, Made):
                descending, nulls_first = value.last == "desc", _nulls(value)
                value = value.receiver
            elif value.last == "OrderBy" and value.args:
                descending, nulls_first = value.get("descending", 1) is True, _nulls(value)
                value = value.args[0]
            elif value.last == "OpClass" and value.args:
                name = value.get("name", 1)
                opclass = name if isinstance(name, str) else "?"
                value = value.args[0]
            elif value.last == "Collate" and len(value.args) == 2 and isinstance(value.args[1], str):
                collation = value.args[1]
                value = value.args[0]
            elif value.last == "ExpressionWrapper" and value.args:
                value = value.args[0]
            else:
                break
        if isinstance(value, str) and value.startswith("-"):
            descending, value = True, value[1:]
        found = self.expression(value)
        return None if found is None else Key(found, descending, nulls_first, opclass, collation)

    # -- conditions --------------------------------------------------------------------------------

    def predicate(self, value: Any, negated: bool = False) -> Predicate:
        """A ``Q`` or a boolean expression; what is not understood is `Opaque`. `negated`: it stands inside a ``~``, where Django adds null checks."""
        if isinstance(value, Operation):
            return self._combined(value, negated)
        if isinstance(value, Made):
            if value.last == "Q":
                return self._q(value, negated)
            compared = self._lookup_class(value)
            if compared is not None:
                return compared
            found = self.expression(value)
            if found is not None and found.type == "boolean":
                return conditions.comparison(found.term, "=", conditions.TRUE)
        return Opaque(_shown(value), (0,))

    def _combined(self, value: Operation, negated: bool) -> Predicate:
        if value.operator == "~":
            return conditions.negate(self.predicate(value.parts[0], not negated))
        parts = [self.predicate(part, negated) for part in value.parts]
        if value.operator == "&":
            return conditions.conjunction(parts) or Opaque(_shown(value), (0,))
        if value.operator == "|":
            return conditions.disjunction(parts) or Opaque(_shown(value), (0,))
        return Opaque(_shown(value), (0,))

    def _q(self, made: Made, negated: bool) -> Predicate:
        own = made.get("_negated") is True
        inside = negated != own
        parts: list[Predicate] = []
        for value in made.args:
            if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
                parts.append(self.lookup(value[0], value[1], inside))
            else:
                parts.append(self.predicate(value, inside))
        for name, value in sorted(made.keywords.items()):
            if name == "**":
                parts.append(Opaque(_shown(value), (0,)))
            elif name not in ("_connector", "_negated"):
                parts.append(self.lookup(name, value, inside))
        connector = made.get("_connector")
        found = conditions.disjunction(parts) if connector == "OR" else conditions.conjunction(parts)
        if found is None or connector == "XOR":
            return Opaque(_shown(made), (0,))
        return conditions.negate(found) if own else found

    def lookup(self, name: str, value: Any, negated: bool = False) -> Predicate:
        """``name=value`` as Django compiles it over this table."""
        parts = name.split("__")
        operator = "exact"
        left = self._field(name)
        if left is None or (left.type == "jsonb" and len(parts) > 1 and parts[-1] in _LOOKUPS):
            operator = parts[-1]
            left = self._field("__".join(parts[:-1])) if len(parts) > 1 and operator in _LOOKUPS else None
        if left is None or isinstance(value, Unknown):
            return Opaque(f"{name}={_shown(value)}", (0,))
        found = self._compared(left, operator, value)
        if found is None:
            return Opaque(f"{name}={_shown(value)}", (0,))
        if negated and operator != "isnull" and value is not None and left.column:
            known = self.column(parts[0])
            if known is not None and known[2] is not False:
                return conditions.conjunction([found, conditions.test(left.term, "is not null")]) or found
        return found

    def _compared(self, left: Expression, operator: str, value: Any) -> Predicate | None:
        term = left.term
        if operator == "isnull" or (operator == "exact" and value is None):
            if operator == "isnull" and not isinstance(value, bool):
                return None
            return conditions.test(term, "is null" if value is None or value is True else "is not null")
        if operator in ("in", "range"):
            return self._several(left, operator, value)
        if operator in _PATTERNS:
            return self._pattern(left, operator, value)
        if operator in _REGEX and isinstance(value, str):
            return conditions.comparison(self._as_text(left).term, _REGEX[operator], conditions.constant(text.literal(value), "text"))
        right = self._right(left, value)
        return None if right is None or operator not in _SIGNS else conditions.comparison(term, _SIGNS[operator], right)

    def _several(self, left: Expression, operator: str, value: Any) -> Predicate | None:
        if not isinstance(value, list):
            return None
        terms = [self._right(left, one) for one in value]
        known = [one for one in terms if one is not None]
        if len(known) != len(terms) or not known:
            return None
        if operator == "range":
            return conditions.between(left.term, known[0], known[1]) if len(known) == 2 else None
        return conditions.is_in(left.term, known)

    def _pattern(self, left: Expression, operator: str, value: Any) -> Predicate | None:
        if not isinstance(value, str):
            return None
        sign, shape = _PATTERNS[operator]
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") if sign == "like" else value
        if operator[0] == "i":
            upper = Expression(text.call("upper", left.text), left.columns, type="text")
            return conditions.comparison(upper.term, sign, conditions.constant(text.literal(shape.format(escaped).upper()), "text"))
        return conditions.comparison(self._as_text(left).term, sign, conditions.constant(text.literal(shape.format(escaped)), "text"))

    @staticmethod
    def _as_text(left: Expression) -> Expression:
        return left

    def _right(self, left: Expression, value: Any) -> Term | None:
        if isinstance(value, str):
            return conditions.constant(text.literal(value), left.type or "text")
        if left.type == "boolean" and isinstance(value, int):
            return conditions.TRUE if value else conditions.FALSE
        if isinstance(value, (bool, int, float)):
            return conditions.constant(text.literal(value), left.type)
        if isinstance(value, (Made, Operation)):
            found = self.expression(value, name_is_field=False)
            return None if found is None else found.term
        return None

    def _lookup_class(self, made: Made) -> Predicate | None:
        """``IsNull(F("a"), True)``, ``GreaterThan(...)`` used as conditions."""
        names: Mapping[str, str] = {
            "IsNull": "isnull", "Exact": "exact", "GreaterThan": "gt", "GreaterThanOrEqual": "gte", "LessThan": "lt", "LessThanOrEqual": "lte", "In": "in",
        }  # fmt: skip
        args = made.args
        if made.last not in names or len(args) != 2:
            return None
        left = self.expression(args[0])
        return None if left is None else self._compared(left, names[made.last], args[1])


_LOOKUPS = frozenset(_SIGNS) | frozenset(_PATTERNS) | frozenset(_REGEX) | {"in", "isnull", "range"}


def is_opaque(predicate: Predicate | None) -> bool:
    """Whether some part was not understood."""
    if predicate is None or isinstance(predicate, Comparison):
        return False
    if isinstance(predicate, Opaque):
        return True
    if isinstance(predicate, Not):
        return is_opaque(predicate.part)
    return any(is_opaque(part) for part in getattr(predicate, "parts", ()))


def _shown(value: Any) -> str:
    if isinstance(value, Made):
        return f"{value.last}({', '.join([*value.fact.args, *(f'{key}={text}' for key, text in value.fact.keywords)])})"[:200]
    if isinstance(value, Operation):
        return f" {value.operator} ".join(_shown(part) for part in value.parts)[:200]
    return value.text if isinstance(value, Unknown) else value.name if isinstance(value, Named) else repr(value)[:200]


def _nulls(value: Made) -> bool | None:
    """Whether an order asks for nulls first; None if it says nothing of them."""
    return True if value.get("nulls_first") is True else False if value.get("nulls_last") is True else None
