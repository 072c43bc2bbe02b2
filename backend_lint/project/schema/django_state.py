"""Models as Django's migrations keep them: fields and options by name, whether they were read from a class or from a migration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from backend_lint.project.libraries.django_fields import RELATIONS, VIRTUAL
from backend_lint.project.schema.mapping import ClassKey

USER = "settings.AUTH_USER_MODEL"
"""The label of whatever model settings put in the place of the user."""
SELF = "self"


class DjangoField(msgspec.Struct, frozen=True, kw_only=True):
    """A field. `kind`: the class as written; `internal`: what it is in a database (``get_internal_type``), empty if unknown.

    `to`: label of the target, ``app.model`` in lower case, `SELF`, `USER` or empty if unknown. `related_name` is None if none is given. `base`: what an array
    holds. `type`: the column type where the class itself names it. `column`: ``db_column``. `max_length` is -1 if it is given and not known.
    """

    name: str
    kind: str
    internal: str
    null: bool | None = False
    unique: bool = False
    index: bool = False
    primary_key: bool = False
    max_length: int | None = None
    digits: int | None = None
    places: int | None = None
    closed: bool = False
    column: str = ""
    collation: str = ""
    default: str | None = None
    """``db_default`` as SQL."""
    defaulted: bool = False
    """A value is given to the rows that are there when the column is added."""
    generated: bool = False
    type: str = ""
    base: DjangoField | None = None
    size: int | None = None
    srid: int = 4326
    spatial_index: bool = False
    geography: bool = False
    dimensions: int | None = None
    to: str = ""
    to_field: str = ""
    constraint: bool = True
    on_delete: str = ""
    related_name: str | None = None
    related_query_name: str = ""
    through: str = ""
    through_fields: tuple[str, ...] = ()
    table: str = ""
    symmetrical: bool = False
    parent_link: bool = False
    generic: tuple[str, str] = ("", "")
    """Names of the fields that hold type and key of a generic relation."""
    seconds: bool = False
    unknown: str = ""
    signature: str = ""
    """The arguments that matter to a database, as texts: Django alters a column if they change."""
    path: str = ""
    line: int = 0

    @property
    def is_relation(self) -> bool:
        return self.internal in RELATIONS

    @property
    def is_virtual(self) -> bool:
        """It is no column and no table."""
        return self.internal in VIRTUAL

    @property
    def is_many(self) -> bool:
        return self.internal == "ManyToManyField"

    @property
    def is_key(self) -> bool:
        """It is a column that leads to another model."""
        return self.internal in ("ForeignKey", "OneToOneField")

    @property
    def attribute(self) -> str:
        """The name of the attribute that holds the column's value: ``author_id``."""
        return f"{self.name}_id" if self.is_key else self.name

    @property
    def column_name(self) -> str:
        return self.column or self.attribute


class DjangoIndex(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of ``Meta.indexes`` or ``Meta.constraints``; expressions and conditions are values of `django_values`.

    `kind`: ``index``, ``unique``, ``check`` or ``exclusion``. `fields`: names, with ``-`` in front for descending.
    """

    kind: str
    name: str
    fields: tuple[str, ...] = ()
    expressions: tuple[Any, ...] = ()
    condition: Any = None
    method: str = "btree"
    opclasses: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    deferrable: bool = False
    nulls_distinct: bool = True
    unknown: str = ""
    path: str = ""
    line: int = 0


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """``Meta``. A set of names is a tuple of tuples. `unknown`: options that were not understood."""

    db_table: str = ""
    managed: bool = True
    proxy: bool = False
    abstract: bool = False
    swappable: str = ""
    unique_together: tuple[tuple[str, ...], ...] = ()
    index_together: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[DjangoIndex, ...] = ()
    constraints: tuple[DjangoIndex, ...] = ()
    ordering: tuple[str, ...] = ()
    order_with_respect_to: str = ""
    related_name: str = ""
    unknown: tuple[str, ...] = ()


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """A model. `fields`: its own columns and those of abstract bases, in order. `parents`: labels of the concrete models it inherits from.

    `key`: the class, None for a model that only migrations know. `unknown`: why fields may be missing.
    """

    app: str
    name: str
    fields: Mapping[str, DjangoField]
    options: Options = Options()
    parents: tuple[str, ...] = ()
    key: ClassKey | None = None
    unknown: tuple[str, ...] = ()
    varies: tuple[str, ...] = ()
    """What of the table alone is not known."""
    path: str = ""
    line: int = 0

    @property
    def label(self) -> str:
        """``app.model`` in lower case."""
        return f"{self.app}.{self.name.lower()}"

    @property
    def table(self) -> str:
        return self.options.db_table or f"{self.app}_{self.name.lower()}"

    @property
    def primary_key(self) -> DjangoField | None:
        return next((field for field in self.fields.values() if field.primary_key), None)
