"""What stands around querysets of Django's ORM: model classes and instances, views, forms, serializers and the querysets that they hold."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.libraries.django_models import canonical_model
from backend_lint.project.queries.django_accessors import Accessors
from backend_lint.project.queries.django_frames import Chain, ChainStep, Frame, handed_in
from backend_lint.project.queries.django_library import LIBRARY
from backend_lint.project.queries.django_names import ENDING_ASYNC, GIVES_ONE, GIVES_PAIR, SHORTCUTS, SLICE
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import alternatives, constant_string, parse, split
from backend_lint.project.web.values import Place, Values

if TYPE_CHECKING:
    from backend_lint.project.queries.django_chains import DjangoChains
    from backend_lint.project.queries.django_holders import Holders

_QUERYSETS = frozenset({"get_queryset", "queryset", "object_list", "get_base_queryset"})
_MAX_DEPTH = 40
_MOST_CALLERS = 4
_MOST_NAMED = 60
"""Of a name that is called more often nobody asks who calls it."""
_GIVEN_NAMES = frozenset({"queryset", "qs", "query_set"})
_INSTANCE_NAMES = frozenset({"instance", "obj", "object"})


class Objects:
    """Answers for one project."""

    def __init__(self, chains: DjangoChains) -> None:
        self.chains = chains
        self.project = chains.project
        self.resolver = chains.resolver
        self.modules = chains.modules
        self.managers = chains.managers
        self.values = Values(self.resolver)
        self._instances: dict[tuple[Frame, str], ClassKey | None] = {}
        self._depth = 0

    @functools.cached_property
    def holders(self) -> Holders:
        """Which model views, forms and serializers are about."""
        from backend_lint.project.queries.django_holders import Holders

        return Holders(self.chains)

    @functools.cached_property
    def accessors(self) -> Accessors:
        """Which models have which ``..._set``."""
        return Accessors(self.chains.mapped)

    # -- models and instances ----------------------------------------------------------------------

    def model(self, frame: Frame, text: str, handed: bool = False) -> ClassKey | None:
        """The model class that a value is. `handed`: of a parameter its callers are asked."""
        if not text or text[0] in "'\"[{?":
            return self._model_named(text, frame.path) if text[:1] in "'\"" else None
        for option in alternatives(text)[:1] if "|" not in text else alternatives(text):
            if (found := self._model(frame, option, handed)) is not None:
                return found
        return None

    def _model(self, frame: Frame, text: str, handed: bool) -> ClassKey | None:
        base, _, last = text.rpartition(".")
        if last in ("model", "__class__") and base:
            chains = self.chains.evaluate(frame, base)
            if chains:
                return chains[0].model
            if last == "__class__" or base.startswith("type("):
                return self.instance(frame, base)
            if (holder := self.holder(frame, base)) is not None and (held := self.holders.held_model(holder.function)) is not None:
                return held
        if text.startswith("type(") and text.endswith(")"):
            return self.instance(frame, text[5:-1])
        if text[0] == "%" and text[1:].isidentifier():
            given = handed_in(frame, self.modules[frame.path], text[1:])
            if given is not None:
                return self.model(*given)
        ref = self.resolver.value(frame.path, frame.function, text)
        if ref is not None and ref.kind is RefKind.CLASS:
            return self._concrete(frame, ref, text)
        if handed and ref is None and text[0] == "%" and frame.caller is None and frame.depth < 2:
            return self._handed_model(frame, text[1:])
        if ref is not None and ref.name == "django.contrib.auth.models.User":
            return self.user_model or self.library_model(ref.name)
        if ref is not None and ref.is_external and (found := self.library_model(ref.name)) is not None:
            return found
        if text[0] == "#" and text[1:].isdigit():
            return self._model_call(frame, int(text[1:]))
        place = self.values.follow(Place(frame.path, frame.function, text))
        if place.text != text and place.text[:1] == "#" and place.text[1:].isdigit():
            return self._model_call(self.chains.frame(place.path, place.function), int(place.text[1:]))
        return None

    def _handed_model(self, frame: Frame, name: str) -> ClassKey | None:
        """The model that all callers, which are few, hand in for a parameter."""
        module = self.modules[frame.path]
        if not any(parameter.name == name for parameter in module.functions[frame.function].parameters):
            return None
        found: set[ClassKey | None] = set()
        callers = self.callers(frame)
        for path, function, call in callers if len(callers) <= _MOST_CALLERS else ():
            caller = Frame(path, function, depth=frame.depth + 1)
            given = handed_in(Frame(frame.path, frame.function, caller=caller, call=call, bound=self.is_bound(frame)), module, name)
            found.add(self.model(*given) if given is not None else None)
        return found.pop() if len(found) == 1 else None

    def _concrete(self, frame: Frame, ref: Ref, text: str) -> ClassKey | None:
        if text == "%cls" and frame.owner is not None and self.managers.is_model(frame.owner):
            return frame.owner
        return ref.function if self.managers.is_model(ref.function) else None

    def _model_call(self, frame: Frame, number: int) -> ClassKey | None:
        """``get_user_model()``, ``apps.get_model("shop", "Order")``."""
        call = self.modules[frame.path].bodies[frame.function].calls[number]
        name = call.callee.rpartition(".")[2]
        if name == "get_user_model":
            return self.user_model
        if name in ("get_model", "get_registered_model", "load_model") and call.args:
            names = [constant_string(arg) for arg in call.args[:2]]
            return self._model_named(repr(".".join(one for one in names if one is not None)), frame.path) if None not in names else None
        return None

    def _model_named(self, text: str, importer: str) -> ClassKey | None:
        """``"shop.Order"``: application and class."""
        label, _, name = (constant_string(text) or "").rpartition(".")
        named = self._by_name.get(name.lower(), [])
        found = [key for key in named if not label or f"/{label.rpartition('.')[2]}/" in f"/{key[0].rpartition('/')[0]}/"] or named
        return found[0] if len(found) == 1 else None

    @functools.cached_property
    def _by_name(self) -> dict[str, list[ClassKey]]:
        table: dict[str, list[ClassKey]] = {}
        for key, mapped in self.chains.mapped.items():
            if not mapped.abstract:
                table.setdefault(mapped.name.rpartition(".")[2].lower(), []).append(key)
        return table

    @functools.cached_property
    def user_model(self) -> ClassKey | None:
        """``AUTH_USER_MODEL``; None if it lies outside of the project."""
        for path, module in self.modules.items():
            if module.role is not Role.TEST and module.names.get("AUTH_USER_MODEL", ("",))[0] == "assign":
                name = self.values.string(Place(path, 0, "AUTH_USER_MODEL"))
                if name and (found := self._model_named(repr(name), path)) is not None:
                    return found
        return self.library_model("django.contrib.auth.models.User")

    def library_model(self, name: str) -> ClassKey | None:
        """A model of a library by its dotted name."""
        key = canonical_model(name.removesuffix("()")), LIBRARY
        return key if key in self.chains.mapped else None

    def instance(self, frame: Frame, text: str) -> ClassKey | None:
        """The model that a value is an instance of."""
        if not text or text[0] in "'\"[{?":
            return None
        key = frame, text
        if key in self._instances:
            return self._instances[key]
        if self._depth > _MAX_DEPTH:
            return None
        self._instances[key] = None
        self._depth += 1
        try:
            found = next((one for option in alternatives(text) if (one := self._instance(frame, option)) is not None), None)
        finally:
            self._depth -= 1
        self._instances[key] = found
        return found

    def _instance(self, frame: Frame, text: str) -> ClassKey | None:
        parsed = parse(text)
        if parsed is None or parsed.root[0] in "([{":
            return None
        if not parsed.steps:
            if parsed.root[0] == "#":
                found = self._given(frame, int(parsed.root[1:]))
                return found if found is not None else self._resolved(frame, text)
            return self._named_instance(frame, parsed.root)
        last = parsed.steps[-1]
        base = text[: -len(last)]
        if last[0] == "[":
            if ":" in last and last[1:2] not in "'\"":
                return None
            if last == "[0]" and base[:1] == "#" and base[1:].isdigit() and (pair := self._given(frame, int(base[1:]), GIVES_PAIR)) is not None:
                return pair
            if parsed.root == "enumerate" and parsed.steps[1:] == ("[]", "[1]"):
                base = next(iter(split(parsed.steps[0][1:-1])), "")
            chains = self.chains.evaluate(frame, base)
            return chains[0].model if chains and not _gives_values(chains[0]) else None
        if last[0] == "(":
            inner = split(last[1:-1])
            if parsed.root == "next" and len(parsed.steps) == 1 and inner:
                chains = self.chains.evaluate(frame, inner[0])
                return chains[0].model if chains and not _gives_values(chains[0]) else None
            return None
        return self._attribute(frame, base, last[1:]) or self._resolved(frame, text)

    def _attribute(self, frame: Frame, base: str, name: str) -> ClassKey | None:
        owner = self.instance(frame, base)
        if owner is not None:
            mapped = self.chains.mapped.get(owner)
            relation = mapped.relationships.get(name) if mapped is not None else None
            return relation.target if relation is not None and not relation.many else None
        if name == "user" and base.rpartition(".")[2].lstrip("%") in ("request", "_request"):
            return self.user_model
        ref = self.holder(frame, base)
        if ref is None:
            return None
        if name in ("object", "instance") and self.resolver.classes.find(ref, name) is None:
            return self.holders.held_model(ref.function)
        member = self.resolver.classes.find(ref, name)
        if member is not None and not isinstance(member[1], int) and member[1].value and member[1].value != "None":
            attribute = member[1]
            head = self.modules[member[0].path].functions[attribute.function]
            inside = head.owner == member[0].index and attribute.function > 0
            inner = Frame(member[0].path, attribute.function, ref.function) if inside else self.chains.frame(member[0].path, attribute.function)
            return self.instance(inner, attribute.value)
        return None

    def _named_instance(self, frame: Frame, name: str) -> ClassKey | None:
        if name[0] == "%":
            module = self.modules[frame.path]
            parameters = module.functions[frame.function].parameters
            position = next((number for number, parameter in enumerate(parameters) if parameter.name == name[1:]), -1)
            if position == 0 and frame.owner is not None and module.functions[frame.function].owner >= 0:
                return frame.owner if self.managers.is_model(frame.owner) else None
            if position >= 0:
                given = handed_in(frame, module, name[1:])
                if given is not None and (found := self.instance(*given)) is not None:
                    return found
                if name[1:] in _INSTANCE_NAMES and (found := self._instance_handed(frame)) is not None:
                    return found
            for assign in module.assigns_to(frame.function, name)[:4]:
                if assign.value not in (name, "?", "") and (found := self.instance(frame, assign.value)) is not None:
                    return found
        return self._resolved(frame, name)

    def _resolved(self, frame: Frame, text: str) -> ClassKey | None:
        ref = self.resolver.value(frame.path, frame.function, text)
        if ref is None or ref.kind is not RefKind.INSTANCE:
            return None
        return ref.function if self.managers.is_model(ref.function) else None

    def _given(self, frame: Frame, number: int, methods: frozenset[str] = GIVES_ONE) -> ClassKey | None:
        """The model of the instance that a call gives: ``get``, ``get_object_or_404``, ``self.get_object()``, ``form.save()``."""
        call = self.modules[frame.path].bodies[frame.function].calls[number]
        base, _, name = call.callee.rpartition(".")
        if base and ENDING_ASYNC.get(name, name) in methods:
            chains = self.chains.evaluate(frame, base)
            return chains[0].model if chains and not _gives_values(chains[0]) else None
        if name in SHORTCUTS and call.args:
            model = self.model(frame, call.args[0])
            if model is None:
                chains = self.chains.evaluate(frame, call.args[0])
                model = chains[0].model if chains else None
            return model
        if name in ("get_object", "save") and base:
            ref = self.holder(frame, base)
            if ref is not None and (name == "save" or self.resolver.classes.find(ref, "get_object") is None):
                if name == "get_object":
                    chains = tuple(self.provided(ref, "get_queryset"))
                    return chains[0].model if chains else self.holders.held_model(ref.function)
                return self.holders.held_model(ref.function)
        return self.model(frame, call.callee) if name[:1].isupper() or name in ("cls", "%cls", "model") or call.callee == "%cls" else None

    def _instance_handed(self, frame: Frame) -> ClassKey | None:
        """``instance`` and ``obj`` of serializer methods, admin methods and signal receivers."""
        module = self.modules[frame.path]
        head = module.functions[frame.function]
        if head.owner >= 0:
            return self.holders.held_model(frame.owner or (frame.path, head.owner))
        for text in head.decorators:
            if text[:1] == "#" and text[1:].isdigit():
                call = module.bodies[head.scope].calls[int(text[1:])]
                if call.callee.rpartition(".")[2] == "receiver":
                    for key, value in call.keywords:
                        if key == "sender":
                            return self.model(self.chains.frame(frame.path, head.scope), value)
        return None

    # -- views, forms, serializers -----------------------------------------------------------------

    def holder(self, frame: Frame, text: str) -> Ref | None:
        """The object of a class of the project that is no model: a view, a form, a serializer."""
        if text[:1] == "%" and text[1:].isidentifier() and frame.owner is not None:
            parameters = self.modules[frame.path].functions[frame.function].parameters
            if parameters and parameters[0].name == text[1:]:
                return Ref(RefKind.INSTANCE, "", *frame.owner) if not self.managers.is_model(frame.owner) else None
        ref = self.resolver.value(frame.path, frame.function, text)
        if ref is None or ref.kind not in (RefKind.INSTANCE, RefKind.CLASS) or self.managers.is_model(ref.function):
            return None
        return ref

    def provided(self, ref: Ref, name: str) -> list[Chain]:
        """What a generic view's ``get_queryset()`` or ``queryset`` gives where the project's class does not define it."""
        if name not in _QUERYSETS:
            return []
        if name != "get_queryset" and (own := self.resolver.classes.find(ref, "get_queryset")) is not None and isinstance(own[1], int):
            return self.chains.entered(self.chains.frame(own[0].path, 0), None, (own[0].path, own[1]), ref.function)
        return self._declared(ref)

    def _declared(self, ref: Ref) -> list[Chain]:
        """The ``queryset``, else the default manager of the ``model``, of a class."""
        member = self.resolver.classes.find(ref, "queryset")
        if member is not None and not isinstance(member[1], int) and member[1].value not in ("", "None"):
            return list(self.chains.evaluate(self.chains.frame(member[0].path, member[1].function), member[1].value))
        model = self.holders.held_model(ref.function)
        return list(self.chains.expanded(self.managers.default(model))) if model is not None else []

    def super_call(self, frame: Frame, number: int, call: Call, defining: ClassKey, method: str) -> list[Chain]:
        """``super().get_queryset()`` of a view."""
        if defining[1] < 0:
            return []
        concrete = frame.owner or defining
        order = [base for base in self.resolver.classes.ancestors(*concrete) if base.kind is RefKind.CLASS]
        position = next((index for index, base in enumerate(order) if base.function == defining), len(order))
        for base in order[position + 1 :]:
            index = self.resolver.classes.members(base.path, base.index)[0].get(method)
            if index is not None:
                return self.chains.entered(frame, call, (base.path, index), concrete, bound=True)
        if method == "filter_queryset" and call.args:
            step = self.chains.step(frame, number, call, method)
            return [chain.then(step) for chain in self.chains.evaluate(frame, call.args[0])]
        return self._declared(Ref(RefKind.INSTANCE, "", *concrete)) if method in _QUERYSETS else []

    def handed_by_framework(self, frame: Frame, name: str) -> list[Chain]:
        """The queryset that django-filter, the admin and Django REST framework hand to a method."""
        head = self.modules[frame.path].functions[frame.function]
        if head.owner < 0 or name not in _GIVEN_NAMES:
            return []
        model = self.holders.held_model(frame.owner or (frame.path, head.owner))
        return list(self.chains.expanded(self.managers.default(model))) if model is not None else []

    # -- what passes querysets on ------------------------------------------------------------------

    def passed_on(self, frame: Frame, number: int, call: Call, method: str) -> list[Chain]:
        """``copy.copy(qs)``, ``self.paginate_queryset(qs)``, ``get_list_or_404(qs, ...)``, ``itertools.chain(a, b)``."""
        first = call.args[0]
        if method == "chain":
            return [chain for arg in call.args for chain in self.chains.evaluate(frame, arg.lstrip("*"))]
        if method in SHORTCUTS:
            model = self.model(frame, first)
            found = self.chains.expanded(self.managers.default(model)) if model is not None else self.chains.evaluate(frame, first)
            step = ChainStep("filter", call.args[1:], call.keywords, frame.path, frame.function, number, frame)
            return [chain.then(step) for chain in found]
        chains = self.chains.evaluate(frame, first)
        if method == "paginate_queryset":
            return [chain.then(ChainStep(SLICE, ("[?:?]",), (), frame.path, frame.function, number, frame)) for chain in chains]
        return list(chains)

    def paginated(self, frame: Frame, number: int, call: Call) -> list[Chain]:
        """``Paginator(qs, 20)``: one of its pages."""
        subject = call.args[0] if call.args else next((value for key, value in call.keywords if key == "object_list"), "")
        size = call.args[1] if len(call.args) > 1 else next((value for key, value in call.keywords if key == "per_page"), "?")
        step = ChainStep(SLICE, (f"[?:{size if size.isdigit() else '?'}]",), (), frame.path, frame.function, number, frame)
        return [chain.then(step) for chain in self.chains.evaluate(frame, subject)]

    def is_bound(self, frame: Frame) -> bool:
        """Whether the first parameter is the object that the method is called on."""
        head = self.modules[frame.path].functions[frame.function]
        return head.owner >= 0 and "staticmethod" not in head.decorators

    def callers(self, frame: Frame) -> list[tuple[str, int, Call]]:
        """The calls of a function outside of tests, found by name."""
        name = self.modules[frame.path].functions[frame.function].name.rpartition(".")[2]
        found: list[tuple[str, int, Call]] = []
        named = list(itertools.islice(self.values.calls_named(name), _MOST_NAMED + 1))
        for module, function, _, call in named if len(named) <= _MOST_NAMED else ():
            target = self.resolver.value(module.path, function, call.callee)
            if target is not None and target.kind is RefKind.FUNCTION and target.function == (frame.path, frame.function):
                found.append((module.path, function, call))
        return found


def _gives_values(chain: Chain) -> bool:
    return any(step.method in ("values", "values_list", "dates", "datetimes") for step in chain.steps)
