"""A rule that fails has not judged anything, its suppressions neither."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend_lint.api import Finding, ProjectRule
from backend_lint.card import ENGINE_CARDS, card_of
from backend_lint.config import Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry


class FailsHere(ProjectRule):
    """Raises."""

    severity, precision, since = "error", "high", "0.1"

    def check(self, project: Any) -> Iterator[Finding]:
        raise KeyError("oops")
        yield


FailsHere.name, FailsHere.family = "fails-here", "test"


def test_a_suppression_of_a_rule_that_failed_is_not_called_unused(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1  # backend-lint: ignore[fails-here] why\n", "utf-8")
    registry = Registry({"fails-here": FailsHere}, {"fails-here": card_of(FailsHere, "fails-here", "test"), **ENGINE_CARDS})
    result = run(Settings(root=tmp_path, cache=False, jobs=1), registry)
    assert [item.reason for item in result.unchecked] == ["rule fails-here failed: KeyError: 'oops'"]
    assert result.findings == ()
