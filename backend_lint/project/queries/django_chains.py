"""Which queryset of Django's ORM a value stands for: its model and the calls that put it together, through locals, managers, relations, functions and views."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute, Call
from backend_lint.project.queries.django_alternatives import MOST_VARIANTS, distinct, is_queryset
from backend_lint.project.queries.django_frames import Chain, ChainStep, Frame, handed_in, looks_like_a_queryset
from backend_lint.project.queries.django_managers import Managers
from backend_lint.project.queries.django_names import (
    ENDING,
    ENDING_ASYNC,
    FILTER_BACKENDS,
    MANAGER,
    PAGES,
    QUERYSET,
    REFINING,
    RELATED,
    SAME,
    SLICE,
    WRAPPERS,
)
from backend_lint.project.queries.django_operations import operands, united
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey, Mapped
from backend_lint.project.value_text import parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.queries.django_objects import Objects

__all__ = ["Chain", "ChainStep", "DjangoChains", "Frame"]

_MAX_DEPTH = 6
"""Functions entered one from the other."""
_MAX_NESTING = 60
_MOST_CALLERS = 4
_MOST_VALUES, _FEW_VALUES, _MOST_COSTLY = 1000, 250, 20
"""Values read to answer one question, and once so many questions took all of that. The largest applications need some two hundred."""
_NO_QUERYSETS = ("get_", "is_", "has_", "to_", "create_", "add_", "bulk_", "update_", "delete_")  # how methods of libraries begin that give none


class DjangoChains:
    """Answers for one project; they are kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.resolver = project.resolver
        self.modules = project.modules
        self.managers = Managers(self)
        self._frames: dict[tuple[str, int], Frame] = {}
        self._memo: dict[tuple[Frame, str], tuple[Chain, ...]] = {}
        self._active: set[tuple[str, int, str, int]] = set()
        self._left = self._costly = 0

    @functools.cached_property
    def mapped(self) -> Mapping[ClassKey, Mapped]:
        """The project's Django models, and those of libraries (see `django_library`)."""
        from backend_lint.project.queries.django_library import with_library

        return with_library(self.project)

    @functools.cached_property
    def objects(self) -> Objects:
        """Which instances and model classes values stand for."""
        from backend_lint.project.queries.django_objects import Objects

        return Objects(self)

    # -- questions ---------------------------------------------------------------------------------

    def of(self, path: str, function: int, text: str) -> tuple[Chain, ...]:
        """The querysets that a value may be, rows of it included (a slice, a list of it, an iterator); empty if it is none, or unknown."""
        return tuple(chain for chain in self.evaluate(self.frame(path, function), text) if is_queryset(chain))

    def ended(self, path: str, function: int, call: int) -> tuple[Chain, ...]:
        """The chains that a call ends, with the call as last step: ``get``, ``count``, ``update`` ...; empty if it ends none."""
        frame = self.frame(path, function)
        fact = self.modules[path].bodies[function].calls[call]
        base, _, name = fact.callee.rpartition(".")
        method = ENDING_ASYNC.get(name, name)
        if method not in ENDING or not base:
            return ()
        step = ChainStep(method, fact.args, fact.keywords, path, function, call, frame)
        return tuple(chain.then(step) for chain in self.evaluate(frame, base) if self.managers.method(chain.classes, name) is None)

    def instance(self, path: str, function: int, text: str) -> ClassKey | None:
        """The model that a value is an instance of: a row of a chain, what ``get`` gives, a related object; None if unknown."""
        return self.objects.instance(self.frame(path, function), text)

    def frame(self, path: str, function: int) -> Frame:
        """A function that nobody entered."""
        key = path, function
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = Frame(path, function)
        return found

    # -- values ------------------------------------------------------------------------------------

    def evaluate(self, frame: Frame, text: str) -> tuple[Chain, ...]:
        """The querysets that a value of an entered function may be."""
        key = frame, text
        found = self._memo.get(key)
        if found is None:
            active = frame.path, frame.function, text, frame.depth
            if active in self._active or len(self._active) > _MAX_NESTING:
                return ()
            if not self._active:
                self._left = _MOST_VALUES if self._costly < _MOST_COSTLY else _FEW_VALUES
            self._left -= 1
            if self._left < 0:
                self._costly += self._left == -1
                return ()
            self._active.add(active)
            try:
                found = distinct(self._value(frame, text))
            finally:
                self._active.discard(active)
            self._memo[key] = found
        return found

    def _value(self, frame: Frame, text: str) -> list[Chain]:
        if text[:1] == "(":
            combined = self._combined(frame, text)
            if combined is not None:
                return combined
        parsed = parse(text)
        if parsed is None:
            return []
        steps = parsed.steps
        if not steps:
            if parsed.root[0] == "#":
                return self._called(frame, int(parsed.root[1:]))
            return self._named(frame, parsed.root)
        last = steps[-1]
        base = text[: -len(last)]
        if last[0] == "[":
            if ":" not in last or last[1:2] in "'\"":
                return []
            return [chain.then(ChainStep(SLICE, (last,), (), frame.path, frame.function, -1, frame)) for chain in self.evaluate(frame, base)]
        if last[0] == "(":
            if len(steps) == 1 and parsed.root in WRAPPERS:
                arguments = split(last[1:-1])
                return list(self.evaluate(frame, arguments[-1 if parsed.root == "filter" else 0])) if arguments else []
            return []
        return self.attribute(frame, base, last[1:])

    def _combined(self, frame: Frame, text: str) -> list[Chain] | None:
        """``a | b`` and ``a & b`` of querysets: the first, with the others as a step; None if the value is something else."""
        options = united(text)
        if len(options) > 1:
            return [chain for option in options for chain in self.evaluate(frame, option)]
        for sign, method in (("||", "__or__"), ("&", "__and__")):
            parts = operands(text, sign)
            if len(parts) > 1:
                step = ChainStep(method, tuple(parts[1:]), (), frame.path, frame.function, -1, frame)
                return [chain.then(step) for chain in self.evaluate(frame, parts[0])]
        return None

    def _named(self, frame: Frame, name: str) -> list[Chain]:
        module = self.modules[frame.path]
        if name[0] != "%":
            from backend_lint.project.web.values import Place

            place = self.objects.values.follow(Place(frame.path, frame.function, name))
            return list(self.evaluate(self.frame(place.path, place.function), place.text)) if place.text != name else []
        parameters = [parameter.name for parameter in module.functions[frame.function].parameters]
        if name[1:] in parameters:
            found = self._parameter(frame, name[1:], parameters.index(name[1:]))
            if found:
                return found
        found = []
        for assign in module.assigns_to(frame.function, name)[:MOST_VARIANTS]:
            if assign.value not in (name, "?", ""):
                found += self.evaluate(frame, assign.value)
        scope = module.functions[frame.function].scope
        if not found and scope > 0 and name[1:] not in parameters:
            caller = frame.caller
            is_outer = caller is not None and (caller.path, caller.function) == (frame.path, scope)
            return list(self.evaluate(caller if caller is not None and is_outer else self.frame(frame.path, scope), name))
        return found

    def _parameter(self, frame: Frame, name: str, position: int) -> list[Chain]:
        module = self.modules[frame.path]
        if position == 0:
            receiver = frame.receiver or self._receiver(frame)
            if receiver:
                return list(receiver)
        given = handed_in(frame, module, name)
        if given is not None:
            return list(self.evaluate(*given))
        if frame.caller is not None:
            return []
        found = self.objects.handed_by_framework(frame, name) or self._annotated(frame, name)
        return found or (self._from_callers(frame, name) if looks_like_a_queryset(self.modules[frame.path].bodies[frame.function], name) else [])

    def _receiver(self, frame: Frame) -> tuple[Chain, ...]:
        """What ``self`` is in a method of a manager or queryset that nobody entered: the chains of the models that use it."""
        head = self.modules[frame.path].functions[frame.function]
        if head.owner < 0 or "staticmethod" in head.decorators:
            return ()
        key = frame.path, head.owner
        users = self.managers.users(key)
        if head.name.endswith(".get_queryset"):
            return tuple(users[:_MOST_CALLERS])
        return tuple(chain for user in users[:_MOST_CALLERS] for chain in self.expanded(user))

    def _annotated(self, frame: Frame, name: str) -> list[Chain]:
        ref = self.resolver.value(frame.path, frame.function, "%" + name)
        if ref is None or ref.item is None or ref.item.kind not in (RefKind.CLASS, RefKind.INSTANCE):
            return []
        if ref.name in (QUERYSET, MANAGER) or (ref.kind is RefKind.INSTANCE and self.managers.is_manager(ref)):
            return [Chain(ref.item.function, (), False)] if self.managers.is_model(ref.item.function) else []
        return []

    def _from_callers(self, frame: Frame, name: str) -> list[Chain]:
        found: list[Chain] = []
        if frame.depth >= 2:
            return []
        for number, (path, function, call) in enumerate(self.objects.callers(frame)):
            if number >= _MOST_CALLERS:
                return []
            caller = Frame(path, function, depth=frame.depth + 1) if frame.depth else self.frame(path, function)
            given = handed_in(Frame(frame.path, frame.function, caller=caller, call=call, bound=self.objects.is_bound(frame)), self.modules[frame.path], name)
            chains = self.evaluate(*given) if given is not None else ()
            if not chains:
                return []
            found += chains
        return found if len({chain.model for chain in found}) == 1 else []

    # -- attributes --------------------------------------------------------------------------------

    def attribute(self, frame: Frame, base: str, name: str) -> list[Chain]:
        """The querysets that ``base.name`` may be: a manager of a model, a related manager of an instance, an attribute of a view."""
        if base.endswith("._meta") and name in ("default_manager", "base_manager"):
            base, name = base[: -len("._meta")], f"_{name}"
        model = self.objects.model(frame, base, name.endswith(("objects", "manager")))
        if model is not None:
            chain = self.managers.named(model, name)
            if chain is not None:
                return list(self.expanded(chain))
        owner = self.objects.instance(frame, base) or self.objects.accessors.owner(base, name)
        if owner is not None:
            mapped = self.mapped.get(owner)
            relation = mapped.relationships.get(name) if mapped is not None else None
            if relation is not None:
                if not relation.many or relation.target is None:
                    return []
                step = ChainStep(RELATED, (base,), (), frame.path, frame.function, -1, frame, (owner, name))
                default = self.managers.default(relation.target)
                return [chain._replace(steps=(step, *chain.steps)) for chain in self.expanded(default)]
            return self._member(frame, Ref(RefKind.INSTANCE, "", *owner), name) if owner[0] in self.modules else []
        ref = self.objects.holder(frame, base)
        if ref is not None:
            return self._member(frame, ref, name) or self.objects.provided(ref, name)
        ref = self.resolver.value(frame.path, frame.function, base)
        if ref is not None and ref.kind is RefKind.MODULE and ref.path in self.modules:
            return list(self.evaluate(self.frame(ref.path, 0), name))
        if name == "object_list" and base:
            return list(self.evaluate(frame, base))
        return []

    def _member(self, frame: Frame, ref: Ref, name: str) -> list[Chain]:
        """An attribute or property of an object of a class of the project."""
        member = self.resolver.classes.find(ref, name)
        if member is None:
            return []
        owner, found = member
        if isinstance(found, int):
            head = self.modules[owner.path].functions[found]
            if head.decorators and any(decorator.rpartition(".")[2] in ("property", "cached_property") for decorator in head.decorators):
                return self.entered(frame, None, (owner.path, found), ref.function)
            return []
        return self._held(owner, found, ref.function)

    def _held(self, owner: Ref, attribute: Attribute, concrete: ClassKey) -> list[Chain]:
        if not attribute.value or attribute.value == "None":
            return []
        head = self.modules[owner.path].functions[attribute.function]
        inside = head.owner == owner.index and attribute.function > 0
        frame = Frame(owner.path, attribute.function, concrete) if inside else self.frame(owner.path, attribute.function)
        return list(self.evaluate(frame, attribute.value))

    # -- calls -------------------------------------------------------------------------------------

    def _called(self, frame: Frame, number: int) -> list[Chain]:
        call = self.modules[frame.path].bodies[frame.function].calls[number]
        base, _, method = call.callee.rpartition(".")
        if base == "super()":
            return self._super(frame, number, call, method)
        return (self._method(frame, number, call, base, method) if base else []) or self._function(frame, number, call, base, method)

    def step(self, frame: Frame, number: int, call: Call, method: str) -> ChainStep:
        """A call as a step of a chain."""
        return ChainStep(method, call.args, call.keywords, frame.path, frame.function, number, frame)

    def _method(self, frame: Frame, number: int, call: Call, base: str, method: str) -> list[Chain]:
        chains = self.evaluate(frame, base) if base[0] not in "'\"" else ()
        found: list[Chain] = []
        for chain in chains:
            custom = self.managers.method(chain.classes, method)
            if custom is not None and method != "get_queryset":
                found += self.entered(frame, call, (custom[0][0], custom[1]), None, (chain,))
            elif method in SAME or (method in PAGES and chain.steps and chain.steps[-1].method == SLICE):
                found.append(chain)
            elif method in REFINING:
                found.append(chain.then(self.step(frame, number, call, method)))
            elif method.lower().replace("_", "").endswith("querysetclass"):
                made = self.managers.attribute_class(chain.classes, method)
                found.append(Chain(chain.model, classes=(*made, *chain.classes)))
            elif ENDING_ASYNC.get(method, method) in ENDING or method.startswith(_NO_QUERYSETS):
                return []
            else:
                found.append(chain.then(self.step(frame, number, call, method), complete=False))
        return found

    def _super(self, frame: Frame, number: int, call: Call, method: str) -> list[Chain]:
        module = self.modules[frame.path]
        function = frame.function
        while function > 0 and module.functions[function].owner < 0:
            function = module.functions[function].scope
        defining = (frame.path, module.functions[function].owner)
        receiver = frame.receiver or self._receiver(frame)
        if receiver:
            found: list[Chain] = []
            for chain in receiver:
                custom = self.managers.method(chain.classes, method, defining)
                if custom is not None:
                    found += self.entered(frame, call, (custom[0][0], custom[1]), None, (chain,))
                elif method in REFINING:
                    found.append(chain if method in SAME else chain.then(self.step(frame, number, call, method)))
            return found
        return self.objects.super_call(frame, number, call, defining, method)

    def _function(self, frame: Frame, number: int, call: Call, base: str, method: str) -> list[Chain]:
        """A call of a function, a method of a view, a queryset's class, a paginator ..."""
        first = call.args[0] if call.args else ""
        if method == FILTER_BACKENDS and first:
            step = self.step(frame, number, call, method)
            ref = self.objects.holder(frame, base) if base else None
            if ref is None or self.resolver.classes.find(ref, method) is None:
                return [chain.then(step) for chain in self.evaluate(frame, first)]
        if method in ("copy", "deepcopy", "paginate_queryset", "get_list_or_404", "aget_list_or_404", "chain") and first:
            return self.objects.passed_on(frame, number, call, method)
        if method.endswith("Paginator") and (call.args or call.keywords):
            return self.objects.paginated(frame, number, call)
        if method[:1].isupper() or method == "__class__":
            classes = self.managers.of_class(frame.path, frame.function, call.callee)
            if classes is not None:
                given = first or next((value for key, value in call.keywords if key == "model"), "")
                model = self.objects.model(frame, given) if given else None
                return [Chain(model, classes=classes)] if model is not None else []
            return []
        ref = self.objects.holder(frame, base) if base else None
        if ref is not None:
            member = self.resolver.classes.find(ref, method)
            if member is None:
                return self.objects.provided(ref, method)
            if isinstance(member[1], int):
                return self.entered(frame, call, (member[0].path, member[1]), ref.function, bound=True)
            return []
        target = self.resolver.value(frame.path, frame.function, call.callee)
        if target is None or target.kind is not RefKind.FUNCTION:
            return []
        owner = target.receiver.function if target.receiver is not None and not target.receiver.is_external else None
        return self.entered(frame, call, target.function, owner, bound=target.receiver is not None)

    def expanded(self, chain: Chain) -> tuple[Chain, ...]:
        """A manager as its own ``get_queryset`` gives it."""
        custom = self.managers.method(chain.classes, "get_queryset")
        if custom is None:
            return (chain,)
        found = self.entered(self.frame(custom[0][0], 0), None, (custom[0][0], custom[1]), None, (chain,))
        kept = tuple(one._replace(classes=tuple(dict.fromkeys((*chain.classes, *one.classes)))) for one in found if one.model == chain.model)
        return kept or (chain._replace(complete=False),)

    def entered(
        self,
        frame: Frame,
        call: Call | None,
        target: tuple[str, int],
        owner: ClassKey | None,
        receiver: tuple[Chain, ...] = (),
        bound: bool | None = None,
    ) -> list[Chain]:
        """What a function of the project returns, entered by `call`."""
        if frame.depth >= _MAX_DEPTH:
            return []
        module = self.modules[target[0]]
        head = module.functions[target[1]]
        if head.is_generator or head.name.endswith(".__init__"):
            return []
        is_bound = bound if bound is not None else "staticmethod" not in head.decorators
        inner = Frame(target[0], target[1], owner, receiver, frame, call, is_bound and head.owner >= 0, frame.depth + 1)
        returned = [one.value for one in module.bodies[target[1]].returns if one.value and one.value not in ("None", "?")]
        return [chain for value in returned[:MOST_VARIANTS] for chain in self.evaluate(inner, value)]
