from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Place, ProjectRule, Role
from backend_lint.facts.performance import Measurements
from backend_lint.project import Project
from backend_lint.project.performance.statements import shown


class SlowQueryBudget(ProjectRule):
    """The database has timed a statement of the project, and it is slower than it may be.

    ## What it does

    Joins exports of `pg_stat_statements`, of MySQL's digests, and plans that `auto_explain` logged with the queries of the project, and reports each
    statement whose mean, or 95 % where the database has it, is 100 ms or more, or `query_ms` in `[gate.performance]`: at the places that send it, with the
    index that is missing. Silent where there is no export, and about statements with fewer than 20 calls (`min_calls`).

    ## Why is this bad

    A request that waits 100 ms for one statement has no time left for another, and holds a connection of the pool meanwhile. Most such statements read a
    whole table for want of an index, and become slower with each row.

    ## Example

    ```csv
    # path: pg_stat_statements.csv
    query,calls,total_exec_time,mean_exec_time
    "SELECT ""app_order"".""id"", ""app_order"".""number"" FROM ""app_order"" WHERE ""app_order"".""number"" = $1 LIMIT $2",400,72800,182
    ```

    ```python
    # path: app/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20)

        class Meta:
            app_label = "app"


    def order(number: str) -> Order:
        return Order.objects.get(number=number)
    ```

    ## Use instead

    ```csv
    # path: pg_stat_statements.csv
    query,calls,total_exec_time,mean_exec_time
    "SELECT ""app_order"".""id"", ""app_order"".""number"" FROM ""app_order"" WHERE ""app_order"".""number"" = $1 LIMIT $2",400,800,2
    ```

    ```python
    # path: app/models.py
    from django.db import models


    class Order(models.Model):
        number = models.CharField(max_length=20, db_index=True)

        class Meta:
            app_label = "app"


    def order(number: str) -> Order:
        return Order.objects.get(number=number)
    ```

    ## When this is wrong

    For reports and nightly jobs that may take their time: raise `min_calls`, or leave their statements out of the export.

    ## References

    - [PostgreSQL: pg_stat_statements](https://www.postgresql.org/docs/current/pgstatstatements.html)
    - [PostgreSQL: auto_explain](https://www.postgresql.org/docs/current/auto-explain.html)
    """

    severity, precision, since = "error", "very-high", "0.1"
    automatic = True
    fix = "patch"
    tags = ("database", "performance")
    reads = frozenset({Role.MIGRATION})
    needs = (Measurements,)

    def check(self, project: Project) -> Iterator[Finding]:
        known = project.measurements
        if not known.statements:
            return
        for one in project.performance.timed:
            time = one.time
            if one.ms < known.targets.query_ms:
                return
            if time.calls < known.targets.min_calls:
                continue
            which = "its 95 %" if time.p95_ms is not None and time.p95_ms > time.mean_ms else "on the average"
            slow = f"takes {one.ms:.6g} ms {which} ({time.calls}{' slow' if time.partial else ''} calls), below {known.targets.query_ms:g} is asked for"
            cause = f": {one.lacks[0]}" if one.lacks else ": look at its plan"
            message = f"`{shown(time.text, 90)}` {slow}{cause}{', add one' if one.indexes else ''}"[:290]
            advice = "\n".join(one.indexes)
            exported = Evidence(time.path, time.line, f"{time.calls} calls, {time.mean_ms:.6g} ms each")
            if not one.sites:
                yield self.finding(time.path, Place.at(time.line), message, suggestion=advice)
                continue
            first, others = one.sites[0], one.sites[1:]
            evidence = [exported, *(Evidence(site.path, site.line, "so does this, or the statement comes from here") for site in others)]
            yield self.finding(first.path, first, message, symbol=first.symbol, evidence=evidence, suggestion=advice)
