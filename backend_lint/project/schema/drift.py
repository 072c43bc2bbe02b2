"""Where models and migrations disagree: what a model declares and no migration makes, and the other way round."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.facts.schema import Implicit, Index, Table
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string
from backend_lint.sql.types import base

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import Mapped

_MIGRATED = ("django migrations", "alembic")
_SPATIAL = frozenset({"geometry", "geography", "raster"})
"""Types whose columns GeoAlchemy indexes by itself when it makes the table."""
_MADE_BY_THEMSELVES = (Implicit.PRIMARY_KEY, Implicit.HYPERTABLE)
_MOST_TABLES = 3
"""That may lack the same column in their models."""
_TRANSLATED = (re.compile(r"(.+)_(?:[a-z]{2}|ind)"), re.compile(r"(.+)_[a-z]{2}_[a-z]{2,4}"))
"""A column of django-modeltranslation: the field with a language behind it; Indonesian is ``ind``, as ``_id`` ends the columns of foreign keys."""


class Drift(NamedTuple):
    """One difference of one table. `declared` and `migrated` are the two sides; `column` is empty for an index. `missing_in`: ``migrations`` or ``model``.

    `made`: path and line of the migration that made what the model lacks; empty if it is not known. `instead`: the unique constraint that the migrations leave
    in the place of the model's. `key`: the index or constraint, if it is one.
    """

    declared: Table
    migrated: Table
    what: str
    column: str
    missing_in: str
    made: tuple[str, int] = ("", 0)
    instead: str = ""
    key: Index | None = None
    columns: tuple[str, ...] = ()
    """Of an index that the migrations leave."""


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

    replay = Replay(project)
    for name, declared in project.schema.declared.items():
        migrated = project.schema.tables.get(name)
        if migrated is None or migrated.source not in _MIGRATED or declared.unknown or migrated.unknown or not declared.managed or not migrated.managed:
            continue
        if not project.schema.is_meant(name, migrated.path) or migrated.source.startswith("django") is not declared.source.startswith("django"):
            continue
        mapped = project.places.model(name)
        if mapped is None or mapped.unknown or not replay.is_whole(migrated):
            continue
        found = [one for one in (*_columns(declared, migrated), *_indexes(declared, migrated)) if not _is_given(project, mapped, one) and not replay.drops(one)]
        if found and migrated.source == "django migrations":
            stated = django.stated(project, project.schema.dialect) if stated is None else stated
            found = [one for one in found if _known_to_django(stated.get(name), one)]
        yield from found


class Replay:
    """What is known of the migrations beside what they leave."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._begun = {path for history in project.schema.histories for path in history.done}
        self._whole: dict[str, bool] = {}

    def is_whole(self, table: Table) -> bool:
        """All migrations beside the one that made the table were replayed."""
        folder = table.path.rpartition("/")[0]
        if folder not in self._whole:
            beside = [path for path, file in self._project.files.items() if file.role is Role.MIGRATION and path.rpartition("/")[0] == folder]
            self._whole[folder] = all(path in self._begun or not self._changes(path) for path in beside if path.endswith(".py"))
        return self._whole[folder]

    def _changes(self, path: str) -> bool:
        """Whether a file is a migration; one that could not be read may be."""
        module = self._project.modules.get(path)
        return module is None or any(name in ("Migration", "upgrade") for found in module.definitions for name in found)

    def drops(self, drift: Drift) -> bool:
        """Some migration names the column as one to drop, in a way that was not followed: in a lambda, in a function of its own."""
        return drift.missing_in == "model" and drift.column in self._dropped

    @functools.cached_property
    def _dropped(self) -> frozenset[str]:
        found: set[str] = set()
        for module, function, _, call in self._project.named_calls.calls("drop_column"):
            if module.role is Role.MIGRATION and module.functions[function].name.partition(".")[0] != "downgrade":
                found.update(name for value in call.args if (name := constant_string(value)) is not None)
        return frozenset(found)


def _is_given(project: Project, mapped: Mapped, drift: Drift) -> bool:
    """The class has something of the column's name that makes it, though not by a plain declaration; or a mapper of its own, which may add any."""
    ref, find = Ref(RefKind.CLASS, mapped.name, *mapped.key), project.resolver.classes.find
    if drift.missing_in == "model" and not drift.column and _is_changed_behind(project, mapped, drift.columns):
        return True
    if drift.missing_in == "model" and not drift.column and any(_is_of_library(base) for base in project.resolver.classes.ancestors(*mapped.key)):
        return True  # its Meta may say so
    if drift.missing_in == "model" and not drift.column and (found := find(ref, "__table_args__")) is not None and isinstance(found[1], Attribute):
        return project.modules[found[0].path].functions[found[1].function].owner >= 0  # a method sets them, to no effect
    if drift.missing_in != "model" or not drift.column:
        return bool(drift.column) and _is_conditional(project, mapped, drift.column)
    if find(ref, "__mapper_cls__") is not None:
        return True
    for name in (drift.column, drift.column.removesuffix("_id")):
        member = find(ref, name)
        if member is None:
            continue
        if isinstance(member[1], Attribute) or "declared_attr" in str(project.modules[member[0].path].functions[member[1]].decorators):
            return True
    return False


