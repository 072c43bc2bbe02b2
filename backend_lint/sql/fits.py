"""Whether one key of an index can look up one condition: method, operator class, type and collation."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from backend_lint.facts.query import Term, TermKind
from backend_lint.facts.schema import Column, Dialect, Index, IndexKey, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.clauses import RANGES, Clause
from backend_lint.sql.patterns import pattern
from backend_lint.sql.types import base, is_array, is_date, is_float, is_integer, is_text, is_timestamp, length

PATTERNS = frozenset({"like", "ilike", "~", "~*", "similar to", "^@"})
_PATTERN_CLASSES = frozenset({"text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops"})
_BYTEWISE = frozenset({"C", "POSIX", "C.UTF8", "c", "posix", "ucs_basic", "binary", "BINARY"})
_GIN: dict[str, frozenset[str]] = {
    "array_ops": frozenset({"@>", "<@", "&&", "="}),
    "jsonb_ops": frozenset({"@>", "?", "?|", "?&", "@?", "@@"}),
    "jsonb_path_ops": frozenset({"@>", "@?", "@@"}),
    "tsvector_ops": frozenset({"@@"}),
}
_RANGE_OPERATORS = frozenset({"&&", "@>", "<@", "=", "<<", ">>", "overlaps", "<<=", ">>=", "~="})
_NUMBER = lazy_regex(r"-?[\d.]+(?:e[-+]?\d+)?")
_NUMBERS = lazy_regex(r"\(?\s*-?[\d.]+(?:e[-+]?\d+)?(?:\s*,\s*-?[\d.]+(?:e[-+]?\d+)?)*\s*\)?")
_SCALAR = RANGES | {"=", "in"}
_NEVER = {
    "<>": "<> asks for nearly all rows",
    "not in": "NOT IN asks for nearly all rows",
    "is distinct from": "no index serves IS DISTINCT FROM",
    "is not distinct from": "no index serves IS NOT DISTINCT FROM",
    "is not true": "no index serves IS NOT TRUE",
    "is not false": "no index serves IS NOT FALSE",
    "not like": "NOT LIKE asks for nearly all rows",
    "not ilike": "NOT ILIKE asks for nearly all rows",
    "!~": "!~ asks for nearly all rows",
    "!~*": "!~* asks for nearly all rows",
}


class Fit(enum.IntEnum):
    """How a key serves a condition; the order is the planner's preference."""

    NO = 0
    NOT_NULL = 1
    """It only leaves out nulls."""
    MEMBER = 2
    """Found, but not in order (GIN, GiST, BRIN)."""
    RANGE = 3
    """A stretch of the order; further keys narrow nothing down."""
    IN = 4
    """Several values."""
    EQUAL = 5
    """One value; the rest is ordered by the next key."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """`sure` is False where it depends on what is not known. `why` says why it does not fit; empty if the key is about something else."""

    fit: Fit
    sure: bool = True
    why: str = ""


NO = Fitting(Fit.NO)


def same_key(key: IndexKey, clause: Clause, table: Table) -> bool:
    """Whether the index key is what the condition compares. A cast that changes only the name of a type is no expression."""
    held = key.column or plain_column(key.expression, table)
    asked = clause.column or plain_column(clause.key, table)
    if held or asked:
        return held == asked
    return key.expression == clause.key


def plain_column(text: str, table: Table) -> str:
    """The column that a canonical expression is, but for a cast without effect; empty if it is more than that."""
    name, cast, type_ = text.rpartition("::")
    name = (name if cast else text).strip('"')
    column = table.column(name)
    if column is None:
        return ""
    return name if not cast or _cast_is_free(column, type_) else ""


def fitting(index: Index, key: IndexKey, clause: Clause, table: Table, dialect: Dialect) -> Fitting:
    """How `key` of `index` serves `clause`."""
    if not same_key(key, clause, table):
        return NO
    column = table.column(key.column) if key.column else None
    refused = _NEVER.get(clause.operator)
    if refused and not (clause.operator == "is not distinct from" and dialect in (Dialect.SQLITE, Dialect.MYSQL)):
        return Fitting(Fit.NO, why=refused)
    changed = converted(column, clause, dialect)
    if changed:
        return Fitting(Fit.NO, why=changed)
    method = index.method.lower()
    if column is not None and method not in ("btree", "", "rowid") and _other_type(method, column, clause):
        return Fitting(Fit.NO, why=f"{method} does not compare {column.name} with another type")
    if method == "hash" and dialect is Dialect.POSTGRESQL:
        return _hash(key, clause, column)
    if method in ("gin", "gist", "spgist", "brin", "fulltext", "spatial", "bitmap", "hnsw", "ivfflat", "rum", "bloom"):
        return _inverted(method, key, clause, column)
    return _btree(key, clause, column, table, dialect)


def _btree(key: IndexKey, clause: Clause, column: Column | None, table: Table, dialect: Dialect) -> Fitting:
    operator = clause.operator
    if operator == "is null":
        return Fitting(Fit.EQUAL) if dialect is not Dialect.ORACLE else Fitting(Fit.NO, why="nulls are not in it")
    if operator == "is not null":
        return Fitting(Fit.NOT_NULL)
    if operator in ("is true", "is false"):
        return Fitting(Fit.EQUAL) if dialect is Dialect.POSTGRESQL else Fitting(Fit.NO, why=f"{operator.upper()} is computed for each row")
    bytewise = _bytewise(key, column, clause, table)
    if operator in PATTERNS:
        return _btree_pattern(key, clause, column, dialect, bytewise)
    foreign = _other_collation(key, clause, column)
    if foreign:
        return Fitting(Fit.NO, why=foreign)
    if operator in ("=", "is not distinct from") or (operator == "in" and clause.values == 1):
        return Fitting(Fit.EQUAL)
    if operator == "in":
        return Fitting(Fit.IN)
    if operator in RANGES:
        if key.opclass in _PATTERN_CLASSES:
            return Fitting(Fit.NO, why=f"{key.opclass} serves patterns and equality, not the order of words")
        return Fitting(Fit.RANGE)
    if operator in ("<<", "<<=") and column is not None and base(column.type) in ("inet", "cidr") and dialect is Dialect.POSTGRESQL:
        return Fitting(Fit.RANGE)  # the addresses of a network stand together
    return Fitting(Fit.NO, why=f"a btree cannot look up {operator}")


def _btree_pattern(key: IndexKey, clause: Clause, column: Column | None, dialect: Dialect, bytewise: bool) -> Fitting:
    found = pattern(clause.value, clause.operator)
    citext = column is not None and base(column.type) == "citext"
    if found.exact and dialect is Dialect.POSTGRESQL and not citext and not _other_collation(key, clause, column):
        return Fitting(Fit.EQUAL)
    if found.begins is False:
        if clause.operator in ("ilike", "~*"):
            return Fitting(Fit.NO, why=f"{clause.operator.upper()} ignores case, the index does not")
        return Fitting(Fit.NO, why="the pattern does not begin with fixed letters")
    if dialect is Dialect.SQLITE:
        folded = "nocase" in (key.collation or (column.collation if column else "") or "").lower()
        if not folded:
            return Fitting(Fit.NO, why="LIKE ignores case in SQLite, the index does not (COLLATE NOCASE)")
    elif dialect is Dialect.POSTGRESQL:
        if citext:
            return Fitting(Fit.NO, why="LIKE on citext ignores case")
        if found.exact and not key.opclass:
            return Fitting(Fit.RANGE, sure=False)  # it became an equality, which wants its own collation in newer versions
        if not (key.opclass in _PATTERN_CLASSES or bytewise):
            return Fitting(Fit.NO, why="LIKE needs text_pattern_ops or the collation C there")
    return Fitting(Fit.RANGE, sure=found.begins is True)


def _hash(key: IndexKey, clause: Clause, column: Column | None) -> Fitting:
    if clause.operator in ("=", "in", "is true", "is false"):
        return Fitting(Fit.EQUAL if clause.single else Fit.IN) if not _other_collation(key, clause, column) else NO
    if clause.operator in PATTERNS and pattern(clause.value, clause.operator).exact:
        return Fitting(Fit.EQUAL)
    return Fitting(Fit.NO, why=f"a hash index serves equality only, not {clause.operator.upper()}")


def _inverted(method: str, key: IndexKey, clause: Clause, column: Column | None) -> Fitting:
    operator, opclass = clause.operator, key.opclass.partition("(")[0].strip()
    foreign = _other_collation(key, clause, column)
    if foreign and method != "brin":
        return Fitting(Fit.NO, why=foreign)
    if "trgm" in opclass:
        if column is not None and base(column.type) == "citext":
            return Fitting(Fit.NO, why="trigrams of a citext column serve only what is cast to text")
        if operator == "is null" and method == "gist":
            return Fitting(Fit.MEMBER)
        if operator in PATTERNS:
            found = pattern(clause.value, operator)
            return Fitting(Fit.MEMBER) if found.trigrams else Fitting(Fit.NO, why="the pattern has no three letters in a row")
        return Fitting(Fit.MEMBER) if operator in ("=", "in", "%", "<%", "%>") else Fitting(Fit.NO, why=f"trigrams do not serve {operator.upper()}")
    if method == "gin":
        served = _GIN.get(opclass or _default_gin(key, column))
        if served is None:
            return Fitting(Fit.MEMBER, sure=False) if opclass not in ("",) or not column else _scalar_gin(clause)
        return Fitting(Fit.MEMBER) if operator in served else Fitting(Fit.NO, why=f"{opclass or _default_gin(key, column)} does not serve {operator.upper()}")
    if method == "brin":
        if operator in _SCALAR or operator in ("is null", "is not null"):
            return Fitting(Fit.MEMBER, sure=column is not None and _follows_insertion(column))
        return Fitting(Fit.NO, why=f"BRIN does not serve {operator.upper()}")
    if method == "spgist":
        if operator in PATTERNS:
            found = pattern(clause.value, operator)
            return (
                Fitting(Fit.MEMBER, sure=found.begins is True)
                if found.begins is not False
                else Fitting(Fit.NO, why="the pattern does not begin with fixed letters")
            )
        return Fitting(Fit.MEMBER)
    if method == "gist":
        if operator in ("is null", "is not null"):
            return Fitting(Fit.MEMBER if operator == "is null" else Fit.NOT_NULL)
        if column is not None and base(column.type) == "tsvector":
            return Fitting(Fit.MEMBER) if operator == "@@" else NO
        if operator in _RANGE_OPERATORS and not (column is not None and operator == "=" and _ordinary(column)):
            return Fitting(Fit.MEMBER)
        # scalars are in a GiST index only with btree_gist
        return Fitting(Fit.MEMBER) if operator in _SCALAR else Fitting(Fit.NO, why=f"GiST does not serve {operator.upper()} here")
    return Fitting(Fit.MEMBER, sure=False)


def _scalar_gin(clause: Clause) -> Fitting:
    # a scalar is in a GIN index only with btree_gin, which serves what a btree serves
    return Fitting(Fit.MEMBER) if clause.operator in _SCALAR else Fitting(Fit.NO, why=f"GIN does not serve {clause.operator.upper()} here")


def _default_gin(key: IndexKey, column: Column | None) -> str:
    if column is not None:
        if is_array(column.type):
            return "array_ops"
        return {"jsonb": "jsonb_ops", "tsvector": "tsvector_ops"}.get(base(column.type), "")
    text = key.expression
    if text.startswith(("to_tsvector(", "setweight(")) or "to_tsvector(" in text:
        return "tsvector_ops"
    return "jsonb_ops" if "->" in text and "->>" not in text else ""


def _ordinary(column: Column) -> bool:
    return is_integer(column.type) or is_text(column.type) or is_timestamp(column.type) or is_date(column.type)


def _follows_insertion(column: Column) -> bool:
    """Rows with near values lie near each other: numbered and dated as they come in."""
    return column.auto or is_timestamp(column.type) or is_date(column.type)


def _bytewise(key: IndexKey, column: Column | None, clause: Clause, table: Table) -> bool:
    collation = key.collation or (column.collation if column is not None else "")
    if not collation and column is None and len(clause.term.columns) == 1:
        inside = table.column(clause.term.columns[0])
        collation = inside.collation if inside is not None else ""
    return collation.strip('"') in _BYTEWISE


def _other_collation(key: IndexKey, clause: Clause, column: Column | None) -> str:
    asked = (clause.term.collation or clause.value.collation).strip('"')
    if not asked:
        asked = column.collation.strip('"') if column is not None else ""
    held = key.collation.strip('"') or (column.collation.strip('"') if column is not None else "")
    if asked.lower() == held.lower() or {asked.lower(), held.lower()} <= {"", "default", "binary"}:
        return ""
    return f"it sorts by collation {held or 'default'}, the query asks for {asked or 'default'}"


def _cast_is_free(column: Column, type_: str) -> bool:
    """The cast changes nothing but the name of the type, so that an index on the column serves."""
    if not column.type or column.type == type_ or is_array(column.type) or is_array(type_):
        return bool(column.type) and column.type == type_
    held, wanted = base(column.type), base(type_)
    if {held, wanted} <= {"text", "varchar"}:
        size = length(type_)
        return size is None or (length(column.type) or size + 1) <= size
    return held == wanted and "(" not in type_


def converted(column: Column | None, clause: Clause, dialect: Dialect) -> str:
    """Why the column is converted before it is compared, which no index on it survives."""
    if column is None or not column.type or clause.operator in ("is null", "is not null"):
        return ""
    given = value_type(clause.value)
    if dialect is Dialect.POSTGRESQL:
        if is_integer(column.type) and given in ("numeric", "float"):
            return f"{column.name} is converted to {given} before it is compared"
        if base(column.type) == "numeric" and given == "float":
            return f"{column.name} is converted to float before it is compared"
        # a varchar is taken for a char, a text is not
        if base(column.type) == "char" and base(clause.value.cast or clause.value.type) == "text" and clause.value.kind is not TermKind.CONSTANT:
            return f"{column.name} is converted to text before it is compared"
    if dialect is Dialect.MYSQL and is_text(column.type) and given in ("integer", "numeric", "float"):
        return f"{column.name} holds text and is converted to a number before it is compared"
    return ""


def _other_type(method: str, column: Column, clause: Clause) -> bool:
    """The value is of another type with which only a btree compares."""
    given = base(clause.value.cast or clause.value.type or (clause.value.text.rpartition("::")[2] if "::" in clause.value.text else ""))
    held = base(column.type)
    times = ("date", "timestamp", "timestamptz")
    return held != given and ((held in times and given in times) or (method != "hash" and is_integer(held) and is_integer(given)))


def value_type(value: Term) -> str:
    """The family of a value's type: ``integer``, ``numeric``, ``float``, ``text``, else its own name; empty if it adapts or is not known."""
    type_ = value.cast or value.type
    text = value.text
    if value.kind is TermKind.CONSTANT and not text.startswith("(") and "::" in text:
        type_ = text.rpartition("::")[2]
    elif value.kind is TermKind.CONSTANT and not type_:
        items = _NUMBER.findall(text.strip("()")) if _NUMBERS.fullmatch(text) else []
        return "" if not items else "integer" if all(item.lstrip("-").isdigit() for item in items) else "numeric"
    if value.kind is TermKind.CONSTANT and text.lstrip("(")[:1] == "'" and "::" not in text:
        return ""
    if is_integer(type_):
        return "integer"
    if is_float(type_):
        return "float"
    if is_text(type_):
        return "text"
    return base(type_)
