from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule
from backend_lint.facts.performance import Measurements
from backend_lint.project import Project
from backend_lint.project.performance.places import answered, slow_queries
from backend_lint.project.performance.verdicts import limit_of, stale, too_few


class LatencyP95Budget(ProjectRule):
    """A load test found an endpoint slower than it may be.

    ## What it does

    Joins reports of load tests (k6, Locust, JMeter, Gatling, vegeta, wrk, oha, hey, autocannon, ab) with the routes of the project, and reports each handler
    whose 95 % of requests take 200 ms or more, or `p95_ms` in `[gate.performance]`, or what `endpoints` there gives it. The number is the tool's own. Silent
    where there is no report, about endpoints with fewer than 200 requests (`min_requests`), and about reports older than the code by more than 30 days.

    ## Why is this bad

    One user in twenty waits longer than that for each request, and a page makes several. What one request takes with a few users grows with all of them.

    ## Example

    ```csv
    # path: load/locust_stats.csv
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,50%,95%,99%,100%
    GET,/orders/[number],900,0,310,320.5,90,700,20,310,480,600,700
    ,Aggregated,900,0,310,320.5,90,700,20,310,480,600,700
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

    ```csv
    # path: load/locust_stats.csv
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,50%,95%,99%,100%
    GET,/orders/[number],900,0,31,32.5,9,120,20,31,48,60,120
    ,Aggregated,900,0,31,32.5,9,120,20,31,48,60,120
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

    Where the endpoint may take longer: give it a time of its own, `endpoints = { "GET /reports/*" = 2000 }` in `[gate.performance]`. Where the test ran on a
    machine much slower than production.

    ## References

    - [k6: thresholds](https://grafana.com/docs/k6/latest/using-k6/thresholds/)
    """

    severity, precision, since = "error", "very-high", "0.1"
    automatic = True
    tags = ("performance",)
    needs = (Measurements,)

    def check(self, project: Project) -> Iterator[Finding]:
        if not project.measurements.loads:
            return
        performance, targets = project.performance, project.measurements.targets
        old = stale(performance)
        for row in performance.endpoints.rows:
            low, high = row.bounds(95.0)
            limit = limit_of(row, targets, 95.0)
            if low is None or low < limit or row.report.path in old or too_few(row, targets):
                continue
            taken = f"{low:.6g} ms" if low == high or 95.0 in row.endpoint.quantiles else f"at least {low:.6g} ms"
            place = answered(project, row, f"measured by {row.report.tool}: {row.endpoint.requests} requests, 95 % within {taken}")
            message = f"95 % of the requests to {row.label[:100]} are answered within {taken}, below {limit:g} ms is asked for: find what it waits for"
            evidence = [*place.evidence, *slow_queries(project, row)]
            yield self.finding(place.path, place.at, message, symbol=place.symbol, evidence=evidence)
