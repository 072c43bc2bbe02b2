"""Changes of indexes and constraints: names that nobody chose, indexes that come by themselves, and what is dropped with what."""

from __future__ import annotations

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Dialect, ForeignKey, Implicit, Index, IndexKey, Table, TableKind
from backend_lint.sql import names
from backend_lint.sql.catalog_columns import find
from backend_lint.sql.catalog_state import State, in_schema, schema_of
from backend_lint.sql.opclasses import is_default
from backend_lint.sql.renaming import mentioned


def put_index(state: State, name: str, index: Index, only: bool = False) -> Index:
    """Adds an index to a table, under a name if it has none, and to the partitions of a partitioned table unless `only`."""
    table = state.tables[name]
    index = _spelled(index, table, state.dialect)
    if state.dialect is Dialect.POSTGRESQL:
        index = _plain(index, table)
    if not index.name and index.method != "rowid":
        index = replace(index, name=names.index_name(state.dialect, name.rpartition(".")[2], index, state.index_taken(name, index)))
    present = table.indexes
    if state.dialect is Dialect.MYSQL:
        present = tuple(one for one in present if one.implicit is not Implicit.FOREIGN_KEY or not _leads(index, tuple(key.column for key in one.keys)))
    table = state.store(replace(table, indexes=(*present, index)))
    if table.partitioned and not only:
        for child in tuple(state.children.get(name, ())):
            if child in state.tables and state.tables[child].kind is TableKind.PARTITION:
                put_partition_index(state, child, name, index)
    return index


def put_partition_index(state: State, child: str, parent: str, index: Index) -> None:
    """The index of a partitioned table on one of its partitions: one that is there already serves, else it is made."""
    theirs = in_schema(parent, index.name)
    for one in state.tables[child].indexes:
        if in_schema(child, one.name) not in state.attached and _shape(one) == _shape(index):
            state.attached[in_schema(child, one.name)] = theirs
            return
    made = put_index(state, child, replace(index, name=""))
    state.attached[in_schema(child, made.name)] = theirs


def _shape(index: Index) -> tuple[object, ...]:
    return index.keys, index.unique, index.where_text, index.include, index.method, index.implicit


def _spelled(index: Index, table: Table, dialect: Dialect) -> Index:
    """The index with its columns spelled as the table does, where letters of either case are the same."""
    if dialect is Dialect.POSTGRESQL or all(not key.column or table.column(key.column) is not None for key in index.keys):
        return index
    keys = tuple(replace(key, column=column.name) if key.column and (column := find(table, key.column, dialect)) else key for key in index.keys)
    return replace(index, keys=keys)


def _leads(index: Index, columns: tuple[str, ...]) -> bool:
    """Whether the index begins with these columns and holds whole values of all rows."""
    leading = index.keys[: len(columns)]
    return index.method == "btree" and tuple(key.column for key in leading) == columns and not any(key.length for key in leading)


def add_index(state: State, change: ddl.AddIndex) -> None:
    """CREATE INDEX, or a unique constraint."""
    table = state.table_of(change.table, change)
    if change.using:
        taken = next((one for one in table.indexes if one.name == change.using), None)
        if taken is None:
            state.doubt(change, table, f"its index {change.using} is made a constraint and was never created")
            return
        made = replace(taken, name=change.index.name or taken.name, constraint=True, unique=True, implicit=Implicit.UNIQUE, deferrable=change.index.deferrable)
        state.store(replace(table, indexes=tuple(made if one is taken else one for one in table.indexes)))
        return
    if change.index.name and _has(state, table, change.index.name):
        if not change.if_not_exists and not any(_shape(one) == _shape(change.index) for one in table.indexes if one.name == change.index.name):
            state.doubt(change, table, f"its index {change.index.name} is created twice")
        return
    put_index(state, table.name, change.index, change.only)


def _plain(index: Index, table: Table) -> Index:
    """The index without the operator classes that its keys have anyway."""
    if not any(key.opclass and key.column for key in index.keys):
        return index
    types = {column.name: column.type for column in table.columns}
    keys = (replace(key, opclass="") if is_default(key.opclass, index.method, types.get(key.column, "")) else key for key in index.keys)
    return replace(index, keys=tuple(keys))


def _has(state: State, table: Table, name: str) -> bool:
    if state.dialect in (Dialect.POSTGRESQL, Dialect.SQLITE):
        return in_schema(table.name, name) in state.homes
    return any(one.name.lower() == name.lower() for one in table.indexes)


