from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.facts.python import Function
from backend_lint.facts.route import Entry
from backend_lint.project import Effect, Project
from backend_lint.project.event_loop import Stall, stalls, takes_long

_WAITS = {
    **dict.fromkeys((Effect.DATABASE, Effect.DATABASE_READ, Effect.DATABASE_WRITE), "waits for the database"),
    Effect.HTTP: "waits for the network",
    Effect.QUEUE: "waits for the broker",
    Effect.CACHE: "waits for the cache server",
    Effect.SLEEP: "sleeps",
    Effect.SUBPROCESS: "waits for a process",
    Effect.MAIL: "waits for the mail server",
    Effect.CPU: "computes",
    Effect.FILE: "waits for the disk",
}
_THREADED = ("fastapi", "starlette")  # run a plain ``def`` handler in a thread
_PLAIN = "make this a plain def, which the framework runs in a thread"
_CURES: tuple[tuple[str | tuple[str, ...], str], ...] = (
    (("sqlalchemy", "sqlmodel"), "use AsyncSession, or await asyncio.to_thread(...) with a plain function that opens its own session"),
    ("django.core.cache", "use the a-prefixed methods of the cache"),
    ("django.db", "use the a-prefixed ORM methods or sync_to_async"),
    ("requests", "use httpx.AsyncClient, or await asyncio.to_thread(...)"),
    ("httpx", "use httpx.AsyncClient"),
    ("redis", "use redis.asyncio"),
    ("pymongo", "use motor or pymongo's AsyncMongoClient"),
    ("time.sleep", "use await asyncio.sleep(...)"),
    ("subprocess", "use asyncio.create_subprocess_exec"),
    ("socket.get", "await the event loop's getaddrinfo(...)"),
    ("smtplib", "use aiosmtplib, or await asyncio.to_thread(...)"),
)


class BlockingCallInAsync(ProjectRule):
    """An async function blocks the event loop, itself or through plain functions it calls.

    ## What it does

    Finds calls in `async def` functions that keep the thread waiting: synchronous database sessions, `requests`, `redis`, `pymongo`, boto3,
    `time.sleep`, subprocesses, mail, password hashing. It follows plain functions of the project through the call graph, so the blocking call may
    stand three modules away. It speaks where the function runs on a loop that serves requests, and shows the way.

    The default profile speaks where a request to a known route waits for another host (`requests`, `httpx`, `urllib`, mail) or sleeps. `strict` adds
    databases, caches and brokers, which often answer in a millisecond, pages for staff, and functions of which nobody knows who calls them.

    ## Why is this bad

    All requests of a worker share one event loop. While one handler waits in a blocking call, every other request, health check and timeout of that
    worker stands still: a slow query of one user is an outage for all.

    ## Example

    ```python
    import requests
    from fastapi import FastAPI

    app = FastAPI()


    def rate(currency: str) -> float:
        return requests.get(f"https://rates.example/{currency}", timeout=5).json()["rate"]


    @app.get("/price/{currency}")
    async def price(currency: str) -> float:
        return 10 * rate(currency)
    ```

    ## Use instead

    ```python
    import httpx
    from fastapi import FastAPI

    app = FastAPI()
    client = httpx.AsyncClient(timeout=5)


    async def rate(currency: str) -> float:
        response = await client.get(f"https://rates.example/{currency}")
        response.raise_for_status()
        return response.json()["rate"]


    @app.get("/price/{currency}")
    async def price(currency: str) -> float:
        return 10 * await rate(currency)
    ```

    ## When this is wrong

    The call is only made at start-up, or the function runs on a loop of its own in a worker thread. Calls behind `asyncio.to_thread`,
    `run_in_executor`, `run_in_threadpool` and `sync_to_async` are known to be safe, and so are plain `def` handlers.

    ## Options

    - `files`: whether reading and writing local files counts. Default: false, for a small file on a local disk answers sooner than a thread is started;
      switch it on where files are large or lie on a network.

    ## References

    - [FastAPI: async def and def](https://fastapi.tiangolo.com/async/)
    - [asyncio: running blocking code](https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.1"
    tags = ("async", "performance", "owasp-api:4")
    options = {"files": False}

    def check(self, project: Project) -> Iterator[Finding]:
        for stall in stalls(project, Effect.SLOW | Effect.FILE if self.option("files") else Effect.SLOW):
            if not self.shows(Profile.DEFAULT if takes_long(project, stall) else Profile.STRICT):
                continue
            path, index = stall.function
            function = project.modules[path].functions[index]
            last = stall.way[-1].edge.target.name
            through = "" if len(stall.way) == 1 else f" through {project.calls.label(stall.way[1].function)}"
            more = f" ({stall.others} more such calls in it)" if stall.others > 1 else " (one more such call in it)" if stall.others else ""
            cure = _cure(project, stall, last)
            yield self.finding(
                path,
                stall.edge.call,
                f"{last} {_WAITS.get(stall.effect, 'blocks')} in async {function.name}{through} and stalls all else on the event loop{more}; {cure}",
                symbol=function.name,
                evidence=(*project.calls.evidence(stall.way[1:]), *_entry(stall.entry, function)),
                suggestion=cure,
            )


def _cure(project: Project, stall: Stall, name: str) -> str:
    entry, way = project.reached_from(stall.function) or (None, ())
    if entry is not None and not way and entry.framework in _THREADED:  # a handler, or what it depends on
        body = project.calls.body(stall.function)
        if not body.awaits and not any(call.awaited for call in body.calls) and not any(block.is_async for block in body.blocks):
            return _PLAIN
    if len(stall.way) > 1:
        called = project.calls.label(stall.way[1].function).removesuffix("()").removesuffix(".__init__")
        return f"await {'sync_to_async(' + called + ')(...)' if name.startswith('django.') else 'asyncio.to_thread(' + called + ', ...)'}"
    if stall.effect is Effect.CPU:
        return "await asyncio.to_thread(...)"
    return next((text for prefix, text in _CURES if name.startswith(prefix)), "await asyncio.to_thread(...) or use an async client")


def _entry(entry: Entry | None, function: Function) -> list[Evidence]:
    return [Evidence(entry.module, entry.line, f"reached from {entry.said}")] if entry and entry.name != function.name else []
