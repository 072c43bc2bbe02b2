"""The database as the project's files leave it: every table, key and index, and which class is which table."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.database import TableStatistics
from backend_lint.facts.schema import Dialect, Index, Table
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.history import History
from backend_lint.project.schema.mapping import ClassKey, Field, Framework, Loading, Mapped, Relationship
from backend_lint.project.schema.sizes import has_few_rows
from backend_lint.project.schema.source import Declared, Replayed, Unread, is_nearest

if TYPE_CHECKING:
    from backend_lint.project import Project

__all__ = ["ClassKey", "Declared", "Field", "Framework", "Loading", "Mapped", "Relationship", "Replayed", "Schema", "Unread"]

_DEFAULT_SCHEMAS = {Dialect.POSTGRESQL: "public", Dialect.SQLITE: "main", Dialect.MSSQL: "dbo"}


class Schema:
    """All tables of a project. `tables`: the truth as far as it is known, migrations before models. `declared`: what the models alone say.

    `dialect`: the database product that the project runs on; `dialect_known` is False if nothing tells and PostgreSQL was assumed.
    `mapped`: models by class. `unread`: what was not understood. `histories`: what the migrations in Python do, one entry a runner.
    `rivals`: files of other classes that are a table of a name, in a database of their own; `tables` has one of them only.
    """

    def __init__(
        self,
        tables: Mapping[str, Table],
        declared: Mapping[str, Table],
        mapped: Mapping[ClassKey, Mapped],
        unread: tuple[Unread, ...] = (),
        dialect: Dialect = Dialect.POSTGRESQL,
        dialect_known: bool = False,
        histories: tuple[History, ...] = (),
        rivals: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    ) -> None:
        self.tables = tables
        self.declared = declared
        self.mapped = mapped
        self.unread = unread
        self.dialect = dialect
        self.dialect_known = dialect_known
        self.histories = histories
        self.rivals = rivals

    @classmethod
    def link(cls, project: Project) -> Schema:
        """The schema of a project, from all sources."""
        from backend_lint.project.schema.linking import linked

        dialect, known = project.product
        found = linked(project, dialect)
        schema = cls(found.tables, found.declared, found.mapped, found.unread, dialect, known, found.histories, found.rivals)
        return schema._sized(project.database.tables)

    def _sized(self, statistics: Iterable[TableStatistics]) -> Schema:
        """The schema with what is known of the sizes of its tables; a column that refers to a short one has few values."""
        tables = dict(self.tables)
        for one in statistics:
            table = self.table(one.name)
            if table is not None:
                tables[table.name] = replace(table, rows=one.rows)
        for table in tables.values():
            short = {key.columns[0] for key in table.foreign_keys if len(key.columns) == 1 and has_few_rows(tables.get(key.table), key.table)}
            if short:
                columns = tuple(replace(column, closed=True) if column.name in short else column for column in table.columns)
                tables[table.name] = replace(table, columns=columns)
        return Schema(tables, self.declared, self.mapped, self.unread, self.dialect, self.dialect_known, self.histories, self.rivals)

    def table(self, name: str) -> Table | None:
        """The table of that name; a name with the default schema in front means the same, as do other cases of letters.

        A name without a schema means a table of another schema too if only one has that name: the path of schemas is set elsewhere.
        """
        found = self.tables.get(name)
        if found is None and name:
            spelled = self._spellings.get(name.lower().removeprefix(f"{_DEFAULT_SCHEMAS.get(self.dialect, '')}."), "")
            found = self.tables.get(spelled)
        return found

    @functools.cached_property
    def _spellings(self) -> dict[str, str]:
        """Names as the database spells them by names in lower case; empty where several are meant."""
        known: dict[str, str] = {}
        for name in self.tables:
            known[name.lower()] = "" if name.lower() in known else name
        bare: dict[str, str] = {}
        for name in self.tables:
            if "." in name:
                short = name.rpartition(".")[2].lower()
                bare[short] = "" if short in bare else name
        return {**bare, **known}

    def is_meant(self, name: str, path: str) -> bool:
        """Whether code at `path` means the table that is known by `name`, where several services have one of that name: each means the nearest."""
        return name not in self.declared or is_nearest(path, self.declared[name].path, self.rivals.get(name, ()))

    def declared_indexes(self, table: str) -> tuple[Index, ...]:
        """The indexes that the table's model declares, whether or not a migration makes them."""
        declared = self.declared.get(table)
        return declared.indexes if declared is not None else ()

    def of(self, model: Ref | None) -> Mapped | None:
        """The mapped class that a class or an instance is."""
        if model is None or model.kind not in (RefKind.CLASS, RefKind.INSTANCE):
            return None
        return self.mapped.get(model.function)
