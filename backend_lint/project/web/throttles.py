"""Throttles of Django REST framework: those of a view, else the project's default, with the rates that the settings give."""

from __future__ import annotations

import functools

from backend_lint.facts.python import Attribute
from backend_lint.facts.route import Limit
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, entries
from backend_lint.project.web.routing import Target
from backend_lint.project.web.values import Place, Values, keyword

_SCOPES = {"AnonRateThrottle": "anon", "UserRateThrottle": "user"}


class Throttles:
    """Answers how often views may be called."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.classes = values.resolver.classes

    def of_class(self, ref: Ref, target: Target) -> tuple[Limit, ...]:
        """The throttles of a view: of its action, of its ``throttle_classes``, else the default ones."""
        if target.function >= 0:
            head = self.values.modules[target.module].functions[target.function]
            for text in head.decorators:
                call = self.values.call(Place(target.module, head.scope, text))
                if call is not None and (given := keyword(call, "throttle_classes")):
                    return self._list(Place(target.module, head.scope, given), ref)
        member = self.classes.find(ref, "throttle_classes")
        if member is not None and isinstance(member[1], Attribute):
            return self._list(Place(member[0].path, member[1].function, member[1].value), ref)
        if self.classes.find(ref, "get_throttles") is not None:
            fact = self.values.resolver.class_at(ref)
            return (Limit("get_throttles", "", ref.path, fact.line),)
        return self._list(self._settings["DEFAULT_THROTTLE_CLASSES"], ref) if "DEFAULT_THROTTLE_CLASSES" in self._settings else ()

    def of_function(self, key: FunctionKey) -> tuple[Limit, ...]:
        """The throttles of an ``@api_view``: of its ``@throttle_classes``, else the default ones."""
        head = self.values.modules[key[0]].functions[key[1]]
        for text in head.decorators:
            call = self.values.call(Place(key[0], head.scope, text))
            if call is not None and call.args and call.callee.rpartition(".")[2] == "throttle_classes":
                return self._list(Place(key[0], head.scope, call.args[0]), None)
        return self._list(self._settings["DEFAULT_THROTTLE_CLASSES"], None) if "DEFAULT_THROTTLE_CLASSES" in self._settings else ()

    def _list(self, place: Place, view: Ref | None) -> tuple[Limit, ...]:
        return tuple(self._one(item, view) for item in self.values.items(place) if item.text)

    def _one(self, place: Place, view: Ref | None) -> Limit:
        dotted = constant_string(place.text)
        ref = self.values.dotted(dotted, place.path) if dotted is not None else self.values.ref(place)
        name = (ref.name if ref is not None else dotted or place.text).rpartition(".")[2]
        where = (place.path, self.values.modules[place.path].functions[place.function].line)
        scope = _SCOPES.get(name, "")
        if ref is not None and ref.kind is RefKind.CLASS:
            where = (ref.path, self.values.resolver.class_at(ref).line)
            if rate := self._said(ref, "rate"):
                return Limit(name, rate, *where)
            external = [_SCOPES[one] for base in self.classes.external_names(ref) if (one := base.rpartition(".")[2]) in _SCOPES]
            scope = self._said(ref, "scope") or (external[0] if external else "")
        if name == "ScopedRateThrottle" and view is not None:
            scope = self._said(view, "throttle_scope") or ""
        return Limit(name, self._rates.get(scope, ""), *where)

    def _said(self, ref: Ref, name: str) -> str | None:
        member = self.classes.find(ref, name)
        if member is None or not isinstance(member[1], Attribute):
            return None
        return self.values.string(Place(member[0].path, member[1].function, member[1].value))

    @functools.cached_property
    def _settings(self) -> dict[str, Place]:
        """The entries of ``REST_FRAMEWORK``."""
        known = next((one for one in self.values.rest_settings.last if one.entries is not None), None)
        return {name: Place(known.module.path, 0, held) for name, held in (known.entries or {}).items()} if known is not None else {}

    @functools.cached_property
    def _rates(self) -> dict[str, str]:
        place = self._settings.get("DEFAULT_THROTTLE_RATES")
        if place is None:
            return {}
        return {name: self.values.string(place._replace(text=held)) or "" for name, held in entries(place.text)}
