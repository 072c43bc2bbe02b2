from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.answer_evidence import named_keys, of_missing, shortened
from backend_lint.project.answers import Lack


class IndexColumnOrder(ProjectRule):
    """An index holds the columns that a query asks for, but begins with another one.

    ## What it does

    Finds queries whose columns all stand in one index of the table, behind a first column that the query does not ask for, and that no other index serves.
    Short lists are left alone, and so are ranges with one end, kinds and flags.

    ## Why is this bad

    An index is sorted by its first column. A query that does not name it must read the whole index or the whole table, and the index that seems to be made for
    it only costs writes.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        shop = models.IntegerField()
        number = models.CharField(max_length=20)

        class Meta:
            app_label = "shop"
            indexes = [models.Index(fields=["shop", "number"], name="order_shop_number")]


    def order(number: str) -> Order:
        return Order.objects.get(number=number)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        shop = models.IntegerField()
        number = models.CharField(max_length=20)

        class Meta:
            app_label = "shop"
            indexes = [models.Index(fields=["number", "shop"], name="order_number_shop")]


    def order(number: str) -> Order:
        return Order.objects.get(number=number)
    ```

    ## When this is wrong

    The first column has a handful of values and the database can skip over it (PostgreSQL 18, Oracle, MySQL in some cases).

    ## References

    - [PostgreSQL: multicolumn indexes](https://www.postgresql.org/docs/current/indexes-multicolumn.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.2"
    profile = Profile.STRICT
    fix = "patch"
    tags = ("database", "performance")
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for missing in project.answers.missing:
            if missing.lack is not Lack.COLUMN_ORDER or missing.weak or missing.small or project.answers.is_foreign_key(missing):
                continue
            site = missing.answers[0].site
            columns = named_keys(missing)
            yield self.finding(
                site.path,
                site,
                f"{shortened(site.text)} reads all of `{missing.table.name}`: {columns} stands in an index, but not first; add one that begins with it",
                symbol=site.symbol,
                evidence=of_missing(project, missing),
                suggestion=project.answers.declaration(missing.table, missing.candidate),
            )
