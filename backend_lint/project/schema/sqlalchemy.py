"""What SQLAlchemy's and SQLModel's models say: tables as ``metadata.create_all`` would make them, and which class is which table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.ddl import CreateTable
from backend_lint.facts.file import Role
from backend_lint.facts.schema import Dialect, Table
from backend_lint.project.schema.mapping import ClassKey, Field, Framework, Mapped, Relationship
from backend_lint.project.schema.source import Declared, Unread
from backend_lint.project.schema.sqlalchemy_bases import Bases, candidates, uses_sqlalchemy
from backend_lint.project.schema.sqlalchemy_classes import Classes, Entity, Member
from backend_lint.project.schema.sqlalchemy_columns import Columns, ColumnSpec
from backend_lint.project.schema.sqlalchemy_core import ELSEWHERE, Core
from backend_lint.project.schema.sqlalchemy_evaluate import Values
from backend_lint.project.schema.sqlalchemy_expressions import Expressions
from backend_lint.project.schema.sqlalchemy_indexes import Indexes
from backend_lint.project.schema.sqlalchemy_relationships import Relationships
from backend_lint.project.schema.sqlalchemy_tables import Tables, TableSpec
from backend_lint.project.schema.sqlalchemy_types import Types
from backend_lint.project.schema.sqlalchemy_values import ClassName, Made, Text, Value
from backend_lint.sql.catalog import Catalog

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule


def declared(project: Project, dialect: Dialect = Dialect.POSTGRESQL) -> Declared:
    """The tables and mapped classes of a project; all empty for one that does not use SQLAlchemy."""
    if not uses_sqlalchemy(project):
        return Declared({}, {})
    return Models(project, dialect).declared()


class Models:
    """The models of one project while they are linked; with `only` those of one module."""

    def __init__(self, project: Project, dialect: Dialect, values: Values | None = None, only: str = "") -> None:
        self.project = project
        self.dialect = dialect
        self.only = only
        self.values = values if values is not None else Values(project)
        self.expressions = Expressions(self.values)
        self.types = self.expressions.types = Types(self.values, dialect)
        self.columns = Columns(self.values, self.types, self.expressions)
        self.bases = Bases(self.values)
        self.core = Core(self.values, self.bases, self.columns, only)
        self.classes = Classes(self.values, self.bases, self.columns, self.core)
        self.indexes = Indexes(self.expressions, dialect)
        self.finisher = Tables(self.values, self.expressions, self.indexes)
        self.specs: dict[str, TableSpec] = {}
        self.unread: list[Unread] = []
        self.rivals: dict[str, set[str]] = {}

    def declared(self) -> Declared:
        """Read everything and link it."""
        self.core.read()
        for key in candidates(self._modules()):
            self.classes.entity(key)
        for made in self.core.mappings():
            self._imperative(made)
        for spec in self.core.tables.values():
            self._register(spec)
        for entity in self.classes.entities.values():
            if entity.table is not None:
                self._register(entity.table)
        for made, path in self.core.loose:
            self._loose(made, path)
        self._lend_types()
        tables = self._tables()
        rivals = {name: tuple(sorted(paths - {self.specs[name].path})) for name, paths in self.rivals.items()}
        return Declared(tables, self._mapped(tables), tuple(self.unread), rivals)

    def _modules(self) -> dict[str, SourceModule]:
        if self.only:
            return {self.only: self.project.modules[self.only]}
        return {path: module for path, module in self.project.modules.items() if module.role not in ELSEWHERE}

    def _register(self, spec: TableSpec) -> None:
        known = self.specs.get(spec.name)
        if known is not None and known.model is not None and spec.model is not None and known.path != spec.path:
            self.rivals.setdefault(spec.name, set()).update((known.path, spec.path))
        if known is None or (known is not spec and self._better(known, spec)):
            self.specs[spec.name] = spec

    def _better(self, known: TableSpec, spec: TableSpec) -> bool:
        """Of two declarations of one name: that of the application, else the fuller one."""
        roles = self.project.modules[known.path].role, self.project.modules[spec.path].role
        if (roles[0] is Role.APPLICATION) is not (roles[1] is Role.APPLICATION):
            return roles[1] is Role.APPLICATION
        return known.model is not None and spec.model is not None and len(spec.columns) > len(known.columns)

    # -- what stands beside the classes ------------------------------------------------------------

    def _imperative(self, made: Made) -> None:
        args = list(self.values.arguments(made))
        keywords = self.values.keywords(made)
        if len(args) < 2 or not isinstance(args[0], ClassName):
            return
        spec = self.core.table(args[1])
        if spec is None:
            self.unread.append(Unread(made.frame.path, made.call.line, "a class is mapped to a table that is not known"))
            return
        key = args[0].key
        fact = self.bases.fact(key)
        entity = Entity(key, fact.name.rpartition(".")[2], key[0], fact.line)
        entity.table = spec
        entity.imperative = True
        entity.columns = {one.key: one for one in spec.columns}
        spec.model = spec.model or key
        properties = keywords.get("properties")
        for name, value in properties.items() if isinstance(properties, dict) else ():
            self._property(entity, str(name), value, made)
        self.classes.entities[key] = entity

    def _property(self, entity: Entity, name: str, value: Value, made: Made) -> None:
        if isinstance(value, Made) and value.simple in ("relationship", "relation", "dynamic_loader"):
            entity.members[name] = Member(name, value, "", value.frame, value.call.line)
            return
        if isinstance(value, Made) and value.simple in ("column_property", "deferred") and value.call.args:
            value = self.values.evaluate(value.frame, value.call.args[0])
        if isinstance(value, Text) and entity.table is not None:
            column = value.text.rpartition(".")[2]
            for one in entity.table.columns:
                if one.key == column:
                    entity.columns.pop(one.key, None)
                    entity.columns[name] = replace(one, attribute=name)
        elif isinstance(value, Made) and value.simple == "synonym":
            target = next(self.values.arguments(value), None)
            if isinstance(target, str):
                entity.synonyms[name] = target

    def _loose(self, made: Made, path: str) -> None:
        """An ``Index(...)`` on module level belongs to the table of the columns that it names."""
        if not made.name.startswith(("sqlalchemy", "sqlmodel", "flask_sqlalchemy")):
            return
        for text in made.call.args[1:]:
            for spec in self._owners(made, text):
                spec.items.append((made, path))
                return

    def _owners(self, made: Made, text: str) -> list[TableSpec]:
        module = self.project.modules[made.frame.path]
        parts = [text]
        seen = 0
        while parts and seen < 40:
            seen += 1
            one = parts.pop()
            if one[:1] == "#" and one[1:].partition(".")[0].isdigit():
                call = module.bodies[made.frame.function].calls[int(one[1:].partition(".")[0])]
                parts += [*call.args, call.callee.rpartition(".")[0]]
                continue
            if one.isidentifier() and (around := self._around(made, one)) is not None:
                return [around]
            owner = one.strip("()~").partition("[")[0].rpartition(".")[0].removesuffix(".c").removesuffix(".__table__")
            value = self.values.evaluate(made.frame, owner) if owner and owner.replace(".", "").isidentifier() else None
            if isinstance(value, ClassName) and (entity := self.classes.entities.get(value.key)) is not None and entity.table is not None:
                return [entity.table]
            if value is not None and (spec := self.core.table(value)) is not None:
                return [spec]
        return []

    def _around(self, made: Made, name: str) -> TableSpec | None:
        """The table of the class in whose body a call stands, if `name` is a column there."""
        classes = self.project.modules[made.frame.path].classes
        for (path, number), entity in self.classes.entities.items():
            if path == made.frame.path and classes[number].line <= made.call.line <= classes[number].end_line and name in entity.columns:
                return entity.table
        return None

    # -- tables ------------------------------------------------------------------------------------

    def target(self, value: Value, schema: str) -> tuple[str, str] | None:
        """The table and column that a foreign key names; a table that is not known is taken by its name."""
        if isinstance(value, str):
            table, _, column = value.rpartition(".")
            if not table:
                return None
            name = f"{schema}.{table}" if schema and "." not in table else table
            spec = self.specs.get(name)
            if spec is None:
                return name, column
            return spec.name, next((one.column.name for one in spec.columns if one.key == column), column)
        if isinstance(value, Text):
            owner, _, attribute = value.text.rpartition(".")
            inner = self.values.evaluate(value.frame, owner.removesuffix(".c").removesuffix(".__table__")) if owner else None
            if isinstance(inner, ClassName) and (entity := self.classes.entities.get(inner.key)) is not None and entity.table is not None:
                found = entity.columns.get(attribute)
                return entity.table.name, found.column.name if found is not None else attribute
            if inner is not None and (spec := self.core.table(inner)) is not None:
                return spec.name, spec.names().get(attribute, attribute)
            if (
                not owner
                and value.frame.owner is not None
                and (entity := self.classes.entities.get(value.frame.owner)) is not None
                and entity.table is not None
            ):
                return entity.table.name, entity.table.names().get(value.text, value.text)
        return None

    def _lend_types(self) -> None:
        """A column that is only a foreign key has the type of what it refers to."""
        for _ in range(5):
            changed = False
            for spec in self.specs.values():
                for at, one in enumerate(spec.columns):
                    if one.typed or one.column.type or not one.foreign:
                        continue
                    found = self.target(one.foreign[0].target, spec.metadata_schema)
                    other = self.specs.get(found[0]) if found is not None else None
                    column = next((two for two in other.columns if found is not None and two.column.name == found[1]), None) if other is not None else None
                    if column is not None and column.column.type:
                        spec.columns[at] = replace(one, column=replace(one.column, type=column.column.type), kind=column.kind)
                        changed = True
            if not changed:
                break
        for spec in self.specs.values():
            for at, one in enumerate(spec.columns):
                if not one.column.type and one.fallback.text:
                    spec.columns[at] = replace(one, column=replace(one.column, type=one.fallback.text, closed=one.fallback.closed), kind=one.fallback.kind)

    def _tables(self) -> dict[str, Table]:
        catalog = Catalog(self.dialect)
        finished = [self.finisher.finish(spec, self.target) for spec in self.specs.values()]
        for table in finished:
            catalog.apply(CreateTable(table))
        return catalog.tables

    # -- classes -----------------------------------------------------------------------------------

    def _mapped(self, tables: dict[str, Table]) -> dict[ClassKey, Mapped]:
        relationships = Relationships(self.values, self.core, self.classes.entities, tables)
        linked: dict[ClassKey, dict[str, Relationship]] = {}
        for key, entity in self.classes.entities.items():
            linked[key] = {name: relationships.link(entity, member) for name, member in entity.members.items()}
        for entity, forward, value, member in relationships.backs:
            turned = relationships.reverse_of(entity, forward, value, member)
            if turned is not None and forward.target in linked:
                for key in self._heirs(forward.target):
                    linked[key].setdefault(turned.name, turned)
        found = {key: self._class(entity, linked[key], tables) for key, entity in self.classes.entities.items()}
        for key in sorted(self.classes.abstract):
            fact = self.bases.fact(key)
            found[key] = Mapped(key, fact.name.rpartition(".")[2], Framework.SQLALCHEMY, "", {}, {}, abstract=True, path=key[0], line=fact.line)
        return found

    def _heirs(self, key: ClassKey) -> list[ClassKey]:
        found = [key]
        for other, entity in self.classes.entities.items():
            parent = entity.parent
            while parent is not None:
                if parent.key == key:
                    found.append(other)
                    break
                parent = parent.parent
        return found

    def _class(self, entity: Entity, relationships: dict[str, Relationship], tables: dict[str, Table]) -> Mapped:
        table = tables.get(entity.table.name) if entity.table is not None else None
        single = (
            {index.keys[0].column for index in table.indexes if index.unique and len(index.keys) == 1 and not index.where_text} if table is not None else set()
        )
        lent = {one.attribute: one for one in entity.table.columns} if entity.table is not None else {}
        fields = {}
        for attribute, spec in entity.columns.items():
            spec = lent.get(attribute, spec) if not spec.column.type else spec
            fields[attribute] = self._field(attribute, spec, spec.column.name in single)
        for name, target in entity.synonyms.items():
            if target in fields:
                fields[name] = replace(fields[target], name=name)
        parent = entity.parent if entity.joined else None
        key = tuple(name for name, spec in entity.columns.items() if table is not None and spec.column.name in table.primary_key)
        link = (
            tuple(
                one
                for foreign in table.foreign_keys
                if parent is not None and parent.table is not None and foreign.table == parent.table.name
                for one in foreign.columns
            )
            if table is not None
            else ()
        )
        return Mapped(
            entity.key, entity.name, Framework.SQLALCHEMY, entity.table.name if entity.table is not None else "", fields, relationships, key,
            parent.key if parent is not None else None, link, proxy=entity.parent is not None and not entity.joined, unknown=tuple(entity.unknown),
            path=entity.path, line=entity.line,
        )  # fmt: skip

    @staticmethod
    def _field(name: str, spec: ColumnSpec, unique: bool) -> Field:
        column = spec.column
        return Field(name, column.name, column.type, spec.kind, False if spec.primary_key else column.nullable, unique, column.closed, column.line)
