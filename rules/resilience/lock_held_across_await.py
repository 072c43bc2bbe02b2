from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.facts.python import BlockKind, Body, Function
from backend_lint.project import Effect, Project, SourceModule
from backend_lint.project.blocks import inside

_THREAD_LOCKS = frozenset(
    f"{module}.{name}" for module in ("threading", "multiprocessing") for name in ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition")
)
_LOOP_LOCKS = frozenset({"asyncio.Lock", "anyio.Lock", "trio.Lock"})


class LockHeldAcrossAwait(ProjectRule):
    """A lock is held while something is awaited.

    ## What it does

    Finds `with lock:` on a `threading` or `multiprocessing` lock around an `await` in an async function, and `async with lock:` on a lock that all
    requests share around an HTTP request that a route waits for, unless the block first looks whether another task has done the work already.

    ## Why is this bad

    While the await gives control away, the thread lock stays locked. The next task that wants it blocks the whole event loop, so the task that holds it
    never runs again to release it: the process stands still. A shared `asyncio.Lock` around a network call does not deadlock, but lets one request
    through at a time: ten users wait ten times as long.

    ## Example

    ```python
    import asyncio
    import threading

    lock = threading.Lock()


    async def refresh() -> None:
        with lock:
            await asyncio.sleep(1)
    ```

    ## Use instead

    ```python
    import asyncio

    lock = asyncio.Lock()


    async def refresh() -> None:
        async with lock:
            await asyncio.sleep(1)
    ```

    ## When this is wrong

    The service behind the call really takes one request at a time, and the queue in front of it is meant.

    ## References

    - [asyncio: synchronization primitives](https://docs.python.org/3/library/asyncio-sync.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    tags = ("async",)

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, function, body in project.functions("async"):
            if function.is_async and module.role in self.roles:
                yield from self._in_function(project, module, index, function, body)

    def _in_function(self, project: Project, module: SourceModule, index: int, function: Function, body: Body) -> Iterator[Finding]:
        for number, block in enumerate(body.blocks):
            if block.kind is not BlockKind.WITH:
                continue
            lock = project.value(module.path, index, block.subject)
            if lock is None:
                continue
            if not block.is_async and lock.name in _THREAD_LOCKS:
                awaited = next((call for call in body.calls if call.awaited and inside(body, call.block, number)), None)
                if awaited is not None:
                    yield self.finding(
                        module.path,
                        awaited,
                        f"{function.name} awaits while it holds a {lock.name}: the next task that wants it stops the event loop for good; use asyncio.Lock",
                        symbol=function.name,
                        evidence=(Evidence(module.path, block.line, "the lock is taken here"),),
                        suggestion="asyncio.Lock() and async with",
                    )
            elif block.is_async and lock.name in _LOOP_LOCKS and (block.subject[0] not in "%#" or "." in block.subject):
                yield from self._network(project, module, index, function, body, number)

    def _network(self, project: Project, module: SourceModule, index: int, function: Function, body: Body, number: int) -> Iterator[Finding]:
        if any(block.kind is BlockKind.IF and inside(body, position, number) for position, block in enumerate(body.blocks)):
            return
        if not project.routes.by_handler((module.path, index)):
            return
        for edge in project.calls.edges((module.path, index)):
            if edge.call.awaited and inside(body, edge.call.block, number):
                way = project.calls.reaches((module.path, index), Effect.HTTP, first=(edge,))
                if way:
                    yield self.finding(
                        module.path,
                        edge.call,
                        f"{function.name} holds a lock of all requests while {way[-1].edge.target.name} is awaited, so one request passes at a time; "
                        "make the call outside the lock",
                        symbol=function.name,
                        evidence=(Evidence(module.path, body.blocks[number].line, "the lock is taken here"), *project.calls.evidence(way[1:])),
                    )
                    return
