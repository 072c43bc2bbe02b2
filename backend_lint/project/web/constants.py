"""Constant strings behind values: prefixes and paths, as far as they are known."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.references import RefKind
from backend_lint.project.resolver import Resolver
from backend_lint.project.value_text import alternatives, closing, constant_string, split
from backend_lint.project.web.place import MAX_DEPTH, MAX_PATH, MAX_VISITS, UNKNOWN, Place

_DEFAULTED = {"getenv": 1, "get": 1, "config": 1, "env": 1, "str": 1, "Field": 0}
"""Calls that give a setting: where their default stands."""
_STRIPS = ("rstrip", "lstrip", "strip")
_SETTINGS = "django.conf.settings."
_MOST_CALLERS = 20


class Constants:
    """Says which string a value stands for. What follows values through names stands in `Values`, which derives from this."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.modules = resolver.modules
        self.visits = 0
        self.unread: dict[tuple[str, int, str], None] = {}
        """Registrations that are not understood: path, line, what."""

    def call(self, place: Place) -> Call | None:
        """The call whose result the value is."""
        raise NotImplementedError

    def follow(self, place: Place, depth: int = 0) -> Place:
        """The value that names and attributes stand for."""
        raise NotImplementedError

    def behind(self, place: Place) -> Place | None:
        """One step of `follow`; None if there is none."""
        raise NotImplementedError

    def arguments_for(self, path: str, function: int, parameter: str) -> Iterator[Place]:
        """What callers hand in for a parameter."""
        raise NotImplementedError

    def named(self, path: str, name: str) -> Place | None:
        """What a module calls `name`."""
        raise NotImplementedError

    def string(self, place: Place, depth: int = 0, bound: dict[str, Place] | None = None) -> str | None:
        """The string a value stands for, unknown parts as `UNKNOWN`; None if nothing of it is known. `bound`: what parameters stand for."""
        text = place.text
        constant = constant_string(text.removeprefix("r"))
        if constant is not None:
            return constant
        self.visits += 1
        if depth > MAX_DEPTH or not text or self.visits > MAX_VISITS:
            return None
        if bound and text in bound:
            return self.string(bound[text], depth + 1)
        if text[:2] in ("f'", 'f"'):
            return self._interpolated(place, depth, bound)
        if text[0] in "'\"" and ".format(" in text:
            return constant_string(text[: text.rindex(".format(")])
        if text[0] == "(" and text[-1] == ")":
            parts = split(text[1:-1], "+")
            if len(parts) > 1:
                known = [self.string(place._replace(text=part), depth + 1, bound) for part in parts]
                return "".join(UNKNOWN if part is None else part for part in known)[:MAX_PATH] if any(part is not None for part in known) else None
            for option in reversed(alternatives(text)):
                if option != text and (found := self.string(place._replace(text=option), depth + 1, bound)) is not None:
                    return found
            return None
        if text.startswith("str(") and text.endswith(")"):
            return self.string(place._replace(text=text[4:-1]), depth + 1, bound)
        call = self.call(place)
        if call is not None:
            return self._called(place, call, depth)
        onward = self.behind(place)
        if onward is not None and onward != place:
            return self.string(onward, depth + 1)
        return self._parameter(place, depth) if text[0] == "%" and text[1:].isidentifier() else self._setting(place)

    def _parameter(self, place: Place, depth: int) -> str | None:
        """What every caller hands in for a parameter, or its default if none does."""
        functions = self.modules[place.path].functions
        scope, name = place.function, place.text[1:]
        while scope > 0:
            found = next((parameter for parameter in functions[scope].parameters if parameter.name == name), None)
            if found is not None:
                given = list(itertools.islice(self.arguments_for(place.path, scope, name), _MOST_CALLERS))
                if not given:
                    return self.string(Place(place.path, functions[scope].scope, found.default), depth + 1) if found.default else None
                values = {self.string(one, depth + 1) for one in given}
                return values.pop() if len(values) == 1 else None
            scope = functions[scope].scope
        return None

    def _setting(self, place: Place) -> str | None:
        """``settings.NAME`` of Django, if all settings modules of the project that have it agree."""
        ref = self.resolver.value(*place)
        if ref is None or not ref.is_external or not ref.name.startswith(_SETTINGS):
            return None
        name = ref.name[len(_SETTINGS) :]
        held = [found for path in self._settings_modules if (found := self.named(path, name)) is not None]
        values = {self.string(found, MAX_DEPTH - 2) for found in dict.fromkeys(held)}
        return values.pop() if len(values) == 1 else None

    @functools.cached_property
    def _settings_modules(self) -> list[str]:
        return [path for path, module in self.modules.items() if module.role is not Role.TEST and self.named(path, "ROOT_URLCONF") is not None]

    def _called(self, place: Place, call: Call, depth: int) -> str | None:
        base, _, method = call.callee.rpartition(".")
        if method in _STRIPS and base:
            subject = self.string(place._replace(text=base), depth + 1)
            signs = constant_string(call.args[0]) if call.args else None
            return getattr(subject, method)(signs) if subject is not None else None
        target = self.resolver.value(place.path, place.function, call.callee)
        if target is not None and target.kind is RefKind.FUNCTION:
            head = self.modules[target.path].functions[target.index]
            names = ["%" + parameter.name for parameter in head.parameters[1 if target.receiver is not None else 0 :]]
            bound = {name: place._replace(text=arg) for name, arg in zip(names, call.args, strict=False)}
            bound.update({"%" + key: place._replace(text=value) for key, value in call.keywords})
            returns = [found.value for found in self.modules[target.path].bodies[target.index].returns if found.value]
            found = [self.string(Place(target.path, target.index, value), depth + 2, bound) for value in reversed(returns[-2:])]
            return next((one for one in found if one is not None), None)
        position = _DEFAULTED.get(method)
        if position is not None:
            for key, value in call.keywords:
                if key == "default":
                    return self.string(place._replace(text=value), depth + 1)
            return self.string(place._replace(text=call.args[position]), depth + 1) if len(call.args) > position else None
        return None

    def _interpolated(self, place: Place, depth: int, bound: dict[str, Place] | None) -> str:
        text = place.text[2:-1].replace("\\'", "'")
        out = []
        position = 0
        while position < len(text):
            sign = text[position]
            if sign in "{}" and text[position + 1 : position + 2] == sign:
                out.append(sign)
                position += 2
            elif sign == "{":
                end = closing(text, position) - 1
                known = self.string(place._replace(text=text[position + 1 : end]), depth + 1, bound)
                out.append(UNKNOWN if known is None else known)
                position = end + 1
            else:
                out.append(sign)
                position += 1
        return "".join(out)[:MAX_PATH]

    def strings(self, place: Place) -> list[str] | None:
        """The constant strings of a display; None if it is none."""
        place = self.follow(place)
        if place.text[:1] != "[" or not place.text.endswith("]"):
            found = self.string(place)
            return [found] if found is not None else None
        return [found for item in split(place.text[1:-1]) if (found := self.string(place._replace(text=item))) is not None]
