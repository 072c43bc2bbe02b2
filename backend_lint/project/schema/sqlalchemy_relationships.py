"""``relationship(...)`` of SQLAlchemy and SQLModel: where it leads, over which columns, and when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.python import Call
from backend_lint.facts.schema import ForeignKey, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Loading, Relationship
from backend_lint.project.schema.sqlalchemy_annotations import Annotation, annotation
from backend_lint.project.schema.sqlalchemy_classes import Entity, Member
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, ClassName, Frame, Made, Text, Value
from backend_lint.project.value_text import split

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_core import Core
    from backend_lint.project.schema.sqlalchemy_evaluate import Values
    from backend_lint.project.schema.sqlalchemy_tables import TableSpec

_LOADING = {
    "joined": Loading.EAGER, "selectin": Loading.EAGER, "subquery": Loading.EAGER, "immediate": Loading.EAGER, "select": Loading.LAZY, "raise": Loading.RAISE,
    "raise_on_sql": Loading.RAISE, "noload": Loading.NEVER, "write_only": Loading.NEVER, "dynamic": Loading.QUERY, "select_in": Loading.EAGER,
}  # fmt: skip


_MARKED = lazy_regex(r"#(\d+)")


def _marked(call: Call) -> str:
    """``foreign(User.id)`` as it was written."""
    name = call.callee.rpartition(".")[2]
    return f"{name}({call.args[0]})" if name in ("foreign", "remote") and call.args else "#"


class Relationships:
    """Links relationships once all tables are known."""

    def __init__(self, values: Values, core: Core, entities: Mapping[ClassKey, Entity], tables: Mapping[str, Table]) -> None:
        self.values = values
        self.core = core
        self.entities = entities
        self.tables = tables
        self.backs: list[tuple[Entity, Relationship, Value, Member]] = []
        self._by_name: dict[str, list[ClassKey]] = {}
        for key, entity in entities.items():
            self._by_name.setdefault(entity.name, []).append(key)

    def link(self, entity: Entity, member: Member) -> Relationship:
        """The relationship that a member declares; a ``backref`` is remembered in `backs`."""
        keywords = self.values.keywords(member.made)
        extra = keywords.get("sa_relationship_kwargs")
        if isinstance(extra, dict):
            keywords = {**{str(key): one for key, one in extra.items()}, **keywords}
        inner = keywords.get("sa_relationship")
        if isinstance(inner, Made):
            keywords = {**keywords, **self.values.keywords(inner)}
        args = list(self.values.arguments(inner if isinstance(inner, Made) else member.made))
        found = annotation(self.values, member.frame, member.annotation) if member.annotation else Annotation(member.frame, "")
        target = self._target(args[0] if args else keywords.get("argument", UNKNOWN), member) or self._annotated(found)
        back = keywords.get("back_populates")
        dynamic = {"DynamicMapped": "dynamic", "WriteOnlyMapped": "write_only"}.get(found.wrapper, "")
        lazy = keywords.get("lazy", dynamic or "select")
        loading = (
            _LOADING.get(lazy, Loading.LAZY) if isinstance(lazy, str) else Loading.NEVER if lazy is None else Loading.EAGER if lazy is False else Loading.LAZY
        )
        base = Relationship(member.name, target, True, loading=loading, back=back if isinstance(back, str) else "", line=member.line)
        linked = self._columns(entity, base, keywords, args, member)
        many = self._many(entity, linked, keywords, found)
        linked = replace(linked, many=many, nullable=self._nullable(entity, linked, many), unique=not many and linked.reverse)
        if "backref" in keywords and keywords["backref"] is not None:
            name, _ = self._backref(keywords["backref"])
            linked = replace(linked, back=name)
            self.backs.append((entity, linked, keywords["backref"], member))
        return linked

    # -- targets -----------------------------------------------------------------------------------

    def _target(self, value: Value, member: Member) -> ClassKey | None:
        if isinstance(value, str):
            return self.by_name(value, member.frame)
        if isinstance(value, ClassName):
            return value.key
        if isinstance(value, Made) and value.call.callee.rpartition(".")[2] in ("map_imperatively", "mapper"):
            return self._target(next(self.values.arguments(value), UNKNOWN), member)
        if isinstance(value, Text):
            text = value.text.removeprefix("lambda:")
            if text == value.text:
                text = value.text
            ref = self.values.resolver.value(value.frame.path, value.frame.function, text)
            if ref is not None and ref.kind is RefKind.CLASS:
                return ref.function
            return self.by_name(text, member.frame) if text != value.text else None
        return None

    def _annotated(self, found: Annotation) -> ClassKey | None:
        return self.by_name(found.inner, found.frame) if found.inner else None

    def by_name(self, text: str, frame: Frame) -> ClassKey | None:
        """The mapped class that a string means: by the names of the module first, then by the class's name wherever it is mapped."""
        last = text.rpartition(".")[2]
        if "(" in text or not last.isidentifier():
            return None
        ref = self.values.resolver.value(frame.path, frame.function, text) if text == last else None
        if ref is not None and ref.kind is RefKind.CLASS and ref.function in self.entities:
            return ref.function
        keys = self._by_name.get(last, [])
        if len(keys) > 1 and text != last:
            folder = text.rpartition(".")[0].replace(".", "/")
            keys = [key for key in keys if key[0].removesuffix(".py").removesuffix("/__init__").endswith(folder)] or keys
        if len(keys) > 1:
            near = [key for key in keys if key[0] == frame.path]
            keys = near or keys
        return keys[0] if len(keys) == 1 else None

    # -- columns -----------------------------------------------------------------------------------

    def _columns(self, entity: Entity, base: Relationship, keywords: dict[str, Value], args: list[Value], member: Member) -> Relationship:
        secondary = keywords.get("secondary", args[1] if len(args) > 1 and member.made.simple != "Relationship" else None)
        link = keywords.get("link_model")
        if secondary is not None or isinstance(link, ClassName):
            return self._through(entity, base, link if isinstance(link, ClassName) else secondary, member)
        other = self.entities.get(base.target) if base.target is not None else None
        if other is None or other.table is None or entity.table is None:
            return base
        joined = self._written(entity, other, keywords.get("primaryjoin"), member)
        if joined is not None:
            own, theirs, reverse = joined
            return replace(base, columns=own, to_columns=theirs, reverse=reverse)
        if "primaryjoin" in keywords and keywords["primaryjoin"] is not None:
            return base
        hint = self._hint(keywords.get("foreign_keys"), member)
        forward = self._keys(self._names(entity), self._names(other), hint)
        backward = self._keys(self._names(other), self._names(entity), hint)
        if len(forward) == 1 and (not backward or self._remote(keywords, entity, other, forward[0])):
            return replace(base, columns=forward[0].columns, to_columns=forward[0].to_columns)
        if len(backward) == 1 and (not forward or set(self._names(entity)) == set(self._names(other))):
            return replace(base, columns=backward[0].to_columns, to_columns=backward[0].columns, reverse=True)
        if len(forward) == 1:
            return replace(base, columns=forward[0].columns, to_columns=forward[0].to_columns)
        return base

    @staticmethod
    def _names(entity: Entity) -> list[str]:
        found = []
        one: Entity | None = entity
        while one is not None:
            if one.table is not None and one.table.name not in found:
                found.append(one.table.name)
            one = one.parent
        return found

    def _keys(self, own: list[str], theirs: list[str], hint: tuple[set[str], set[str]]) -> list[ForeignKey]:
        """The foreign keys from the tables `own` to the tables `theirs`; a hint names the columns that it goes by."""
        columns, tables = hint
        for name in own:
            table = self.tables.get(name)
            keys = table.foreign_keys if table is not None else ()
            hinted = not columns or not tables or name in tables
            found = [key for key in keys if key.table in theirs and hinted and (not columns or set(key.columns) <= columns)]
            if found:
                return found
        return []

    def _remote(self, keywords: dict[str, Value], entity: Entity, other: Entity, key: ForeignKey) -> bool:
        """For a table that refers to itself: whether ``remote_side`` makes it many-to-one."""
        if not set(self._names(entity)) & set(self._names(other)):
            return True
        value = keywords.get("remote_side")
        names = {name.rpartition(".")[2] for name in self._texts(value)}
        attributes = {attribute for attribute, spec in entity.columns.items() if spec.column.name in key.to_columns} | set(key.to_columns)
        return bool(names & attributes) if value is not None else False

    def _texts(self, value: Value) -> list[str]:
        """Names of columns in a value: strings such as ``[A.x, A.y]``, column objects, lists of them."""
        if isinstance(value, tuple):
            return [name for one in value for name in self._texts(one)]
        if isinstance(value, str):
            return [part.strip(" []()'\"") for part in value.split(",") if part.strip(" []()")]
        if isinstance(value, Text):
            text = value.text.removeprefix("lambda:")
            return [part.strip(" []()") for part in text.split(",")] if text != value.text else [text]
        if isinstance(value, Made) and value.simple in ("Column", "mapped_column"):
            return [f"?{value.call.line}"]
        return []

    def _hint(self, value: Value, member: Member) -> tuple[set[str], set[str]]:
        """Column names and tables that ``foreign_keys`` names."""
        columns: set[str] = set()
        tables: set[str] = set()
        for name in self._texts(value):
            owner, _, attribute = name.rpartition(".")
            owner = owner.removesuffix(".c")
            key = self.by_name(owner, member.frame) if owner and "%" not in owner else None
            entity = self.entities.get(key) if key is not None else None
            if entity is not None and attribute in entity.columns and entity.table is not None:
                columns.add(entity.columns[attribute].column.name)
                tables.update(self._names(entity))
            else:
                columns.add(attribute)
        return columns, tables

    def _written(self, entity: Entity, other: Entity, value: Value, member: Member) -> tuple[tuple[str, ...], tuple[str, ...], bool] | None:
        """Own columns, the target's columns and whether the key lies there, of a ``primaryjoin`` of equalities; other conditions in it are left out."""
        found = [pair for text in self._equalities(value) if (pair := self._pair(entity, other, text, member)) is not None]
        if not found or any(reverse is not found[0][2] for _, _, reverse in found):
            return None
        return tuple(own for own, _, _ in found), tuple(theirs for _, theirs, _ in found), found[0][2]

    def _equalities(self, value: Value) -> list[str]:
        """The conditions that must all hold, as texts with ``==``."""
        if isinstance(value, Made) and value.simple == "and_":
            return [text for part in self.values.arguments(value) for text in self._equalities(part)]
        if isinstance(value, Text) and value.text.startswith("lambda:#") and value.text[8:].isdigit():
            return self._equalities(self.values.result(value.frame, int(value.text[8:])))
        text = value if isinstance(value, str) else ""
        if isinstance(value, Text):
            calls = self.values.project.modules[value.frame.path].bodies[value.frame.function].calls
            text = _MARKED.sub(lambda found: _marked(calls[int(found.group(1))]), value.text.removeprefix("lambda:"))
        text = text.strip()
        if text.startswith("and_(") and text.endswith(")"):
            return [one for part in split(text[5:-1]) for one in self._equalities(part)]
        while text.startswith("(") and text.endswith(")"):
            text = text[1:-1].strip()
        parts = [part.strip() for part in text.split("&")] if "&" in text else [text]
        if len(parts) > 1:
            return [one for part in parts for one in self._equalities(part)]
        return [text] if text.count("==") == 1 and not any(sign in text for sign in ("or_", "|")) else []

    def _pair(self, entity: Entity, other: Entity, text: str, member: Member) -> tuple[str, str, bool] | None:
        """Own column, the target's column and whether the key lies there, of one equality."""
        sides = []
        foreign = remote = -1
        for at, side in enumerate(text.split("==")):
            foreign = at if "foreign(" in side else foreign
            remote = at if "remote(" in side else remote
            sides.append(self._side(entity, side.replace("foreign(", "").replace("remote(", "").strip(" ()"), member))
        one, two = sides
        if one is None or two is None:
            return None
        own_tables, other_tables = self._names(entity), self._names(other)
        for own, theirs, own_at in ((one, two, 0), (two, one, 1)):
            if own[0] in own_tables and theirs[0] in other_tables and (own_tables != other_tables or remote != own_at):
                return own[1], theirs[1], not self._refers(own[0], own[1], theirs[0]) if foreign < 0 else foreign != own_at
        return None

    def _refers(self, table: str, column: str, other: str) -> bool:
        found = self.tables.get(table)
        return found is not None and any(column in key.columns and key.table == other for key in found.foreign_keys)

    def _side(self, own: Entity, text: str, member: Member) -> tuple[str, str] | None:
        owner, _, attribute = text.rpartition(".")
        owner = owner.removesuffix(".c")
        entity: Entity | None = own
        if owner and owner[0] != "%":
            key = self.by_name(owner, member.frame)
            entity = self.entities.get(key) if key is not None else None
        if entity is None or entity.table is None:
            spec = self._table_named(owner, member)
            return (spec.name, spec.names().get(attribute, attribute)) if spec is not None else None
        spec_ = entity.columns.get(attribute)
        return (entity.table.name, spec_.column.name) if spec_ is not None else None

    # -- through another table ---------------------------------------------------------------------

    def _table_named(self, text: str, member: Member) -> TableSpec | None:
        if not text or not text.replace(".", "").isidentifier():
            return None
        found = self.core.table(self.values.evaluate(member.frame, text))
        if found is not None:
            return found
        return next((spec for spec in self.core.tables.values() if spec.name == text), None)

    def _secondary(self, value: Value, member: Member) -> str:
        if isinstance(value, ClassName):
            entity = self.entities.get(value.key)
            return entity.table.name if entity is not None and entity.table is not None else ""
        if isinstance(value, str):
            if value in self.tables:
                return value
            key = self.by_name(value.removesuffix(".__table__"), member.frame)
            found = self._table_named(value, member)
            return self._secondary(ClassName(key), member) if key is not None else found.name if found is not None else ""
        if isinstance(value, Text):
            text = value.text.removeprefix("lambda:")
            if text.endswith(".__table__"):
                key = self.by_name(text.removesuffix(".__table__"), value.frame)
                return self._secondary(ClassName(key), member) if key is not None else ""
            inner = self.values.evaluate(value.frame, text) if text != value.text else UNKNOWN
            return self._secondary(inner, member) if inner is not UNKNOWN and not isinstance(inner, Text) else ""
        spec = self.core.table(value)
        return spec.name if spec is not None else ""

    def _through(self, entity: Entity, base: Relationship, secondary: Value, member: Member) -> Relationship:
        name = self._secondary(secondary, member)
        other = self.entities.get(base.target) if base.target is not None else None
        if not name or other is None:
            return replace(base, through=name or "?", many=True)
        own = self._keys([name], self._names(entity), (set(), set()))
        theirs = self._keys([name], self._names(other), (set(), set()))
        if own and theirs and own[0] is theirs[0] and len(theirs) > 1:
            theirs = theirs[1:]
        if not own or not theirs:
            return replace(base, through=name)
        return replace(
            base, through=name, columns=own[0].to_columns, through_columns=own[0].columns, through_to=theirs[0].columns, to_columns=theirs[0].to_columns
        )

    # -- one or many -------------------------------------------------------------------------------

    def _many(self, entity: Entity, linked: Relationship, keywords: dict[str, Value], found: Annotation) -> bool:
        given = keywords.get("uselist")
        if isinstance(given, bool):
            return given
        if found.inner:
            return found.many or found.wrapper in ("DynamicMapped", "WriteOnlyMapped")
        return bool(linked.through) or linked.reverse or not linked.columns

    def _nullable(self, entity: Entity, linked: Relationship, many: bool) -> bool | None:
        if many or linked.reverse or not linked.columns:
            return None
        by_name = {spec.column.name: spec.column for spec in entity.columns.values()}
        known = [by_name[name].nullable for name in linked.columns if name in by_name]
        return any(known) if known and None not in known else None

    def _backref(self, value: Value) -> tuple[str, dict[str, Value]]:
        if isinstance(value, str):
            return value, {}
        if isinstance(value, Made) and value.simple == "backref":
            args = list(self.values.arguments(value))
            return (args[0] if args and isinstance(args[0], str) else ""), self.values.keywords(value)
        return "", {}

    def reverse_of(self, entity: Entity, linked: Relationship, value: Value, member: Member) -> Relationship | None:
        """The relationship that a ``backref`` makes on the other side."""
        name, keywords = self._backref(value)
        if not name or linked.target is None:
            return None
        lazy = keywords.get("lazy", "select")
        given = keywords.get("uselist")
        many = given if isinstance(given, bool) else bool(linked.through) or not linked.reverse
        turned = Relationship(
            name, entity.key, many, linked.to_columns, linked.columns, linked.through, linked.through_to, linked.through_columns,
            _LOADING.get(lazy, Loading.LAZY) if isinstance(lazy, str) else Loading.LAZY, bool(linked.columns) and not linked.reverse and not linked.through,
            back=linked.name, line=member.line,
        )  # fmt: skip
        return replace(turned, unique=not many and turned.reverse)
