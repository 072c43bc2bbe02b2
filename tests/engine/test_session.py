"""A session answers what a run on its own would, whatever was edited between its checks."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from random_edits import edits, laid_out

from backend_lint.config import ConfigError, Settings
from backend_lint.engine import read_stage
from backend_lint.engine.result import Result
from backend_lint.engine.run import run
from backend_lint.engine.session import Session
from backend_lint.project.modules import SourceModule
from backend_lint.registry import Registry


@pytest.fixture(scope="module")
def rules() -> Registry:
    return Registry.load(entry_points=False)


@pytest.fixture(autouse=True)
def _later(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An hour has passed since any edit: stamps are trusted. The collector runs again afterwards."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3600 * 10**9)
    yield
    gc.enable()


@pytest.fixture
def backend(project: Path) -> Path:
    return laid_out(project)


def settings(root: Path, **options: Any) -> Settings:
    return Settings(root=root, **{"jobs": 1, "profile": "all", **options})


def shown(result: Result) -> bytes:
    return msgspec.json.encode(result)


@pytest.mark.parametrize("seed", [3, 4])
def test_after_any_edit_a_session_answers_what_a_run_would(backend: Path, rules: Registry, seed: int) -> None:
    session = Session(settings(backend), rules)
    session.check()
    for _, edit in zip(range(14), edits(random.Random(seed), backend), strict=False):
        edit()
        assert shown(session.check()) == shown(run(settings(backend, cache=False), rules))


def test_told_what_changed_it_looks_at_nothing_else(backend: Path, rules: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(settings(backend), rules)
    session.check()
    read: list[str] = []
    decoded: list[str] = []
    real_read, real_init = read_stage.read_file, SourceModule.__init__
    monkeypatch.setattr(read_stage, "read_file", lambda file, *rest: read.append(file.path) or real_read(file, *rest))
    monkeypatch.setattr(SourceModule, "__init__", lambda self, path, *rest: decoded.append(path) or real_init(self, path, *rest))
    target = backend / "part3" / "views.py"
    target.write_text(target.read_text() + "\nADDED = 1\n")
    (backend / "unseen.py").write_text("x = 1\n")
    expected = session.check(["part3/views.py"])
    assert read == decoded == ["part3/views.py"] and "unseen.py" not in expected.checked
    assert "unseen.py" in session.check().checked
    target.unlink()
    assert "part3/views.py" not in session.check(["part3/views.py"]).checked
    assert shown(session.check()) == shown(run(settings(backend, cache=False), rules))


def test_the_collector_waits_for_rest(backend: Path, rules: Registry) -> None:
    session = Session(settings(backend), rules)
    assert gc.isenabled()
    session.check()
    assert not gc.isenabled()
    session.rest()
    assert gc.isenabled()


def test_a_check_that_cannot_be_served_leaves_a_session_that_can(backend: Path, rules: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(settings(backend), rules)
    with monkeypatch.context() as patched:
        patched.setattr(Registry, "instantiate", lambda *_: (_ for _ in ()).throw(ConfigError("no such rule")))
        with pytest.raises(ConfigError):
            session.check()
    assert shown(session.check()) == shown(run(settings(backend, cache=False), rules))
    session.rest()
