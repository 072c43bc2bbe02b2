from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.transactions import Scattered, SplitUnit
from backend_lint.project.transactions.edits import ATOMIC, FLUSH, JoinsWrites


class MultiWriteWithoutTransaction(JoinsWrites, ProjectRule):
    """Rows that belong together are written in several transactions.

    ## What it does

    Finds functions, reached from a request or a task, that write rows of different tables which refer to each other, where no transaction is open: not in
    the function, not in any of its callers, not by `ATOMIC_REQUESTS`; and rows of SQLAlchemy that are committed before the row that refers to them is made.
    One commit for all is right. Tables that only keep what happened (logs, notifications, sessions) and writes that
    may be repeated (`get_or_create`, `update_or_create`) do not count; nor does a row that is made if a look-up finds none, behind one that is found again:
    the next call makes it.

    The fix puts the statements from the first write to the second into `with transaction.atomic():`, or flushes where a session commits too early. It is
    unsafe: whoever reads the first row in between, through another connection, no longer sees it. Where another service is called between the two writes,
    where one of them may fail, or where a function may return before the last commit, it is left to you.

    ## Why is this bad

    Without a transaction Django commits after each statement. If the second write fails, or the process dies between the two, the first one stays: a user
    without a profile, an order that is paid and has no payment. Nobody finds it until the missing half is read, and repeating the request fails on what is
    there already.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        name = models.CharField(max_length=100)


    class Address(models.Model):
        customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
        city = models.CharField(max_length=100)
    ```

    ```python
    # path: shop/tasks.py
    from celery import shared_task

    from shop.models import Address, Customer


    @shared_task
    def register(name: str, city: str) -> None:
        customer = Customer.objects.create(name=name)
        Address.objects.create(customer=customer, city=city)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        name = models.CharField(max_length=100)


    class Address(models.Model):
        customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
        city = models.CharField(max_length=100)
    ```

    ```python
    # path: shop/tasks.py
    from celery import shared_task
    from django.db import transaction

    from shop.models import Address, Customer


    @shared_task
    def register(name: str, city: str) -> None:
        with transaction.atomic():
            customer = Customer.objects.create(name=name)
            Address.objects.create(customer=customer, city=city)
    ```

    ## When this is wrong

    The first row is of use without the second, and repeating the work writes what is missing.

    ## References

    - [Django: database transactions](https://docs.djangoproject.com/en/stable/topics/db/transactions/)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    fix = "unsafe"
    tags = ("database", "consistency")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.scattered:
            yield self._finding(project, one)
        for split in project.transactions.split_units:
            yield self._split(project, split)

    def _finding(self, project: Project, one: Scattered) -> Finding:
        first, second = one.first, one.second
        after = f", and the call in line {one.outside.line}, which cannot be rolled back, behind it" if one.outside is not None else ""
        if one.caught is not None:
            after += f"; the write in line {one.caught.line}, whose error is caught, needs an `atomic()` of its own in it"
        head, found = project.calls.head(one.key), project.reached_from(one.key)
        cure = "put both into `with transaction.atomic():`"
        if head.is_async:  # atomic() itself raises SynchronousOnlyOperation there
            cure = "write both in one plain function, in `with transaction.atomic():`, and await that through `sync_to_async(...)`"
        last = one.last
        rest = [Evidence(one.key[0], last.call.line, f"the last row that belongs to it, of {last.model.name}, is written here")] if last is not None else []
        entry = [Evidence(found[0].module, found[0].line, "runs it, and opens no transaction")] if found is not None and found[1] else []
        return self.finding(
            one.key[0],
            first.call,
            f"rows of {first.model.name} and {second.model.name} are committed one by one: if the write in line {second.call.line} fails, this one stays; "
            f"{cure}{after}",
            symbol=head.name,
            evidence=(Evidence(one.key[0], second.call.line, f"the row of {second.model.name} is written here, in a transaction of its own"), *rest, *entry),
            suggestion="await sync_to_async(...)(...)" if head.is_async else ATOMIC if not after else "",
        )

    def _split(self, project: Project, one: SplitUnit) -> Finding:
        return self.finding(
            one.key[0],
            one.commit,
            f"the row of {one.first.name} is committed before that of {one.second.name} is made: if the commit in line {one.last.line} fails, this one stays; "
            "flush here, and commit once",
            symbol=project.calls.head(one.key).name,
            evidence=(
                Evidence(one.key[0], one.made.line, f"the row of {one.second.name} is made here"),
                Evidence(one.key[0], one.last.line, "and committed here"),
            ),
            suggestion=FLUSH,
        )
