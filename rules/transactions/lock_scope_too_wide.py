from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.call_edits import with_keyword

if TYPE_CHECKING:
    import libcst


class LockScopeTooWide(Mends, ProjectRule):
    """`select_for_update` locks the joined rows as well.

    ## What it does

    Finds querysets that have both `select_for_update()` without `of=` and `select_related(...)`.

    ## Why is this bad

    `FOR UPDATE` locks the rows of every table in the query. Whoever locks an order with its customer keeps all other orders of that customer waiting, and
    two requests that lock in another order block each other for good. On PostgreSQL the query fails altogether if one of the joins is an outer join.

    ## Example

    ```python
    from django.db import models, transaction


    class Customer(models.Model):
        name = models.CharField(max_length=100)

        class Meta:
            app_label = "shop"


    class Order(models.Model):
        customer = models.ForeignKey(Customer, on_delete=models.CASCADE)

        class Meta:
            app_label = "shop"


    @transaction.atomic
    def owner(order_id: int) -> str:
        return Order.objects.select_related("customer").select_for_update().get(pk=order_id).customer.name
    ```

    ## Use instead

    ```python
    from django.db import models, transaction


    class Customer(models.Model):
        name = models.CharField(max_length=100)

        class Meta:
            app_label = "shop"


    class Order(models.Model):
        customer = models.ForeignKey(Customer, on_delete=models.CASCADE)

        class Meta:
            app_label = "shop"


    @transaction.atomic
    def owner(order_id: int) -> str:
        return Order.objects.select_related("customer").select_for_update(of=("self",)).get(pk=order_id).customer.name
    ```

    ## When this is wrong

    The joined rows are changed too.

    ## References

    - [Django: select_for_update(of=...)](https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-for-update)
    """

    severity, precision, since = Severity.INFO, "medium", "0.3"
    profile = "all"
    fix = "unsafe"
    tags = ("concurrency", "database", "performance")
    mends = ("Call",)

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.wide_locks:
            names = ", ".join(one.joined.args) or "all relations"
            yield self.finding(
                one.key[0],
                one.call,
                f"select_for_update() locks the joined rows of {names} too, and whoever wants those waits; lock only the own rows with of=('self',)",
                symbol=project.calls.head(one.key).name,
                evidence=(Evidence(one.key[0], one.joined.line, "the rows that are joined here"),),
                suggestion='select_for_update(of=("self",))',
            )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        """``select_for_update()`` with ``of=("self",)``."""
        import libcst

        if not isinstance(node, libcst.Call) or not isinstance(node.func, libcst.Attribute) or node.func.attr.value != "select_for_update":
            return None
        return with_keyword(node, "of", '("self",)')
