from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.project import Project
from backend_lint.project.growing import Growth
from backend_lint.project.migrating import Migration, Runner, Step, patches
from backend_lint.sql.locks import Lock


class MigrationIndexNotConcurrent(ProjectRule):
    """A migration builds an index while everybody who writes waits.

    ## What it does

    Reports indexes, unique constraints, exclusion constraints and primary keys that a migration builds on a table with rows without CONCURRENTLY: by
    `AddIndex`, `db_index=True`, `unique=True` or the index of a new foreign key in Django, `op.create_index` and `index=True` in Alembic, `CREATE
    INDEX` and `REINDEX` in SQL. PostgreSQL only (MySQL builds indexes online, apart from full text and spatial ones). Tables that the same change
    makes, that only the admin fills, or that are known to be small, are left alone; where no code of the service makes rows by itself, it is an information
    of the profile `strict`.
    Dropping an index takes a moment; it is reported with the option `drops` only.

    ## Why is this bad

    CREATE INDEX holds a SHARE lock on the table until the index is built: each INSERT, UPDATE and DELETE waits. For a unique or another constraint it is
    ACCESS EXCLUSIVE, and each SELECT waits as well. On a large table that is minutes without service.

    ## Example

    ```python
    # path: migrations/versions/0002_index.py
    from alembic import op
    from sqlalchemy.dialects import postgresql

    revision = "0002"
    down_revision = None


    def upgrade():
        op.create_index("ix_orders_placed", "orders", ["placed"])


    def downgrade():
        op.drop_index("ix_orders_placed", table_name="orders")
    ```

    ## Use instead

    ```python
    # path: migrations/versions/0002_index.py
    from alembic import op
    from sqlalchemy.dialects import postgresql

    revision = "0002"
    down_revision = None


    def upgrade():
        with op.get_context().autocommit_block():
            op.create_index("ix_orders_placed", "orders", ["placed"], postgresql_concurrently=True)


    def downgrade():
        op.drop_index("ix_orders_placed", table_name="orders", postgresql_concurrently=True)
    ```

    In Django: `AddIndexConcurrently` of `django.contrib.postgres.operations` in a migration with `atomic = False`.

    ## When this is wrong

    The table is small, or nobody writes while the migration runs. Say how many rows it has in `[database.rows]`, or `deploys = "downtime"`.
    Without `--diff-base` nobody says which migrations are new: the last ones are then reported in the profile `strict` only, unless rows are counted.

    ## Options

    - `drops`: also report an index that is dropped without CONCURRENTLY. Default: false.

    ## References

    - [PostgreSQL: building indexes concurrently](https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY)
    - [Django: AddIndexConcurrently](https://docs.djangoproject.com/en/stable/ref/contrib/postgres/operations/#concurrent-index-operations)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    fix = "patch"
    tags = ("database", "availability")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})
    options = {"drops": False}

    def check(self, project: Project) -> Iterator[Finding]:
        slow = list(project.migrations.slow()) if project.migrations.rolling else []
        said = {(step.place, step.done.table) for _, step in slow if any(cost.rewrites for cost in step.blocking)}  # it builds all indexes anew
        for migration, step in slow:
            what = _what(step)
            growth = project.growing.of(step.done.table)
            sure = project.migrations.is_long(step.done.table) or self.shows(Profile.STRICT)
            if what and sure and growth is not Growth.BY_HAND and (key := (step.place, step.done.table)) not in said:
                said.add(key)
                yield self._finding(project, migration, step, what)
        if self.option("drops") and project.migrations.rolling:
            for migration, step in project.migrations.steps():
                if isinstance(step.done.change, ddl.DropIndex) and not step.done.change.concurrently and project.migrations.waits(step):
                    message = f"`{step.done.change.name}` is dropped under a lock that everybody waits for; drop it CONCURRENTLY, outside of a transaction"
                    yield self.finding(step.done.path, step.place, message, symbol=migration.symbol)

    def _finding(self, project: Project, migration: Migration, step: Step, what: str) -> Finding:
        reads = step.blocking[0].lock is Lock.ACCESS_EXCLUSIVE
        who = "nobody reads or writes" if reads else "nobody writes to"
        message = f"{what} is built while {who} `{step.done.table}`; {patches.without_operation(migration) or _remedy(migration, step)}"
        change, table, patch = step.done.change, step.done.table, ""
        if isinstance(change, ddl.AddIndex | ddl.SetPrimaryKey):
            keys = [key.column for key in change.index.keys] if change.index is not None else []
            known = project.migrations.table(table)
            required = known is not None and all((column := known.column(key)) is not None and column.nullable is False for key in keys)
            patch = patches.index(migration, step, [project.migrations.field(table, key) for key in keys if key], required)
        made = project.growing.sure_place(table)
        evidence = (Evidence(made.path, made.line, "rows are made here, which waits meanwhile"),) if made is not None else ()
        severity = None if project.growing.of(table).is_fast else Severity.INFO
        return self.finding(step.done.path, step.place, message, symbol=migration.symbol, evidence=evidence, suggestion=patch, severity=severity)


def _what(step: Step) -> str:
    change = step.done.change
    if isinstance(change, ddl.AddIndex):
        keys = [key.column or key.expression for key in change.index.keys]
        kind = "the index of the unique constraint" if change.index.constraint else "the index"
        name = f" `{change.index.name}`" if change.index.name and step.done.operation != "AddField" else ""
        return f"{kind}{name}" + (f" on ({', '.join(keys)})" if keys and "?" not in keys else "")
    if isinstance(change, ddl.SetPrimaryKey) and change.columns:
        return f"the primary key on ({', '.join(change.columns)})"
    if isinstance(change, Act) and change.kind is ActKind.REINDEX:
        return "an index"
    return ""


def _remedy(migration: Migration, step: Step) -> str:
    change = step.done.change
    if migration.several and migration.runner is Runner.DJANGO:
        return "build it CONCURRENTLY where schema_editor.connection.vendor is postgresql, with atomic = False"
    if isinstance(change, ddl.SetPrimaryKey) or (isinstance(change, ddl.AddIndex) and change.index.constraint):
        return "build a unique index CONCURRENTLY and add the constraint USING INDEX"
    if step.done.operation == "AddField":
        return "add the field with db_index=False, and the index with AddIndexConcurrently in a migration with atomic = False"
    if migration.runner is Runner.DJANGO and step.done.operation == "AddIndex":
        return "use AddIndexConcurrently, in a migration of its own with atomic = False"
    return "build it CONCURRENTLY, outside of a transaction"
