"""``Table(...)`` objects, module-level indexes, imperative mappings and the naming of metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.schema.sqlalchemy_bases import LIBRARIES, Bases, Root
from backend_lint.project.schema.sqlalchemy_columns import COLUMN_CALLS, ColumnSpec
from backend_lint.project.schema.sqlalchemy_tables import CONSTRAINTS, TableSpec
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, Frame, Made, Text, Value

if TYPE_CHECKING:
    from backend_lint.project.modules import SourceModule
    from backend_lint.project.schema.sqlalchemy_columns import Columns
    from backend_lint.project.schema.sqlalchemy_evaluate import Values

ELSEWHERE = (Role.TEST, Role.MIGRATION)
"""Roles whose declarations are not the application's."""
_HANDLES = frozenset({"db", "metadata", "Base", "mapper_registry"})
"""Names under which modules hand on what tables are made with."""

Place = tuple[str, int, int]


class Core:
    """Tables that are objects of their own, by the place of their call."""

    def __init__(self, values: Values, bases: Bases, columns: Columns, only: str = "") -> None:
        self.values = values
        self.bases = bases
        self.columns = columns
        self.tables: dict[Place, TableSpec] = {}
        self.loose: list[tuple[Made, str]] = []
        """``Index(...)`` and constraints on module level."""
        self._project_convention: dict[str, str | None] | None = None
        modules = values.project.modules
        self.modules = [modules[only]] if only else [module for module in modules.values() if module.role not in ELSEWHERE and _may_declare(module)]

    def read(self) -> None:
        """Find tables and indexes on module level, and in functions that hold nothing else."""
        for module in self.modules:
            body = module.bodies[0]
            for call in body.calls:
                last = call.callee.rpartition(".")[2]
                if last == "Table" and len(call.args) >= 2:
                    self._table(module, call)
                elif last == "Index" and call.args:
                    made = Made(Frame(module.path, 0), call, self.values.dotted(Frame(module.path, 0), call.callee))
                    self.loose.append((made, module.path))

    def _table(self, module: SourceModule, call: Call) -> TableSpec | None:
        frame = Frame(module.path, 0)
        name = self.values.dotted(frame, call.callee)
        if not name.startswith(("sqlalchemy", "sqlmodel", "flask_sqlalchemy")) and ".db." not in f".{call.callee}" and not call.callee.startswith("db."):
            return None
        return self._made(Made(frame, call, name))

    def _made(self, made: Made) -> TableSpec | None:
        call = made.call
        place = (made.frame.path, call.line, call.column)
        if place in self.tables:
            return self.tables[place]
        args = list(self.values.arguments(made))
        if not args or not isinstance(args[0], str):
            return None
        keywords = self.values.keywords(made)
        in_front = args[1] if len(args) > 1 else UNKNOWN
        start = 1 if isinstance(in_front, Made) and in_front.simple in COLUMN_CALLS else 2
        convention, default = self.conventions(self.bases.metadata_of(in_front) if start == 2 else None, None)
        schema = keywords.get("schema", default)
        spec = TableSpec(args[0], schema if isinstance(schema, str) else "", made.frame.path, call.line, convention)
        spec.metadata_schema = default
        if "." in spec.bare and not spec.schema:
            spec.schema, _, spec.bare = spec.bare.rpartition(".")
        for part in args[start:]:
            self._part(spec, part)
        if any(key in keywords for key in ("autoload", "autoload_with", "**")) or not spec.columns:
            spec.unknown.append("its columns are read from the database")
        self.tables[place] = spec
        return spec

    def _part(self, spec: TableSpec, part: Value) -> None:
        if isinstance(part, Made) and part.simple in COLUMN_CALLS:
            column = self.columns.column(part, "", part.frame.path, part.call.line)
            if column.column.name:
                spec.add(column if column.attribute else _with_attribute(column))
        elif isinstance(part, Made) and part.simple in CONSTRAINTS:
            spec.items.append((part, part.frame.path))
        elif part is UNKNOWN or isinstance(part, Text) or (isinstance(part, Made) and not part.name):
            spec.unknown.append("a part of it was not understood")

    def table(self, value: Value) -> TableSpec | None:
        """The table that a value such as ``users`` or ``User.__table__`` stands for."""
        if isinstance(value, Made) and value.simple == "Table":
            return self._made(value)
        return None

    # -- names -------------------------------------------------------------------------------------

    def conventions(self, made: Made | None, root: Root | None) -> tuple[Mapping[str, str | None], str]:
        """The naming convention and the schema of a ``MetaData(...)``; without one what the project sets afterwards."""
        convention: Mapping[str, str | None] | None = None
        schema: Value = ""
        if made is not None:
            keywords = self.values.keywords(made)
            schema = keywords.get("schema", "")
            convention = self._convention(keywords.get("naming_convention"))
            if not convention and "naming_convention" not in keywords:
                convention = self._set_later()
        elif root is None or root.flavour != "assumed":
            convention = self._set_later()
        return convention or {}, schema if isinstance(schema, str) else ""

    def _convention(self, value: Value) -> dict[str, str | None]:
        if not isinstance(value, dict):
            return {}
        return {str(key): (one if isinstance(one, str) else None) for key, one in value.items()}

    def _set_later(self) -> dict[str, str | None]:
        """``Base.metadata.naming_convention = ...`` somewhere in the project."""
        if self._project_convention is None:
            self._project_convention = {}
            for module in self.modules:
                for assign in module.bodies[0].assigns:
                    if assign.target.endswith(".naming_convention"):
                        self._project_convention = self._convention(self.values.evaluate(Frame(module.path, 0), assign.value))
        return self._project_convention

    # -- imperative mappings -----------------------------------------------------------------------

    def mappings(self) -> Iterator[Made]:
        """Calls of ``map_imperatively`` and ``mapper``."""
        for module in self.modules:
            names = {found.name for found in module.facts.imports}
            if not names & {"mapper", "registry", "orm", "mapper_registry", "sqlalchemy", "sa", "reg"} and not any("registry" in name for name in names):
                continue
            for index, body in enumerate(module.bodies):
                for call in body.calls:
                    last = call.callee.rpartition(".")[2]
                    if last in ("map_imperatively", "mapper") and len(call.args) >= 2:
                        frame = Frame(module.path, index)
                        yield Made(frame, call, self.values.dotted(frame, call.callee))


def _may_declare(module: SourceModule) -> bool:
    return any(found.module.startswith(LIBRARIES) or found.name in _HANDLES for found in module.facts.imports)


def _with_attribute(column: ColumnSpec) -> ColumnSpec:
    return replace(column, attribute=column.key)
