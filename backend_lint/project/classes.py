"""The class hierarchy: bases across files, attributes and methods through the method resolution order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute
from backend_lint.project.annotations import instance_of
from backend_lint.project.libraries import external_bases
from backend_lint.project.libraries.returns import attribute_class
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project.resolver import Resolver

_MAX_DEPTH = 40
_MOST_ANCESTORS = 200
_PROPERTIES = frozenset(
    {"property", "functools.cached_property", "django.utils.functional.cached_property", "cached_property", "sqlalchemy.ext.hybrid.hybrid_property"}
)


_Defining = tuple[Ref, dict[str, int], dict[str, Attribute]]
"""A class with its methods and attributes."""


class Classes:
    """Questions about classes of the project."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._ancestors: dict[tuple[str, int], list[Ref]] = {}
        self._members: dict[tuple[str, int], tuple[dict[str, int], dict[str, Attribute]]] = {}
        self._lines: dict[tuple[str, int], tuple[list[Ref], list[_Defining]]] = {}
        self._subclasses: dict[tuple[str, int], list[Ref]] | None = None

    def ancestors(self, path: str, index: int, depth: int = 0) -> list[Ref]:
        """The class and all its bases, nearest first; external bases with the library bases known of them.

        Depth first, left to right; a base reached twice stands at its last place. Of a hierarchy deeper than any real one the upper part is left out.
        """
        key = (path, index)
        if key in self._ancestors:
            return self._ancestors[key]
        fact = self._resolver.modules[path].classes[index]
        own = Ref(RefKind.CLASS, fact.name, path, index)
        self._ancestors[key] = [own]
        found = [own]
        for text in fact.bases:
            base = text[: text.index("[")] if "[" in text else text
            ref = self._resolver.value(path, fact.scope, base)
            if ref is None:
                continue
            if ref.kind is RefKind.CLASS:
                found.extend(self.ancestors(ref.path, ref.index, depth + 1) if depth < _MAX_DEPTH else [ref])
            elif ref.kind is RefKind.EXTERNAL or ref.kind is RefKind.EXTERNAL_INSTANCE:
                found.extend(Ref(RefKind.EXTERNAL, name) for name in external_bases(ref.name))
        last = {(ref.path, ref.index, ref.name): position for position, ref in enumerate(found)}
        found = [own] + [ref for position, ref in enumerate(found) if last[ref.path, ref.index, ref.name] == position and ref.function != key]
        self._ancestors[key] = found = found[:_MOST_ANCESTORS]
        return found

    def super_of(self, path: str, function: int) -> Ref | None:
        """What ``super()`` stands for in a function: an instance of the next class; None outside of methods."""
        module = self._resolver.modules[path]
        while function > 0 and module.functions[function].owner < 0:
            function = module.functions[function].scope
        parents = self.ancestors(path, module.functions[function].owner)[1:] if function > 0 else []
        if not parents:
            return None
        first = parents[0]
        return Ref(RefKind.INSTANCE, first.name, first.path, first.index) if first.kind is RefKind.CLASS else Ref(RefKind.EXTERNAL_INSTANCE, first.name)

    def external_names(self, ref: Ref) -> list[str]:
        """The library classes that a class or an instance derives from, itself included if it is one; none for functions and modules."""
        if ref.is_external:
            return external_bases(ref.name)
        if ref.kind not in (RefKind.CLASS, RefKind.INSTANCE):
            return []
        return [base.name for base in self.ancestors(ref.path, ref.index) if base.kind is RefKind.EXTERNAL]

    def derives(self, ref: Ref, name: str) -> bool:
        """Whether it is, or derives from, the library class `name`."""
        return name in self.external_names(ref)

    def subclasses(self, path: str, index: int) -> list[Ref]:
        """The classes of the project that derive from this one, directly or not."""
        if self._subclasses is None:
            table: dict[tuple[str, int], list[Ref]] = {}
            for module in self._resolver.modules.values():
                for number, fact in enumerate(module.classes):
                    for base in self.ancestors(module.path, number)[1:]:
                        if base.kind is RefKind.CLASS:
                            table.setdefault(base.function, []).append(Ref(RefKind.CLASS, fact.name, module.path, number))
            self._subclasses = table
        return self._subclasses.get((path, index), [])

    def members(self, path: str, index: int) -> tuple[dict[str, int], dict[str, Attribute]]:
        """Methods (function indexes) and attributes by name, defined by the class itself."""
        key = (path, index)
        found = self._members.get(key)
        if found is None:
            module = self._resolver.modules[path]
            fact = module.classes[index]
            methods = {module.functions[number].name.rpartition(".")[2]: number for number in fact.methods}
            attributes: dict[str, Attribute] = {}
            for attribute in fact.attributes:
                known = attributes.get(attribute.name)
                if known is None or known.value in ("None", "") or (attribute.annotation and not known.annotation):
                    attributes[attribute.name] = attribute
            found = self._members[key] = (methods, attributes)
        return found

    def find(self, ref: Ref, name: str) -> tuple[Ref, int | Attribute] | None:
        """The nearest definition of a member: the defining class and the method's index or the attribute; None if no class of the project has it."""
        for base, methods, attributes in self._line(ref.path, ref.index):
            if name in methods:
                return base, methods[name]
            if name in attributes:
                return base, attributes[name]
        return None

    def line(self, ref: Ref) -> list[_Defining]:
        """The class and its bases in the project, nearest first, each with its methods and attributes."""
        return self._line(ref.path, ref.index)

    def _line(self, path: str, index: int) -> list[_Defining]:
        """The class and its bases in the project, each with its members. Made anew while the bases are still being found."""
        key = (path, index)
        ancestors = self.ancestors(path, index)
        kept = self._lines.get(key)
        if kept is None or kept[0] is not ancestors:
            line = [(base, *self.members(base.path, base.index)) for base in ancestors if base.kind is RefKind.CLASS]
            kept = self._lines[key] = ancestors, line
        return kept[1]

    def attribute(self, ref: Ref, name: str) -> Ref | None:
        """What an attribute of a class or instance of the project refers to; a member inherited from a library is external."""
        found = self.find(ref, name)
        if found is not None:
            owner, member = found
            if isinstance(member, int):
                return self._method(ref, owner, member)
            return self._held(ref, owner, member)
        if name == "__class__":
            return Ref(RefKind.CLASS, ref.name, ref.path, ref.index)
        for base in self.ancestors(ref.path, ref.index):
            if base.kind is RefKind.EXTERNAL and base.name not in ("object", "abc.ABC", "typing.Generic", "typing.Protocol"):
                for ancestor in external_bases(base.name):
                    held = attribute_class(f"{ancestor}.{name}")
                    if held is not None:
                        model = Ref(RefKind.CLASS, ref.name, ref.path, ref.index)
                        return Ref(RefKind.EXTERNAL_INSTANCE, held, origin=ref.origin, item=model)
                return Ref(RefKind.EXTERNAL, f"{self._library_owner(ref)}.{name}", origin=ref.origin, receiver=ref)
        return None

    def _library_owner(self, ref: Ref) -> str:
        names = self.external_names(ref)
        for wanted in ("django.db.models.Model", "django.db.models.QuerySet", "django.db.models.Manager", "celery.Task"):
            if wanted in names:
                return wanted
        return names[0]

    def _method(self, ref: Ref, owner: Ref, index: int) -> Ref | None:
        module = self._resolver.modules[owner.path]
        head = module.functions[index]
        bound = Ref(RefKind.FUNCTION, head.name, owner.path, index, origin=ref.origin, receiver=ref)
        for decorator in head.decorators:
            target = self._resolver.decorator(owner.path, head.scope, decorator)
            if (target is not None and target.name in _PROPERTIES) or decorator in _PROPERTIES:
                return self._resolver.called(bound, None)
        return bound

    def _held(self, ref: Ref, owner: Ref, attribute: Attribute) -> Ref | None:
        found = None
        if attribute.annotation:
            found = instance_of(self._resolver, owner.path, attribute.function, attribute.annotation)
        if attribute.value and attribute.value != "None":
            made = self._resolver.value(owner.path, attribute.function, attribute.value)
            if found is None or (made is not None and made.name == found.name):
                found = made
        if found is not None and found.item is None and attribute.name.endswith("objects") and self.derives(found, "django.db.models.Manager"):
            model = Ref(RefKind.CLASS, ref.name, ref.path, ref.index)
            return Ref(found.kind, found.name, found.path, found.index, found.origin, model)
        return found
