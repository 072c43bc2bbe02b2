from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, ProjectRule, Role, Severity
from backend_lint.project import Project
from backend_lint.project.migrating.graph import Flaw, flaws_of
from backend_lint.project.schema.places import Place


class MigrationMultipleHeads(ProjectRule):
    """The migrations of an application cannot be put into one order.

    ## What it does

    Reports two migrations that follow the same one and are followed by none (Django's leaf nodes, Alembic's heads), two files of Flyway, dbmate, goose
    or golang-migrate with the same number, a migration that follows one that is not there, and a graph that goes round in a circle. Branches of Alembic
    with a label of their own are left alone.

    ## Why is this bad

    `migrate` and `alembic upgrade head` refuse to run, and the deploy stops. It happens when two branches are merged that each added a migration: neither of
    them had a conflict.

    ## Example

    ```sql
    # path: flyway/V2__state.sql
    ALTER TABLE orders ADD COLUMN state text;
    # path: flyway/V2__note.sql
    ALTER TABLE orders ADD COLUMN note text;
    ```

    ## Use instead

    ```sql
    # path: flyway/V2__state.sql
    ALTER TABLE orders ADD COLUMN state text;
    # path: flyway/V3__note.sql
    ALTER TABLE orders ADD COLUMN note text;
    ```

    In Django `makemigrations --merge`, or let one follow the other; in Alembic `alembic merge heads`.

    ## When this is wrong

    The revisions are meant to be branches, and everybody upgrades to `heads`.

    ## References

    - [Django: version control](https://docs.djangoproject.com/en/stable/topics/migrations/#version-control)
    - [Alembic: working with branches](https://alembic.sqlalchemy.org/en/latest/branches.html)
    """

    severity, precision, since = Severity.ERROR, "very-high", "0.3"
    tags = ("database", "correctness")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        for flaw in flaws_of(project, project.migrations.histories, project.migrations.runner):
            node = flaw.nodes[0]
            evidence = tuple(Evidence(one.path, one.line, "and so is this one" if flaw.kind == "heads" else "the same number") for one in flaw.nodes[1:])
            yield self.finding(node.path, Place(node.path, node.line), _message(flaw), evidence=evidence)


def _message(flaw: Flaw) -> str:
    name = flaw.nodes[0].name
    if flaw.kind == "heads":
        return f"`{name}` is one of {len(flaw.nodes)} migrations that no other follows, and the runner does not choose; let one follow the other, or merge them"
    if flaw.kind == "twins":
        return f"{len(flaw.nodes)} migrations have the number {flaw.name}, and the runner refuses them; give this one the next number"
    if flaw.kind == "missing":
        return f"it follows `{flaw.name}`, which is not there: the runner stops before it begins; name the migration that it comes after"
    return "each migration follows another one of them in a circle, and none can be the first; let one follow none"