def _is_conditional(project: Project, mapped: Mapped, column: str) -> bool:
    """The class declares it in an ``if``: some installations have the column, and others another one."""
    names = {field.column: field.name for field in mapped.fields.values()}
    member = project.resolver.classes.find(Ref(RefKind.CLASS, mapped.name, *mapped.key), names.get(column, column))
    owner, attribute = member if member is not None else (None, None)
    if owner is None or not isinstance(attribute, Attribute) or not attribute.value[1:].isdigit():
        return False
    body = project.modules[owner.path].bodies[attribute.function]
    block = body.blocks[body.calls[int(attribute.value[1:])].block]
    return block.line > project.modules[owner.path].classes[owner.index].line


def _is_changed_behind(project: Project, mapped: Mapped, columns: tuple[str, ...]) -> bool:
    """Code sets options of the model's fields after the class, or a field's class is a library's, which may index it or make it unique by itself."""
    calls = project.modules[mapped.key[0]].bodies[0].calls
    if any(call.callee == f"{mapped.name}._meta.get_field" for call in calls):
        return True
    names = {field.column: field.name for field in mapped.fields.values()}
    for column in columns:
        member = project.resolver.classes.find(Ref(RefKind.CLASS, mapped.name, *mapped.key), names.get(column, column))
        value = member[1].value if member is not None and isinstance(member[1], Attribute) else ""
        if member is None or not isinstance(member[1], Attribute) or value[:1] != "#" or not value[1:].isdigit():
            continue
        made = project.modules[member[0].path].bodies[member[1].function].calls[int(value[1:])]
        kind = project.value(member[0].path, member[1].function, made.callee)
        if kind is not None and _is_of_library(kind):
            return True
    return False


def _is_of_library(base: Ref) -> bool:
    """A class of which nothing is known but its name; Django's own declare neither indexes nor constraints."""
    return base.kind is RefKind.EXTERNAL and not base.name.startswith(("django.", "sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.", "builtins.", "object"))


class Added:
    """Columns that code gives to models behind their back: ``Model.add_to_class("name", field)``, django-modeltranslation."""

    def __init__(self, project: Project) -> None:
        modules = project.modules.values()
        self._translates = any(one.module.partition(".")[0] == "modeltranslation" for module in modules for one in module.facts.imports)
        calls = [call for _, _, _, call in project.named_calls.calls("add_to_class", "contribute_to_class") if "." in call.callee]
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
            yield Drift(declared, migrated, f"column `{column.name}`", column.name, "model", (column.path, column.line))


def _indexes(declared: Table, migrated: Table) -> Iterator[Drift]:
    there = {_shape(index) for index in migrated.indexes}
    here = {_shape(index) for index in declared.indexes}
    known = {column.name for column in migrated.columns} & {column.name for column in declared.columns if base(column.type) not in _SPATIAL}
    of_keys = migrated.source == "django migrations"
    left = list({_shape(index): index for index in migrated.indexes if _compared(index, known, of_keys) and _shape(index) not in here}.values())
    for index in declared.indexes:
        if _compared(index, known, of_keys) and _shape(index) not in there:
            other = next((one for one in left if _is_instead(index, one)), None)
            if other is None:
                if not _is_served(index, migrated):
                    yield Drift(declared, migrated, _named(index), "", "migrations", key=index)
            else:
                left.remove(other)
                yield Drift(declared, migrated, _named(index), "", "migrations", (other.path, other.line), _named(other), index)
    for index in left:
        columns = tuple(key.column for key in index.keys)
        if not _is_served(index, declared):
            yield Drift(declared, migrated, _named(index), "", "model", (index.path, index.line), columns=columns)


def _is_served(index: Index, other: Table) -> bool:
    """The other side has an index that begins with the same columns, such as that of the primary key: nothing is lost with this one."""
    columns = tuple(key.column for key in index.keys)
    ways = [other.primary_key, *(tuple(key.column for key in one.keys) for one in other.indexes if one.usable and not one.where_text and one.method == "btree")]
    return not index.unique and any(way[: len(columns)] == columns for way in ways)


def _is_instead(declared: Index, left: Index) -> bool:
    """A unique constraint that a migration widened or narrowed, or made where the model has an index, and nobody told the model."""
    mine, other = {key.column for key in declared.keys}, {key.column for key in left.keys}
    return (declared.unique and left.unique and (mine < other or other < mine)) or (mine == other and declared.unique != left.unique)


def _compared(index: Index, known: set[str], of_keys: bool) -> bool:
    """Indexes over expressions or with conditions may be written in several ways; those of columns that differ follow from the column.

    `of_keys`: indexes that come with foreign keys are written down in both; else the database makes them by itself, and migrations do not say so.
    """
    plain = index.usable and not index.where_text and index.method == "btree" and all(key.column in known and not key.opclass for key in index.keys)
    return plain and index.implicit not in _MADE_BY_THEMSELVES and (of_keys or index.implicit is not Implicit.FOREIGN_KEY)


def _shape(index: Index) -> tuple[tuple[str, ...], bool]:
    return tuple(key.column for key in index.keys), index.unique


def _named(index: Index) -> str:
    kind = "unique constraint" if index.unique else "index"
    return f"{kind} on ({', '.join(key.column for key in index.keys)})"
