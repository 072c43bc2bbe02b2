"""The smallest set of indexes that serves every query found, each with the queries it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.schema import Table
from backend_lint.project.answers import Answer
from backend_lint.sql.advice import Advised, advise

if TYPE_CHECKING:
    from backend_lint.project import Project


class Advice(NamedTuple):
    """An index to make, its table, and the queries that it serves, those that requests reach first."""

    advised: Advised
    table: Table
    answers: tuple[Answer, ...]


def advice(project: Project) -> tuple[Advice, ...]:
    """The advice for a project, by table and name. Small tables, administration pages and tests are left out, as for the rules."""
    schema = project.schema
    questions = project.answers.unserved
    names = {index.name for table in schema.tables.values() for index in table.indexes if index.name}
    found = advise([(one.site.query, one.access) for one in questions], schema.table, schema.dialect, names)
    result = []
    for one in found:
        served = sorted({id(questions[number]): questions[number] for number in one.serves}.values(), key=project.answers.order)
        table = schema.table(one.candidate.table)
        if table is not None:
            result.append(Advice(one, table, tuple(served)))
    return tuple(result)
