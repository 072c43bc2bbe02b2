"""Changes of whole tables: creation with all that is copied from parents and patterns, dropping, renaming, partitions."""

from __future__ import annotations

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, ForeignKey, Implicit, Index, Table, TableKind
from backend_lint.sql import names
from backend_lint.sql.catalog_columns import find
from backend_lint.sql.catalog_indexes import add_check, index_foreign_key, primary_index, put_index, put_partition_index
from backend_lint.sql.catalog_state import DEFAULT_SCHEMAS, State


def create_type(state: State, change: ddl.CreateType) -> None:
    """A type that columns may have."""
    state.types[state.bare(change.name)] = change


def rename_type(state: State, change: ddl.RenameType) -> None:
    """Another name for a type; columns follow."""
    old, new = state.bare(change.old), state.bare(change.new)
    known = state.types.pop(old, None)
    if known is not None:
        state.types[new] = replace(known, name=new)
    for table in tuple(state.tables.values()):
        if any(column.type.removesuffix("[]") == old for column in table.columns):
            columns = tuple(
                replace(column, type=new + column.type[len(old) :]) if column.type.removesuffix("[]") == old else column for column in table.columns
            )
            state.store(replace(table, columns=columns))


def create_table(state: State, change: ddl.CreateTable) -> None:
    """A new table with its columns, keys and indexes, and those of its parents."""
    table = change.table
    name = state.bare(table.name)
    existing = state.find(name)
    uncreated = existing is not None and existing.name in state.uncreated
    if existing is not None and not uncreated:
        if not change.if_not_exists and _declaration(existing) != _declaration(table):
            state.doubt(change, existing, "it is created twice, differently")
        return
    if existing is not None:
        state.remove(existing.name)
    like = state.find(change.like) if change.like else None
    parents = [parent for one in table.parents if (parent := state.find(one)) is not None]
    unknown = table.unknown
    if (change.like and like is None) or len(parents) != len(table.parents):
        unknown = (*unknown, f"it takes after {change.like or ', '.join(table.parents)}, which is not known")
    if uncreated:
        unknown = (*unknown, "it is changed before it is created")
    bare = replace(
        table,
        name=name,
        columns=_columns(state, table, like if like is None or change.like_defaults else _without_defaults(like), parents),
        primary_key=(),
        indexes=(),
        foreign_keys=(),
        checks=(),
        unknown=unknown,
        parents=tuple(parent.name for parent in parents),
    )
    state.store(bare)
    state.checks[name] = ()
    for parent in parents:
        _inherit(state, name, parent)
    _keys(state, name, table)
    for number, text in enumerate(table.checks):
        add_check(state, ddl.AddCheck(name, text, change.check_names[number] if number < len(change.check_names) else ""))
    if like is not None:
        _copy(state, name, like, change)
    _references(state, name, table)


def _declaration(table: Table) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in table.columns]


def _columns(state: State, table: Table, like: Table | None, parents: list[Table]) -> tuple[Column, ...]:
    """The columns of parents, of the pattern, and the table's own, each name once; what is declared again is merged."""
    columns: dict[str, Column] = {}
    for source in (*parents, *([like] if like is not None else [])):
        for column in source.columns:
            columns.setdefault(column.name, column)
    for column in table.columns:
        column = state.typed(column)
        inherited = columns.get(column.name)
        if inherited is not None:
            nullable = False if inherited.nullable is False or column.nullable is False else column.nullable
            column = replace(inherited, nullable=nullable, default=inherited.default if column.default is None else column.default)
        columns[column.name] = column
    return tuple(columns.values())


def _without_defaults(table: Table) -> Table:
    columns = (column if column.generated else replace(column, default=None, auto=False) for column in table.columns)
    return replace(table, columns=tuple(replace(column, generated=False, default=None) for column in columns))


def _inherit(state: State, name: str, parent: Table) -> None:
    """Checks of the parent, and for a partition its indexes, primary key and references."""
    table = state.tables[name]
    table = state.store_checks(table, [*state.named_checks(table), *state.named_checks(parent)])
    if table.kind is TableKind.PARTITION:
        state.store(replace(table, primary_key=parent.primary_key, foreign_keys=parent.foreign_keys))
        for index in parent.indexes:
            put_partition_index(state, name, parent.name, index)


def _copy(state: State, name: str, like: Table, change: ddl.CreateTable) -> None:
    """Indexes and checks of a pattern, under names of their own where the database chooses them."""
    table = state.tables[name]
    if change.like_checks:
        table = state.store_checks(table, [*state.named_checks(table), *state.named_checks(like)])
    if not change.like_indexes:
        return
    if like.primary_key and not table.primary_key:
        not_null = tuple(replace(column, nullable=False) if column.name in like.primary_key else column for column in table.columns)
        state.store(replace(table, primary_key=like.primary_key, columns=not_null))
    for index in like.indexes:
        if index.implicit is not Implicit.FOREIGN_KEY or state.dialect is Dialect.MYSQL:
            put_index(state, name, index if state.dialect is Dialect.MYSQL else replace(index, name=""))


