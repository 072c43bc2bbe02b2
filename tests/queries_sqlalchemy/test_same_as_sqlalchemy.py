"""Every question of the market asks what real SQLAlchemy sends to PostgreSQL for it."""

from __future__ import annotations

import ast
import importlib.util

import pytest
from queries_sqlalchemy.compare import differences
from queries_sqlalchemy.market_project import FOLDER, THROUGH, asked, sent

from backend_lint.sql.parse import parse

pytestmark = pytest.mark.skipif(importlib.util.find_spec("sqlalchemy") is None, reason="sqlalchemy is not installed: pip install 'backend-lint[test]'")

QUESTIONS = [
    f"{name}.{node.name}"
    for name in ("selects", "joins", "legacy", "moves")
    for node in ast.parse((FOLDER / f"{name}.py").read_text()).body
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")
]


def test_there_are_many_questions() -> None:
    assert len(QUESTIONS) >= 300
    assert sorted(sent()) == sorted(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS)
def test_asks_the_same(question: str) -> None:
    sql, _ = sent()[question]
    parsed = parse(sql)
    assert len(parsed.queries) == 1, f"our SQL parser does not understand {sql}: {parsed.not_understood}"
    ours = asked().get(THROUGH.get(question, question), [])
    assert ours, f"no query found; SQLAlchemy sends {sql}"
    found = [differences(site.query, parsed.queries[0]) for site in ours]
    assert any(not one for one in found), f"{sql}\n" + "\n".join(min(found, key=len))
