from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.authentication.exposure import cross_origin
from backend_lint.project.authentication.library_calls import place_of


class CorsWildcardWithCredentials(ProjectRule):
    """Every site of the web may call the API as the visitor who is logged in.

    ## What it does

    Reports cross-origin settings that allow every origin together with credentials: Starlette's `CORSMiddleware`, Flask-CORS, django-cors-headers.
    django-cors-headers open to every origin without credentials is reported as a warning: answers for callers of the own network are readable as well.

    ## Why is this bad

    The middleware then answers with the origin that asks. Any page that a visitor opens reads his data and acts for him, with his cookies.

    ## Example

    ```python
    from fastapi import FastAPI
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    ```

    ## Use instead

    ```python
    from fastapi import FastAPI
    from fastapi.middleware.cors import CORSMiddleware

    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"], allow_credentials=True)
    ```

    ## When this is wrong

    Where no caller is known by a cookie or by HTTP authentication: then credentials need not be allowed either, and only the
    profile `strict` says so; so it does where Django's session cookie keeps its `SameSite`, which browsers keep back from other sites. Flask-CORS takes
    `CORS_ORIGINS` of the application where a call names no origins: all such calls are one finding, and none where that setting is there.

    ## References

    - [MDN: CORS requests with credentials](https://developer.mozilla.org/en-US/docs/Web/HTTP/CORS#requests_with_credentials)
    - [CWE-942](https://cwe.mitre.org/data/definitions/942.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("security", "owasp-api:8", "cwe:942")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in cross_origin(project):
            if not self.shows(found.profile):
                continue
            if found.others:
                places = f"`{found.name}` is given neither here nor in {found.others} more place{'s' * (found.others > 1)}, nor is `CORS_ORIGINS` configured"
                message = f"{places}, so any site can act for a visitor: set `CORS_ORIGINS` once to the origins that need it"
            elif found.name:
                message = f"`{found.name}` allows every origin together with credentials, any site can act for a visitor: list the origins that need it"
            else:
                message = "every origin may read what this API answers: list the origins that need it"
            yield self.finding(found.module.path, place_of(found.at), message, symbol=found.symbol, severity=None if found.name else Severity.WARNING)
