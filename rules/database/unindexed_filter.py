from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.answer_evidence import named_keys, of_missing, shortened
from backend_lint.project.answers import Lack


class UnindexedFilter(ProjectRule):
    """A query asks for rows by a column that no index leads to.

    ## What it does

    Joins every query with the schema as all migrations leave it, and judges it as the database's planner would: leading columns, equality before ranges, OR
    as a union of indexes, conditions of partial indexes, joins from the side that is found first. Queries are read from SQL in strings and files, Django's
    ORM and SQLAlchemy. One finding a missing index, at the query that requests reach first; the others stand beside it.

    Left alone: another condition of the query that an index serves; tables that stay small or look like short lists; booleans and other columns with few
    values; administration pages, tests, migrations, and commands unless they ask again and again; foreign keys, of which `unindexed-foreign-key` speaks;
    long texts (Django's `TextField`, columns called `body`, `description` ...), which no sorted index should hold: with PostgreSQL a hash is proposed for them;
    filters that a list only offers, of which `unindexed-list-filter` speaks; functions that nobody calls; whatever is not known for certain. Where a range
    with one end or a few kinds and flags are all that is asked, where an index serves most of the condition, or delivers the order that a limit cuts, it
    depends on the rows whether an index pays: that is reported with the option `weak` only.

    ## Why is this bad

    The database reads the whole table for each of these queries. With a thousand rows nobody notices; with ten million each request reads gigabytes, pushes
    everything else out of the cache, and the pool of connections runs dry behind it.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20)

        class Meta:
            app_label = "shop"


    def order(number: str) -> Order:
        return Order.objects.get(number=number)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20, db_index=True)

        class Meta:
            app_label = "shop"


    def order(number: str) -> Order:
        return Order.objects.get(number=number)
    ```

    ## When this is wrong

    The table stays small, or nearly all of its rows match. Say how many rows it has in `[tool.backend-lint.database]`, key `rows`, or name an export of
    `pg_stat_user_tables` there.

    ## Options

    - `weak`: also report queries of which it depends on the rows whether an index pays. Default: false.

    ## References

    - [PostgreSQL: indexes](https://www.postgresql.org/docs/current/indexes.html)
    - [Use the index, Luke](https://use-the-index-luke.com/sql/where-clause)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.2"
    fix = "patch"
    tags = ("database", "performance")
    reads = frozenset({Role.MIGRATION})
    options = {"weak": False}

    def check(self, project: Project) -> Iterator[Finding]:
        for _ in project.answers.uncertain:
            project.note_unknown(self.name)
        for missing in project.answers.missing:
            if missing.lack is not Lack.FILTER or missing.small or (missing.weak and not self.option("weak")) or project.answers.is_foreign_key(missing):
                continue
            site = missing.answers[0].site
            columns = named_keys(missing)
            access = missing.answers[0].access
            how = f"finds rows of `{missing.table.name}` by a part of its condition" if access.partly else f"reads all of `{missing.table.name}`"
            yield self.finding(
                site.path,
                site,
                f"{shortened(site.text)} {how}: no index begins with {columns}; add one",
                symbol=site.symbol,
                evidence=of_missing(project, missing),
                suggestion=project.answers.declaration(missing.table, missing.candidate),
                severity=Severity.INFO if missing.soft else None,
            )
