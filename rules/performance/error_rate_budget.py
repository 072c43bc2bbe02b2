from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule
from backend_lint.facts.performance import Measurements
from backend_lint.project import Project
from backend_lint.project.performance.places import answered
from backend_lint.project.performance.verdicts import stale, too_few


class ErrorRateBudget(ProjectRule):
    """A load test found an endpoint that fails more often than it may.

    ## What it does

    Joins reports of load tests with the routes of the project, and reports each handler of which more than 1 % of the requests failed, or `error_rate` in
    `[gate.performance]`. What a failure is the tool says: mostly a status from 400, or no answer. Silent where there is no report, and about endpoints with
    fewer than 200 requests (`min_requests`).

    ## Why is this bad

    What fails under a load that is foreseen fails in production with it: a pool runs dry, a lock times out, two requests write the same row.

    ## Example

    ```csv
    # path: load/locust_stats.csv
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,50%,95%,99%,100%
    GET,/orders/[number],900,90,31,32.5,9,120,20,31,48,60,120
    ,Aggregated,900,90,31,32.5,9,120,20,31,48,60,120
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

    Where the test sends requests that are to be refused, and the tool was not told so: let it expect their status.

    ## References

    - [k6: http_req_failed](https://grafana.com/docs/k6/latest/using-k6/metrics/reference/)
    """

    severity, precision, since = "error", "very-high", "0.1"
    automatic = True
    tags = ("performance",)
    needs = (Measurements,)

    def check(self, project: Project) -> Iterator[Finding]:
        known = project.measurements
        if not known.loads:
            return
        old = stale(project.performance)
        errors = {(method, name): (text, times) for report in known.loads for method, name, text, times in report.errors}
        for row in project.performance.endpoints.rows:
            one = row.endpoint
            if row.error_rate <= known.targets.error_rate or row.report.path in old or too_few(row, known.targets):
                continue
            text, times = errors.get((one.method, one.name), ("", 0))
            most = f", {times} of them by {text[:120]}" if text else ""
            place = answered(project, row, f"measured by {row.report.tool}: {one.failures} of {one.requests} requests failed{most}")
            allowed = f"{known.targets.error_rate:g} % may"
            message = f"{one.failures} of {one.requests} requests to {row.label[:100]} failed ({row.error_rate:.3g} %), {allowed}: look up what it answered"
            yield self.finding(place.path, place.at, message, symbol=place.symbol, evidence=place.evidence)
