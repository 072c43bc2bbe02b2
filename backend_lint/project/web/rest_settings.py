"""What the settings say below ``REST_FRAMEWORK``: the defaults of Django REST framework for permissions, throttles, pages and filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import entries

_NAME = "REST_FRAMEWORK"


class Setting(NamedTuple):
    """One assignment. `entries`: value texts by key; None if it is no display, so that nothing is known of them."""

    module: SourceModule
    assign: Assign
    entries: Mapping[str, str] | None


class RestSettings:
    """`every`: all assignments outside of tests, in order of path and line; `changed`: targets of assignments to single entries, as they are written."""

    def __init__(self, modules: Mapping[str, SourceModule]) -> None:
        self.every: list[Setting] = []
        self.changed: list[str] = []
        for module in modules.values():
            if module.role is Role.TEST:
                continue
            for assign in module.bodies[0].assigns:
                if assign.target == _NAME:
                    self.every.append(Setting(module, assign, dict(entries(assign.value)) if assign.value[:1] == "{" else None))
                elif assign.target.startswith(f"{_NAME}["):
                    self.changed.append(assign.target)

    @property
    def last(self) -> list[Setting]:
        """Of each module the assignment that its importers see."""
        return list({one.module.path: one for one in self.every}.values())
