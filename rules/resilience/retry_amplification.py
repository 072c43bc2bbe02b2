from __future__ import annotations

import math
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.amplification import nested_retries


class RetryAmplification(ProjectRule):
    """Retries call retries: one failure becomes a storm.

    ## What it does

    Follows the call graph from each function that is retried to functions, clients and SDKs below it that retry too, multiplies the attempts, and
    reports a way on which one call may reach the other side more than `most-attempts` times.

    ## Why is this bad

    Each layer looks harmless: three tries, five tries, three tries. Together they are 45 calls to a service that is already down, and the caller waits
    for all of them.

    ## Example

    ```python
    import requests
    import tenacity


    @tenacity.retry(stop=tenacity.stop_after_attempt(5), wait=tenacity.wait_random_exponential())
    def fetch(url: str) -> bytes:
        response = requests.get(url, timeout=5)
        response.raise_for_status()
        return response.content


    @tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_random_exponential())
    def rates() -> bytes:
        return fetch("https://rates.example/latest")
    ```

    ## Use instead

    ```python
    import requests
    import tenacity


    @tenacity.retry(stop=tenacity.stop_after_attempt(5), wait=tenacity.wait_random_exponential())
    def fetch(url: str) -> bytes:
        response = requests.get(url, timeout=5)
        response.raise_for_status()
        return response.content


    def rates() -> bytes:
        return fetch("https://rates.example/latest")
    ```

    ## When this is wrong

    The layers repeat for different failures that do not come together, such as a lost connection below and a rate limit above.

    ## Options

    - `most-attempts`: how many calls of the other side one failing call may make. Default: 10.

    ## References

    - [Timeouts, retries and backoff with jitter](https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/)
    - [Google SRE book: cascading failures](https://sre.google/sre-book/addressing-cascading-failures/)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    profile = "strict"
    tags = ("availability",)
    options = {"most-attempts": 10}

    def check(self, project: Project) -> Iterator[Finding]:
        for outer, layers, way in nested_retries(project):
            attempts = math.prod(layer.attempts for layer in layers)
            if attempts <= self.option("most-attempts") or outer.call is None or project.modules[outer.path].role not in self.roles:
                continue
            name = project.calls.label((outer.path, outer.function))
            evidence = [Evidence(layer.path, layer.line, f"{layer.what} makes up to {layer.attempts:g} attempts") for layer in layers[1:]]
            yield self.finding(
                outer.path,
                outer.call,
                f"{len(layers)} layers of retries below {name} make up to {attempts:g} attempts; retry in one layer only",
                symbol=project.modules[outer.path].functions[outer.function].name,
                evidence=(*evidence, *project.calls.evidence(way)),
            )
