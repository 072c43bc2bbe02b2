"""FastAPI's dependencies: what ``Depends`` calls before a handler, with the dependencies of that."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.python import Call
from backend_lint.facts.route import Guard
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import alternatives, parse, split
from backend_lint.project.web.decorators import limit_of, needs, with_needs
from backend_lint.project.web.guards import Guards
from backend_lint.project.web.routing import Before
from backend_lint.project.web.values import MAX_DEPTH, Place, Values, argument, keyword

_DEPENDS = ("Depends", "Security")


class Dependencies:
    """Collects what runs before a function."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self._memo: dict[FunctionKey, Before] = {}

    def of_function(self, key: FunctionKey, depth: int = 0) -> Before:
        """Everything that the parameters of a function ask for, nested dependencies included."""
        if key in self._memo:
            return self._memo[key]
        self._memo[key] = found = Before()
        module = self.values.modules[key[0]]
        head = module.functions[key[1]]
        if depth < MAX_DEPTH:
            for parameter in head.parameters:
                for place in self._asked(Place(key[0], head.scope, parameter.default), Place(key[0], head.scope, parameter.annotation)):
                    found = found + self._of_call(place, parameter.annotation, head.scope, depth)
        self._memo[key] = found
        return found

    def providers(self, key: FunctionKey) -> list[tuple[str, FunctionKey]]:
        """The parameters of a function that are injected, each with the function that provides it."""
        head = self.values.modules[key[0]].functions[key[1]]
        found = []
        for parameter in head.parameters:
            for place in self._asked(Place(key[0], head.scope, parameter.default), Place(key[0], head.scope, parameter.annotation)):
                call = self.values.call(place)
                if call is not None and (given := argument(call, 0, "dependency")):
                    found += [(parameter.name, provider) for provider in self._keys(self.values.ref(Place(place.path, place.function, given)))]
        return found

    def all_providers(self, key: FunctionKey) -> set[FunctionKey]:
        """The functions that provide parameters of a function, those that provide theirs included."""
        found: set[FunctionKey] = set()
        pending = [key]
        while pending:
            for _, provider in self.providers(pending.pop()):
                if provider not in found:
                    found.add(provider)
                    pending.append(provider)
        return found

    def of_class(self, owner: tuple[str, int]) -> Before:
        """What the attributes and the ``__init__`` of a class-based handler ask for, those of its bases included."""
        found = Before()
        classes = self.values.resolver.classes
        for base in reversed(classes.ancestors(*owner)):
            if base.kind is not RefKind.CLASS:
                continue
            for attribute in self.values.modules[base.path].classes[base.index].attributes:
                for place in self._asked(Place(base.path, attribute.function, attribute.value), Place(base.path, attribute.function, attribute.annotation)):
                    found = found + self._of_call(place, attribute.annotation, attribute.function, 0)
        member = classes.find(Ref(RefKind.CLASS, "", *owner), "__init__")
        return found + self.of_function((member[0].path, member[1])) if member is not None and isinstance(member[1], int) else found

    def of_list(self, place: Place) -> Before:
        """The dependencies of a ``dependencies=[Depends(x)]``."""
        found = Before()
        for item in self.values.items(place) if place.text else ():
            made = self.depends(self.values.follow(item))
            if made is not None:
                found = found + self._of_call(made, "", place.function, 0)
        return found

    def depends(self, place: Place, depth: int = 0) -> Place | None:
        """The ``Depends(x)`` that a value is, or that the project's function behind it returns."""
        call = self.values.call(place)
        if call is None or depth > 3:
            return None
        if call.callee.rpartition(".")[2] in _DEPENDS:
            return place
        for returned in self._returned(place, call):
            if (found := self.depends(returned, depth + 1)) is not None:
                return found
        return None

    def _returned(self, place: Place, call: Call) -> Iterator[Place]:
        target = self.values.resolver.value(place.path, place.function, call.callee)
        if target is not None and target.kind is RefKind.FUNCTION:
            for returned in self.values.modules[target.path].bodies[target.index].returns:
                yield self.values.follow(Place(target.path, target.index, returned.value))

    def _asked(self, default: Place, annotation: Place) -> Iterator[Place]:
        if (made := self.depends(self.values.follow(default) if default.text else default)) is not None:
            yield made
        elif annotation.text:
            yield from self._annotated(annotation, 0)

    def _annotated(self, place: Place, depth: int) -> Iterator[Place]:
        for option in alternatives(place.text):
            parsed = parse(option)
            if parsed is None or option == "None" or depth > 4:
                continue
            if parsed.steps and parsed.steps[-1][0] == "[":
                base = option[: -len(parsed.steps[-1])].rpartition(".")[2]
                inner = parsed.steps[-1][1:-1]
                items = split(inner[1:-1] if inner[:1] == "[" and inner[-1:] == "]" else inner)
                if base == "Annotated":
                    for item in items[1:]:
                        made = self.depends(self.values.follow(place._replace(text=item)))
                        if made is not None:
                            yield made
                if base in ("Annotated", "Optional") and items:
                    yield from self._annotated(place._replace(text=items[0]), depth + 1)
                continue
            made = self.values.follow(place._replace(text=option), MAX_DEPTH - 3)
            if made.text != option and "Annotated[" in made.text:
                yield from self._annotated(made, depth + 1)

    def _of_call(self, place: Place, annotation: str, scope: int, depth: int) -> Before:
        call: Call | None = self.values.call(place)
        if call is None:
            return Before()
        text = argument(call, 0, "dependency") or annotation
        made = self.values.follow(Place(place.path, place.function, text))
        factory = self.values.call(made)
        limit = limit_of(self.values, made, factory.callee) if factory is not None else None
        if limit is not None:
            return Before(limits=(limit,))
        target = (
            self.values.ref(Place(place.path, place.function, text))
            if argument(call, 0, "dependency")
            else self.values.ref(Place(place.path, scope, annotation))
        )
        target = self._made_by_factory(Place(place.path, place.function, text)) or target
        named = self._named(place, text)
        guard = self.guards.of(target, named, (place.path, call.line))
        if guard.verifies and self._is_optional(Place(place.path, place.function, text)):
            guard = Guard(guard.name, None, guard.path, guard.line)
        scopes = tuple(self.values.strings(place._replace(text=keyword(call, "scopes"))) or ()) if keyword(call, "scopes") else ()
        guard = with_needs(guard, scopes + (needs(self.values, made, factory) if factory is not None else ()))
        keys = self._keys(target)
        inner = Before()
        for key in keys:
            inner = inner + self.of_function(key, depth + 1)
        refuses = guard.verifies is not False or any(self.guards.raises(key) for key in keys)
        return inner + Before((guard,) if refuses else (), keys)

    def _made_by_factory(self, place: Place) -> Ref | None:
        """The function that a factory of the project returns: more than its annotation says."""
        made = self.values.follow(place)
        call = self.values.call(made)
        for returned in self._returned(made, call) if call is not None else ():
            ref = self.values.ref(returned)
            if ref is not None and ref.kind in (RefKind.FUNCTION, RefKind.INSTANCE):
                return ref
        return None

    def _is_optional(self, place: Place) -> bool:
        """``fastapi_users.current_user(optional=True)``, ``HTTPBearer(auto_error=False)``: callers without credentials pass."""
        call = self.values.call(self.values.follow(place))
        return call is not None and any(pair in call.keywords for pair in (("optional", "True"), ("auto_error", "False")))

    def _named(self, place: Place, text: str) -> str:
        """The name of a factory rather than the number of its call."""
        call = self.values.call(Place(place.path, place.function, text))
        return call.callee if call is not None else text

    def _keys(self, target: Ref | None) -> tuple[FunctionKey, ...]:
        if target is None or target.is_external:
            return ()
        if target.kind is RefKind.FUNCTION:
            return (target.function,)
        member = (
            self.values.resolver.classes.find(target, "__init__" if target.kind is RefKind.CLASS else "__call__")
            if target.kind in (RefKind.CLASS, RefKind.INSTANCE)
            else None
        )
        return ((member[0].path, member[1]),) if member is not None and isinstance(member[1], int) else ()
