"""Where models and migrations disagree: what a model declares and no migration makes, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.schema import Implicit, Index, Table
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project

_MIGRATED = ("django migrations", "alembic")
_MOST_TABLES = 3
"""That may lack the same column in their models."""
_TRANSLATED = (re.compile(r"(.+)_[a-z]{2}"), re.compile(r"(.+)_[a-z]{2}_[a-z]{2,4}"))
"""A column of django-modeltranslation: the field with a language behind it."""


class Drift(NamedTuple):
    """One difference of one table. `declared` and `migrated` are the two sides; `column` is empty for an index. `missing_in`: ``migrations`` or ``model``."""

    declared: Table
    migrated: Table
    what: str
    column: str
    missing_in: str


def drifts(project: Project) -> Iterator[Drift]:
    """All differences between models and migrations where both are known whole. Types are not compared."""
    stated: Mapping[str, Table] | None = None
    added = Added(project)
    repeated: dict[str, list[Drift]] = {}
    for drift in _differences(project, stated):
        if drift.missing_in == "model" and drift.column:
            if not added.may_be(drift):
                repeated.setdefault(drift.column, []).append(drift)
        else:
            yield drift
    for found in repeated.values():
        if len(found) <= _MOST_TABLES:  # what so many tables have, something gives their models
            yield from found


def _differences(project: Project, stated: Mapping[str, Table] | None) -> Iterator[Drift]:
    from backend_lint.project.schema import django

    for name, declared in project.schema.declared.items():
        migrated = project.schema.tables.get(name)
        if migrated is None or migrated.source not in _MIGRATED or declared.unknown or migrated.unknown or not declared.managed or not migrated.managed:
            continue
        mapped = project.places.model(name)
        if mapped is None or mapped.unknown:
            continue
        found = [*_columns(declared, migrated), *_indexes(declared, migrated)]
        if found and migrated.source == "django migrations":
            stated = django.stated(project, project.schema.dialect) if stated is None else stated
            found = [one for one in found if _known_to_django(stated.get(name), one)]
        yield from found


class Added:
    """Columns that code gives to models behind their back: ``Model.add_to_class("name", field)``, django-modeltranslation."""

    def __init__(self, project: Project) -> None:
        modules = project.modules.values()
        self._translates = any(one.module.partition(".")[0] == "modeltranslation" for module in modules for one in module.facts.imports)
        calls = [call for module in modules for body in module.bodies for call in body.calls if call.callee.endswith((".add_to_class", ".contribute_to_class"))]
        names = [constant_string(call.args[0 if call.callee.endswith(".add_to_class") else -1]) if call.args else None for call in calls]
        self._names = {name for name in names if name is not None}
        self._any = any(name is None for name, call in zip(names, calls, strict=True) if not call.callee.startswith("super"))

    def may_be(self, drift: Drift) -> bool:
        """Whether such code may be what gives the model this column."""
        for form in _TRANSLATED if self._translates else ():
            if (translated := form.fullmatch(drift.column)) is not None and drift.declared.column(translated.group(1)) is not None:
                return True
        return self._any or drift.column in self._names or drift.column.removesuffix("_id") in self._names


def _known_to_django(table: Table | None, drift: Drift) -> bool:
    """Whether ``makemigrations`` would see it too: what migrations do by SQL on purpose, with no word of it to Django, is no drift."""
    if table is None:
        return True
    if drift.column:
        return (table.column(drift.column) is not None) == (drift.missing_in == "model")
    return any(_named(index) == drift.what for index in table.indexes) == (drift.missing_in == "model")


def _columns(declared: Table, migrated: Table) -> Iterator[Drift]:
    there = {column.name.lower() for column in migrated.columns}
    here = {column.name.lower() for column in declared.columns}
    for column in declared.columns:
        if column.name.lower() not in there:
            yield Drift(declared, migrated, f"column `{column.name}`", column.name, "migrations")
    for column in migrated.columns:
        if column.name.lower() not in here:
            yield Drift(declared, migrated, f"column `{column.name}`", column.name, "model")


def _indexes(declared: Table, migrated: Table) -> Iterator[Drift]:
    there = {_shape(index) for index in migrated.indexes}
    here = {_shape(index) for index in declared.indexes}
    known = {column.name for column in migrated.columns} & {column.name for column in declared.columns}
    for index in declared.indexes:
        if _compared(index, known) and _shape(index) not in there:
            yield Drift(declared, migrated, _named(index), "", "migrations")
    for index in migrated.indexes:
        if _compared(index, known) and _shape(index) not in here:
            yield Drift(declared, migrated, _named(index), "", "model")


def _compared(index: Index, known: set[str]) -> bool:
    """Indexes over expressions or with conditions may be written in several ways; those of columns that differ follow from the column."""
    plain = index.usable and not index.where_text and index.method == "btree" and all(key.column in known and not key.opclass for key in index.keys)
    return plain and index.implicit is not Implicit.PRIMARY_KEY


def _shape(index: Index) -> tuple[tuple[str, ...], bool]:
    return tuple(key.column for key in index.keys), index.unique


def _named(index: Index) -> str:
    kind = "unique constraint" if index.unique else "index"
    return f"{kind} on ({', '.join(key.column for key in index.keys)})"
