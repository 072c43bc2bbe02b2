from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.route import EntryKind
from backend_lint.project import Project
from backend_lint.project.answer_evidence import named_keys, of_missing, shortened
from backend_lint.project.answer_weight import is_consumed, is_followed
from backend_lint.project.answers import Lack, Missing
from backend_lint.project.loading.reach import is_for_staff
from backend_lint.project.schema.sizes import is_set_up

_OR_CREATE = re.compile(r"_or_create\(")
"""Of the lookups of such a call another rule says what is missing: a unique key."""
_OF_A_YEAR = re.compile(r"(?:^|_)(?:year|quarter|month|weekday|period)(?:_|$)")
"""A tenth of a table, or more, has each value."""


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

    The default profile speaks where requests to known routes, or messages that something sends, come to one of the queries, and where the program makes rows
    of the table at work. `strict` adds what runs by a clock, or nobody knows by whom; what only deletes; rows that the same function deletes once it found
    them (invitations, tokens: few wait at a time); querysets that are handed on to others; values that are written in the code; tables of which nothing
    says that they grow; indexes that the model declares and no migration makes (`model-migration-drift` speaks of those); and an OR that needs several indexes.

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
            if not self.shows(Profile.DEFAULT if _is_sure(project, missing) else Profile.STRICT):
                continue
            site = missing.answers[0].site
            columns = named_keys(missing)
            access = missing.answers[0].access
            how = f"finds rows of `{missing.table.name}` by a part of its condition" if access.partly else f"reads all of `{missing.table.name}`"
            what = f"no index begins with {columns}; add one"
            if access.further:
                ways = " and ".join(f"({', '.join(key.column or key.expression for key in one.keys)})" for one in (missing.candidate, *access.further))
                what = f"each way of its OR needs an index: add those on {ways}, or none helps"
            yield self.finding(
                site.path,
                site,
                f"{shortened(site.text)} {how}: {what}",
                symbol=site.symbol,
                evidence=of_missing(project, missing),
                suggestion="\n".join(project.answers.declaration(missing.table, one) for one in (missing.candidate, *access.further)),
                severity=Severity.INFO if missing.soft or _is_by_clock(project, missing) else None,
            )


def _is_sure(project: Project, missing: Missing) -> bool:
    """Requests or messages wait for the first of the queries for certain, the table grows, and just this index serves all that is asked."""
    first = missing.answers[0]
    if missing.soft or not project.answers.is_awaited(first.site) or not is_followed(project, first) or _OR_CREATE.search(first.site.text):
        return False
    if all(is_consumed(project, one.site) for one in missing.answers):
        return False
    keys = {key.column for key in missing.candidate.keys}
    if is_for_staff(project, (first.site.path, first.site.function)) or is_set_up(missing.table) or any(_OF_A_YEAR.search(name) for name in keys):
        return False
    if any(one.usable and one.keys[0].column in keys for one in project.schema.declared_indexes(missing.table.name) if one.keys and not one.where_text):
        return False  # the model has it: `model-migration-drift` says that no migration makes it
    narrower = any(one.table.name == missing.table.name and {key.column for key in one.candidate.keys} < keys for one in project.answers.missing)
    return not narrower and project.growing.surely(missing.table)


def _is_by_clock(project: Project, missing: Missing) -> bool:
    """Nobody is known to wait for any of the queries but a task that nothing sends: a clock starts it."""
    entries = [(one.site, project.answers.reached_from(one.site)) for one in missing.answers]
    return all(entry is not None and entry.kind is EntryKind.TASK and not project.answers.is_awaited(site) for site, entry in entries)
