from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.taint.attempts import attempts


class MissingRateLimit(ProjectRule):
    """A password or a code can be guessed as often as somebody likes.

    ## What it does

    Reports routes without a limit that check a password or a one-time code, in their handler or further down, and that nobody has to sign in for. A limit
    is a decorator, a throttle, a dependency, or anything on the way whose name speaks of limits, attempts, locks or captchas.

    ## Why is this bad

    A six-digit code is guessed within hours, and lists of passwords from elsewhere are tried on every account.

    ## Example

    ```python
    from fastapi import FastAPI, HTTPException

    app = FastAPI()


    @app.post("/login")
    def login(name: str, password: str, store):
        if not store.verify_password(name, password):
            raise HTTPException(401)
        return store.session(name)
    ```

    ## Use instead

    ```python
    from fastapi import FastAPI, HTTPException, Request
    from slowapi import Limiter
    from slowapi.util import get_remote_address

    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address)


    @app.post("/login")
    @limiter.limit("5/minute")
    def login(request: Request, name: str, password: str, store):
        if not store.verify_password(name, password):
            raise HTTPException(401)
        return store.session(name)
    ```

    ## When this is wrong

    Where a gateway that is configured elsewhere limits requests. Projects with nginx files, a middleware for limits, default limits, or a library that locks
    accounts (django-axes, django-defender, django-ratelimit, django-allauth) are left alone.

    ## References

    - [OWASP API4:2023](https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/)
    - [CWE-307](https://cwe.mitre.org/data/definitions/307.html)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.ALL
    tags = ("cwe:307", "owasp-api:2", "owasp-api:4", "owasp-api:6", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in attempts(project):
            path, index = found.route.module, found.route.function
            module = project.modules[path]
            if module.role not in self.roles:
                continue
            head = module.functions[index]
            message = f"`{found.route.method} {found.route.path}` checks a secret without a limit, so it can be guessed: limit attempts by account and address"
            evidence = [Evidence(found.key[0], found.line, f"the secret is checked here: {found.what}")]
            yield self.finding(path, _Place(head.line, head.column), message, symbol=head.name, evidence=evidence)


class _Place:
    def __init__(self, line: int, column: int) -> None:
        self.line = self.end_line = line
        self.column = self.end_column = column
