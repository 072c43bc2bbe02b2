"""Who ends a transaction: the dependency that hands out the session, or whoever writes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call, Function
from backend_lint.project.held_sessions import is_session

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_WRITES = frozenset({"add", "add_all", "delete", "flush", "merge", "bulk_save_objects"})
_FEWEST, _SHARE = 5, 0.25
"""So many functions must leave the commit to the owner, and no more than this share do it themselves, before they are held to it."""


class Commit(NamedTuple):
    """Function `function` ends with `call` the transaction of a session that it was handed."""

    function: FunctionKey
    call: Call


class UnitsOfWork(NamedTuple):
    """`owner`: the function that commits after it has handed the session out, and the line of that commit. `keeping`: how many functions leave it to it."""

    owner: tuple[FunctionKey, int]
    commits: tuple[Commit, ...]
    keeping: int


def commits_outside(project: Project) -> UnitsOfWork | None:
    """The commits against the convention; None where no dependency commits, or where there is no such convention.

    Only FastAPI's dependencies own a unit of work here: what ``with`` hands out is ended by whoever has written the ``with``, and may be several.
    """
    owner = _owner(project)
    if owner is None:
        return None
    commits: list[Commit] = []
    keeping = 0
    for path, module in project.modules.items():
        if module.role is not Role.APPLICATION:
            continue
        for number, head in enumerate(module.functions):
            if (path, number) == owner[0] or not head.parameters:
                continue
            body = module.bodies[number]
            ended = _of_session(project, path, number, body, frozenset({"commit"}))
            handed = next((call for call in ended if _is_handed(head, call)), None)
            if handed is not None:
                commits.append(Commit((path, number), handed))
            elif not ended and any(_is_handed(head, call) for call in _of_session(project, path, number, body, _WRITES)):
                keeping += 1
    if keeping < _FEWEST or len(commits) > _SHARE * keeping:
        return None
    return UnitsOfWork(owner, tuple(commits), keeping)


def _owner(project: Project) -> tuple[FunctionKey, int] | None:
    """The dependency that commits after its ``yield``, and the line of the commit."""
    ending: dict[FunctionKey, int] = {}
    for path, module in project.modules.items():
        if module.role is Role.APPLICATION:
            for number, head in enumerate(module.functions):
                body = module.bodies[number] if head.is_generator else None
                if body is not None and body.yields:
                    ended = _of_session(project, path, number, body, frozenset({"commit"}))
                    line = next((call.line for call in ended if call.line > body.yields[0].line), 0)
                    if line:
                        ending[path, number] = line
    if not ending:
        return None
    asked = _dependencies(project)
    return next(((key, line) for key, line in ending.items() if key in asked), None)


def _dependencies(project: Project) -> set[FunctionKey]:
    """The functions that FastAPI calls for a parameter."""
    found: set[FunctionKey] = set()
    for path, module in project.modules.items():
        if not any(fact.module.startswith("fastapi") for fact in module.facts.imports):
            continue
        for number in range(len(module.functions)):
            for call in module.bodies[number].calls:
                if call.args and call.callee.rpartition(".")[2] == "Depends":
                    ref = project.value(path, number, call.args[0])
                    if ref is not None and ref.path and not ref.is_external:
                        found.add(ref.function)
    return found


def _of_session(project: Project, path: str, number: int, body: Body, methods: frozenset[str]) -> list[Call]:
    found = []
    for call in body.calls:
        owner, _, method = call.callee.rpartition(".")
        if method in methods and owner and is_session(project, project.value(path, number, owner)):
            found.append(call)
    return found


def _is_handed(head: Function, call: Call) -> bool:
    """The session is a parameter, or an attribute of the object."""
    name = call.callee.split(".")[0].removeprefix("%")
    return any(one.name == name for one in head.parameters)
