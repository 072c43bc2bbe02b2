"""Columns that a migration leaves without a value for those who do not know them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column
from backend_lint.project.migrating.model import Migration, Step
from backend_lint.project.schema.django_values import MISSING, Made, Named

_TEXTS = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField"})
_EMPTY = {"list": "[]", "dict": "{}"}
_SHORT = 40


class Required(NamedTuple):
    """A column that is NOT NULL and has no default when the migration is done. `at`: the step that made it so; `added`: the one that added it."""

    at: Step
    added: Step
    column: str

    @property
    def loses_default(self) -> bool:
        """It was NOT NULL from the beginning, and the step takes its default away."""
        change = self.added.done.change
        return isinstance(change, ddl.AddColumn) and change.column.nullable is False and self.at is not self.added


def required(migration: Migration) -> Iterator[Required]:
    """The required columns that a migration adds to tables that were there before."""
    found: dict[tuple[str, str], tuple[Column, Step, Step]] = {}
    for step in migration.steps:
        change, table = step.done.change, step.done.table
        if step.fresh or step.done.doubted:
            continue
        if isinstance(change, ddl.AddColumn):
            found[table, change.column.name] = change.column, step, step
        elif isinstance(change, ddl.AlterColumn) and (table, change.name) in found:
            column, added, at = found[table, change.name]
            altered = _altered(column, change)
            found[table, change.name] = altered, added, step if _is_required(altered) and not _is_required(column) else at
        elif isinstance(change, ddl.DropColumn):
            found.pop((table, change.name), None)
        elif isinstance(change, ddl.RenameColumn) and (table, change.old) in found:
            found[table, change.new] = found.pop((table, change.old))
        elif isinstance(change, ddl.Forget):
            for key in [key for key in found if key[0] == table or not table]:
                del found[key]
    for (_, name), (column, added, at) in found.items():
        if _is_required(column):
            yield Required(at, added, name)


def _altered(column: Column, change: ddl.AlterColumn) -> Column:
    from msgspec.structs import replace

    if change.column is not None:
        return change.column
    nullable = column.nullable if change.nullable is None else change.nullable
    default = column.default if change.default is None else change.default or None
    return replace(column, nullable=nullable, default=default, auto=column.auto if change.auto is None else change.auto)


def _is_required(column: Column) -> bool:
    return column.nullable is False and column.default is None and not column.auto and not column.generated


def database_default(found: Required) -> str:
    """The default of a Django field as one that stays in the database, as it is written; empty if there is none that is good for each row."""
    field = found.added.done.made.get("field", 2) if found.added.done.made is not None else None
    if not isinstance(field, Made) or field.get("unique") is True:
        return ""
    value = field.get("default")
    stamped = field.get("auto_now") is True or field.get("auto_now_add") is True or (isinstance(value, Named) and value.name.endswith("timezone.now"))
    if stamped and field.last == "DateTimeField":
        return "db_default=Now()"
    if value is MISSING and field.get("blank") is True and field.last in _TEXTS:
        value = ""
    if isinstance(value, Named) and value.name.rpartition(".")[2] in _EMPTY:
        return f"db_default=models.Value({_EMPTY[value.name.rpartition('.')[2]]}, models.JSONField())" if field.last == "JSONField" else ""
    known = isinstance(value, bool | int | float) or (isinstance(value, str) and value.isprintable() and len(value) <= _SHORT)
    return f"db_default={value!r}" if known else ""
