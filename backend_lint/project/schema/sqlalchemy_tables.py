"""Tables from what was declared of them: columns, constraints and indexes, with the names that SQLAlchemy gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.schema import Column, ForeignKey, Implicit, Index, IndexKey, Table, TableKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.schema.sqlalchemy_columns import ColumnSpec, ForeignSpec, on_delete
from backend_lint.project.schema.sqlalchemy_naming import DEFAULT, conventional, shortened
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, ClassName, Made, Value

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_evaluate import Values
    from backend_lint.project.schema.sqlalchemy_expressions import Expressions
    from backend_lint.project.schema.sqlalchemy_indexes import Indexes

_OTHER_DATABASES = (
    "clickhouse_", "trino.", "pyathena.", "snowflake.", "databricks.", "sqlalchemy_bigquery", "google.cloud.bigquery", "duckdb", "sqlalchemy_redshift",
    "pyhive.",
)  # fmt: skip
CONSTRAINTS = frozenset({"Index", "UniqueConstraint", "PrimaryKeyConstraint", "ForeignKeyConstraint", "CheckConstraint", "ExcludeConstraint"})


class TableSpec:
    """A table while it is put together. `items`: constraints and indexes as written. `columns` in order; those of single-table heirs are added."""

    def __init__(self, name: str, schema: str, path: str, line: int, convention: Mapping[str, str | None]) -> None:
        self.bare = name
        self.schema = schema
        self.path = path
        self.line = line
        self.convention = {**DEFAULT, **convention}
        self.columns: list[ColumnSpec] = []
        self.items: list[tuple[Made, str]] = []
        self.model: ClassKey | None = None
        self.unknown: list[str] = []
        self.is_view = False
        """Only the mapper knows of a key: what it maps is mostly a view."""
        self.metadata_schema = ""
        """Of the metadata: where foreign keys look for tables without a schema in front."""

    @property
    def name(self) -> str:
        """The name with its schema."""
        return f"{self.schema}.{self.bare}" if self.schema else self.bare

    def names(self) -> dict[str, str]:
        """Column names by attribute, key and name."""
        found: dict[str, str] = {}
        for spec in self.columns:
            found.setdefault(spec.column.name, spec.column.name)
        for spec in self.columns:
            found.setdefault(spec.key, spec.column.name)
            found[spec.attribute] = spec.column.name
        return found

    def add(self, spec: ColumnSpec) -> None:
        """A column, unless one of that name is there."""
        if all(one.column.name != spec.column.name for one in self.columns):
            self.columns.append(spec)


Target = Callable[[Value, str], tuple[str, str] | None]
"""Finds the table and column that a foreign key names, from the schema it is written in."""


class Tables:
    """Finishes tables."""

    def __init__(self, values: Values, expressions: Expressions, indexes: Indexes, default_schema: str = "") -> None:
        self.values = values
        self.expressions = expressions
        self.indexes = indexes

    def finish(self, spec: TableSpec, target: Target, source: str = "sqlalchemy") -> Table:
        """The table as a fact. Indexes of primary keys and unique constraints are left to the catalog but for their names."""
        names = spec.names()
        unknown = list(spec.unknown)
        indexes: list[Index] = []
        keys: list[ForeignKey] = []
        checks: list[str] = []
        primary = tuple(one.column.name for one in spec.columns if one.primary_key)
        primary_name = ""
        for one in spec.columns:
            for foreign in one.foreign:
                found = self._single(spec, one, foreign, target)
                if found is not None:
                    keys.append(found)
            checks += [text for made in one.checks if (text := self.check(made, names)) is not None]
            if one.index:
                name = self.name(spec, "ix", (one.column.name,))
                indexes.append(Index(name, (IndexKey(one.column.name),), one.unique, path=one.column.path, line=one.column.line))
            elif one.unique:
                indexes.append(self.unique(spec, (one.column.name,), "", one.column.path, one.column.line))
        for made, path in spec.items:
            simple = made.simple
            keywords = self.values.keywords(made)
            if simple == "Index":
                indexes.append(self.index(spec, made, keywords, names, path))
            elif simple == "UniqueConstraint":
                columns = self.columns_of(made, names)
                if columns is None:
                    unknown.append("a unique constraint over columns that are not known")
                else:
                    index = self.unique(spec, columns, _text(keywords.get("name")), path, made.call.line)
                    distinct = keywords.get("postgresql_nulls_not_distinct") is not True
                    indexes.append(replace(index, deferrable=keywords.get("deferrable") is True, nulls_distinct=distinct))
            elif simple == "PrimaryKeyConstraint":
                columns = self.columns_of(made, names)
                primary, primary_name = columns or primary, _text(keywords.get("name"))
            elif simple == "ForeignKeyConstraint":
                found = self._composite(spec, made, keywords, names, target, path)
                if found is not None:
                    keys.append(found)
            elif simple == "CheckConstraint":
                text = self.check(made, names)
                checks += [text] if text is not None else []
            elif simple == "ExcludeConstraint":
                indexes.append(self.excluded(list(self.values.arguments(made)), keywords, names, path, made.call.line))
        if primary:
            name = primary_name or self.name(spec, "pk", primary)
            key = tuple(IndexKey(column) for column in primary)
            indexes.insert(0, Index(name, key, True, implicit=Implicit.PRIMARY_KEY, constraint=True, path=spec.path, line=spec.line))
        columns_ = tuple(self._column(spec, one, primary, target) for one in spec.columns)
        return Table(
            spec.name, columns_, primary, tuple(indexes), tuple(keys), tuple(checks), TableKind.VIEW if spec.is_view and not primary else TableKind.TABLE,
            managed=not self._is_elsewhere(spec.path), source=source, unknown=tuple(unknown), model=spec.model, path=spec.path, line=spec.line,
        )  # fmt: skip

    def _is_elsewhere(self, path: str) -> bool:
        """The file speaks to another kind of database, for queries of which it names the tables: these have keys and indexes of their own kind."""
        module = self.values.project.modules.get(path)
        return module is not None and any(found.module.startswith(_OTHER_DATABASES) for found in module.facts.imports)

    def name(self, spec: TableSpec, kind: str, columns: Sequence[str], given: str = "", referred: str = "", to_columns: Sequence[str] = ()) -> str:
        """The name by the conventions of the table's metadata."""
        return conventional(spec.convention, kind, spec.bare, spec.schema, columns, given, referred, to_columns)

    # -- columns -----------------------------------------------------------------------------------

    def _column(self, spec: TableSpec, one: ColumnSpec, primary: tuple[str, ...], target: Target) -> Column:
        column = one.column
        if column.name in primary:
            single = len(primary) == 1 and one.auto in ("auto", "ignore_fk") and (not one.foreign or one.auto == "ignore_fk") and not one.defaulted
            integer = column.type in ("integer", "bigint", "smallint")
            numbered = integer and column.default is None and (single or one.auto is True)
            column = replace(column, nullable=False, auto=column.auto or numbered)
        return column

    # -- constraints -------------------------------------------------------------------------------

    def columns_of(self, made: Made, names: Mapping[str, str]) -> tuple[str, ...] | None:
        """The columns that a constraint names; None if one of them is not known."""
        found = []
        for value in self.values.arguments(made):
            if isinstance(value, Made) and value.simple not in ("Column", "mapped_column", "desc", "asc"):
                return None
            key = self.expressions.key(value, names)
            if key is None or not key.column:
                return None
            found.append(key.column)
        return tuple(found)

    def unique(self, spec: TableSpec, columns: tuple[str, ...], name: str, path: str, line: int) -> Index:
        """The index of a unique constraint."""
        name = self.name(spec, "uq", columns, name)
        return Index(name, tuple(IndexKey(column) for column in columns), True, implicit=Implicit.UNIQUE, constraint=True, path=path, line=line)

    def index(self, spec: TableSpec, made: Made, keywords: dict[str, Value], names: Mapping[str, str], path: str) -> Index:
        """An ``Index(...)``."""
        args = list(self.values.arguments(made))
        given = args.pop(0) if args else UNKNOWN
        index = self.indexes.read("", args, keywords, names, path, made.call.line)
        columns = [key.column or key.expression for key in index.keys]
        return replace(index, name=shortened(given) if isinstance(given, str) else self.name(spec, "ix", columns) if given is None else "")

    def excluded(self, elements: Sequence[Value], keywords: Mapping[str, Value], names: Mapping[str, str], path: str, line: int) -> Index:
        """The index of an ``ExcludeConstraint`` with these elements."""
        found = []
        for value in elements:
            inner = value[0] if isinstance(value, tuple) and value else UNKNOWN
            key = self.expressions.key(inner, names)
            if key is not None:
                found.append(IndexKey(key.column, key.expression))
        using = keywords.get("using")
        where = self.expressions.condition(keywords["where"], names) if keywords.get("where") is not None else ""
        return Index(
            _text(keywords.get("name")), tuple(found), False, where_text=where or "", method=using if isinstance(using, str) else "gist",
            implicit=Implicit.EXCLUSION, constraint=True, usable=not where, path=path, line=line,
        )  # fmt: skip

    def check(self, made: Made, names: Mapping[str, str]) -> str | None:
        """The condition of a ``CheckConstraint``."""
        value = next(self.values.arguments(made), self.values.keywords(made).get("sqltext", UNKNOWN))
        return self.expressions.condition(value, names)

    def _single(self, spec: TableSpec, one: ColumnSpec, foreign: ForeignSpec, target: Target) -> ForeignKey | None:
        found = target(foreign.target, spec.metadata_schema)
        if found is None:
            return None
        table, column = found
        name = self.name(spec, "fk", (one.column.name,), foreign.name, table, (column,))
        return ForeignKey(name, (one.column.name,), table, (column,), foreign.on_delete, path=one.column.path, line=foreign.line or one.column.line)

    def _composite(self, spec: TableSpec, made: Made, keywords: dict[str, Value], names: Mapping[str, str], target: Target, path: str) -> ForeignKey | None:
        args = list(self.values.arguments(made))
        own = args[0] if args else keywords.get("columns", UNKNOWN)
        other = args[1] if len(args) > 1 else keywords.get("refcolumns", UNKNOWN)
        if not isinstance(own, tuple) or not isinstance(other, tuple):
            return None
        columns = [key.column for value in own if (key := self.expressions.key(value, names)) is not None]
        targets = [found for value in other if (found := target(value, spec.metadata_schema)) is not None]
        if len(columns) != len(own) or len(targets) != len(other) or not targets:
            return None
        to_columns = tuple(column for _, column in targets)
        given = args[2] if len(args) > 2 else keywords.get("name")
        name = self.name(spec, "fk", columns, _text(given), targets[0][0], to_columns)
        return ForeignKey(name, tuple(columns), targets[0][0], to_columns, on_delete(keywords), path=path, line=made.call.line)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def spread(values: Values, value: Value) -> tuple[list[Made], dict[str, Value], bool]:
    """The parts of ``__table_args__``: constraints and indexes, options, and whether all was understood."""
    if isinstance(value, dict):
        return [], {str(key): one for key, one in value.items()}, True
    if not isinstance(value, tuple):
        return [], {}, value is None
    items: list[Made] = []
    options: dict[str, Value] = {}
    known = True
    for one in value:
        if isinstance(one, dict):
            options.update({str(key): inner for key, inner in one.items()})
        elif isinstance(one, Made) and one.simple in CONSTRAINTS:
            items.append(one)
        elif isinstance(one, tuple):
            inner_items, inner_options, inner_known = spread(values, one)
            items += inner_items
            options.update(inner_options)
            known = known and inner_known
        elif isinstance(one, Made) and one.name and one.simple not in ("", "DDL"):
            continue
        else:
            known = known and isinstance(one, ClassName)
    return items, options, known
