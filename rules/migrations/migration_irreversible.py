from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.migrating.reversing import one_way
from backend_lint.project.schema.places import Place


class MigrationIrreversible(ProjectRule):
    """A migration cannot be taken back.

    ## What it does

    Reports `RunPython` without `reverse_code`, `RunSQL` without `reverse_sql`, and Alembic revisions that change the schema and whose `downgrade` is
    empty. One that raises says on purpose that there is no way back, and is left alone. So are projects in which most migrations have none.
    By default only where nothing needs to be undone: where rows are made that may be there anyway (`get_or_create`, `create_permissions`), or columns are
    filled that the same migration adds. The profile `strict` reports all.

    ## Why is this bad

    When a release must be taken back in a hurry, Django refuses with `IrreversibleError`, and Alembic does nothing and says that it did: the revision
    is marked as undone, and the next upgrade fails on what is still there.

    ## Example

    ```python
    # path: migrations/versions/0002_note.py
    import sqlalchemy as sa
    from alembic import op

    revision = "0002"
    down_revision = None


    def upgrade():
        op.add_column("orders", sa.Column("note", sa.Text()))


    def downgrade():
        pass
    ```

    ## Use instead

    ```python
    # path: migrations/versions/0002_note.py
    import sqlalchemy as sa
    from alembic import op

    revision = "0002"
    down_revision = None


    def upgrade():
        op.add_column("orders", sa.Column("note", sa.Text()))


    def downgrade():
        op.drop_column("orders", "note")
    ```

    In Django `migrations.RunPython(forwards, migrations.RunPython.noop)` if nothing needs to be undone.

    ## When this is wrong

    You only ever go forwards: switch the rule off.

    ## References

    - [Django: RunPython](https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython)
    """

    severity, precision, since = Severity.INFO, "high", "0.3"
    fix = "patch"
    tags = ("database", "operations")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        for found in one_way(project, project.migrations):
            place = Place(found.path, found.line)
            if found.what == "downgrade":
                message = "`downgrade` is empty though `upgrade` changes the schema: going back is reported as done and is not; undo it, or raise"
                yield self.finding(found.path, place, message, symbol="downgrade", suggestion="undo what upgrade does, or raise NotImplementedError")
            elif found.harmless or self.shows(Profile.STRICT):
                argument = "reverse_code" if found.what == "RunPython" else "reverse_sql"
                cure, patch = "give it one that undoes it, or say beside it that there is no way back on purpose", ""
                if found.harmless:
                    cure, patch = f"nothing needs to be undone: give it `{found.what}.noop`", f"{argument}=migrations.{found.what}.noop"
                message = f"`{found.what}` has no `{argument}`, so that the release cannot be taken back; {cure}"
                yield self.finding(found.path, place, message, symbol="Migration", suggestion=patch)
