from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.growing import Growth
from backend_lint.project.migrating import Migration, Runner
from backend_lint.project.migrating.backfills import Backfill, backfills
from backend_lint.project.schema.places import Place

_DJANGO = """def fill(apps, schema_editor):
    {model} = apps.get_model("{app}", "{model}")
    last = None
    while True:
        rows = {model}.objects.order_by("pk") if last is None else {model}.objects.order_by("pk").filter(pk__gt=last)
        batch = list({batch})
        if not batch:
            return
        {change}
        last = {last}


class Migration(migrations.Migration):
    atomic = False  # and nothing in it but this"""
_WAYS = {
    "loop": ("rows[:1000]", "{model}.objects.bulk_update(batch, [...])  # with the new values", "batch[-1].pk"),
    "statement": ('rows.values_list("pk", flat=True)[:1000]', "{model}.objects.filter(pk__in=batch).update(...)", "batch[-1]"),
}
_DELETE = "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} LIMIT 1000)"
_SQL = "UPDATE {table} SET ... WHERE id IN (SELECT id FROM {table} WHERE ... LIMIT 1000)"


class MigrationUnbatchedBackfill(ProjectRule):
    """A migration changes the rows of a whole table at once.

    ## What it does

    Reports an UPDATE of a table with rows that names no key, no range and no limit: in SQL, by `op.execute`, with `sa.update`, or with models in
    `RunPython`; and a loop that saves each row inside the migration's transaction. An UPDATE that compares a value (`WHERE state = 'old'`) may be about
    few rows and is only reported if it fills a column that the same migration adds. Batches, small tables and tables that the migration makes are left
    alone, and so are tables that only the admin fills. In Django and Alembic one statement on a table whose rows nobody counted is an information
    of the profile `strict`.

    ## Why is this bad

    All rows stay locked until the transaction ends: whoever updates one of them waits. The table doubles in size, the old versions of the rows cannot
    be cleaned up, replicas fall behind, and a failure near the end undoes everything. Together with a change of the schema its ACCESS EXCLUSIVE lock is
    held all the while.

    ## Example

    ```sql
    # path: migrations/0002_state.sql
    ALTER TABLE orders ADD COLUMN state text;
    UPDATE orders SET state = 'open';
    ```

    ## Use instead

    ```sql
    # path: migrations/0002_state.sql
    ALTER TABLE orders ADD COLUMN state text;
    ```

    Old rows are filled by a command that takes a thousand at a time, each batch in a transaction of its own; in Django with `atomic = False`.

    ## When this is wrong

    The table is small: say how many rows it has in `[database.rows]`.

    Without `--diff-base` nobody says which migrations are new: the last ones are then reported in the profile `strict` only, unless rows are counted.

    ## References

    - [strong_migrations: backfilling data](https://github.com/ankane/strong_migrations#backfilling-data)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    fix = "patch"
    tags = ("database", "availability")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        if not project.migrations.rolling or not project.migrations.serves:
            return
        for migration in project.migrations.judged:
            for found in backfills(project, migration):
                growth = project.growing.of(found.table)
                long = growth is Growth.COUNTED or (growth.is_fast and (found.way == "loop" or not migration.runner.is_python))
                if growth is not Growth.BY_HAND and ((long and project.migrations.is_long(found.table)) or self.shows(Profile.STRICT)):
                    yield self._finding(migration, found, None if long else Severity.INFO)

    def _finding(self, migration: Migration, found: Backfill, severity: Severity | None) -> Finding:
        if found.way == "loop":
            what = f"each row of `{found.table}` is saved on its own, and all in one transaction: they"
        elif found.way == "delete":
            what = f"`{found.table}` is emptied by one statement: its rows"
        elif found.mixed:
            what = f"`{found.table}` is filled in the transaction that changes the schema: its rows"
        else:
            what = f"`{found.table}` is filled by one statement: its rows"
        do = "delete" if found.way == "delete" else "fill"
        message = f"{what} stay locked until it ends; {do} them in batches, each in a transaction of its own"
        patch = ""
        if found.way == "delete":
            patch = _DELETE.format(table=found.table) if found.table.replace(".", "_").isidentifier() else ""
        elif migration.runner is Runner.DJANGO:
            patch = _django(*found.model, found.way) if found.model else ""
        elif found.table.replace(".", "_").isidentifier():
            patch = _SQL.format(table=found.table)
        return self.finding(found.path, Place(found.path, found.line), message, symbol=migration.symbol, suggestion=patch, severity=severity)


def _django(app: str, model: str, way: str) -> str:
    batch, change, last = _WAYS[way]
    return _DJANGO.format(app=app, model=model, batch=batch, change=change.format(model=model), last=last)
