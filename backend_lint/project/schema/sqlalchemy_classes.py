"""Mapped classes of SQLAlchemy: which table each has, with which columns, through mixins, abstract bases and inheritance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute, BlockKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.schema.sqlalchemy_annotations import annotation
from backend_lint.project.schema.sqlalchemy_bases import Bases, Root
from backend_lint.project.schema.sqlalchemy_columns import COLUMN_CALLS, ColumnSpec
from backend_lint.project.schema.sqlalchemy_library import TABLE_NAMES, library_columns
from backend_lint.project.schema.sqlalchemy_strings import flask_table_name
from backend_lint.project.schema.sqlalchemy_tables import TableSpec, spread
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, ClassName, Frame, Made, Text, Value
from backend_lint.project.value_text import split

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_columns import Columns
    from backend_lint.project.schema.sqlalchemy_core import Core
    from backend_lint.project.schema.sqlalchemy_evaluate import Values

RELATIONS = frozenset({"relationship", "relation", "Relationship", "dynamic_loader"})
_SYNONYMS = frozenset({"synonym", "Synonym"})
_INNER_COLUMN = frozenset({"deferred", "column_property"})
_SKIPPED = frozenset({"__tablename__", "__table_args__", "__mapper_args__", "__table__", "metadata", "registry", "query", "query_class", "type_annotation_map"})


class Member:
    """A relationship as written: its call, its annotation, and where the attribute stands."""

    __slots__ = ("annotation", "frame", "line", "made", "name")

    def __init__(self, name: str, made: Made, annotation: str, frame: Frame, line: int) -> None:
        self.name = name
        self.made = made
        self.annotation = annotation
        self.frame = frame
        self.line = line


class Entity:
    """A mapped class while it is put together. `columns` by attribute, inherited ones included; `members` are relationships by attribute."""

    def __init__(self, key: ClassKey, name: str, path: str, line: int) -> None:
        self.key = key
        self.name = name
        self.path = path
        self.line = line
        self.table: TableSpec | None = None
        self.parent: Entity | None = None
        self.columns: dict[str, ColumnSpec] = {}
        self.own: list[ColumnSpec] = []
        self.members: dict[str, Member] = {}
        self.synonyms: dict[str, str] = {}
        self.unknown: list[str] = []
        self.imperative = False

    @property
    def joined(self) -> bool:
        """It has a table of its own beside that of its parent."""
        return self.parent is not None and self.table is not self.parent.table


class Classes:
    """Mapped classes by key; looked at on demand, bases before heirs."""

    def __init__(self, values: Values, bases: Bases, columns: Columns, core: Core) -> None:
        self.values = values
        self.bases = bases
        self.columns = columns
        self.core = core
        self.entities: dict[ClassKey, Entity] = {}
        self.abstract: set[ClassKey] = set()
        self._done: set[ClassKey] = set()
        self._maps: dict[ClassKey, list[tuple[str, Value]]] = {}

    def entity(self, key: ClassKey) -> Entity | None:
        """The mapped class; None for mixins, abstract bases and everything else."""
        if key in self._done:
            return self.entities.get(key)
        self._done.add(key)
        root = self.bases.root(key)
        if root is None or self.bases.is_base(key):
            if root is not None:
                self.abstract.add(key)
            return None
        parent = next((found for one in list(self.bases.project_bases(key))[1:] if (found := self.entity(one)) is not None), None)
        found = self._build(key, root, parent)
        if found is not None:
            self.entities[key] = found
        elif root.flavour != "sqlmodel":
            self.abstract.add(key)
        return found

    # -- the table ---------------------------------------------------------------------------------

    def _build(self, key: ClassKey, root: Root, parent: Entity | None) -> Entity | None:
        fact = self.bases.fact(key)
        own = {attribute.name: attribute for attribute in fact.attributes if attribute.function == fact.scope}
        if "__abstract__" in own and own["__abstract__"].value == "True":
            return None
        if root.flavour == "sqlmodel" and not any(name == "table" and value == "True" for name, value in fact.keywords):
            return None
        entity = Entity(key, fact.name.rpartition(".")[2], key[0], fact.line)
        entity.parent = parent
        if "__table__" in own or (parent is None and self._inherited_table(key) is not None):
            self._with_table(entity, own.get("__table__") or self._inherited_table(key), key)
            return entity
        self._collect(entity, key, root)
        name = self._table_name(key, root, parent, entity)
        if name is None and parent is None:
            return None
        if name is None or name == "" or (parent is not None and parent.table is not None and name == parent.table.bare):
            if parent is None:
                entity.unknown.append("the name of its table is not known")
                return entity
            entity.table = parent.table
            for spec in entity.own:
                if entity.table is not None:
                    entity.table.add(spec)
            self._inherit(entity, parent)
            return entity
        self._own_table(entity, key, root, name)
        if parent is not None:
            self._inherit(entity, parent)
        return entity

    def _inherited_table(self, key: ClassKey) -> Attribute | None:
        for one in list(self.bases.project_bases(key))[1:]:
            fact = self.bases.fact(one)
            for attribute in fact.attributes:
                if attribute.name == "__table__" and attribute.value:
                    return attribute
        return None

    def _inherit(self, entity: Entity, parent: Entity) -> None:
        if self._mapper_argument(entity.key, "concrete") is True:
            return
        entity.columns = {**parent.columns, **entity.columns}
        entity.members = {**parent.members, **entity.members}
        entity.synonyms = {**parent.synonyms, **entity.synonyms}
        entity.unknown += [one for one in parent.unknown if one not in entity.unknown]

    def _mapper_argument(self, key: ClassKey, name: str) -> Value:
        value = self.member_value(key, "__mapper_args__", key)
        return value.get(name, UNKNOWN) if isinstance(value, dict) else UNKNOWN

    def _with_table(self, entity: Entity, attribute: Attribute | None, key: ClassKey) -> None:
        value = self.values.evaluate(Frame(key[0], self.bases.fact(key).scope, owner=key), attribute.value) if attribute is not None else UNKNOWN
        entity.table = self.core.table(value)
        if entity.table is None:
            entity.unknown.append("its table is not known")
        else:
            entity.columns = {spec.key: spec for spec in entity.table.columns}
            if entity.table.model is None:
                entity.table.model = key
        root = self.bases.root(key)
        if root is not None:
            self._collect(entity, key, root, only_relations=True)

    def _own_table(self, entity: Entity, key: ClassKey, root: Root, name: str) -> None:
        made = self.bases.metadata(key)
        convention, schema = self.core.conventions(made, root)
        args = self.member_value(key, "__table_args__", key)
        items, options, known = spread(self.values, args) if args is not UNKNOWN else ([], {}, not self._has_table_args(key))
        given = options.get("schema")
        table = TableSpec(
            name, given if isinstance(given, str) else schema if "schema" not in options or given is UNKNOWN else "", entity.path, entity.line, convention
        )
        if "." in name and not table.schema:
            table.schema, _, table.bare = name.rpartition(".")
        table.metadata_schema = schema
        table.model = key
        if not known or "**" in options:
            table.unknown.append("its __table_args__ were not understood")
        if given is UNKNOWN and "schema" in options:
            entity.unknown.append("the schema of its table is not known")
        table.items = [(made_item, made_item.frame.path) for made_item in items]
        for spec in sorted(entity.own, key=lambda spec: spec.sort):
            table.add(spec)
        keyed = self.member_value(key, "__mapper_args__", key)
        table.is_view = isinstance(keyed, dict) and "primary_key" in keyed and not any(spec.primary_key for spec in table.columns)
        entity.table = table

    def _has_table_args(self, key: ClassKey) -> bool:
        for one in self.bases.project_bases(key):
            if one != key and one in self.entities:
                return False  # that of a mapped base is not inherited
            methods, _ = self.values.resolver.classes.members(*one)
            fact = self.bases.fact(one)
            if "__table_args__" in methods or any(each.name == "__table_args__" and each.function == fact.scope for each in fact.attributes):
                return True
        return False

    # -- names -------------------------------------------------------------------------------------

    def _table_name(self, key: ClassKey, root: Root, parent: Entity | None, entity: Entity) -> str | None:
        """The name of the class's own table, empty if it has one with an unknown name, None if it has none."""
        fact = self.bases.fact(key)
        plain = fact.name.rpartition(".")[2]
        for one in self.bases.project_bases(key):
            methods, _ = self.values.resolver.classes.members(*one)
            mapped = one != key and one in self.entities
            if "__tablename__" in methods:
                value = self._returned(one, methods["__tablename__"], key, parent is not None)
                return value if isinstance(value, str) else None if value is None else ""
            if any(attribute.name == "__tablename__" and attribute.value for attribute in self.bases.fact(one).attributes) and not mapped:
                value = self.values.class_attribute(one, "__tablename__")
                return value if isinstance(value, str) else None if value is None else ""
        for name in self.bases.external(key):
            if (given := TABLE_NAMES.get(name.rpartition(".")[2])) is not None:
                return given
        if root.flavour == "sqlmodel":
            return plain.lower()
        keyed = any(spec.primary_key for spec in entity.own) or parent is None
        if root.flavour == "flask" and keyed and (parent is not None or any(spec.primary_key for spec in entity.own) or self._has_key_constraint(key)):
            return flask_table_name(plain)
        if root.flavour == "sqlalchemy" and root.name.startswith(("advanced_alchemy", "litestar")):
            return flask_table_name(plain)
        return None

    def _has_key_constraint(self, key: ClassKey) -> bool:
        value = self.member_value(key, "__table_args__", key)
        return isinstance(value, tuple) and any(isinstance(one, Made) and one.simple == "PrimaryKeyConstraint" for one in value)

    def member_value(self, key: ClassKey, name: str, cls: ClassKey) -> Value:
        """What an attribute or ``declared_attr`` of a class gives for the class `cls`; that of a mapped base is not inherited."""
        for one in self.bases.project_bases(key):
            if one != key and one in self.entities:
                return UNKNOWN
            methods, _ = self.values.resolver.classes.members(*one)
            fact = self.bases.fact(one)
            found = [attribute for attribute in fact.attributes if attribute.name == name and attribute.function == fact.scope and attribute.value]
            if found:
                return self.values.evaluate(Frame(one[0], fact.scope, owner=one), found[-1].value)
            if name in methods:
                return self._returned(one, methods[name], cls, False)
        return UNKNOWN

    def _returned(self, owner: ClassKey, method: int, cls: ClassKey, inherits: bool) -> Value:
        """What a ``declared_attr`` returns for a class; of several ways the one that ``has_inherited_table`` chooses."""
        module = self.values.project.modules[owner[0]]
        head = module.functions[method]
        body = module.bodies[method]
        first = "%" + head.parameters[0].name if head.parameters else "%cls"
        frame = Frame(owner[0], method, {first: ClassName(cls)})
        values: list[Value] = []
        for found in body.returns:
            subject = body.blocks[found.block].subject
            calls = [call.callee for call in body.calls if f"#{body.calls.index(call)}" in subject] if "#" in subject else []
            if any("has_inherited_table" in callee for callee in calls):
                if inherits == (body.blocks[found.block].kind is BlockKind.IF):
                    return self.values.evaluate(frame, found.value) if found.value else None
                continue
            values.append(self.values.evaluate(frame, found.value) if found.value else None)
        distinct = [value for at, value in enumerate(values) if value not in values[:at]]
        return distinct[0] if len(distinct) == 1 else UNKNOWN

    # -- columns and relationships -----------------------------------------------------------------

    def _collect(self, entity: Entity, key: ClassKey, root: Root, only_relations: bool = False) -> None:
        """Columns and relationships that the class and its unmapped bases declare, the nearest first. What a mapped base has already made of a mixin stays
        in the table of that base."""
        parent = entity.parent
        above = {*parent.columns, *parent.members} if parent is not None and self._mapper_argument(key, "concrete") is not True else set()
        taken: set[str] = set()
        for one in self.bases.project_bases(key):
            if one != key:
                taken |= above
                if one in self.entities:
                    continue
            fact = self.bases.fact(one)
            frame = Frame(one[0], fact.scope, owner=one)
            for attribute in fact.attributes:
                name = attribute.name
                if attribute.function == fact.scope and name not in _SKIPPED and name not in taken:
                    self._attribute(entity, key, root, one, frame, attribute, only_relations)
            methods, _ = self.values.resolver.classes.members(*one)
            for name, index in methods.items():
                if name not in taken and name not in _SKIPPED and self._is_declared(one, index):
                    self._declared(entity, key, one, name, index, only_relations)
            # `id = Mixin.id` only moves what the mixin declares to the front
            taken.update(each.name for each in fact.attributes if each.function == fact.scope and not each.value.endswith(f".{each.name}"))
            taken.update(methods)
        for name in self.bases.external(key):
            for spec in library_columns(name, self.columns.types.dialect):
                if spec.attribute not in taken and not only_relations:
                    self._take(entity, spec)
        entity.unknown += self.bases.unknown_bases(key)

    def _take(self, entity: Entity, spec: ColumnSpec) -> None:
        if spec.attribute not in entity.columns:
            entity.columns[spec.attribute] = spec
            entity.own.append(spec)

    def _attribute(self, entity: Entity, key: ClassKey, root: Root, owner: ClassKey, frame: Frame, attribute: Attribute, only_relations: bool) -> None:
        value, text = attribute.value, attribute.annotation
        made = self.values.evaluate(frame, value) if value[:1] == "#" else UNKNOWN
        if isinstance(made, Made) and made.simple in RELATIONS:
            entity.members.setdefault(attribute.name, Member(attribute.name, made, text, frame, attribute.line))
            return
        if isinstance(made, Made) and made.simple in _SYNONYMS:
            target = next(self.values.arguments(made), UNKNOWN)
            if isinstance(target, str):
                entity.synonyms[attribute.name] = target
            return
        if only_relations:
            return
        spec = self._column(key, root, owner, frame, attribute, made)
        if spec is not None:
            self._take(entity, spec)
        elif isinstance(made, Made) and not made.name and not text and not attribute.name.startswith("__") and made.call.callee[:1] not in "#?":
            entity.unknown.append(f"{attribute.name} is made by {made.call.callee}")

    def _column(self, key: ClassKey, root: Root, owner: ClassKey, frame: Frame, attribute: Attribute, made: Value) -> ColumnSpec | None:
        text = attribute.annotation
        mapped = "Mapped[" in text
        if isinstance(made, Made):
            simple = made.simple
            if simple in _INNER_COLUMN and made.call.args:
                inner = self.values.evaluate(made.frame, made.call.args[0])
                made = inner if isinstance(inner, Made) and inner.simple in COLUMN_CALLS else made
                simple = made.simple
            if simple in COLUMN_CALLS:
                found = annotation(self.values, frame, text) if mapped else None
                return self.columns.column(made, attribute.name, owner[0], attribute.line, found, self.annotation_map(key) if mapped else ())
        if root.flavour == "sqlmodel":
            return self.columns.field(frame, attribute.name, attribute.value, text, owner[0], attribute.line)
        if mapped and not attribute.value:
            found = annotation(self.values, frame, text)
            return self.columns.annotated(attribute.name, found, owner[0], attribute.line, self.annotation_map(key)) if found.wrapper == "Mapped" else None
        return None

    def _is_declared(self, owner: ClassKey, method: int) -> bool:
        module = self.values.project.modules[owner[0]]
        head = module.functions[method]
        made = [module.bodies[head.scope].calls[int(text[1:])].callee for text in head.decorators if text[:1] == "#" and text[1:].isdigit()]
        return any("declared_attr" in decorator for decorator in (*head.decorators, *made))

    def _declared(self, entity: Entity, key: ClassKey, owner: ClassKey, name: str, method: int, only_relations: bool) -> None:
        made = self._returned(owner, method, key, entity.parent is not None)
        head = self.values.project.modules[owner[0]].functions[method]
        frame = Frame(owner[0], head.scope, owner=owner)
        if not isinstance(made, Made):
            return
        if made.simple in RELATIONS:
            entity.members.setdefault(name, Member(name, made, head.returns, frame, head.line))
            return
        if made.simple in _INNER_COLUMN and made.call.args:
            inner = self.values.evaluate(made.frame, made.call.args[0])
            made = inner if isinstance(inner, Made) else made
        if made.simple in COLUMN_CALLS and not only_relations:
            found = annotation(self.values, frame, head.returns) if "Mapped[" in head.returns else None
            self._take(entity, self.columns.column(made, name, owner[0], head.line, found, self.annotation_map(key)))

    def annotation_map(self, key: ClassKey) -> list[tuple[str, Value]]:
        """The ``type_annotation_map`` of a class's registry: types by the text of the annotation."""
        root = next((one for one in reversed(list(self.bases.project_bases(key)))), key)
        for one in (key, root, *self.bases.project_bases(key)):
            if one in self._maps:
                return self._maps[one]
        found: list[tuple[str, Value]] = []
        for one in self.bases.project_bases(key):
            fact = self.bases.fact(one)
            for attribute in fact.attributes:
                if attribute.function != fact.scope:
                    continue
                if attribute.name == "type_annotation_map":
                    found += self._pairs(Frame(one[0], fact.scope), attribute.value)
                elif attribute.name == "registry":
                    made = self.values.evaluate(Frame(one[0], fact.scope), attribute.value)
                    text = dict(made.call.keywords).get("type_annotation_map", "") if isinstance(made, Made) else ""
                    found += self._pairs(made.frame, text) if isinstance(made, Made) and text else []
        if (made := self.bases.registry(key)) is not None and (text := dict(made.call.keywords).get("type_annotation_map", "")):
            found += self._pairs(made.frame, text)
        self._maps[key] = found
        return found

    def _pairs(self, frame: Frame, text: str) -> list[tuple[str, Value]]:
        if text[:1] != "{":
            value = self.values.evaluate(frame, text)
            return self._pairs(value.frame, value.text) if isinstance(value, Text) and value.text[:1] == "{" else []
        found = []
        for part in split(text[1:-1]):
            sides = split(part, ":")
            if len(sides) == 2:
                found.append((sides[0], self.values.evaluate(frame, sides[1])))
        return found
