"""Queries whose rows an index finds, and that sort them all to take the newest few."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from backend_lint.facts.access import Access, Candidate, Path, Reason
from backend_lint.facts.query import And, Comparison, OrderKey, Predicate, Query, Term, TermKind, Verb
from backend_lint.facts.schema import Index, IndexKey, Table
from backend_lint.sql.keys import unique_within
from backend_lint.sql.selectivity import few_values
from backend_lint.sql.types import base, is_date, is_text, is_timestamp

_MAX_JOINS = 8


def sorted_for_few(query: Query, access: Access, table: Table, tables: Callable[[str], Table | None]) -> Access | None:
    """The access with the index that would deliver the rows in order; None if one does, or sorting costs nothing.

    Only orders by a point in time count: the newest of something that grows. `access` is the one by which the rows are found now.
    """
    if access.path is not Path.INDEX or access.order or query.verb is not Verb.SELECT or query.limit is None or not query.order:
        return None
    if query.distinct or query.grouped or query.aggregate or query.combined or query.unknown or access.relation != 0:
        return None
    keys = [_key(key, table) for key in query.order]
    first = table.column(query.order[0].term.column)
    if None in keys or first is None or not (is_timestamp(first.type) or is_date(first.type)):
        return None
    equal = _fixed(query, tables)
    found = [column for column in equal if _found_by(column, access, table)]
    if any(_is_nearly_one(column, table) for column in found):
        return None
    if not found or unique_within(table, equal, partial=True) is not None or table.unknown:
        return None
    if any(column is not None and not few_values(column) for column in (table.column(name) for name in equal if name not in found)):
        return None  # few of the rows that are found are left
    order = [key for key in keys if key is not None]
    telling = {column.name for column in map(table.column, found) if column is not None and not few_values(column)}
    if _ends(query.where, query.order[0]):
        telling.clear()
    if any(_delivers(index, set(equal), telling, order) for index in table.indexes):
        return None
    candidate = Candidate(table.name, (*(IndexKey(column) for column in found), *order))
    reason = Reason(access.index, "it finds the rows, in no order")
    columns = (*found, *(key.column for key in order))
    return replace(access, path=Path.SCAN, order=True, candidate=candidate, columns=columns, reasons=(reason,), because="all rows that match are sorted")


def _key(key: OrderKey, table: Table) -> IndexKey | None:
    plain = key.term.kind is TermKind.COLUMN and key.term.relation == 0 and not key.term.cast and key.nulls_first is None
    return IndexKey(key.term.column, descending=key.descending) if plain and table.column(key.term.column) is not None else None


def _fixed(query: Query, tables: Callable[[str], Table | None]) -> tuple[str, ...]:
    """The columns of the first relation that have one value in all rows: compared with one, or with the key of a row that is the only one of its kind.

    Empty if a join may repeat or drop rows in another way.
    """
    if len(query.relations) > _MAX_JOINS or any(relation.join not in ("", "inner", "left") or relation.lateral for relation in query.relations):
        return ()
    parts = [part for predicate in (query.where, *(relation.on for relation in query.relations)) for part in _equal(predicate)]
    fixed: dict[int, dict[str, None]] = {}
    links: list[tuple[Term, Term]] = []
    for left, right in parts:
        if right.kind is TermKind.COLUMN:
            links += [(left, right), (right, left)]
        elif right.kind in (TermKind.CONSTANT, TermKind.PARAMETER, TermKind.OUTER):
            fixed.setdefault(left.relation, {})[left.column] = None
    for number, relation in enumerate(query.relations[1:], start=1):
        table = tables(relation.table)
        keys = [mine.column for mine, other in links if mine.relation == number and other.relation == 0]
        if table is None or unique_within(table, keys) is None:
            return ()
        if unique_within(table, fixed.get(number, ())) is not None:
            fixed.setdefault(0, {}).update((other.column, None) for mine, other in links if mine.relation == number and other.relation == 0)
    return tuple(fixed.get(0, ()))


def _equal(predicate: Predicate | None) -> Iterator[tuple[Term, Term]]:
    """The plain columns that a condition compares for equality, and with what."""
    if isinstance(predicate, And):
        for part in predicate.parts:
            yield from _equal(part)
    elif isinstance(predicate, Comparison) and predicate.operator == "=":
        plain = not predicate.left.cast and not predicate.right.cast
        yield from [(predicate.left, predicate.right)] if plain and predicate.left.kind is TermKind.COLUMN else []


def _ends(predicate: Predicate | None, key: OrderKey) -> bool:
    """The condition bounds the order at its far end: a walk along it stops there."""
    if isinstance(predicate, And):
        return any(_ends(part, key) for part in predicate.parts)
    signs = (">", ">=") if key.descending else ("<", "<=")
    return isinstance(predicate, Comparison) and predicate.operator in signs and predicate.left == key.term


def _found_by(column: str, access: Access, table: Table) -> bool:
    """The index that serves now begins with the column, or has it behind others that are compared too."""
    names = access.index.split(" + ")
    return any(column in [key.column for key in index.keys] for index in table.indexes if index.name in names)


def _is_nearly_one(column: str, table: Table) -> bool:
    """The column names a thing (a slug, a number, an address), so that few rows share a value, and sorting them costs nothing."""
    found = table.column(column)
    if found is None or column.endswith("_id") or few_values(found) or any(column in key.columns for key in table.foreign_keys):
        return False
    return is_text(found.type) or base(found.type) == "uuid"


def _delivers(index: Index, equal: set[str], telling: set[str], order: list[IndexKey]) -> bool:
    """Behind columns that are compared for equality come those of the order, all in its direction or all against it.

    One that begins with the order walks past the rows of everybody else until enough are found; it serves where what is compared has few values.
    """
    if index.method != "btree":
        return False
    position = 0
    while position < len(index.keys) and index.keys[position].column in equal and index.keys[position].column != order[0].column:
        position += 1
    if telling and not telling.intersection(key.column for key in index.keys[:position]):
        return False
    rest = index.keys[position : position + len(order)]
    if not rest or [key.column for key in rest] != [key.column for key in order[: len(rest)]]:
        return False
    return len({key.descending == wanted.descending for key, wanted in zip(rest, order, strict=False)}) == 1
