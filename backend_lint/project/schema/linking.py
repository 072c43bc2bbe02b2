"""One schema from all sources: models, their migrations, and files of SQL."""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from backend_lint.facts.schema import Column, Dialect, Table
from backend_lint.project.schema.history import History
from backend_lint.project.schema.mapping import ClassKey, Mapped
from backend_lint.project.schema.source import Declared, Replayed, Unread, is_nearest

if TYPE_CHECKING:
    from backend_lint.project import Project


class Linked(NamedTuple):
    """`tables`: the truth as far as it is known. `declared`: what models alone say. `mapped`: models by class."""

    tables: dict[str, Table]
    declared: dict[str, Table]
    mapped: dict[ClassKey, Mapped]
    unread: tuple[Unread, ...]
    histories: tuple[History, ...] = ()
    rivals: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def linked(project: Project, dialect: Dialect) -> Linked:
    """The tables of a project. Migrations are the truth where they cover a table, else files of SQL, else the models."""
    declared: dict[str, Table] = {}
    mapped: dict[ClassKey, Mapped] = {}
    replays: list[tuple[Replayed, dict[str, Table]]] = []
    unread: list[Unread] = []
    rivals: dict[str, tuple[str, ...]] = {}
    for models, replayed in _frameworks(project, dialect):
        declared |= models.tables
        mapped |= models.mapped
        rivals |= models.rivals
        unread += (*models.unread, *replayed.unread)
        replays.append((replayed, models.tables))
    if project.declarations:
        from backend_lint.project.schema.files import replay

        files = replay(project, dialect)
        unread += files.unread
        replays.insert(0, (files, declared))
    tables = dict(declared)
    for replayed, own in replays:
        others = {name for name, paths in rivals.items() if name in replayed.tables and not is_nearest(replayed.tables[name].path, declared[name].path, paths)}
        _apply(tables, replayed, own, others)
    classes = {one.table: key for key, one in mapped.items() if one.table and not one.proxy}
    for name, key in classes.items():
        if name in tables and tables[name].model is None:
            tables[name] = replace(tables[name], model=key)
    return Linked(tables, declared, mapped, tuple(unread), tuple(one.history for one, _ in replays if one.history is not None), rivals)


def _frameworks(project: Project, dialect: Dialect) -> list[tuple[Declared, Replayed]]:
    """Models and migrations of each framework that the project imports."""
    imported = project.imported
    found: list[tuple[Declared, Replayed]] = []
    if "django" in imported:
        from backend_lint.project.schema import django, django_migrations

        models = django.declared(project, dialect)
        found.append((models, django_migrations.replay(project, models, dialect)))
    if imported & {"sqlalchemy", "sqlmodel", "flask_sqlalchemy", "alembic", "advanced_alchemy", "geoalchemy2", "sqlalchemy_utils", "flask_appbuilder"}:
        from backend_lint.project.schema import alembic, sqlalchemy

        models = sqlalchemy.declared(project, dialect)
        found.append((models, alembic.replay(project, models, dialect)))
    return found


def _apply(tables: dict[str, Table], replayed: Replayed, declared: Mapping[str, Table], others: Container[str]) -> None:
    """Puts what one chain leaves over what the models say. `others`: tables of another database that have the name of a model."""
    for name, table in replayed.tables.items():
        model = tables.get(name)
        if name in others:
            continue
        if model is None:
            tables[name] = table
        elif name in replayed.covers:
            tables[name] = _migrated(table, model)
        else:
            tables[name] = _touched(model, table)
    if replayed.everything_unknown:
        for name in {*replayed.tables, *declared} & tables.keys():
            table = tables[name]
            if replayed.everything_unknown not in table.unknown:
                tables[name] = replace(table, unknown=(*table.unknown, replayed.everything_unknown))


def _migrated(table: Table, model: Table) -> Table:
    """The table of the migrations, with what only the model knows: its class, which columns are closed, where a constraint of the model stands."""
    columns = {column.name.lower(): column for column in model.columns}
    references = {key.columns: key for key in model.foreign_keys}
    return replace(
        table,
        columns=tuple(_known(column, columns.get(column.name.lower())) for column in table.columns),
        foreign_keys=tuple(
            replace(key, orm_on_delete=key.orm_on_delete or other.orm_on_delete) if (other := references.get(key.columns)) is not None else key
            for key in table.foreign_keys
        ),
        model=model.model if table.model is None else table.model,
        managed=table.managed and model.managed,
        seeded=table.seeded or model.seeded,
        rows=model.rows if table.rows is None else table.rows,
    )


def _known(column: Column, model: Column | None) -> Column:
    if model is None:
        return column
    return replace(
        column,
        type=column.type or model.type,
        closed=column.closed or model.closed,
        nullable=model.nullable if column.nullable is None else column.nullable,
        auto=column.auto or model.auto,
    )


def _touched(model: Table, table: Table) -> Table:
    """A table whose beginning nobody knows: the model, with what migrations added to it since."""
    shapes = {(index.keys, index.unique, index.where_text, index.method) for index in model.indexes}
    added = tuple(index for index in table.indexes if (index.keys, index.unique, index.where_text, index.method) not in shapes)
    if not (added or table.seeded or table.columns):
        return model
    changed = {column.name.lower(): column for column in table.columns}
    columns = [_changed(column, changed.pop(column.name.lower(), None)) for column in model.columns]
    return replace(model, columns=(*columns, *changed.values()), indexes=(*model.indexes, *added), seeded=model.seeded or table.seeded)


def _changed(column: Column, known: Column | None) -> Column:
    """A column of a model as migrations leave it; `known` is what they said of it."""
    if known is None:
        return column
    return replace(column, type=known.type or column.type, nullable=column.nullable if known.nullable is None else known.nullable)
