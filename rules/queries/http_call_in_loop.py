from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.loading.origins import Source
from backend_lint.project.loading.outbound_loops import outbound_loops


class HttpCallInLoop(ProjectRule):
    """A request calls another service once for each item, one after the other.

    ## What it does

    Finds loops on the way of a request that make an HTTP call for each row of a query, each item of the request's body, or each item that another service
    has returned, directly or through other functions. Loops that end early, that need the answer for the next round, or that go over pages and
    batches are left alone, and so are calls that are gathered.

    ## Why is this bad

    The times add up: a hundred items at 80 ms each are eight seconds for the caller, and one slow answer delays all that follow it. The caller decides how
    many there are, so a single request can keep a worker for minutes.

    ## Example

    ```python
    import requests
    from fastapi import FastAPI

    app = FastAPI()


    @app.post("/prices")
    def prices(skus: list[str]) -> list[float]:
        found = []
        for sku in skus:
            response = requests.get(f"https://prices.example/{sku}", timeout=2)
            response.raise_for_status()
            found.append(response.json()["price"])
        return found
    ```

    ## Use instead

    ```python
    import requests
    from fastapi import FastAPI

    app = FastAPI()


    @app.post("/prices")
    def prices(skus: list[str]) -> list[float]:
        response = requests.post("https://prices.example/batch", json=skus, timeout=5)
        response.raise_for_status()
        return [price["price"] for price in response.json()]
    ```

    ## When this is wrong

    The other service has no call for several items and must not be asked for two at a time, or there are never more than a few items.

    ## References

    - [Sentry: N+1 API calls](https://docs.sentry.io/product/issues/issue-details/performance-issues/n-one-api-calls/)
    """

    severity, precision, since = Severity.INFO, "high", "0.1"
    profile = "strict"
    roles = frozenset({Role.APPLICATION})
    tags = ("performance", "availability", "n-plus-one")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in outbound_loops(project, self.roles):
            entry = project.reached_from(found.repeat.key)
            if entry is None or entry[0].kind not in (EntryKind.ROUTE, EntryKind.WEBSOCKET):
                continue
            repeat = found.repeat
            name = repeat.way[-1].edge.target.name
            each = {Source.QUERY: "row", Source.REQUEST: "item of the request", Source.SERVICE: "item of the answer"}[found.origin.source]
            yield self.finding(
                repeat.path,
                repeat.call,
                f"`{name}` is called for each {each}, one after the other; ask for all at once, or for some at a time with a limit",
                symbol=project.calls.head(repeat.key).name,
                evidence=(found.origin.evidence, *project.calls.evidence(repeat.way[1:])),
            )
