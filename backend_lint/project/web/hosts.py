"""Objects that routes are registered on: applications, routers, blueprints."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import alternatives, parse
from backend_lint.project.web.values import MAX_DEPTH, Place, Values

_MOST_RETURNS = 8
Host = Hashable
"""What identifies an object: the call that made it, or the name it goes by where that call is not known."""


class Hosts:
    """Finds which object a value is. `classes` are the library classes whose objects count; `names` how unknown objects of that kind are usually called."""

    def __init__(self, values: Values, classes: Collection[str], names: Collection[str]) -> None:
        self.values = values
        self.classes = frozenset(classes)
        self.names = frozenset(names)
        self.made: dict[Host, tuple[Place, str]] = {}
        self._memo: dict[Place, Host | None] = {}

    def of(self, place: Place, depth: int = 0) -> Host | None:
        """The object that a value is; None if it is none of the classes."""
        if place not in self._memo:
            self._memo[place] = None
            self._memo[place] = self._of(place, depth)
        return self._memo[place]

    def _of(self, place: Place, depth: int) -> Host | None:
        if depth > MAX_DEPTH:
            return None
        for option in alternatives(place.text):
            if option != place.text and (found := self.of(place._replace(text=option), depth + 1)) is not None:
                return found
        ref = self.values.ref(place)
        kind = self.kind(ref)
        if ref is not None and kind and ref.origin is not None:
            return self._known(ref, kind)
        made = self.values.follow(place)
        if made != place and made.text[:1] == "#" and (found := self.of(made, depth + 1)) is not None:
            return found
        if kind and (found := self._returned(made, depth)) is not None:
            return found
        if (found := self._earlier(place, depth)) is not None:
            return found
        return self._handed_in(place, kind, depth)

    def kind(self, ref: Ref | None) -> str:
        """The library class that an object is of, empty if it is none of ours."""
        if ref is None:
            return ""
        for name in self.values.resolver.classes.external_names(ref) if not ref.is_external or ref.name in self.classes else [ref.name]:
            if name in self.classes:
                return name
            owner = name.rpartition(".")[0]
            if owner in self.classes and ref.origin is not None and name.endswith((".router", ".app")):
                return owner
        return ""

    def _returned(self, place: Place, depth: int) -> Host | None:
        """The object that a function of the project makes and returns, where its annotation alone says what the call gives."""
        call = self.values.call(place)
        target = self.values.resolver.value(place.path, place.function, call.callee) if call is not None else None
        if target is None or target.kind is not RefKind.FUNCTION:
            return None
        for found in reversed(self.values.modules[target.path].bodies[target.index].returns[-_MOST_RETURNS:]):
            host = self.of(Place(target.path, target.index, found.value), depth + 1) if found.value else None
            if host in self.made:
                return host
        return None

    def _known(self, ref: Ref, kind: str) -> Host:
        assert ref.origin is not None
        if ref.origin not in self.made:
            self.made[ref.origin] = (Place(ref.origin.path, ref.origin.function, f"#{ref.origin.call}"), kind)
        return ref.origin

    def _earlier(self, place: Place, depth: int) -> Host | None:
        """The object behind a name that is bound again later: ``app = Middleware(app)``."""
        if not place.text.isidentifier():
            return None
        for assign in self.values.modules[place.path].bodies[0].assigns:
            if assign.target == place.text and assign.value[:1] in "#(" and (found := self.of(Place(place.path, 0, assign.value), depth + 1)) is not None:
                return found
        return None

    def _handed_in(self, place: Place, kind: str, depth: int) -> Host | None:
        """The object that callers hand in for a parameter."""
        if place.text[:1] == "%" and place.text[1:].isidentifier():
            module = self.values.modules[place.path]
            scope = place.function
            name = place.text[1:]
            while scope > 0 and not any(parameter.name == name for parameter in module.functions[scope].parameters):
                scope = module.functions[scope].scope
            if scope > 0 and not (module.functions[scope].owner >= 0 and module.functions[scope].parameters[0].name == name):
                for argument in self.values.arguments_for(place.path, scope, name):
                    if (found := self.of(argument, depth + 1)) is not None:
                        return found
                if kind or name in self.names:
                    return place.path, scope, name
        parsed = parse(place.text)
        last = "" if parsed is None else parsed.steps[-1].lstrip(".") if parsed.steps else parsed.root.lstrip("%")
        if kind or last in self.names or last.endswith(tuple(f"_{name}" for name in self.names)):
            ref = self.values.ref(place)
            if kind or ref is None or (ref.is_external and ref.name.partition(".")[0] != ref.name):
                return place.path, place.text
        return None
