"""Whether an index delivers rows in the order that is asked for, so that a limit reads a few and stops."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backend_lint.facts.query import OrderKey
from backend_lint.facts.schema import Dialect, Index, IndexKey, Table
from backend_lint.sql.clauses import key_text
from backend_lint.sql.types import is_text


def ordered_keys(index: Index, equal: Collection[str], order: Sequence[OrderKey], table: Table, dialect: Dialect, *, extreme: bool = False) -> int:
    """How many keys of `order`, from the first, the index delivers. `equal`: keys that have one value. `extreme`: for min and max nulls do not matter."""
    wanted = [key for key in order if key_text(key.term) not in equal]
    if not wanted:
        return 0  # nothing is left to be sorted
    if index.method.lower() not in ("btree", "", "rowid"):
        return 0
    matched, backward = 0, None
    for key in index.keys:
        text = key.column or key.expression
        if matched < len(wanted) and text == key_text(wanted[matched].term):
            direction = _direction(key, wanted[matched], table, dialect, extreme)
            if direction is None or (backward is not None and direction != backward):
                break
            backward = direction
            matched += 1
            if matched == len(wanted):
                break
        elif text not in equal:
            break
    return matched if matched < len(wanted) else len(order)


def _direction(key: IndexKey, wanted: OrderKey, table: Table, dialect: Dialect, extreme: bool) -> bool | None:
    """Whether the index must be read backward for this key; None if neither way gives the order."""
    column = table.column(key.column) if key.column else None
    if key.length or key.opclass.endswith("_pattern_ops"):
        return None
    held_collation = key.collation or (column.collation if column is not None else "")
    asked_collation = wanted.term.collation or (column.collation if column is not None else "")
    if (column is None or is_text(column.type) or not column.type) and held_collation.strip('"').lower() != asked_collation.strip('"').lower():
        return None
    backward = key.descending != wanted.descending
    if dialect not in (Dialect.POSTGRESQL, Dialect.ORACLE) or extreme:
        return backward
    held_first = key.descending if key.nulls_first is None else key.nulls_first
    asked_first = wanted.descending if wanted.nulls_first is None else wanted.nulls_first
    return backward if (held_first != asked_first) == backward else None
