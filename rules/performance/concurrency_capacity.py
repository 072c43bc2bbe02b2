from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, ProjectRule, Role
from backend_lint.facts.performance import Measurements
from backend_lint.project import Project


class ConcurrencyCapacity(ProjectRule):
    """The servers that the project starts hold fewer connections than are asked for.

    ## What it does

    Works out how many connections the web servers of the project hold at a time: workers, threads or connections of each, open files, copies, as Dockerfiles,
    Compose files, Kubernetes manifests, Procfiles and gunicorn's configuration start them. Speaks only where `connections` in `[gate.performance]` asks for a
    number. What is not known bounds nothing, and of several ways to start the service the one that holds most counts.

    ## Why is this bad

    A sync worker answers one connection at a time. The others wait in a queue that the kernel cuts at a few thousand, and are refused beyond; behind a proxy
    they become 502 and 504 long before that.

    ## Example

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.gate.performance]
    connections = 10000
    ```

    ```text
    # path: Procfile
    web: gunicorn app.wsgi --workers 4
    ```

    ```python
    # path: app/orders.py
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/orders/{number}")
    def order(number: str) -> dict[str, str]:
        return {"number": number}
    ```

    ## Use instead

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.gate.performance]
    connections = 10000
    ```

    ```text
    # path: Procfile
    web: gunicorn app.asgi --workers 4 --worker-class uvicorn.workers.UvicornWorker
    ```

    ```python
    # path: app/orders.py
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/orders/{number}")
    def order(number: str) -> dict[str, str]:
        return {"number": number}
    ```

    ## When this is wrong

    Where a server that no file of the project starts holds the connections, such as a push gateway.

    ## References

    - [gunicorn: how many workers](https://docs.gunicorn.org/en/stable/design.html)
    - [uvicorn: resource limits](https://www.uvicorn.org/settings/#resource-limits)
    """

    severity, precision, since = "warning", "high", "0.1"
    automatic = True
    tags = ("performance",)
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.SCRIPT})
    needs = (Measurements,)

    def check(self, project: Project) -> Iterator[Finding]:
        targets = project.measurements.targets
        if "connections" not in targets.asked or not project.performance.holders:
            return
        holder = project.performance.holders[0]
        if holder.limit is None or holder.limit >= targets.connections:
            return
        asked = f"{targets.connections:,.0f} are asked for"
        message = f"{holder.text}: {holder.limit:,} connections at most, {asked}; hold them on an event loop, or run more copies"
        yield self.finding(holder.path, Place.at(holder.line), message, evidence=holder.evidence)
