"""Functions and aggregates of Django's ORM as SQL expressions."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from backend_lint.project.queries.django_expr import UNKNOWN, Expr, call, cast, composed
from backend_lint.sql import text as sql


class Zone(NamedTuple):
    """Whether times carry a zone (``USE_TZ``), and which one queries use; empty if it is not known."""

    used: bool = True
    name: str = "UTC"


AGGREGATES = frozenset("Count Sum Avg Min Max StdDev Variance ArrayAgg StringAgg JSONBAgg BoolAnd BoolOr BitAnd BitOr Corr CovarPop RegrCount AnyValue".split())
NO_SOURCE = frozenset({"Now", "Random", "RowNumber", "Rank", "DenseRank"})
_SAME_TYPE = {
    "Greatest": "greatest", "Least": "least", "Coalesce": "coalesce", "NullIf": "nullif", "Abs": "abs", "Round": "round", "Floor": "floor", "Ceil": "ceil",
    "Mod": "mod", "Sign": "sign",
}  # fmt: skip
_TEXT = {
    "Lower": "lower", "Upper": "upper", "Trim": "btrim", "LTrim": "ltrim", "RTrim": "rtrim", "Replace": "replace", "Reverse": "reverse", "MD5": "md5",
    "Left": "left", "Right": "right", "Substr": "substring", "Repeat": "repeat", "LPad": "lpad", "RPad": "rpad",
}  # fmt: skip
_NUMBER = {"Length": "length", "StrIndex": "strpos", "Ord": "ascii", "TrigramSimilarity": "similarity", "Power": "power", "Sqrt": "sqrt"}
_PARTS = {
    "year": "year", "iso_year": "isoyear", "month": "month", "day": "day", "week": "week", "quarter": "quarter", "hour": "hour", "minute": "minute",
    "second": "second", "week_day": "dow", "iso_week_day": "isodow",
}  # fmt: skip
TYPES = {
    "CharField": "varchar", "TextField": "text", "IntegerField": "integer", "BigIntegerField": "bigint", "FloatField": "double precision",
    "DecimalField": "numeric", "BooleanField": "boolean", "DateField": "date", "DateTimeField": "timestamptz", "UUIDField": "uuid", "JSONField": "jsonb",
    "DurationField": "interval", "TimeField": "time", "PositiveIntegerField": "integer", "SmallIntegerField": "smallint", "SlugField": "varchar",
    "EmailField": "varchar", "URLField": "varchar", "GenericIPAddressField": "inet",
}  # fmt: skip
"""Column types of the fields that ``Cast`` and ``output_field`` name."""


def function(name: str, parts: Sequence[Expr]) -> Expr:
    """``Lower(x)`` and its like, over sources that are known; `UNKNOWN` for what is not."""
    if name in _TEXT:
        return call(_TEXT[name], "text", *parts, kind="TextField")
    if name in _SAME_TYPE:
        first = parts[0] if parts else UNKNOWN
        return call(_SAME_TYPE[name], first.type, *parts, kind=first.kind)
    if name in _NUMBER:
        return call(_NUMBER[name], "integer" if name in ("Length", "StrIndex", "Ord") else "double precision", *parts)
    if name == "Concat" and parts:
        return _concatenated(parts)
    if name == "Now":
        return Expr("now()", type="timestamptz", kind="DateTimeField")
    if name in AGGREGATES:
        return composed(f"{name.lower()}({', '.join(part.text for part in parts)})", "bigint" if name == "Count" else "", "", parts)._replace(aggregate=True)
    return composed("?", "", "", parts)._replace(known=False)


def search_vector(parts: Sequence[Expr], config: str = "") -> Expr:
    """The words of several texts; `config`: the configuration as a canonical constant, empty for the database's own."""
    text = [sql.call("coalesce", part.text, "''") for part in parts]
    whole = functools.reduce(lambda left, right: sql.binary(sql.binary(left, "||", "' '"), "||", right), text)
    return composed(sql.call("to_tsvector", *([config] if config else []), whole), "tsvector", "", parts)


def _concatenated(parts: Sequence[Expr]) -> Expr:
    """Two and two from the right, as Django nests them; null counts as empty."""
    if len(parts) == 1:
        return parts[0]
    rest = _concatenated(parts[1:])
    text = sql.binary(sql.call("coalesce", parts[0].text, "''"), "||", sql.call("coalesce", rest.text, "''"))
    return composed(text, "text", "TextField", (parts[0], rest))


def zoned(expr: Expr, zone: Zone) -> Expr:
    """A point in time in the zone of the project, as a timestamp without zone."""
    if not zone.used or expr.kind != "DateTimeField":
        return expr
    return composed(sql.binary(expr.text, "at time zone", f"'{zone.name or '?'}'"), "timestamp", expr.kind, (expr,), expr.field)


def extract(part: str, expr: Expr, zone: Zone) -> Expr | None:
    """``created__month``; None if `part` is no part of a date."""
    name = _PARTS.get(part)
    if name is None:
        return None
    inner = zoned(expr, zone)
    text = sql.extract(name, inner.text)
    return composed(sql.binary(text, "+", "1") if name == "dow" else text, "integer", "IntegerField", (inner,))


def truncated(part: str, expr: Expr, zone: Zone) -> Expr:
    """``TruncMonth("created")``: ``date_trunc('month', ...)``; to a date or a time, a cast."""
    inner = zoned(expr, zone)
    if part in ("date", "time"):
        return composed(sql.cast(inner.text, part), part, "DateField" if part == "date" else "TimeField", (inner,))
    return composed(sql.call("date_trunc", f"'{part}'", inner.text), inner.type, expr.kind, (inner,))


def as_type(expr: Expr, kind: str) -> Expr:
    """``Cast(expr, TextField())``."""
    type_ = TYPES.get(kind, "")
    return cast(expr, type_)._replace(kind=kind) if type_ else composed("?", "", kind, (expr,))._replace(known=False)
