"""What we say of queries read from Django code is what PostgreSQL's planner does with the SQL that the real Django sends for them."""

from __future__ import annotations

import msgspec
import psycopg
from planner.explain import SCANS
from planner.judge import Score, judge
from postgres_server import uri_of
from queries_django import shop_project
from queries_django.filled import fill
from queries_django.joined import joined
from queries_django.shop_project import DATABASE, asked, project, sent, written

from backend_lint.facts.access import Path
from backend_lint.facts.query import Query

NO_INDEX_COULD = {'Book.objects.filter(author=F("editor"))', 'Book.objects.filter(title__startswith=F("slug"))'}
"""Two columns of a row compared: the matcher asks for no index, though few rows are left."""


def test_agrees_with_the_planner() -> None:
    """Precision at least 97 %: what is reported is read whole. Recall at least 95 %: what is read whole for a small part of its rows is reported."""
    queries: dict[str, Query] = {}
    statements = []
    for question, answer in sent().items():
        if question not in written() or answer.query is None or answer.sql.startswith("INSERT") or not asked()[question]:
            continue
        queries[answer.sql] = _named(asked()[question][0].query, answer.query)
        statements.append((answer.sql, None, question))
    with psycopg.connect(uri_of(DATABASE), autocommit=True) as connection:
        fill(connection)
        score = judge(connection, statements, project().schema.table, queries.get)  # type: ignore[arg-type]
    assert len(statements) >= 400
    assert not score.failed, score.failed[:3]
    assert len(score.reported) >= 80, "too little is asked that no index serves"
    assert score.precision >= 0.97, [(case.shape, case.use.alias, case.use.indexes) for case in score.wrong]
    unknown = [case for case in score.missed if case.access is not None and case.access.path is Path.UNKNOWN]
    missed = [case for case in score.missed if case not in unknown and case.shape not in NO_INDEX_COULD]
    told = [(case.shape, case.use.alias, case.use.filter, case.access and case.access.because) for case in missed]
    assert len(missed) <= 0.05 * len(score.needed), told
    assert len(unknown) <= 2, [(case.shape, case.use.alias) for case in unknown]


def test_joins_of_one_selective_condition_are_judged_as_the_planner_does() -> None:
    """Paths of up to three relations from any model: no index is asked for that the planner would not use, and none is missed."""
    score = _judged(joined(11, 400, 1))
    assert len(score.reported) >= 80
    assert score.precision >= 0.97, [(case.shape, case.use.alias, case.use.indexes) for case in score.wrong]
    assert score.recall >= 0.95, [(case.shape, case.use.alias, case.use.filter) for case in score.missed]


def test_joins_of_several_conditions_are_judged_as_the_planner_does_if_it_can_be_told() -> None:
    """Of two tables without an index for their conditions the planner reads the one with fewer pages: how many those are, no schema says."""
    score = _judged((*joined(12, 200, 1), *joined(13, 200, 2)))
    told = [case for case in score.wrong if case.use.kind == "index" and not _has_two(case.sql, score)]
    assert not told, [(case.shape, case.use.alias, case.use.indexes) for case in told]
    assert score.precision >= 0.93, [(case.shape, case.use.alias, case.use.indexes) for case in score.wrong]
    assert score.recall >= 0.93, [(case.shape, case.use.alias, case.use.filter) for case in score.missed]


def _has_two(sql: str, score: Score) -> bool:
    """The planner reads another table of the statement whole in the place of the one we name."""
    return any(case.sql == sql and case.use.kind in SCANS for case in score.cases)


def _judged(questions: tuple[str, ...]) -> Score:
    answers, sites = shop_project.answers(questions)
    queries = {answer.sql: _named(sites[question][0].query, answer.query) for question, answer in answers.items() if answer.query is not None}
    with psycopg.connect(uri_of(DATABASE), autocommit=True) as connection:
        fill(connection)
        return judge(connection, [(answers[one].sql, None, one) for one in questions], project().schema.table, queries.get)  # type: ignore[arg-type]


def _named(ours: Query, theirs: Query) -> Query:
    """Our query with the aliases of Django's statement, in which the plan speaks."""
    relations, subqueries = ours.relations, ours.subqueries
    if len(relations) == len(theirs.relations):
        relations = tuple(msgspec.structs.replace(one, alias=other.alias) for one, other in zip(relations, theirs.relations, strict=True))
    if len(subqueries) == len(theirs.subqueries):
        subqueries = tuple(_named(one, other) for one, other in zip(subqueries, theirs.subqueries, strict=True))
    return msgspec.structs.replace(ours, relations=relations, subqueries=subqueries)
