from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from backend_lint.api import Finding, Kind, Profile, ProjectRule, Role, Severity
from backend_lint.facts import ddl
from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.schema import Dialect
from backend_lint.project import Project
from backend_lint.project.growing import Growth
from backend_lint.project.migrating import Migration, Migrations, Step, patches, patches_django
from backend_lint.sql.locks import Lock


class MigrationConstraintValidatesInline(ProjectRule):
    """A migration adds a constraint and checks all rows under the lock that it needs to add it.

    ## What it does

    Reports foreign keys and checks that are added to a table with rows without NOT VALID, SET NOT NULL on a column for which no valid check says
    already that it is never null, partitions that are attached without such a check, and VALIDATE CONSTRAINT in the very transaction that added the
    constraint. In Django also what `AddField`, `AlterField` and `AddConstraint` make of it. PostgreSQL, and foreign keys of MySQL.

    ## Why is this bad

    The lock is held while all rows are read: for a check or SET NOT NULL it is ACCESS EXCLUSIVE, and nobody reads or writes the table meanwhile; for a
    foreign key nobody writes to either table. Added NOT VALID the constraint holds for new rows at once, and VALIDATE CONSTRAINT checks the old ones
    without locking anybody out.

    How long that takes depends on the rows. Of a table whose rows nobody counted a check or SET NOT NULL in Django or Alembic is an information of
    the profile `strict` only; tables that only the admin fills are left alone, and for these two those whose rows come by forms as well.

    ## Example

    ```sql
    # path: migrations/0002_total.sql
    ALTER TABLE orders ADD COLUMN noted jsonb;
    ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0);
    ```

    ## Use instead

    ```sql
    # path: migrations/0002_total.sql
    ALTER TABLE orders ADD COLUMN noted jsonb;
    ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID;
    ```

    The next migration says `ALTER TABLE orders VALIDATE CONSTRAINT orders_total`.

    ## When this is wrong

    The table is small, or the service stands still while migrations run. Say so in `[database]` with `rows` or `deploys = "downtime"`.

    Without `--diff-base` nobody says which migrations are new: the last ones are then reported in the profile `strict` only, unless rows are counted.

    ## References

    - [PostgreSQL: ALTER TABLE, notes](https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES)
    """

    severity, precision, since = Severity.WARNING, "high", "0.3"
    fix = "patch"
    tags = ("database", "availability")
    kinds = (Kind.PYTHON, Kind.SQL)
    roles = frozenset({Role.MIGRATION, Role.APPLICATION, Role.SETTINGS, Role.COMMAND})

    def check(self, project: Project) -> Iterator[Finding]:
        if not project.migrations.rolling:
            return
        slow = list(project.migrations.slow())
        said = {step.place for _, step in slow if any(cost.rewrites for cost in step.blocking)}  # what is written anew takes longer, and is told
        for migration, step in slow:
            key = step.done.change if isinstance(step.done.change, ddl.AddForeignKey) else None
            if (key is None and any(cost.rewrites for cost in step.blocking)) or _is_new(migration, step):
                continue
            what, remedy, patch = _explained(project.migrations, migration, step)
            growth = project.growing.of(step.done.table)
            few = growth is Growth.BY_HAND or (growth is Growth.ENTERED and key is None)  # such rows are read in a moment
            if what and step.place not in said and not few:
                said.add(step.place)
                heavy = not migration.runner.is_python or (key is not None and not _is_on_new(migration, key))
                severity = None if growth is Growth.COUNTED or (growth.is_fast and heavy) else Severity.INFO
                long = severity is not Severity.INFO and project.migrations.is_long(step.done.table)
                if not long and not self.shows(Profile.STRICT):
                    continue
                message = f"{what} {_who(step)}; {'on PostgreSQL, ' if migration.several else ''}{remedy}"
                yield self.finding(step.done.path, step.place, message, symbol=migration.symbol, suggestion=patch, severity=severity)


