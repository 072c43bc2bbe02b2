"""Column types under one spelling, whoever wrote them, and what a type means for indexes and values."""

from __future__ import annotations

import re
from functools import lru_cache

from backend_lint.duration import digits
from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex

_ALIASES = {
    "int": "integer",
    "int4": "integer",
    "mediumint": "integer",
    "middleint": "integer",
    "int3": "integer",
    "serial": "integer",
    "serial4": "integer",
    "signed": "bigint",
    "signed integer": "bigint",
    "int8": "bigint",
    "big int": "bigint",
    "bigserial": "bigint",
    "serial8": "bigint",
    "int2": "smallint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "int1": "tinyint",
    "character varying": "varchar",
    "char varying": "varchar",
    "national character varying": "varchar",
    "nvarchar": "varchar",
    "varchar2": "varchar",
    "nvarchar2": "varchar",
    "varying character": "varchar",
    "native character": "char",
    "character": "char",
    "national character": "char",
    "nchar": "char",
    "bpchar": "char",
    "bool": "boolean",
    "decimal": "numeric",
    "dec": "numeric",
    "fixed": "numeric",
    "number": "numeric",
    "float4": "real",
    "float8": "double precision",
    "double": "double precision",
    "timestamp with time zone": "timestamptz",
    "timestamp with local time zone": "timestamptz",
    "timestamp_tz": "timestamptz",
    "datetimeoffset": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
    "bit varying": "varbit",
    "long varchar": "mediumtext",
    "clob": "text",
    "nclob": "text",
    "string": "text",
}
_SERIALS = frozenset({"serial", "serial4", "bigserial", "serial8", "smallserial", "serial2"})
_TEXT = frozenset({"varchar", "char", "text", "citext", "name", "tinytext", "mediumtext", "longtext", "ntext"})
_INTEGERS = frozenset({"smallint", "integer", "bigint", "tinyint"})
_FLOATS = frozenset({"real", "double precision", "float"})
_WITHOUT_LENGTH = frozenset({"integer", "bigint", "smallint", "tinyint", "year"})
"""A number in brackets is a width for display there."""

_SPACE = lazy_regex(r"\s+")
_ARRAY = lazy_regex(r" array ?(?:\[\d*\])?$")
_QUOTED = lazy_regex(r"'(?:[^']|'')*'")
_SHAPE = lazy_regex(r"^([^(\[]*)(?:\((.*?)\))?([^(\[]*)((?:\[[0-9]*\])*)$", re.DOTALL)


@lru_cache(maxsize=4096)
def canonical_type(text: str, dialect: Dialect = Dialect.POSTGRESQL) -> str:
    """The one spelling of a type: ``INT4`` and ``serial`` are ``integer``, ``character varying(40)`` is ``varchar(40)``; arrays end in ``[]``.

    Types of the user keep their name, without a default schema. An empty text stays empty. Values of MySQL's enum are kept: ``enum('a','b')``.

    >>> canonical_type("TIMESTAMP (3) WITH TIME ZONE"), canonical_type("Character  Varying(40)[]"), canonical_type("int(11) unsigned", Dialect.MYSQL)
    ('timestamptz(3)', 'varchar(40)[]', 'integer unsigned')
    """
    text = text.strip()
    if not text or len(text) > 4000:
        return ""
    head = text[:4].lower()
    if head in ("enum", "set(", "set "):
        name = "enum" if head == "enum" else "set"
        values = _QUOTED.findall(text)
        return f"{name}({','.join(values)})" if values else name
    if text.startswith('"') or '."' in text:
        return _user_type(text)
    lowered = _SPACE.sub(" ", text.lower())
    if lowered.startswith("pg_catalog."):
        lowered = lowered[11:].replace('"', "")
    array = ""
    if (standard := _ARRAY.search(lowered)) is not None:
        lowered, array = lowered[: standard.start()], "[]"
    shape = _SHAPE.match(lowered)
    if shape is None:
        return _user_type(lowered)
    before, inside, after, dimensions = shape.group(1).strip(), shape.group(2), (shape.group(3) or "").strip(), shape.group(4)
    array = "[]" if dimensions else array
    words = [word for word in f"{before} {after}".split() if word not in ("zerofill", "binary", "signed") or f"{before} {after}".strip() == word]
    unsigned = "unsigned" in words
    name = " ".join(word for word in words if word != "unsigned") or "integer"
    length = _SPACE.sub("", inside) if inside else ""
    name, length = _named(name, length, dialect)
    return f"{name}{f'({length})' if length else ''}{' unsigned' if unsigned else ''}{array}"


