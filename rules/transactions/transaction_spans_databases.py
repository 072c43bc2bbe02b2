from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.transactions import Spanning


class TransactionSpansDatabases(ProjectRule):
    """One block writes two databases, of which each is committed for itself.

    ## What it does

    Finds `atomic` blocks in which rows are written to two aliases (`using("archive")`, `save(using="archive")`), and `begin()` blocks of two engines or
    session factories in one another that are both written.

    ## Why is this bad

    `atomic` is about one database. The write to the other one is committed at once, or by a transaction of its own: after a failure in between the one
    database has the change and the other has not, though the code reads as if both or none would.

    ## Example

    ```python
    from django.db import models, transaction


    class Order(models.Model):
        total = models.IntegerField(default=0)

        class Meta:
            app_label = "shop"


    def archive(order_id: int) -> None:
        with transaction.atomic():
            Order.objects.using("archive").create(pk=order_id)
            Order.objects.filter(pk=order_id).delete()
    ```

    ## Use instead

    ```python
    from django.db import models, transaction


    class Order(models.Model):
        total = models.IntegerField(default=0)

        class Meta:
            app_label = "shop"


    def archive(order_id: int) -> None:
        Order.objects.using("archive").update_or_create(pk=order_id)
        with transaction.atomic():
            Order.objects.filter(pk=order_id).delete()
    ```

    ## When this is wrong

    Both aliases lead to the same database, or a two-phase commit is made elsewhere.

    ## References

    - [Django: database transactions, using](https://docs.djangoproject.com/en/stable/topics/db/transactions/#django.db.transaction.atomic)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.3"
    tags = ("database", "consistency")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.spanning:
            yield self._finding(project, one)

    def _finding(self, project: Project, one: Spanning) -> Finding:
        first, second = one.one.lstrip("%"), one.other.lstrip("%")
        return self.finding(
            one.key[0],
            one.second,
            f"{second} is written in a block that writes {first} too: each is committed for itself, so a failure leaves one of the two; "
            "write the second one so that it may be repeated, outside of the block",
            symbol=project.calls.head(one.key).name,
            evidence=(
                Evidence(one.scope.path, one.scope.line, f"the block is opened here: {one.scope.what}"),
                Evidence(one.key[0], one.first.line, f"{first} is written here"),
            ),
        )
