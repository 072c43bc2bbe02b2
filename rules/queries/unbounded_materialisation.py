from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Role, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.loading.whole_tables import Whole, whole_tables


class UnboundedMaterialisation(ProjectRule):
    """All rows of a table that grows are loaded into memory at once.

    ## What it does

    Finds queries without condition and limit whose rows a request, a job or a consumer lists or goes through at once, on tables that requests or jobs add
    rows to and that say when each row came. Queries that stream (`iterator()`, `yield_per`, `partitions`), tables that hold settings and the like, tables
    that migrations fill, and tables that the configuration calls small are left alone.

    ## Why is this bad

    It works until the table has a million rows. Then the process needs gigabytes, is killed in the middle, and is started again to do the same.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        name = models.CharField(max_length=40)


    class Order(models.Model):
        customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
        created_at = models.DateTimeField(auto_now_add=True)
        total = models.IntegerField()
    ```

    ```python
    # path: shop/tasks.py
    from celery import shared_task

    from shop.models import Order


    @shared_task
    def add(customer_id: int, total: int) -> None:
        Order.objects.create(customer_id=customer_id, total=total)


    @shared_task
    def export() -> None:
        for order in Order.objects.all():
            print(order.total)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        name = models.CharField(max_length=40)


    class Order(models.Model):
        customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
        created_at = models.DateTimeField(auto_now_add=True)
        total = models.IntegerField()
    ```

    ```python
    # path: shop/tasks.py
    from celery import shared_task

    from shop.models import Order


    @shared_task
    def add(customer_id: int, total: int) -> None:
        Order.objects.create(customer_id=customer_id, total=total)


    @shared_task
    def export() -> None:
        for order in Order.objects.iterator(chunk_size=2000):
            print(order.total)
    ```

    ## When this is wrong

    Rows are removed as fast as they come, or there will never be many.

    ## References

    - [Django: iterator()](https://docs.djangoproject.com/en/stable/ref/models/querysets/#iterator)
    - [SQLAlchemy: large result sets with yield_per](https://docs.sqlalchemy.org/en/20/orm/queryguide/api.html#orm-queryguide-yield-per)
    """

    severity, precision, since = Severity.INFO, "medium", "0.1"
    profile = "all"
    roles = frozenset({Role.APPLICATION})
    tags = ("performance", "database", "memory")

    def check(self, project: Project) -> Iterator[Finding]:
        for found in whole_tables(project, self.roles):
            if not is_aside(project, (found.site.path, found.site.function)):
                yield self.finding(
                    found.site.path,
                    found.site,
                    _message(found),
                    symbol=found.site.symbol,
                    evidence=(
                        found.grows,
                        Evidence(found.entry.module, found.entry.line, f"reached from {found.entry.said}"),
                    ),
                )


def _message(found: Whole) -> str:
    cure = "give it a limit or pages" if found.entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET) else "go through it in chunks (`iterator`, `yield_per`)"
    return f"all rows of `{found.table.name}` are loaded into memory, and the table grows; {cure}"
