"""Columns that a migration leaves without a value for those who do not know them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column
from backend_lint.project.migrating.model import Migration, Runner, Step
from backend_lint.project.schema.django_values import MISSING, Made, Named

_TEXTS = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField"})
_EMPTY = {"list": "[]", "dict": "{}"}
_SHORT = 40


class Required(NamedTuple):
    """A column that is NOT NULL and has no default when the migration is done. `at`: the step that made it so; `added`: the one that added it.

    `refused`: the migration takes a column of the table away or renames it as well, so that old code of Django, which names all columns, cannot insert anyway.
    """

    at: Step
    added: Step
    column: str
    refused: bool = False

    @property
    def loses_default(self) -> bool:
        """It was NOT NULL from the beginning, and the step takes its default away."""
        change = self.added.done.change
        return isinstance(change, ddl.AddColumn) and change.column.nullable is False and self.at is not self.added


def required(migration: Migration) -> Iterator[Required]:
    """The required columns that a migration adds to tables that were there before."""
    found: dict[tuple[str, str], tuple[Column, Step, Step]] = {}
    gone: set[tuple[str, str]] = set()
    for step in migration.steps:
        change, table = step.done.change, step.done.table
        if step.fresh or step.done.doubted:
            continue
        if isinstance(change, ddl.AddColumn):
            if (table, change.column.name) not in gone:  # made anew: running code knows a column of this name
                found[table, change.column.name] = change.column, step, step
        elif isinstance(change, ddl.AlterColumn) and (table, change.name) in found:
            column, added, at = found[table, change.name]
            altered = _altered(column, change)
            found[table, change.name] = altered, added, step if _is_required(altered) and not _is_required(column) else at
        elif isinstance(change, ddl.DropColumn):
            if found.pop((table, change.name), None) is None:
                gone.add((table, change.name))
        elif isinstance(change, ddl.RenameColumn):
            if (table, change.old) in found:
                found[table, change.new] = found.pop((table, change.old))
            else:
                gone.add((table, change.old))
        elif isinstance(change, ddl.RenameTable):
            gone.add((table, ""))
        elif isinstance(change, ddl.Forget):
            for key in [key for key in found if key[0] == table or not table]:
                del found[key]
    refusing = {table for table, _ in gone} if migration.runner is Runner.DJANGO else set()
    for (table, name), (column, added, at) in found.items():
        if _is_required(column):
            yield Required(at, added, name, table in refusing)


def _altered(column: Column, change: ddl.AlterColumn) -> Column:
    from msgspec.structs import replace

    if change.column is not None:
        return change.column
    nullable = column.nullable if change.nullable is None else change.nullable
    default = column.default if change.default is None else change.default or None
    return replace(column, nullable=nullable, default=default, auto=column.auto if change.auto is None else change.auto)


def _is_required(column: Column) -> bool:
    return column.nullable is False and column.default is None and not column.auto and not column.generated


class Default(NamedTuple):
    """A default that stays in the database: `field` as an argument of Django's field, `sql` as SQL has it, `imported` what the first needs; empty if none."""

    field: str = ""
    sql: str = ""
    imported: str = ""


def database_default(found: Required, mysql: bool = False) -> Default:
    """The default of a Django field, as far as one is good for every row. `mysql`: long texts and JSON take none as SQL writes it."""
    field = found.added.done.made.get("field", 2) if found.added.done.made is not None else None
    if not isinstance(field, Made) or field.get("unique") is True:
        return Default()
    if mysql and field.last in ("TextField", "JSONField"):
        return _default(field)._replace(sql="")
    return _default(field)


def _default(field: Made) -> Default:
    value = field.get("default")
    stamped = field.get("auto_now") is True or field.get("auto_now_add") is True or (isinstance(value, Named) and value.name.endswith("timezone.now"))
    if stamped and field.last == "DateTimeField":
        return Default("db_default=Now()", "now()", "from django.db.models.functions import Now")
    if value is MISSING and field.get("blank") is True and field.last in _TEXTS:
        value = ""
    if isinstance(value, Named) and value.name.rpartition(".")[2] in _EMPTY:
        empty = _EMPTY[value.name.rpartition(".")[2]]
        return Default(f"db_default=models.Value({empty}, models.JSONField())", f"'{empty}'") if field.last == "JSONField" else Default()
    if isinstance(value, bool):
        return Default(f"db_default={value!r}", str(value).lower())
    if isinstance(value, int | float):
        return Default(f"db_default={value!r}", repr(value))
    if isinstance(value, str) and value.isprintable() and len(value) <= _SHORT:
        return Default(f"db_default={value!r}", "'" + value.replace("'", "''") + "'")
    return Default()