def set_primary_key(state: State, change: ddl.SetPrimaryKey) -> None:
    """A new primary key in the place of the old one, or none."""
    table = state.table_of(change.table, change)
    taken = next((one for one in table.indexes if change.using and one.name == change.using), None)
    if change.using and taken is None:
        state.doubt(change, table, f"its index {change.using} is made the primary key and was never created")
        return
    columns = tuple(key.column for key in taken.keys) if taken is not None else change.columns
    columns = tuple(column.name if (column := find(table, name, state.dialect)) else name for name in columns)
    kept = tuple(one for one in table.indexes if one.implicit is not Implicit.PRIMARY_KEY and one is not taken)
    not_null = tuple(replace(column, nullable=False) if column.name in columns else column for column in table.columns)
    table = state.store(replace(table, primary_key=columns, columns=not_null, indexes=kept))
    if columns:
        index = change.index or primary_index(columns)
        if taken is not None:
            index = replace(taken, name=index.name or taken.name, unique=True, constraint=True, implicit=Implicit.PRIMARY_KEY)
        put_index(state, table.name, index)


def primary_index(columns: tuple[str, ...], name: str = "") -> Index:
    """The index of a primary key."""
    return Index(name, tuple(IndexKey(column) for column in columns), unique=True, implicit=Implicit.PRIMARY_KEY, constraint=True)


def drop_index(state: State, change: ddl.DropIndex) -> None:
    """DROP INDEX; without a name all on just these columns."""
    if not change.name:
        table = state.table_of(change.table, change)
        wanted = [find(table, name, state.dialect) for name in change.columns]
        columns = tuple(one.name if one is not None else name for one, name in zip(wanted, change.columns, strict=True))
        for index in table.indexes:
            if tuple(key.column for key in index.keys) == columns and change.unique in (None, index.unique) and index.implicit is not Implicit.PRIMARY_KEY:
                _without_index(state, state.tables[table.name], index)
        return
    found = _by_name(state, change.name, change.table)
    if found is not None:
        _without_index(state, *found)
    elif change.table and not change.if_exists:
        table = state.table_of(change.table, change)
        if table.name not in state.uncreated:
            state.doubt(change, table, f"its index {change.name} is dropped and was never created")
    elif not change.if_exists:
        state.miss(change, "there is no such index")


def _by_name(state: State, name: str, table: str) -> tuple[Table, Index] | None:
    """The table and the index of that name; `table` is empty if it is not known."""
    owner = state.find(table) if table else None
    if owner is None or state.dialect in (Dialect.POSTGRESQL, Dialect.SQLITE):
        bare = state.bare(name)
        home = state.homes.get(bare) or (state.homes.get(schema_of(owner.name) + bare) if owner is not None else None)
        owner = state.tables.get(home) if home else owner
        name = bare.rpartition(".")[2] if home else name
    if owner is None:
        return None
    lowered = name.lower()
    exact = next((one for one in owner.indexes if one.name == name), None)
    folded = exact or (None if state.dialect is Dialect.POSTGRESQL else next((one for one in owner.indexes if one.name.lower() == lowered), None))
    return (owner, folded) if folded is not None else None


def _without_index(state: State, table: Table, index: Index) -> None:
    name = in_schema(table.name, index.name)
    primary = index.implicit is Implicit.PRIMARY_KEY
    kept = tuple(one for one in table.indexes if one is not index)
    state.store(replace(table, indexes=kept, primary_key=() if primary else table.primary_key))
    if index.constraint and index.unique and state.dialect is Dialect.POSTGRESQL:
        _drop_references(state, table, tuple(key.column for key in index.keys), () if primary else kept)
    if table.partitioned:
        for child, parent in tuple(state.attached.items()):
            home = state.homes.get(child)
            if parent == name and home is not None:
                heir = state.tables[home]
                bare = child.rpartition(".")[2]
                for one in heir.indexes:
                    if one.name == bare:
                        _without_index(state, heir, one)


def _drop_references(state: State, table: Table, columns: tuple[str, ...], kept: tuple[Index, ...]) -> None:
    """Foreign keys of others need what they refer to to be unique; they go with the last index that says so."""
    if any(index.unique and not index.where_text and {key.column for key in index.keys} == set(columns) for index in kept):
        return
    for referrer in tuple(state.referrers.get(table.name, ())):
        other = state.tables.get(referrer)
        if other is not None:
            keys = tuple(key for key in other.foreign_keys if key.table != table.name or set(key.to_columns or table.primary_key) != set(columns))
            if len(keys) != len(other.foreign_keys):
                state.store(replace(other, foreign_keys=keys))


