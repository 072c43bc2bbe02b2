"""What each runner wraps into a transaction. Sources: the documentation of the runners."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.project.migrating.model import Runner, Step
from backend_lint.project.schema.history import Done, Node
from backend_lint.project.value_text import call_ids
from backend_lint.sql.locks import Lock

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule


def django_transaction(project: Project, node: Node) -> bool | None:
    """``atomic = False`` of the class; True without it."""
    for one in project.modules[node.path].classes[node.owner].attributes:
        if one.name == "atomic":
            return {"True": True, "False": False}.get(one.value)
    return True


def after_deploy(project: Project, node: Node) -> bool:
    """The class says to django-safemigrate that it is to be applied when the new code runs: ``safe = Safe.after_deploy()``."""
    module = project.modules[node.path]
    for one in module.classes[node.owner].attributes if node.owner >= 0 else ():
        if one.name == "safe":
            return any(module.bodies[0].calls[number].callee.endswith("Safe.after_deploy") for number in call_ids(one.value)[:1])
    return False


def alembic_transaction(project: Project, node: Node) -> bool | None:
    """``transactional_ddl=False`` or AUTOCOMMIT in ``env.py``; True without them. None for a revision that changes its connection itself."""
    if _sets_isolation(project.modules[node.path]):
        return None
    env = project.modules.get(f"{node.group}/env.py".lstrip("/"))
    if env is None:
        return True
    if _sets_isolation(env):
        return False
    for body in env.bodies:
        for call in body.calls:
            if call.callee.endswith("configure"):
                given = dict(call.keywords).get("transactional_ddl")
                if given == "False":
                    return False
                if given not in (None, "True"):
                    return None
    return True


def _sets_isolation(module: SourceModule) -> bool:
    return any(key == "isolation_level" and "AUTOCOMMIT" in value for body in module.bodies for call in body.calls for key, value in call.keywords)


def steps(done: Iterable[Done], wrapped: bool | None, runner: Runner, beside: frozenset[str]) -> tuple[Step, ...]:
    """The steps of a migration with the transaction that each runs in, and whether its table is made beside it."""
    found: list[Step] = []
    held: dict[str, Lock] = {}
    inside = wrapped
    for one in done:
        if isinstance(one.change, Act) and not runner.is_python:
            if one.change.kind is ActKind.BEGIN:
                inside = True
            elif one.change.kind is ActKind.COMMIT:
                inside = False
        within = False if one.bare else inside
        if within is not True:
            held = {}
        for cost in one.costs:
            held[cost.table] = max(cost.lock, held.get(cost.table, Lock.NONE))
        fresh = isinstance(one.change, ddl.CreateTable) or (bool(one.born) and one.born in beside)
        found.append(Step(one, within, fresh, {cost.table: held[cost.table] for cost in one.costs}))
    return tuple(found)
