"""What Django's schema editor does to a database. Source: ``BaseDatabaseSchemaEditor`` and the editors of PostgreSQL and MySQL.

Names are computed when a statement runs: indexes and foreign keys wait until the end of a migration, and follow tables and columns that are renamed meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.query import Predicate
from backend_lint.facts.schema import Column, Dialect, ForeignKey, Implicit, Index, IndexKey, Table
from backend_lint.project.schema.django_conditions import Conditions, is_opaque
from backend_lint.project.schema.django_names import index_name, longest, model_index_name, truncated
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_state import DjangoField, DjangoIndex, ModelState
from backend_lint.project.schema.django_types import is_positive
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.conditions import predicate_text
from backend_lint.sql.names import clip

if TYPE_CHECKING:
    from backend_lint.project.schema.history import Recorder

_SUFFIXES = {"gin": "gin", "gist": "gist", "spgist": "spgist", "brin": "brin", "hash": "hash", "bloom": "bloom"}


class Waiting(NamedTuple):
    """A statement that waits. The name is computed from tables and columns when it runs unless `name` says it."""

    kind: str
    table: str
    columns: tuple[str, ...]
    suffix: str = ""
    name: str = ""
    to_table: str = ""
    to_columns: tuple[str, ...] = ()
    made: Index | None = None
    foreign_key: ForeignKey | None = None
    origin: Any = None
    inline: bool = False


class Editor:
    """Applies what happens to models to a catalog."""

    def __init__(self, catalog: Catalog, source: str = "django") -> None:
        self.catalog = catalog
        self.dialect = catalog.dialect
        self.source = source
        self.waiting: list[Waiting] = []
        self.recorder: Recorder | None = None

    def apply(self, *changes: ddl.Change) -> None:
        for change in changes:
            if self.recorder is not None:
                self.recorder.record(change)
            self.catalog.apply(change)

    # -- waiting statements ------------------------------------------------------------------------

    def flush(self) -> None:
        """The end of a migration: what waits is done."""
        for one in self.waiting:
            if self.recorder is not None and one.origin is not None:
                self.recorder.origin = one.origin
            self._run(one)
        self.waiting = []

    def credit(self) -> None:
        """What waits since the last operation is that operation's."""
        if self.recorder is None:
            return
        at = len(self.waiting)
        while at and self.waiting[at - 1].origin is None:
            at -= 1
            self.waiting[at] = self.waiting[at]._replace(origin=self.recorder.origin)

    def _run(self, one: Waiting) -> None:
        name = one.name
        if one.kind == "foreign key" and one.foreign_key is not None:
            name = name or self.key_name(one.table, one.columns[0], one.to_table, one.to_columns[0], one.suffix)
            key = ForeignKey(
                name, one.columns, one.to_table, one.to_columns, "no action", one.foreign_key.orm_on_delete, True, one.foreign_key.path, one.foreign_key.line
            )
            self.apply(ddl.AddForeignKey(one.table, key, inline=one.inline))
            return
        if one.made is not None:
            name = name or index_name(one.table, one.columns, one.suffix, self.dialect)
            name = clip(name) if self.dialect is Dialect.POSTGRESQL else name
            self.apply(ddl.AddIndex(one.table, _named(one.made, name)))

    def key_name(self, table: str, column: str, to_table: str, to_column: str, suffix: str) -> str:
        """The name of a foreign key."""
        end = suffix % {"to_table": to_table.rpartition(".")[2], "to_column": to_column}
        return index_name(table, [column], end, self.dialect)

    def renamed_table(self, old: str, new: str) -> None:
        """What waits follows a renamed table."""
        self.waiting = [
            one._replace(table=new if one.table == old else one.table, to_table=new if one.to_table == old else one.to_table) for one in self.waiting
        ]

    def renamed_column(self, table: str, old: str, new: str) -> None:
        """What waits follows a renamed column."""

        def renamed(columns: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if column == old else column for column in columns)

        changed = []
        for one in self.waiting:
            if one.table == table and old in one.columns:
                index = one.made
                if index is not None:
                    keys = tuple(key if key.column != old else _with_column(key, new) for key in index.keys)
                    index = _replace(index, keys=keys, include=renamed(index.include))
                one = one._replace(columns=renamed(one.columns), made=index)
            if one.to_table == table:
                one = one._replace(to_columns=renamed(one.to_columns))
            changed.append(one)
        self.waiting = changed

    def forget(self, table: str, column: str = "") -> None:
        """What waits for a dropped table or column is not done."""
        if column:
            self.waiting = [
                one for one in self.waiting if not (one.table == table and column in one.columns) and not (one.to_table == table and column in one.to_columns)
            ]
        else:
            self.waiting = [one for one in self.waiting if table not in (one.table, one.to_table)]

    # -- columns -----------------------------------------------------------------------------------

    def column(self, registry: Registry, model: ModelState, field: DjangoField) -> Column:
        """The column of a field."""
        auto = field.internal.endswith("AutoField")
        return Column(
            field.column_name,
            registry.type(model, field),
            False if field.primary_key else field.null,
            field.default,
            auto,
            field.closed,
            field.generated,
            field.collation,
            field.path,
            field.line,
        )

    def unique_index(self, field: DjangoField) -> Index:
        """The constraint of ``unique=True`` written with the column; the database names it."""
        return Index("", (IndexKey(field.column_name),), True, implicit=Implicit.UNIQUE, constraint=True, path=field.path, line=field.line)

    def is_indexed(self, field: DjangoField) -> bool:
        """Whether the editor makes an index for a field."""
        if not field.index or field.unique or field.primary_key or field.is_many:
            return False
        return not (self.dialect is Dialect.MYSQL and field.is_key and field.constraint)

    def field_indexes(self, registry: Registry, model: ModelState, field: DjangoField) -> Iterator[Waiting]:
        """The indexes of a field: its own, and for patterns on PostgreSQL."""
        table = registry.table(model)
        implicit = Implicit.FOREIGN_KEY if field.is_key else Implicit.NO
        if self.is_indexed(field):
            method = "gin" if field.internal == "" and field.kind == "SearchVectorField" else "btree"
            index = Index("", (IndexKey(field.column_name),), implicit=implicit, method=method, path=field.path, line=field.line)
            yield Waiting("index", table, (field.column_name,), made=index)
        if field.spatial_index and self.dialect is Dialect.POSTGRESQL:
            index = Index("", (IndexKey(field.column_name),), method="gist", path=field.path, line=field.line)
            yield Waiting("index", table, (field.column_name,), "_id", made=index)
        like = self.like_index(registry, model, field)
        if like is not None:
            yield like

    def like_index(self, registry: Registry, model: ModelState, field: DjangoField) -> Waiting | None:
        """The index for LIKE that PostgreSQL's editor adds to indexed and unique texts."""
        if self.dialect is not Dialect.POSTGRESQL or not (field.index or field.unique or field.primary_key) or field.is_many:
            return None
        type_ = registry.type(model, field)
        if "[" in type_ or not type_.startswith(("varchar", "text")):
            return None
        opclass = "varchar_pattern_ops" if type_.startswith("varchar") else "text_pattern_ops"
        implicit = Implicit.FOREIGN_KEY if field.is_key else Implicit.UNIQUE if field.unique or field.primary_key else Implicit.NO
        index = Index("", (IndexKey(field.column_name, opclass=opclass),), implicit=implicit, path=field.path, line=field.line)
        return Waiting("index", registry.table(model), (field.column_name,), "_like", made=index)

    def foreign_key(self, registry: Registry, model: ModelState, field: DjangoField) -> Waiting | None:
        """The constraint of a key; None without one."""
        if not field.is_key:
            return None
        target = registry.reference(model, field)
        if not target.table or not target.column:
            return None
        key = ForeignKey("", (field.column_name,), target.table, (target.column,), "no action", field.on_delete, field.constraint, field.path, field.line)
        table = registry.table(model)
        return Waiting("foreign key", table, key.columns, "_fk_%(to_table)s_%(to_column)s", to_table=target.table, to_columns=key.to_columns, foreign_key=key)

    # -- indexes and constraints -------------------------------------------------------------------

    def conditions(self, registry: Registry, model: ModelState) -> Conditions:
        """Reads conditions over the columns of a model's table."""

        def column(name: str) -> tuple[str, str, bool | None] | None:
            found = registry.owner(model, name)
            if found is None or found[0] is not model or found[1].is_many:
                return None
            return found[1].column_name, registry.type(model, found[1]), found[1].null

        return Conditions(column)

    def together(self, registry: Registry, model: ModelState, names: tuple[str, ...], unique: bool) -> Waiting | None:
        """An entry of ``unique_together`` or ``index_together``; None if a field is not known."""
        columns = tuple(registry.column(model, name) for name in names)
        if not columns or not all(columns):
            return None
        implicit = Implicit.UNIQUE if unique else Implicit.NO
        keys = tuple(IndexKey(column) for column in columns)
        index = Index("", keys, unique, implicit=implicit, constraint=unique, path=model.path, line=model.line)
        return Waiting("index", registry.table(model), columns, "_uniq" if unique else "_idx", made=index)

    def index(self, registry: Registry, model: ModelState, entry: DjangoIndex) -> Index | None:
        """The index of an entry of ``indexes`` or ``constraints``; None if this database gets none (checks, what it does not support)."""
        if entry.kind == "check" or (entry.kind == "exclusion" and self.dialect is not Dialect.POSTGRESQL):
            return None
        reader = self.conditions(registry, model)
        keys, usable = self._keys(registry, model, entry, reader)
        where: Predicate | None = None
        partial = self.dialect in (Dialect.POSTGRESQL, Dialect.SQLITE, Dialect.MSSQL)
        if entry.condition is not None:
            if not partial and entry.kind == "unique":
                return None
            if partial:
                where = reader.predicate(entry.condition)
                usable = usable and not is_opaque(where)
        includes = self.dialect is Dialect.POSTGRESQL
        include = tuple(registry.column(model, name) for name in entry.include) if includes else ()
        plain = not (entry.condition is not None or entry.include or entry.opclasses or entry.expressions)
        constraint = entry.kind == "exclusion" or (entry.kind == "unique" and plain)
        implicit = Implicit.EXCLUSION if entry.kind == "exclusion" else Implicit.UNIQUE if constraint else Implicit.NO
        method = entry.method if self.dialect is Dialect.POSTGRESQL else "btree"
        return Index(
            self.entry_name(registry, model, entry), keys, entry.kind == "unique", where, predicate_text(where), include, method, implicit, constraint,
            entry.deferrable, entry.nulls_distinct, usable and not entry.unknown, entry.path, entry.line,
        )  # fmt: skip

    def _keys(self, registry: Registry, model: ModelState, entry: DjangoIndex, reader: Conditions) -> tuple[tuple[IndexKey, ...], bool]:
        keys = []
        usable = True
        for position, name in enumerate(entry.fields):
            column = registry.column(model, name.lstrip("-"))
            usable = usable and bool(column)
            opclass = entry.opclasses[position] if position < len(entry.opclasses) else ""
            keys.append(IndexKey(column, descending=name.startswith("-"), opclass=opclass if self.dialect is Dialect.POSTGRESQL else ""))
        for value in entry.expressions:
            item = value[0] if entry.kind == "exclusion" and isinstance(value, list) and value else value
            found = reader.key(item)
            if found is None:
                usable = False
                keys.append(IndexKey("", "?"))
                continue
            inner = found.expression
            expression = "" if inner.column else inner.text
            keys.append(IndexKey(inner.column, expression, found.descending, found.nulls_first, found.opclass, found.collation))
        return tuple(keys), usable

    def entry_name(self, registry: Registry, model: ModelState, entry: DjangoIndex) -> str:
        """The name of an entry; one of ``indexes`` without a name gets Django's."""
        if entry.name or not entry.fields:
            return clip(entry.name) if self.dialect is Dialect.POSTGRESQL else entry.name
        columns = [(registry.column(model, name.lstrip("-")), name.startswith("-")) for name in entry.fields]
        return model_index_name(registry.table(model), columns, _SUFFIXES.get(entry.method, "idx")) if all(column for column, _ in columns) else ""

    def add_entry(self, registry: Registry, model: ModelState, entry: DjangoIndex) -> None:
        """``AddIndex`` and ``AddConstraint``."""
        table = registry.table(model)
        if entry.kind == "check":
            condition = self.conditions(registry, model).predicate(entry.condition)
            self.apply(ddl.AddCheck(table, "?" if is_opaque(condition) else predicate_text(condition), entry.name))
            return
        index = self.index(registry, model, entry)
        if index is not None:
            self.apply(ddl.AddIndex(table, index))

    # -- tables ------------------------------------------------------------------------------------

    def create_model(self, registry: Registry, model: ModelState) -> None:
        """``CreateModel``: the table, its checks; indexes, keys and constraints wait. Tables of ManyToManyFields are made too."""
        table = registry.table(model)
        columns = [self.column(registry, model, field) for field in model.fields.values() if not is_virtual(field)]
        for names in model.options.unique_together:
            if (waiting := self.together(registry, model, names, True)) is not None:
                self.waiting.append(waiting)
        keys = tuple(field.column_name for field in model.fields.values() if field.primary_key)
        uniques = tuple(
            self.unique_index(field)
            for field in model.fields.values()
            if field.unique and not field.primary_key and not field.is_many and not is_virtual(field)
        )
        created = Table(
            table, tuple(columns), keys[:1], uniques, managed=model.options.managed, source=self.source, model=model.key, unknown=model.unknown,
            path=model.path, line=model.line,
        )  # fmt: skip
        self.apply(ddl.CreateTable(created))
        for field in model.fields.values():
            if is_positive(field):
                self.apply(ddl.AddCheck(table, f"{field.column_name} >= 0"))
        for entry in model.options.constraints:
            if entry.kind == "check" or (entry.kind == "unique" and not entry.expressions and entry.condition is None):
                self.add_entry(registry, model, entry)
            elif (index := self.index(registry, model, entry)) is not None:
                self.waiting.append(Waiting("index", table, (), name=index.name, made=index))
        for field in model.fields.values():
            key = self.foreign_key(registry, model, field)
            if key is not None and field.constraint:
                self.waiting.append(key)
        for field in model.fields.values():
            if not is_virtual(field):
                self.waiting += self.field_indexes(registry, model, field)
        for names in model.options.index_together:
            if (waiting := self.together(registry, model, names, False)) is not None:
                self.waiting.append(waiting)
        for entry in model.options.indexes:
            index = self.index(registry, model, entry)
            if index is not None:
                self.waiting.append(Waiting("index", table, (), name=index.name, made=index))
        for field in model.fields.values():
            if field.is_many and not field.through:
                self.create_through(registry, model, field)

    def create_through(self, registry: Registry, model: ModelState, field: DjangoField) -> None:
        """The table that a ManyToManyField makes."""
        through = registry.through(model, field)
        if through is None:
            return
        self.create_model(registry, self.through_model(registry, model, field))

    @staticmethod
    def through_model(registry: Registry, model: ModelState, field: DjangoField) -> ModelState:
        """The model of the table that a ManyToManyField makes."""
        from backend_lint.project.schema.django_state import Options

        through = registry.through(model, field)
        assert through is not None
        names = (through.source.removesuffix("_id"), through.target.removesuffix("_id"))
        target = registry.label(model, field.to)
        kind = registry.auto_fields.get(model.app, registry.auto_field)
        fields = {
            "id": DjangoField(name="id", kind=kind, internal=kind, primary_key=True, path=field.path, line=field.line),
        }
        for name, label in zip(names, (model.label, target), strict=True):
            fields[name] = DjangoField(
                name=name, kind="ForeignKey", internal="ForeignKey", index=True, to=label, on_delete="cascade", constraint=field.constraint,
                path=field.path, line=field.line,
            )  # fmt: skip
        options = Options(db_table=through.table, unique_together=(names,), managed=model.options.managed)
        return ModelState(app=model.app, name=f"{model.name}_{field.name}", fields=fields, options=options, path=field.path, line=field.line)


def is_virtual(field: DjangoField) -> bool:
    """It is no column of the table."""
    return field.is_many or field.is_virtual


def _replace(index: Index, **changes: object) -> Index:
    from msgspec.structs import replace

    return replace(index, **changes)


def _named(index: Index, name: str) -> Index:
    return index if index.name == name else _replace(index, name=name)


def _with_column(key: IndexKey, column: str) -> IndexKey:
    from msgspec.structs import replace

    return replace(key, column=column)


__all__ = ["Editor", "Waiting", "longest", "truncated"]
