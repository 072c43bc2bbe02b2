"""What a change costs while it runs: which lock it takes on which table, and whether the lock is held for a scan or a rewrite of it.

PostgreSQL 12 and later as its documentation of ALTER TABLE and its source say (`tests/migrations/test_locks.py` compares with a server); MySQL 8 as its
table of online DDL says. Nothing is said of the others: SQLite has one writer anyway.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.schema import Column, Dialect, Implicit, Table, TableKind
from backend_lint.sql import locks_mysql
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.retyping import is_volatile, rewrites

__all__ = ["Cost", "Lock", "costs"]


class Lock(enum.IntEnum):
    """PostgreSQL's modes, the weakest first."""

    NONE = 0
    ROW_EXCLUSIVE = 3
    """Writers take it: nobody who reads or writes waits."""
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    """Writers wait from here on."""
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8
    """Readers wait too."""

    @property
    def waited_for(self) -> str:
        """The mode if anybody who reads or writes waits for it, else nothing."""
        return self.text if self >= Lock.SHARE else ""

    @property
    def text(self) -> str:
        return self.name.replace("_", " ")


class Cost(NamedTuple):
    """What a change does to a table while it runs. `scans`: all rows are read under the lock; `rewrites`: all are written anew. `why`: for a message."""

    table: str
    lock: Lock
    scans: bool = False
    rewrites: bool = False
    why: str = ""

    @property
    def blocks_writes(self) -> bool:
        """Writers wait for as long as reading or writing all rows takes."""
        return self.lock >= Lock.SHARE and (self.scans or self.rewrites)

    @property
    def blocks_reads(self) -> bool:
        """Readers wait for as long as reading or writing all rows takes."""
        return self.lock is Lock.ACCESS_EXCLUSIVE and (self.scans or self.rewrites)


_MOST_CHECKS = 100
"""Of a table, that are looked at; one with more was made to keep us busy."""
_MODES = {
    "access share": Lock.NONE,
    "row share": Lock.NONE,
    "row exclusive": Lock.ROW_EXCLUSIVE,
    "share update exclusive": Lock.SHARE_UPDATE_EXCLUSIVE,
    "share": Lock.SHARE,
    "share row exclusive": Lock.SHARE_ROW_EXCLUSIVE,
    "exclusive": Lock.EXCLUSIVE,
    "access exclusive": Lock.ACCESS_EXCLUSIVE,
}


def costs(change: ddl.Change | Act, catalog: Catalog) -> tuple[Cost, ...]:
    """What a change costs, asked before it is applied. Tables that the catalog does not know are named as they stand. Nothing for what nobody waits for."""
    if catalog.dialect is Dialect.MYSQL:
        return tuple(Cost(table, Lock.SHARE, True, copied, why) for table, copied, why in locks_mysql.copies(change, catalog))
    if catalog.dialect is not Dialect.POSTGRESQL:
        return ()
    return _of_act(change, catalog) if isinstance(change, Act) else _of_change(change, catalog)


def _of_act(act: Act, catalog: Catalog) -> tuple[Cost, ...]:
    kind, table = act.kind, act.table
    if kind is ActKind.REWRITE:
        return (Cost(table, Lock.ACCESS_EXCLUSIVE, True, True, f"{act.name} writes the table anew"),)
    if kind is ActKind.REINDEX:
        table = catalog.homes.get(catalog.bare(table), table) if act.name == "index" else table
        lock = Lock.SHARE_UPDATE_EXCLUSIVE if act.concurrently else Lock.ACCESS_EXCLUSIVE
        return (Cost(table, lock, True, False, "REINDEX locks the indexes that queries are planned with"),)
    if kind is ActKind.REFRESH:
        return () if act.concurrently else (Cost(table, Lock.ACCESS_EXCLUSIVE, True, True, "REFRESH writes the view anew"),)
    if kind is ActKind.LOCK:
        return (Cost(table, _MODES.get(act.name, Lock.ACCESS_EXCLUSIVE)),)
    if kind is ActKind.TRUNCATE:
        return (Cost(table, Lock.ACCESS_EXCLUSIVE),)
    if kind is ActKind.VALIDATE:
        known = catalog.find(table)
        others = [key.table for key in known.foreign_keys if key.name == act.name and key.table != table] if known is not None else []
        return (Cost(table, Lock.SHARE_UPDATE_EXCLUSIVE, True), *(Cost(other, Lock.NONE, True) for other in others))
    if kind in (ActKind.UPDATE, ActKind.DELETE, ActKind.INSERT):
        return (Cost(table, Lock.ROW_EXCLUSIVE, kind is not ActKind.INSERT and not act.bounded),)
    return ()


