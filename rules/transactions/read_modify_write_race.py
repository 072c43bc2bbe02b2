from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.failures import Place
from backend_lint.project.transactions import Kind, Origin, Overwrite, Race, RawRace
from backend_lint.project.transactions.edits import with_f

if TYPE_CHECKING:
    import libcst


class ReadModifyWriteRace(Mends, ProjectRule):
    """A row is changed by what was read of it before, and nothing keeps another request from doing the same.

    ## What it does

    Finds attributes of loaded rows whose new value is computed from the old one (`account.balance -= price`, then `save()` or `commit()`), checks of an
    attribute that decide whether something is done that must be done once (`if coupon.used: return`, then a credit, then `coupon.used = True`), and
    `save()` of a whole row of which another place counts a column with `F()`. A row lock that is really taken, in the function or by its callers, a lock
    of another kind, `F()`, a version column and SERIALIZABLE are known; `select_for_update` on a queryset that is never run, or that ends in `create()` or
    an aggregate, is no lock.

    ## Why is this bad

    Two requests at once read the same balance of 100, both subtract 80, and both write 20: one purchase was free. An open transaction does not help at
    READ COMMITTED, the default of PostgreSQL. It never fails in a test, and in production only under load, without an error.

    ## Example

    ```python
    from django.db import models


    class Account(models.Model):
        balance = models.IntegerField(default=0)

        class Meta:
            app_label = "bank"


    def pay(account_id: int, amount: int) -> None:
        account = Account.objects.get(pk=account_id)
        account.balance -= amount
        account.save()
    ```

    ## Use instead

    ```python
    from django.db import models, transaction


    class Account(models.Model):
        balance = models.IntegerField(default=0)

        class Meta:
            app_label = "bank"


    @transaction.atomic
    def pay(account_id: int, amount: int) -> None:
        account = Account.objects.select_for_update().get(pk=account_id)
        account.balance -= amount
        account.save(update_fields=["balance"])
    ```

    ## When this is wrong

    Only one process ever writes these rows, or a lock that cannot be seen here (a queue of one worker, an advisory lock in another service) keeps others out.

    ## References

    - [Django: updating attributes based on existing fields](https://docs.djangoproject.com/en/stable/ref/models/expressions/#avoiding-race-conditions-using-f)
    - [PostgreSQL: READ COMMITTED](https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.3"
    fix = "unsafe"
    tags = ("concurrency", "database", "cwe:362")
    mends = ("SimpleStatementLine",)
    imports = ("django.db.models:F",)

    def check(self, project: Project) -> Iterator[Finding]:
        for race in project.transactions.races:
            yield self._raced(project, race)
        for raw in project.transactions.raw_races:
            yield self._raw(project, raw)
        for overwrite in project.transactions.overwrites:
            yield self._overwritten(project, overwrite)

    def _raced(self, project: Project, race: Race) -> Finding:
        path = race.key[0]
        name = f"{race.row.model.name}.{race.field.name}"
        lock = "select_for_update()" if race.row.model.framework == "django" else "with_for_update()"
        if race.kind is Kind.COMPUTED:
            message = f"{name} is computed from the value that was loaded: of two requests at once one change is lost; lock the row with {lock}"
            message += ", or add with F() in the database" if race.mendable else " before it is read"
        else:
            done = race.once.callee.rpartition(".")[2] if race.once is not None else "what follows"
            message = f"two requests at once both see the old {name} and both call {done}; lock the row with {lock} before it is checked"
        evidence = []
        if race.row.loaded is not None and race.row.origin is Origin.LOADED:
            evidence.append(Evidence(path, race.row.loaded.line, "the row is loaded here, without a lock"))
        if race.once is not None:
            evidence.append(Evidence(path, race.once.line, "this is done twice"))
        if race.save is not None and race.save.line != race.at.line:
            evidence.append(Evidence(path, race.save.line, "written back here"))
        at = Place(race.at.line, race.at.column, race.at.line, race.at.column + 1)
        return self.finding(
            path, at, message, symbol=project.calls.head(race.key).name, evidence=evidence, suggestion=f"F('{race.field.name}')" if race.mendable else ""
        )

    def _raw(self, project: Project, race: RawRace) -> Finding:
        return self.finding(
            race.key[0],
            race.write,
            f"{race.table}.{race.column} is computed in Python from the value that was selected: of two requests at once one change is lost; "
            f"select it FOR UPDATE, or compute it in the UPDATE: SET {race.column} = {race.column} + ...",
            symbol=race.write.symbol,
            evidence=(Evidence(race.key[0], race.read.line, "the value is read here, without a lock"),),
        )

    def _overwritten(self, project: Project, one: Overwrite) -> Finding:
        counter, name = one.counter, one.row.model.name
        fields = ", ".join(f"'{field}'" for field in one.fields)
        evidence = [Evidence(counter.path, counter.line, f"`{name}.{counter.name}` is counted here")]
        if one.row.loaded is not None:
            evidence.append(Evidence(one.key[0], one.row.loaded.line, "the row is loaded here, without a lock"))
        return self.finding(
            one.key[0],
            one.save,
            f"save() writes every column of {name} back as it was loaded, {counter.name} too, which others count meanwhile; say update_fields=[{fields}]",
            symbol=project.calls.head(one.key).name,
            evidence=evidence,
        )

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        """``x.n += 1`` as ``x.n = F("n") + 1``."""
        return with_f(node) if finding.suggestion else None
