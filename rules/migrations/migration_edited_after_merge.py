from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Kind, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.migrating.edits import edited
from backend_lint.project.schema.places import Place


class MigrationEditedAfterMerge(ProjectRule):
    """A migration that is merged, and so may be applied, is changed or deleted.

    ## What it does

    Compares what the migrations of the base revision (`--diff-base`) do with what those of the project do: operations and changes of the schema, not
    comments, layout or how rows are filled; that may also be taken away. Migrations that a squashed one replaces may go, or for which one begins
    anew. Without a base revision it says nothing.

    ## Why is this bad

    Databases that have applied the migration never see the change: their schema differs from that of new ones, and from what later migrations expect. Flyway
    and sqlx compare checksums and refuse to go on.

    ## Example

    What `base/` holds is the base revision.

    ```sql
    # path: base/flyway/V1__orders.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    # path: flyway/V1__orders.sql
    CREATE TABLE orders (id bigint PRIMARY KEY, state text);
    ```

    ## Use instead

    ```sql
    # path: base/flyway/V1__orders.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    # path: flyway/V1__orders.sql
    CREATE TABLE orders (id bigint PRIMARY KEY);
    # path: flyway/V2__state.sql
    ALTER TABLE orders ADD COLUMN state text;
    ```

    ## When this is wrong

    The migration was merged and never applied anywhere.

    ## References

    - [Flyway: checksums](https://documentation.red-gate.com/fd/migrations-184127470.html)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    tags = ("database", "correctness")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        if project.base is None:
            return
        for found in edited(project):
            what = "is deleted" if found.gone else "does something else now"
            message = f"a migration of {project.base.reference} {what}: databases that have applied it never see this; write another migration"
            yield self.finding(found.node.path, Place(found.node.path, 1 if found.gone else found.node.line), message)
