"""Coverage reports are read where the gate or a rule asks for what they say, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry


@pytest.mark.parametrize(("rule", "is_read"), [("coverage-total-floor", True), ("assertionless-test", False), ("import-cycle", False)])
def test_by_what_the_rule_needs(rule: str, is_read: bool, tmp_path: Path) -> None:
    (tmp_path / "coverage.xml").write_text("<coverage")
    result = run(Settings(root=tmp_path, cache=False, select=(rule,)), Registry.load(entry_points=False))
    assert (result.coverage is not None) == is_read
    assert bool(result.unchecked) == is_read, "a report that is cut off is named by whoever reads it"
