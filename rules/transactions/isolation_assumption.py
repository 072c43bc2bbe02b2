from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, ProjectRule, Severity
from backend_lint.project import Project
from backend_lint.project.transactions import Assumed, Assumption

_WORDS = {
    Assumption.ABSENT: "there is no such row: of two requests at once one fails on the constraint, or both insert; insert with ON CONFLICT, or catch "
    "IntegrityError and look again",
    Assumption.COUNT: "the count still holds: of two requests at once both pass the limit; lock the row that the limit belongs to before counting",
    Assumption.NEXT: "the largest number is still the largest: two requests at once take the same one; let a sequence number the rows",
}


class IsolationAssumption(ProjectRule):
    """An insert relies on what a query said a moment before.

    ## What it does

    Finds rows that are made because a query of the same table found none, counted few enough, or named the largest number, where no lock is taken and
    nothing catches the conflict.

    ## Why is this bad

    At READ COMMITTED, the default of PostgreSQL, another transaction may insert between the two statements, also inside a transaction. Two requests for the
    last seat both count one free seat and both take it; two that look for the same row both find none, and one of them ends in an `IntegrityError`.

    ## Example

    ```python
    from django.db import models


    class Seat(models.Model):
        flight = models.IntegerField(db_index=True)

        class Meta:
            app_label = "air"


    def book(flight: int) -> Seat:
        if Seat.objects.filter(flight=flight).count() >= 100:
            raise ValueError("full")
        return Seat.objects.create(flight=flight)
    ```

    ## Use instead

    ```python
    from django.db import models, transaction


    class Flight(models.Model):
        name = models.CharField(max_length=10)

        class Meta:
            app_label = "air"


    class Seat(models.Model):
        flight = models.ForeignKey(Flight, on_delete=models.CASCADE)

        class Meta:
            app_label = "air"


    @transaction.atomic
    def book(flight_id: int) -> Seat:
        flight = Flight.objects.select_for_update().get(pk=flight_id)
        if Seat.objects.filter(flight=flight).count() >= 100:
            raise ValueError("full")
        return Seat.objects.create(flight=flight)
    ```

    ## When this is wrong

    Only one process inserts these rows, or a constraint of the database refuses the second one and the error is an answer of its own.

    ## References

    - [PostgreSQL: transaction isolation](https://www.postgresql.org/docs/current/transaction-iso.html)
    """

    severity, precision, since = Severity.INFO, "medium", "0.3"
    profile = "all"
    tags = ("concurrency", "database", "cwe:362")

    def check(self, project: Project) -> Iterator[Finding]:
        for one in project.transactions.assumptions:
            yield self._finding(project, one)

    def _finding(self, project: Project, one: Assumed) -> Finding:
        return self.finding(
            one.key[0],
            one.asked,
            f"a row of `{one.table}` is inserted in line {one.made.line} in the belief that {_WORDS[one.kind]}",
            symbol=one.asked.symbol,
            evidence=(Evidence(one.key[0], one.made.line, "the row is inserted here"),),
        )
