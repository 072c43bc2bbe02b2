"""``backend-lint index-advice``: the smallest set of indexes that serves every query found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli.options import model_options, prepare
from backend_lint.cli.streams import warn, write_report
from backend_lint.config import ConfigError

if TYPE_CHECKING:
    from backend_lint.engine.verify import Plan
    from backend_lint.project import Project
    from backend_lint.project.advised import Advice

Plans = dict[int, "list[tuple[int, Plan]]"]
"""Number of an advice -> number of one of its queries and what the planner does with it."""


@click.command("index-advice", short_help="Print the smallest set of indexes that serves every query found.")
@model_options
@click.option("--format", "format_", type=click.Choice(["sql", "django", "sqlalchemy", "json"]), default="sql", show_default=True)
@click.option("--verify", metavar="DSN", help="Ask a PostgreSQL with this schema whether it would use each index. Use a copy, never production.")
def command(format_: str, verify: str | None, **given: Any) -> int:
    """Print the indexes that are missing, as SQL, as Django's `models.Index` or as SQLAlchemy's `Index`, each with the queries that it serves.

    No index that a present one already covers is printed; equality columns are ordered so that one index serves several queries. Nothing is changed anywhere.
    """
    from backend_lint.engine.run import read_model
    from backend_lint.project.advised import advice

    settings = prepare(given).settings
    if settings.paths != ("",):
        raise ConfigError("index-advice looks at the whole project: name its folder, or none")
    project, unchecked = read_model(settings)
    found = advice(project)
    plans = _verified(project, found, verify) if verify is not None else {}
    write_report(_json(project, found, plans) if format_ == "json" else _text(project, found, plans, format_))
    if settings.verbosity >= 0:
        for skipped in unchecked:
            warn(f"{skipped.path}: {skipped.reason}", "not read")
    return 0


def _verified(project: Project, found: tuple[Advice, ...], dsn: str) -> Plans:
    from backend_lint.engine.verify import Outcome, Plan, Server
    from backend_lint.facts.schema import Dialect
    from backend_lint.sql.index_text import preparations, statement
    from backend_lint.sql.render import NotRenderableError, render

    if project.schema.dialect is not Dialect.POSTGRESQL:
        raise ConfigError(f"--verify asks PostgreSQL, and this project runs on {project.schema.dialect}")
    server = Server(dsn)
    plans: Plans = {}
    try:
        for number, one in enumerate(found):
            statements: list[tuple[int, str]] = []
            plans[number] = []
            for position, answer in enumerate(one.answers):
                try:
                    statements.append((position, render(answer.site.query)))
                except NotRenderableError as error:
                    plans[number].append((position, Plan(Outcome.FAILED, f"cannot be written as SQL: {error}")))
            made = statement(one.advised.candidate, one.advised.name, concurrently=False).rstrip(";")
            outcomes = server.check(made, one.advised.name, one.table.name, [text for _, text in statements], preparations(one.advised.candidate))
            plans[number] += [(position, plan) for (position, _), plan in zip(statements, outcomes, strict=True)]
    finally:
        server.close()
    return plans


def _text(project: Project, found: tuple[Advice, ...], plans: Plans, format_: str) -> str:
    from backend_lint.report.escape import visible
    from backend_lint.sql.index_text import preparations

    comment = "--" if format_ == "sql" else "#"
    if not found:
        return f"{comment} every query that was understood is served by an index, or asks for most of its table\n"
    lines = []
    prepared = list(dict.fromkeys(text for one in found for text in preparations(one.advised.candidate)))
    lines += [*prepared, ""] if format_ == "sql" and prepared else []
    for number, one in enumerate(found):
        place = project.places.indexes_go(one.table)
        lines.append(f"{comment} {one.table.name}{f', {place.path}:{place.line}' if place.path else ''}")
        outcomes = dict(plans.get(number, ()))
        shown: set[tuple[str, int]] = set()
        for position, answer in enumerate(one.answers):
            plan = outcomes.get(position)
            if (answer.site.path, answer.site.line) in shown:  # another way of the same query
                continue
            shown.add((answer.site.path, answer.site.line))
            verdict = f"  [{plan.outcome}{f': {plan.node}' if plan.node else ''}]" if plan is not None else ""
            lines.append(f"{comment}   {answer.site.path}:{answer.site.line}  {' '.join(answer.site.text.split())[:140]}{verdict}")
        lines += [_declared(project, one, format_), ""]
    return "\n".join(visible(line) for line in lines[:-1]) + "\n"


def _declared(project: Project, one: Advice, format_: str) -> str:
    from backend_lint.sql.index_text import DJANGO_NAME, django, sqlalchemy, statement

    if format_ == "django":
        mapped = project.places.model(one.table.name)
        fields = {field.column: field.name for field in mapped.fields.values()} if mapped is not None else {}
        return django(one.advised.candidate, _short(project, one) if len(one.advised.name) > DJANGO_NAME else one.advised.name, fields) + ","
    if format_ == "sqlalchemy":
        return sqlalchemy(one.advised.candidate, one.advised.name) + ","
    return statement(one.advised.candidate, one.advised.name, project.schema.dialect)


def _short(project: Project, one: Advice) -> str:
    from backend_lint.sql.advice import name_of
    from backend_lint.sql.index_text import DJANGO_NAME

    taken = {index.name for table in project.schema.tables.values() for index in table.indexes}
    return name_of(one.advised.candidate, taken, DJANGO_NAME)


def _json(project: Project, found: tuple[Advice, ...], plans: Plans) -> str:
    entries = []
    for number, one in enumerate(found):
        place = project.places.indexes_go(one.table)
        outcomes = dict(plans.get(number, ()))
        serves = []
        for position, answer in enumerate(one.answers):
            plan = outcomes.get(position)
            serves.append(
                {
                    "path": answer.site.path,
                    "line": answer.site.line,
                    "text": answer.site.text,
                    "verified": None if plan is None else {"outcome": plan.outcome.value, "node": plan.node},
                }
            )
        entries.append(
            {
                "name": one.advised.name,
                "table": one.table.name,
                "path": place.path or None,
                "line": place.line or None,
                "keys": [key.column or key.expression for key in one.advised.candidate.keys],
                "method": one.advised.candidate.method,
                "sql": _declared(project, one, "sql"),
                "django": _declared(project, one, "django").rstrip(","),
                "sqlalchemy": _declared(project, one, "sqlalchemy").rstrip(","),
                "serves": serves,
            }
        )
    return json.dumps({"indexes": entries}, indent=2) + "\n"
