from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Effect, Project
from backend_lint.project.concurrency import fan_outs

_EFFECTS = Effect.HTTP | Effect.DATABASE | Effect.QUEUE | Effect.SUBPROCESS | Effect.MAIL


class UnboundedConcurrency(ProjectRule):
    """One request or query is started for each element of something of any size, all at once.

    ## What it does

    Finds `asyncio.gather`, `wait` and `as_completed` over one HTTP call, query, message or process for each row of a query without a limit, or for each
    element of a list that the caller of a route sends, with no semaphore, capacity limiter or batch around or inside the call.

    ## Why is this bad

    With ten elements it is fast. With ten thousand it opens ten thousand connections: the pool and the file descriptors run out, the other side answers
    429 or falls over, and the process holds everything in memory meanwhile. A caller who chooses the size can do so on purpose.

    ## Example

    ```python
    import asyncio

    import httpx
    from fastapi import FastAPI

    app = FastAPI()
    client = httpx.AsyncClient(timeout=5)


    async def check(url: str) -> int:
        return (await client.get(url)).status_code


    @app.post("/check")
    async def check_all(urls: list[str]):
        return await asyncio.gather(*[check(url) for url in urls])
    ```

    ## Use instead

    ```python
    import asyncio

    import httpx
    from fastapi import FastAPI

    app = FastAPI()
    client = httpx.AsyncClient(timeout=5)
    at_once = asyncio.Semaphore(10)


    async def check(url: str) -> int:
        async with at_once:
            return (await client.get(url)).status_code


    @app.post("/check")
    async def check_all(urls: list[str]):
        return await asyncio.gather(*[check(url) for url in urls])
    ```

    ## When this is wrong

    The number of elements is bounded where it cannot be seen: by validation of the request, by the size of the table, or by the client's own pool.

    ## References

    - [asyncio: Semaphore](https://docs.python.org/3/library/asyncio-sync.html#semaphore)
    - [OWASP API4:2023 Unrestricted Resource Consumption](https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    tags = ("async", "performance", "owasp-api:4")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in fan_outs(project, _EFFECTS):
            path, index = found.function
            function = project.modules[path].functions[index]
            each = project.calls.label(found.target) if found.target is not None else found.each.callee
            evidence = [Evidence(path, found.each.line, f"{each} is started once for each of them")]
            if found.target is not None:
                evidence += project.calls.evidence(project.calls.reaches(found.target, found.effect))
            yield self.finding(
                path,
                found.gather,
                f"{function.name} runs {each} at once for {found.unbounded}, which exhausts connections when there are many; "
                "bound it with a semaphore or go through it in batches",
                symbol=function.name,
                evidence=evidence,
                suggestion="async with asyncio.Semaphore(10) around the call, one semaphore for all",
            )
