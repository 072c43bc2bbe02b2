"""The safe way to do what an operation of Django does, as operations that keep Django's own state of the models right."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.project.migrating.model import Step

_CLASS = "class Migration(migrations.Migration):\n    atomic = False\n\n    operations = [\n{}\n    ]"
_FROM = "from django.contrib.postgres.operations import {}\n"
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
        index = f'models.Index(fields=[{listed}], name="{name[:_LONGEST].rstrip("_")}")),'
        before = "# the field with db_index=False, and the index in Meta.indexes of the model, too\n"
    else:
        return ""
    return before + _FROM.format("AddIndexConcurrently") + "\n\n" + _CLASS.format(f'        AddIndexConcurrently("{model}", {index}')


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
    if step.done.operation not in ("AddConstraint", "AlterUniqueTogether", "AlterField"):
        return _CLASS.format("\n".join(f"        {_run(*statement)}," for statement in statements))
    rest = "; what else it changes, in an AlterField before" if step.done.operation == "AlterField" else ""
    listed = "\n".join(f"                {_run(*statement)}," for statement in statements)
    return _CLASS.format(
        f"        migrations.SeparateDatabaseAndState(\n            database_operations=[\n{listed}\n            ],\n"
        f"            state_operations=[migrations.{step.done.operation}(...)],  # as it stands here{rest}\n        ),"
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


def _run(statement: str, back: str) -> str:
    return f'migrations.RunSQL("{statement}", "{back}")' if back else f'migrations.RunSQL("{statement}", migrations.RunSQL.noop)'
