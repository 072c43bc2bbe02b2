from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Finding, Mends, ProjectRule, Severity
from backend_lint.facts.python import Use
from backend_lint.project import Project
from backend_lint.project.transactions import Early, Sent, evidence
from backend_lint.project.transactions.edits import on_commit

if TYPE_CHECKING:
    import libcst


class TaskDispatchInTransaction(Mends, ProjectRule):
    """A task or message is sent before the transaction that it is about is committed.

    ## What it does

    Finds calls that hand work to a queue or a broker (Celery, RQ, Dramatiq, Huey, arq, taskiq, Django Q; Kafka, RabbitMQ, SNS, SQS, Redis) while a
    transaction is open: inside `atomic`, under `ATOMIC_REQUESTS`, in receivers of signals that Django sends inside its own transaction, in hooks of the
    admin, inside `session.begin()`, or between a session's write and its commit; also through functions. `transaction.on_commit`, `delay_on_commit`
    and a task class whose `apply_async` waits for the commit are known. What is handed over decides: a row that the transaction writes is an error,
    anything else is reported as information.

    ## Why is this bad

    The worker takes the task within milliseconds, often before the commit. It looks for a row that does not exist yet and fails, or it reads the old
    values and does the wrong thing. If the transaction is rolled back, the mail about the order that was never placed is sent all the same. None of
    this happens in tests, where tasks run at once and nothing is committed.

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
        for one in project.transactions.early:
            yield self._finding(project, one)

    def _finding(self, project: Project, one: Early) -> Finding:
        path = one.dispatch.key[0]
        scope, name = one.inside.scope, one.dispatch.name
        noun = "worker" if one.dispatch.sent is Sent.TASK else "consumer"
        what = f"{noun} may act before the commit, and on what is rolled back" if one.derived else f"{noun} acts even if the transaction is rolled back"
        if scope.django:
            cure = f"pass it to transaction.on_commit: partial({name}, ...)"
        else:
            cure = "send it after the commit"
        return self.finding(
            path,
            one.dispatch.call,
            f"{name} is called inside a transaction ({scope.what}): the {what}; {cure}",
            symbol=project.calls.head(one.dispatch.key).name,
            evidence=evidence(project, one.inside),
            severity=None if one.derived else Severity.INFO,
            suggestion=f"transaction.on_commit(partial({name}, ...))" if scope.django and one.dispatch.call.use is Use.DROPPED else "",
        )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        """``task.delay(x)`` as ``transaction.on_commit(partial(task.delay, x))``, for Django's transactions alone."""
        return on_commit(node) if finding.suggestion else None
