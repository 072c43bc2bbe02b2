from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.answer_evidence import columns_of, of_missing, reached, reasons, shortened
from backend_lint.project.answers import Lack
from backend_lint.sql.candidates import changes_by_session


class NonSargablePredicate(ProjectRule):
    """A condition hides its column from every index.

    ## What it does

    Finds queries whose only selective conditions are on something made of a column: `LOWER(email) = ...`, `created::date = ...`, arithmetic, Django's
    `__iexact`, `__date`. An index over the same expression settles it, or, where the expression depends on the session's time zone or language so that no index
    can hold it, a range of the column itself. Searches inside texts (`LIKE '%...%'`, `__icontains`), arrays and JSON are
    reported with the option `searches`: they need a trigram or GIN index, and one for every column that is searched.

    ## Why is this bad

    An index on the column is sorted by the column, not by what is made of it. The database computes the expression for every row of the table, for each query.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Customer(models.Model):
        email = models.CharField(max_length=200, db_index=True)

        class Meta:
            app_label = "shop"


    def customer(email: str) -> Customer:
        return Customer.objects.get(email__iexact=email)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models
    from django.db.models.functions import Upper


    class Customer(models.Model):
        email = models.CharField(max_length=200)

        class Meta:
            app_label = "shop"
            indexes = [models.Index(Upper("email"), name="customer_email_upper")]


    def customer(email: str) -> Customer:
        return Customer.objects.get(email__iexact=email)
    ```

    ## When this is wrong

    The table stays small, or a search inside texts is rare and may take its time.

    ## Options

    - `searches`: also report searches inside texts, arrays and JSON. Default: false.

    ## References

    - [PostgreSQL: indexes on expressions](https://www.postgresql.org/docs/current/indexes-expressional.html)
    - [PostgreSQL: pg_trgm](https://www.postgresql.org/docs/current/pgtrgm.html#PGTRGM-INDEX)
    """

    severity, precision, since = Severity.INFO, "high", "0.2"
    fix = "patch"
    profile = Profile.STRICT
    tags = ("database", "performance")
    options = {"searches": False}
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        for missing in project.answers.missing:
            if missing.lack is not Lack.EXPRESSION or missing.small:
                continue
            if missing.candidate.method != "btree" and not self.option("searches"):
                continue
            first = missing.answers[0]
            yield self.finding(
                first.site.path,
                first.site,
                f"{shortened(first.site.text)} reads all of `{missing.table.name}`: no index can serve {first.access.condition}; index the expression",
                symbol=first.site.symbol,
                evidence=of_missing(project, missing),
                suggestion=project.answers.declaration(missing.table, missing.candidate),
            )
        for answer in project.answers.unindexable:
            table, access = answer.table, answer.access
            if table is None or access.order or not changes_by_session(access.condition):
                continue
            yield self.finding(
                answer.site.path,
                answer.site,
                f"{shortened(answer.site.text)} reads all of `{table.name}`: no index can hold {access.condition}, it depends on the session; "
                "compare the column itself with a range",
                symbol=answer.site.symbol,
                evidence=[*columns_of(project, table, access.columns), *reached(project, answer), *reasons(project, table, access)],
            )