def rename_index(state: State, change: ddl.RenameIndex) -> None:
    """Another name for an index or a constraint."""
    new = change.new.rpartition(".")[2]
    found = _by_name(state, change.old, change.table)
    if found is not None:
        table, index = found
        renamed = replace(index, name=new)
        key, parent = in_schema(table.name, index.name), None
        parent = state.attached.pop(key, None)
        for child, theirs in state.attached.items():
            if theirs == key:
                state.attached[child] = in_schema(table.name, new)
        state.store(replace(table, indexes=tuple(renamed if one is index else one for one in table.indexes)))
        if parent is not None:
            state.attached[in_schema(table.name, new)] = parent
        return
    owner = state.find(change.table) if change.table else None
    if owner is None:
        if not change.if_exists:
            state.miss(change, "there is no such index")
    elif any(key.name == change.old for key in owner.foreign_keys):
        state.store(replace(owner, foreign_keys=tuple(replace(key, name=new) if key.name == change.old else key for key in owner.foreign_keys)))
    elif change.old in state.checks.get(owner.name, ()):
        state.store_checks(owner, [(new if name == change.old else name, text) for name, text in state.named_checks(owner)])
    elif owner.name not in state.uncreated and not change.old.endswith("_not_null"):
        state.doubt(change, owner, f"its index {change.old} is renamed and was never created")


def add_foreign_key(state: State, change: ddl.AddForeignKey) -> None:
    """A reference, in MySQL with the index that it brings."""
    table = state.table_of(change.table, change)
    target = state.find(change.foreign_key.table)
    key = replace(change.foreign_key, table=target.name if target is not None else state.bare(change.foreign_key.table))
    if not key.to_columns and target is not None:
        key = replace(key, to_columns=target.primary_key)
    if not key.name:
        key = replace(key, name=names.foreign_key_name(state.dialect, table.name.rpartition(".")[2], key, state.constraint_taken(table.name)))
    table = state.store(replace(table, foreign_keys=(*table.foreign_keys, key)))
    index_foreign_key(state, table.name, change.foreign_key if not change.foreign_key.name else key)
    if table.partitioned:
        for child in tuple(state.children.get(table.name, ())):
            if child in state.tables:
                state.store(replace(state.tables[child], foreign_keys=(*state.tables[child].foreign_keys, key)))


def index_foreign_key(state: State, name: str, key: ForeignKey) -> None:
    """MySQL indexes the columns of a reference unless an index begins with them. `key.name` is empty if nobody chose one."""
    if state.dialect is not Dialect.MYSQL or not key.enforced:
        return
    table = state.tables[name]
    columns = tuple(column.name if (column := find(table, one, state.dialect)) else one for one in key.columns)
    if not any(_leads(index, columns) for index in table.indexes):
        put_index(state, name, Index(key.name, tuple(IndexKey(column) for column in columns), implicit=Implicit.FOREIGN_KEY))


def drop_constraint(state: State, change: ddl.DropConstraint) -> None:
    """A constraint goes, whatever its kind, with its index."""
    table = state.table_of(change.table, change)
    name = change.name
    if name:
        same = str.__eq__ if state.dialect is Dialect.POSTGRESQL else _same_letters
        keys = tuple(key for key in table.foreign_keys if not same(key.name, name))
        checks = [(check, text) for check, text in state.named_checks(table) if not same(check, name)]
        index = next((one for one in table.indexes if same(one.name, name) and (one.constraint or one.unique)), None)
    else:
        keys = tuple(key for key in table.foreign_keys if key.columns != change.columns)
        checks, index = list(state.named_checks(table)), None
    if len(keys) != len(table.foreign_keys):
        state.store(replace(table, foreign_keys=keys))
    elif len(checks) != len(table.checks):
        for heir in state.heirs(table.name):
            one = state.tables[heir]
            state.store_checks(one, [(check, text) for check, text in state.named_checks(one) if check != name])
    elif index is not None:
        _without_index(state, table, index)
    elif name.endswith("_not_null") and name.startswith(f"{table.name}_"):
        column = name[len(table.name) + 1 : -9]
        columns = tuple(replace(one, nullable=True) if one.name == column else one for one in table.columns)
        state.store(replace(table, columns=columns))
    elif not change.if_exists and table.name not in state.uncreated:
        state.doubt(change, table, f"its constraint {name or 'on ' + ', '.join(change.columns)} is dropped and was never created")


def _same_letters(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def add_check(state: State, change: ddl.AddCheck) -> None:
    """A check, in the heirs as well."""
    table = state.table_of(change.table, change)
    name = change.name
    if not name:
        columns = mentioned(change.text, {column.name for column in table.columns})
        name = names.check_name(state.dialect, table.name.rpartition(".")[2], columns, state.constraint_taken(table.name))
    for heir in state.heirs(table.name):
        one = state.tables[heir]
        state.store_checks(one, [*state.named_checks(one), (name, change.text)])
