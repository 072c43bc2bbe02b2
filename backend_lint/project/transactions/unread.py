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


def is_never_read(project: Project, key: FunctionKey, model: Mapped, name: str, assign: Assign) -> bool:
    """One is added to the column, and its name stands nowhere but in the model and in the function that counts."""
    if not assign.augmented or not _COUNTED.fullmatch(assign.value):
        return False
    sign = name.encode()
    if any(sign in bytes(template) for template in project.templates.values()):
        return False
    for path, module in project.modules.items():
        if module.role in _NO_SERVICE:
            continue
        if sign in bytes(module.facts.bodies):
            for index, body in enumerate(module.bodies):
                if repr(body).count(name) > _own(project, (path, index), key, model, name):
                    return False
        for index, one in enumerate(module.classes):
            others = [attribute for attribute in one.attributes if (path, index) != model.key or attribute.name != name]
            if any(name in attribute.value or name == attribute.name for attribute in others):
                return False
            shown = {attribute.name: attribute.value for attribute in one.attributes}
            if shown.get("model", "").rpartition(".")[2] == model.name and (_ALL in shown.get("fields", "") or "exclude" in shown):
                return False
    return True


def _own(project: Project, here: FunctionKey, key: FunctionKey, model: Mapped, name: str) -> int:
    """How often a function names the column where it counts it, or where the model declares it."""
    if here == key:
        return sum(one.target.endswith(f".{name}") for one in project.calls.body(key).assigns)
    return int(here[0] == model.key[0] and here[1] == project.modules[here[0]].classes[model.key[1]].scope)
