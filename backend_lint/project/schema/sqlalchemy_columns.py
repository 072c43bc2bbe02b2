"""Columns of SQLAlchemy and SQLModel as one spec, whichever way they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.schema import Column
from backend_lint.project.schema.sqlalchemy_annotations import Annotation, annotated_column, annotation, python_type
from backend_lint.project.schema.sqlalchemy_types import UNKNOWN_TYPE, ColumnType
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Frame, Made, Text, Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backend_lint.project.schema.sqlalchemy_evaluate import Values
    from backend_lint.project.schema.sqlalchemy_expressions import Expressions
    from backend_lint.project.schema.sqlalchemy_types import Types

COLUMN_CALLS = frozenset({"Column", "mapped_column"})


class ForeignSpec(msgspec.Struct, frozen=True):
    """A reference of one column. `target` is ``table.column`` as written, or the value of a column object."""

    target: Value
    name: str = ""
    on_delete: str = ""
    line: int = 0
    later: bool = False
    """``use_alter``: made after all tables, and so by no ``op.create_table``."""


class ColumnSpec(msgspec.Struct, frozen=True):
    """A column of a class or table. `key` is the attribute name in ``Table.c``. `typed`: a type was given; without one a foreign key lends its own."""

    attribute: str
    key: str
    column: Column
    kind: str = ""
    primary_key: bool = False
    index: bool = False
    unique: bool = False
    typed: bool = True
    auto: Value = "auto"
    foreign: tuple[ForeignSpec, ...] = ()
    checks: tuple[Made, ...] = ()
    sort: int = 0
    defaulted: bool = False
    """The client gives a default, so that the database does not number it."""
    fallback: ColumnType = UNKNOWN_TYPE
    """What the annotation says, for a foreign key whose target is not known."""


class Columns:
    """Reads columns of one project."""

    def __init__(self, values: Values, types: Types, expressions: Expressions) -> None:
        self.values = values
        self.types = types
        self.expressions = expressions

    # -- Column and mapped_column ------------------------------------------------------------------

    def column(self, made: Made, attribute: str, path: str, line: int, found: Annotation | None = None, table: Sequence[tuple[str, Value]] = ()) -> ColumnSpec:
        """The spec of a ``Column(...)`` or ``mapped_column(...)``; `found` is the annotation, `table` the ``type_annotation_map``."""
        args = list(self.values.arguments(made))
        keywords = self.values.keywords(made)
        if found is not None and (base := annotated_column(found, ("mapped_column",))) is not None:
            args = [*args, *self.values.arguments(base)]
            keywords = {**self.values.keywords(base), **keywords}
        name = args.pop(0) if args and isinstance(args[0], str) else keywords.get("name", attribute)
        name = name if isinstance(name, str) else attribute
        type_: ColumnType | None = None
        foreign: list[ForeignSpec] = []
        checks: list[Made] = []
        generated = identity = numbered = False
        for value in [*args, *([keywords["type_"]] if "type_" in keywords else [])]:
            simple = value.simple if isinstance(value, Made) else ""
            if isinstance(value, Made) and simple == "ForeignKey":
                foreign.append(self._foreign(value))
            elif isinstance(value, Made) and simple == "CheckConstraint":
                checks.append(value)
            elif simple == "Computed":
                generated = True
            elif simple == "Identity":
                identity = True
            elif simple == "Sequence":
                numbered = True
            elif simple not in ("FetchedValue", "DefaultClause", "ColumnDefault") and value is not None and type_ is None:
                type_ = self.types.of(value)
        typed = type_ is not None
        if type_ is None and found is not None and not foreign:
            type_ = python_type(self.values, self.types, found, list(table))
            typed = True
        primary = keywords.get("primary_key") is True
        nullable = self._nullable(keywords, primary, found)
        default = keywords.get("server_default", UNKNOWN)
        type_ = type_ or UNKNOWN_TYPE
        column = Column(
            name,
            type_.text,
            nullable if not identity else False,
            self.default(default) if default is not UNKNOWN else "?" if "server_default" in keywords else None,
            identity or numbered,
            type_.closed,
            generated,
            type_.collation,
            path,
            line,
        )
        key = keywords.get("key")
        sort = keywords.get("sort_order")
        return ColumnSpec(
            attribute,
            key if isinstance(key, str) else name,
            column,
            type_.kind,
            primary,
            keywords.get("index") is True,
            keywords.get("unique") is True,
            typed,
            keywords.get("autoincrement", "auto"),
            tuple(foreign),
            tuple(checks),
            sort if isinstance(sort, int) else 0,
            "default" in keywords and keywords["default"] is not None and getattr(keywords["default"], "simple", "") != "Sequence",
            python_type(self.values, self.types, found, list(table)) if not typed and found is not None else UNKNOWN_TYPE,
        )

    @staticmethod
    def _nullable(keywords: dict[str, Value], primary: bool, found: Annotation | None) -> bool | None:
        given = keywords.get("nullable", UNKNOWN)
        if isinstance(given, bool):
            return given
        if primary:
            return False
        if "nullable" in keywords or "**" in keywords:
            return None
        return True if found is None else found.optional

    def annotated(self, attribute: str, found: Annotation, path: str, line: int, table: Sequence[tuple[str, Value]]) -> ColumnSpec | None:
        """The column that ``name: Mapped[str]`` alone gives; None if the annotation is of no column type."""
        base = annotated_column(found, ("mapped_column",))
        if base is not None:
            return self.column(base, attribute, path, line, found._replace(extras=()), table)
        type_ = python_type(self.values, self.types, found, list(table))
        if not type_.text and (found.many or not found.inner):
            return None
        column = Column(attribute, type_.text, found.optional, None, False, type_.closed, False, "", path, line)
        return ColumnSpec(attribute, attribute, column, type_.kind)

    def _foreign(self, made: Made) -> ForeignSpec:
        args = list(self.values.arguments(made))
        keywords = self.values.keywords(made)
        name = keywords.get("name")
        return ForeignSpec(
            args[0] if args else keywords.get("column", UNKNOWN),
            name if isinstance(name, str) else "",
            on_delete(keywords),
            made.call.line,
            keywords.get("use_alter") is True,
        )

    def default(self, value: Value) -> str | None:
        """The SQL text of a ``server_default``; None if there is none."""
        if value is None:
            return None
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        if isinstance(value, Made) and value.simple in ("FetchedValue", "Sequence", "Identity"):
            return None
        if isinstance(value, Made) and value.simple == "DefaultClause":
            return self.default(next(self.values.arguments(value), UNKNOWN))
        return self.expressions.sql(value) or "?"

    # -- SQLModel ----------------------------------------------------------------------------------

    def field(self, frame: Frame, attribute: str, value: str, annotated: str, path: str, line: int) -> ColumnSpec | None:
        """The column of a SQLModel attribute; None for what is none (``ClassVar``, ``Relationship``)."""
        found = annotation(self.values, frame, annotated) if annotated else Annotation(frame, "")
        if found.class_var or attribute.startswith("_") or attribute == "model_config":
            return None
        made = self.values.evaluate(frame, value) if value else UNKNOWN
        if isinstance(made, Made) and made.simple in ("Relationship", "relationship", "PrivateAttr", "ConfigDict", "hybrid_property", "association_proxy"):
            return None
        if not isinstance(made, Made) or made.simple != "Field":
            if isinstance(made, Made) and made.simple in COLUMN_CALLS:
                return self.column(made, attribute, path, line)
            made = annotated_column(found, ("Field",)) or UNKNOWN
        if not annotated and not isinstance(made, Made):
            return None
        keywords = self.values.keywords(made) if isinstance(made, Made) else {}
        inner = keywords.get("sa_column")
        if isinstance(inner, Made):
            return self.column(inner, attribute, path, line)
        type_ = self._field_type(found, keywords)
        extra = keywords.get("sa_column_kwargs")
        options: dict[str, Value] = {str(key): one for key, one in extra.items()} if isinstance(extra, dict) else {}
        primary = keywords.get("primary_key") is True or options.get("primary_key") is True
        given = keywords.get("nullable", options.get("nullable", UNKNOWN))
        nullable = given if isinstance(given, bool) else False if primary else found.optional
        foreign = []
        target = keywords.get("foreign_key", UNKNOWN)
        if target is not UNKNOWN and target is not None:
            foreign.append(ForeignSpec(target, "", on_delete(keywords), line))
        more = keywords.get("sa_column_args")
        extra_keys = more if isinstance(more, tuple) else ()
        foreign += [self._foreign(one) for one in extra_keys if isinstance(one, Made) and one.simple == "ForeignKey"]
        name = options.get("name", attribute)
        default = self.default(options["server_default"]) if "server_default" in options else None
        column = Column(name if isinstance(name, str) else attribute, type_.text, nullable, default, False, type_.closed, False, "", path, line)
        return ColumnSpec(
            attribute,
            column.name,
            column,
            type_.kind,
            primary,
            keywords.get("index") is True or options.get("index") is True,
            keywords.get("unique") is True or options.get("unique") is True,
            True,
            options.get("autoincrement", "auto"),
            tuple(foreign),
            defaulted="default_factory" in keywords or isinstance(keywords.get("default"), int | str) or options.get("default") is not None,
        )

    def _field_type(self, found: Annotation, keywords: dict[str, Value]) -> ColumnType:
        given = keywords.get("sa_type")
        if given is not None and given is not UNKNOWN:
            return self.types.of(given)
        type_ = python_type(self.values, self.types, found, [])
        length = keywords.get("max_length")
        if type_.text == "varchar" and isinstance(length, int):
            return ColumnType(f"varchar({length})", type_.kind)
        digits, places = keywords.get("max_digits"), keywords.get("decimal_places")
        if type_.text == "numeric" and isinstance(digits, int):
            return ColumnType(f"numeric({digits},{places if isinstance(places, int) else 0})", type_.kind)
        return type_


def on_delete(keywords: dict[str, Value]) -> str:
    """The ``ondelete`` of a foreign key in lower case; ``no action`` if none is given, empty if it is unknown."""
    given = keywords.get("ondelete")
    if given is None:
        return "no action"
    return given.lower() if isinstance(given, str) else ""


def column_name(value: Value) -> str:
    """The last name of a text such as ``User.id`` or ``table.c.id``; empty for anything else."""
    if isinstance(value, str):
        return value
    return value.text.rpartition(".")[2] if isinstance(value, Text) and value.text.replace(".", "").replace("%", "").isidentifier() else ""