def _keys(state: State, name: str, declared: Table) -> None:
    """Primary key, unique constraints and indexes, in the order in which the database makes them."""
    table = state.tables[name]
    own = [index for index in declared.indexes if index.implicit is not Implicit.FOREIGN_KEY]
    primary = next((index for index in own if index.implicit is Implicit.PRIMARY_KEY), None)
    key = tuple(column.name if (column := find(table, one, state.dialect)) else one for one in declared.primary_key)
    if key:
        # SQLite allows nulls in a primary key unless it is the rowid or the table has none
        strict = state.dialect is not Dialect.SQLITE or declared.primary_key == _rowid(declared)
        columns = tuple(replace(one, nullable=False) if one.name in key and strict else one for one in table.columns)
        state.store(replace(table, primary_key=key, columns=columns))
        if primary is None:
            primary = primary_index(key)
            own.insert(0, primary)
        if state.dialect is Dialect.SQLITE and key == _rowid(declared):
            own = [replace(index, method="rowid", name="") if index is primary else index for index in own]
        elif state.dialect is Dialect.POSTGRESQL:
            own.sort(key=lambda index: index is not primary)
    for index in _without_twins(own) if state.dialect in (Dialect.POSTGRESQL, Dialect.SQLITE) else own:
        put_index(state, name, index)


def _rowid(table: Table) -> tuple[str, ...]:
    """SQLite: the column that is the rowid itself, if there is one."""
    if len(table.primary_key) != 1:
        return ()
    column = next((one for one in table.columns if one.name.lower() == table.primary_key[0].lower()), None)
    return table.primary_key if column is not None and column.auto else ()


def _without_twins(declared: list[Index]) -> list[Index]:
    """Of constraints that say the same in one CREATE TABLE the database makes one index, under the first name that was given."""

    def said(index: Index) -> tuple[object, ...]:
        return index.constraint, index.unique, index.keys, index.include, index.deferrable, index.nulls_distinct, index.method

    kept: list[Index] = []
    for index in declared:
        same = next((at for at, one in enumerate(kept) if index.constraint and said(one) == said(index)), None)
        if same is None:
            kept.append(index)
        elif not kept[same].name and index.name:
            kept[same] = replace(kept[same], name=index.name)
    return kept


def _references(state: State, name: str, declared: Table) -> None:
    given: list[ForeignKey] = []
    for key in declared.foreign_keys:
        table = state.tables[name]
        target = state.find(key.table)
        columns = tuple(column.name if (column := find(table, one, state.dialect)) else one for one in key.columns)
        made = replace(key, columns=columns, table=target.name if target is not None else state.bare(key.table))
        if not made.to_columns and target is not None:
            made = replace(made, to_columns=target.primary_key)
        given.append(made)
        if not made.name:
            made = replace(made, name=names.foreign_key_name(state.dialect, name.rpartition(".")[2], made, state.constraint_taken(name)))
        state.store(replace(table, foreign_keys=(*table.foreign_keys, made)))
    for key in given:
        index_foreign_key(state, name, key)


def drop_table(state: State, change: ddl.DropTable) -> None:
    """A table goes, with its partitions and, in PostgreSQL, the references to it."""
    if change.name.endswith(".*"):
        for name in [name for name in state.tables if in_schema_of(state, name, change.name[:-2])]:
            drop_table(state, ddl.DropTable(name, if_exists=True))
        return
    table = state.find(change.name)
    if table is None:
        if not change.if_exists:
            state.miss(change, "there is no such table")
        return
    heirs = state.children.pop(table.name, [])
    state.remove(table.name)
    state.dropped.add(table.name)
    for child in heirs:
        if child in state.tables:
            drop_table(state, ddl.DropTable(child))
    if state.dialect in (Dialect.SQLITE, Dialect.MYSQL):
        return  # whoever refers to the name still does when a table of that name comes again
    for referrer in state.referrers.pop(table.name, ()):
        other = state.tables.get(referrer)
        if other is not None:
            state.store(replace(other, foreign_keys=tuple(key for key in other.foreign_keys if key.table != table.name)))


def in_schema_of(state: State, name: str, schema: str) -> bool:
    """Whether a table lies in that schema."""
    return name.rpartition(".")[0] == ("" if schema == DEFAULT_SCHEMAS.get(state.dialect) else schema)


