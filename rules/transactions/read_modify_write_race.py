from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Evidence, Finding, Mends, Place, Profile, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.transactions import Origin, Overwrite, Race, RawRace, SlowSave
from backend_lint.project.transactions.edits import with_f
from backend_lint.project.transactions.race_advice import advice
from backend_lint.project.transactions.rows import written_fields
from backend_lint.project.transactions.scopes import shown

if TYPE_CHECKING:
    import libcst


class ReadModifyWriteRace(Mends, ProjectRule):
    """A row is changed by what was read of it before, and nothing keeps another request from doing the same.

    ## What it does

    Finds attributes of loaded rows whose new value is computed from the old one (`account.balance -= price`, then `save()` or `commit()`), checks of an
    attribute that decide whether something is done that must be done once (`if coupon.used: return`, then a credit, then `coupon.used = True`), and
    `save()` of a whole row of which another place counts a column with `F()`. A row lock that is really taken, in the function or by its callers, a lock
    of another kind, `F()`, a version column, a unique key and SERIALIZABLE are known; `select_for_update` on a queryset that is never run, or that ends in
    `create()` or an aggregate, is no lock. A row that is handed in must come from a known caller. Lost positions, lost counts
    that no code reads, mails sent twice, and rows saved whole after another service was waited for, are information of the profile `strict`.

    ## Why is this bad

    Two requests at once read a balance of 100, both subtract 80, and both write 20: one purchase was free. An open transaction does not help at READ
    COMMITTED, the default of PostgreSQL. It never fails in a test, and in production only under load, without an error.

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

    - [Django: avoiding race conditions using F()](https://docs.djangoproject.com/en/stable/ref/models/expressions/#avoiding-race-conditions-using-f)
    - [PostgreSQL: READ COMMITTED](https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED)
    """

    severity, precision, since = Severity.WARNING, "very-high", "0.3"
    fix = "unsafe"
    tags = ("concurrency", "database", "cwe:362")
    mends = ("SimpleStatementLine",)
    imports = ("django.db.models:F",)

    def check(self, project: Project) -> Iterator[Finding]:
        strict, transactions = self.shows(Profile.STRICT), project.transactions
        yield from (self._raced(project, race) for race in transactions.races if strict or not race.minor)
        yield from (self._raw(project, raw) for raw in transactions.raw_races)
        yield from (self._overwritten(project, overwrite) for overwrite in transactions.overwrites if strict or not overwrite.at_once)
        told = {(race.key, race.row.model.key) for race in transactions.races} | {(one.key, one.row.model.key) for one in transactions.overwrites}
        yield from (self._slow(project, slow) for slow in transactions.slow_saves if strict and (slow.key, slow.row.model.key) not in told)

    def _raced(self, project: Project, race: Race) -> Finding:
        row = race.row
        name, (cure, suggestion) = f"{row.model.name}.{race.field.name}", advice(project, race)
        if race.once is not None:
            message = f"two requests at once both see the old {name} and both call {shown(race.once.callee)}; {cure}, and check it then"
        else:
            message = f"{name} is computed from the value that was loaded: of two requests at once one change is lost; {cure}"
        evidence, own = [], row.loaded if row.is_whole and row.origin is Origin.LOADED else None
        if race.holder is not None or own is not None:
            place = (race.holder.key[0], race.holder.line) if race.holder is not None else (race.key[0], own.line if own is not None else 0)
            evidence.append(Evidence(*place, "the row is loaded here, without a lock"))
        if race.once is not None:
            evidence.append(Evidence(race.key[0], race.once.line, "this is done twice"))
        if race.save is not None and race.save.line != race.at.line:
            whole = race.save.callee.endswith((".save", ".asave")) and written_fields(race.save) is None
            evidence.append(Evidence(race.key[0], race.save.line, "written back here" + (", with all other columns as they were loaded" if whole else "")))
        at = Place.at(race.at.line, race.at.column, 1)
        severity = Severity.INFO if race.minor else None
        return self.finding(race.key[0], at, message, symbol=project.calls.head(race.key).name, evidence=evidence, severity=severity, suggestion=suggestion)

    def _raw(self, project: Project, race: RawRace) -> Finding:
        return self.finding(
            race.key[0],
            race.write,
            f"{race.table}.{race.column} is computed in Python from the value that was selected: of two requests at once one change is lost; "
            f"select it FOR UPDATE, or compute it in the UPDATE: SET {race.column} = {race.column} + ...",
            symbol=race.write.symbol, evidence=(Evidence(race.key[0], race.read.line, "the value is read here, without a lock"),),
        )

    def _overwritten(self, project: Project, one: Overwrite) -> Finding:
        counter, name, fields = one.counter, one.row.model.name, ", ".join(f"'{field}'" for field in one.fields)
        evidence = [Evidence(counter.path, counter.line, f"`{name}.{counter.name}` is counted here")]
        cure = f"say update_fields=[{fields}]" if fields else "name in update_fields what is changed, here and where the row is handed to"
        if one.row.loaded is not None:
            evidence.append(Evidence(one.key[0], one.row.loaded.line, "the row is loaded here, without a lock"))
        return self.finding(
            one.key[0],
            one.save,
            f"save() writes every column of {name} back as it was loaded, {counter.name} too, which others count meanwhile; {cure}",
            symbol=project.calls.head(one.key).name, evidence=evidence, severity=Severity.INFO if one.at_once else None,
        )

    def _slow(self, project: Project, one: SlowSave) -> Finding:
        evidence = [Evidence(path, line, text) for path, line, text in one.places]
        symbol = project.calls.head(one.key).name
        return self.finding(one.key[0], one.save, one.message(shown(one.call.callee)), symbol=symbol, evidence=evidence, severity=Severity.INFO)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.CSTNode | None:
        return with_f(node) if finding.suggestion is not None and finding.suggestion.startswith("F(") else None
