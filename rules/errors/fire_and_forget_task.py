from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.facts.python import Body, Call, Use
from backend_lint.project import Project, SourceModule
from backend_lint.project.event_loop import ends_at_once
from backend_lint.project.failures import call_name, symbol_of
from backend_lint.project.left_behind import is_left_behind
from backend_lint.project.value_text import call_ids

_TOKEN = re.compile(r"#\d+|%\w+")
_SPAWNERS = frozenset({"create_task", "ensure_future"})
_OTHERS = re.compile(r"TaskGroup|\.run(?:_until_complete)?\(\)")  # what keeps its tasks, and what a coroutine made
_LOOP = re.compile(r"(?:^|[._])loop\.create_task$")


class FireAndForgetTask(ProjectRule):
    """An asyncio task is started and nobody keeps it.

    ## What it does

    Reports `asyncio.create_task` and `asyncio.ensure_future` whose result is dropped, or bound to a name that is never read.

    ## Why is this bad

    The event loop holds tasks by weak references only: a task that nobody keeps may be collected while it waits, and its work just stops. Its exception
    is seen by nobody who could act on it.

    ## Example

    ```python
    import asyncio


    async def order_placed(order, mailer):
        asyncio.create_task(mailer.confirm(order))
    ```

    ## Use instead

    ```python
    import asyncio

    running = set()


    async def order_placed(order, mailer):
        task = asyncio.create_task(mailer.confirm(order))
        running.add(task)
        task.add_done_callback(running.discard)
    ```

    ## When this is wrong

    Where the coroutine holds a reference to its own task, or the task ends before anything could collect it. Tasks of an `asyncio.TaskGroup` are left
    alone: the group keeps them.

    ## References

    - [Python: asyncio.create_task](https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task)
    """

    severity, precision, since = "warning", "very-high", "0.1"
    roles = frozenset({Role.APPLICATION, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        for (path, index), numbers in project.named_calls.functions(_SPAWNERS).items():
            module = project.modules[path]
            if module.role in self.roles and not is_left_behind(project, path):
                body = module.bodies[index]
                imported = any(found.module.partition(".")[0] == "asyncio" for found in module.facts.imports)
                if imported or any(_LOOP.search(body.calls[number].callee) for number in numbers):
                    yield from self._function(project, module, index, body)

    def _function(self, project: Project, module: SourceModule, index: int, body: Body) -> Iterator[Finding]:
        if module.functions[index].name.endswith(".__del__"):
            return  # nobody is left who could keep it
        read: _Read | None = None
        for number, call in enumerate(body.calls):
            if call.use not in (Use.DROPPED, Use.BOUND) or call.awaited or call.callee.rpartition(".")[2] not in _SPAWNERS:
                continue
            if not _spawns(project, module, index, call):
                continue
            if call.use is Use.BOUND and (read := read or _Read(module, index, body)).reads(number, call):
                continue
            made = [body.calls[one] for value in call.args[:1] for one in call_ids(value)[:1]]
            if any(ends_at_once(project, (module.path, index), one) or _is_held(project, module, index, one) for one in made):
                continue
            what = f"the task of `{started}`" if (started := _started(body, call)) else "the task"
            harm = "is kept by nobody and may be collected before it ends: keep it until it is done, or use a task group"
            yield self.finding(module.path, call, f"{what} {harm}", symbol=symbol_of(module.functions[index]))


def _spawns(project: Project, module: SourceModule, index: int, call: Call) -> bool:
    target = project.value(module.path, index, call.callee)
    if target is not None and not target.is_external:
        return False
    name = target.name if target is not None else ""
    return (name.startswith("asyncio.") and not _OTHERS.search(name)) or bool(_LOOP.search(name or call.callee))


def _is_held(project: Project, module: SourceModule, index: int, call: Call) -> bool:
    """It waits for a thread from its first step to its last: the thread holds the future, and that the task."""
    return (target := project.value(module.path, index, call.callee)) is not None and target.name == "asyncio.to_thread"


class _Read:
    """Which locals and results of calls a function mentions where, nested functions included; looked up once for all of its tasks."""

    def __init__(self, module: SourceModule, index: int, body: Body) -> None:
        self.places: dict[str, set[str]] = {}
        """By ``%name`` or ``#number``: ``#n`` where it is an argument of call n, ``=value`` where that is bound, else empty."""
        for place, text in _texts(body):
            for token in _TOKEN.findall(text):
                self.places.setdefault(token, set()).add(place)
        prefix = module.functions[index].name + ".<locals>."
        nested = (other for head, other in zip(module.functions, module.bodies, strict=True) if head.name.startswith(prefix))
        self.nested = {token for other in nested for _, text in _texts(other) for token in _TOKEN.findall(text)}

    def reads(self, number: int, call: Call) -> bool:
        """Whether the local that holds the task is mentioned anywhere else."""
        if not call.target.startswith("%") or "." in call.target or "[" in call.target:
            return True
        here = self.places.get(call.target, set()) | self.places.get(f"#{number}", set())
        return bool(here - {f"#{number}", f"=#{number}"}) or call.target in self.nested


def _texts(body: Body) -> Iterator[tuple[str, str]]:
    for number, call in enumerate(body.calls):
        yield "", call.callee
        for value in (*call.args, *(value for _, value in call.keywords)):
            yield f"#{number}", value
    yield from (("", found.value) for found in body.returns)
    yield from (("", found.value) for found in body.yields)
    yield from (("", value) for _, value, _ in body.awaits)
    yield from (("", found.subject) for found in body.blocks)
    for found in body.assigns:
        yield f"={found.value}", found.value
        if not found.target.startswith("%") or "." in found.target or "[" in found.target:
            yield "", f"{found.target} {found.value}"


def _started(body: Body, call: Call) -> str:
    for value in call.args[:1]:
        for number in call_ids(value)[:1]:
            return call_name(body.calls[number].callee)
    return ""
