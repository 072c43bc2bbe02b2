from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role
from backend_lint.facts.python import Function
from backend_lint.facts.route import Route
from backend_lint.project import Project
from backend_lint.project.authentication.open_routes import OpenRoute, open_routes


class UnauthenticatedRoute(ProjectRule):
    """A route answers anybody, while those beside it ask who calls.

    ## What it does

    Follows every route's whole guard chain: decorators, dependencies of every level, middleware, permission classes with their defaults, hooks of
    applications and blueprints, `security` of OpenAPI files. A route is reported if it certainly has no guard, most routes of the application have one, and it
    writes to the database, or reads from it while most handlers of the same file are guarded; and so is a method of a class-based view without any guard, where
    its other methods have one.

    The default profile speaks only where a row that the address names is changed and at least two routes of the same file are guarded; `strict` adds everything
    that is written, `all` what is only read, which often is meant for everybody.

    ## Why is this bad

    One forgotten decorator is enough: everybody on the network reads or changes what the rest of the application protects, and nobody notices, because every
    test calls the route with a token.

    ## Example

    ```python
    from flask import Flask, jsonify
    from flask_login import login_required
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Order(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        total = db.Column(db.Integer)


    @app.get("/orders")
    @login_required
    def orders():
        return jsonify([order.total for order in Order.query.limit(20)])


    @app.post("/orders/<int:pk>/cancel")
    def cancel(pk):
        db.session.delete(db.session.get(Order, pk))
        db.session.commit()
        return "", 204
    ```

    ## Use instead

    ```python
    from flask import Flask
    from flask_login import login_required
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Order(db.Model):
        id = db.Column(db.Integer, primary_key=True)


    @app.post("/orders/<int:pk>/cancel")
    @login_required
    def cancel(pk):
        db.session.delete(db.session.get(Order, pk))
        db.session.commit()
        return "", 204
    ```

    ## When this is wrong

    Where the route is meant for everybody: say so with `AllowAny`, a decorator whose name says it (`@public`), or the option. Routes for health checks,
    documentation, logging in, registering, resetting passwords, webhooks, static files and links that carry a token are left alone, and so is every route of
    which it is not certain that nothing guards it.

    ## Options

    - `public`: paths that are meant to be open, as the route table of `backend-lint map routes` writes them. Default: none.
    - `guarded-share`: the share of routes that have to be guarded before the others are suspicious. Default: 0.5.

    ## References

    - [OWASP API2:2023 Broken Authentication](https://owasp.org/API-Security/editions/2023/en/0xa2-broken-authentication/)
    - [CWE-306](https://cwe.mitre.org/data/definitions/306.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = Profile.DEFAULT
    tags = ("security", "owasp-api:2", "owasp-api:5", "cwe:306")
    roles = frozenset({Role.APPLICATION})
    options = {"public": (), "guarded-share": 0.5}

    def check(self, project: Project) -> Iterator[Finding]:
        for found in open_routes(project, self.option("guarded-share"), frozenset(self.option("public"))):
            route = found.route
            if not self.shows(found.profile):
                continue
            head = project.calls.head((route.module, route.function))
            evidence = [_guarded(project, sibling) for sibling in found.siblings[:3]]
            if not evidence:
                guarded = next((other for other in project.routes if other.authenticated and other.function >= 0), None)
                evidence = [_guarded(project, guarded)] if guarded is not None else []
            yield self.finding(route.module, _Head(head), _message(found), symbol=head.name, evidence=evidence)


def _message(found: OpenRoute) -> str:
    method = "" if found.route.method == "*" else f"{found.route.method} "
    models = ", ".join(f"`{name}`" for name in (found.writes or found.reads)[:3])
    does = f"writes {models}" if found.writes else f"reads {models}" if models else "reads the database"
    share = f", {len(found.siblings)} other routes beside it are guarded" if found.siblings else ""
    path = re.sub(r"\s+", "", found.route.path)[:80]
    return f"`{method}{path}` {does} for callers whom nobody checks{share}: guard it like them, or mark it as public"


def _guarded(project: Project, route: Route) -> Evidence:
    names = [guard.name for guard in route.guards if guard.verifies] or ["the handler itself"]
    head = project.calls.head((route.module, route.function))
    return Evidence(route.module, head.line, f"`{route.method} {route.path[:80]}` is guarded by `{names[0]}`")


class _Head:
    def __init__(self, head: Function) -> None:
        self.line = self.end_line = head.line
        self.column = head.column
        self.end_column = head.column + 3
