"""Changes of columns, and what goes along with a column: keys, indexes, expressions, conditions, references of others."""

from __future__ import annotations

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, Index, Table
from backend_lint.sql.catalog_state import State
from backend_lint.sql.renaming import holds, mentioned, renamed_index, renamed_text


def find(table: Table, name: str, dialect: Dialect) -> Column | None:
    """The column of that name; outside PostgreSQL in any case of letters."""
    column = table.column(name)
    if column is not None or dialect is Dialect.POSTGRESQL:
        return column
    lowered = name.lower()
    return next((one for one in table.columns if one.name.lower() == lowered), None)


def add_column(state: State, change: ddl.AddColumn) -> None:
    """A new column, in the heirs as well."""
    table = state.table_of(change.table, change)
    column = state.typed(change.column)
    for name in state.heirs(table.name):
        one = state.tables[name]
        present = find(one, column.name, state.dialect)
        if present is None:
            state.store(replace(one, columns=(*one.columns, column)))
        elif name == table.name and not change.if_not_exists and present.type != column.type:
            state.doubt(change, one, f"its column {column.name} is added twice")


def alter_column(state: State, change: ddl.AlterColumn) -> None:
    """Another type, default or nullability, in the heirs as well."""
    table = state.table_of(change.table, change)
    for name in state.heirs(table.name):
        one = state.tables[name]
        column = find(one, change.name, state.dialect)
        if column is None and name in state.uncreated:
            # the table was made elsewhere: what the column is from now on is known all the same
            column = Column(change.name, "", None)
            one = state.store(replace(one, columns=(*one.columns, column)))
        if column is None:
            state.doubt(change, one, f"its column {change.name} is changed before it is created")
            continue
        altered = state.typed(_altered(column, change))
        if altered.nullable and column.name in one.primary_key:
            altered = replace(altered, nullable=False)
        state.store(replace(one, columns=tuple(altered if other is column else other for other in one.columns)))


def _altered(column: Column, change: ddl.AlterColumn) -> Column:
    if change.column is not None:
        return replace(change.column, name=column.name)
    if change.type is not None:
        column = replace(column, type=change.type, closed=column.closed and change.type == column.type)
    if change.nullable is not None:
        column = replace(column, nullable=change.nullable)
    if change.default is not None:
        column = replace(column, default=change.default or None, auto=column.auto and change.default != "" and change.auto is not False)
    if change.auto is not None:
        column = replace(column, auto=change.auto)
    return column


def drop_column(state: State, change: ddl.DropColumn) -> None:
    """A column goes, with all that needs it."""
    table = state.table_of(change.table, change)
    for name in state.heirs(table.name):
        one = state.tables[name]
        column = find(one, change.name, state.dialect)
        if column is not None or name in state.uncreated:
            _without_column(state, one, column.name if column is not None else change.name)
        elif not change.if_exists:
            state.doubt(change, one, f"its column {change.name} is dropped and was never created")


def _without_column(state: State, table: Table, name: str) -> None:
    if any(mentioned(text, (name,)) for text in table.checks):
        table = state.store_checks(table, [(check, text) for check, text in state.named_checks(table) if not mentioned(text, (name,))])
    keyless = name in table.primary_key
    state.store(
        replace(
            table,
            columns=tuple(column for column in table.columns if column.name != name),
            primary_key=() if keyless and state.dialect is not Dialect.MYSQL else tuple(column for column in table.primary_key if column != name),
            indexes=_indexes_without(table, name, state.dialect),
            foreign_keys=tuple(key for key in table.foreign_keys if name not in key.columns),
        )
    )
    for referrer in tuple(state.referrers.get(table.name, ())):
        other = state.tables.get(referrer)
        if other is not None and any(key.table == table.name and name in key.to_columns for key in other.foreign_keys):
            kept = tuple(key for key in other.foreign_keys if key.table != table.name or name not in key.to_columns)
            state.store(replace(other, foreign_keys=kept))


def _indexes_without(table: Table, name: str, dialect: Dialect) -> tuple[Index, ...]:
    if not any(holds(index, name) for index in table.indexes):
        return table.indexes
    if dialect is not Dialect.MYSQL:
        return tuple(index for index in table.indexes if not holds(index, name))
    left = (replace(index, keys=tuple(key for key in index.keys if key.column != name)) for index in table.indexes)
    return tuple(index for index in left if index.keys and not holds(index, name))


def rename_column(state: State, change: ddl.RenameColumn) -> None:
    """Another name for a column, in all that mentions it."""
    table = state.table_of(change.table, change)
    for name in state.heirs(table.name):
        one = state.tables[name]
        column = find(one, change.old, state.dialect)
        if column is None and find(one, change.new, state.dialect) is not None:
            continue  # what is run twice has been renamed already
        if column is None and name not in state.uncreated:
            state.doubt(change, one, f"its column {change.old} is renamed and was never created")
            continue
        _renamed(state, one, column.name if column is not None else change.old, change.new)


def _renamed(state: State, table: Table, old: str, new: str) -> None:
    def swapped(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if name == old else name for name in names)

    state.store(
        replace(
            table,
            columns=tuple(replace(column, name=new) if column.name == old else column for column in table.columns),
            primary_key=swapped(table.primary_key),
            indexes=tuple(renamed_index(index, old, new) for index in table.indexes) if any(holds(index, old) for index in table.indexes) else table.indexes,
            foreign_keys=tuple(replace(key, columns=swapped(key.columns)) if old in key.columns else key for key in table.foreign_keys),
            checks=tuple(renamed_text(text, old, new) for text in table.checks),
        )
    )
    for referrer in tuple(state.referrers.get(table.name, ())):
        other = state.tables.get(referrer)
        if other is not None:
            keys = tuple(replace(key, to_columns=swapped(key.to_columns)) if key.table == table.name else key for key in other.foreign_keys)
            state.store(replace(other, foreign_keys=keys))
