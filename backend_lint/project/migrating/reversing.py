"""Migrations without a way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.act import Act
from backend_lint.project.migrating.model import Runner
from backend_lint.project.migrating.taking_back import needs_no_way_back
from backend_lint.project.schema.django import django_project
from backend_lint.project.schema.django_graph import attribute
from backend_lint.project.schema.django_values import Made
from backend_lint.project.schema.history import History, Node

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.migrating import Migrations

_ENOUGH = 3
"""Migrations without a way back that make a habit of it."""


class OneWay(NamedTuple):
    """What cannot be taken back. `what`: the operation, or ``downgrade``. `harmless`: nothing needs to be undone."""

    path: str
    line: int
    what: str
    runner: Runner
    harmless: bool = False


def one_way(project: Project, migrations: Migrations) -> Iterator[OneWay]:
    """What the judged migrations cannot take back. A project that hardly ever goes back is left alone."""
    judged = {migration.path for migration in migrations.judged}
    for history in migrations.histories:
        ask = {"django": _django, "alembic": _alembic}.get(history.runner)
        if ask is None:
            continue
        ways = [(node, way) for node in history.nodes for way in ask(project, history, node)]
        lacking = [(node, found) for node, found in ways if found is not None]
        everyone = {node.path for node, _ in ways}
        others = everyone - judged or everyone
        habit = {node.path for node, _ in lacking} & others
        if len(habit) >= _ENOUGH and len(habit) * 2 > len(others):
            continue
        yield from (found for node, found in lacking if node.path in judged)


def _django(project: Project, history: History, node: Node) -> Iterator[OneWay | None]:
    """For each ``RunPython`` and ``RunSQL``: None if it has a way back."""
    reader = django_project(project).values
    waiting: list[Any] = list(attribute(reader, node.path, node.owner, "operations"))
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, Made) or one.named.ref is not None:
            continue
        if one.last == "SeparateDatabaseAndState":
            waiting += reader.listed(one.get("database_operations", 0))
        elif one.last in ("RunPython", "RunSQL"):
            back = one.has("reverse_code" if one.last == "RunPython" else "reverse_sql") or len(one.fact.args) > 1
            harmless = not back and one.last == "RunPython" and needs_no_way_back(project, node, one)
            yield None if back else OneWay(node.path, one.line, one.last, Runner.DJANGO, harmless)


def _alembic(project: Project, history: History, node: Node) -> Iterator[OneWay | None]:
    """For a revision that changes the schema: None if its ``downgrade`` does something or says that it will not."""
    if not any(not isinstance(done.change, Act | ddl.Seed | ddl.Forget) for done in history.done.get(node.path, ())):
        return
    module = project.modules[node.path]
    kind, number = module.names.get("downgrade", ("", 0))
    if kind != "function":
        return
    body = module.bodies[number]
    empty = not body.calls and not body.raises
    yield OneWay(node.path, module.functions[number].line, "downgrade", Runner.ALEMBIC) if empty else None
