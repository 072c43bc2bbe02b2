from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.failures import head
from backend_lint.project.transactions import Caught, evidence

if TYPE_CHECKING:
    import libcst


class DbErrorCaughtInsideAtomic(Mends, ProjectRule):
    """An error of the database is caught inside a transaction, which then goes on.

    ## What it does

    Finds `except IntegrityError`, `except DatabaseError` and `except Exception` around a write, where the `try` stands inside `atomic`,
    `session.begin()` or the transaction of a caller, no savepoint lies between the two, the clause neither raises nor rolls back, and the same
    transaction asks the database again afterwards.

    ## Why is this bad

    PostgreSQL refuses every further statement of a transaction that has had an error, and Django raises `TransactionManagementError` for the next query:
    the code that was written to survive a duplicate ends in a 500. If nothing else is asked, the commit at the end of the block is a rollback, and what was
    written before is lost without a word. SQLite, on which the tests run, does not do this.

    ## Example

    ```python
    from django.db import IntegrityError, models, transaction


    class Tag(models.Model):
        name = models.CharField(max_length=50, unique=True)

        class Meta:
            app_label = "shop"


    @transaction.atomic
    def tag_all(names: list[str]) -> int:
        for name in names:
            try:
                Tag.objects.create(name=name)
            except IntegrityError:
                continue
        return Tag.objects.count()
    ```

    ## Use instead

    ```python
    from django.db import IntegrityError, models, transaction


    class Tag(models.Model):
        name = models.CharField(max_length=50, unique=True)

        class Meta:
            app_label = "shop"


    @transaction.atomic
    def tag_all(names: list[str]) -> int:
        for name in names:
            try:
                with transaction.atomic():
                    Tag.objects.create(name=name)
            except IntegrityError:
                continue
        return Tag.objects.count()
    ```

    ## When this is wrong

    The database is one that keeps a transaction usable after an error (SQLite, MySQL for most errors) and will stay that. Where every exception is caught
    around what only links rows, in a page of the admin or in a command, it is told in the profile `strict`.

    ## References

    - [Django: avoid catching exceptions inside atomic](https://docs.djangoproject.com/en/stable/topics/db/transactions/#controlling-transactions-explicitly)
    - [SQLAlchemy: using SAVEPOINT](https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#using-savepoint)
    """

    severity, precision, since = Severity.ERROR, "very-high", "0.3"
    fix = "unsafe"
    tags = ("database", "error-handling")
    mends = ("Try",)
    imports = ("django.db:transaction",)

    def check(self, project: Project) -> Iterator[Finding]:
        mild = self.shows(Profile.STRICT)
        yield from (self._finding(project, one) for one in project.transactions.caught if mild or not one.mild)

    def _finding(self, project: Project, one: Caught) -> Finding:
        scope = one.inside.scope
        again = " with the next turn of the loop" if one.after.line <= one.failing.line else ""
        savepoint = "`with transaction.atomic():`" if scope.django else "a savepoint (begin_nested)"
        return self.finding(
            one.key[0],
            head(one.handler),
            f"{one.name} is caught inside a transaction ({scope.what}) that is broken after it: the query in line {one.after.line} fails{again}; "
            f"put {savepoint} inside the try, around all that it does",
            symbol=project.calls.head(one.key).name,
            evidence=(
                *evidence(project, one.inside),
                Evidence(one.key[0], one.failing.line, "this statement may fail, and the transaction with it"),
                Evidence(one.key[0], one.after.line, f"this is asked in the same transaction afterwards{again and ','}{again}"),
            ),
            suggestion="with transaction.atomic(): ..." if scope.django else "",
        )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        """The body of the ``try`` inside ``with transaction.atomic():``."""
        import libcst

        if not finding.suggestion or not isinstance(node, libcst.Try) or not isinstance(node.body, libcst.IndentedBlock):
            return None
        item = libcst.WithItem(libcst.parse_expression("transaction.atomic()"))
        inner = libcst.With([item], node.body.with_changes(footer=[]))
        return node.with_changes(body=node.body.with_changes(body=[inner]))
