"""The safe way to do what an operation of Django does, as operations that keep Django's own state of the models right."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.facts import ddl
from backend_lint.facts.schema import ForeignKey
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.migrating.model import Migration, Step
from backend_lint.project.schema.history import Done

_CLASS = "class Migration(migrations.Migration):\n    atomic = False\n\n    operations = [\n{}\n    ]"
_FROM = "from django.contrib.postgres.operations import {}\n"
RISKY = lazy_regex(r"[\"\\;\n\r]|--|/\*")
"""What the checked repository could put into a name to make something else of a statement that somebody copies."""
_RESERVED = frozenset("all check column default desc end fetch from group limit offset order primary references table to unique user when where".split())
_LONGEST = 30
"""Django refuses longer names of indexes."""


def model_of(step: Step) -> str:
    """The model that an operation is about; empty if it is not known."""
    value = step.done.made.get("model_name", 0) if step.done.made is not None else None
    return value if isinstance(value, str) and value.isidentifier() else ""


def concurrent_index(step: Step, name: str, fields: Sequence[str]) -> str:
    """The index, built while writers go on. `fields`: empty if its keys are more than names of fields."""
    model, operation = model_of(step), step.done.operation
    if not model:
        return ""
    listed = ", ".join(f'"{field}"' for field in fields)
    if operation == "AddIndex":
        index = f'models.Index(fields=[{listed}], name="{name}")),' if fields else "...),  # with the index as it stands here"
        before = ""
    elif fields:
        index = f'models.Index(fields=[{listed}], name="{_short_name(model, fields)}")),'
        before = "# the field with db_index=False, and the index in Meta.indexes of the model, too\n"
    else:
        return ""
    return before + _FROM.format("AddIndexConcurrently") + "\n\n" + _CLASS.format(f'        AddIndexConcurrently("{model}", {index}')


def _short_name(model: str, fields: Sequence[str]) -> str:
    """A name of an index that Django takes: the fields tell two of one model apart, so that the model's part is cut."""
    tail = f"{'_'.join(fields)}_idx"
    return f"{model.lower()[: max(1, _LONGEST - len(tail) - 1)]}_{tail}"[:_LONGEST].rstrip("_")


def not_valid(step: Step, name: str) -> str:
    """A check that is added without looking at the rows, which the next migration does."""
    model = model_of(step)
    if not model or step.done.operation != "AddConstraint":
        return ""
    return (
        f'# this migration\n{_FROM.format("AddConstraintNotValid")}AddConstraintNotValid("{model}", ...)  # with the constraint as it stands here\n'
        f'# the next migration\n{_FROM.format("ValidateConstraint")}ValidateConstraint("{model}", name="{name}")'
    )


def by_hand(step: Step, *statements: tuple[str, str]) -> str:
    """Statements with their way back, run outside of a transaction in place of what the operation would do; Django learns of it all the same."""
    if step.done.operation not in ("AddConstraint", "AddIndex", "AlterUniqueTogether", "AlterField"):
        return _CLASS.format("\n".join(f"        {_run(*statement)}," for statement in statements))
    rest = "; what else it changes, in an AlterField before" if step.done.operation == "AlterField" else ""
    listed = "\n".join(f"                {_run(*statement)}," for statement in statements)
    return _CLASS.format(
        f"        migrations.SeparateDatabaseAndState(\n            database_operations=[\n{listed}\n            ],\n"
        f"            state_operations=[migrations.{step.done.operation}(...)],  # as it stands here{rest}\n        ),"
    )


def only_loosened(migration: Migration, step: Step, key: ForeignKey) -> bool:
    """The key is dropped and made anew by an ``AlterField`` that changes no more than ``null``."""
    if step.done.operation != "AlterField" or len(key.columns) != 1:
        return False
    beside = [one.done for one in migration.steps if one.place == step.place and one.done.table == step.done.table]
    same = any(isinstance(one.change, ddl.DropConstraint) and one.change.name == key.name for one in beside)  # its name holds the target
    return same and any(_loosens(one, key.columns[0]) for one in beside)


def _loosens(done: Done, column: str) -> bool:
    change, was = done.change, done.was
    if not isinstance(change, ddl.AlterColumn) or change.name != column or change.column is None or was is None:
        return False
    return was.nullable is False and change.column.nullable is True and was.type == change.column.type


def loosened(step: Step, column: str) -> str:
    """NULL is allowed, and the key stays."""
    table = f"ALTER TABLE {step.done.table} ALTER COLUMN {column}"
    return (
        f"migrations.SeparateDatabaseAndState(\n    database_operations=[{_run(f'{table} DROP NOT NULL', f'{table} SET NOT NULL')}],\n"
        "    state_operations=[migrations.AlterField(...)],  # as it stands here\n)"
    )


def not_null(step: Step, table: str, column: str, name: str) -> str:
    """NOT NULL by way of a check that is validated on its own."""
    add = (f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID", f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
    last = (
        (f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}", ""),
        (f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL", f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL"),
        (f"ALTER TABLE {table} DROP CONSTRAINT {name}", ""),
    )
    return f"# this migration; then give the rows that are NULL a value, in batches\n{_run(*add)}\n# the next migration\n{by_hand(step, *last)}"


def kept_default(table: str, column: str, value: str) -> str:
    """A default that Django has dropped again, given back to the database: what ``db_default`` does from Django 5.0 on."""
    statement = f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value}"
    if RISKY.search(statement) or not column.replace("_", "").isalnum():
        return ""
    return _run(statement.replace(f" {column} ", f' \\"{column}\\" ') if column in _RESERVED else statement, "")


def _run(statement: str, back: str) -> str:
    return f'migrations.RunSQL("{statement}", "{back}")' if back else f'migrations.RunSQL("{statement}", migrations.RunSQL.noop)'
