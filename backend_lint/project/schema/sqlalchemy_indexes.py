"""``Index(...)`` and ``op.create_index(...)``: keys, options of the dialect, conditions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from backend_lint.facts.query import Predicate
from backend_lint.facts.schema import Dialect, Index, IndexKey
from backend_lint.project.schema.sqlalchemy_expressions import Key
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Value
from backend_lint.sql import conditions as build
from backend_lint.sql import text as sql

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_expressions import Expressions

_WORD = r'"?([A-Za-z_][A-Za-z0-9_]*)"?'
_LITERAL = r"('(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false)"
_NULL = re.compile(rf"{_WORD} is (not )?null\Z", re.IGNORECASE)
_TRUTH = re.compile(rf"{_WORD} is (not )?(true|false)\Z", re.IGNORECASE)
_COMPARED = re.compile(rf"{_WORD} ?(=|<>|!=|<=|>=|<|>) ?{_LITERAL}\Z", re.IGNORECASE)
_NEGATED = re.compile(rf"not {_WORD}\Z", re.IGNORECASE)
_BARE = re.compile(rf"{_WORD}\Z")
_SIMPLE_RAW = re.compile(r"(lower|upper)\(\s*([a-z_][a-z0-9_]*)\s*\)\Z", re.IGNORECASE)
_ORDERED = re.compile(rf"{_WORD}((?: +(?:asc|desc))?)((?: +nulls +(?:first|last))?)\Z", re.IGNORECASE)


class Indexes:
    """Reads indexes of one project for one dialect. `parse` understands ``CREATE INDEX`` as text; None where it is not understood."""

    def __init__(self, expressions: Expressions, dialect: Dialect) -> None:
        self.expressions = expressions
        self.dialect = dialect

    def read(self, name: str, table: str, parts: Sequence[Value], keywords: Mapping[str, Value], columns: Mapping[str, str], path: str, line: int) -> Index:
        """An index over `parts`; `columns` are the column names by attribute."""
        prefix = f"{self.dialect.value}_"
        options = {key[len(prefix) :]: value for key, value in keywords.items() if key.startswith(prefix) and value is not None}
        keys = [self._key(part, columns) for part in parts]
        unique = keywords.get("unique") is True
        method = options.get("using")
        method = method.lower() if isinstance(method, str) else "btree"
        include = tuple(one for part in _many(options.get("include")) if (one := self._name(part, columns)))
        distinct = options.get("nulls_not_distinct") is not True
        where, where_text, known = None, "", "**" not in keywords
        if "where" in options:
            where_text = self.expressions.condition(options["where"], columns) or ""
            where, known = (self.predicate(where_text, columns), known) if where_text else (None, False)
            where_text = where_text or "?"
        complete = [self._with_options(key, options, columns) if key is not None else None for key in keys]
        found = Index(
            name, tuple(key for key in complete if key is not None), unique, where, where_text, include, method, nulls_distinct=distinct, path=path, line=line
        )
        usable = known and None not in complete and bool(complete)
        unread = any(key is not None and key.raw and key.expression for key in keys) or (where is None and where_text not in ("", "?"))
        if usable and unread:
            return self.parsed(found, table)
        return found if usable else _replaced(found, usable=False)

    def parsed(self, index: Index, table: str) -> Index:
        """The index with what was written by hand in it understood."""
        return _replaced(index, usable=False)

    def _key(self, part: Value, columns: Mapping[str, str]) -> Key | None:
        key = self.expressions.key(part, columns)
        if key is None or not key.raw or not key.expression:
            return key
        ordered = _ORDERED.match(key.expression.strip())
        if ordered is not None:
            nulls = ordered.group(3).lower()
            name = ordered.group(1)
            return Key(name, "", "desc" in ordered.group(2).lower(), True if "first" in nulls else False if "last" in nulls else None)
        simple = _SIMPLE_RAW.match(key.expression.strip())
        if simple is not None:
            return key._replace(expression=sql.call(simple.group(1), simple.group(2).lower()), raw=False)
        return key

    def _with_options(self, key: Key, options: Mapping[str, Value], columns: Mapping[str, str]) -> IndexKey:
        opclass = length = None
        names = {key.label, key.column, *(attribute for attribute, column in columns.items() if key.column and column == key.column)} - {""}
        if isinstance(classes := options.get("ops"), dict):
            opclass = next((classes[name] for name in names if name in classes), None)
        lengths = options.get("length")
        if isinstance(lengths, dict):
            length = next((lengths[name] for name in names if name in lengths), None)
        elif isinstance(lengths, int):
            length = lengths
        return IndexKey(
            key.column,
            key.expression,
            key.descending,
            key.nulls_first,
            opclass if isinstance(opclass, str) else "",
            key.collation,
            length if isinstance(length, int) else 0,
        )

    def _name(self, part: Value, columns: Mapping[str, str]) -> str:
        key = self.expressions.key(part, columns)
        return key.column if key is not None else ""

    def predicate(self, text: str, columns: Mapping[str, str]) -> Predicate | None:
        """A simple condition as a tree; None for one that must be parsed."""
        parts = [_simple(part.strip()) for part in re.split(r" and ", text.strip(), flags=re.IGNORECASE)]
        if None in parts or ("'" in text and " and " in text.lower() and any("'" in part for part in re.split(r"'(?:[^']|'')*'", text))):
            return None
        return build.conjunction(parts)


def _simple(text: str) -> Predicate | None:
    while text.startswith("(") and text.endswith(")") and "(" not in text[1:]:
        text = text[1:-1].strip()
    if found := _NULL.match(text):
        return build.test(build.column(0, found.group(1)), f"is {'not ' if found.group(2) else ''}null")
    if found := _TRUTH.match(text):
        if not found.group(2):
            return build.test(build.column(0, found.group(1)), f"is {found.group(3).lower()}")
        return build.test(build.column(0, found.group(1)), f"is not {found.group(3).lower()}")
    if found := _COMPARED.match(text):
        operator = "<>" if found.group(2) == "!=" else found.group(2)
        literal = found.group(3)
        return build.comparison(build.column(0, found.group(1)), operator, build.constant(literal if literal[0] == "'" else literal.lower()))
    if found := _NEGATED.match(text):
        return build.comparison(build.column(0, found.group(1)), "=", build.FALSE)
    if (found := _BARE.match(text)) and text.lower() not in ("true", "false", "null"):
        return build.comparison(build.column(0, found.group(1)), "=", build.TRUE)
    return None


def _many(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else () if value is None or value is UNKNOWN else (value,)


def _replaced(index: Index, **changes: bool) -> Index:
    from msgspec.structs import replace

    return replace(index, **changes)
