from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.budgets import overruns


class TimeoutBudgetInversion(ProjectRule):
    """A call may wait longer than the request that waits for it.

    ## What it does

    Compares the timeout of each outbound call, times its attempts, with the deadline of the request or task that reaches it: gunicorn's worker timeout,
    a proxy's or an ingress's read timeout, the limits of functions and platforms, Celery's time limits, as deployment files and settings say.

    ## Why is this bad

    The outer deadline fires first: the worker is killed in the middle of its work, or the caller gets a gateway error while the worker goes on for
    nobody. The inner timeout with its careful error handling never runs.

    ## Example

    ```python
    # path: app/views.py
    import requests
    from flask import Flask

    app = Flask(__name__)


    @app.get("/report")
    def report():
        response = requests.get("https://reports.example/daily", timeout=120)
        response.raise_for_status()
        return response.json()
    ```

    ```
    # path: Procfile
    web: gunicorn --timeout 30 app.views:app
    ```

    ## Use instead

    ```python
    # path: app/views.py
    import requests
    from flask import Flask

    app = Flask(__name__)


    @app.get("/report")
    def report():
        response = requests.get("https://reports.example/daily", timeout=10)
        response.raise_for_status()
        return response.json()
    ```

    ```
    # path: Procfile
    web: gunicorn --timeout 30 app.views:app
    ```

    ## When this is wrong

    The deadline that was found belongs to another service, or the workers are asynchronous and gunicorn's timeout only watches their heartbeat.

    ## References

    - [Timeouts, retries and backoff with jitter](https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/)
    - [gunicorn: timeout](https://docs.gunicorn.org/en/stable/settings.html#timeout)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    automatic = True
    profile = "strict"
    tags = ("availability",)

    def check(self, project: Project) -> Iterator[Finding]:
        for found in overruns(project):
            call = found.call
            module = project.modules[call.path]
            if module.role not in self.roles:
                continue
            repeated = f" in each of {found.attempts:g} attempts" if found.attempts > 1 else ""
            ends = f"its {found.entry.kind.value} ends after {found.deadline.seconds:g} s"
            yield self.finding(
                call.path,
                call.call,
                f"`{call.name}` may wait {call.seconds:g} s{repeated}, but {ends}; give up earlier inside",
                symbol=module.functions[call.function].name,
                evidence=found.evidence,
            )
