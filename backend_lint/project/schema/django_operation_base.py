"""What all operations of migrations need: the state of the models, and how names of models and fields are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from backend_lint.project.libraries.django_models import LIBRARY_MODELS, canonical_model
from backend_lint.project.references import RefKind
from backend_lint.project.schema.django_alter import Alterer
from backend_lint.project.schema.django_fields import FieldReader
from backend_lint.project.schema.django_model_states import Earlier, ModelStates
from backend_lint.project.schema.django_registry import Registry
from backend_lint.project.schema.django_state import DjangoField, ModelState
from backend_lint.project.schema.django_values import Made, ValueReader
from backend_lint.project.schema.mapping import ClassKey

_METHODS = ("database_forwards", "state_forwards", "__init__")


class Unsupported(Exception):  # noqa: N818
    """An operation that was not understood. `table`: the label of its model, empty if it may be any."""

    def __init__(self, why: str, label: str = "") -> None:
        super().__init__(why)
        self.label = label


class Operations:
    """The state of the models between operations. `models`: by label; `editor`: the database. `labels`: label of each model class of the project."""

    def __init__(self, fields: FieldReader, editor: Alterer, registry: Registry, labels: dict[ClassKey, str], swapped: Callable[[ModelState], bool]) -> None:
        self.fields = fields
        self.values: ValueReader = fields.values
        self.editor = editor
        self.models = ModelStates(registry.models)
        self.user = registry.user
        self.auto_field = registry.auto_field
        self.labels = labels
        self.swapped = swapped

    def registry(self, models: Mapping[str, ModelState] | None = None) -> Registry:
        return Registry(self.models if models is None else models, self.editor.dialect, self.user, self.auto_field)

    def before(self, *changed: ModelState) -> Registry:
        """The registry as it is before these models change."""
        return self.registry(Earlier(self.models, {state.label: state for state in changed}))

    def operation_name(self, made: Made) -> str:
        """The name of Django's operation that a call makes; for a class of the project that changes nothing of it, its base's."""
        named = made.named
        if named.ref is not None and named.ref.kind is RefKind.CLASS:
            classes = self.values.resolver.classes
            for base in classes.ancestors(named.ref.path, named.ref.index):
                if base.kind is RefKind.CLASS:
                    methods = classes.members(base.path, base.index)[0]
                    if any(self._does_more(base.path, methods[one]) for one in _METHODS if one in methods):
                        return ""
                elif base.name.startswith(("django.db.migrations", "django.contrib.postgres.operations")):
                    return base.name.rpartition(".")[2]
            return ""
        if named.ref is not None and named.ref.kind is RefKind.FUNCTION:
            return ""
        return named.last

    def changes_nothing(self, made: Made) -> bool:
        """A class of the project derived from Django's bare ``Operation`` that hands neither the state nor the schema editor to anything."""
        ref = made.named.ref
        if ref is None or ref.kind is not RefKind.CLASS:
            return False
        classes = self.values.resolver.classes
        found: dict[str, tuple[str, int]] = {}
        for base in classes.ancestors(ref.path, ref.index):
            if base.kind is RefKind.CLASS:
                methods = classes.members(base.path, base.index)[0]
                found |= {one: (base.path, methods[one]) for one in _METHODS[:2] if one in methods and one not in found}
            elif base.name.rpartition(".")[2] != "Operation":
                return False
        return len(found) == 2 and not any(self._uses_third(*key) for key in found.values())

    def _uses_third(self, path: str, method: int) -> bool:
        """A method does something with its parameter behind ``app_label``: the state, or the schema editor."""
        module = self.values.modules[path]
        parameters = module.functions[method].parameters
        if len(parameters) < 3:
            return True
        used = re.compile(rf"%{re.escape(parameters[2].name)}\b|super\(|connection|\.execute$")
        body = module.bodies[method]
        texts = [text for call in body.calls for text in (call.callee, *call.args, *(value for _, value in call.keywords))]
        texts += [text for one in body.assigns for text in (one.target, one.value)]
        return any(used.search(text) for text in texts)

    def _does_more(self, path: str, method: int) -> bool:
        """A method of an operation does not just hand on to its base's, perhaps if some table is there."""
        body = self.values.modules[path].bodies[method]
        handed = [call for call in body.calls if call.callee.startswith("super()") or call.callee.endswith((".state_forwards", ".database_forwards"))]
        if not handed:
            return bool(body.calls or body.assigns)
        if any(call.callee.startswith("super().__init__") for call in handed):
            return len(handed[0].keywords) + len(handed[0].args) > 0 and not all(text.lstrip("*")[:1] == "%" for text in handed[0].args)
        return any("schema_editor.execute" in call.callee for call in body.calls)

    @staticmethod
    def _label(app: str, name: str) -> str:
        return f"{app}.{name.lower()}"

    def _model(self, app: str, made: Made, key: str = "model_name", position: int = 0) -> ModelState:
        name = made.get(key, position)
        if not isinstance(name, str):
            raise Unsupported(f"{made.last} of a model whose name is not constant")
        label = self._label(app, name)
        if label not in self.models:
            raise Unsupported(f"{made.last} of {name}, which no migration created", label)
        return self.models[label]

    @staticmethod
    def _text(made: Made, key: str, position: int, label: str = "") -> str:
        value = made.get(key, position)
        if not isinstance(value, str):
            raise Unsupported(f"{made.last} with a name that is not constant", label)
        return value

    def _field(self, app: str, made: Made, name: str, label: str) -> DjangoField:
        value = made.get("field", 2)
        field = self.read_field(app, name, value)
        if field is None:
            raise Unsupported(f"field {name}", label)
        return field

    def read_field(self, app: str, name: str, value: Any) -> DjangoField | None:
        """A field of a migration, its target as label."""
        field = self.fields.field(name, value, app) if isinstance(value, Made) else None
        if field is None or not field.is_relation:
            return field
        to, through = self._target(field.to), self._target(field.through)
        return field if (to, through) == (field.to, field.through) else replace(field, to=to, through=through)

    def _target(self, text: str) -> str:
        if text.startswith("class "):
            known = LIBRARY_MODELS.get(canonical_model(text[6:]))
            return known.label if known is not None else ""
        if ":" in text:
            path, _, number = text.rpartition(":")
            return self.labels.get((path, int(number)), "")
        return text

    def _stored(self, state: ModelState) -> bool:
        """Whether migrations touch the model's table."""
        return state.options.managed and not state.options.proxy and not self.swapped(state)

    def _put(self, state: ModelState) -> None:
        self.models[state.label] = state