def _is_new(migration: Migration, step: Step) -> bool:
    """NOT NULL of a column that the same transaction adds, or of a table that it writes anew: the lock is held for longer than the scan anyway."""
    if not isinstance(step.done.change, ddl.AlterColumn) or step.transaction is not True:
        return False
    before = migration.steps[: migration.steps.index(step)]
    ours = [one for one in before if one.done.table == step.done.table and one.transaction is True]
    added = {one.done.change.column.name for one in ours if isinstance(one.done.change, ddl.AddColumn)}
    return step.done.change.name in added or any(cost.rewrites for one in ours for cost in one.blocking)


def _is_on_new(migration: Migration, change: ddl.AddForeignKey) -> bool:
    """A foreign key of a column that the same migration adds, in which there is next to nothing to look up."""
    added = {(one.done.table, one.done.change.column.name) for one in migration.steps if isinstance(one.done.change, ddl.AddColumn)}
    return all((change.table, column) in added for column in change.foreign_key.columns)


def _who(step: Step) -> str:
    """Who waits for what meanwhile."""
    strong = " or ".join(f"`{cost.table}`" for cost in step.blocking if cost.lock is Lock.ACCESS_EXCLUSIVE)
    weak = " or ".join(f"`{cost.table}`" for cost in step.blocking if cost.lock is not Lock.ACCESS_EXCLUSIVE)
    if strong:
        return f"for all rows while nobody reads or writes {strong}" + (f", nor writes to {weak}" if weak else "")
    return f"for all rows while nobody writes to {weak}"


_LATER = "add it NOT VALID, and VALIDATE CONSTRAINT in the next migration"


def _explained(migrations: Migrations, migration: Migration, step: Step) -> tuple[str, str, str]:
    """What it is, what to do, and how it is written."""
    change, table, mysql = step.done.change, step.done.table, migrations.dialect is Dialect.MYSQL
    if isinstance(change, ddl.AddForeignKey):
        if patches_django.only_loosened(migration, step, change.foreign_key):
            what = f"the foreign key of ({change.foreign_key.columns[0]}), of which only `null` changes, is made anew and checked"
            return what, "keep it, and only DROP NOT NULL", "" if mysql else patches_django.loosened(step, change.foreign_key.columns[0])
        key = change.foreign_key if migrations.table(change.foreign_key.table) is not None else replace(change.foreign_key, to_columns=())
        remedy = "add it with a tool that copies the table while it is used" if mysql else _LATER
        columns = ", ".join(key.columns)
        return f"the foreign key of ({columns}) is checked", remedy, "" if mysql else patches.foreign_key(migration, step, key)
    if isinstance(change, ddl.AddCheck):
        name = change.name or f"{table.rpartition('.')[2]}_check"
        patch = patches.check(migration, step, f"CHECK ({change.text})", name) if change.text not in ("", "?") else ""
        remedy = "take a field without a check, and add the check NOT VALID" if step.done.operation == "AddField" else _LATER
        return f"the check `{change.name or change.text}` is checked", remedy, patch
    if isinstance(change, ddl.AlterColumn) and step.blocking[0].why == "its indexes are built anew":
        return f"the indexes of `{change.name}`, whose collation changes, are built anew", "add a column with the collation, and exchange the two", ""
    if isinstance(change, ddl.AlterColumn) and step.blocking[0].why == "its checks are checked again":
        return f"the checks of `{change.name}`, whose type changes, are checked again", "drop them before, add them NOT VALID, and validate them later", ""
    if isinstance(change, ddl.AlterColumn):
        remedy = "add a CHECK (... IS NOT NULL) NOT VALID, validate it, then SET NOT NULL"
        return f"SET NOT NULL of `{change.name}` is checked", remedy, patches.not_null(migration, step, table, change.name)
    if isinstance(change, ddl.Attach):
        return f"the partition `{change.table}` is checked", "add a valid CHECK with its bounds before", ""
    if isinstance(change, Act) and change.kind is ActKind.VALIDATE:
        return f"`{change.name}` is validated, in the transaction that adds it,", "VALIDATE CONSTRAINT in a migration of its own", ""
    if isinstance(change, ddl.SetPrimaryKey) and change.using:
        return "the primary key is checked", "SET NOT NULL its columns by way of a validated CHECK before", ""
    return "", "", ""
