from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Role
from backend_lint.facts.python import Function
from backend_lint.project import Project
from backend_lint.project.authentication.webhooks import failing_open, unsigned_webhooks


class WebhookSignatureMissing(ProjectRule):
    """A webhook believes whoever calls it.

    ## What it does

    Reports routes named as webhooks that write to the database or a queue, while neither they, nor their guards, nor anything they call looks at a signature, a
    secret or the caller's address; and webhooks that check the signature only where a secret is set or a signature was sent (`if secret and signature:`).

    ## Why is this bad

    The address of a webhook is no secret. Anybody can post to it that an invoice was paid or an account confirmed.

    ## Example

    ```python
    from flask import Flask, request
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Invoice(db.Model):
        id = db.Column(db.Integer, primary_key=True)


    @app.post("/webhook/payments")
    def payments():
        db.session.add(Invoice(id=request.json["id"]))
        db.session.commit()
        return ""
    ```

    ## Use instead

    ```python
    import hmac
    import os

    from flask import Flask, abort, request
    from flask_sqlalchemy import SQLAlchemy

    app = Flask(__name__)
    db = SQLAlchemy(app)


    class Invoice(db.Model):
        id = db.Column(db.Integer, primary_key=True)


    @app.post("/webhook/payments")
    def payments():
        expected = hmac.new(os.environ["HOOK_SECRET"].encode(), request.get_data(), "sha256").hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
            abort(401)
        db.session.add(Invoice(id=request.json["id"]))
        db.session.commit()
        return ""
    ```

    ## When this is wrong

    Where a proxy lets only the sender's machines through, or the handler only takes the call as a reason to ask the sender.

    ## References

    - [Stripe: verify webhook signatures](https://docs.stripe.com/webhooks#verify-events)
    - [CWE-345](https://cwe.mitre.org/data/definitions/345.html)
    """

    severity, precision, since = "error", "high", "0.1"
    profile = "all"
    tags = ("security", "owasp-api:2", "owasp-api:10", "cwe:345")
    roles = frozenset({Role.APPLICATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for route in unsigned_webhooks(project):
            head = project.calls.head((route.module, route.function))
            message = f"`{route.path[:80]}` believes whoever calls it, nothing looks at a signature: verify the sender's over the raw body first"
            yield self.finding(route.module, _Head(head), message, symbol=head.name)
        for found in failing_open(project):
            head = project.calls.head((found.route.module, found.route.function))
            message = f"`{found.route.path[:80]}` skips the check of the signature where there is no secret or no signature, and goes on: refuse the call then"
            evidence = [Evidence(found.key[0], found.line, "the signature is checked here, and only if there is something to check")]
            yield self.finding(found.route.module, _Head(head), message, symbol=head.name, evidence=evidence)


class _Head:
    def __init__(self, head: Function) -> None:
        self.line = self.end_line = head.line
        self.column = head.column
        self.end_column = head.column + 3
