"""Operations of migrations on models."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from backend_lint.project.libraries.django_models import LIBRARY_MODELS, canonical_model
from backend_lint.project.references import RefKind
from backend_lint.project.schema.django_meta import names_of, read_options
from backend_lint.project.schema.django_operation_base import Operations, Unsupported
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_state import USER, DjangoField, ModelState
from backend_lint.project.schema.django_values import MISSING, Made, Named


class ModelOperations(Operations):
    """``CreateModel``, ``DeleteModel``, ``RenameModel`` and changes of options."""

    def create_model(self, app: str, made: Made, database: bool) -> None:
        name = self._text(made, "name", 0)
        given = made.get("fields", 1)
        unknown: list[str] = []
        fields: dict[str, DjangoField] = {}
        items = self.values.listed(given)
        for item in items:
            field = None
            if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
                field = self.read_field(app, item[0], item[1])
            if field is None:
                unknown.append("a field of its first migration")
            else:
                fields[field.name] = field
        options = made.get("options", 2)
        read, odd = read_options(options if isinstance(options, dict) else {}, app, name)
        if options is not MISSING and not isinstance(options, (dict, type(None))):
            unknown.append("options of its first migration")
        if read.order_with_respect_to:
            fields["_order"] = DjangoField(name="_order", kind="OrderWrt", internal="IntegerField", path=made.scope.path, line=made.line)
        state = ModelState(
            app=app, name=name, fields=fields, options=read, parents=self._parents(app, made.get("bases", 3)), unknown=(*unknown, *odd, *_odd(fields)),
            path=made.scope.path, line=made.line,
        )  # fmt: skip
        if not read.proxy and state.primary_key is None and not unknown:
            key = DjangoField(name="id", kind=self.auto_field, internal=self.auto_field, primary_key=True, path=made.scope.path, line=made.line)
            state = replace(state, fields={"id": key, **fields})
        self._put(state)
        if database and self._stored(state):
            self.editor.create_model(self.registry(), state)

    def _parents(self, app: str, bases: Any) -> tuple[str, ...]:
        found = []
        for base in bases if isinstance(bases, list) else ():
            label = ""
            if isinstance(base, str):
                label = base.lower() if "." in base else f"{app}.{base.lower()}"
            elif isinstance(base, Named) and base.ref is not None and base.ref.kind is RefKind.CLASS:
                label = self.labels.get(base.ref.function, "")
            elif isinstance(base, Named):
                known = LIBRARY_MODELS.get(canonical_model(base.name))
                label = known.label if known is not None else ""
            if label:
                found.append(label)
        return tuple(found)

    def delete_model(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made, "name")
        if database and self._stored(state):
            self.editor.delete_model(self.registry(), state)
        del self.models[state.label]

    def rename_model(self, app: str, made: Made, database: bool) -> None:
        old = self._model(app, made, "old_name")
        new = replace(old, name=self._text(made, "new_name", 1, old.label))
        before = self.registry(dict(self.models))
        del self.models[old.label]
        self._put(new)
        for state in self.models.referring(old.label):
            fields = {name: _repointed(field, old.label, new.label) for name, field in state.fields.items()}
            parents = tuple(new.label if one == old.label else one for one in state.parents)
            if parents != state.parents or any(fields[name] is not field for name, field in state.fields.items()):
                self._put(replace(state, fields=fields, parents=parents))
        if database and self._stored(new) and old.label != new.label:
            self._rename_in_database(before, old, self.registry(), self.models[new.label])

    def _rename_in_database(self, before: Registry, old: ModelState, after: Registry, new: ModelState) -> None:
        self.editor.rename_table(before.table(old), after.table(new))
        for state in self.models.referring(new.label, *([USER] if self.user == new.label else [])):
            earlier = before.models.get(old.label if state.label == new.label else state.label, state)
            for field in state.fields.values():
                if not field.is_relation or after.label(state, field.to) != new.label or (field.is_key and (field.related_name or "").endswith("+")):
                    continue
                self.editor.alter_field(before, earlier, earlier.fields[field.name], after, state, field)
        for field in new.fields.values():
            if field.is_many and not field.through and after.label(new, field.to) != new.label:
                self.editor.alter_many_to_many(before, old, old.fields[field.name], after, new, field)

    def alter_table(self, app: str, made: Made, database: bool) -> None:
        old = self._model(app, made, "name")
        table = made.get("table", 1)
        if not isinstance(table, (str, type(None))):
            raise Unsupported("a table whose name is not constant", old.label)
        before = self.before(old)
        new = replace(old, options=replace(old.options, db_table=(table or "").replace('"', "")))
        self._put(new)
        if not database or not self._stored(new):
            return
        after = self.registry()
        self.editor.rename_table(before.table(old), after.table(new))
        for field in new.fields.values():
            if field.is_many and not field.through:
                one, other = before.through(old, field), after.through(new, field)
                if one is not None and other is not None:
                    self.editor.rename_table(one.table, other.table)

    def alter_together(self, app: str, made: Made, database: bool) -> None:
        unique = self.operation_name(made) == "AlterUniqueTogether"
        state = self._model(app, made, "name")
        key = "unique_together" if unique else "index_together"
        news = names_of(made.get(key, 1))
        if news is None:
            raise Unsupported(key, state.label)
        olds = state.options.unique_together if unique else state.options.index_together
        options = replace(state.options, unique_together=news) if unique else replace(state.options, index_together=news)
        before = self.before(state)
        changed = replace(state, options=options)
        self._put(changed)
        if not database or not self._stored(state):
            return
        self._drop_together(before, state, [one for one in olds if one not in news], unique)
        for names in news:
            if names not in olds:
                self.editor.run(self.editor.together(self.registry(), changed, names, unique))

    def _drop_together(self, registry: Registry, state: ModelState, sets: list[tuple[str, ...]], unique: bool) -> None:
        table = registry.table(state)
        excluded = frozenset(one.name for one in (*state.options.constraints, *state.options.indexes) if one.name)
        for names in sets:
            columns = tuple(registry.column(state, name) for name in names)
            found = self.editor.indexes_on(table, columns, unique, excluded)
            chosen = next((one for one in found if one.name.endswith("_uniq" if unique else "_idx")), found[0] if found else None)
            if chosen is not None:
                self.editor.drop_index(table, chosen)
            else:
                self.editor.waiting = [one for one in self.editor.waiting if not (one.table == table and one.columns == columns and one.suffix)]

    def alter_options(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made, "name")
        options = made.get("options", 1)
        if not isinstance(options, dict):
            return
        read, _ = read_options(options, app, state.name)
        self._put(replace(state, options=replace(state.options, managed=read.managed, ordering=read.ordering, related_name=read.related_name)))

    def alter_order(self, app: str, made: Made, database: bool) -> None:
        state = self._model(app, made, "name")
        wanted = made.get("order_with_respect_to", 1)
        fields = dict(state.fields)
        had = fields.pop("_order", None)
        field = DjangoField(name="_order", kind="OrderWrt", internal="IntegerField", path=made.scope.path, line=made.line)
        if isinstance(wanted, str):
            fields["_order"] = field
        changed = replace(state, fields=fields, options=replace(state.options, order_with_respect_to=wanted if isinstance(wanted, str) else ""))
        self._put(changed)
        if database and self._stored(state):
            if had is not None and not isinstance(wanted, str):
                self.editor.remove_field(self.registry(), state, had)
            elif had is None and isinstance(wanted, str):
                self.editor.add_field(self.registry(), changed, field)


def _repointed(field: DjangoField, old: str, new: str) -> DjangoField:
    if old not in (field.to, field.through):
        return field
    return replace(field, to=new if field.to == old else field.to, through=new if field.through == old else field.through)


def _odd(fields: dict[str, DjangoField]) -> list[str]:
    return [f"{name}: {field.unknown}" for name, field in fields.items() if field.unknown]
