"""``Index(...)`` and ``op.create_index(...)``: keys, options of the dialect, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.query import Predicate
from backend_lint.facts.schema import Dialect, Index, IndexKey
from backend_lint.project.schema.sqlalchemy_expressions import Key
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Value
from backend_lint.sql.ddl_expressions import condition
from backend_lint.sql.ddl_indexes import keys as keys_of_text
from backend_lint.sql.tokens import Cursor, NotUnderstoodError

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_expressions import Expressions


class Indexes:
    """Reads indexes of one project for one dialect."""

    def __init__(self, expressions: Expressions, dialect: Dialect) -> None:
        self.expressions = expressions
        self.dialect = dialect

    def read(self, name: str, parts: Sequence[Value], keywords: Mapping[str, Value], columns: Mapping[str, str], path: str, line: int) -> Index:
        """An index over `parts`; `columns` are the column names by attribute."""
        prefix = f"{self.dialect.value}_"
        options = {key[len(prefix) :]: value for key, value in keywords.items() if key.startswith(prefix) and value is not None}
        usable = "**" not in keywords and bool(parts)
        found: list[IndexKey] = []
        for part in parts:
            key = self.expressions.key(part, columns)
            read = self._keys(key, options, columns) if key is not None else None
            usable = usable and read is not None and read[1]
            found += read[0] if read is not None else []
        unique = keywords.get("unique")
        method = options.get("using", "btree")
        where, where_text, understood = self.where(options.get("where"), columns)
        return Index(
            name,
            tuple(found),
            unique is True,
            where,
            where_text,
            tuple(one for part in _many(options.get("include")) if (one := self._name(part, columns))),
            method.lower() if isinstance(method, str) else "",
            nulls_distinct=options.get("nulls_not_distinct") is not True,
            usable=usable and understood and isinstance(method, str) and unique in (True, False, None),
            path=path,
            line=line,
        )

    def where(self, value: Value, columns: Mapping[str, str]) -> tuple[Predicate | None, str, bool]:
        """The condition of a partial index, its text, and whether it was understood."""
        if value is None:
            return None, "", True
        text = self.expressions.condition(value, columns)
        if text is None:
            return None, "?", False
        found = condition(text, self.dialect)
        return found.predicate, found.text, found.understood

    def _keys(self, key: Key, options: Mapping[str, Value], columns: Mapping[str, str]) -> tuple[list[IndexKey], bool]:
        """The keys that a part gives: one, or what was written by hand."""
        if key.raw and key.expression:
            try:
                return self._by_hand(key, options, columns)
            except NotUnderstoodError:
                return [IndexKey("", key.expression)], False
        usual = key.descending if self.dialect is not Dialect.SQLITE else not key.descending
        nulls = None if key.nulls_first == usual else key.nulls_first
        found = IndexKey(key.column, key.expression, key.descending, nulls, "", key.collation)
        return [self._with_options(found, key, options, columns)], True

    def _by_hand(self, key: Key, options: Mapping[str, Value], columns: Mapping[str, str]) -> tuple[list[IndexKey], bool]:
        direction = f"{' desc' * key.descending}{'' if key.nulls_first is None else ' nulls first' if key.nulls_first else ' nulls last'}"
        try:
            found, understood = keys_of_text(Cursor(f"({key.expression}{direction})", self.dialect))
        except NotUnderstoodError:
            found, understood = keys_of_text(Cursor(f"(({key.expression}){direction})", self.dialect))
        return [self._with_options(one, key, options, columns) for one in found], understood

    def _with_options(self, found: IndexKey, key: Key, options: Mapping[str, Value], columns: Mapping[str, str]) -> IndexKey:
        classes, lengths = options.get("ops"), options.get("length")
        if classes is None and lengths is None:
            return found
        names = [key.label, found.column, *(attribute for attribute, column in columns.items() if found.column and column == found.column)]
        opclass = next((classes[name] for name in names if name in classes), None) if isinstance(classes, dict) else None
        length = next((lengths[name] for name in names if name in lengths), None) if isinstance(lengths, dict) else lengths
        if isinstance(opclass, str):
            found = _with_class(found, opclass)
        return replace(found, length=length) if isinstance(length, int) else found

    def _name(self, part: Value, columns: Mapping[str, str]) -> str:
        key = self.expressions.key(part, columns)
        return key.column if key is not None else ""


def _with_class(key: IndexKey, written: str) -> IndexKey:
    """What stands behind a key in SQL: an operator class, and as it is only text also a direction (``{"id": "DESC"}``)."""
    opclass, _, rest = written.strip().partition(" ")
    if opclass.lower() in ("asc", "desc", "nulls"):
        opclass, rest = "", written
    words = rest.lower().split()
    descending = "desc" in words or (key.descending and "asc" not in words)
    nulls = "first" in words if "nulls" in words else key.nulls_first
    return replace(key, opclass=opclass or key.opclass, descending=descending, nulls_first=None if nulls == descending else nulls)


def _many(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else () if value is None or value is UNKNOWN else (value,)
