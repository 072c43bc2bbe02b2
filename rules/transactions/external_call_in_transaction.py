from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Severity
from backend_lint.facts.python import Use
from backend_lint.project import Effect, Project
from backend_lint.project.transactions import HeldOpen, evidence


class ExternalCallInTransaction(ProjectRule):
    """Another service is called while a transaction is open that has written or locked rows.

    ## What it does

    Finds HTTP requests, mail, object stores and model providers that are called inside `atomic`, `session.begin()` or a driver's transaction, directly or
    in a function that is called there, after the transaction has written or locked something. Work that is put off to `transaction.on_commit`, mail that
    only goes into a queue, and transactions that have written nothing yet are left alone.

    ## Why is this bad

    Rows stay locked and the connection stays taken for as long as the other service needs. When it answers in twenty seconds instead of one tenth, every
    request that wants one of these rows waits twenty seconds too, and the pool runs dry. And the two cannot be undone together: after a rollback the
    customer has been charged for an order that does not exist.

    ## Example

    ```python
    import requests
    from django.db import models, transaction


    class Order(models.Model):
        total = models.IntegerField(default=0)

        class Meta:
            app_label = "shop"


    def place_order(total: int) -> None:
        with transaction.atomic():
            order = Order.objects.create(total=total)
            answer = requests.post("https://payments.example/charge", json={"order": order.pk}, timeout=10)
            answer.raise_for_status()
    ```

    ## Use instead

    ```python
    import requests
    from django.db import models, transaction


    class Order(models.Model):
        total = models.IntegerField(default=0)

        class Meta:
            app_label = "shop"


    def place_order(total: int) -> None:
        with transaction.atomic():
            order = Order.objects.create(total=total)
        answer = requests.post("https://payments.example/charge", json={"order": order.pk}, timeout=10)
        answer.raise_for_status()
    ```

    ## When this is wrong

    The lock has to be kept over the call on purpose, the service answers from the same machine, and a short timeout bounds it. Where the call comes last and
    its failure is caught around the transaction, or raised anew where it is made, the rows are meant to be taken back with it; where its answer is looked at,
    or the rows are locked with `nowait` or `skip_locked`, the lock may be there for the call: that is told in the profile `strict`.

    ## References

    - [PostgreSQL: idle_in_transaction_session_timeout](https://www.postgresql.org/docs/current/runtime-config-client.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    tags = ("database", "performance", "consistency")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.held_open:
            if not (one.taken_back or one.meant) or self.shows(Profile.STRICT):
                yield self._finding(project, one)

    def _finding(self, project: Project, one: HeldOpen) -> Finding:
        step = one.way[-1]
        what = "mail is sent" if step.effect & Effect.MAIL else f"{step.edge.target.name} is called"
        if one.taken_back:
            cure = "the rows are taken back where it fails, but not it where the commit does: mark them as pending, call, then confirm them"
        elif one.edge.call.use is Use.DROPPED:
            cure = "pass it to transaction.on_commit" if one.inside.scope.django else "make it after the commit"
        else:  # what is fetched is wanted in the transaction: it cannot wait for the commit
            cure = "make it before the transaction, or commit first and go on in a second one"
        through = "" if len(one.way) == 1 else f" (through {project.calls.label(one.way[1].function)})"
        return self.finding(
            one.key[0],
            one.edge.call,
            f"{what}{through} inside a transaction ({one.inside.scope.what}): its row locks last until the other side has answered, and a rollback does not "
            f"undo the call; {cure}",
            symbol=project.calls.head(one.key).name,
            evidence=(
                *evidence(project, one.inside),
                Evidence(one.key[0], one.before.line, "rows are written or locked here"),
                *project.calls.evidence(one.way[1:]),
            ),
        )
