from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backend_lint.api import Evidence, Finding, Mends, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.fan_out import FanOut, fan_outs, is_bounded, is_from_request, origin_of
from backend_lint.project.fan_out_edits import NAMES, bounded
from backend_lint.project.queues import unbounded_queues

if TYPE_CHECKING:
    import libcst

_MOST = 10


class UnboundedConcurrency(ProjectRule, Mends):
    """One remote call for each item is started at once, however many items there are.

    ## What it does

    Finds `asyncio.gather` (and `wait`, `as_completed`) over coroutines that reach a database, another service or a process, one for each item that a
    request brings or a database query gives, without a semaphore, a batch or another limit on the way.

    The fix lets ten of the coroutines of a `gather(*[... for ...])` run at a time. It is unsafe: ten is a guess, and requests that come at the same time have
    ten each. Tasks that are started elsewhere are left to you.

    ## Why is this bad

    With ten items it is fast. With ten thousand it opens ten thousand connections: the pool is exhausted, the other side answers with errors or bans the
    caller, memory grows with every waiting coroutine.

    ## Example

    ```python
    import asyncio

    import httpx
    from fastapi import FastAPI

    app = FastAPI()
    client = httpx.AsyncClient()


    async def fetch(url: str) -> bytes:
        response = await client.get(url)
        return response.raise_for_status().content


    @app.post("/previews")
    async def previews(urls: list[str]) -> list[bytes]:
        return await asyncio.gather(*[fetch(url) for url in urls])
    ```

    ## Use instead

    ```python
    import asyncio

    import httpx
    from fastapi import FastAPI

    app = FastAPI()
    client = httpx.AsyncClient()
    semaphore = asyncio.Semaphore(10)


    async def fetch(url: str) -> bytes:
        async with semaphore:
            response = await client.get(url)
        return response.raise_for_status().content


    @app.post("/previews")
    async def previews(urls: list[str]) -> list[bytes]:
        return await asyncio.gather(*[fetch(url) for url in urls])
    ```

    ## When this is wrong

    The list is short for a reason that the code does not show, or the client limits itself (httpx's and aiohttp's connection limits bound connections,
    not the coroutines that wait for one).

    ## Options

    - `any-list`: also report lists whose source is not known. Default: false.
    - `queues`: also report queues of the process without a size, as info: what is put in faster than it is taken out fills the memory. Default: false.

    ## References

    - [asyncio: semaphores](https://docs.python.org/3/library/asyncio-sync.html#semaphores)
    - [CWE-770: allocation of resources without limits](https://cwe.mitre.org/data/definitions/770.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    profile = "strict"
    fix = "unsafe"
    mends = ("SimpleStatementLine",)
    imports = ("asyncio",)
    options = {"any-list": False, "queues": False}
    tags = ("async", "availability", "cwe:770", "owasp-api:4")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in fan_outs(project):
            module = project.modules[found.path]
            if module.role not in self.roles or is_bounded(project, found):
                continue
            origin = origin_of(project, found)
            if origin is None and not self.option("any-list") and not is_from_request(project, found):
                continue
            items = [Evidence(found.path, origin.call.line, "the items come from here, nobody knows how many")] if origin is not None else []
            yield self.finding(
                found.path,
                found.call,
                f"{module.functions[found.function].name} starts a remote call for every item at once; bound it with a semaphore or in batches",
                symbol=module.functions[found.function].name,
                evidence=(*items, *project.calls.evidence(found.way)),
                suggestion="" if _takes_names(project, found) else f"semaphore = asyncio.Semaphore({_MOST})",
            )

        for path, function, call in unbounded_queues(project) if self.option("queues") else ():
            if project.modules[path].role in self.roles:
                head = project.modules[path].functions[function]
                message = "queue without a size grows as long as it is filled faster than it is emptied; give it a `maxsize`"
                yield self.finding(path, call, message, symbol=head.name if function else "", severity=Severity.INFO)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.FlattenSentinel[Any] | None:
        return bounded(node, _MOST) if finding.suggestion else None


def _takes_names(project: Project, found: FanOut) -> bool:
    """A name that the fix would bind means something in the function already."""
    module = project.modules[found.path]
    body, head = module.bodies[found.function], module.functions[found.function]
    texts = [text for call in body.calls for text in (call.callee, call.target, *call.args)] + [assign.target for assign in body.assigns]
    return any(NAMES & set(re.findall(r"\w+", text)) for text in (*texts, *(parameter.name for parameter in head.parameters)))
