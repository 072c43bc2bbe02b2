"""What real Django and real SQLAlchemy send leads back to the line that asks: measured over all questions that their tests have."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable

import pytest
from queries_django import shop_project
from queries_sqlalchemy import market_project

from backend_lint.facts.performance import StatementTime
from backend_lint.facts.query import Site
from backend_lint.project import Project
from backend_lint.project.performance import statements
from backend_lint.project.performance.statements import Statements


def shares(project: Project, questions: Iterable[tuple[str, Iterable[Site]]]) -> tuple[int, float, float]:
    """How many statements there are, and which shares of them lead to their place, or to other places only."""
    finder = Statements(project)
    count = right = wrong = 0
    for sql, sites in questions:
        found = {(site.path, site.line) for site in finder.timed(StatementTime(sql, 100, 200.0)).sites}
        count += 1
        right += bool(found & {(site.path, site.line) for site in sites})
        wrong += bool(found) and not found & {(site.path, site.line) for site in sites}
    return count, right / count, wrong / count


@pytest.mark.skipif(importlib.util.find_spec("django") is None, reason="django is not installed: pip install 'backend-lint[test]'")
def test_statements_of_django() -> None:
    asked = shop_project.asked()
    count, right, wrong = shares(
        shop_project.project(), ((answer.sql, asked[question]) for question, answer in shop_project.sent().items() if answer.query is not None)
    )
    assert count > 800
    assert right > 0.98, "a slow statement is no longer led to its line"
    assert wrong < 0.01


@pytest.mark.skipif(importlib.util.find_spec("sqlalchemy") is None, reason="sqlalchemy is not installed: pip install 'backend-lint[test]'")
def test_statements_of_sqlalchemy(monkeypatch: pytest.MonkeyPatch) -> None:
    # dozens of its questions ask the same, and are all named
    monkeypatch.setattr(statements, "_MOST_SITES", 100)
    asked = market_project.asked()
    count, right, wrong = shares(
        market_project.project(),
        ((sql, asked.get(market_project.THROUGH.get(question, question), [])) for question, (sql, _) in market_project.sent().items()),
    )
    assert count > 350
    assert right > 0.95, "a slow statement is no longer led to its line"
    assert wrong < 0.03
