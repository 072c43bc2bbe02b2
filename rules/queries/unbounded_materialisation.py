from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, ProjectRule, Role, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.loading.edits import streamed
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.loading.whole_tables import Whole, whole_tables

if TYPE_CHECKING:
    import libcst

_STREAMED = ".iterator(chunk_size=2000)"


class UnboundedMaterialisation(ProjectRule, Mends):
    """All rows of a table that grows are loaded into memory at once.

    ## What it does

    Finds queries without condition and limit whose rows a request, a job or a consumer lists or goes through at once, on tables that requests or jobs add
    rows to and that say when each row came. Queries that stream (`iterator()`, `yield_per`, `partitions`), tables that hold settings and the like, tables
    that migrations fill, and tables that the configuration calls small are left alone.

    The fix puts `iterator(chunk_size=2000)` behind a queryset of Django that a job goes through in a `for` statement. It is unsafe: a pool of connections by
    transaction (pgbouncer) has no cursors of the server, and the rows are not kept for a second round.

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
    fix = "unsafe"
    mends = ("For",)
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
                    suggestion=_STREAMED if not _answers(found) else "",
                    evidence=(
                        found.grows,
                        Evidence(found.entry.module, found.entry.line, f"reached from {found.entry.said}"),
                    ),
                )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return streamed(node) if finding.suggestion else None


def _answers(found: Whole) -> bool:
    return found.entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET)


def _message(found: Whole) -> str:
    cure = "give it a limit or pages" if _answers(found) else "go through it in chunks (`iterator`, `yield_per`)"
    return f"all rows of `{found.table.name}` are loaded into memory, and the table grows; {cure}"
