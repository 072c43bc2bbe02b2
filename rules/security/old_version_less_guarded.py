from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, Profile, ProjectRule, Role
from backend_lint.facts.route import Route
from backend_lint.project import Project
from backend_lint.project.authentication.versions import old_versions


class OldVersionLessGuarded(ProjectRule):
    """An old version of a route is still served, and asks for less than the new one.

    ## What it does

    Compares routes that differ in their version only (`/v1/orders`, `/v2/orders`): reports the older one where it certainly answers anybody and the latest
    one checks who calls, or where the latest one limits how often callers may try and the older one does not.

    ## Why is this bad

    The hole was closed in the version that everybody looks at. Whoever knows the old path, from an old client or an archive, uses the old one.

    ## Example

    ```python
    from flask import Flask, jsonify
    from flask_login import login_required

    app = Flask(__name__)


    @app.get("/v1/orders")
    def orders_before():
        return jsonify([])


    @app.get("/v2/orders")
    @login_required
    def orders():
        return jsonify([])
    ```

    ## Use instead

    ```python
    from flask import Flask, jsonify
    from flask_login import login_required

    app = Flask(__name__)


    @app.get("/v1/orders")
    @login_required
    def orders_before():
        return jsonify([])


    @app.get("/v2/orders")
    @login_required
    def orders():
        return jsonify([])
    ```

    ## When this is wrong

    Where the old version answers with what is public, and only the new one with more.

    ## References

    - [OWASP API9:2023](https://owasp.org/API-Security/editions/2023/en/0xa9-improper-inventory-management/)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.STRICT
    tags = ("cwe:1059", "owasp-api:9", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in old_versions(project):
            old, new = found.old, found.new
            path, place, symbol = _place(project, old)
            at, there, _ = _place(project, new)
            does = "answers anybody" if found.lacks == "guard" else "has no limit"
            has = "checks who calls" if found.lacks == "guard" else "has one"
            message = f"`{old.method} {old.path[:80]}` {does}, while `{new.path[:80]}` {has}: remove the old version, or guard it like the new one"
            yield self.finding(path, place, message, symbol=symbol, evidence=[Evidence(at, there.line, _guarded(new, found.lacks))])


def _guarded(route: Route, lacks: str) -> str:
    names = [limit.name for limit in route.limits] if lacks == "limit" else [guard.name for guard in route.guards if guard.verifies] or ["its handler"]
    return f"`{route.method} {route.path[:80]}` is {'limited' if lacks == 'limit' else 'guarded'} by `{names[0]}`"


def _place(project: Project, route: Route) -> tuple[str, Place, str]:
    if route.function < 0:
        return route.declared_in, Place.at(route.line), ""
    head = project.modules[route.module].functions[route.function]
    return route.module, Place.at(head.line, head.column), head.name
