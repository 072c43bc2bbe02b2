"""Changes of fields and tables as Django's schema editor makes them. Source: ``BaseDatabaseSchemaEditor._alter_field`` and PostgreSQL's."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ddl
from backend_lint.facts.schema import Dialect, Index
from backend_lint.project.schema.django_editor import Editor, is_virtual
from backend_lint.project.schema.django_model_states import ModelStates
from backend_lint.project.schema.django_names import index_name
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_state import USER, DjangoField, ModelState
from backend_lint.project.schema.django_types import is_positive

_TEXTS = ("varchar", "text", "citext")
_MAX_DEPTH = 10


class Alterer(Editor):
    """An editor that changes what is there. What is not known by name is looked up in the catalog, as Django looks it up in the database."""

    # -- looking up --------------------------------------------------------------------------------

    def indexes_on(self, table: str, columns: tuple[str, ...], unique: bool, excluded: frozenset[str] = frozenset()) -> list[Index]:
        """The indexes and unique constraints on just these columns, primary keys apart."""
        found = self.catalog.find(table)
        if found is None:
            return []
        return [
            index
            for index in found.indexes
            if index.unique == unique
            and tuple(key.column for key in index.keys) == columns
            and index.implicit.value != "primary key"
            and index.name not in excluded
        ]

    def drop_index(self, table: str, index: Index) -> None:
        """Drop an index or the constraint that it belongs to."""
        if index.constraint:
            self.apply(ddl.DropConstraint(table, index.name))
        else:
            self.apply(ddl.DropIndex(index.name, table))

    def drop_keys(self, table: str, column: str) -> bool:
        """Drop the foreign keys of a column; whether there were any."""
        found = self.catalog.find(table)
        keys = [key for key in found.foreign_keys if key.columns == (column,)] if found is not None else []
        for key in keys:
            self.apply(ddl.DropConstraint(table, key.name, key.columns))
        return bool(keys)

    def run(self, waiting: object) -> None:
        """Do at once what otherwise waits."""
        from backend_lint.project.schema.django_editor import Waiting

        if isinstance(waiting, Waiting):
            self._run(waiting)

    # -- tables ------------------------------------------------------------------------------------

    def rename_table(self, old: str, new: str) -> None:
        """``alter_db_table``."""
        if old != new and old and new:
            self.apply(ddl.RenameTable(old, new))
            self.renamed_table(old, new)

    def delete_model(self, registry: Registry, model: ModelState) -> None:
        """``DeleteModel``."""
        for field in model.fields.values():
            if field.is_many and not field.through and (through := registry.through(model, field)) is not None:
                self.apply(ddl.DropTable(through.table))
                self.forget(through.table)
        table = registry.table(model)
        self.apply(ddl.DropTable(table))
        self.forget(table)

    # -- fields ------------------------------------------------------------------------------------

    def add_field(self, registry: Registry, model: ModelState, field: DjangoField) -> None:
        """``AddField``: the column with its constraints; indexes wait."""
        if field.is_many:
            if not field.through:
                self.create_through(registry, model, field)
            return
        if is_virtual(field):
            return
        table = registry.table(model)
        self.apply(ddl.AddColumn(table, self.column(registry, model, field)))
        if field.primary_key:
            self.apply(ddl.SetPrimaryKey(table, (field.column_name,)))
        elif field.unique:
            self.apply(ddl.AddIndex(table, self.unique_index(field)))
        if is_positive(field):
            self.apply(ddl.AddCheck(table, f"{field.column_name} >= 0"))
        key = self.foreign_key(registry, model, field)
        if key is not None and field.constraint:
            self.run(key._replace(inline=self.dialect is Dialect.POSTGRESQL and not field.defaulted))
        self.waiting += self.field_indexes(registry, model, field)

    def remove_field(self, registry: Registry, model: ModelState, field: DjangoField) -> None:
        """``RemoveField``."""
        if field.is_many:
            through = registry.through(model, field) if not field.through else None
            if through is not None:
                self.apply(ddl.DropTable(through.table))
                self.forget(through.table)
            return
        if is_virtual(field):
            return
        table = registry.table(model)
        self.drop_keys(table, field.column_name)
        self.apply(ddl.DropColumn(table, field.column_name))
        self.forget(table, field.column_name)

    def alter_field(self, before: Registry, old_model: ModelState, old: DjangoField, after: Registry, new_model: ModelState, new: DjangoField) -> None:
        """``AlterField``, ``RenameField`` and what renamed models bring about. `before` and `after` know all models as they were and as they are."""
        if old.is_many and new.is_many:
            if not old.through and not new.through:
                self.alter_many_to_many(before, old_model, old, after, new_model, new)
            return
        if is_virtual(old) or is_virtual(new) or old.is_many or new.is_many:
            return
        if not self._changes(before, old_model, old, after, new_model, new):
            return
        table = after.table(new_model)
        old_type, new_type = before.type(old_model, old), after.type(new_model, new)
        keys_dropped = old.is_key and old.constraint and self.drop_keys(table, old.column_name)
        became_key = new.primary_key and not old.primary_key
        constraints = frozenset(one.name for one in old_model.options.constraints)
        entries = frozenset(self.entry_name(before, old_model, one) for one in old_model.options.indexes)
        if (old.unique or old.primary_key) and (not (new.unique or new.primary_key) or became_key):
            for index in self.indexes_on(table, (old.column_name,), True, constraints):
                self.drop_index(table, index)
        unique = (old.unique or old.primary_key, new.unique or new.primary_key)
        retyped = (old_type, old.collation) != (new_type, new.collation)
        drops = ((old.primary_key and new.primary_key) or all(unique)) and retyped
        related = list(self._related(before, old_model, old, after, new_model, new)) if drops or became_key else []
        for old_owner, old_key, _, _ in related if drops else ():
            self.drop_keys(before.table(old_owner), old_key.column_name)
        if old.index and not unique[0] and (not new.index or unique[1]):
            for index in self.indexes_on(table, (old.column_name,), False, entries):
                if index.method == "btree":
                    self.apply(ddl.DropIndex(index.name, table))
        checked = is_positive(old), is_positive(new)
        if checked[0] and not checked[1]:
            self._drop_check(table, old.column_name, constraints)
        if old.column_name != new.column_name:
            self.apply(ddl.RenameColumn(table, old.column_name, new.column_name))
            self.renamed_column(table, old.column_name, new.column_name)
        self._retype(table, old, old_type, new_type)
        self.apply(ddl.AlterColumn(table, new.column_name, column=self.column(after, new_model, new)))
        if old.primary_key and not new.primary_key:
            self.apply(ddl.SetPrimaryKey(table, ()))
        if not new.primary_key and new.unique and (not old.unique or old.primary_key):
            self._add_unique(table, new)
        if (not old.index or unique[0]) and new.index and not unique[1]:
            for waiting in self.field_indexes(after, new_model, new):
                if waiting.suffix == "":
                    self.run(waiting)
        if became_key:
            self.apply(ddl.SetPrimaryKey(table, (new.column_name,), self._key_index(table, new)))
        for _, _, owner, key in related:
            self.apply(ddl.AlterColumn(after.table(owner), key.column_name, type=after.type(owner, key)))
        if new.is_key and (keys_dropped or not old.is_key or not old.constraint) and new.constraint:
            self.run(self.foreign_key(after, new_model, new))
        for _, _, owner, key in related if drops else ():
            waiting_key = self.foreign_key(after, owner, key)
            if key.constraint and waiting_key is not None:
                self.run(waiting_key._replace(suffix="_fk"))
        if checked[1] and not checked[0]:
            self.apply(ddl.AddCheck(table, f"{new.column_name} >= 0", index_name(table, [new.column_name], "_check", self.dialect)))
        self._like(after, new_model, table, old, new, old_type, new_type)

    def _changes(self, before: Registry, old_model: ModelState, old: DjangoField, after: Registry, new_model: ModelState, new: DjangoField) -> bool:
        """Whether the database must know: Django compares columns and all arguments that matter there."""
        if old.column_name != new.column_name or old.kind != new.kind or old.signature != new.signature:
            return True
        if old.is_key and new.is_key:
            return before.reference(old_model, old)[1:4] != after.reference(new_model, new)[1:4]
        return (old.internal, old.null, old.unique, old.index, old.primary_key) != (new.internal, new.null, new.unique, new.index, new.primary_key)

    def _add_unique(self, table: str, field: DjangoField) -> None:
        from msgspec.structs import replace

        name = index_name(table, [field.column_name], "_uniq", self.dialect)
        self.apply(ddl.AddIndex(table, replace(self.unique_index(field), name=name)))

    def _key_index(self, table: str, field: DjangoField) -> Index:
        from backend_lint.facts.schema import Implicit, IndexKey

        name = index_name(table, [field.column_name], "_pk", self.dialect)
        return Index(name, (IndexKey(field.column_name),), True, implicit=Implicit.PRIMARY_KEY, constraint=True, path=field.path, line=field.line)

    def _drop_check(self, table: str, column: str, excluded: frozenset[str]) -> None:
        found = self.catalog.find(table)
        if found is None:
            return
        for text, name in list(self.catalog.named_checks(found)):
            if text == f"{column} >= 0" and name not in excluded:
                self.apply(ddl.DropConstraint(table, name))

    def _retype(self, table: str, old: DjangoField, old_type: str, new_type: str) -> None:
        """PostgreSQL's editor drops the index for LIKE of a text that becomes something else."""
        if self.dialect is Dialect.POSTGRESQL and _leaves_text(old, old_type, new_type):
            self.apply(ddl.DropIndex(index_name(table, [old.column_name], "_like", self.dialect), table, if_exists=True))

    def _like(self, after: Registry, model: ModelState, table: str, old: DjangoField, new: DjangoField, old_type: str, new_type: str) -> None:
        if self.dialect is not Dialect.POSTGRESQL:
            return
        old_unique, new_unique = old.unique or old.primary_key, new.unique or new.primary_key
        indexed = not (old.index or old_unique) and new.index
        if (indexed or (not old_unique and new_unique) or _leaves_text(old, old_type, new_type)) and (
            waiting := self.like_index(after, model, new)
        ) is not None:
            self.run(waiting)
        if old_unique and not (new.index or new_unique):
            self.apply(ddl.DropIndex(index_name(table, [old.column_name], "_like", self.dialect), table, if_exists=True))

    def _related(
        self, before: Registry, old_model: ModelState, old: DjangoField, after: Registry, new_model: ModelState, new: DjangoField, depth: int = 0
    ) -> Iterator[tuple[ModelState, DjangoField, ModelState, DjangoField]]:
        """Keys that lead to a column, before and after, and those that lead to such keys in turn."""
        if depth > _MAX_DEPTH:
            return
        for state in _referring(after, new_model):
            for owner, key in _keys(after, state):
                target = after.models.get(after.label(owner, key.to))
                if target is None or after.concrete(target) is not new_model or not _leads(key, new):
                    continue
                previous = before.models.get(state.label, state)
                earlier = previous.fields.get(key.name, key) if owner is state else key
                if not _leads(earlier, old):
                    continue
                yield (previous if owner is state else owner), earlier, owner, key
                if key.primary_key or key.unique:
                    yield from self._related(before, previous, earlier, after, owner, key, depth + 1)

    # -- tables between models ---------------------------------------------------------------------

    def alter_many_to_many(self, before: Registry, old_model: ModelState, old: DjangoField, after: Registry, new_model: ModelState, new: DjangoField) -> None:
        """A ManyToManyField whose model, target or name changed: its table and columns are renamed, its keys made anew."""
        if before.through(old_model, old) is None or after.through(new_model, new) is None:
            return
        one, other = self.through_model(before, old_model, old), self.through_model(after, new_model, new)
        self.rename_table(one.table, other.table)
        pairs = list(zip(list(one.fields.values())[1:], list(other.fields.values())[1:], strict=True))
        for earlier, later in reversed(pairs):
            self.alter_field(before, one, earlier, after, other, later)


