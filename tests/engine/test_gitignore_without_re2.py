"""Without google-re2, patterns that a backtracking engine cannot match in time are named and left out; all others hold."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import read_project

HOSTILE = "*a" * 30 + "b"


@pytest.mark.parametrize("linear", [True, False])
def test_ordinary_patterns_hold_and_hostile_ones_cost_no_time(linear: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not linear:
        found = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "re2" else found(name, *rest))
    (tmp_path / ".gitignore").write_text(f"{HOSTILE}\n*_local.py\n/made/**/*.py\n!made/kept/keep.py\n**/**/**/**/**/x/**/y.py\n")
    names = ["app.py", "settings_local.py", "a" * 200 + ".py", "made/deep/made.py", "made/kept/keep.py"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    started = time.process_time()
    read = set(read_project(Settings(root=tmp_path)))
    assert time.process_time() - started < 20, "the pattern is matched by an engine that takes exponential time"
    assert read == {"app.py", "a" * 200 + ".py", "made/kept/keep.py"}


@pytest.mark.parametrize("linear", [True, False])
def test_a_line_that_is_no_pattern_costs_only_itself(linear: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole file was not used, and what it leaves out was checked; git matches nothing by such a line and goes on."""
    if not linear:
        found = importlib.util.find_spec
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "re2" else found(name, *rest))
    (tmp_path / ".gitignore").write_bytes(b"[z-a].py\n\t!\n[d-\0]\nleft_out.py\n")
    for name in ("app.py", "left_out.py"):
        (tmp_path / name).write_text("x = 1\n")
    assert set(read_project(Settings(root=tmp_path))) == {"app.py"}
