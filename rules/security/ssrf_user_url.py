from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.failures import symbol_of
from backend_lint.project.taint import Danger
from backend_lint.project.taint.listed import is_listed, is_of_platform


class SsrfUserUrl(ProjectRule):
    """A caller decides which machine the server calls.

    ## What it does

    Follows values of requests (query, body, headers, path) through locals, attributes and calls to the address of an outbound HTTP request, and reports
    those that decide its host. The way is the evidence. A value that only becomes part of the path behind a fixed host is left alone.

    ## Why is this bad

    The server stands inside the network: a caller reaches the metadata service of the cloud, databases without passwords and internal pages through it.

    ## Example

    ```python
    import requests
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/preview")
    def preview(url: str):
        return requests.get(url, timeout=5).text
    ```

    ## Use instead

    ```python
    from urllib.parse import urlparse

    import requests
    from fastapi import FastAPI, HTTPException

    app = FastAPI()
    HOSTS = {"images.example", "docs.example"}


    @app.get("/preview")
    def preview(url: str):
        if urlparse(url).hostname not in HOSTS:
            raise HTTPException(400)
        response = requests.get(url, timeout=5, allow_redirects=False)
        response.raise_for_status()
        return response.text
    ```

    ## When this is wrong

    Where every caller may reach whatever the server reaches, or a proxy on the way lets only public addresses pass. Values that a test, a validator or a
    function whose name says that it checks has seen are left alone. What only services of one's own call, as its name says, and what tries a connection that
    somebody sets up, is reported by the profile `strict` only.

    ## References

    - [OWASP API7:2023](https://owasp.org/API-Security/editions/2023/en/0xa7-server-side-request-forgery/)
    - [CWE-918](https://cwe.mitre.org/data/definitions/918.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("cwe:918", "owasp-api:7", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in project.taint.arrivals(Danger.URL):
            path, function = found.key
            symbol = symbol_of(project.modules[path].functions[function])
            if is_listed(project, found) or (is_of_platform(path, symbol) and not self.shows(Profile.STRICT)):
                continue
            shown = found.trail.source.shown
            cure = "allow listed hosts only, or refuse private addresses if any is meant"
            message = f"`{shown}` of the request decides which host is called, one of your own network too: {cure}"
            evidence = [Evidence(step.path, step.line, step.text) for step in found.trail.steps]
            yield self.finding(path, found.call, message, symbol=symbol, evidence=evidence)
