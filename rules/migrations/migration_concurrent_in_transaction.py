from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backend_lint.api import Finding, Kind, Mends, ProjectRule, Role, Severity
from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.migrating import Runner, Step

if TYPE_CHECKING:
    import libcst

_ALONE = ("AddIndexConcurrently", "RemoveIndexConcurrently")
_REMEDIES = {
    Runner.DJANGO: "set atomic = False in the migration",
    Runner.ALEMBIC: "run it in op.get_context().autocommit_block()",
    Runner.DBMATE: "write -- migrate:up transaction:false",
    Runner.GOOSE: "write -- +goose NO TRANSACTION",
    Runner.SQLX: "write -- no-transaction",
    Runner.GOLANG_MIGRATE: "give it a file of its own",
    Runner.FLYWAY: "give it a file of its own, which Flyway runs without a transaction",
    Runner.PRISMA: "give it a migration of its own",
    Runner.DIESEL: "set run_in_transaction = false in metadata.toml",
}


class MigrationConcurrentInTransaction(ProjectRule, Mends):
    """A statement that must run alone stands in a migration that its runner wraps into a transaction.

    ## What it does

    Reports `CREATE INDEX CONCURRENTLY`, `DROP INDEX CONCURRENTLY`, `REINDEX CONCURRENTLY`, `DETACH PARTITION CONCURRENTLY` and `VACUUM` inside a
    transaction: in Django unless the migration says `atomic = False`, in Alembic unless they stand in an `autocommit_block()` or behind a COMMIT, in
    files of SQL as their runner does it (dbmate, goose, sqlx, golang-migrate, Prisma, Flyway), and between BEGIN and COMMIT.

    The fix writes `atomic = False` into a Django migration all of whose operations must run alone. One that does more should be split, and is left to you.

    ## Why is this bad

    PostgreSQL refuses: `CREATE INDEX CONCURRENTLY cannot run inside a transaction block`. The deploy stops at the migration.

    ## Example

    ```python
    # path: migrations/versions/0002_index.py
    from alembic import op

    revision = "0002"
    down_revision = None


    def upgrade():
        op.create_index("ix_orders_placed", "orders", ["placed"], postgresql_concurrently=True)


    def downgrade():
        op.drop_index("ix_orders_placed", table_name="orders")
    ```

    ## Use instead

    ```python
    # path: migrations/versions/0002_index.py
    from alembic import op

    revision = "0002"
    down_revision = None


    def upgrade():
        with op.get_context().autocommit_block():
            op.create_index("ix_orders_placed", "orders", ["placed"], postgresql_concurrently=True)


    def downgrade():
        op.drop_index("ix_orders_placed", table_name="orders")
    ```

    ## When this is wrong

    The runner is told elsewhere not to begin a transaction.

    ## References

    - [PostgreSQL: CREATE INDEX](https://www.postgresql.org/docs/current/sql-createindex.html)
    - [Alembic: autocommit_block](https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.migration.MigrationContext.autocommit_block)
    """

    severity, precision, since = Severity.ERROR, "very-high", "0.3"
    fix = "safe"
    mends = ("SimpleStatementLine",)
    tags = ("database", "correctness")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        if project.migrations.dialect not in (None, Dialect.POSTGRESQL):
            return
        for migration, step in project.migrations.steps():
            what = _what(step)
            if what and step.transaction is True:
                remedy = _REMEDIES.get(migration.runner, "run it outside of the transaction")
                message = f"{what} runs inside the transaction of its migration, which PostgreSQL refuses; {remedy}"
                yield self.finding(step.done.path, step.place, message, symbol=migration.symbol, suggestion=remedy)

    def mend(self, node: libcst.CSTNode, finding: Finding) -> libcst.FlattenSentinel[Any] | None:
        import libcst

        if finding.suggestion != _REMEDIES[Runner.DJANGO] or not isinstance(node, libcst.SimpleStatementLine) or not _runs_alone(node):
            return None
        blank = [line for line in node.leading_lines if line.comment is None]
        atomic = libcst.SimpleStatementLine([libcst.Assign([libcst.AssignTarget(libcst.Name("atomic"))], libcst.Name("False"))], leading_lines=blank)
        return libcst.FlattenSentinel([atomic, node])


def _runs_alone(node: libcst.SimpleStatementLine) -> bool:
    """The list of operations holds nothing but what must run outside of a transaction."""
    import libcst
    from libcst.helpers import get_full_name_for_node

    assign = node.body[0]
    if not isinstance(assign, libcst.Assign) or get_full_name_for_node(assign.targets[0].target) != "operations":
        return False
    for element in assign.value.elements if isinstance(assign.value, libcst.List) else (None,):
        call = element.value if element is not None else None
        last = (get_full_name_for_node(call.func) or "").rpartition(".")[2] if isinstance(call, libcst.Call) else ""
        text = call.args[0].value if isinstance(call, libcst.Call) and call.args else None
        sql = text.value.strip("'\"; ").upper() if isinstance(text, libcst.SimpleString) else ""
        if last not in _ALONE and not (last == "RunSQL" and " CONCURRENTLY " in sql and ";" not in sql):
            return False
    return True


def _what(step: Step) -> str:
    change = step.done.change
    if isinstance(change, Act):
        if change.kind is ActKind.REINDEX and change.concurrently:
            return "REINDEX CONCURRENTLY"
        return change.name if change.kind is ActKind.ALONE or change.name == "VACUUM FULL" else ""
    if not getattr(change, "concurrently", False):
        return ""
    if isinstance(change, ddl.AddIndex):
        return f"the concurrent building of `{change.index.name}`" if change.index.name else "CREATE INDEX CONCURRENTLY"
    return "DROP INDEX CONCURRENTLY" if isinstance(change, ddl.DropIndex) else "DETACH PARTITION CONCURRENTLY"
