"""Annotations of mapped attributes: ``Mapped[str | None]``, ``Annotated[int, mapped_column(...)]``, SQLModel's plain types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.references import RefKind
from backend_lint.project.schema.sqlalchemy_types import PYTHON_TYPES, UNKNOWN_TYPE, ColumnType
from backend_lint.project.schema.sqlalchemy_values import ClassName, Frame, Made, Value
from backend_lint.project.value_text import alternatives, parse, split
from backend_lint.sql.types import canonical_type

if TYPE_CHECKING:
    from backend_lint.project.schema.sqlalchemy_evaluate import Values
    from backend_lint.project.schema.sqlalchemy_types import Types

MAPPED = {"Mapped": "", "WriteOnlyMapped": "write_only", "DynamicMapped": "dynamic"}
_LISTS = frozenset({"list", "List", "set", "Set", "Sequence", "Collection", "frozenset", "FrozenSet", "MutableSequence", "KeyFuncDict", "OrderingList"})
_DICTS = frozenset({"dict", "Dict", "MappedCollection", "Mapping", "MutableMapping"})
_MAX_DEPTH = 8


class Annotation(NamedTuple):
    """What an annotation says. `inner`: the type without ``Optional``, ``Mapped`` and ``Annotated``, where it stands in `frame`.

    `wrapper`: ``Mapped``, ``DynamicMapped``, ``WriteOnlyMapped`` or empty. `extras`: what ``Annotated`` carries, the outermost first. `aliases`: names of
    aliases on the way. `many`: a collection of `inner`, as written in `raw`.
    """

    frame: Frame
    inner: str
    wrapper: str = ""
    optional: bool = False
    many: bool = False
    class_var: bool = False
    extras: tuple[Value, ...] = ()
    aliases: tuple[str, ...] = ()
    raw: str = ""


def annotation(values: Values, frame: Frame, text: str, depth: int = 0) -> Annotation:
    """Take an annotation apart."""
    options = [part for part in (_or_parts(text)) if part]
    if len(options) > 1 or (options and options[0] != text):
        rest = [part for part in options if part not in ("None", "NoneType")]
        inner = (
            annotation(values, frame, rest[0] if len(rest) == 1 else text.strip("()"), depth + 1) if rest and depth < _MAX_DEPTH and len(rest) == 1 else None
        )
        if inner is None:
            return Annotation(frame, "", optional=len(rest) < len(options))
        return inner._replace(optional=inner.optional or len(rest) < len(options))
    parsed = parse(text)
    if parsed is None or depth > _MAX_DEPTH:
        return Annotation(frame, "")
    if not parsed.steps or not parsed.steps[-1].startswith("["):
        return _aliased(values, frame, text, depth)
    base = text[: -len(parsed.steps[-1])].rpartition(".")[2]
    content = parsed.steps[-1][1:-1]
    if content.startswith("[") and content.endswith("]") and base in ("Annotated", "Union", "Mapped"):
        content = content[1:-1]
    items = split(content)
    if base in MAPPED:
        return annotation(values, frame, content, depth + 1)._replace(wrapper=base)
    if base == "Optional":
        return annotation(values, frame, content, depth + 1)._replace(optional=True)
    if base == "Union":
        return annotation(values, frame, f"({'|'.join(items)})" if len(items) > 1 else content, depth + 1)
    if base == "ClassVar":
        return Annotation(frame, content, class_var=True)
    if base in ("Final", "Required"):
        return annotation(values, frame, content, depth + 1)
    if base == "Annotated":
        inner = annotation(values, frame, items[0], depth + 1)
        # of a conditional expression the first: the others are other ways to fill the same column
        return inner._replace(extras=(*[values.evaluate(frame, (alternatives(item) or [item])[0]) for item in items[1:]], *inner.extras))
    if base in _LISTS or base in _DICTS:
        element = annotation(values, frame, items[-1] if base in _DICTS else items[0], depth + 1)
        return element._replace(many=True, optional=False, inner=element.inner if not element.many else "", raw=text)
    return Annotation(frame, text)


def _or_parts(text: str) -> list[str]:
    if "||" in text and text.startswith("("):
        return [part for part in split(text[1:-1], "|") if part]
    return alternatives(text)


def _aliased(values: Values, frame: Frame, text: str, depth: int) -> Annotation:
    """A plain name; if it is an alias on module level, what it stands for."""
    if "." in text:
        return Annotation(frame, text)
    path = frame.path
    name = text
    for _ in range(_MAX_DEPTH):
        module = values.project.modules.get(path)
        if module is None:
            break
        kind, number = module.names.get(name, ("", 0))
        if kind == "assign":
            value = module.bodies[0].assigns[number].value
            if "[" in value or "|" in value:
                found = annotation(values, Frame(path, 0), value, depth + 1)
                return found._replace(aliases=(text, *found.aliases))
            if value.isidentifier() and value != name:
                name = value
                continue
            break
        if kind != "import":
            break
        found_import = module.facts.imports[number]
        target = (
            values.resolver.index.relative(path, found_import.level, found_import.module)
            if found_import.level
            else values.resolver.index.find(found_import.module, path)
        )
        if target is None or not found_import.member or (target, found_import.member) == (path, name):
            break
        path, name = target, found_import.member
    return Annotation(frame, text)


def python_type(values: Values, types: Types, found: Annotation, table: list[tuple[str, Value]]) -> ColumnType:
    """The column type that an annotation alone gives; `table` is the ``type_annotation_map``."""
    for alias in (*found.aliases, found.raw or found.inner):
        for key, value in table:
            if key.replace("[[", "[").replace("]]", "]") == alias or key.rpartition(".")[2] == alias.rpartition(".")[2]:
                return types.of(value)
    if not found.inner or found.many:
        return UNKNOWN_TYPE
    if found.inner == "Literal" or found.inner.endswith(".Literal"):
        return ColumnType("varchar", "Enum", True)
    name = values.dotted(found.frame, found.inner.partition("[")[0])
    if name in PYTHON_TYPES:
        if name == "uuid.UUID":
            return types._library("sqlalchemy.Uuid", None, {}, 0)
        if name == "datetime.datetime":
            return types._library("sqlalchemy.DateTime", None, {}, 0)
        if name == "bytes":
            return types._library("sqlalchemy.LargeBinary", None, {}, 0)
        text = canonical_type(PYTHON_TYPES[name], types.dialect)
        return ColumnType(text, name, text == "boolean")
    target = values.resolver.value(found.frame.path, found.frame.function, found.inner)
    if target is not None and target.kind is RefKind.CLASS:
        if any(base.name.startswith("enum.") or base.name in ("StrEnum", "Enum", "IntEnum") for base in values.resolver.classes.ancestors(*target.function)):
            return types._enum([ClassName(target.function)], {})
        return types.of(ClassName(target.function))
    return UNKNOWN_TYPE


def annotated_column(found: Annotation, names: tuple[str, ...]) -> Made | None:
    """The ``mapped_column(...)`` or ``Field(...)`` that ``Annotated`` carries."""
    return next((extra for extra in found.extras if isinstance(extra, Made) and extra.simple in names), None)
