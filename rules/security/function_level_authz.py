from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule, Role
from backend_lint.facts.python import Function
from backend_lint.project import Project
from backend_lint.project.authentication.levels import weaker_guards
from backend_lint.project.ownership.shared import shared_writes


class FunctionLevelAuthz(ProjectRule):
    """A function for some callers is open to all of them.

    ## What it does

    Reports routes below `/admin`, `/management` and their kind that let in everybody who is logged in: none of their guards, and nothing that the handler
    calls, asks for a role, a permission or a scope. Routes are reported as well that write rows which belong to nobody and hold prices, stocks or rates, where
    users' rows refer to them, users have roles, and nothing asks for one.

    ## Why is this bad

    Callers try the addresses of administrators with their own login. A login tells who they are, not what they may do.

    ## Example

    ```python
    from flask import Flask, jsonify
    from flask_login import login_required
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Order(db.Model):
        id = db.Column(db.Integer, primary_key=True)


    @app.get("/admin/orders/<int:pk>")
    @login_required
    def any_order(pk):
        return jsonify(id=db.session.get(Order, pk).id)
    ```

    ## Use instead

    ```python
    from flask import Flask, abort, jsonify
    from flask_login import current_user, login_required
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Order(db.Model):
        id = db.Column(db.Integer, primary_key=True)


    @app.get("/admin/orders/<int:pk>")
    @login_required
    def any_order(pk):
        if not current_user.is_staff:
            abort(403)
        return jsonify(id=db.session.get(Order, pk).id)
    ```

    ## When this is wrong

    Where everybody who is logged in may do it, or a proxy in front lets only administrators reach the path.

    ## References

    - [OWASP API5:2023 Broken Function Level Authorization](https://owasp.org/API-Security/editions/2023/en/0xa5-broken-function-level-authorization/)
    - [CWE-285](https://cwe.mitre.org/data/definitions/285.html)
    """

    severity, precision, since = "error", "medium", "0.1"
    profile = "all"
    tags = ("security", "owasp-api:5", "cwe:285", "cwe:862")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in weaker_guards(project):
            route = found.route
            shown = f"`{'' if route.method == '*' else route.method + ' '}{route.path[:80]}`"
            message = f"{shown} lets in everybody who is logged in, nothing asks for a role or a permission: require the one that it is for"
            evidence = []
            if found.sibling is not None:
                other = project.calls.head((found.sibling.module, found.sibling.function))
                names = [guard.name for guard in found.sibling.guards if guard.verifies] or ["a guard"]
                evidence.append(Evidence(found.sibling.module, other.line, f"`{found.sibling.method} {found.sibling.path[:80]}` is guarded by `{names[0]}`"))
            if route.function < 0 and route.owner is not None:
                owner = project.modules[route.owner[0]].classes[route.owner[1]]
                yield self.finding(route.owner[0], Place.at(owner.line, owner.column, 5), message, symbol=owner.name, evidence=evidence)
                continue
            head = project.calls.head((route.module, route.function))
            yield self.finding(route.module, _Head(head), message, symbol=head.name, evidence=evidence)
        for one in shared_writes(project):
            head = project.calls.head((one.route.module, one.route.function))
            message = (
                f"`{one.route.method} {one.route.path[:80]}` lets everybody who is logged in write `{one.table}`, "
                f"whose `{one.column}` holds for all: require the role that it is for"
            )
            evidence = [Evidence(one.route.module, one.line, f"written here; rows of `{one.child}` refer to it")]
            yield self.finding(one.route.module, _Head(head), message, symbol=head.name, evidence=evidence)


class _Head:
    def __init__(self, head: Function) -> None:
        self.line = self.end_line = head.line
        self.column = head.column
        self.end_column = head.column + 3
