"""LibCST is an extra: without it `fix` says how to get it, `check` works, and rules that match with LibCST say that they did not."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend_lint.api import CstRule, File, Finding
from backend_lint.config import ConfigError, Settings
from backend_lint.engine.mend import mend
from backend_lint.engine.read_file import _with_cst
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.readers.python import read
from backend_lint.registry import Registry


class Sleeps(CstRule):
    severity, precision, since = "info", "high", "0.1"
    triggers = (b"sleep",)

    def visit_module(self, module: Any, file: File) -> Iterator[Finding]:
        raise AssertionError("it cannot run")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "libcst" else found(name, *rest))


@pytest.mark.usefixtures("bare")
def test_fix_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(ConfigError, match=r"pip install 'backend-lint\[fix\]'; `check` shows what to change"):
        mend(Settings(root=tmp_path), Registry.load(entry_points=False), unsafe=False, diff=True)


@pytest.mark.usefixtures("bare")
def test_rules_on_libcst_are_named_as_not_checked() -> None:
    data = b"import time\ntime.sleep(1)\n"
    file = SourceFile("a.py", Kind.PYTHON, Role.APPLICATION, len(data))
    reading = _with_cst(read(data, file, ()), file, data, [Sleeps("sleeps", "house")], timed=False)
    assert [one.reason for one in reading.unchecked] == ["sleeps: needs LibCST, which is not installed: pip install 'backend-lint[fix]'"]
    assert reading.facts, "what other rules need of the file is lost"