def _of_change(change: ddl.Change, catalog: Catalog) -> tuple[Cost, ...]:
    if isinstance(change, ddl.AddIndex | ddl.SetPrimaryKey):
        return _of_index(change, catalog)
    if isinstance(change, ddl.AddColumn):
        return (_added(change),)
    if isinstance(change, ddl.AlterColumn):
        known = catalog.find(change.table)
        return () if _says_the_same(change, known) else (_altered(change, known, catalog),)
    if isinstance(change, ddl.AddForeignKey):
        scans = change.valid and not (change.inline and not _defaulted(change, catalog))
        key = change.foreign_key
        sides = (change.table,) if key.table == change.table else (change.table, key.table)
        return tuple(Cost(table, Lock.SHARE_ROW_EXCLUSIVE, scans, why="all rows are checked against the table they refer to") for table in sides)
    if isinstance(change, ddl.AddCheck):
        return (Cost(change.table, Lock.ACCESS_EXCLUSIVE, change.valid, why="all rows are checked"),)
    if isinstance(change, ddl.Attach):
        return _attached(change, catalog)
    if isinstance(change, ddl.DropIndex):
        table = change.table or catalog.homes.get(catalog.bare(change.name), "")
        return (Cost(table, Lock.SHARE_UPDATE_EXCLUSIVE if change.concurrently else Lock.ACCESS_EXCLUSIVE),)
    return _brief(change, catalog)


def _brief(change: ddl.Change, catalog: Catalog) -> tuple[Cost, ...]:
    """Changes of the catalog alone: everybody waits, but only for a moment, once the lock is there."""
    if isinstance(change, ddl.DropConstraint):
        table = catalog.find(change.table)
        keys = [key.table for key in table.foreign_keys if key.name == change.name] if table is not None else []
        return tuple(Cost(name, Lock.ACCESS_EXCLUSIVE) for name in dict.fromkeys((change.table, *keys)))
    if isinstance(change, ddl.DropTable):
        table = catalog.find(change.name)
        keys = [key.table for key in table.foreign_keys] if table is not None else []
        return tuple(Cost(name, Lock.ACCESS_EXCLUSIVE) for name in dict.fromkeys((change.name, *keys)))
    if isinstance(change, ddl.CreateTable):
        keys = [key.table for key in change.table.foreign_keys if key.table != change.table.name]
        above = change.table.parents if change.table.kind is TableKind.PARTITION else ()
        return (*(Cost(name, Lock.ACCESS_EXCLUSIVE) for name in above), *(Cost(name, Lock.SHARE_ROW_EXCLUSIVE) for name in dict.fromkeys(keys)))
    if isinstance(change, ddl.RenameIndex) and change.table:
        return (Cost(change.table, Lock.ACCESS_EXCLUSIVE),)
    if isinstance(change, ddl.DropColumn | ddl.RenameColumn):
        return (Cost(change.table, Lock.ACCESS_EXCLUSIVE),)
    if isinstance(change, ddl.RenameTable):
        return (Cost(change.old, Lock.ACCESS_EXCLUSIVE),)
    return ()


def _of_index(change: ddl.AddIndex | ddl.SetPrimaryKey, catalog: Catalog) -> tuple[Cost, ...]:
    table = catalog.find(change.table)
    if isinstance(change, ddl.SetPrimaryKey):
        if not change.columns and not change.using:
            return (Cost(change.table, Lock.ACCESS_EXCLUSIVE),)
        columns = change.columns or _keys_of(table, change.using)
        checked = any(_may_be_null(table, name) for name in columns)
        why = "its columns are checked for nulls" if change.using else "its index is built"
        return (Cost(change.table, Lock.ACCESS_EXCLUSIVE, checked or not change.using, why=why),)
    if change.using:
        return (Cost(change.table, Lock.ACCESS_EXCLUSIVE),)
    if change.index.constraint or change.index.implicit is Implicit.EXCLUSION:
        return (Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, why="the index of the constraint is built"),)
    if change.only and table is not None and table.partitioned:
        return (Cost(change.table, Lock.SHARE),)
    lock = Lock.SHARE_UPDATE_EXCLUSIVE if change.concurrently else Lock.SHARE
    tables = catalog.heirs(table.name) if table is not None and table.partitioned else [change.table]
    return tuple(Cost(name, lock, True, why="the index is built") for name in tables)


