from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule
from backend_lint.facts.performance import Measurements
from backend_lint.project import Project
from backend_lint.project.performance.places import answered
from backend_lint.project.performance.regressions import Change
from backend_lint.project.performance.verdicts import stale


class PerformanceRegression(ProjectRule):
    """An endpoint is slower than in the load tests of its baseline, and not by chance.

    ## What it does

    Compares the median and the 95 % of each endpoint with the runs in the file that `baseline` in `[gate.performance]` names (`backend-lint baseline
    performance` writes it). Reports a median that is surely slower by more than 10 %, or `regression`, and a 95 % that is by twice as much. Surely means:
    beyond what samples of both sizes can differ by chance, and beyond the slowest of the runs that the baseline keeps. Silent without a baseline, and with
    fewer than 200 requests.

    ## Why is this bad

    A tenth with each release doubles the time within eight of them, and no single one crosses a limit.

    ## Example

    ```toml
    # path: pyproject.toml
    [tool.backend-lint.gate.performance]
    baseline = "load/baseline.json"
    ```

    ```json
    # path: load/baseline.json
    {"version": 1, "endpoints": {"GET /orders/{number}": [{"requests": 900, "bands": {"50": [29.5, 32.0], "95": [45.0, 52.0]}}]}}
    ```

    ```csv
    # path: load/locust_stats.csv
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,50%,90%,95%,99%
    GET,/orders/[number],900,0,55,56.5,9,120,20,55,80,91,100
    ,Aggregated,900,0,55,56.5,9,120,20,55,80,91,100
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
    baseline = "load/baseline.json"
    ```

    ```json
    # path: load/baseline.json
    {"version": 1, "endpoints": {"GET /orders/{number}": [{"requests": 900, "bands": {"50": [29.5, 32.0], "95": [45.0, 52.0]}}]}}
    ```

    ```csv
    # path: load/locust_stats.csv
    Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,Max Response Time,Average Content Size,50%,90%,95%,99%
    GET,/orders/[number],900,0,33,34.5,9,120,20,33,44,53,61
    ,Aggregated,900,0,33,34.5,9,120,20,33,44,53,61
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

    Where the two were measured on different machines: keep a baseline for each, made where the test runs.

    ## References

    - [Kalibera, Jones: Rigorous benchmarking in reasonable time](https://dl.acm.org/doi/10.1145/2464157.2464160)
    """

    severity, precision, since = "warning", "high", "0.1"
    automatic = True
    tags = ("performance",)
    needs = (Measurements,)

    def check(self, project: Project) -> Iterator[Finding]:
        known = project.measurements
        if known.baseline is None or not known.loads:
            return
        old = stale(project.performance)
        worst: dict[tuple[str, str], Change] = {}
        for change in project.performance.changes:
            if change.weight > known.targets.regression and change.row.report.path not in old:
                before = worst.get((change.row.report.path, change.row.label))
                if before is None or change.weight > before.weight:
                    worst[change.row.report.path, change.row.label] = change
        for change in worst.values():
            what = "median" if change.percent == 50.0 else f"{change.percent:g} %"
            place = answered(project, change.row, f"measured by {change.row.report.tool}: {change.now:.6g} ms")
            message = f"the {what} of {change.row.label[:100]} is {change.now:.6g} ms, at least {change.slower:.3g} % above all earlier runs: see what changed"
            evidence = [*place.evidence, Evidence(known.baseline_path, 1, f"at most {change.before:.6g} ms before")]
            yield self.finding(place.path, place.at, message, symbol=place.symbol, evidence=evidence)
