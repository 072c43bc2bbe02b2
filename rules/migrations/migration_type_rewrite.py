from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.project import Project
from backend_lint.project.growing import Growth
from backend_lint.project.migrating import Migration, Step
from backend_lint.project.schema.places import Place


class MigrationTypeRewrite(ProjectRule):
    """A migration makes the database write a whole table anew while nobody can use it.

    ## What it does

    Reports changes of a column's type for which PostgreSQL or MySQL writes all rows anew (integer to bigint, a shorter varchar, text to jsonb), columns
    that are added with a default of another value for each row, as serial or identity, or stored and computed, and statements such as VACUUM FULL and
    CLUSTER. Types that only get wider (a longer varchar, varchar to text, numeric with more digits) are left alone, and so are new and small
    tables, and those that only the admin fills. Tables to which nothing was found that adds rows are for the profile `strict`.

    ## Why is this bad

    The table is locked until the last row and each index is written: in PostgreSQL for readers and writers, in MySQL for writers.

    ## Example

    ```sql
    # path: migrations/0002_id.sql
    ALTER TABLE orders ADD COLUMN noted jsonb;
    ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();
    ```

    ## Use instead

    ```sql
    # path: migrations/0002_id.sql
    ALTER TABLE orders ADD COLUMN noted jsonb;
    ALTER TABLE orders ADD COLUMN token uuid;
    ALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();
    ```

    Old rows are filled in batches. For another type: a new column, written by a trigger or by the application, filled in batches, then exchanged.

    ## When this is wrong

    The table is small, or the service stands still while migrations run. Say so in `[database]` with `rows` or `deploys = "downtime"`.

    Without `--diff-base` nobody says which migrations are new: the last ones are then reported in the profile `strict` only, unless rows are counted.

    ## References

    - [PostgreSQL: ALTER TABLE, notes](https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES)
    - [MySQL: online DDL operations](https://dev.mysql.com/doc/refman/8.0/en/innodb-online-ddl-operations.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    tags = ("database", "availability")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        if not project.migrations.rolling:
            return
        found: dict[Place, list[tuple[Migration, Step]]] = {}
        for migration, step in project.migrations.slow():
            if not isinstance(step.done.change, ddl.AddForeignKey) and any(cost.rewrites for cost in step.blocking):
                found.setdefault(step.place, []).append((migration, step))
        for steps in found.values():
            migration, step = steps[0]
            growth = project.growing.of(step.done.table)
            if growth is Growth.BY_HAND or not (project.migrations.is_long(step.done.table) or self.shows(Profile.STRICT)):
                continue
            why, remedy = _explained(step)
            others = len({other.done.table for _, other in steps}) - 1
            more = f" and {others} {'table' if others == 1 else 'tables'} that refer to it are" if others else " is"
            message = f"`{step.done.table}`{more} written anew under a lock: {why}; {remedy}"
            was = step.done.was
            evidence = (Evidence(was.path, was.line, f"the column is {was.type} here"),) if was is not None and was.line and was.type else ()
            severity = None if growth.is_fast else Severity.INFO
            yield self.finding(step.done.path, step.place, message, symbol=migration.symbol, evidence=evidence, severity=severity)


def _explained(step: Step) -> tuple[str, str]:
    change, why = step.done.change, step.blocking[0].why
    if isinstance(change, Act) and change.kind is ActKind.REFRESH:
        return why, "refresh it CONCURRENTLY"
    if isinstance(change, Act):
        return why, "use pg_repack, or do it while the service stands still"
    if isinstance(change, ddl.AddColumn) and change.column.generated:
        return why, "add a plain column that a trigger sets, and fill it in batches"
    if isinstance(change, ddl.AddColumn):
        return why, "add the column without it, fill it in batches, and set the default for new rows"
    if isinstance(change, ddl.AlterColumn):
        return f"`{change.name}`, {why}", "add a column of the new type, fill it in batches, and exchange the two"
    return why, "do it while the service stands still"
