"""Columns that are counted, and that no code of the project reads: a lost count of them is missed by nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.schema.mapping import Mapped

if TYPE_CHECKING:
    from backend_lint.project import Project

_NO_SERVICE = frozenset({Role.TEST, Role.MIGRATION, Role.GENERATED})
_ALL = "__all__"
_COUNTED = lazy_regex(r"-?\d+")


class Unread:
    """Asked once for each place that counts; what a project says of a name is looked up once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._said: dict[str, list[tuple[FunctionKey, int]]] = {}
        self._elsewhere: dict[tuple[str, FunctionKey], bool] = {}
        self._own: dict[tuple[FunctionKey, str], int] = {}

    def is_never_read(self, key: FunctionKey, model: Mapped, name: str, assign: Assign) -> bool:
        """One is added to the column, and its name stands nowhere but in the model and in the function that counts."""
        if not assign.augmented or not _COUNTED.fullmatch(assign.value):
            return False
        asked = name, model.key
        if asked not in self._elsewhere:
            self._elsewhere[asked] = self._is_shown(model, name)
        return not self._elsewhere[asked] and all(count <= self._named(where, key, model, name) for where, count in self._functions(name))

    def _functions(self, name: str) -> list[tuple[FunctionKey, int]]:
        """The functions that speak of it, and how often."""
        if name not in self._said:
            found: list[tuple[FunctionKey, int]] = []
            sign = name.encode()
            for path, module in self._project.modules.items():
                if module.role not in _NO_SERVICE and sign in bytes(module.facts.bodies):
                    counted = ((index, repr(body).count(name)) for index, body in enumerate(module.bodies))
                    found.extend(((path, index), count) for index, count in counted if count)
            self._said[name] = found
        return self._said[name]

    def _is_shown(self, model: Mapped, name: str) -> bool:
        """Whether a template, or a class other than the model, speaks of it or shows all columns."""
        sign = name.encode()
        if any(sign in bytes(template) for template in self._project.templates.values()):
            return True
        for path, module in self._project.modules.items():
            if module.role in _NO_SERVICE:
                continue
            for index, one in enumerate(module.classes):
                others = [attribute for attribute in one.attributes if (path, index) != model.key or attribute.name != name]
                if any(name in attribute.value or name == attribute.name for attribute in others):
                    return True
                shown = {attribute.name: attribute.value for attribute in one.attributes}
                if shown.get("model", "").rpartition(".")[2] == model.name and (_ALL in shown.get("fields", "") or "exclude" in shown):
                    return True
        return False

    def _named(self, here: FunctionKey, key: FunctionKey, model: Mapped, name: str) -> int:
        """How often a function names the column where it counts it, or where the model declares it."""
        if here != key:
            return int(here[0] == model.key[0] and here[1] == self._project.modules[here[0]].classes[model.key[1]].scope)
        if (key, name) not in self._own:
            self._own[key, name] = sum(one.target.endswith(f".{name}") for one in self._project.calls.body(key).assigns)
        return self._own[key, name]
