"""What a serializer of Django REST framework reads of each object, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Attribute, BlockKind, Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.loading.places import Place, Read
from backend_lint.project.loading.row_work import OwnQuery, RowWork
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Mapped
from backend_lint.project.value_text import constant_string, split

if TYPE_CHECKING:
    from backend_lint.project import Project

_MAX_DEPTH = 4
_WRAPPED = lazy_regex(r"^(?:list|tuple|set|sorted)\((.*)\)$")
_SERIALIZERS = ("Serializer", "GeoModelSerializer")
_LIBRARIES = tuple(
    "rest_framework drf_ djoser. dj_rest_auth. taggit. adrf. allauth. rest_polymorphic. oscarapi. rest_flex_fields. dynamic_rest. wagtail.api.".split()
)
_BY_KEY = frozenset(
    {"PrimaryKeyRelatedField", "HyperlinkedRelatedField", "HyperlinkedIdentityField", "NestedHyperlinkedRelatedField", "ResourceRelatedField"}
)
_METHOD = "SerializerMethodField"


class Costs(msgspec.Struct, frozen=True):
    """What serializing one object reads, and which queries it runs itself."""

    reads: tuple[Read, ...] = ()
    queries: tuple[OwnQuery, ...] = ()


class _Field(msgspec.Struct, frozen=True):
    """A declared field: its class (of the project or the library's name), the call that makes it, and where."""

    name: str
    kind: Ref
    call: Call
    path: str
    owner: str

    def keyword(self, name: str) -> str:
        return next((text for key, text in self.call.keywords if key == name), "")

    @property
    def place(self) -> Place:
        return Place(self.path, self.call.line, self.call.column, self.owner, f"{self.owner}.{self.name}")


class SerializerFields:
    """Answers for one project; they are kept."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._classes = project.resolver.classes
        self._work = RowWork(project)
        self._kept: dict[tuple[ClassKey, ClassKey], Costs] = {}

    def is_serializer(self, key: ClassKey) -> bool:
        """Whether a class derives from a serializer of the library."""
        names = (base.name for base in self._classes.ancestors(*key) if base.kind is RefKind.EXTERNAL)
        return any(name.endswith(_SERIALIZERS) and name.startswith(_LIBRARIES) for name in names)

    def loads_itself(self, serializer: ClassKey) -> bool:
        """Its class for lists goes over all rows in its own way, and may load for all of them: ``Meta.list_serializer_class``."""
        found = self._meta_attribute(serializer, "list_serializer_class")
        held = self._project.value(found[0].path, found[1].function, found[1].value) if found is not None else None
        if held is None or held.kind is not RefKind.CLASS:
            return found is not None and held is None
        return self._classes.find(held, "to_representation") is not None

    def is_for(self, serializer: ClassKey, model: ClassKey) -> bool:
        """The model is that of its ``Meta``, a base or a subclass of it: its fields are none of another's."""
        found = self._meta_attribute(serializer, "model")
        held = self._project.value(found[0].path, found[1].function, found[1].value) if found is not None else None
        if held is None or held.kind is not RefKind.CLASS or held.function not in self._project.schema.mapped:
            return True
        return any(two in {base.function for base in self._classes.ancestors(*one)} for one, two in ((model, held.function), (held.function, model)))

    def costs(self, serializer: ClassKey, model: ClassKey, depth: int = 0) -> Costs:
        """What the serializer does with one object of `model`."""
        key = serializer, model
        found = self._kept.get(key)
        if found is None:
            self._kept[key] = Costs()
            reads: list[Read] = []
            queries: list[OwnQuery] = []
            for one in self._of(serializer, model, depth):
                if isinstance(one, Read):
                    reads.append(one)
                else:
                    queries.append(one)
            whole = {read.path for read in reads if not read.key}  # one field reads the key, another the object
            kept = {(read.path, read.method): read for read in reversed(reads)}.values()
            found = Costs(tuple(msgspec.structs.replace(read, key="") if read.key and read.path in whole else read for read in kept), tuple(queries))
            if depth < _MAX_DEPTH:
                self._kept[key] = found
            else:
                del self._kept[key]
        return found

    def _of(self, serializer: ClassKey, model: ClassKey, depth: int) -> Iterator[Read | OwnQuery]:
        written = self._classes.find(Ref(RefKind.CLASS, "", *serializer), "to_representation")
        if written is not None and isinstance(written[1], int):
            key = written[0].path, written[1]
            yield from self._method(key, model)
            if not any(call.callee.startswith("super") for call in self._project.calls.body(key).calls):
                return
        declared = self._declared(serializer)
        names = self._meta_names(serializer)
        mapped = self._project.schema.mapped.get(model)
        if mapped is None:
            return
        excluded = self._left_out(serializer)
        if names is None and self._meta_attribute(serializer, "fields") is not None:  # its own have to be among them
            own = self._project.modules[serializer[0]].classes[serializer[1]].name
            declared = {name: field for name, field in declared.items() if field.owner == own}
        for field in declared.values():
            if (names is None or field.name in names or "__all__" in names) and field.name not in excluded:
                yield from self._field(serializer, field, model, depth)
        nested = self._meta(serializer, "depth").isdigit()
        for name in self._automatic(names, mapped):
            if name in declared or name in excluded:
                continue
            relation = mapped.relationships.get(name)
            if relation is not None and not relation.many and not relation.reverse and not nested:
                continue  # only the key, which is there
            fact = self._project.modules[serializer[0]].classes[serializer[1]]
            place = Place(serializer[0], fact.line, fact.column, fact.name, f"{fact.name}.{name}")
            yield from self._sourced(model, (name,), place)

    def _automatic(self, names: list[str] | None, mapped: Mapped) -> list[str]:
        """Fields that ``Meta.fields`` asks for by name; of ``__all__`` the relations to many that the model itself declares."""
        if names is None:
            return []
        if "__all__" not in names:
            return names
        model = Ref(RefKind.CLASS, "", *mapped.key)
        return [name for name, relation in mapped.relationships.items() if relation.many and self._classes.find(model, name) is not None]

    # -- one field ---------------------------------------------------------------------------------

    def _field(self, serializer: ClassKey, field: _Field, model: ClassKey, depth: int) -> Iterator[Read | OwnQuery]:
        if field.keyword("write_only") == "True" or field.kind.name.endswith("HiddenField"):
            return
        last = self._library_name(field.kind)
        if last == _METHOD:
            name = constant_string(field.keyword("method_name") or (field.call.args[0] if field.call.args else "")) or f"get_{field.name}"
            found = self._classes.find(Ref(RefKind.CLASS, "", *serializer), name)
            if found is not None and isinstance(found[1], int):
                yield from self._method((found[0].path, found[1]), model)
            return
        source = field.keyword("source")
        names = tuple((constant_string(source) or "?").split(".")) if source else (field.name,)
        many = field.keyword("many") == "True"
        if names == ("*",):
            if field.kind.kind is RefKind.CLASS and self.is_serializer(field.kind.function) and depth < _MAX_DEPTH:
                inner = self.costs(field.kind.function, model, depth + 1)
                yield from inner.reads
                yield from inner.queries
            return
        if "?" in names:
            return
        by_key = last in _BY_KEY and constant_string(field.keyword("lookup_field") or "'pk'") in ("pk", "id")
        last_relation = names[-1:] if by_key and not many and not self._is_other_side(model, names) else ()
        is_written = bool(source) and field.keyword("read_only") != "True" and last != "ReadOnlyField"
        for read in self._sourced(model, names[: len(names) - len(last_relation)], field.place):
            # another source would change what `validated_data` holds
            yield msgspec.structs.replace(read, key="") if is_written and isinstance(read, Read) else read
        nested = self._serializer_of(field) if depth < _MAX_DEPTH else None
        if nested is not None:
            yield from self._nested(field, nested, model, names, depth)
        elif last == "StringRelatedField" and (target := self._target(model, names)) is not None:
            yield from self._under(names, field.place, self._project.loads.reads.of_source(target, ("__str__",), field.place))

    def _serializer_of(self, field: _Field) -> ClassKey | None:
        """The serializer that a field is, or is told to write with: ``NestedField(serializer_class=BookSerializer)``."""
        kind = field.kind
        if text := field.keyword("serializer_class"):
            held = self._project.value(field.path, 0, text)
            kind = held if held is not None else kind
        return kind.function if kind.kind is RefKind.CLASS and self.is_serializer(kind.function) else None

    def _nested(self, field: _Field, serializer: ClassKey, model: ClassKey, names: tuple[str, ...], depth: int) -> Iterator[Read | OwnQuery]:
        target = self._target(model, names)
        if target is None:
            return
        inner = self.costs(serializer, target, depth + 1)
        yield from self._under(names, field.place, inner.reads)
        yield from (OwnQuery(one.method, (field.place, *one.trail)) for one in inner.queries)

    @staticmethod
    def _under(names: tuple[str, ...], place: Place, reads: tuple[Read, ...]) -> Iterator[Read]:
        for read in reads:
            yield msgspec.structs.replace(read, path=(*names, *read.path), trail=(place, *read.trail))

    def _target(self, model: ClassKey, names: tuple[str, ...]) -> ClassKey | None:
        at: ClassKey | None = model
        for name in names:
            mapped = self._project.schema.mapped.get(at) if at is not None else None
            relation = mapped.relationships.get(name) if mapped is not None else None
            at = relation.target if relation is not None else None
        return at

    def _is_other_side(self, model: ClassKey, names: tuple[str, ...]) -> bool:
        """The other object of a one-to-one relation, whose key this one does not hold."""
        owner = self._project.schema.mapped.get(self._target(model, names[:-1]) or model)
        relation = owner.relationships.get(names[-1]) if owner is not None else None
        return relation is not None and relation.reverse and not relation.many

    def _method(self, key: tuple[str, int], model: ClassKey) -> Iterator[Read | OwnQuery]:
        """A method that is handed the object, a static one as its first parameter."""
        head = self._project.calls.head(key)
        first = 0 if "staticmethod" in head.decorators else 1
        if len(head.parameters) <= first:
            return
        element = "%" + head.parameters[first].name
        reads, queries = self._work.of_object(key, element, model)
        yield from reads
        yield from queries[:1]

    def _sourced(self, model: ClassKey, names: tuple[str, ...], place: Place) -> Iterator[Read | OwnQuery]:
        reads, queries = self._work.of_source(model, names, place)
        yield from reads
        yield from queries[:1]

    def _library_name(self, kind: Ref) -> str:
        """The library's name of a field's class, the last part of it."""
        for name in self._classes.external_names(kind):
            if name.endswith(("Field", "Serializer")):
                return name.rpartition(".")[2]
        return kind.name.rpartition(".")[2]

    # -- the class ---------------------------------------------------------------------------------

    def _declared(self, serializer: ClassKey) -> dict[str, _Field]:
        found: dict[str, _Field] = {}
        for base in reversed(self._classes.ancestors(*serializer)):
            if base.kind is not RefKind.CLASS:
                continue
            module = self._project.modules[base.path]
            fact = module.classes[base.index]
            for attribute in fact.attributes:
                if (field := self._made(base, attribute, fact.name)) is not None:
                    found[attribute.name] = field
                elif attribute.value == "None":
                    found.pop(attribute.name, None)
        return found

    def _made(self, base: Ref, attribute: Attribute, owner: str) -> _Field | None:
        value = attribute.value
        if value[:1] != "#" or not value[1:].isdigit():
            return None
        call = self._project.modules[base.path].bodies[attribute.function].calls[int(value[1:])]
        kind = self._project.value(base.path, attribute.function, call.callee)
        if kind is None or kind.kind not in (RefKind.CLASS, RefKind.EXTERNAL):
            return None
        return _Field(attribute.name, kind, call, base.path, owner)

    def _meta(self, serializer: ClassKey, name: str) -> str:
        """An option of ``Meta``, as a value text; empty if it is not set."""
        found = self._meta_attribute(serializer, name)
        return found[1].value if found is not None else ""

    def _meta_attribute(self, serializer: ClassKey, name: str) -> tuple[Ref, Attribute] | None:
        for base in self._classes.ancestors(*serializer):
            if base.kind is not RefKind.CLASS:
                continue
            classes = self._project.modules[base.path].definitions[1]
            index = classes.get(f"{self._project.modules[base.path].classes[base.index].name}.Meta")
            if index is not None:
                found = self._classes.find(Ref(RefKind.CLASS, "Meta", base.path, index), name)
                if found is not None and not isinstance(found[1], int):
                    return found[0], found[1]
        return None

    def _meta_names(self, serializer: ClassKey) -> list[str] | None:
        """The names in ``Meta.fields``; ``__all__`` as the only one; None if they are not known."""
        found = self._meta_attribute(serializer, "fields")
        if found is None:
            return ["__all__"] if self._meta_attribute(serializer, "exclude") is not None else None
        text = found[1].value
        if (whole := constant_string(text)) is not None or text.endswith("ALL_FIELDS"):
            return [whole or "__all__"]
        return self._listed(found[0].path, found[1].function, text, 0)

    def _listed(self, path: str, function: int, text: str, depth: int) -> list[str] | None:
        """The constants of a list, of several that are put together, and of ``OtherSerializer.Meta.fields``; None if one of them is not known."""
        if depth > _MAX_DEPTH:
            return None
        text = _WRAPPED.sub(r"\1", text)
        if text[:1] == "[" and text[-1:] == "]":
            names: list[str] = []
            for item in filter(None, split(text[1:-1])):
                known = self._listed(path, function, item[1:], depth + 1) if item[0] == "*" else [name] if (name := constant_string(item)) is not None else None
                if known is None:
                    return None
                names += known
            return names
        parts = split(text[1:-1], "+") if text[:1] == "(" and text[-1:] == ")" else [text]
        if len(parts) > 1:
            found = [self._listed(path, function, part, depth + 1) for part in parts]
            return None if None in found else [name for one in found if one is not None for name in one]
        other = self._project.value(path, max(function, 0), text.removesuffix(".Meta.fields")) if text.endswith(".Meta.fields") else None
        names_there = self._meta_names(other.function) if other is not None and other.kind is RefKind.CLASS else None
        return None if names_there is None or "__all__" in names_there else names_there

    def _left_out(self, serializer: ClassKey) -> set[str]:
        """``Meta.exclude``, and fields that a constructor or ``get_fields`` takes away by name, unless it takes others away in the other case."""
        text = self._meta(serializer, "exclude")
        names = {item for one in split(text[1:-1]) if (item := constant_string(one)) is not None} if text[:1] == "[" else set()
        for base in self._classes.ancestors(*serializer):
            if base.kind is RefKind.CLASS:
                methods = self._classes.members(base.path, base.index)[0]
                for method in ("__init__", "get_fields", "to_representation"):
                    if method in methods:
                        # what it takes out of the finished answer was read before
                        names |= _taken_away(self._project.modules[base.path].bodies[methods[method]], fields_only=method == "to_representation")
        return names


def _taken_away(body: Body, *, fields_only: bool = False) -> set[str]:
    """Names that are popped; of an ``if`` and its ``else`` that both pop, neither counts: one of the two sides stays."""
    pops = [call for call in body.calls if call.callee.endswith("fields.pop" if fields_only else ".pop") and call.args]
    popped = [(call.block, item) for call in pops if (item := constant_string(call.args[0])) is not None]
    sides = {(body.blocks[block].parent, body.blocks[block].subject, body.blocks[block].kind) for block, _ in popped}
    names = set()
    for block, item in popped:
        found = body.blocks[block]
        other = {BlockKind.IF: BlockKind.ORELSE, BlockKind.ORELSE: BlockKind.IF}.get(found.kind)
        if other is None or (found.parent, found.subject, other) not in sides:
            names.add(item)
    return names
