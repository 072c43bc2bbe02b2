from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.facts.python import Body, Call, Use
from backend_lint.project import Project, SourceModule
from backend_lint.project.failures import call_name, symbol_of
from backend_lint.project.value_text import call_ids

_SPAWNERS = frozenset({"create_task", "ensure_future"})


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
        for module in project.modules.values():
            if module.role in self.roles and any(found.module.partition(".")[0] == "asyncio" for found in module.facts.imports):
                for index, body in enumerate(module.bodies):
                    yield from self._function(project, module, index, body)

    def _function(self, project: Project, module: SourceModule, index: int, body: Body) -> Iterator[Finding]:
        for number, call in enumerate(body.calls):
            if call.use not in (Use.DROPPED, Use.BOUND) or call.awaited or call.callee.rpartition(".")[2] not in _SPAWNERS:
                continue
            if not _spawns(project, module, index, call) or (call.use is Use.BOUND and not _is_never_read(module, index, body, number, call)):
                continue
            started = _started(body, call)
            what = f"the task of `{started}`" if started else "the task"
            message = f"{what} is kept by nobody and may be collected before it ends: keep it until it is done, or use a task group"
            yield self.finding(module.path, call, message, symbol=symbol_of(module.functions[index]))


def _spawns(project: Project, module: SourceModule, index: int, call: Call) -> bool:
    target = project.value(module.path, index, call.callee)
    return target is not None and target.is_external and target.name.startswith("asyncio.") and "TaskGroup" not in target.name


def _is_never_read(module: SourceModule, index: int, body: Body, number: int, call: Call) -> bool:
    """The local that holds the task is mentioned nowhere else, nested functions included."""
    if not call.target.startswith("%") or "." in call.target or "[" in call.target:
        return False
    asked = re.compile(rf"#{number}(?!\d)|{re.escape(call.target)}(?!\w)")
    for text in _texts(body, number):
        if asked.search(text):
            return False
    inner = re.compile(rf"{re.escape(call.target)}(?!\w)")
    prefix = module.functions[index].name + ".<locals>."
    nested = (other for head, other in zip(module.functions, module.bodies, strict=True) if head.name.startswith(prefix))
    return not any(inner.search(text) for other in nested for text in _texts(other, -1))


def _texts(body: Body, without: int) -> Iterator[str]:
    for number, call in enumerate(body.calls):
        yield call.callee
        if number != without:
            yield from call.args
            yield from (value for _, value in call.keywords)
    yield from (found.value for found in body.returns)
    yield from (found.value for found in body.yields)
    yield from (value for _, value, _ in body.awaits)
    yield from (found.subject for found in body.blocks)
    for found in body.assigns:
        if found.value != f"#{without}":
            yield found.value
        if not found.target.startswith("%") or "." in found.target or "[" in found.target:
            yield f"{found.target} {found.value}"


def _started(body: Body, call: Call) -> str:
    for value in call.args[:1]:
        for number in call_ids(value)[:1]:
            return call_name(body.calls[number].callee)
    return ""
