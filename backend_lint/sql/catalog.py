"""The catalog of a database: changes of a schema go in, the tables that they leave come out.

Every source of migrations is replayed onto it. Names that nobody chose are chosen as the database chooses them; what a change takes along goes along:
indexes and constraints of a dropped column, keys of others to a dropped or renamed table, the indexes of a partitioned table on its partitions.
A change that cannot be applied makes its table unknown; nothing raises.

Indexes that nobody wrote are there as well (`Index.implicit`): of primary keys and unique constraints, in MySQL of foreign keys. A column that is SQLite's
rowid has an index of the method ``rowid`` without a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from backend_lint.facts import ddl
from backend_lint.facts.schema import Dialect
from backend_lint.sql import catalog_columns, catalog_indexes, catalog_tables
from backend_lint.sql.catalog_state import Missed, State

__all__ = ["Catalog", "Missed"]

_APPLY: dict[type[Any], Callable[[State, Any], None]] = {
    ddl.CreateTable: catalog_tables.create_table,
    ddl.CreateType: catalog_tables.create_type,
    ddl.RenameType: catalog_tables.rename_type,
    ddl.DropTable: catalog_tables.drop_table,
    ddl.RenameTable: catalog_tables.rename_table,
    ddl.Attach: catalog_tables.attach,
    ddl.Seed: catalog_tables.seed,
    ddl.Forget: catalog_tables.forget,
    ddl.AddColumn: catalog_columns.add_column,
    ddl.AlterColumn: catalog_columns.alter_column,
    ddl.DropColumn: catalog_columns.drop_column,
    ddl.RenameColumn: catalog_columns.rename_column,
    ddl.SetPrimaryKey: catalog_indexes.set_primary_key,
    ddl.AddIndex: catalog_indexes.add_index,
    ddl.DropIndex: catalog_indexes.drop_index,
    ddl.RenameIndex: catalog_indexes.rename_index,
    ddl.AddForeignKey: catalog_indexes.add_foreign_key,
    ddl.DropConstraint: catalog_indexes.drop_constraint,
    ddl.AddCheck: catalog_indexes.add_check,
}


class Catalog(State):
    """All tables after the changes so far.

    `tables`: by name as spelled (`find` knows other spellings). `uncreated`: those that were changed but never created here: only what the changes say is known
    of them. `dropped`: names of tables that were there and went. `missed`: changes that could not be applied. `forgotten`: tables that are not known here and
    were changed by something not understood. `everything_unknown`: why no table is known for certain.

    >>> from backend_lint.facts.schema import Column, Index, IndexKey, Table
    >>> catalog = Catalog(Dialect.POSTGRESQL)
    >>> catalog.apply(ddl.CreateTable(Table("shop", (Column("id", "bigint"), Column("name", "text")), primary_key=("id",))))
    >>> catalog.apply(ddl.AddIndex("shop", Index("", (IndexKey("name"),))))
    >>> [index.name for index in catalog.tables["shop"].indexes]
    ['shop_pkey', 'shop_name_idx']
    """

    def __init__(self, dialect: Dialect = Dialect.POSTGRESQL) -> None:
        super().__init__(dialect)

    def apply(self, change: ddl.Change) -> None:
        """Applies one change."""
        _APPLY[type(change)](self, change)

    def apply_all(self, changes: Iterable[ddl.Change]) -> None:
        """Applies changes in order."""
        for change in changes:
            _APPLY[type(change)](self, change)

    def check_names(self, table: str) -> tuple[str, ...]:
        """The names of `Table.checks`, in the same order; none for a table that is not known."""
        return self.checks.get(self.spelled(table), ())

    @property
    def created(self) -> frozenset[str]:
        """The tables whose whole life was seen."""
        return frozenset(self.tables.keys() - self.uncreated)
