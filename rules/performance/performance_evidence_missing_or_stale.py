from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule
from backend_lint.facts.performance import Measurements
from backend_lint.project import Project
from backend_lint.project.performance.verdicts import stale

_MOST = 5


class PerformanceEvidenceMissingOrStale(ProjectRule):
    """A load test says nothing of some routes, or is older than the code.

    ## What it does

    Where a report of a load test with paths lies in the project, names the routes that it has no request to, and a report that is older than the last commit
    by more than 30 days (`max_age_days` in `[gate.performance]`). Health checks, documentation and the admin are left alone.

    ## Why is this bad

    A target that holds for the endpoints that were tested says nothing of the others, and one that held last year says nothing of today's code.

    ## Example

    ```csv
    # path: load/locust_stats.csv
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,50%,95%,100%
    GET,/orders/[number],900,0,31,32.5,9,120,20,31,48,120
    ,Aggregated,900,0,31,32.5,9,120,20,31,48,120
    ```

    ```python
    # path: app/orders.py
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/orders/{number}")
    def order(number: str) -> dict[str, str]:
        return {"number": number}


    @app.get("/prices/{number}")
    def price(number: str) -> dict[str, int]:
        return {"price": 10}
    ```

    ## Use instead

    ```csv
    # path: load/locust_stats.csv
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,50%,95%,100%
    GET,/orders/[number],900,0,31,32.5,9,120,20,31,48,120
    GET,/prices/[number],900,0,31,32.5,9,120,20,31,48,120
    ,Aggregated,1800,0,31,32.5,9,120,20,31,48,120
    ```

    ```python
    # path: app/orders.py
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/orders/{number}")
    def order(number: str) -> dict[str, str]:
        return {"number": number}


    @app.get("/prices/{number}")
    def price(number: str) -> dict[str, int]:
        return {"price": 10}
    ```

    ## When this is wrong

    Where the other routes are not worth a test, such as operations that a person starts once a month.

    ## References

    - [Google SRE: testing for reliability](https://sre.google/sre-book/testing-reliability/)
    """

    severity, precision, since = "info", "very-high", "0.1"
    automatic = True
    tags = ("performance",)
    needs = (Measurements,)

    def check(self, project: Project) -> Iterator[Finding]:
        if not project.measurements.loads:
            return
        performance = project.performance
        for path, days in sorted(stale(performance).items()):
            yield self.finding(path, Place.at(1), f"this report is {days:.0f} days older than the code: measure again what it says of it")
        endpoints = performance.endpoints
        mapped = [row for row in endpoints.rows if row.route is not None]
        if not mapped or not endpoints.without:
            return
        named = endpoints.without[:_MOST]
        more = f" and {len(endpoints.without) - 3} more" if len(endpoints.without) > 3 else ""
        names = ", ".join(f"{route.method} {route.path}"[:60] for route in named[:3]) + more
        evidence = [Evidence(route.declared_in, route.line, f"{route.method} {route.path} is declared here") for route in named]
        message = f"{len(endpoints.without)} of {endpoints.routes} routes have no request in any report: {names}"
        yield self.finding(mapped[0].report.path, Place.at(1), message, evidence=evidence)
