"""Operations of migrations on fields, indexes and constraints."""

from __future__ import annotations

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Dialect
from backend_lint.project.schema.django_meta import index_entry
from backend_lint.project.schema.django_operation_base import Operations, Unsupported
from backend_lint.project.schema.django_state import DjangoIndex, ModelState
from backend_lint.project.schema.django_values import Made
from backend_lint.sql.names import clip


class FieldOperations(Operations):
    """``AddField`` and its like, ``AddIndex``, ``AddConstraint`` and their opposites."""

    def add_field(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        name = self._text(made, "name", 1, state.label)
        field = self._field(app, made, name, state.label)
        changed = replace(state, fields={**state.fields, name: field})
        self._put(changed)
        if database and self._stored(state):
            self.editor.add_field(self.registry(), changed, field)

    def remove_field(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        name = self._text(made, "name", 1, state.label)
        field = state.fields.get(name)
        if field is None:
            raise Unsupported(f"RemoveField of {name}, which no migration added", state.label)
        before = self.before(state)
        self._put(replace(state, fields={key: one for key, one in state.fields.items() if key != name}))
        if database and self._stored(state):
            self.editor.remove_field(before, state, field)

    def alter_field(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        name = self._text(made, "name", 1, state.label)
        old = state.fields.get(name)
        if old is None:
            raise Unsupported(f"AlterField of {name}, which no migration added", state.label)
        field = self._field(app, made, name, state.label)
        before = self.before(state)
        changed = replace(state, fields={**state.fields, name: field})
        self._put(changed)
        if database and self._stored(state):
            self.editor.alter_field(before, state, old, self.registry(), changed, field)

    def rename_field(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        old_name, new_name = self._text(made, "old_name", 1, state.label), self._text(made, "new_name", 2, state.label)
        old = state.fields.get(old_name)
        if old is None:
            raise Unsupported(f"RenameField of {old_name}, which no migration added", state.label)
        new = replace(old, name=new_name)
        before = self.before(state)
        options = replace(
            state.options,
            unique_together=_renamed_sets(state.options.unique_together, old_name, new_name),
            index_together=_renamed_sets(state.options.index_together, old_name, new_name),
        )
        changed = replace(
            state, fields={new_name if key == old_name else key: new if key == old_name else one for key, one in state.fields.items()}, options=options
        )
        self._put(changed)
        referring = [other for other in self.models.referring(state.label) if any(one.to_field == old_name for one in other.fields.values())]
        before = self.before(state, *referring)
        for other in referring:
            keys = {name: replace(one, to_field=new_name) for name, one in other.fields.items() if one.to_field == old_name and one.to == state.label}
            if keys:
                self._put(replace(other, fields={**other.fields, **keys}))
        if database and self._stored(state):
            after = self.registry()
            self.editor.alter_field(before, state, old, after, self.models[state.label], new)

    # -- indexes -----------------------------------------------------------------------------------

    def _entry(self, app: str, made: Made, key: str, state: ModelState) -> DjangoIndex:
        entry = index_entry(made.get(key, 1), app, state.name)
        if entry is None:
            raise Unsupported(f"{made.last}", state.label)
        return entry

    def add_index(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        entry = self._entry(app, made, "index", state)
        changed = replace(state, options=replace(state.options, indexes=(*state.options.indexes, entry)))
        self._put(changed)
        if database and self._stored(state):
            self.editor.add_entry(self.registry(), changed, entry)

    def remove_index(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        name = self._text(made, "name", 1, state.label)
        registry = self.registry()
        kept = tuple(one for one in state.options.indexes if self.editor.entry_name(registry, state, one) != name)
        self._put(replace(state, options=replace(state.options, indexes=kept)))
        if database and self._stored(state):
            self._drop_named(registry.table(state), name)

    def _drop_named(self, table: str, name: str) -> None:
        name = clip(name) if self.editor.dialect is Dialect.POSTGRESQL else name
        if any(one.name == name for one in self.editor.waiting):
            self.editor.waiting = [one for one in self.editor.waiting if one.name != name]
        else:
            self.editor.apply(ddl.DropIndex(name, table, if_exists=True))

    def rename_index(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        new_name = self._text(made, "new_name", 1, state.label)
        old_name, old_fields = made.get("old_name", 2), made.get("old_fields", 3)
        registry = self.registry()
        options = state.options
        if isinstance(old_name, str):
            kept = tuple(replace(one, name=new_name) if self.editor.entry_name(registry, state, one) == old_name else one for one in options.indexes)
            changed = replace(options, indexes=kept)
        else:
            names = tuple(one for one in old_fields if isinstance(one, str)) if isinstance(old_fields, list) else ()
            entry = DjangoIndex(kind="index", name=new_name, fields=names, path=made.scope.path, line=made.line)
            together = tuple(one for one in options.index_together if one != names)
            changed = replace(options, indexes=(*options.indexes, entry), index_together=together)
            columns = tuple(registry.column(state, name) for name in names)
            found = self.editor.indexes_on(registry.table(state), columns, False)
            old_name = found[0].name if found else None
        self._put(replace(state, options=changed))
        if database and self._stored(state) and isinstance(old_name, str) and old_name != new_name:
            if any(one.name == old_name for one in self.editor.waiting):
                self.editor.waiting = [
                    one._replace(name=new_name, made=replace(one.made, name=new_name)) if one.name == old_name and one.made is not None else one
                    for one in self.editor.waiting
                ]
            else:
                self.editor.apply(ddl.RenameIndex(old_name, new_name, registry.table(state)))

    def add_constraint(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        entry = self._entry(app, made, "constraint", state)
        changed = replace(state, options=replace(state.options, constraints=(*state.options.constraints, entry)))
        self._put(changed)
        if database and self._stored(state):
            self.editor.add_entry(self.registry(), changed, entry)

    def remove_constraint(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made)
        name = self._text(made, "name", 1, state.label)
        entry = next((one for one in state.options.constraints if one.name == name), None)
        self._put(replace(state, options=replace(state.options, constraints=tuple(one for one in state.options.constraints if one.name != name))))
        if not database or not self._stored(state):
            return
        registry = self.registry()
        table = registry.table(state)
        index = self.editor.index(registry, state, entry) if entry is not None else None
        if index is not None and not index.constraint:
            self._drop_named(table, name)
        elif entry is None or entry.kind == "check" or index is not None:
            self.editor.apply(ddl.DropConstraint(table, name, if_exists=True))


def _renamed_sets(sets: tuple[tuple[str, ...], ...], old: str, new: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(new if name == old else name for name in names) for names in sets)
