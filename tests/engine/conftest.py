"""Projects made for one test, and runs over them."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend_lint.api import File, Finding, NodeRule, ProjectRule, Rule
from backend_lint.config import Settings
from backend_lint.engine.result import Result
from backend_lint.engine.run import run


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

    def instantiate(self, settings: Settings) -> list[Rule]:
        return list(self.made)

    def enabled(self, settings: Settings) -> frozenset[str]:
        return frozenset(self.rules)

    def effective_cards(self, settings: Settings) -> dict[str, Any]:
        return {}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKEND_LINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    return root


@pytest.fixture
def check(registry: Registry) -> Callable[..., Result]:
    def checked(root: Path, **options: Any) -> Result:
        return run(Settings(root=root, **{"cache": False, "jobs": 1, **options}), registry)  # type: ignore[arg-type]

    return checked


@pytest.fixture
def git() -> Callable[..., str]:
    def call(root: Path, *arguments: str) -> str:
        values = ("user.name=t", "user.email=t@example.org", "init.defaultBranch=main", "commit.gpgsign=false", "protocol.file.allow=always")
        named = [part for value in values for part in ("-c", value)]
        done = subprocess.run(["git", "-C", str(root), *named, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return call
