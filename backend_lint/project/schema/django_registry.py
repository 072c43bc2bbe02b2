"""All models together: what a field's target is, which columns a key leads to, and the tables between models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backend_lint.facts.schema import Dialect
from backend_lint.project.libraries.django_models import by_label
from backend_lint.project.schema.django_names import longest, truncated
from backend_lint.project.schema.django_state import SELF, USER, DjangoField, ModelState
from backend_lint.project.schema.django_types import column_type, referred_type

_MAX_KEYS = 20


class Reference(NamedTuple):
    """What a key leads to: `label` of the model, its table and column, the type of the key itself. `field`: of the target, None for libraries."""

    label: str
    table: str
    column: str
    type: str
    field: DjangoField | None = None


class Through(NamedTuple):
    """The table of a ManyToManyField. `label`: of an explicit model. `source`, `target`: its column to the model and to the target, and what they lead to."""

    table: str
    label: str
    source: str
    source_to: Reference
    target: str
    target_to: Reference


class Registry:
    """Looks models up by label. `auto_field`: class of automatic keys of tables between models; `user`: label of the user model.

    `auto_fields`: that class by application, where the application says; Django's migrations do not ask it.
    """

    def __init__(
        self,
        models: Mapping[str, ModelState],
        dialect: Dialect,
        user: str = "auth.user",
        auto_field: str = "AutoField",
        auto_fields: Mapping[str, str] | None = None,
    ) -> None:
        self.models = models
        self.dialect = dialect
        self.user = user
        self.auto_field = auto_field
        self.auto_fields = auto_fields or {}

    def label(self, model: ModelState, to: str) -> str:
        """The label of a target as a field names it."""
        return model.label if to == SELF else self.user if to == USER else to

    def target(self, model: ModelState, field: DjangoField) -> ModelState | None:
        """The model that a field leads to, None if it is not of the project."""
        return self.models.get(self.label(model, field.to))

    def concrete(self, model: ModelState) -> ModelState:
        """The model whose table a proxy is."""
        for _ in range(_MAX_KEYS):
            if not model.options.proxy or not model.parents or (parent := self.models.get(model.parents[0])) is None:
                return model
            model = parent
        return model

    def table(self, model: ModelState) -> str:
        """The name of a model's table, cut to what the database allows."""
        concrete = self.concrete(model)
        if concrete.options.proxy:
            library = by_label(concrete.parents[0]) if concrete.parents else None
            return library.table if library is not None else ""
        return truncated(concrete.table, longest(self.dialect))

    def field(self, model: ModelState, name: str) -> DjangoField | None:
        """A field of the model or of those it inherits from; by name or by the attribute of a key, ``pk`` too."""
        owned = self.owner(model, name)
        return owned[1] if owned is not None else None

    def owner(self, model: ModelState, name: str, depth: int = 0) -> tuple[ModelState, DjangoField] | None:
        """A field and the model whose table holds it."""
        model = self.concrete(model)
        if name == "pk":
            key = model.primary_key
            return (model, key) if key is not None else None
        found = model.fields.get(name)
        if found is None and name.endswith("_id"):
            found = model.fields.get(name[:-3])
            if found is not None and not found.is_key:
                found = None
        if found is not None:
            return model, found
        for parent in model.parents if depth < _MAX_KEYS else ():
            if (state := self.models.get(parent)) is not None and (inner := self.owner(state, name, depth + 1)) is not None:
                return inner
        return None

    def column(self, model: ModelState, name: str) -> str:
        """The column of a field of the model's own table; empty if there is none."""
        if name == "pk":
            key = model.primary_key
            return key.column_name if key is not None else ""
        found = model.fields.get(name)
        if found is None and name.endswith("_id"):
            found = model.fields.get(name[:-3])
        return found.column_name if found is not None and not found.is_many else ""

    def type(self, model: ModelState, field: DjangoField) -> str:
        """The column type of any field; empty if it is unknown."""
        if field.is_key:
            return self.reference(model, field).type
        return column_type(field, self.dialect)

    def reference(self, model: ModelState, field: DjangoField, depth: int = 0) -> Reference:
        """What a key leads to."""
        return self.key_of(self.label(model, field.to), field.to_field, depth)

    def key_of(self, label: str, to_field: str = "", depth: int = 0) -> Reference:
        """The table and column that keys to a model lead to, with the type of such a key."""
        state = self.models.get(label)
        if state is None:
            return self._library(label)
        target = self.concrete(state)
        if target.options.proxy:
            return self._library(target.parents[0] if target.parents else "")
        held = target.fields.get(to_field) if to_field else target.primary_key
        if held is None or depth > _MAX_KEYS:
            return Reference(label, self.table(target), "" if to_field else "id", "")
        if held.is_key:
            inner = self.reference(target, held, depth + 1)
            return Reference(label, self.table(target), held.column_name, inner.type, held)
        return Reference(label, self.table(target), held.column_name, referred_type(held, self.dialect), held)

    def _library(self, label: str) -> Reference:
        if not label:
            return Reference("", "", "", "")
        known = by_label(label)
        if known is None:
            return Reference(label, label.replace(".", "_", 1), "id", "")
        name, kind = known.key
        key = DjangoField(name=name, kind=kind, internal=kind, max_length=40 if kind == "CharField" else None)
        return Reference(label, known.table, name, referred_type(key, self.dialect))

    def through(self, model: ModelState, field: DjangoField) -> Through | None:
        """The table of a ManyToManyField; None if it is not known."""
        own = self.key_of(model.label)
        target = self.label(model, field.to)
        other = self.key_of(target)
        if field.through:
            return self._explicit(model, field, target)
        if not other.table:
            return None
        source, aim = model.name.lower(), target.rpartition(".")[2]
        if source == aim:
            source, aim = f"from_{source}", f"to_{aim}"
        table = truncated(field.table or f"{self.table(model)}_{field.name}", longest(self.dialect))
        return Through(table, "", f"{source}_id", own, f"{aim}_id", other)

    def _explicit(self, model: ModelState, field: DjangoField, target: str) -> Through | None:
        through = self.models.get(field.through)
        if through is None:
            return None
        names = field.through_fields
        keys = [one for one in through.fields.values() if one.is_key]
        family = self.family(model.label)
        aims = self.family(target)
        if len(names) == 2:
            source, aim = through.fields.get(names[0]), through.fields.get(names[1])
        else:
            source = next((one for one in keys if self.label(through, one.to) in family), None)
            aim = next((one for one in keys if one is not source and self.label(through, one.to) in aims), None)
        if source is None or aim is None:
            return None
        return Through(self.table(through), through.label, source.column_name, self.reference(through, source), aim.column_name, self.reference(through, aim))

    def family(self, label: str) -> frozenset[str]:
        """The model and all that it inherits from or is a proxy of."""
        found = {label}
        waiting = [label]
        while waiting:
            state = self.models.get(waiting.pop())
            for parent in state.parents if state is not None else ():
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return frozenset(found)
