from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.answer_evidence import of_missing, shortened
from backend_lint.project.answers import Lack


class UnindexedOrderLimit(ProjectRule):
    """The first rows of an order are asked for, and no index has that order.

    ## What it does

    Finds `ORDER BY ... LIMIT`, `.order_by(...)[:n]`, `.first()`, `.latest()` and pages of a list for which no index holds the compared columns and then
    those of the order. Orders by the primary key, aggregations, and tables that stay small are left alone.

    ## Why is this bad

    To give the ten newest rows the database fetches all rows that match and sorts them. An index in that order delivers the ten and stops.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Event(models.Model):
        happened = models.DateTimeField()

        class Meta:
            app_label = "shop"


    def newest() -> list[Event]:
        return list(Event.objects.order_by("-happened")[:20])
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Event(models.Model):
        happened = models.DateTimeField(db_index=True)

        class Meta:
            app_label = "shop"


    def newest() -> list[Event]:
        return list(Event.objects.order_by("-happened")[:20])
    ```

    ## When this is wrong

    Few rows match the condition, so that sorting them costs nothing.

    ## References

    - [PostgreSQL: indexes and ORDER BY](https://www.postgresql.org/docs/current/indexes-ordering.html)
    """

    severity, precision, since = Severity.INFO, "high", "0.2"
    fix = "patch"
    profile = Profile.STRICT
    tags = ("database", "performance")
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for missing in project.answers.missing:
            if missing.lack is not Lack.ORDER or missing.small:
                continue
            site = missing.answers[0].site
            keys = ", ".join((key.column or key.expression) + (" desc" if key.descending else "") for key in missing.candidate.keys)
            yield self.finding(
                site.path,
                site,
                f"{shortened(site.text)} sorts all rows of `{missing.table.name}` that match, to take the first: no index is on ({keys}); add it",
                symbol=site.symbol,
                evidence=of_missing(project, missing),
                suggestion=project.answers.declaration(missing.table, missing.candidate),
            )
