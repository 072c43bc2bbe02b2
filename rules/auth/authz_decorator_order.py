from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, ProjectRule, Role
from backend_lint.facts.python import Function
from backend_lint.project import Project
from backend_lint.project.authentication.defaults import misplaced_guards

if TYPE_CHECKING:
    import libcst


class AuthzDecoratorOrder(ProjectRule, Mends):
    """A decorator that checks the caller stands above the one that registers the route.

    ## What it does

    Reports handlers of Flask and FastAPI with a decorator such as `login_required` above `@app.route(...)`.

    The fix moves what registers the route to the top. It is unsafe: callers that nobody asked for a login are refused from then on, which is the point.

    ## Why is this bad

    Decorators apply from the bottom up. The route is registered first, with the bare function; the check wraps a name that nobody calls. The route looks
    guarded and answers anybody.

    ## Example

    ```python
    from flask import Flask
    from flask_login import login_required

    app = Flask(__name__)


    @login_required
    @app.get("/account")
    def account():
        return "yours"
    ```

    ## Use instead

    ```python
    from flask import Flask
    from flask_login import login_required

    app = Flask(__name__)


    @app.get("/account")
    @login_required
    def account():
        return "yours"
    ```

    ## When this is wrong

    Where the decorator registers something by itself instead of wrapping the function.

    ## References

    - [Flask: view decorators](https://flask.palletsprojects.com/en/stable/patterns/viewdecorators/)
    - [CWE-306](https://cwe.mitre.org/data/definitions/306.html)
    """

    severity, precision, since = "error", "very-high", "0.1"
    profile = "all"
    fix = "unsafe"
    mends = ("FunctionDef",)
    tags = ("security", "owasp-api:2", "owasp-api:5", "cwe:306", "cwe:696")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in misplaced_guards(project):
            head = found.module.functions[found.function]
            message = f"`{found.guard}` stands above `{found.registers}`, so the route is registered without it and answers anybody: put it below"
            yield self.finding(found.module.path, _Head(head), message, symbol=head.name)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        import libcst

        if not isinstance(node, libcst.FunctionDef):
            return None
        registers = finding.message.split("`")[3]
        written = libcst.Module([]).code_for_node
        first = [one for one in node.decorators if written(getattr(one.decorator, "func", one.decorator)) == registers]
        ordered = [*first, *(one for one in node.decorators if one not in first)]
        return node.with_changes(decorators=ordered) if first and ordered != list(node.decorators) else None


class _Head:
    def __init__(self, head: Function) -> None:
        self.line = self.end_line = head.line
        self.column = head.column
        self.end_column = head.column + 3
