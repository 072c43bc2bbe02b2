from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.transactions import Unkept


class LockOutsideTransaction(ProjectRule):
    """Rows are locked where no transaction is open.

    ## What it does

    Finds querysets with `select_for_update()` that are run where certainly no transaction is open: not in the function, not in any caller, not by
    `ATOMIC_REQUESTS`; and `SELECT ... FOR UPDATE` on a connection of asyncpg outside of `connection.transaction()`. Where callers are not all known, it is
    silent.

    ## Why is this bad

    A row lock lasts until the transaction ends. Without one Django raises `TransactionManagementError` as soon as the queryset is run, which tests inside
    `TestCase` do not show, for they open a transaction themselves. asyncpg commits after each statement: the lock is gone before the next line runs.

    ## Example

    ```python
    from celery import shared_task
    from django.db import models


    class Account(models.Model):
        balance = models.IntegerField(default=0)

        class Meta:
            app_label = "bank"


    @shared_task
    def close(account_id: int) -> None:
        account = Account.objects.select_for_update().get(pk=account_id)
        account.balance = 0
        account.save(update_fields=["balance"])
    ```

    ## Use instead

    ```python
    from celery import shared_task
    from django.db import models, transaction


    class Account(models.Model):
        balance = models.IntegerField(default=0)

        class Meta:
            app_label = "bank"


    @shared_task
    def close(account_id: int) -> None:
        with transaction.atomic():
            account = Account.objects.select_for_update().get(pk=account_id)
            account.balance = 0
            account.save(update_fields=["balance"])
    ```

    ## When this is wrong

    The function is entered in a way that cannot be seen here, always inside a transaction.

    ## References

    - [Django: select_for_update](https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-for-update)
    """

    severity, precision, since = Severity.ERROR, "very-high", "0.3"
    tags = ("concurrency", "database")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.unkept_locks:
            yield self._finding(project, one)

    def _finding(self, project: Project, one: Unkept) -> Finding:
        what = "Django raises TransactionManagementError" if one.raises else "the lock is released as soon as the statement has run"
        cure = "`with transaction.atomic():`" if one.raises else "`async with connection.transaction():`"
        found = project.reached_from(one.key)
        entry = [Evidence(found[0].module, found[0].line, f"{found[0].name} is entered without a transaction")] if found is not None else []
        return self.finding(
            one.key[0],
            one.call,
            f"rows are locked outside of a transaction: {what}; put the lock and the write into {cure}",
            symbol=project.calls.head(one.key).name,
            evidence=entry,
            suggestion=cure.strip("`"),
        )
