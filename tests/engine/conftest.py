"""Projects made for one test, and runs over them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_rules import Registry

from backend_lint.config import Settings
from backend_lint.engine.result import Result
from backend_lint.engine.run import run


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
