"""Which classes of a project may be mapped, and what their bases bring along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Class
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.schema.sqlalchemy_values import ClassName, Frame, Made, Text, Value

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule
    from backend_lint.project.schema.sqlalchemy_evaluate import Values

LIBRARIES = (
    "sqlalchemy", "sqlmodel", "flask_sqlalchemy", "flask_appbuilder", "advanced_alchemy", "fastapi_users_db_sqlalchemy", "flask_sqlalchemy_lite", "geoalchemy2",
    "litestar.contrib.sqlalchemy", "litestar.plugins.sqlalchemy", "quart_sqlalchemy", "sqlalchemy_utils", "fastapi_users.db",
)  # fmt: skip
_ROOTS = frozenset(
    {
        "DeclarativeBase", "DeclarativeBaseNoMeta", "declarative_base()", "generate_base()", "DeclarativeMeta", "automap_base()", "UUIDBase", "UUIDAuditBase",
        "BigIntBase", "BigIntAuditBase", "UUIDv6Base", "UUIDv7Base", "UUIDv6AuditBase", "UUIDv7AuditBase", "NanoIDBase", "NanoIDAuditBase",
        "CommonTableAttributes",
        "DefaultBase", "IdentityBase", "IdentityAuditBase", "AdvancedDeclarativeBase",
    }
)  # fmt: skip
_MARKS = frozenset({"__tablename__", "__table__", "__table_args__", "__mapper_args__"})
_HARMLESS = frozenset(
    {"object", "ABC", "Generic", "Protocol", "UserMixin", "AnonymousUserMixin", "RoleMixin", "Enum", "StrEnum", "AsyncAttrs", "MappedAsDataclass"}
)
"""Bases outside the project that bring no columns."""


class Root(NamedTuple):
    """What makes a class declarative. `flavour`: ``sqlalchemy``, ``flask``, ``sqlmodel``, ``builder`` (Flask-AppBuilder) or ``assumed``."""

    flavour: str
    name: str


def uses_sqlalchemy(project: Project) -> bool:
    """Whether any module imports one of the libraries; nothing else is asked of a project that does not."""
    return any(found.module.startswith(LIBRARIES) for module in project.modules.values() for found in module.facts.imports)


def candidates(modules: Mapping[str, SourceModule]) -> list[ClassKey]:
    """Classes that may be mapped, be bases of such or hold columns for them: by the names of what they set and derive from, so that few are looked at."""
    names = {"Model", "Base", "DeclarativeBase", "SQLModel", "DeclarativeBaseNoMeta", "MappedAsDataclass", *_ROOTS}
    waiting: dict[str, list[tuple[ClassKey, Class]]] = {}
    chosen: dict[ClassKey, None] = {}
    fresh: list[tuple[ClassKey, Class]] = []
    for path, module in modules.items():
        for index, fact in enumerate(module.facts.classes):
            key = (path, index)
            bases = [_last(base) for base in fact.bases]
            if _is_marked(fact):
                fresh.append((key, fact))
                names.update(bases)
            for base in bases:
                waiting.setdefault(base, []).append((key, fact))
    todo = [one for name in names for one in waiting.get(name, ())] + fresh
    while todo:
        key, fact = todo.pop()
        if key not in chosen:
            chosen[key] = None
            todo += waiting.get(fact.name.rpartition(".")[2], ())
    return sorted(chosen)


def _last(text: str) -> str:
    return text.partition("[")[0].rpartition(".")[2]


def _is_marked(fact: Class) -> bool:
    if any(name == "table" and value == "True" for name, value in fact.keywords):
        return True
    if any(attribute.name in _MARKS or "Mapped[" in attribute.annotation for attribute in fact.attributes):
        return True
    return any("mapped" in decorator or "#" in decorator or "declarative" in decorator for decorator in fact.decorators) and bool(fact.attributes)


class Bases:
    """Questions about the bases of candidate classes."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.resolver = values.resolver
        self._roots: dict[ClassKey, Root | None] = {}

    def fact(self, key: ClassKey) -> Class:
        return self.values.project.modules[key[0]].classes[key[1]]

    def ancestors(self, key: ClassKey) -> list[Ref]:
        """The class itself and its bases, nearest first."""
        return self.resolver.classes.ancestors(*key)

    def project_bases(self, key: ClassKey) -> Iterator[ClassKey]:
        """The class itself and its bases in the project, nearest first."""
        for ref in self.ancestors(key):
            if ref.kind is RefKind.CLASS:
                yield ref.function

    def external(self, key: ClassKey) -> list[str]:
        """The libraries' classes it derives from."""
        return [ref.name for ref in self.ancestors(key) if ref.kind is RefKind.EXTERNAL]

    def root(self, key: ClassKey) -> Root | None:
        """What makes the class declarative; None for a mixin or something else."""
        if key not in self._roots:
            self._roots[key] = self._root(key)
        return self._roots[key]

    def _root(self, key: ClassKey) -> Root | None:
        for name in self.external(key):
            last = name.rpartition(".")[2]
            if last == "SQLModel":
                return Root("sqlmodel", name)
            if name.startswith("flask_appbuilder") and last in ("Model", "Base"):
                return Root("builder", name)
            if last == "Model" and (
                name.startswith(("flask_sqlalchemy", "quart_sqlalchemy")) or name.endswith((".db.Model", "SQLAlchemy.Model", "SQLAlchemy().Model"))
            ):
                return Root("flask", name)
            if last in _ROOTS:
                return Root("sqlalchemy", name)
        for one in self.project_bases(key):
            if self._is_decorated(one, ("as_declarative", "as_declarative_base")) or (
                one == key and self._is_decorated(one, ("mapped", "mapped_as_dataclass"))
            ):
                return Root("sqlalchemy", "")
        return self._assumed(key)

    def is_base(self, key: ClassKey) -> bool:
        """Whether the class is the base that others declare tables with, and so has none itself: it derives from ``DeclarativeBase`` at once."""
        if self._is_decorated(key, ("as_declarative", "as_declarative_base")):
            return True
        fact = self.fact(key)
        for base in fact.bases:
            ref = self.resolver.value(key[0], fact.scope, base.partition("[")[0])
            if ref is not None and ref.is_external and ref.name.rpartition(".")[2] in ("DeclarativeBase", "DeclarativeBaseNoMeta", "AdvancedDeclarativeBase"):
                return True
        return False

    def _is_decorated(self, key: ClassKey, names: tuple[str, ...]) -> bool:
        fact = self.fact(key)
        for decorator in fact.decorators:
            text = decorator
            if decorator[:1] == "#" and decorator[1:].isdigit():
                text = self.values.project.modules[key[0]].bodies[fact.scope].calls[int(decorator[1:])].callee
            if text.rpartition(".")[2] in names:
                return True
        return False

    def _assumed(self, key: ClassKey) -> Root | None:
        """A class with a table name and columns whose base cannot be followed is taken for a model all the same."""
        fact = self.fact(key)
        if not fact.bases or not any(attribute.name == "__tablename__" for attribute in fact.attributes):
            return None
        external = self.external(key)
        if not any(name.startswith("django") for name in external) and self._has_column(fact, key):
            return Root("flask" if any(_last(base) == "Model" for base in fact.bases) else "assumed", "")
        return None

    def _has_column(self, fact: Class, key: ClassKey) -> bool:
        for attribute in fact.attributes:
            if "Mapped[" in attribute.annotation:
                return True
            if attribute.value[:1] == "#" and attribute.function == fact.scope:
                made = self.values.evaluate(Frame(key[0], fact.scope, owner=key), attribute.value)
                if isinstance(made, Made) and made.simple in ("Column", "mapped_column"):
                    return True
        return False

    def unknown_bases(self, key: ClassKey) -> list[str]:
        """Bases outside the project, or not found at all, that may bring columns nobody knows of."""
        found = []
        for one in self.project_bases(key):
            fact = self.fact(one)
            for base in fact.bases:
                text = base.partition("[")[0]
                ref = self.resolver.value(one[0], fact.scope, text)
                if ref is None:
                    found.append(f"its base {text} is not known")
                elif ref.is_external and not _is_known(ref.name):
                    found.append(f"its base {ref.name} is a library's")
        return found

    # -- metadata ----------------------------------------------------------------------------------

    def metadata(self, key: ClassKey) -> Made | None:
        """The ``MetaData(...)`` of a class; None if none is written."""
        for one in self.project_bases(key):
            value = self.values.class_attribute(one, "metadata")
            if (found := self.metadata_of(value)) is not None:
                return found
            if (registry := self._of_registry(self.values.class_attribute(one, "registry"))) is not None:
                return registry
            fact = self.fact(one)
            for base in fact.bases:
                if (found := self._of_base(Frame(one[0], fact.scope), base.partition("[")[0])) is not None:
                    return found
            for decorator in fact.decorators:
                frame = Frame(one[0], fact.scope)
                made = self.values.evaluate(frame, decorator) if decorator[:1] == "#" else None
                if isinstance(made, Made) and (found := self.metadata_of(self.values.keywords(made).get("metadata"))) is not None:
                    return found
                if (registry := self.registry(one)) is not None and (found := self._of_registry(registry)) is not None:
                    return found
        return None

    def registry(self, key: ClassKey) -> Made | None:
        """The ``registry(...)`` whose ``mapped`` decorates a class."""
        fact = self.fact(key)
        for decorator in fact.decorators:
            text = decorator
            if text[:1] == "#" and text[1:].isdigit():
                text = self.values.project.modules[key[0]].bodies[fact.scope].calls[int(text[1:])].callee
            if text.rpartition(".")[2] in ("mapped", "mapped_as_dataclass", "as_declarative_base"):
                value = self.values.evaluate(Frame(key[0], fact.scope), text.rpartition(".")[0])
                return value if isinstance(value, Made) else None
        return None

    def _of_base(self, frame: Frame, text: str) -> Made | None:
        value = self.values.evaluate(frame, text)
        if isinstance(value, Text) and value.text.endswith(".Model"):
            value = self.values.evaluate(value.frame, value.text[: -len(".Model")])
        if not isinstance(value, Made):
            return None
        keywords = self.values.keywords(value)
        if (found := self.metadata_of(keywords.get("metadata"))) is not None:
            return found
        for given in ("model_class", "cls"):
            if isinstance(inner := keywords.get(given), ClassName) and (found := self.metadata(inner.key)) is not None:
                return found
        if value.call.callee.endswith(".generate_base"):
            return self._of_registry(self.values.evaluate(value.frame, value.call.callee[: -len(".generate_base")]))
        return None

    def _of_registry(self, value: Value) -> Made | None:
        return self.metadata_of(self.values.keywords(value).get("metadata")) if isinstance(value, Made) else None

    def metadata_of(self, value: Value | None) -> Made | None:
        """The ``MetaData(...)`` that a value such as ``Base.metadata`` or ``db.metadata`` stands for."""
        if isinstance(value, Made):
            return value if value.simple == "MetaData" else None
        if isinstance(value, Text) and value.text.endswith(".metadata"):
            inner = self.values.evaluate(value.frame, value.text[: -len(".metadata")])
            if isinstance(inner, ClassName):
                return self.metadata(inner.key)
            if isinstance(inner, Made) and inner.simple != "MetaData":
                return self._of_base(value.frame, value.text[: -len(".metadata")])
        return None


def _is_known(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last in _ROOTS or last in _HARMLESS or last in ("Model", "SQLModel", "Base") or last in _ROOTS or last in KNOWN_MIXINS


KNOWN_MIXINS = frozenset(
    {
        "SQLAlchemyBaseUserTableUUID", "SQLAlchemyBaseUserTable", "SQLAlchemyBaseOAuthAccountTableUUID", "SQLAlchemyBaseOAuthAccountTable",
        "SQLAlchemyBaseAccessTokenTableUUID",
        "SQLAlchemyBaseAccessTokenTable", "AuditMixin", "Timestamp", "UUIDPrimaryKey", "BigIntPrimaryKey", "AuditColumns", "SlugKey", "UniqueMixin",
        "FileUploadMixin",
    }
)  # fmt: skip
"""Mixins of libraries whose columns stand in `sqlalchemy_library`."""
