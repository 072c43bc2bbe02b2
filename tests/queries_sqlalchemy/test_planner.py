"""What we say about the questions of the market is what PostgreSQL's planner does with the SQL that real SQLAlchemy sends for them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from planner.explain import Use, explain, share
from postgres_server import database
from queries_sqlalchemy.filled import fill
from queries_sqlalchemy.market_project import THROUGH, asked, project, sent

from backend_lint.facts.access import Access, Path
from backend_lint.facts.query import Query
from backend_lint.facts.schema import Dialect
from backend_lint.sql.serve import accesses

pytestmark = pytest.mark.skipif(importlib.util.find_spec("sqlalchemy") is None, reason="sqlalchemy is not installed: pip install 'backend-lint[test]'")
SELECTIVE = 0.02


@pytest.fixture(scope="module")
def market() -> Iterator[psycopg.Connection[Any]]:
    connection = database("market")
    fill(connection)
    yield connection
    connection.close()


def tables_of(query: Query, found: tuple[Access, ...]) -> dict[str, list[Access]]:
    answers: dict[str, list[Access]] = {}
    for access in found:
        answers.setdefault(access.table, []).append(access)
    return answers


def question_uses(connection: psycopg.Connection[Any], sql: str, params: dict[str, Any]) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for use in explain(connection, sql, params).values():  # type: ignore[arg-type]
        found.setdefault(use.table, []).append(use)
    return found


def test_agrees_with_the_planner(market: psycopg.Connection[Any]) -> None:
    """Precision at least 97 %: what is reported is read whole. Recall at least 95 %: what is read whole for a small part of its rows is reported."""
    schema = project().schema
    reported = wrong = needed = 0
    alarms, missed = [], []
    for question, (sql, params) in sent().items():
        sites = asked()[THROUGH.get(question, question)]
        uses = question_uses(market, sql, params)
        best: tuple[int, list[str], list[str], int, int] | None = None
        for site in sites:
            answers = tables_of(site.query, accesses(site.query, schema.table, Dialect.POSTGRESQL))
            false: list[str] = []
            lost: list[str] = []
            count = wanted = 0
            for table in sorted({*uses, *answers}):
                scans = [use for use in uses.get(table, []) if use.kind in ("scan", "walk", "skip", "whole")]
                ours = [access for access in answers.get(table, []) if access.path is Path.SCAN]
                count += bool(ours)
                if ours and not scans and uses.get(table):
                    false.append(f"{table}: {ours[0].condition}")
                selective = [use for use in scans if use.kind == "scan" and (part := share(market, use)) is not None and part < SELECTIVE]
                wanted += bool(selective)
                if selective and not ours:
                    lost.append(f"{table}: {selective[0].filter} {[str(one.path) + ' ' + one.because for one in answers.get(table, [])]}")
            score = (len(false) + len(lost), false, lost, count, wanted)
            if best is None or score[0] < best[0]:
                best = score
        assert best is not None, question
        reported, needed, wrong = reported + best[3], needed + best[4], wrong + len(best[1])
        alarms += [f"{question}: {one}" for one in best[1]]
        missed += [f"{question}: {one}" for one in best[2]]
    assert reported >= 80, "too little is asked that no index serves"
    assert wrong <= 0.03 * reported, f"{wrong} of {reported} are wrong:\n" + "\n".join(alarms)
    assert len(missed) <= 0.05 * needed, f"{len(missed)} of {needed} are missed:\n" + "\n".join(missed)
