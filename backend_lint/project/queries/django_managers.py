"""Which managers a Django model has, and whose methods they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.project.libraries import external_bases
from backend_lint.project.libraries.django_models import manager_of
from backend_lint.project.queries.django_frames import Chain, ChainStep
from backend_lint.project.queries.django_names import MANAGER, MODEL, QUERYSET
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project.queries.django_chains import DjangoChains

_BUILT_IN = frozenset({"objects", "_default_manager", "_base_manager"})
_MAX_DEPTH = 8


class Managers:
    """Answers for one project."""

    def __init__(self, chains: DjangoChains) -> None:
        self.chains = chains
        self.resolver = chains.resolver
        self.modules = chains.modules
        self._named: dict[tuple[ClassKey, str], Chain | None] = {}
        self._default: dict[ClassKey, Chain] = {}
        self._models: dict[ClassKey, bool] = {}
        self._users: dict[ClassKey, list[Chain]] | None = None
        self._orders: dict[ClassKey, list[ClassKey]] = {}
        self._declared: dict[ClassKey, list[str]] = {}

    def is_model(self, key: ClassKey) -> bool:
        """Whether a class is a Django model."""
        found = self._models.get(key)
        if found is None:
            if key in self.chains.mapped:
                found = True
            else:
                found = self.resolver.classes.derives(Ref(RefKind.CLASS, "", *key), MODEL) if key[0] in self.modules else False
            self._models[key] = found
        return found

    def named(self, model: ClassKey, name: str) -> Chain | None:
        """The manager `name` of a model before its ``get_queryset``; None if it has none."""
        if name == "_default_manager":
            return self.default(model)
        if name == "_base_manager":
            return Chain(model)
        asked = model, name
        if asked not in self._named:
            self._named[asked] = self._find(model, name)
        return self._named[asked]

    def _find(self, model: ClassKey, name: str) -> Chain | None:
        if model[0] not in self.modules:
            return Chain(model) if name in _BUILT_IN else None
        for base in self.resolver.classes.ancestors(*model):
            if base.kind is RefKind.CLASS:
                attribute = self.resolver.classes.members(base.path, base.index)[1].get(name)
                if attribute is not None:
                    classes = self.made(base.path, attribute.function, attribute.value)
                    if classes is None and name in _BUILT_IN and attribute.value[:1] == "#":
                        return Chain(model, complete=False)
                    return Chain(model, classes=classes) if classes is not None else None
                if name in self.resolver.classes.members(base.path, base.index)[0]:
                    return None
            elif (brought := manager_of(base.name, name)) is not None:
                return self._brought(model, *brought)
            elif any(one == MODEL for one in external_bases(base.name)) and name in _BUILT_IN:
                return Chain(model)
        return Chain(model) if name in _BUILT_IN and model in self.chains.mapped else None

    def _brought(self, model: ClassKey, lookup: str, value: str) -> Chain:
        """The manager of a library's model class."""
        if not lookup:
            return Chain(model)
        frame = self.chains.frame(model[0], self.modules[model[0]].classes[model[1]].scope)
        return Chain(model).then(ChainStep("filter", (), ((lookup, value),), frame.path, frame.function, -1, frame))

    def default(self, model: ClassKey) -> Chain:
        """The manager that related objects and generic views use."""
        found = self._default.get(model)
        if found is None:
            found = self._default[model] = self._find_default(model)
        return found

    def _find_default(self, model: ClassKey) -> Chain:
        if model[0] not in self.modules:
            return Chain(model)
        for base in self.resolver.classes.ancestors(*model):
            if base.kind is not RefKind.CLASS:
                continue
            module = self.modules[base.path]
            head = module.classes[base.index]
            number = module.definitions[1].get(f"{head.name}.Meta")
            for attribute in module.classes[number].attributes if number is not None else ():
                if attribute.name == "default_manager_name" and (name := constant_string(attribute.value)):
                    return self.named(model, name) or Chain(model)
            for attribute in sorted(head.attributes, key=lambda one: one.line):
                if attribute.value[:1] == "#" and (classes := self.made(base.path, attribute.function, attribute.value)) is not None:
                    return Chain(model, classes=classes)
        return Chain(model)

    # -- classes -----------------------------------------------------------------------------------

    def made(self, path: str, function: int, text: str) -> tuple[ClassKey, ...] | None:
        """The classes of a manager that a value makes: ``BookManager()``, ``BookQuerySet.as_manager()``; None if it makes none."""
        if text[:1] != "#" or not text[1:].isdigit():
            return None
        call = self.modules[path].bodies[function].calls[int(text[1:])]
        callee = call.callee
        inner = next((value for key, value in call.keywords if key == "_manager_class"), "")
        if inner:
            return self.of_class(path, function, inner)
        if callee.endswith(".as_manager"):
            text = callee[: -len(".as_manager")]
            ref = self.resolver.value(path, function, text)
            known = self.of_class(path, function, text)
            return known if known is not None or ref is None or ref.kind is not RefKind.CLASS else (ref.function,)
        if callee.rpartition(".")[2].endswith(("Field", "Key", "GenericRelation", "Q", "Index", "Constraint")):
            return None
        return self.of_class(path, function, callee)

    def of_class(self, path: str, function: int, text: str, depth: int = 0) -> tuple[ClassKey, ...] | None:
        """The project's classes behind a manager or queryset class; None if the value is no such class."""
        if depth > _MAX_DEPTH:
            return None
        if text[:1] == "#" and text[1:].isdigit():
            call = self.modules[path].bodies[function].calls[int(text[1:])]
            base, _, method = call.callee.rpartition(".")
            if method != "from_queryset" or not call.args:
                return None
            return (*(self.of_class(path, function, base, depth + 1) or ()), *(self.of_class(path, function, call.args[0], depth + 1) or ()))
        ref = self.resolver.value(path, function, text)
        if ref is None:
            return self._assigned(path, text, depth)
        if ref.kind is RefKind.CLASS:
            order = self.order(ref.function)
            return (ref.function, *order[1:]) if self.is_manager(ref) else None
        if ref.kind in (RefKind.EXTERNAL, RefKind.EXTERNAL_INSTANCE):
            if ref.name.endswith(".from_queryset()"):
                return self._assigned(path, text, depth)
            return () if self._is_external_manager(ref.name) else None
        return None

    def _assigned(self, path: str, text: str, depth: int) -> tuple[ClassKey, ...] | None:
        """A name on module level that ``from_queryset`` was assigned to, here or where it is imported from."""
        from backend_lint.project.web.values import Place, Values

        if text[:1] in ("#", "%"):
            return None  # calls and locals are numbered and named in their own function
        place = Values(self.resolver).follow(Place(path, 0, text))
        return self.of_class(place.path, place.function, place.text, depth + 1) if place.text != text and place.text[:1] == "#" else None

    def is_manager(self, ref: Ref) -> bool:
        """Whether a class of the project is a manager or a queryset."""
        names = self.resolver.classes.external_names(ref)
        if MANAGER in names or QUERYSET in names or any(self._is_external_manager(name) for name in names):
            return True
        return any("from_queryset" in self._callee(key, text) for key in self._project_order(ref.function) for text in self._bases(key) if text[:1] == "#")

    @staticmethod
    def _is_external_manager(name: str) -> bool:
        bases = external_bases(name)
        return MANAGER in bases or QUERYSET in bases or name.rpartition(".")[2].endswith(("Manager", "QuerySet", "Queryset"))

    def _bases(self, key: ClassKey) -> tuple[str, ...]:
        return self.modules[key[0]].classes[key[1]].bases

    def _callee(self, key: ClassKey, text: str) -> str:
        module = self.modules[key[0]]
        return module.bodies[module.classes[key[1]].scope].calls[int(text[1:])].callee if text[1:].isdigit() else ""

    def _project_order(self, key: ClassKey) -> list[ClassKey]:
        return [base.function for base in self.resolver.classes.ancestors(*key) if base.kind is RefKind.CLASS]

    def order(self, key: ClassKey) -> list[ClassKey]:
        """The project's classes in which a method of a manager class is looked for, nearest first; with those of ``from_queryset`` among the bases."""
        found = self._orders.get(key)
        if found is None:
            self._orders[key] = [key]
            found = []
            for one in self._project_order(key):
                found.append(one)
                scope = self.modules[one[0]].classes[one[1]].scope
                for text in self._bases(one):
                    if text[:1] == "#" or self.resolver.value(one[0], scope, text) is None:
                        found.extend(extra for extra in self.of_class(one[0], scope, text) or () if extra not in found)
            self._orders[key] = found
        return found

    def method(self, classes: tuple[ClassKey, ...], name: str, after: ClassKey | None = None) -> tuple[ClassKey, int] | None:
        """The class that defines a method, and the method's function; with `after`, what ``super()`` means in that class."""
        waiting = after is not None
        for key in classes:
            if waiting:
                waiting = key != after
                continue
            index = self.resolver.classes.members(*key)[0].get(name)
            if index is not None:
                return key, index
        return None

    def attribute_class(self, classes: tuple[ClassKey, ...], name: str) -> tuple[ClassKey, ...]:
        """The queryset class that an attribute of a manager class names."""
        for key in classes:
            attribute = self.resolver.classes.members(*key)[1].get(name)
            if attribute is not None:
                return self.of_class(key[0], attribute.function, attribute.value) or ()
        return ()

    def users(self, key: ClassKey) -> list[Chain]:
        """The managers, before their ``get_queryset``, that have the methods of a class: one for each model and name."""
        if self._users is None:
            self._users = {}
            for model, mapped in sorted(self.chains.mapped.items()):
                if mapped.abstract or model[0] not in self.modules:
                    continue
                for name in self._names(model):
                    chain = self.named(model, name)
                    for one in chain.classes if chain is not None else ():
                        known = self._users.setdefault(one, [])
                        if chain is not None and chain not in known:
                            known.append(chain)
        return self._users.get(key, [])

    def _names(self, model: ClassKey) -> dict[str, None]:
        """Of all the managers that a model or a base of it declares."""
        bases = (base for base in self.resolver.classes.ancestors(*model) if base.kind is RefKind.CLASS)
        return dict.fromkeys(name for base in bases for name in self._declares(base.function))

    def _declares(self, key: ClassKey) -> list[str]:
        found = self._declared.get(key)
        if found is None:
            attributes = self.resolver.classes.members(*key)[1].items()
            found = self._declared[key] = [name for name, one in attributes if self.made(key[0], one.function, one.value) is not None]
        return found
