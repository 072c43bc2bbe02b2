from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, ProjectRule, Role, Severity
from backend_lint.facts import ddl
from backend_lint.project import Project
from backend_lint.project.migrating import Migration, Step
from backend_lint.project.migrating.references import Reference, reference


class MigrationDropsReferencedColumn(ProjectRule):
    """A migration drops a column or a table that code still uses.

    ## What it does

    Joins each dropped column and table with the code: models that declare it, and SQL that names it. With a base revision (`--diff-base`) the code of
    that revision counts as well: it is what runs while the change is deployed. A column that was taken out of the model in an earlier release (in
    Django `SeparateDatabaseAndState` with the field in `state_operations`) is dropped in peace, and so is one that comes back. The code of
    the base revision does not count for a migration that is applied after the deploy (`safe = Safe.after_deploy()` of django-safemigrate).

    ## Why is this bad

    The migration runs before the last old process is gone. An ORM names all columns of a model in each SELECT and INSERT: from the moment of the DROP each
    request that touches the model fails, and the data are gone should the release be taken back.

    ## Example

    ```sql
    # path: migrations/V2__notes.sql
    ALTER TABLE orders DROP COLUMN note;
    # path: shop/report.py
    import psycopg


    def notes(connection: psycopg.Connection):
        return connection.execute("SELECT note FROM orders WHERE id = %s", (1,)).fetchone()
    ```

    ## Use instead

    ```sql
    # path: migrations/V2__notes.sql
    ALTER TABLE orders DROP COLUMN note;
    # path: shop/report.py
    import psycopg


    def notes(connection: psycopg.Connection):
        return connection.execute("SELECT number FROM orders WHERE id = %s", (1,)).fetchone()
    ```

    The code goes in one release, the column in the next.

    ## When this is wrong

    Nothing runs while migrations do: with `deploys = "downtime"` in `[database]` only the code as it is now counts.

    ## References

    - [strong_migrations: removing a column](https://github.com/ankane/strong_migrations#removing-a-column)
    """

    severity, precision, since = Severity.ERROR, "high", "0.3"
    tags = ("database", "availability", "correctness")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        for migration, step in project.migrations.steps():
            change = step.done.change
            if step.fresh or not isinstance(change, ddl.DropColumn | ddl.DropTable) or self._is_there(project, migration, step):
                continue
            table, column = step.done.table, change.name if isinstance(change, ddl.DropColumn) else ""
            found = reference(project, table, column)
            if found is not None:
                yield self._finding(migration, step, found, "code that stays")
                continue
            old = project.base.project if project.base is not None and project.migrations.rolling and not migration.late else None
            if old is not None and project.base is not None and (before := reference(old, table, column)) is not None:
                yield self._finding(migration, step, before, f"the code of {project.base.reference}, which runs while this is deployed,")

    @staticmethod
    def _is_there(project: Project, migration: Migration, step: Step) -> bool:
        """The column or the table comes back, in this migration or in a later one."""
        after = migration.steps[migration.steps.index(step) + 1 :]
        made = {one.done.change.table.name for one in after if isinstance(one.done.change, ddl.CreateTable)}
        if step.done.table in made:
            return True
        if isinstance(step.done.change, ddl.DropTable) and any(one.path == step.done.path and one.line > step.done.line for one in project.schema.unread):
            return True  # what is executed after it was not understood, and may make it again
        left, change = project.migrations.left(step.done.table), step.done.change
        return left is not None and (not isinstance(change, ddl.DropColumn) or left.column(change.name) is not None)

    def _finding(self, migration: Migration, step: Step, found: Reference, whose: str) -> Finding:
        change = step.done.change
        what = f"`{change.name}` of `{step.done.table}`" if isinstance(change, ddl.DropColumn) else f"the table `{step.done.table}`"
        message = f"{what} is dropped while {whose} uses it; take it out of the code in one release and drop it in the next"
        return self.finding(step.done.path, step.place, message, symbol=migration.symbol, evidence=(Evidence(found.path, found.line, found.what),))

