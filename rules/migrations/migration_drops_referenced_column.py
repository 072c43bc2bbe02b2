from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.facts import ddl
from backend_lint.project import Project
from backend_lint.project.migrating import Migration, Step
from backend_lint.project.migrating.references import Reference, reference
from backend_lint.project.migrating.removals import Removal, in_two_releases, meanwhile, removals


class MigrationDropsReferencedColumn(ProjectRule):
    """A migration drops a column or a table that code still uses.

    ## What it does

    Joins each dropped column and table with the code: models that declare it, and SQL that names it. With a base revision (`--diff-base`) the code of
    that revision counts as well: it is what runs while the change is deployed. A column that was taken out of the model in an earlier release (in
    Django `SeparateDatabaseAndState` with the field in `state_operations`) is dropped in peace, and so is one that comes back. The code of
    the base revision does not count for a migration that is applied after the deploy (`safe = Safe.after_deploy()` of django-safemigrate).

    Without a base revision the last migrations count as new: a `RemoveField` of Django takes a column away that the release before it has in its model,
    and is reported where requests or messages are known to ask for rows of the table, a foreign key in the profile `strict`.

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
        for removal in removals(project):
            referenced = any(reference(project, removal.steps[0].done.table, column) is not None for column in removal.columns)
            if not referenced and (not removal.keys or self.shows(Profile.STRICT)):
                yield self._removed(project, removal)

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

    def _removed(self, project: Project, removal: Removal) -> Finding:
        first, columns = removal.steps[0], removal.columns
        also = f" and {len(columns) - 1} more {'columns' if len(columns) > 2 else 'column'}" if len(columns) > 1 else ""
        message = (
            f"`{columns[0]}`{also} of `{first.done.table}` {'are' if also else 'is'} dropped while the last release runs, whose queries name all columns of "
            f"its model: they fail until its last process is gone; take {'the fields' if also else 'the field'} out of Django's state only"
            f"{', with DROP NOT NULL, as nobody writes it any more' if removal.required else ''}, and drop {'them' if also else 'it'} with the next release"
        )
        patch = in_two_releases(removal, project.migrations.dialect)
        evidence = (meanwhile(removal.site),)
        return self.finding(
            first.done.path, first.place, message, symbol=removal.migration.symbol, evidence=evidence, suggestion=patch, severity=Severity.WARNING
        )
