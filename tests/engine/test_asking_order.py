"""Rules that are asked first ask the model little: else nobody sees an early answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from random_edits import laid_out

from backend_lint.config import Settings
from backend_lint.engine import asking_order, judge
from backend_lint.engine.run import run
from backend_lint.project import Project
from backend_lint.registry import Registry


def test_rules_that_are_listed_exist() -> None:
    assert Registry.load(entry_points=False).cards.keys() >= asking_order._FIRST | asking_order._LAST


def test_what_is_asked_first_asks_for_no_query_and_no_table(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}
    real = judge._answers

    def spy(rule: judge.ProjectRule, model: Project, *rest: object) -> list[object]:
        found = list(real(rule, model, *rest))  # type: ignore[arg-type]
        asked[rule.name] = {"schema", "queries"} & model.__dict__.keys()
        return found

    monkeypatch.setattr(judge, "_answers", spy)
    run(Settings(root=laid_out(project), jobs=1, profile="all", cache=False), Registry.load(entry_points=False))
    names = list(asked)
    first = [name for name in names if name in asking_order._FIRST]
    assert len(first) > 40 and names[: len(first)] == first and not [name for name in first if asked[name]]
    last = [name for name in names if name in asking_order._LAST]
    assert names[len(names) - len(last) :] == last
