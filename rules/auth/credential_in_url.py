from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role
from backend_lint.facts.python import Call
from backend_lint.project import Project
from backend_lint.project.authentication.cookies import credentials_in_urls


class CredentialInUrl(ProjectRule):
    """A password or a key is taken out of the address.

    ## What it does

    Reports handlers that read `password`, `api_key`, `access_token` and their kind from the query of a request, and FastAPI's `APIKeyQuery`.

    ## Why is this bad

    Addresses are written to the logs of every proxy on the way, kept in the history of browsers and handed to other sites as the referrer.

    ## Example

    ```python
    from flask import Flask, request

    app = Flask(__name__)


    @app.get("/orders")
    def orders():
        return request.args.get("api_key", "")
    ```

    ## Use instead

    ```python
    from flask import Flask, request

    app = Flask(__name__)


    @app.get("/orders")
    def orders():
        return request.headers.get("X-Api-Key", "")
    ```

    ## When this is wrong

    Where a client cannot send headers. Links with a token that serves once, feeds and websockets are left alone.

    ## References

    - [CWE-598](https://cwe.mitre.org/data/definitions/598.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = "all"
    tags = ("security", "owasp-api:2", "cwe:598")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in credentials_in_urls(project):
            if isinstance(found.at, Call):
                message = f"`{found.name[:60]}` is taken out of the address, which logs and histories keep: take it out of a header or the body"
                yield self.finding(found.module.path, found.at, message, symbol=found.symbol)
