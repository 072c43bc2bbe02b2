from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.blocks import protecting_handlers
from backend_lint.project.budgets import request_entries
from backend_lint.project.libraries.outbound import Peer
from backend_lint.project.timeouts import Limit

_BREAKERS = frozenset({"pybreaker", "circuitbreaker", "aiobreaker", "aiocircuitbreaker", "purgatory", "pyfailsafe", "hyx", "lasier"})


class NoCircuitBreaker(ProjectRule):
    """Many routes depend on another service, and nothing stops asking it while it is down.

    ## What it does

    Finds HTTP calls with a timeout that several routes or a middleware wait for, in a project that uses no circuit breaker, where no `except` clause
    around the call gives a fallback. One finding a function.

    ## Why is this bad

    While the other side is down each request waits for the full timeout before it fails. The workers fill with waiting requests, and pages that
    never needed the other service go down with it.

    ## Example

    ```python
    import requests
    from flask import Flask, abort, request

    app = Flask(__name__)


    def who(token: str) -> dict:
        response = requests.get("https://identity.example/me", params={"token": token}, timeout=5)
        response.raise_for_status()
        return response.json()


    @app.before_request
    def authenticate():
        if not who(request.headers["Authorization"]):
            abort(401)
    ```

    ## Use instead

    ```python
    import pybreaker
    import requests
    from flask import Flask, abort, request

    app = Flask(__name__)
    breaker = pybreaker.CircuitBreaker(fail_max=5, reset_timeout=30)


    @breaker
    def who(token: str) -> dict:
        response = requests.get("https://identity.example/me", params={"token": token}, timeout=5)
        response.raise_for_status()
        return response.json()


    @app.before_request
    def authenticate():
        if not who(request.headers["Authorization"]):
            abort(401)
    ```

    ## When this is wrong

    A service mesh breaks the circuit, or the page is about nothing but the answer of that service.

    ## Options

    - `routes`: how many routes make a call worth a circuit breaker. Default: 10.

    ## References

    - [Circuit breaker](https://martinfowler.com/bliki/CircuitBreaker.html)
    """

    severity, precision, since = Severity.INFO, "medium", "0.1"
    profile = "all"
    tags = ("availability",)
    options = {"routes": 10}

    def check(self, project: Project) -> Iterator[Finding]:
        if not _BREAKERS.isdisjoint(project.imported):
            return
        seen: set[tuple[str, int]] = set()
        for call in project.timeouts.all():
            key = (call.path, call.function)
            module = project.modules[call.path]
            if (
                call.limit not in (Limit.GIVEN, Limit.DEFAULT)
                or call.wait.peer is not Peer.HTTP
                or call.wait.builds
                or key in seen
                or module.role not in self.roles
            ):
                continue
            if any(not handler.raises for handler in protecting_handlers(module.bodies[call.function], call.call.block)):
                continue
            entries = request_entries(project, key)
            everywhere = any(entry.kind is EntryKind.MIDDLEWARE for entry in entries)
            if len(entries) < self.option("routes") and not everywhere:
                continue
            who = "all requests" if everywhere else f"{len(entries)} routes"
            seen.add(key)
            yield self.finding(
                call.path,
                call.call,
                f"{who} wait for `{call.name}` and nothing stops asking while it is down; add a circuit breaker or a fallback",
                symbol=module.functions[call.function].name,
                evidence=[Evidence(entry.module, entry.line, f"reached from {entry.said}") for entry in entries[:3]],
            )
