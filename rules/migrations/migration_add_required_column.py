from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.growing import Growth
from backend_lint.project.migrating import Migration, Runner
from backend_lint.project.migrating.dates import follows_maker, is_one_work
from backend_lint.project.migrating.patches_django import kept_default
from backend_lint.project.migrating.required import Required, database_default, required
from backend_lint.project.schema.sizes import may_be_small


class MigrationAddRequiredColumn(ProjectRule):
    """A migration adds a column that must be set, and the code that still runs does not know it.

    ## What it does

    Reports columns that are NOT NULL and have no default in the database when the migration is done, on tables that were there before. Django's `default=`
    is none: Django gives it to the rows that are there and drops it again; `db_default=` stays. In Alembic `server_default=` counts, in SQL DEFAULT. The
    columns that one migration of Django adds to a table are one finding. Projects on SQLite are left alone. Where only the admin, commands and forms of
    pages make rows of the table, where it holds what somebody sets up, where the migration just before makes it, and where old code cannot insert anyway,
    as a column is taken away too, it is a finding of the profile `strict`; none where the first lines of Django's migrations say that the table was made
    less than two days before.

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

    In Django before 5.0, without `db_default`: `RunSQL("ALTER TABLE ... ALTER COLUMN ... SET DEFAULT ...")` after the `AddField`. Which Django a project
    has is read from its requirements and lock files.

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
            if migration.runner is Runner.DJANGO and (migration.late or not migrations.rolling):
                continue
            told: dict[tuple[str, bool], list[Required]] = {}
            for found in required(migration):
                if not (_is_sure(project, migration, found) and not found.refused) and not self.shows(Profile.STRICT):
                    continue
                if is_one_work(project, migration, found.added):
                    continue
                table = migrations.table(found.at.done.table)
                if table is None or table.column("pgh_id") is None:  # rows of django-pghistory are written by triggers, which are changed along
                    alike = migration.runner is Runner.DJANGO and found.at is found.added
                    told.setdefault((found.at.done.table if alike else f"{found.at.place}{found.column}", found.refused), []).append(found)
            yield from (self._finding(project, migration, *several) for several in told.values())

    def _finding(self, project: Project, migration: Migration, found: Required, *others: Required) -> Finding:
        table = found.at.done.table
        fails = migration.runner is not Runner.DJANGO and found.at is found.added
        what, remedy, patch = self._explained(migration, found, project.migrations.dialect is Dialect.MYSQL)
        for one in others:
            _, again, added = self._explained(migration, one, project.migrations.dialect is Dialect.MYSQL)
            how = again.partition(" from Django")[0] if " from Django" in remedy else again
            remedy += f"; so is `{one.column}` (line {one.at.place.line}): {how}"
            patch += f", {added}" if patch.startswith("migrations.") and added.startswith("migrations.") else ""
        made = project.growing.sure_place(table)
        kept = made is None or made.is_kept
        fast = kept and project.growing.of(table).is_fast and not project.growing.by_clock(table)
        said = f"rows are {'inserted' if kept else 'made'} here; the release that still runs does it without the column"
        if made is None and (sent := project.growing.place(table)) is not None and sent.function < 0:
            made, said = sent, "rows are made of what is sent here"
        return self.finding(
            found.at.done.path,
            found.at.place,
            f"`{found.column}` of `{table}` {what}; {remedy}",
            symbol=migration.symbol,
            evidence=(Evidence(made.path, made.line, said),) if made is not None and not fails else (),
            suggestion=patch,
            severity=None if fails or (_is_sure(project, migration, found) and fast) else Severity.WARNING,
        )

    @staticmethod
    def _explained(migration: Migration, found: Required, mysql: bool) -> tuple[str, str, str]:
        """What is wrong, what to do, and how it is written."""
        if found.at is not found.added:
            if found.loses_default:
                what, cure = "loses its default in the migration that adds it", "keep the default until the next release"
            else:
                what, cure = "becomes NOT NULL in the migration that adds it", "make it NOT NULL with the next release"
            return f"{what}: code that is still running does not set it and cannot insert", cure, ""
        if migration.runner is not Runner.DJANGO:
            patch = "server_default=sa.text(...)" if migration.runner is Runner.ALEMBIC else "NOT NULL DEFAULT ..."
            return "is NOT NULL without a default: rows that are there have no value", "give it one, or make it nullable first", patch
        what = "is NOT NULL without a default in the database (Django drops its own): code that is still running cannot insert"
        default, has_defaults = database_default(found, mysql), migration.django((5,))
        kept = kept_default(found.at.done.table, found.column, default.sql) if default.sql and not migration.several else ""
        set_ = default.field + (f"  # {default.imported}" if default.imported else "")
        if default.field and has_defaults:
            return what, f"set {default.field}", set_
        if kept and has_defaults is False:
            return what, "give the database its default back in a RunSQL after it (db_default needs Django 5.0)", kept
        if kept:
            return what, f"set {default.field} from Django 5.0 on; before, give the database its default back in a RunSQL after it", kept
        if default.field and has_defaults is None:
            return what, f"set {default.field} from Django 5.0 on; before, keep it null=True until the next release", set_
        return what, "keep it null=True until the next release", "null=True  # NOT NULL with the next release, when nobody inserts without it"


def _is_sure(project: Project, migration: Migration, found: Required) -> bool:
    """The migration itself fails, or code of the service inserts rows meanwhile; not a page on which somebody sets something up."""
    name = found.at.done.table
    if migration.runner is not Runner.DJANGO and found.at is found.added:
        return True
    table, made, model = project.migrations.table(name), project.growing.place(name), project.places.model(name)
    if (table is not None and may_be_small(table, model.name if model is not None else "")) or (made is not None and made.by_form):
        return False
    if follows_maker(project.migrations, migration, found.added):
        return False
    growth = project.growing.of(name)
    if growth in (Growth.BY_HAND, Growth.UNKNOWN):
        return growth is Growth.UNKNOWN and table is not None and model is not None and project.growing.surely(table)
    return made is None or made.function < 0 or ((sure := project.growing.sure_place(name)) is not None and sure.is_kept)
