from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, Profile, ProjectRule, Role
from backend_lint.project import Project
from backend_lint.project.paging.endless import endless_lists


class UnpaginatedListEndpoint(ProjectRule):
    """A route answers with every row of a table that grows.

    ## What it does

    Reports GET routes of collections whose handler answers with the rows of a query without condition and limit, where requests add rows to the table; and
    lists of Django REST framework's view sets in projects whose settings name no paginator. Tables that hold what somebody sets up, exports and routes that
    speak of pages anywhere are left alone.

    ## Why is this bad

    It is fast on the developer's machine. With a million rows each request loads all of them into memory, the answer takes a minute and megabytes, and
    every caller can ask for it as often as he likes.

    ## Example

    ```python
    from flask import Flask, jsonify, request
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Order(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        total = db.Column(db.Integer)


    @app.post("/orders")
    def add():
        db.session.add(Order(total=request.json["total"]))
        db.session.commit()
        return "", 201


    @app.get("/orders")
    def orders():
        return jsonify([order.total for order in Order.query.all()])
    ```

    ## Use instead

    ```python
    from flask import Flask, jsonify, request
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Order(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        total = db.Column(db.Integer)


    @app.post("/orders")
    def add():
        db.session.add(Order(total=request.json["total"]))
        db.session.commit()
        return "", 201


    @app.get("/orders")
    def orders():
        page = Order.query.order_by(Order.id).paginate(per_page=50, max_per_page=200)
        return jsonify([order.total for order in page])
    ```

    ## When this is wrong

    There will never be many rows, whatever callers do: say so with `rows` in the table `database` of the configuration.

    ## References

    - [OWASP API4:2023](https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/)
    """

    severity, precision, since = "warning", "medium", "0.1"
    profile = Profile.ALL
    tags = ("owasp-api:4", "performance", "security")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in endless_lists(project):
            route = found.route
            path = route.module if route.function >= 0 else route.owner[0] if route.owner is not None else route.declared_in
            module = project.modules[path]
            head = module.functions[route.function] if route.function >= 0 else module.classes[route.owner[1]] if route.owner is not None else None
            if head is None:
                continue
            message = f"`GET {route.path[:80]}` answers with every row of `{found.table}`, and requests add to it: answer with pages, and bound their size"
            evidence = [found.grows] if found.query is None else [found.query, found.grows]
            yield self.finding(path, Place.at(head.line, head.column), message, symbol=head.name, evidence=evidence)
