"""The safe way to do what a step does, in the language of its migration: text that a reader can take over."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.facts import ddl
from backend_lint.facts.schema import ForeignKey, Index
from backend_lint.project.migrating import patches_django
from backend_lint.project.migrating.model import Migration, Runner, Step
from backend_lint.project.migrating.patches_django import RISKY

_BARE = {
    Runner.DBMATE: "-- migrate:up transaction:false\n",
    Runner.GOOSE: "-- +goose NO TRANSACTION\n-- +goose Up\n",
    Runner.SQLX: "-- no-transaction\n",
    Runner.GOLANG_MIGRATE: "-- alone in its file\n",
    Runner.PRISMA: "-- alone in its migration.sql\n",
}


_IDENTIFIER = 63
"""PostgreSQL cuts longer names off."""


def bare_sql(migration: Migration, *statements: str) -> str:
    """Statements that run outside of a transaction, one after another; empty if a name in them could be more than a name."""
    if any(RISKY.search(statement) for statement in statements):
        return ""
    body = "\n".join(f"{statement};" for statement in statements)
    if migration.runner is Runner.DJANGO:
        listed = "\n".join(f'        migrations.RunSQL("{statement}", migrations.RunSQL.noop),' for statement in statements)
        return f"class Migration(migrations.Migration):\n    atomic = False\n\n    operations = [\n{listed}\n    ]"
    if migration.runner is Runner.ALEMBIC:
        return "with op.get_context().autocommit_block():\n" + "\n".join(f'    op.execute("{statement}")' for statement in statements)
    return _BARE.get(migration.runner, "-- outside of a transaction\n") + body


def without_operation(migration: Migration) -> str:
    """What to do where Django is too old for ``AddIndexConcurrently``; empty where it is not, as far as anybody knows."""
    if migration.runner is not Runner.DJANGO or migration.django((3,)) is not False:
        return ""
    if migration.django((1, 10)) is False:
        return "build it CONCURRENTLY by hand before, and fake the migration: no migration of this Django runs outside of a transaction"
    return "build it CONCURRENTLY in a RunSQL, in a migration of its own with atomic = False"


def index(migration: Migration, step: Step, fields: Sequence[str] = (), required: bool = True) -> str:
    """An index that is built while writers go on.

    `fields`: Django's names of its columns. `required`: they are known to be NOT NULL, so that a primary key needs no scan.
    """
    change = step.done.change
    assert isinstance(change, ddl.AddIndex | ddl.SetPrimaryKey)
    made = change.index
    table = step.done.table
    if made is None or not made.keys:
        return ""
    if any(RISKY.search(text) for text in (table, made.name, *(key.column for key in made.keys))):
        return ""
    constraint = made.constraint or isinstance(change, ddl.SetPrimaryKey)
    name = made.name or f"{table.rpartition('.')[2]}_{'_'.join(key.column for key in made.keys)}_{'key' if constraint else 'idx'}"
    unique = "UNIQUE " if made.unique or constraint else ""
    using = f" USING {made.method}" if made.method != "btree" else ""
    where = f" WHERE {made.where_text}" if made.where_text else ""
    include = f" INCLUDE ({', '.join(made.include)})" if made.include else ""
    build = f"CREATE {unique}INDEX CONCURRENTLY {name} ON {table}{using} ({_keys(made)}){include}{where}"
    if migration.runner is Runner.DJANGO and migration.django((1, 10)) is False:
        return ""  # no migration of it runs outside of a transaction
    if migration.several and (constraint or migration.runner is not Runner.ALEMBIC or not _plain(made)):
        return ""
    if constraint:
        primary = isinstance(change, ddl.SetPrimaryKey)
        last = f"ALTER TABLE {table} ADD CONSTRAINT {name} {'PRIMARY KEY' if primary else 'UNIQUE'} USING INDEX {name}"
        if migration.runner is Runner.DJANGO and not RISKY.search(build):
            drop = f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
            return patches_django.by_hand(step, (build, f"DROP INDEX CONCURRENTLY IF EXISTS {name}"), (last, drop))
        first = []
        if primary and not required:
            checks = [(f"{name}_{key.column}", key.column) for key in made.keys]
            first = [f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID" for check, column in checks]
            first += [f"ALTER TABLE {table} VALIDATE CONSTRAINT {check}" for check, _ in checks]
            first += [f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL" for _, column in checks]
        return bare_sql(migration, *first, build, last)
    if migration.runner is Runner.DJANGO and step.done.operation != "RunSQL" and not RISKY.search(build):
        if step.done.operation in ("AddConstraint", "AlterUniqueTogether", *(("AddIndex",) if migration.django((3,)) is False else ())):
            return patches_django.by_hand(step, (build, f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
        if migration.django((3,)) is False:
            return ""
        return patches_django.concurrent_index(step, name, fields if _plain(made) and not made.unique else ())
    if migration.runner is Runner.ALEMBIC and _plain(made):
        columns = ", ".join(f'"{key.column}"' for key in made.keys)
        only = ", unique=True" if made.unique else ""
        return (
            "with op.get_context().autocommit_block():\n"
            f'    op.create_index("{name}", {_named(table)}, [{columns}]{only}, postgresql_concurrently=True)'
        )
    return bare_sql(migration, build)


def _named(table: str) -> str:
    """A table as Alembic is told of it."""
    schema, _, name = table.rpartition(".")
    return f'"{name}", schema="{schema}"' if schema else f'"{name}"'


def _plain(made: Index) -> bool:
    simple = all(key.column and not key.opclass and not key.collation and not key.descending for key in made.keys)
    return simple and made.method == "btree" and not made.where_text and not made.include


def _keys(made: Index) -> str:
    return ", ".join(
        " ".join(part for part in (key.column or f"({key.expression})", key.opclass, "DESC" if key.descending else "") if part) for key in made.keys
    )


def validated(migration: Migration, table: str, definition: str, name: str) -> str:
    """A constraint that is added without looking at the rows, and looked at in a second step that leaves readers and writers alone."""
    if migration.several or RISKY.search(f"{table}{definition}{name}"):
        return ""
    add, check = f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID", f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"
    if migration.runner is Runner.DJANGO:
        return (
            f'# this migration\nmigrations.RunSQL("{add}", "ALTER TABLE {table} DROP CONSTRAINT {name}")\n'
            f'# the next migration\nmigrations.RunSQL("{check}", migrations.RunSQL.noop)'
        )
    if migration.runner is Runner.ALEMBIC:
        return f'# this revision\nop.execute("{add}")\n# the next revision\nop.execute("{check}")'
    return f"-- this migration\n{add};\n-- the next migration\n{check};"


def check(migration: Migration, step: Step, definition: str, name: str) -> str:
    """A check that is validated later; none for one that Django makes of a field."""
    if migration.runner is Runner.DJANGO and step.done.operation != "RunSQL":
        return "" if migration.several or RISKY.search(name) or migration.django((4,)) is False else patches_django.not_valid(step, name)
    return validated(migration, step.done.table, definition, name)


def foreign_key(migration: Migration, step: Step, key: ForeignKey) -> str:
    """A foreign key that is validated later."""
    columns, name = ", ".join(key.columns), key.name or f"{step.done.table}_{'_'.join(key.columns)}_fkey"
    to = f"{key.table} ({', '.join(key.to_columns)})" if key.to_columns else key.table
    action = f" ON DELETE {key.on_delete.upper()}" if key.on_delete not in ("", "no action") else ""
    deferred = " DEFERRABLE INITIALLY DEFERRED" if migration.runner is Runner.DJANGO else ""
    found = validated(migration, step.done.table, f"FOREIGN KEY ({columns}) REFERENCES {to}{action}{deferred}", name)
    if found and migration.runner is Runner.DJANGO and step.done.operation != "RunSQL":
        return f"# the field with db_constraint=False, which the next migration takes away again, in the state only\n{found}"
    return found


def not_null(migration: Migration, step: Step, table: str, column: str) -> str:
    """NOT NULL without a scan under the strongest lock: PostgreSQL 12 believes a valid check."""
    name = f"{table.rpartition('.')[2]}_{column}_not_null"[:_IDENTIFIER]
    first = validated(migration, table, f"CHECK ({column} IS NOT NULL)", name)
    if not first:
        return ""
    last = f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    if migration.runner is Runner.DJANGO:
        return patches_django.not_null(step, table, column, name)
    if migration.runner is Runner.ALEMBIC:
        return f'{first}\nop.execute("{last}")\nop.execute("{drop}")'
    return f"{first}\n{last};\n{drop};"
