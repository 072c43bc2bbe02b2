from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.facts import ddl
from backend_lint.facts.schema import Dialect, TableKind
from backend_lint.project import Project
from backend_lint.project.migrating import Migration, Migrations, Runner, Step
from backend_lint.project.migrating.backfills import backfills
from backend_lint.project.migrating.dates import follows_maker, is_one_work
from backend_lint.project.migrating.removals import meanwhile, served


class MigrationRename(ProjectRule):
    """A migration renames a table or a column that running code uses.

    ## What it does

    Reports RENAME COLUMN and RENAME TABLE on tables that were there before the change: `RenameField`, `RenameModel` and `AlterModelTable` in Django,
    `op.rename_table` and `new_column_name` in Alembic, and SQL. A table whose old name comes back as a view in the same migration is left alone, and so is
    a field whose column keeps its name (`db_column`). What the first lines of Django's migrations say was made less than two days before has not been
    released under the old name; a table that the migration just before makes is a finding of the profile `strict`. Projects on SQLite are left alone. In
    Django, where queries can be followed to models, a table of which no request or message is known to ask for rows is a finding of the profile `strict`.

    ## Why is this bad

    While a release rolls out, the old code and the new one run at once, and no name is right for both: each query of one of them fails until the last
    process is replaced, and after a rollback of the code again.

    ## Example

    ```sql
    # path: migrations/0002_rename.sql
    ALTER TABLE orders ADD COLUMN noted jsonb;
    ALTER TABLE orders RENAME COLUMN total TO amount;
    ```

    ## Use instead

    ```sql
    # path: migrations/0002_amount.sql
    ALTER TABLE orders ADD COLUMN noted jsonb;
    ALTER TABLE orders ADD COLUMN amount numeric;
    ```

    The application writes both columns, old rows are filled in batches, the code reads the new one, and a later release drops the old one. In Django a
    field can also get a new name and keep its column: `amount = models.DecimalField(db_column="total", ...)`.

    ## When this is wrong

    Nothing runs while migrations do: `deploys = "downtime"` in `[database]`.

    ## References

    - [strong_migrations: renaming a column](https://github.com/ankane/strong_migrations#renaming-a-column)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    fix = "patch"
    tags = ("database", "availability")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        migrations = project.migrations
        if not migrations.rolling or migrations.dialect is Dialect.SQLITE:
            return
        said = set()
        for migration, step in migrations.steps():
            change = step.done.change
            if step.fresh or not isinstance(change, ddl.RenameColumn | ddl.RenameTable) or not self._live(migrations, migration, step):
                continue
            if step.place in said:
                continue  # a renamed model takes the tables and columns that refer to it along
            said.add(step.place)
            if is_one_work(project, migration, step) or (follows_maker(migrations, migration, step) and not self.shows(Profile.STRICT)):
                continue
            django, evidence = migration.runner is Runner.DJANGO, self._used(project, step, change)
            if django and not evidence and not self.shows(Profile.STRICT):
                continue
            patch = ""
            if isinstance(change, ddl.RenameColumn):
                field = django and step.done.operation == "RenameField" and change.old.isidentifier()
                field = field and all(one.table != step.done.table for one in backfills(project, migration))  # the values mean something else as well
                patch = f'db_column="{change.old}"' if field else ""
                inherited = bool(patch) and migrations.is_inherited(step.done.table, step.done.made.get("new_name", 2))
                keep = f"keep the column: declare the inherited field in the model, with {patch}" if inherited else f"keep the column with {patch}"
                what, cure = f"`{change.old}` of `{step.done.table}`", keep if patch else "add a column and move over"
            else:
                keeps = django and step.done.operation == "RenameModel" and change.old.isidentifier()
                patch = f'db_table = "{change.old}"' if keeps else ""
                what = f"`{change.old}`"
                cure = f"keep the table with {patch} in Meta" if patch else "keep the name, or leave a view under the old one"
            message = f"{what} becomes `{change.new}` while code that knows the old name runs; {cure}"
            yield self.finding(step.done.path, step.place, message, symbol=migration.symbol, evidence=evidence, suggestion=patch)

    @staticmethod
    def _used(project: Project, step: Step, change: ddl.RenameColumn | ddl.RenameTable) -> tuple[Evidence, ...]:
        """A query of code that serves requests or messages."""
        renames = isinstance(change, ddl.RenameTable)
        site = served(project, change.new if renames else step.done.table, "" if renames else change.new)
        return (meanwhile(site),) if site is not None else ()

    @staticmethod
    def _live(migrations: Migrations, migration: Migration, step: Step) -> bool:
        change = step.done.change
        if isinstance(change, ddl.RenameTable):
            if change.old.rpartition(".")[2] == change.new.rpartition(".")[2]:
                return False
            again = [one.done.change for one in migration.steps if isinstance(one.done.change, ddl.CreateTable | ddl.RenameTable)]
            names = {one.table.name if isinstance(one, ddl.CreateTable) else one.new for one in again if one is not change}
            return change.old not in names
        before = migration.steps[: migration.steps.index(step)]
        added = [one.done.change for one in before if one.done.table == step.done.table]
        if isinstance(change, ddl.RenameColumn) and any(isinstance(one, ddl.AddColumn) and one.column.name == change.old for one in added):
            return False  # it was added under a name for the time being
        table = migrations.table(step.done.table)
        return table is None or table.kind not in (TableKind.VIEW, TableKind.MATERIALIZED_VIEW)
