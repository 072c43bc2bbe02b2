"""The safe way to do what a step does, in the language of its migration: text that a reader can take over."""

from __future__ import annotations

import re

from backend_lint.facts import ddl
from backend_lint.facts.schema import ForeignKey, Index
from backend_lint.project.migrating.model import Migration, Runner, Step

_BARE = {
    Runner.DBMATE: "-- migrate:up transaction:false\n",
    Runner.GOOSE: "-- +goose NO TRANSACTION\n-- +goose Up\n",
    Runner.SQLX: "-- no-transaction\n",
    Runner.GOLANG_MIGRATE: "-- alone in its file\n",
    Runner.PRISMA: "-- alone in its migration.sql\n",
}


def indented(text: str, by: str) -> str:
    """The lines of a text, moved to the right."""
    return "\n".join(by + line if line else line for line in text.splitlines())


_RISKY = re.compile(r"[\"\\;\n\r]|--|/\*")
"""What the checked repository could put into a name to make something else of a statement that somebody copies."""


def bare_sql(migration: Migration, *statements: str) -> str:
    """Statements that run outside of a transaction, one after another; empty if a name in them could be more than a name."""
    if any(_RISKY.search(statement) for statement in statements):
        return ""
    body = "\n".join(f"{statement};" for statement in statements)
    if migration.runner is Runner.DJANGO:
        listed = "\n".join(f'        migrations.RunSQL("{statement}", migrations.RunSQL.noop),' for statement in statements)
        return f"class Migration(migrations.Migration):\n    atomic = False\n\n    operations = [\n{listed}\n    ]"
    if migration.runner is Runner.ALEMBIC:
        return "with op.get_context().autocommit_block():\n" + "\n".join(f'    op.execute("{statement}")' for statement in statements)
    return _BARE.get(migration.runner, "-- outside of a transaction\n") + body


def index(migration: Migration, step: Step) -> str:
    """An index that is built while writers go on."""
    change = step.done.change
    assert isinstance(change, ddl.AddIndex | ddl.SetPrimaryKey)
    made = change.index
    table = step.done.table
    if made is None or not made.keys:
        return ""
    if any(_RISKY.search(text) for text in (table, made.name, *(key.column for key in made.keys))):
        return ""
    constraint = made.constraint or isinstance(change, ddl.SetPrimaryKey)
    name = made.name or f"{table.rpartition('.')[2]}_{'_'.join(key.column for key in made.keys)}_{'key' if constraint else 'idx'}"
    if constraint:
        kind = "PRIMARY KEY" if isinstance(change, ddl.SetPrimaryKey) else "UNIQUE"
        build = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({_keys(made)})"
        return bare_sql(migration, build, f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}")
    if migration.runner is Runner.DJANGO and _plain(made):
        return _django_index(step, name, made)
    if migration.runner is Runner.ALEMBIC and _plain(made):
        columns = ", ".join(f'"{key.column}"' for key in made.keys)
        unique = ", unique=True" if made.unique else ""
        return (
            "with op.get_context().autocommit_block():\n"
            f'    op.create_index("{name}", "{table}", [{columns}]{unique}, postgresql_concurrently=True, if_not_exists=True)'
        )
    unique = "UNIQUE " if made.unique else ""
    using = f" USING {made.method}" if made.method != "btree" else ""
    where = f" WHERE {made.where_text}" if made.where_text else ""
    include = f" INCLUDE ({', '.join(made.include)})" if made.include else ""
    return bare_sql(migration, f"CREATE {unique}INDEX CONCURRENTLY {name} ON {table}{using} ({_keys(made)}){include}{where}")


def _plain(made: Index) -> bool:
    simple = all(key.column and not key.opclass and not key.collation and not key.descending for key in made.keys)
    return simple and made.method == "btree" and not made.where_text and not made.include


def _keys(made: Index) -> str:
    return ", ".join(
        " ".join(part for part in (key.column or f"({key.expression})", key.opclass, "DESC" if key.descending else "") if part) for key in made.keys
    )


def _django_index(step: Step, name: str, made: Index) -> str:
    model = step.done.made.get("model_name", 0) if step.done.made is not None else None
    fields = ", ".join(f'"{key.column}"' for key in made.keys)
    kind = f'models.Index(fields=[{fields}], name="{name[:30]}")'
    return (
        "from django.contrib.postgres.operations import AddIndexConcurrently\n\n\n"
        "class Migration(migrations.Migration):\n    atomic = False\n\n    operations = [\n"
        f'        AddIndexConcurrently("{model if isinstance(model, str) else step.done.table}", {kind}),\n    ]'
    )


def validated(migration: Migration, table: str, definition: str, name: str) -> str:
    """A constraint that is added without looking at the rows, and looked at in a second step that leaves readers and writers alone."""
    if _RISKY.search(f"{table}{definition}{name}"):
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


def foreign_key(migration: Migration, step: Step, key: ForeignKey) -> str:
    """A foreign key that is validated later."""
    columns, name = ", ".join(key.columns), key.name or f"{step.done.table}_{'_'.join(key.columns)}_fkey"
    to = f"{key.table} ({', '.join(key.to_columns)})" if key.to_columns else key.table
    action = f" ON DELETE {key.on_delete.upper()}" if key.on_delete not in ("", "no action") else ""
    deferred = " DEFERRABLE INITIALLY DEFERRED" if migration.runner is Runner.DJANGO else ""
    return validated(migration, step.done.table, f"FOREIGN KEY ({columns}) REFERENCES {to}{action}{deferred}", name)


def not_null(migration: Migration, table: str, column: str) -> str:
    """NOT NULL without a scan under the strongest lock: PostgreSQL 12 believes a valid check."""
    name = f"{table.rpartition('.')[2]}_{column}_not_null"
    first = validated(migration, table, f"CHECK ({column} IS NOT NULL)", name)
    if not first:
        return ""
    last = f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
    if migration.runner is Runner.DJANGO:
        back = f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"
        return f'{first}\nmigrations.RunSQL("{last}", "{back}")\nmigrations.RunSQL("{drop}", migrations.RunSQL.noop)'
    if migration.runner is Runner.ALEMBIC:
        return f'{first}\nop.execute("{last}")\nop.execute("{drop}")'
    return f"{first}\n{last};\n{drop};"
