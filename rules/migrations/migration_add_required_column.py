from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Kind, ProjectRule, Role, Severity
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.migrating import Migration, Runner
from backend_lint.project.migrating.required import Required, required


class MigrationAddRequiredColumn(ProjectRule):
    """A migration adds a column that must be set, and the code that still runs does not know it.

    ## What it does

    Reports columns that are NOT NULL and have no default in the database when the migration is done, on tables that were there before. Django's
    `default=` is none: Django gives it to the rows that are there and drops it again; `db_default=` stays. In Alembic `server_default=` counts, in SQL
    DEFAULT. Projects on SQLite are left alone.

    ## Why is this bad

    While a release rolls out, processes with the old code insert rows without the column, and each of these inserts fails. After a rollback of the code
    all of them do. Outside of Django the migration itself fails as soon as the table has a row.

    ## Example

    ```sql
    # path: migrations/0002_state.sql
    ALTER TABLE orders ADD COLUMN state text NOT NULL;
    ```

    ## Use instead

    ```sql
    # path: migrations/0002_state.sql
    ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'open';
    ```

    In Django before 5.0, without `db_default`: `null=True` first, and NOT NULL with a later release.

    ## When this is wrong

    Nothing runs while migrations do: `deploys = "downtime"` in `[database]`.

    ## References

    - [Django: db_default](https://docs.djangoproject.com/en/stable/ref/models/fields/#db-default)
    - [django-migration-linter: NOT_NULL](https://github.com/3YOURMIND/django-migration-linter/blob/main/docs/incompatibilities.md)
    """

    severity, precision, since = Severity.ERROR, "high", "0.3"
    fix = "patch"
    tags = ("database", "availability")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        migrations = project.migrations
        if migrations.dialect is Dialect.SQLITE:
            return
        for migration in migrations.judged:
            if migration.runner is Runner.DJANGO and not migrations.rolling:
                continue
            for found in required(migration):
                table = migrations.table(found.at.done.table)
                if table is None or table.column("pgh_id") is None:  # rows of django-pghistory are written by triggers, which are changed along
                    yield self._finding(migration, found)

    def _finding(self, migration: Migration, found: Required) -> Finding:
        table = found.at.done.table
        if migration.runner is Runner.DJANGO:
            message = (
                f"`{found.column}` of `{table}` is NOT NULL without a default in the database (Django drops its own): code that is still running "
                "cannot insert; set db_default, or make it nullable first"
            )
            patch = "db_default=...  # Django 5.0 and later; before that null=True, and NOT NULL with a later release"
        elif found.at is not found.added:
            message = f"`{found.column}` of `{table}` becomes NOT NULL without a default: code that is still running cannot insert; give it a default first"
            patch = f"server_default of `{found.column}`" if migration.runner is Runner.ALEMBIC else ""
        else:
            message = f"`{found.column}` of `{table}` is NOT NULL without a default: rows that are there have no value; give it one, or make it nullable first"
            patch = "server_default=sa.text(...)" if migration.runner is Runner.ALEMBIC else "NOT NULL DEFAULT ..."
        return self.finding(found.at.done.path, found.at.place, message, symbol=migration.symbol, suggestion=patch)
