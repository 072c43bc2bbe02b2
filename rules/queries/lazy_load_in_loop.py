from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.loading.admin_lists import admin_lists
from backend_lint.project.loading.advice import cure_of, loaders
from backend_lint.project.loading.edits import with_calls
from backend_lint.project.loading.lazy import Deferred, Lazy, deferred_columns, evidence_of, lazy_loads
from backend_lint.project.loading.reach import is_aside, reached_from
from backend_lint.project.loading.template_pages import Pages

if TYPE_CHECKING:
    import libcst


class LazyLoadInLoop(ProjectRule, Mends):
    """A loop reads a relation of each row, and the query did not load it: one more query for every row.

    ## What it does

    Finds loops and comprehensions over the rows of a Django queryset or a SQLAlchemy statement that read a relation of each row, or a column that the query
    leaves out (`only`, `defer`, `load_only`): in the loop itself, in a property or method of the model, or in a function that the row is handed to. The loops
    of templates and the lists of Django's admin count as well. It follows the query through locals, managers, methods of querysets and functions, and knows
    what it loads: `select_related`, `Prefetch`, `joinedload`, `selectinload` and their kind, and what the mapping loads by itself. Where only the key of a
    relation is read, the row has it: `book.author_id`; where related rows are only counted, the query can count. It is an info where nothing runs the loop.

    The default profile speaks of requests, consumers and dispatched tasks that read it of every row of a growing table and write nothing, where more than staff
    waits; `strict` of all, and of the lists of Django's admin.

    The fix adds the missing `select_related`, `prefetch_related` or `options(...)`. It is unsafe: a join of wide tables may cost more than it saves.

    ## Why is this bad

    Each read is a round trip. With ten rows nobody notices; with a thousand in production the page takes seconds and keeps a connection. No test fails.

    ## Example

    ```python
    # path: shop/models.py
    from django.db import models


    class Author(models.Model):
        name = models.CharField(max_length=200)


    class Book(models.Model):
        title = models.CharField(max_length=200)
        author = models.ForeignKey(Author, on_delete=models.CASCADE)
    ```

    ```python
    # path: shop/reports.py
    from shop.models import Book


    def lines() -> list[str]:
        return [f"{book.title}: {book.author.name}" for book in Book.objects.all()]
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from django.db import models


    class Author(models.Model):
        name = models.CharField(max_length=200)


    class Book(models.Model):
        title = models.CharField(max_length=200)
        author = models.ForeignKey(Author, on_delete=models.CASCADE)
    ```

    ```python
    # path: shop/reports.py
    from shop.models import Book


    def lines() -> list[str]:
        return [f"{book.title}: {book.author.name}" for book in Book.objects.select_related("author")]
    ```

    ## When this is wrong

    There are never more than a few rows, or something loads the relation unseen. SQLAlchemy asks only once for each different object.

    ## References

    - [Django: select_related](https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related)
    - [SQLAlchemy: relationship loading techniques](https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.1"
    fix = "unsafe"
    mends = ("Call", "For", "SimpleStatementLine")
    tags = ("performance", "database", "n-plus-one")

    def check(self, project: Project) -> Iterator[Finding]:
        every, sure = self.shows(Profile.STRICT), project.loads.sure
        for found in lazy_loads(project, self.roles):
            if not is_aside(project, found.key) and (every or sure.loop(found)):
                yield self._finding(project, found)
        for left_out in deferred_columns(project, self.roles) if every else ():
            if not is_aside(project, left_out.key):
                yield self._deferred(project, left_out)
        for one in admin_lists(project, self.roles) if every else ():
            yield self.finding(one.place.path, one.place, one.message, symbol=one.place.symbol, evidence=one.evidence, severity=Severity.INFO)
        for page in Pages(project).all(self.roles, queries_too=every):
            if every or sure.page(page):
                where = page.key[0], page.place, page.message
                yield self.finding(*where, symbol=page.symbol, evidence=page.evidence, suggestion=page.suggestion, severity=page.severity)

    def _finding(self, project: Project, found: Lazy) -> Finding:
        rows, paths = found.rows, [one.path for one in found.missing]
        calls, cure = cure_of(project, rows, found.missing)
        here = rows.call if (rows.path, rows.function) == found.key else None
        names = ", ".join(f"`{'.'.join(path)}`" for path in paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
        message = f"one query per {found.unit} of `{project.schema.mapped[rows.model].name}` for {names}: {cure}"
        entry, soft = reached_from(project, found.key)
        return self.finding(
            found.key[0],
            here or found.missing[0].read.trail[0],
            message,
            symbol=project.calls.head(found.key).name,
            evidence=(*evidence_of(project, found), *entry),
            suggestion=calls if here else "",
            severity=Severity.INFO if soft or project.loads.sure.is_slight_loop(found) else None,
        )

    def _deferred(self, project: Project, one: Deferred) -> Finding:
        name, trail = one.columns[0]
        entry, soft = reached_from(project, one.key)
        evidence = [Evidence(one.rows.path, one.rows.line, f"this query gives rows without `{name}`")] if one.rows.call else []
        evidence += [Evidence(last.path, last.line, f"{last.text} reads {name} of each row") for last in trail[1:][-1:]]
        names = ", ".join(f"`{column}`" for column, _ in one.columns[:4]) + (f" and {len(one.columns) - 4} more" if len(one.columns) > 4 else "")
        row = project.schema.mapped[one.rows.model].name
        message = f"one query per row of `{row}` for columns that the query leaves out, {names}; name all that is read, or load whole rows"
        return self.finding(trail[0].path, trail[0], message, symbol=trail[0].symbol, evidence=(*evidence, *entry), severity=Severity.INFO if soft else None)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return with_calls(node, finding.suggestion) if finding.suggestion and "..." not in finding.suggestion else None

    def imports_for(self, finding: Finding) -> tuple[str, ...]:
        return loaders(finding.suggestion)
