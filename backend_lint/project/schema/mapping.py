"""Mapped classes: which attribute of a model is which column or leads to which other model. Django, SQLAlchemy and SQLModel alike."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

ClassKey = tuple[str, int]
"""A class of the project: path of its module, index in `facts.python.Module.classes`."""


class Framework(enum.StrEnum):
    """Whose model it is."""

    DJANGO = "django"
    SQLALCHEMY = "sqlalchemy"
    """SQLModel and Flask-SQLAlchemy too."""


class Field(msgspec.Struct, frozen=True):
    """An attribute that is a column. `type` is canonical (see `sql.types`), empty if unknown. `kind`: the framework's class (``CharField``, ``String``)."""

    name: str
    column: str
    type: str = ""
    kind: str = ""
    nullable: bool | None = True
    unique: bool = False
    closed: bool = False
    line: int = 0


class Loading(enum.StrEnum):
    """When a relationship is loaded unless the query says otherwise."""

    LAZY = "lazy"
    EAGER = "eager"
    """``joined``, ``selectin``, ``subquery``, ``immediate``."""
    RAISE = "raise"
    NEVER = "never"
    """``noload``, ``write_only``."""
    QUERY = "query"
    """Reading the attribute gives a query (``dynamic``, Django's related managers)."""


class Relationship(msgspec.Struct, frozen=True):
    """An attribute that leads to another model.

    `target` is None if it is not known. `many`: it gives several rows. `columns` of the own table match `to_columns` of the target's; through `through`, a
    table whose `through_columns` match `columns` and whose `through_to` match `to_columns`. `reverse`: the key lies on the other side. `query_name`: its
    name in lookups where that differs from `name`. `back`: the attribute of the target that leads back, empty if unknown.
    """

    name: str
    target: ClassKey | None
    many: bool
    columns: tuple[str, ...] = ()
    to_columns: tuple[str, ...] = ()
    through: str = ""
    through_columns: tuple[str, ...] = ()
    through_to: tuple[str, ...] = ()
    loading: Loading = Loading.LAZY
    reverse: bool = False
    nullable: bool | None = None
    unique: bool = False
    query_name: str = ""
    back: str = ""
    generic: bool = False
    """The target is any model (Django's GenericForeignKey)."""
    type_column: str = ""
    """The target's column that names the model, where the target's key may be any model's."""
    line: int = 0


class Mapped(msgspec.Struct, frozen=True):
    """A model class. `table` is empty for an abstract one. Inherited fields and relationships are included.

    `parent`: the model whose table holds the inherited part (Django's multi-table inheritance, SQLAlchemy's joined inheritance), `parent_link` the own columns
    that match its primary key. `proxy`: another model's table under another name. `ordering`: Django's ``Meta.ordering``, ``-`` for descending.
    `unknown`: bases or attributes that were not understood: a name that is missing may exist all the same.
    """

    key: ClassKey
    name: str
    framework: Framework
    table: str
    fields: Mapping[str, Field]
    relationships: Mapping[str, Relationship]
    primary_key: tuple[str, ...] = ()
    """Attribute names."""
    parent: ClassKey | None = None
    parent_link: tuple[str, ...] = ()
    proxy: bool = False
    abstract: bool = False
    ordering: tuple[str, ...] = ()
    managed: bool = True
    unknown: tuple[str, ...] = ()
    path: str = ""
    line: int = 0

    def by_query_name(self, name: str) -> Relationship | None:
        """The relationship that a lookup means by `name`."""
        found = self.relationships.get(name)
        if found is not None and (not found.query_name or found.query_name == name):
            return found
        return next((one for one in self.relationships.values() if one.query_name == name), None)
