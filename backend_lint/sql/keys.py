"""Questions about the keys of one table: what is unique, what an index leads with, which index another one makes superfluous."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from backend_lint.facts.query import And, Comparison, Predicate, TermKind
from backend_lint.facts.schema import Implicit, Index, IndexKey, Table

_WIDER = 2
"""Columns more that an index may have to stand in for another one: with more of them it is so much larger that the short one earns its keep."""


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


def superseded(table: Table) -> Iterator[tuple[Index, Index]]:
    """Indexes with another one of the table that serves all that they serve: its keys begin with the same keys, in the same order and direction.

    A unique index is only superseded by a unique one on the same keys. Of twins the later one is superfluous.
    """
    trees = [index for index in table.indexes if index.method == "btree" and index.usable and index.keys]
    lengths = sorted({len(index.keys) for index in trees})
    beginning: dict[tuple[IndexKey, ...], list[Index]] = {}
    for index in trees:
        for length in lengths:
            if length <= len(index.keys):
                beginning.setdefault(index.keys[:length], []).append(index)
    order = {id(index): number for number, index in enumerate(table.indexes)}
    for index in trees:
        if index.implicit is Implicit.PRIMARY_KEY:
            continue
        others = [one for one in beginning[index.keys] if one is not index and _supersedes(one, index, order)]
        if others:  # one that stays, rather than one that goes as well
            yield index, next((one for one in others if one.unique), others[-1] if len(others[-1].keys) > len(others[0].keys) else others[0])


def listed(index: Index) -> str:
    """The keys of an index in brackets."""
    return "(" + ", ".join((key.column or key.expression) + (" desc" if key.descending else "") for key in index.keys) + ")"


def named(index: Index) -> str:
    """What an index is, with its name, or else its keys."""
    kind = {Implicit.PRIMARY_KEY: "the primary key", Implicit.UNIQUE: "the unique constraint", Implicit.FOREIGN_KEY: "the foreign key's index"}
    what = kind.get(index.implicit, "unique index" if index.unique else "index")
    return f"{what} `{index.name}`" if index.name else f"{what} on {listed(index)}"


def _supersedes(other: Index, index: Index, order: Mapping[int, int]) -> bool:
    """Whether `other`, whose keys begin with those of `index`, serves all that it serves."""
    same = len(other.keys) == len(index.keys)
    if other.where_text != index.where_text or len(other.keys) > len(index.keys) + _WIDER:
        return False
    if index.unique and not (same and other.unique and other.deferrable == index.deferrable and other.nulls_distinct == index.nulls_distinct):
        return False
    if not set(index.include) <= {*other.include, *(key.column for key in other.keys)}:
        return False
    return not (same and index.unique == other.unique and set(other.include) == set(index.include)) or _comes_after(index, other, order)


def _comes_after(index: Index, other: Index, order: Mapping[int, int]) -> bool:
    """Of twins the one that belongs to a constraint stays, else the first."""
    if bool(index.implicit or index.constraint) != bool(other.implicit or other.constraint):
        return not (index.implicit or index.constraint)
    return order[id(index)] > order[id(other)]


def _column(key: IndexKey) -> str:
    return key.column if not key.length else ""
