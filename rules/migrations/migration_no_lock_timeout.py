from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Kind, ProjectRule, Role, Severity
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.migrating import Migration, Runner
from backend_lint.project.migrating.timeouts import set_everywhere, unbounded

_PATCHES = {
    Runner.DJANGO: "migrations.RunSQL(\"SET lock_timeout = '5s'\", migrations.RunSQL.noop)",
    Runner.ALEMBIC: "op.execute(\"SET lock_timeout = '5s'\")",
}


class MigrationNoLockTimeout(ProjectRule):
    """A migration waits for a lock without end, and everybody else waits behind it.

    ## What it does

    Reports, once a migration, the first change that takes a lock which writers or readers must wait for, where neither the migration nor the settings,
    the environment of the migrations or the deployment set `lock_timeout` or `statement_timeout`. New tables and concurrent operations need none.
    PostgreSQL only.

    ## Why is this bad

    Even a change that takes a millisecond first waits for each transaction that uses the table, and all queries that come later wait behind it: one long
    report, and the service stands still. With a timeout the migration fails instead and can be tried again.

    ## Example

    ```sql
    # path: migrations/0002_note.sql
    ALTER TABLE orders ADD COLUMN note jsonb;
    ```

    ## Use instead

    ```sql
    # path: migrations/0002_note.sql
    SET lock_timeout = '5s';
    ALTER TABLE orders ADD COLUMN note jsonb;
    ```

    ## When this is wrong

    The timeout is set where nobody sees it: for the database's role, or by whoever runs the migration.

    ## References

    - [PostgreSQL: lock_timeout](https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT)
    - [squawk: require-timeout-settings](https://squawkhq.com/docs/require-timeout-settings)
    """

    severity, precision, since = Severity.INFO, "high", "0.3"
    profile = "all"
    fix = "patch"
    tags = ("database", "availability")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        if project.migrations.dialect is not Dialect.POSTGRESQL or not project.migrations.rolling or set_everywhere(project):
            return
        for migration in project.migrations.judged:
            finding = self._finding(project, migration)
            if finding is not None:
                yield finding

    def _finding(self, project: Project, migration: Migration) -> Finding | None:
        step = unbounded(project, migration)
        if step is None:
            return None
        lock = max(cost.lock for cost in step.done.costs)
        message = f"it waits without end for the {lock.text} lock on `{step.done.table}`, and all later queries wait behind it; set lock_timeout first"
        return self.finding(step.done.path, step.place, message, symbol=migration.symbol, suggestion=_PATCHES.get(migration.runner, "SET lock_timeout = '5s';"))
