"""Who hangs while a call waits for another machine: the request, task or command behind it, and what ends the wait all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Evidence
from backend_lint.facts.deployment import Bound
from backend_lint.facts.file import Role
from backend_lint.facts.route import EntryKind
from backend_lint.project.by_hand import is_scheduled, started_by_hand

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_SAID = {
    EntryKind.ROUTE: "the request to `{}` hangs",
    EntryKind.WEBSOCKET: "the websocket of `{}` hangs",
    EntryKind.MIDDLEWARE: "each request through `{}` hangs",
    EntryKind.CONSUMER: "the consumer `{}` hangs",
    EntryKind.TASK: "the task `{}` and its worker hang",
    EntryKind.COMMAND: "the command `{}` hangs",
    EntryKind.STARTUP: "the start of the service hangs",
}


_STARTED = frozenset({Role.COMMAND, Role.SCRIPT})
_OUT = frozenset({Role.TEST, Role.MIGRATION})
_FAR = 3
"""How many callers' callers are asked."""
_BY_FILE = frozenset({"django", "script"})
"""Whose commands are called as their files are."""


class Hanging(NamedTuple):
    """`who`: what hangs, in words; empty if it is not known. `soft`: no request waits, and something ends the wait or somebody sees it.

    `aside`: production waits for nothing there: somebody started it by hand and sits before it, or nobody calls it.
    """

    who: str
    soft: bool
    evidence: tuple[Evidence, ...] = ()
    aside: bool = False


def hanging(project: Project, key: FunctionKey) -> Hanging:
    """What a function that waits for ever keeps waiting."""
    command = project.modules[key[0]].role is Role.COMMAND
    reached = project.reached_from(key)
    if reached is None:
        by_hand = command or started_by_hand(project, key) or _is_script(project, key)
        if key[1] == 0 and not by_hand:
            return Hanging("what imports this module hangs as it starts", True, ())
        if not by_hand and project.answers.is_unused(*key):
            return Hanging("whoever calls it hangs", False, (), True)
        soft = by_hand or _only_commands_call(project, key, _FAR) or _tasks_end(project)
        return Hanging("", soft, (), by_hand and not is_scheduled(project, key[0]))
    entry, _ = reached
    name = entry.name.replace(".<locals>", "")
    path = entry.module
    owner, _, method = name.rpartition(".")
    if entry.kind is EntryKind.COMMAND and entry.framework in _BY_FILE:
        owner, method = path.removesuffix(".py").removesuffix("/__main__").rpartition("/")[2], "_"
    who = f"a request that runs `{name}` hangs" if entry.hook else _SAID[entry.kind].format(owner if owner and method.startswith("_") else name)
    here = (path, entry.function) == key
    evidence = () if here else (Evidence(path, entry.line, f"reached from {entry.said}"),)
    if entry.kind is EntryKind.TASK:
        limit = project.deployment.task_deadline(path, entry.name)
        if limit is not None:
            return Hanging(f"only the time limit of {limit.seconds:g} s ends the task `{name}`", True, (*evidence, limit.evidence()))
        return Hanging(who, _tasks_end(project), evidence)
    by_hand = command or entry.kind is EntryKind.COMMAND
    shared = not command and path != key[0]  # what others may call as well
    return Hanging(who, by_hand, evidence, by_hand and not (shared or is_scheduled(project, path)))


def _only_commands_call(project: Project, key: FunctionKey, far: int) -> bool:
    """Commands and scripts call the function, themselves or through others, and nothing else does; none of them at its times."""
    callers = [caller for caller, _ in project.calls.callers(key) if caller != key and project.modules[caller[0]].role not in _OUT]
    return bool(callers) and all(
        (project.modules[path].role in _STARTED and not is_scheduled(project, path)) or (far > 0 and _only_commands_call(project, (path, number), far - 1))
        for path, number in callers
    )


def _tasks_end(project: Project) -> bool:
    """Some limit ends every task, be it of a length that nobody can read here."""
    return any(found.deadline.bounds is Bound.TASK and not found.deadline.unit and not found.development for found in project.deployment.deadlines)


def _is_script(project: Project, key: FunctionKey) -> bool:
    """The body of a module that no other imports."""
    name = key[0].rpartition("/")[2].removesuffix(".py")
    imports = (found for module in project.modules.values() for found in module.facts.imports)
    return key[1] == 0 and name != "__init__" and not any(name == found.member or name == found.module.rpartition(".")[2] for found in imports)