def rename_table(state: State, change: ddl.RenameTable) -> None:
    """Another name or schema for a table; references, partitions and heirs follow."""
    new = state.bare(change.new)
    table = state.find(change.old)
    there = state.find(new)
    if table is None:
        if there is None or there.name in state.uncreated:
            state.uncreated.add(new)
        state.doubt(change, there or Table(new, ()), f"{change.old}, which was never created, is renamed to it")
        return
    if there is not None and there is not table:
        state.doubt(change, there, f"{change.old} is renamed to it while it exists")
        state.remove(table.name)
        return
    old, checks, uncreated = table.name, tuple(state.named_checks(table)), table.name in state.uncreated
    heirs = state.children.pop(old, [])
    attached = {index.name: parent for index in table.indexes if (parent := state.attached.get(_full(old, index.name)))}
    state.remove(old)
    state.store_checks(state.store(_moved(table, new, state.dialect)), checks)
    state.attached.update({_full(new, index): parent for index, parent in attached.items()})
    if uncreated:
        state.uncreated.add(new)
    for child in heirs:
        state.children.setdefault(new, []).append(child)
        heir = state.tables[child]
        state.tables[child] = replace(heir, parents=tuple(new if parent == old else parent for parent in heir.parents))
    for referrer in state.referrers.pop(old, ()):
        other = state.tables.get(new if referrer == old else referrer)
        if other is not None:
            state.store(replace(other, foreign_keys=tuple(replace(key, table=new) if key.table == old else key for key in other.foreign_keys)))


def _full(table: str, index: str) -> str:
    return f"{table[: table.rfind('.') + 1]}{index}"


def _moved(table: Table, new: str, dialect: Dialect) -> Table:
    """The table under its new name, with the names that the database makes of it."""
    old, bare = table.name, new.rpartition(".")[2]
    indexes, keys = table.indexes, table.foreign_keys
    if dialect is Dialect.SQLITE:
        prefix = f"sqlite_autoindex_{old}_"
        indexes = tuple(replace(one, name=f"sqlite_autoindex_{bare}_{one.name[len(prefix) :]}") if one.name.startswith(prefix) else one for one in indexes)
    if dialect is Dialect.MYSQL:
        prefix = f"{old}_ibfk_"
        keys = tuple(replace(one, name=f"{bare}_ibfk_{one.name[len(prefix) :]}") if one.name.startswith(prefix) else one for one in keys)
    return replace(table, name=new, indexes=indexes, foreign_keys=keys)


def attach(state: State, change: ddl.Attach) -> None:
    """A table becomes a partition or an heir of another, or stands alone again."""
    table, parent = state.table_of(change.table, change), state.table_of(change.parent, change)
    heirs = state.children.setdefault(parent.name, [])
    if change.detach:
        if table.name in heirs:
            heirs.remove(table.name)
        for index in table.indexes:
            state.attached.pop(_full(table.name, index.name), None)
        kind = TableKind.TABLE if table.kind is TableKind.PARTITION else table.kind
        state.store(replace(table, parents=tuple(one for one in table.parents if one != parent.name), kind=kind))
        return
    heirs.append(table.name)
    table = state.store(replace(table, parents=(*table.parents, parent.name), kind=TableKind.PARTITION if change.partition else table.kind))
    if not change.partition:
        return
    for index in parent.indexes:
        if index.implicit is Implicit.PRIMARY_KEY and not state.tables[table.name].primary_key:
            keyed = state.tables[table.name]
            not_null = tuple(replace(column, nullable=False) if column.name in parent.primary_key else column for column in keyed.columns)
            state.store(replace(keyed, primary_key=parent.primary_key, columns=not_null))
        put_partition_index(state, table.name, parent.name, index)
    table = state.tables[table.name]
    missing = tuple(key for key in parent.foreign_keys if not any((one.columns, one.table) == (key.columns, key.table) for one in table.foreign_keys))
    if missing:
        state.store(replace(table, foreign_keys=(*table.foreign_keys, *missing)))


SEEDS = 2
"""Constant rows that tell of a table filled by its authors; one alone may be the first administrator."""


def seed(state: State, change: ddl.Seed) -> None:
    """Constant rows: the table is filled by those who wrote the migration."""
    table = state.find(change.table)
    if table is None or table.seeded:
        return
    rows = state.seeds[table.name] = state.seeds.get(table.name, 0) + (change.rows if change.rows >= 0 else SEEDS)
    single = not table.primary_key and not table.foreign_keys and not any(index.unique for index in table.indexes)
    if rows >= SEEDS or single:  # a row that nothing tells from another stays alone: a mark, a version, a switch
        state.store(replace(table, seeded=True))


def forget(state: State, change: ddl.Forget) -> None:
    """Something happened that nobody understood."""
    if not change.table:
        state.everything_unknown = state.everything_unknown or change.why
        state.miss(change, change.why)
        return
    table = state.find(change.table)
    if table is None:
        state.forgotten.setdefault(state.bare(change.table), change.why)
        state.miss(change, change.why)
    else:
        state.doubt(change, table, change.why)
