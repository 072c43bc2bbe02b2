"""Questions about the keys of one table: what is unique, what an index leads with, which index another one makes superfluous."""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.facts.query import And, Comparison, Predicate, TermKind
from backend_lint.facts.schema import Implicit, Index, IndexKey, Table


def unique_within(table: Table, columns: Iterable[str], *, partial: bool = False) -> Index | None:
    """A unique index all of whose columns are among `columns`: rows that agree in them are one row. With `partial`, one with a condition will do."""
    given = {column.lower() for column in columns}
    for index in table.indexes:
        if index.unique and index.keys and (partial or not index.where_text) and all(_column(key).lower() in given for key in index.keys):
            return index
    if table.primary_key and all(column.lower() in given for column in table.primary_key):
        return Index("", tuple(IndexKey(column) for column in table.primary_key), unique=True, implicit=Implicit.PRIMARY_KEY)
    return None


def may_be_unique(table: Table, columns: Iterable[str]) -> bool:
    """Nothing that is known rules out a unique index within `columns`: the table's indexes are not all known, or a unique one is over an expression of them."""
    given = {column.lower() for column in columns}
    if table.unknown:
        return True
    return any(index.unique and any(key.expression and any(column in key.expression for column in given) for key in index.keys) for index in table.indexes)


def is_part_of_unique(table: Table, columns: Iterable[str]) -> bool:
    """A unique index holds all of `columns` and more: what is unique was thought about, and it is more than these."""
    given = {column.lower() for column in columns}
    return any(index.unique and given < {key.column.lower() for key in index.keys} for index in table.indexes)


def leads_with(index: Index, columns: Iterable[str]) -> bool:
    """A lookup by all of `columns` can start at the index: its first key is one of them, and rows in which they are not null are all in it."""
    given = {column.lower() for column in columns}
    if not index.keys or index.method not in ("btree", "hash") or _column(index.keys[0]).lower() not in given:
        return False
    return not index.where_text or (index.where is not None and says_not_null_only(index.where, given))


def says_not_null_only(predicate: Predicate, columns: set[str]) -> bool:
    """The condition is no more than ``column IS NOT NULL`` for some of `columns`."""
    if isinstance(predicate, And):
        return all(says_not_null_only(part, columns) for part in predicate.parts)
    return (
        isinstance(predicate, Comparison)
        and predicate.operator == "is not null"
        and predicate.left.kind is TermKind.COLUMN
        and predicate.left.column.lower() in columns
    )


def superseded_by(index: Index, table: Table) -> Index | None:
    """Another index of the table that serves all that `index` serves: its keys begin with the same keys, in the same order and direction.

    A unique index is only superseded by a unique one on the same keys. Of twins the later one is superfluous.
    """
    if index.method != "btree" or not index.usable or not index.keys or index.implicit is Implicit.PRIMARY_KEY:
        return None
    for other in table.indexes:
        if other is index or not other.usable or other.method != "btree" or other.where_text != index.where_text or len(other.keys) < len(index.keys):
            continue
        if other.keys[: len(index.keys)] != index.keys:
            continue
        same = len(other.keys) == len(index.keys)
        if index.unique and not (same and other.unique and other.deferrable == index.deferrable and other.nulls_distinct == index.nulls_distinct):
            continue
        if not set(index.include) <= {*other.include, *(key.column for key in other.keys)}:
            continue
        if same and index.unique == other.unique and set(other.include) == set(index.include) and not _comes_after(index, other, table):
            continue
        return other
    return None


def _comes_after(index: Index, other: Index, table: Table) -> bool:
    """Of twins the one that belongs to a constraint stays, else the first."""
    if bool(index.implicit or index.constraint) != bool(other.implicit or other.constraint):
        return not (index.implicit or index.constraint)
    return table.indexes.index(index) > table.indexes.index(other)


def _column(key: IndexKey) -> str:
    return key.column if not key.length else ""
