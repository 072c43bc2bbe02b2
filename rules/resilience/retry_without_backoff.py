from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.call_edits import with_keyword
from backend_lint.project.retries import Pause, Retry

if TYPE_CHECKING:
    import libcst


class RetryWithoutBackoff(ProjectRule, Mends):
    """Failed calls are repeated at once, or at a fixed short pace.

    ## What it does

    Finds retries of other services that do not back off: tenacity, backoff, retrying and retry decorators without a growing or random wait, `urllib3`'s
    `Retry` without `backoff_factor`, Celery's `autoretry_for` and `self.retry()` with a short fixed delay, and loops that try again in the `except`
    clause without a wait or with the same one each time.

    The fix gives tenacity, `urllib3` and `autoretry_for` a wait that grows. It is unsafe: whoever waits for the last attempt waits longer than before, which
    may be longer than they can.

    ## Why is this bad

    A service that fails is most often overloaded. Repeating at once multiplies the load in the very moment it cannot bear any; all clients that
    failed together come back together. A wait that grows and is spread by chance lets it recover.

    ## Example

    ```python
    import requests
    import tenacity


    @tenacity.retry(stop=tenacity.stop_after_attempt(5))
    def rates() -> dict:
        response = requests.get("https://rates.example/latest", timeout=5)
        response.raise_for_status()
        return response.json()
    ```

    ## Use instead

    ```python
    import requests
    import tenacity


    @tenacity.retry(stop=tenacity.stop_after_attempt(5), wait=tenacity.wait_random_exponential(max=10))
    def rates() -> dict:
        response = requests.get("https://rates.example/latest", timeout=5)
        response.raise_for_status()
        return response.json()
    ```

    ## When this is wrong

    The failure is known to be over at once, such as a connection that the other side closed while it was idle; then one more attempt is enough.

    ## Options

    - `attempts`: a fixed wait is accepted up to so many attempts (one more for Celery, whose default it is). Default: 3.
    - `long-enough`: a fixed wait of so many seconds is accepted. Default: 30.

    ## References

    - [Timeouts, retries and backoff with jitter](https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/)
    - [tenacity: waiting before retrying](https://tenacity.readthedocs.io/en/latest/#waiting-before-retrying)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    profile = "strict"
    fix = "unsafe"
    mends = ("Call",)
    tags = ("availability",)
    options = {"attempts": 3, "long-enough": 30.0}

    def check(self, project: Project) -> Iterator[Finding]:
        for retry in project.retries.all():
            if retry.call is None or project.modules[retry.path].role not in self.roles:
                continue
            if retry.pause is Pause.UNKNOWN:
                project.note_unknown(self.name)
            elif how := self._flaw(retry):
                what = _subject(project, retry)
                yield self.finding(
                    retry.path,
                    retry.call,
                    f"{what} is repeated {how}; let the wait grow and spread it by chance",
                    symbol=project.modules[retry.path].functions[retry.function].name,
                    suggestion=_suggestion(retry),
                )

    def _flaw(self, retry: Retry) -> str:
        often = "without end" if retry.attempts == math.inf else "" if retry.attempts is None else f"up to {retry.attempts - 1:g} times"
        if retry.pause is Pause.NONE and (retry.attempts is None or retry.attempts > 2):
            return f"{often} without any wait".strip()
        few = retry.attempts is None or retry.attempts <= self.option("attempts") + (retry.kind == "celery")
        if retry.pause is Pause.FIXED and not few and retry.seconds is not None and retry.seconds < self.option("long-enough"):
            return f"{often}, always after {retry.seconds:g} s"
        return ""

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        import libcst

        name, _, value = finding.suggestion.partition("=")
        return with_keyword(node, name, value) if isinstance(node, libcst.Call) and value else None

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        return ("tenacity:wait_random_exponential",) if finding.suggestion.startswith("wait=wait_") else ()


def _subject(project: Project, retry: Retry) -> str:
    if retry.kind == "urllib3":
        return "a failed request"
    if retry.kind == "loop" and retry.call is not None:
        return f"`{retry.call.callee.lstrip('%')}`" if not retry.call.callee.startswith(("#", "(")) else "a failed call"
    return project.calls.label((retry.path, retry.function))


def _suggestion(retry: Retry) -> str:
    if retry.kind == "urllib3":
        return "backoff_factor=0.5"
    if retry.call is None or any(keyword == "**" for keyword, _ in retry.call.keywords):
        return ""
    if retry.kind == "tenacity":
        return f"wait={'tenacity.' if retry.call.callee.startswith('tenacity.') else ''}wait_random_exponential(max=10)"
    return "retry_backoff=True" if retry.kind == "celery" and any(keyword == "autoretry_for" for keyword, _ in retry.call.keywords) else ""
