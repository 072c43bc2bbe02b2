from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backend_lint.api import Finding, Mends, Place, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.loading.origins import origin_of
from backend_lint.project.loading.reach import is_aside, reached_from, runs_once
from backend_lint.project.loading.write_edits import all_at_once
from backend_lint.project.loading.writes import How, Write

if TYPE_CHECKING:
    import libcst

_CURES = {
    How.CREATE: "create them together with `bulk_create`",
    How.SAVE: "change them together with `bulk_update`, or with `update` if all get the same",
    How.UPDATE: "update them together, with one `update` where all get the same, else with `bulk_update`",
    How.DELETE: "delete them together with the queryset's `delete`",
    How.COMMIT: "commit once behind the loop, or once a batch",
    How.ASSIGN: "update them in one statement",
}


class SaveInLoop(ProjectRule, Mends):
    """Rows are written one by one in a loop where one statement could write them all.

    ## What it does

    Finds `save()`, `create()`, `update()` and `delete()` for each item of a loop, commits for each item, and loops that only give the same values to all
    rows of a SQLAlchemy query. Loops over a few written items, models whose `save` or signals do something (bulk operations leave both out), loops that go
    on with the created row, that catch the failure of single items or that wait for another service for each item, are left alone.

    The fix takes loops that do nothing else: `bulk_create`, the queryset's `update` or `delete`, or the commit behind the loop. It is unsafe: if one of the
    rows fails, none is written, and the keys of created rows are not set on every database.

    ## Why is this bad

    Each write is a round trip, and outside of a transaction a commit with a flush to disk. A thousand rows in one statement take as long as ten on their
    own.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Tag(models.Model):
        name = models.CharField(max_length=40)
    ```

    ```python
    # path: shop/tags.py
    from shop.models import Tag


    def add(names: list[str]) -> None:
        for name in names:
            Tag.objects.create(name=name)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Tag(models.Model):
        name = models.CharField(max_length=40)
    ```

    ```python
    # path: shop/tags.py
    from shop.models import Tag


    def add(names: list[str]) -> None:
        Tag.objects.bulk_create([Tag(name=name) for name in names])
    ```

    ## When this is wrong

    There are never more than a few rows, or a library listens to the signals of every save.

    ## References

    - [Django: bulk_create](https://docs.djangoproject.com/en/stable/ref/models/querysets/#bulk-create)
    - [SQLAlchemy: ORM-enabled INSERT, UPDATE and DELETE](https://docs.sqlalchemy.org/en/20/orm/queryguide/dml.html)
    """

    severity, precision, since = Severity.INFO, "high", "0.1"
    roles = frozenset({Role.APPLICATION})
    profile = Profile.STRICT
    tags = ("performance", "database")
    fix = "unsafe"
    mends, around = ("For",), True

    def check(self, project: Project) -> Iterator[Finding]:
        for found in project.loads.writes.all(self.roles):
            key = found.path, found.function
            entry, soft = reached_from(project, key)
            # what changes all rows of a query keeps them locked, whoever has asked for it
            if soft or (runs_once(project, found.path) if found.how is How.ASSIGN else is_aside(project, key)):
                continue
            origin = origin_of(project, key, found.loop.source)
            yield self.finding(
                found.path,
                _place(found),
                _message(found),
                symbol=project.calls.head(key).name,
                suggestion=found.cure,
                evidence=(*((origin.evidence,) if origin is not None else ()), *entry),
            )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | libcst.FlattenSentinel[Any] | None:
        return all_at_once(node, finding.suggestion)


def _message(found: Write) -> str:
    each = f"each `{found.loop.block.target}`" if found.loop.block.target else "each item"
    if found.how is How.COMMIT:
        return f"one commit for {each} of the loop; {_CURES[found.how]}"
    if found.how is How.ASSIGN:
        return f"one UPDATE for every row of `{found.model}` that gets the same values; {_CURES[found.how]}"
    return f"one `{found.how}` of `{found.model}` for {each} of the loop; {_CURES[found.how]}"


def _place(found: Write) -> Place:
    return Place.at(found.at.line, found.at.column)