def _named(name: str, length: str, dialect: Dialect) -> tuple[str, str]:
    if name == "tinyint" and length == "1" and dialect is Dialect.MYSQL:
        return "boolean", ""
    if name == "bit" and dialect is Dialect.MSSQL and not length:
        return "boolean", ""
    if name == "float" and dialect is Dialect.POSTGRESQL:
        return ("real" if (digits(length) or 99) <= 24 else "double precision"), ""
    if name == "serial" and dialect is Dialect.MYSQL:
        return "bigint unsigned", ""
    if name.startswith("interval"):
        return "interval", ""
    name = _ALIASES.get(name, name)
    if name in _WITHOUT_LENGTH and dialect is not Dialect.ORACLE:
        return name, ""
    if name == "char" and not length and dialect is not Dialect.SQLITE:
        return "char", "1"
    if length.endswith(("char", "byte")):
        length = length[:-4]
    if name in ("varchar", "char"):
        return name, length
    if name == "numeric" and length.isdigit():
        return name, f"{length},0"
    return (name if "." not in name else _user_type(name)), length


def _user_type(text: str) -> str:
    array = "[]" if text.endswith("]") else ""
    text = text.partition("[")[0].strip()
    for schema in ("public.", '"public".', "dbo."):
        text = text.removeprefix(schema)
    return text.replace('"', "") + array


def is_serial(text: str) -> bool:
    """Whether a type as written numbers its column by itself."""
    return text.strip().lower() in _SERIALS


def base(type_: str) -> str:
    """A canonical type without its length, sign and brackets: ``varchar`` of ``varchar(40)[]``."""
    name = type_.partition("(")[0].removesuffix("[]").removesuffix(" unsigned")
    return name.strip()


def is_array(type_: str) -> bool:
    """Whether it is an array of something."""
    return type_.endswith("[]")


def is_text(type_: str) -> bool:
    """Whether values are character strings, so that LIKE and collations matter."""
    return not is_array(type_) and base(type_) in _TEXT


def is_closed(type_: str) -> bool:
    """Whether few values are possible by the type alone: booleans, MySQL's enum, single bits. (PostgreSQL's enum types are told by `Column.closed`.)"""
    return type_ in ("boolean", "bit(1)") or type_.startswith(("enum(", "set("))


def is_integer(type_: str) -> bool:
    """Whether values are whole numbers of a fixed width."""
    return not is_array(type_) and base(type_) in _INTEGERS


def is_integer_32(type_: str) -> bool:
    """Whether values are whole numbers of at most 32 bits: a key of that type ends at two (or four) thousand millions."""
    return is_integer(type_) and base(type_) != "bigint"


def is_float(type_: str) -> bool:
    """Whether values are binary fractions: wrong for money."""
    return not is_array(type_) and base(type_) in _FLOATS


def is_timestamp(type_: str) -> bool:
    """Whether values are points in time, with or without a zone."""
    return not is_array(type_) and base(type_) in ("timestamp", "timestamptz", "datetime", "datetime2", "smalldatetime")


def is_timestamp_without_zone(type_: str, dialect: Dialect = Dialect.POSTGRESQL) -> bool:
    """Whether values are a date and a time of nobody knows which zone. MySQL's ``timestamp`` is kept in UTC, its ``datetime`` is not."""
    if is_array(type_):
        return False
    name = base(type_)
    return name in ("datetime", "datetime2", "smalldatetime") or (name == "timestamp" and dialect is not Dialect.MYSQL)


def is_date(type_: str) -> bool:
    """Whether values are days."""
    return type_ == "date"


def length(type_: str) -> int | None:
    """The number in brackets of a character type; None without one."""
    inside = type_.partition("(")[2].partition(")")[0]
    return digits(inside) if is_text(type_) else None
