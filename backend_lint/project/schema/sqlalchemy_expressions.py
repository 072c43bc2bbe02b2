"""Expressions of SQLAlchemy's language inside declarations (index keys, conditions of indexes, defaults) as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Frame, Made, Text, Value
from backend_lint.project.value_text import parse, split
from backend_lint.sql import text as sql

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_evaluate import Values
    from backend_lint.project.schema.sqlalchemy_types import Types

_MAX_DEPTH = 12
_OPERATORS = ("==", "!=", "<=", ">=", " is not ", " is ", " not in ", " in ", "<", ">", "||", "&", "+", "-", "*", "/", "%")
_SAME = {"==": "=", "!=": "<>", "||": "or", "&": "and", " is ": "is", " is not ": "is not", " in ": "in", " not in ": "not in"}
_RAW = frozenset({"text", "literal_column", "DDL", "TextClause", "SQL"})
_TESTS = {
    "is_": "is",
    "isnot": "is not",
    "is_not": "is not",
    "is_distinct_from": "is distinct from",
    "isnot_distinct_from": "is not distinct from",
    "__eq__": "=",
}
_LISTS = {"in_": "in", "notin_": "not in", "not_in": "not in"}
_MATCHES = {
    "like": "like",
    "ilike": "ilike",
    "notlike": "not like",
    "not_like": "not like",
    "contains": "@>",
    "overlap": "&&",
    "concat": "||",
    "op": "",
    "eq": "=",
}
_WORDS = {"null": "null", "true": "true", "false": "false"}
_BARE_FUNCTIONS = frozenset({"current_timestamp", "current_date", "current_time", "localtime", "localtimestamp", "current_user", "session_user"})
_PLAIN = lazy_regex(r'\s*"?([A-Za-z_][A-Za-z0-9_]*)"?\s*\Z')


class Key(NamedTuple):
    """A key of an index as SQL: a bare column, or an expression. `raw`: the SQL was written by hand and must be parsed."""

    column: str
    expression: str = ""
    descending: bool = False
    nulls_first: bool | None = None
    label: str = ""
    collation: str = ""
    raw: bool = False


class Expressions:
    """Turns expressions into canonical SQL. `columns`: column names by attribute, of the class or table that is spoken of."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.types: Types
        self.raw = False
        """Some SQL written by hand is part of what was rendered last."""

    def key(self, value: Value, columns: Mapping[str, str]) -> Key | None:
        """A key of an index; None if it is not understood."""
        descending, nulls_first, label = False, None, ""
        while isinstance(value, Made):
            name, receiver = value.call.callee.rpartition(".")[2], value.call.callee.rpartition(".")[0]
            simple = value.simple or name
            if simple not in ("desc", "asc", "nulls_first", "nullsfirst", "nulls_last", "nullslast", "label"):
                break
            if simple == "label":
                given = next(self.values.arguments(value), UNKNOWN)
                label = given if isinstance(given, str) else ""
                value = self.values.evaluate(value.frame, receiver)
                continue
            descending = descending or simple == "desc"
            nulls_first = True if "first" in simple else False if "last" in simple else nulls_first
            value = self.values.evaluate(value.frame, value.call.args[0]) if value.call.args else self.values.evaluate(value.frame, receiver)
        if isinstance(value, str):
            return Key(columns.get(value, value), "", descending, nulls_first)
        if isinstance(value, Made) and value.simple in ("Column", "mapped_column"):
            return None
        self.raw = False
        text = self.sql(value, columns)
        if text is None:
            return None
        plain = _PLAIN.match(text)
        if plain and (isinstance(value, Text) or not self.raw or plain.group(1) in columns.values()):
            return Key(plain.group(1), "", descending, nulls_first, label)
        return Key("", text, descending, nulls_first, label, "", self.raw)

    def condition(self, value: Value, columns: Mapping[str, str]) -> str | None:
        """A condition as SQL; None if it is not understood."""
        self.raw = False
        return value if isinstance(value, str) else self.sql(value, columns)

    def sql(self, value: Value, columns: Mapping[str, str] | None = None, depth: int = 0) -> str | None:
        """The SQL of a value; None if it is not understood."""
        if depth > _MAX_DEPTH or value is UNKNOWN:
            return None
        if value is None or isinstance(value, bool | int | float):
            return sql.literal(value)
        if isinstance(value, str):
            return sql.literal(value)
        if isinstance(value, tuple):
            items = [self.sql(item, columns, depth + 1) for item in value]
            return None if None in items else sql.listed([item for item in items if item is not None])
        if isinstance(value, Made):
            return self._made(value, columns or {}, depth)
        if isinstance(value, Text):
            return self._text(value, columns or {}, depth)
        return None

    def _inner(self, frame: Frame, text: str, columns: Mapping[str, str], depth: int) -> str | None:
        return self.sql(self.values.evaluate(frame, text), columns, depth + 1)

    # -- names and operators -----------------------------------------------------------------------

    def _text(self, value: Text, columns: Mapping[str, str], depth: int) -> str | None:
        text, frame = value.text, value.frame
        if text[0] == "(" and (operation := self._operation(frame, text, columns, depth)) is not None:
            return operation
        parsed = parse(text)
        if parsed is None or parsed.root[0] in "([{":
            return None
        if text.endswith("]"):
            base = self._inner(frame, text[: -len(parsed.steps[-1])], columns, depth)
            key = self._inner(frame, parsed.steps[-1][1:-1], columns, depth)
            return sql.binary(base, "->", key) if base is not None and key is not None else None
        if parsed.steps and parsed.steps[-1] == ".astext":
            base = self._inner(frame, text[: -len(".astext")], columns, depth)
            return base.replace(" -> ", " ->> ", 1) if base is not None and base.count(" -> ") == 1 else None
        if parsed.steps and parsed.steps[-1] == ".column" and "column" not in columns:
            return self._inner(frame, text[: -len(".column")], columns, depth)
        name = (parsed.steps[-1] if parsed.steps else "." + parsed.root)[1:]
        if parsed.root[0] == "#" and not parsed.steps:
            return None
        if not parsed.steps and name not in columns and columns:
            return None
        return sql.column(columns.get(name, name)) if name.isidentifier() else None

    def _operation(self, frame: Frame, text: str, columns: Mapping[str, str], depth: int) -> str | None:
        if parse(text) is None or text[-1] != ")":
            return None
        inner = text[1:-1]
        if inner.startswith("~"):
            part = self._inner(frame, inner[1:], columns, depth)
            return sql.prefix("not", part) if part is not None else None
        for operator in _OPERATORS:
            at = at_top(inner, operator)
            if at <= 0:
                continue
            left = self._inner(frame, inner[:at], columns, depth)
            right = self._inner(frame, inner[at + len(operator) :], columns, depth)
            if left is None or right is None:
                return None
            return _compared(left, _SAME.get(operator, operator), right)
        return None

    # -- calls -------------------------------------------------------------------------------------

    def _made(self, made: Made, columns: Mapping[str, str], depth: int) -> str | None:
        callee = made.call.callee
        receiver, _, method = callee.rpartition(".")
        name = made.name
        args = list(self.values.arguments(made))
        if ".func." in f".{name}" or ".func." in f".{callee}":
            return self._function(method, args, columns, depth)
        simple = made.simple
        if simple in _RAW and (not receiver or name.startswith(("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "alembic"))):
            self.raw = True
            return args[0] if args and isinstance(args[0], str) else None
        if name.startswith(("sqlalchemy", "sqlmodel")) or simple in ("and_", "or_", "not_"):
            found = self._library(made, simple, args, columns, depth)
            if found is not None:
                return found
        return self._method(made, receiver, method, args, columns, depth) if receiver else None

    def _function(self, name: str, args: list[Value], columns: Mapping[str, str], depth: int) -> str | None:
        parts = [self.sql(arg, columns, depth + 1) for arg in args]
        if name.lower() in _BARE_FUNCTIONS and not args:
            return name.lower() if name.lower() != "current_timestamp" else "now()"
        return None if None in parts else sql.call(name.rstrip("_") if name == "cast_" else name, *[part for part in parts if part is not None])

    def _library(self, made: Made, simple: str, args: list[Value], columns: Mapping[str, str], depth: int) -> str | None:
        if simple in _WORDS and not args:
            return _WORDS[simple]
        if simple in ("and_", "or_"):
            parts = [self.sql(arg, columns, depth + 1) for arg in args]
            if not parts or None in parts:
                return None
            found = str(parts[0])
            for part in parts[1:]:
                found = sql.binary(found, simple[:-1], str(part))
            return found
        first = self.sql(args[0], columns, depth + 1) if args else None
        if first is None:
            return None
        if simple == "not_":
            return sql.prefix("not", first)
        if simple in ("cast", "type_coerce", "Cast", "TypeCoerce") and len(args) == 2:
            type_ = self.types.of(args[1]).text
            return first if simple.startswith(("type", "Type")) else sql.cast(first, type_) if type_ else None
        if simple == "collate" and len(args) == 2 and isinstance(args[1], str):
            return sql.collate(first, args[1])
        if simple in ("literal", "bindparam"):
            return first
        if simple in ("column", "Column", "quoted_name") and isinstance(args[0], str):
            return sql.column(args[0])
        if simple == "extract" and len(args) == 2 and isinstance(args[0], str):
            second = self.sql(args[1], columns, depth + 1)
            return sql.extract(args[0], second) if second is not None else None
        return None

    def _method(self, made: Made, receiver: str, method: str, args: list[Value], columns: Mapping[str, str], depth: int) -> str | None:
        if receiver[:1] == "#" and receiver[1:].isdigit() and method == "":
            return None
        if made.call.callee[:1] == "#" and made.call.callee[1:].isdigit():
            return self._operator_call(made, args, columns, depth)
        subject = self._inner(made.frame, receiver, columns, depth)
        if subject is None:
            return None
        if method == "desc" or method == "asc" or method == "self_group":
            return subject
        if method == "cast" and args:
            type_ = self.types.of(args[0]).text
            return sql.cast(subject, type_) if type_ else None
        if method == "collate" and args and isinstance(args[0], str):
            return sql.collate(subject, args[0])
        if method in ("as_string", "astext") and " -> " in subject:
            return subject.replace(" -> ", " ->> ", 1)
        if not args:
            return None
        first = self.sql(args[0], columns, depth + 1)
        if first is None:
            return None
        if method in _TESTS:
            return sql.binary(subject, _TESTS[method], first)
        if method in _LISTS:
            return sql.binary(subject, _LISTS[method], first)
        if method == "between" and len(args) == 2:
            second = self.sql(args[1], columns, depth + 1)
            return f"{subject} between {first} and {second}" if second is not None else None
        operator = _MATCHES.get(method)
        return sql.binary(subject, operator, first) if operator else None

    def _operator_call(self, made: Made, args: list[Value], columns: Mapping[str, str], depth: int) -> str | None:
        """``column.op("->>")("key")``."""
        inner = self.values.result(made.frame, int(made.call.callee[1:]))
        if not isinstance(inner, Made) or inner.call.callee.rpartition(".")[2] not in ("op", "bool_op") or not args:
            return None
        operator = next(self.values.arguments(inner), UNKNOWN)
        left = self._inner(made.frame, inner.call.callee.rpartition(".")[0], columns, depth)
        right = self.sql(args[0], columns, depth + 1)
        return sql.binary(left, operator, right) if left is not None and right is not None and isinstance(operator, str) else None


def _compared(left: str, operator: str, right: str) -> str:
    if operator in ("=", "<>") and right == "null":
        return sql.binary(left, "is" if operator == "=" else "is not", right)
    return sql.binary(left, operator, right)


def at_top(text: str, operator: str) -> int:
    """Where an operator stands outside of brackets and strings; -1 if nowhere."""
    if operator not in text:
        return -1
    if len(operator) == 1 and operator in "|&+-*/%<>":
        parts = split(text, operator)
        return len(parts[0]) if len(parts) == 2 and parts[0] and text[len(parts[0]) + 1 : len(parts[0]) + 2] not in ("=", operator) else -1
    depth = at = 0
    while at < len(text):
        sign = text[at]
        if sign in "'\"":
            end = at + 1
            while end < len(text) and text[end] != sign:
                end += 2 if text[end] == "\\" else 1
            at = end
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif not depth and text.startswith(operator, at):
            return at
        at += 1
    return -1