def _keys_of(table: Table | None, index: str) -> tuple[str, ...]:
    found = next((one for one in table.indexes if one.name == index), None) if table is not None else None
    return tuple(key.column for key in found.keys) if found is not None else ()


def _may_be_null(table: Table | None, name: str) -> bool:
    column = table.column(name) if table is not None else None
    return column is not None and column.nullable is not False and not _proved(table, name)


def _proved(table: Table | None, name: str) -> bool:
    """A valid check says already that the column is never null: PostgreSQL 12 believes it and does not look."""
    pattern = re.compile(rf"\(*\"?{re.escape(name)}\"?\s+is\s+not\s+null\)*|\(*not\s*\(*\"?{re.escape(name)}\"?\s+is\s+null\)*", re.I)
    return table is not None and any(pattern.fullmatch(part.strip()) for text in table.checks[:_MOST_CHECKS] for part in re.split(r"(?i)\band\b", text))


def _added(change: ddl.AddColumn) -> Cost:
    column = change.column
    if column.generated:
        return Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, True, "a stored column is computed for all rows")
    if column.auto:
        return Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, True, "all rows get a number")
    if column.default is not None and is_volatile(column.default):
        return Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, True, f"the default {column.default} is computed for all rows")
    return Cost(change.table, Lock.ACCESS_EXCLUSIVE)


def _defaulted(change: ddl.AddForeignKey, catalog: Catalog) -> bool:
    table = catalog.find(change.table)
    columns = [table.column(name) for name in change.foreign_key.columns] if table is not None else []
    return any(column is not None and column.default is not None for column in columns)


def _altered(change: ddl.AlterColumn, table: Table | None, catalog: Catalog) -> Cost:
    old = table.column(change.name) if table is not None else None
    new_type, nullable = change.type, change.nullable
    collation = ""
    if change.column is not None:
        new_type, nullable, collation = change.column.type, change.column.nullable, change.column.collation
    retyped = rewrites(old.type, new_type) if old is not None and new_type else False
    if new_type and (change.using or (retyped is None and old is not None and (_is_enum(old.type, catalog) or _is_enum(new_type, catalog)))):
        retyped = True
    if retyped:
        assert new_type is not None
        return Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, True, f"{old.type if old is not None else 'the old type'} becomes {new_type}")
    if old is not None and new_type and old.type != new_type and _is_checked(table, change.name):
        return Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, why="its checks are checked again")
    if old is not None and change.column is not None and collation != old.collation and _is_indexed(table, change.name):
        return Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, why="its indexes are built anew")
    if nullable is False and _is_nullable(old) and not _proved(table, change.name):
        return Cost(change.table, Lock.ACCESS_EXCLUSIVE, True, why="all rows are searched for nulls")
    return Cost(change.table, Lock.ACCESS_EXCLUSIVE)


def _is_enum(name: str, catalog: Catalog) -> bool:
    known = catalog.types.get(name)
    return known is not None and known.closed and not known.base


def _says_the_same(change: ddl.AlterColumn, table: Table | None) -> bool:
    """A whole declaration that changes nothing of the column: nothing is run for it."""
    old, new = table.column(change.name) if table is not None else None, change.column
    if old is None or new is None:
        return False
    return (old.type, old.nullable, old.default, old.collation, old.auto) == (new.type, new.nullable, new.default, new.collation, new.auto)


def _is_nullable(column: Column | None) -> bool:
    return column is None or column.nullable is not False


def _is_checked(table: Table | None, name: str) -> bool:
    return table is not None and any(re.search(rf"\b{re.escape(name)}\b", text) for text in table.checks[:_MOST_CHECKS])


def _is_indexed(table: Table | None, name: str) -> bool:
    return table is not None and any(key.column == name for index in table.indexes for key in index.keys)


def _attached(change: ddl.Attach, catalog: Catalog) -> tuple[Cost, ...]:
    if change.detach:
        lock = Lock.SHARE_UPDATE_EXCLUSIVE if change.concurrently else Lock.ACCESS_EXCLUSIVE
        return (Cost(change.parent, lock), Cost(change.table, lock))
    if not change.partition:
        return (Cost(change.parent, Lock.SHARE_UPDATE_EXCLUSIVE), Cost(change.table, Lock.ACCESS_EXCLUSIVE))
    table = catalog.find(change.table)
    checked = table is not None and bool(table.checks)
    why = "all rows are checked against the bounds of the partition"
    return (Cost(change.parent, Lock.SHARE_UPDATE_EXCLUSIVE), Cost(change.table, Lock.ACCESS_EXCLUSIVE, not checked, why=why))
