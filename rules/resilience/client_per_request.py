from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, ProjectRule, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.clients import POOLS, Throwaway, calls_one_host, could_be_shared, is_remembered, throwaways
from backend_lint.project.statement_edits import bound_call

if TYPE_CHECKING:
    import libcst

_PER_CALL = (EntryKind.ROUTE, EntryKind.WEBSOCKET, EntryKind.MIDDLEWARE, EntryKind.CONSUMER)
_RARE = re.compile(r"health|status|ping|backup|restore|setup|install|migrat|test|verify|probe|version")
"""Handlers that run now and then: a client of their own may be the point of them."""
_LIGHT = ("httpx.", "aiohttp.", "boto3.", "urllib3.")


class ClientPerRequest(ProjectRule, Mends):
    """Each request makes a client or a pool of its own and throws it away.

    ## What it does

    Finds database engines, connection pools and clients of Redis, MongoDB, Elasticsearch, Kafka, AWS and HTTP services that a request handler, a
    middleware or a consumer makes, itself or through the functions it calls, and that nobody keeps. A client that is returned, cached, stored or made from
    the caller's own credentials is not reported. HTTP clients are reported if they ask one host only, as info, and so are AWS clients.

    The fix moves a client that threads may share, is made of nothing local and is never closed into a function under `functools.cache`, so that it is made
    at the first use. It is unsafe: settings are then read once, and a process that forks after that must not use the client any more. Asynchronous clients
    belong to one event loop, and clients in a `with` are closed at its end: where to open and close them is left to you.

    ## Why is this bad

    A client's pool exists to be shared. Made anew, it opens new connections with a new TLS handshake for each request, leaves sockets behind, and under
    load exhausts the connections of the database or the ports of the host. Nothing limits it any more: the pool's size counts per client.

    ## Example

    ```python
    import redis
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/visits")
    def visits() -> int:
        client = redis.Redis(host="cache", socket_timeout=1)
        return client.incr("visits")
    ```

    ## Use instead

    ```python
    import redis
    from fastapi import FastAPI

    app = FastAPI()
    client = redis.Redis(host="cache", socket_timeout=1)


    @app.get("/visits")
    def visits() -> int:
        return client.incr("visits")
    ```

    ## When this is wrong

    The handler runs once a day, or each request talks to another host with other credentials. A process that forks must make its client after the fork:
    make it at the first use and keep it.

    ## References

    - [httpx: why use a client](https://www.python-httpx.org/advanced/clients/#why-use-a-client)
    - [aiohttp: do not create a session per request](https://docs.aiohttp.org/en/stable/client_quickstart.html#make-a-request)
    - [SQLAlchemy: the engine is created once](https://docs.sqlalchemy.org/en/20/core/connections.html#basic-usage)
    """

    severity, precision, since = Severity.WARNING, "medium", "0.1"
    profile = "all"
    fix = "unsafe"
    mends = ("SimpleStatementLine",)
    imports = ("functools",)
    tags = ("performance", "availability")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in throwaways(project):
            module = project.modules[found.path]
            reached = project.reached_from((found.path, found.function)) if module.role in self.roles else None
            if reached is None or reached[0].kind not in _PER_CALL:
                continue
            light = found.name.startswith(_LIGHT)
            if light and not found.name.startswith("boto3.") and not calls_one_host(module.bodies[found.function], found.number):
                continue
            entry, way = reached
            functions = [(found.path, found.function), *(step.function for step in way)]
            if any(_RARE.search(project.calls.head(key).name.lower()) for key in functions) or any(
                is_remembered(project.calls.body(key)) for key in functions[:2]
            ):
                continue
            evidence = (Evidence(entry.module, entry.line, f"reached from {entry.said}"), *project.calls.evidence(way))
            yield self.finding(
                found.path,
                found.call,
                f"each call of {project.calls.label((found.path, found.function))} makes {POOLS[found.name]}; make it once and share it",
                symbol=module.functions[found.function].name,
                evidence=evidence,
                suggestion=_suggestion(project, found),
                severity=Severity.INFO if light else None,
            )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        import libcst

        name, _, shared = finding.suggestion.partition(" = ")
        call = bound_call(node, name)
        return node.deep_replace(call, libcst.parse_expression(shared)) if call is not None else None

    def above(self, node: libcst.CSTNode, finding: Finding) -> libcst.BaseCompoundStatement | None:
        import libcst

        name, _, shared = finding.suggestion.partition(" = ")
        call = bound_call(node, name)
        if call is None:
            return None
        made = libcst.SimpleStatementLine([libcst.Return(call)])
        cached = libcst.Decorator(libcst.parse_expression("functools.cache"))
        return libcst.FunctionDef(libcst.Name(shared.removesuffix("()")), libcst.Parameters(), libcst.IndentedBlock([made]), [cached])


def _suggestion(project: Project, found: Throwaway) -> str:
    if not could_be_shared(project, found):
        return ""
    local = found.call.target.removeprefix("%")
    function = project.modules[found.path].functions[found.function].name.replace(".", "_").lower()
    return f"{local} = _{local.strip('_')}_of_{function.strip('_')}()"
