from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, Profile, ProjectRule, Severity
from backend_lint.facts.python import Use
from backend_lint.project import Project
from backend_lint.project.transactions import Early, Sent, Stake, evidence
from backend_lint.project.transactions.edits import on_commit
from backend_lint.project.transactions.scopes import shown

if TYPE_CHECKING:
    import libcst


_WHAT = {
    **dict.fromkeys((Stake.NEW, Stake.EITHER), "worker may act before the commit, and on what is rolled back"),
    Stake.CHANGED: "worker may still read the old values, and acts on what is rolled back",
    Stake.GONE: "worker finds the row or not, as it comes before the commit or after it",
    Stake.NOTHING: "worker acts even if the transaction is rolled back",
}


class TaskDispatchInTransaction(Mends, ProjectRule):
    """A task or message is sent before the transaction that it is about is committed.

    ## What it does

    Finds calls that hand work to a queue or a broker (Celery, RQ, Dramatiq, Huey, arq, taskiq, Django Q; Kafka, RabbitMQ, SNS, SQS, Redis) while a
    transaction is open: inside `atomic`, under `ATOMIC_REQUESTS`, in receivers of signals that Django sends inside its own transaction, in hooks of the
    admin (profile `strict`), inside `session.begin()`, or between a session's write and its commit; also through functions. `transaction.on_commit`,
    `delay_on_commit` and a task class whose `apply_async` waits for the commit are known. What is handed over decides: a row that the transaction makes and
    the task loads is an error, one that it changes or deletes a warning, anything else information, and that only if something behind it can fail.

    ## Why is this bad

    The worker takes the task within milliseconds, often before the commit. It looks for a row that does not exist yet and fails, or reads the old values. If
    the transaction is rolled back, the mail about the order that was never placed is sent all the same. Tests, where tasks run at once, show none of this.

    ## Example

    ```python
    from celery import shared_task
    from django.db import models, transaction


    class Order(models.Model):
        total = models.IntegerField()

        class Meta:
            app_label = "shop"


    @shared_task
    def send_receipt(order_id: int) -> None:
        print(order_id)


    @transaction.atomic
    def place_order(total: int) -> None:
        order = Order.objects.create(total=total)
        send_receipt.delay(order.pk)
    ```

    ## Use instead

    ```python
    from functools import partial

    from celery import shared_task
    from django.db import models, transaction


    class Order(models.Model):
        total = models.IntegerField()

        class Meta:
            app_label = "shop"


    @shared_task
    def send_receipt(order_id: int) -> None:
        print(order_id)


    @transaction.atomic
    def place_order(total: int) -> None:
        order = Order.objects.create(total=total)
        transaction.on_commit(partial(send_receipt.delay, order.pk))
    ```

    ## When this is wrong

    The queue lives in the same database and takes part in the transaction, or the task is retried until it finds its row and does no harm after a rollback.

    ## References

    - [Celery: database transactions](https://docs.celeryq.dev/en/stable/userguide/tasks.html#database-transactions)
    - [Django: performing actions after commit](https://docs.djangoproject.com/en/stable/topics/db/transactions/#performing-actions-after-commit)
    - [celery/celery#8491](https://github.com/celery/celery/issues/8491)
    """

    severity, precision, since = Severity.ERROR, "very-high", "0.3"
    fix = "unsafe"
    tags = ("concurrency", "queue", "cwe:362")
    mends = ("Call",)
    imports = ("functools:partial", "django.db:transaction")

    def check(self, project: Project) -> Iterator[Finding]:
        by_hand = self.shows(Profile.STRICT)
        yield from (self._finding(project, one) for one in project.transactions.early if by_hand or not one.is_by_hand)

    def _finding(self, project: Project, one: Early) -> Finding:
        call, scope, name = one.dispatch.call, one.inside.scope, one.dispatch.sender(project)
        on_commit = scope.django and call.use is Use.DROPPED and one.stake is not Stake.GONE
        what = _WHAT[one.stake].replace("worker", "worker" if one.dispatch.sent is Sent.TASK else "consumer")
        using = f", using={scope.alias!r}" if scope.alias and scope.alias[0] not in "%#" else ""
        if one.stake is Stake.GONE:
            cure = "hand over what it needs of the row, and send it with transaction.on_commit"
        elif on_commit and one.is_bound:  # what it is sent through was opened here, and is closed by then
            on_commit, way = False, one.inside.way
            cure = f"pass {shown(way[-1].edge.call.callee)} itself to transaction.on_commit" if way else "open it and send in a function that on_commit calls"
        elif on_commit:
            cure = f"pass it to transaction.on_commit: partial({name}, ...){using}"
        elif scope.django and one.dispatch.library == "Celery":
            cure = "its result is used here, so choose the task_id before and pass apply_async(..., task_id=...) to transaction.on_commit"
        else:
            cure = "send it after the commit"
        return self.finding(
            one.dispatch.key[0],
            call,
            f"{name} is called inside a transaction ({scope.what}): the {what}; {cure}",
            symbol=project.calls.head(one.dispatch.key).name,
            evidence=evidence(project, one.inside),
            severity=self._severity(one),
            suggestion=f"transaction.on_commit(partial({name}, ...){using})" if on_commit and not using else "",
        )

    @staticmethod
    def _severity(one: Early) -> Severity:
        if one.stake is Stake.NEW:
            return Severity.WARNING if one.is_aside else Severity.ERROR
        return Severity.INFO if one.stake is Stake.NOTHING or one.is_aside else Severity.WARNING

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return on_commit(node) if finding.suggestion else None
