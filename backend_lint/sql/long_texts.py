"""Columns that hold long texts and documents: an index that sorts by them is as large as the table, and in PostgreSQL refuses rows of more than 2.7 kB."""

from __future__ import annotations

from backend_lint.facts.schema import Column, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.types import base

_UNBOUNDED = frozenset({"text", "citext", "varchar", "mediumtext", "longtext", "clob"})
_LONG = lazy_regex(
    r"(?:^|_)(?:body|contents?|text|description|patch|diff|html|markdown|message|notes|payload|logs?|comments?|output|traceback|stack_?trace|transcript|abstract"
    r"|source_code|biography)$"
)

_WIDE = lazy_regex(r"(?:^|_)(?:ur[li]|link|href|path|file_?name|title)s?$")


def is_long_text(table: Table, name: str) -> bool:
    """Whether a column has no bound and holds long texts: Django's ``TextField``, a JSON document, or its name says so.

    Where ``text`` is the usual type of every string, as in PostgreSQL, the type alone says nothing.
    """
    column: Column | None = table.column(name)
    if column is not None and column.type == "jsonb":
        return True
    if column is None or column.closed or base(column.type) not in _UNBOUNDED or "(" in column.type:
        return False
    return (table.source.startswith("django") and column.type == "text") or _LONG.search(name.lower()) is not None


def is_wide(table: Table, name: str) -> bool:
    """Whether a column has no bound and holds addresses, paths or titles: beside another key it makes an index large, and tells no more rows apart."""
    column = table.column(name)
    unbounded = column is not None and not column.closed and base(column.type) in _UNBOUNDED and "(" not in column.type
    return unbounded and _WIDE.search(name.lower()) is not None
