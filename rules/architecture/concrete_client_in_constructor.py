from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.architecture.injection import own_clients

_SHOWN = 3


class ConcreteClientInConstructor(ProjectRule):
    """A class makes its own client of another system, where the others are handed theirs.

    ## What it does

    Reports a constructor that makes an HTTP session, a Redis, boto3, MongoDB or Elasticsearch client or the like, where at least three other classes take
    one of the same kind as a parameter, and three times as many as make one. A constructor that also takes one (`client or Client()`), and modules that put the
    parts together, are left out.

    ## Why is this bad

    The class cannot be tested without the other system, and its client has a pool, a timeout and a retry policy of its own that nobody sees where the others
    are set.

    ## Example

    ```python
    import httpx


    class Orders:
        def __init__(self, client: httpx.Client):
            self.client = client


    class Invoices:
        def __init__(self, client: httpx.Client):
            self.client = client


    class Parcels:
        def __init__(self, client: httpx.Client):
            self.client = client


    class Rates:
        def __init__(self):
            self.client = httpx.Client(timeout=3)
    ```

    ## Use instead

    ```python
    import httpx


    class Rates:
        def __init__(self, client: httpx.Client):
            self.client = client
    ```

    ## When this is wrong

    Where the client is made with settings that belong to this class alone, such as the address and the key of one provider.
    """

    severity = Severity.INFO
    precision = "medium"
    since = "0.2"
    profile = Profile.ALL
    automatic = True

    def check(self, project: Project) -> Iterator[Finding]:
        for one in own_clients(project):
            path = one.function[0]
            head = project.calls.head(one.function)
            yield self.finding(
                path,
                one.call,
                f"`{head.name}` makes its own `{one.kind}`, and {len(one.given)} other classes are handed theirs: take it as a parameter",
                symbol=head.name,
                evidence=[
                    Evidence(given.function[0], project.calls.head(given.function).line, f"{project.calls.label(given.function)} is handed `{given.parameter}`")
                    for given in one.given[:_SHOWN]
                ],
            )
