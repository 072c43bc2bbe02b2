from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.paging.paginators import free_paginators
from backend_lint.project.paging.sizes import free_sizes
from backend_lint.project.uploads import whole_uploads


class UnboundedRequest(ProjectRule):
    """Callers choose how much work one request is.

    ## What it does

    Reports page sizes that callers choose and nothing bounds: a whole number from the query that becomes the limit of a statement, directly or in functions
    that it is handed to, without `le`, `min()` or a comparison on the way; and paginators of Django REST framework with `page_size_query_param` and without
    `max_page_size`, or `LimitOffsetPagination` without `max_limit`. The profile `strict` adds handlers that read an uploaded file whole, where nothing in the
    project, and no proxy that its files set up, says how large one may be.

    ## Why is this bad

    `?limit=10000000` loads the whole table into one process, and ten callers do so at once. It is the cheapest way to bring an API down, and the cheapest
    way to copy all it knows.

    ## Example

    ```python
    from fastapi import FastAPI
    from sqlalchemy import select
    from shop.models import Order

    app = FastAPI()


    @app.get("/orders")
    def orders(session, limit: int = 50):
        return session.scalars(select(Order).limit(limit)).all()
    ```

    ## Use instead

    ```python
    from typing import Annotated

    from fastapi import FastAPI, Query
    from sqlalchemy import select
    from shop.models import Order

    app = FastAPI()


    @app.get("/orders")
    def orders(session, limit: Annotated[int, Query(ge=1, le=200)] = 50):
        return session.scalars(select(Order).limit(limit)).all()
    ```

    ## When this is wrong

    Where only trusted callers reach the route, or a table that stays small is asked. Paginators that page no list of rows that grow with all users, as far as
    it is seen, are reported by the profile `strict` only.

    ## References

    - [OWASP API4:2023](https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/)
    - [CWE-770](https://cwe.mitre.org/data/definitions/770.html)
    """

    severity, precision, since = "warning", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("cwe:770", "owasp-api:4", "security")
    roles = frozenset({Role.APPLICATION, Role.SETTINGS})

    def check(self, project: Project) -> Iterator[Finding]:
        for size in free_sizes(project):
            if not self.shows(size.profile):
                continue
            path, function = size.route.module, size.route.function
            head = project.modules[path].functions[function]
            route = f"{size.route.method} {size.route.path[:80]}"
            message = f"callers of `{route}` choose `{size.name}`, and nothing bounds it, so one request loads every row that matches: give it an upper bound"
            evidence = [Evidence(size.key[0], size.line, "it decides here how many rows are loaded")]
            yield self.finding(path, Place.at(head.line, head.column), message, symbol=head.name, evidence=evidence)
        for found in free_paginators(project):
            if not self.shows(found.profile):
                continue
            cure = f"set `{found.bound}`" if found.is_own else f"name a subclass of it here that sets `{found.bound}`"
            message = f"callers choose `{found.asked}`, and `{found.name}` does not bound it, so one request loads every row that is listed: {cure}"
            evidence = [Evidence(path, line, f"`{name}` lists rows by it") for path, line, name in found.users]
            yield self.finding(found.path, Place.at(found.line, found.column), message, evidence=evidence)
        for upload in whole_uploads(project) if self.shows(Profile.STRICT) else ():
            route = f"{upload.route.method} {upload.route.path[:80]}"
            message = f"`{route}` loads `{upload.name}` whole, and nothing bounds its size, so a few at once take all memory: read it in chunks up to a limit"
            yield self.finding(upload.module.path, upload.call, message, symbol=upload.module.functions[upload.function].name)