def _leaves_text(old: DjangoField, old_type: str, new_type: str) -> bool:
    indexed = old.index or old.unique or old.primary_key
    return indexed and any(old_type.startswith(kind) and not new_type.startswith(kind) for kind in _TEXTS)


def _referring(registry: Registry, model: ModelState) -> list[ModelState]:
    """The models that may refer to a model, also by one of its proxies."""
    if not isinstance(registry.models, ModelStates):
        return list(registry.models.values())
    direct = registry.models.referring(model.label, *([USER] if registry.user == model.label else []))
    proxies = [one.label for one in direct if one.options.proxy]
    return registry.models.referring(model.label, *([USER] if registry.user == model.label else []), *proxies) if proxies else direct


def _leads(key: DjangoField, field: DjangoField) -> bool:
    """A key leads to this field of its target."""
    return key.to_field == field.name if key.to_field else field.primary_key


def _keys(registry: Registry, state: ModelState) -> Iterator[tuple[ModelState, DjangoField]]:
    """The keys of a model, and those in the tables that its ManyToManyFields make."""
    for field in state.fields.values():
        if field.is_key:
            yield state, field
        elif field.is_many and not field.through and registry.through(state, field) is not None:
            between = Editor.through_model(registry, state, field)
            for key in between.fields.values():
                if key.is_key:
                    yield between, key
