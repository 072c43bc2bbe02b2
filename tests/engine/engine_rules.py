"""Two rules and a registry that holds them: what the engine's tests run with."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend_lint.api import File, Finding, NodeRule, ProjectRule, Rule
from backend_lint.config import Settings


class ForbiddenCall(NodeRule[ast.Call]):
    severity, precision, since = "warning", "high", "0.1"
    nodes = (ast.Call,)

    def visit(self, node: ast.Call, file: File) -> Iterator[Finding]:
        if isinstance(node.func, ast.Name) and node.func.id == "forbidden":
            yield self.finding(file.path, file.position(node), "forbidden is called, call allowed instead")


class ManyModules(ProjectRule):
    severity, precision, since = "info", "high", "0.1"

    def check(self, project: Any) -> Iterator[Finding]:
        for path in project.modules:
            yield Finding("many-modules", path, 1, 1, 1, 2, f"one of {len(project.modules)} modules", self.severity)


class Registry:
    """Stands in for the real one: these two rules and nothing else."""

    def __init__(self, *rules: Rule) -> None:
        self.made = list(rules) or [ForbiddenCall("forbidden-call", "testing"), ManyModules("many-modules", "testing")]
        self.cards: dict[str, Any] = {}
        self.rules = {rule.name: type(rule) for rule in self.made}
        self.folders = (Path(__file__).parent.parent,)

    def instantiate(self, settings: Settings) -> list[Rule]:
        return list(self.made)

    def enabled(self, settings: Settings) -> frozenset[str]:
        return frozenset(self.rules)

    def effective_cards(self, settings: Settings) -> dict[str, Any]:
        return {}
