from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Position, Profile, ProjectRule, Severity
from backend_lint.facts.python import BlockKind, Body
from backend_lint.project import Project, SourceModule
from backend_lint.project.blocks import inside
from backend_lint.project.event_loop import runs_alone
from backend_lint.project.libraries import Effect

_LOCKS = frozenset({"Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"})
_MODULES = ("threading", "multiprocessing", "multiprocessing.synchronize", "multiprocessing.managers", "_thread")


class LockHeldAcrossAwait(ProjectRule):
    """A thread lock is held while the coroutine waits.

    ## What it does

    Finds `with lock:` around an `await`, `async for` or `async with` in a coroutine, where the lock is one of `threading` or `multiprocessing`, and
    `lock.acquire()` of such a lock followed by an `await` before `lock.release()`. With the option `async-locks` also an `asyncio.Lock` around a call to
    another service, in code that requests run.

    ## Why is this bad

    At the `await` the event loop runs other coroutines, on the same thread. The next one that wants the lock blocks that thread, and with it the
    coroutine that could release it: the worker hangs for ever, and only under load.

    ## Example

    ```python
    import threading

    import httpx

    lock = threading.Lock()
    client = httpx.AsyncClient()


    async def refresh(tokens: dict) -> None:
        with lock:
            response = await client.post("https://auth.example/token")
            tokens.update(response.raise_for_status().json())
    ```

    ## Use instead

    ```python
    import asyncio

    import httpx

    lock = asyncio.Lock()
    client = httpx.AsyncClient()


    async def refresh(tokens: dict) -> None:
        async with lock:
            response = await client.post("https://auth.example/token")
            tokens.update(response.raise_for_status().json())
    ```

    ## When this is wrong

    Only one coroutine ever runs this code, and the lock guards it against other threads. Even then the event loop stops while another thread has it.

    ## Options

    - `async-locks`: also report an `asyncio.Lock` that is held while another service answers: all requests queue behind one slow answer. Default: false, for
      often only one of them is to ask.

    ## References

    - [asyncio: synchronization primitives](https://docs.python.org/3/library/asyncio-sync.html)
    - [clippy: await_holding_lock](https://rust-lang.github.io/rust-clippy/master/#await_holding_lock)
    """

    severity, precision, since = Severity.ERROR, "very-high", "0.1"
    tags = ("async", "concurrency", "cwe:833")
    options = {"async-locks": False}

    def check(self, project: Project) -> Iterator[Finding]:
        for module, index, head, body in project.functions("async"):
            if not head.is_async or module.role not in self.roles:
                continue
            held = list(self._held(project, module.path, index, body))
            if held and runs_alone(project, (module.path, index)) and not self.shows(Profile.STRICT):
                continue
            for place, line, lock in held:
                cure = "release it before the await, plain functions need it too" if _is_shared(module, lock) else "use asyncio.Lock"
                yield self.finding(
                    module.path,
                    place,
                    f"thread lock is held across an await in async {head.name}: the next coroutine that wants it stops the event loop; {cure}",
                    symbol=head.name,
                    evidence=(Evidence(module.path, line, "waits here, with the lock held"),),
                )
            if self.option("async-locks") and project.reached_from((module.path, index)) is not None:
                for number, block in enumerate(body.blocks):
                    if block.kind is BlockKind.WITH and block.is_async and self._is_lock(project, module.path, index, block.subject, ("asyncio",)):
                        edges = [edge for edge in project.calls.edges((module.path, index)) if inside(body, edge.call.block, number)]
                        if way := project.calls.reaches((module.path, index), Effect.HTTP, first=edges):
                            message = f"lock is held in async {head.name} while another service answers, all requests queue behind it; ask first, lock after"
                            yield self.finding(
                                module.path, Place.at(block.line), message, symbol=head.name, evidence=project.calls.evidence(way), severity=Severity.WARNING
                            )

    def _held(self, project: Project, path: str, index: int, body: Body) -> Iterator[tuple[Position, int, str]]:
        for number, block in enumerate(body.blocks):
            if block.kind is BlockKind.WITH and not block.is_async and block.subject and self._is_lock(project, path, index, block.subject):
                waits = _waits(body, number)
                if waits:
                    yield Place.at(block.line), min(waits), block.subject
        for call in body.calls:
            lock, _, method = call.callee.rpartition(".")
            if method == "acquire" and not call.awaited and self._is_lock(project, path, index, lock):
                end = min((other.line for other in body.calls if other.callee == f"{lock}.release" and other.line > call.line), default=0)
                between = [line for line in _waits(body, 0) if call.line < line < end]
                if between:
                    yield call, min(between), lock

    @staticmethod
    def _is_lock(project: Project, path: str, function: int, subject: str, modules: tuple[str, ...] = _MODULES) -> bool:
        found = project.value(path, function, subject)
        if found is None or not found.is_external:
            return False
        owner, _, name = found.name.rpartition(".")
        return name in _LOCKS and owner in modules and (name == "Lock" or modules is _MODULES)


def _is_shared(module: SourceModule, lock: str) -> bool:
    """Functions that cannot await take the same lock."""
    taken = ((head, body) for head, body in zip(module.functions, module.bodies, strict=True) if not head.is_async)
    return any(
        any(block.kind is BlockKind.WITH and block.subject == lock for block in body.blocks) or any(call.callee == f"{lock}.acquire" for call in body.calls)
        for _, body in taken
    )


def _waits(body: Body, block: int) -> list[int]:
    lines = [call.line for call in body.calls if call.awaited and inside(body, call.block, block)]
    lines += [line for line, _, place in body.awaits if inside(body, place, block)]
    return lines + [found.line for found in body.blocks if found.is_async and found.parent >= 0 and inside(body, found.parent, block)]
