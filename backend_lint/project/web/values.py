"""Values followed to where they are written: constant paths, lists that are built up, objects that are passed along."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute, Call, Function
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.resolver import Resolver
from backend_lint.project.value_text import alternatives, constant_string, parse, split
from backend_lint.project.web.constants import Constants
from backend_lint.project.web.place import MAX_DEPTH, MAX_PATH, MAX_ROUTES, MAX_VISITS, UNKNOWN, Place
from backend_lint.project.web.rest_settings import RestSettings

__all__ = ["MAX_DEPTH", "MAX_PATH", "MAX_ROUTES", "MAX_VISITS", "UNKNOWN", "Place", "Values", "argument", "keyword"]

_JOINS = ("reduce", "from_iterable", "chain")
"""Calls that make one list of the lists in their last argument."""
_KEPT = ("i18n_patterns", "format_suffix_patterns", "path", "re_path", "url", "include")
"""Calls that are items of a list themselves, also where a project has a function of that name."""


_TESTS = frozenset({Role.TEST})


class Values(Constants):
    """Follows value texts through names, imports and attributes."""

    def __init__(self, resolver: Resolver) -> None:
        super().__init__(resolver)
        self._names: dict[tuple[str, str], Place | None] = {}

    @functools.cached_property
    def rest_settings(self) -> RestSettings:
        """The defaults of Django REST framework."""
        return RestSettings(self.modules)

    def ref(self, place: Place) -> Ref | None:
        """What the value refers to."""
        return self.resolver.value(*place)

    def call(self, place: Place) -> Call | None:
        """The call whose result the value is."""
        if place.text[:1] == "#" and place.text[1:].isdigit():
            return self.modules[place.path].bodies[place.function].calls[int(place.text[1:])]
        return None

    def follow(self, place: Place, depth: int = 0) -> Place:
        """The value that names and attributes stand for: a call, a display, a constant, or the last name that could not be followed."""
        while depth < MAX_DEPTH:
            onward = self.behind(place)
            if onward is None or onward == place:
                return place
            place = onward
            depth += 1
        return place

    def behind(self, place: Place) -> Place | None:
        """One step of `follow`; None if there is none."""
        parsed = parse(place.text)
        if parsed is None or (parsed.root[:1] in "#([{" and not parsed.steps):
            return None
        if parsed.steps:
            last = parsed.steps[-1]
            if last[0] != ".":
                return None
            base = self.resolver.value(place.path, place.function, place.text[: -len(last)])
            if base is None:
                return None
            if base.kind is RefKind.MODULE:
                return self.named(base.path, last[1:])
            if base.kind in (RefKind.CLASS, RefKind.INSTANCE):
                found = self.resolver.classes.find(base, last[1:])
                if found is not None and isinstance(found[1], Attribute) and found[1].value:
                    return Place(found[0].path, found[1].function, found[1].value)
            return None
        if parsed.root[0] == "%":
            return self._local(place)
        module = self.modules[place.path]
        scope = place.function
        while scope > 0:
            for found_import in module.imports_in(scope):
                if found_import.name == parsed.root:
                    return self._imported(place.path, found_import.module, found_import.member, found_import.level)
            scope = module.functions[scope].scope
        return self.named(place.path, parsed.root)

    def _local(self, place: Place) -> Place | None:
        module = self.modules[place.path]
        scope = place.function
        while scope > 0:
            for assign in reversed(module.bodies[scope].assigns):
                if assign.target == place.text and assign.value not in ("", place.text) and not assign.augmented:
                    return Place(place.path, scope, assign.value)
            head = module.functions[scope]
            if any("%" + parameter.name == place.text for parameter in head.parameters):
                return None
            scope = head.scope
        return self.named(place.path, place.text[1:])

    def named(self, path: str, name: str) -> Place | None:
        """What a module calls `name`."""
        if (path, name) not in self._names:
            self._names[path, name] = self._sought(path, name, 0, set())
        return self._names[path, name]

    def _sought(self, path: str, name: str, depth: int, seen: set[tuple[str, str]]) -> Place | None:
        """`seen`: modules and names that were looked at on other ways, for packages that import all of each other."""
        module = self.modules.get(path)
        if module is None or depth > MAX_DEPTH or (path, name) in seen:
            return None
        seen.add((path, name))
        kind, number = module.names.get(name, ("", 0))
        if kind == "assign":
            assign = module.bodies[0].assigns[number]
            if assign.augmented:
                assign = next((found for found in module.bodies[0].assigns if found.target == name and not found.augmented), assign)
            elif assign.block and constant_string(assign.value) is None:
                usual = [found for found in module.bodies[0].assigns if found.target == name and not found.block and constant_string(found.value) is not None]
                assign = usual[-1] if usual else assign
            return Place(path, 0, assign.value) if assign.value else None
        if kind == "import":
            found = module.facts.imports[number]
            target = self._target(path, found.module, found.level)
            return self._sought(target, found.member, depth + 1, seen) if target is not None and found.member else None
        if not kind:
            for found in module.facts.imports:
                if found.member == "*" and (target := self._target(path, found.module, found.level)) and (place := self._sought(target, name, depth + 1, seen)):
                    return place
        return None

    def _imported(self, path: str, dotted: str, member: str, level: int) -> Place | None:
        target = self._target(path, dotted, level)
        return self.named(target, member) if target is not None and member else None

    def _target(self, path: str, dotted: str, level: int) -> str | None:
        return self.resolver.index.relative(path, level, dotted) if level else self.resolver.index.find(dotted, path)

    def dotted(self, name: str, importer: str) -> Ref | None:
        """What a dotted name in a string refers to, ``"shop.middleware.Cart"``; None if it lies outside the project."""
        head, _, member = name.rpartition(".")
        path = self.resolver.index.find(head, importer) if head else None
        return self.resolver.export(path, member) if path is not None else None

    def module(self, name: str, importer: str) -> str | None:
        """The path of the module that a dotted name in a string means."""
        path = self.resolver.index.find(name, importer)
        return path if path in self.modules else None

    # -- lists -------------------------------------------------------------------------------------

    def items(self, place: Place, depth: int = 0) -> Iterator[Place]:
        """The items of a list that displays, ``+``, ``+=``, ``append``, ``extend`` and functions build. What is no list is given as it is."""
        text = place.text
        self.visits += 1
        if depth > MAX_DEPTH or not text or text == "..." or self.visits > MAX_VISITS:
            return
        if text[0] == "*":
            yield from self.items(place._replace(text=text[1:]), depth + 1)
        elif text[0] == "[" and text[-1] == "]":
            for item in split(text[1:-1]):
                if item[0] == "*":
                    yield from self.items(place._replace(text=item[1:]), depth + 1)
                else:
                    yield place._replace(text=item)
        elif text[0] == "(" and text[-1] == ")":
            parts = split(text[1:-1], "+")
            for part in parts if len(parts) > 1 else alternatives(text):
                if part != text:
                    yield from self.items(place._replace(text=part), depth + 1)
        elif text.endswith("[]") or text.startswith("sum("):
            for inner in self.items(place._replace(text=text[:-2] if text[-1] == "]" else split(text[4:-1])[0]), depth + 1):
                yield from self.items(inner, depth + 1)
        elif text.startswith(("list(", "tuple(")) and text.endswith(")"):
            yield from self.items(place._replace(text=text[text.index("(") + 1 : -1]), depth + 1)
        else:
            yield from self._built(place, depth)

    def _built(self, place: Place, depth: int) -> Iterator[Place]:
        parsed = parse(place.text)
        if parsed is None:
            return
        if parsed.root[0] != "#" and not parsed.steps:
            holder = self._holder(place)
            if holder is not None:
                yield from self._accumulated(*holder, depth)
                return
        onward = self.behind(place)
        if onward is not None:
            name = parsed.steps[-1][1:] if parsed.steps else parsed.root
            if onward.function == 0 and self.modules[onward.path].names.get(name, ("",))[0] == "assign":
                yield from self._accumulated(onward.path, 0, name, depth)
            else:
                yield from self.items(onward, depth + 1)
            return
        call = self.call(place)
        if call is not None and call.callee.rpartition(".")[2] in _JOINS and call.args:
            for part in self.items(place._replace(text=call.args[-1].lstrip("*")), depth + 1) if len(call.args) < 3 else ():
                yield from self.items(part, depth + 1)
            return
        if call is not None and call.callee.rpartition(".")[2] in _KEPT:
            yield place
            return
        target = self.resolver.value(place.path, place.function, call.callee) if call is not None else None
        if target is not None and target.kind is RefKind.FUNCTION:
            for returned in self.modules[target.path].bodies[target.index].returns:
                yield from self.items(Place(target.path, target.index, returned.value), depth + 1)
            return
        yield place

    def _holder(self, place: Place) -> tuple[str, int, str] | None:
        """The function whose local, or the module whose name, the value is."""
        module = self.modules[place.path]
        scope = place.function
        if place.text[0] == "%":
            while scope > 0:
                if any(assign.target == place.text for assign in module.bodies[scope].assigns):
                    return place.path, scope, place.text
                scope = module.functions[scope].scope
        return (place.path, 0, place.text) if module.names.get(place.text, ("",))[0] == "assign" else None

    def _accumulated(self, path: str, function: int, name: str, depth: int) -> Iterator[Place]:
        body = self.modules[path].bodies[function]
        for assign in body.assigns:
            if assign.target == name and assign.value and assign.value != name:
                yield from self.items(Place(path, function, self._without(assign.value, name)), depth + 1)
        for call in body.calls:
            base, _, method = call.callee.rpartition(".")
            if base == name and call.args:
                if method in ("append", "insert"):
                    yield Place(path, function, call.args[-1])
                elif method == "extend":
                    yield from self.items(Place(path, function, call.args[0]), depth + 1)

    @staticmethod
    def _without(value: str, name: str) -> str:
        """A sum without the list itself: ``urlpatterns = [..] + urlpatterns``."""
        if value[0] == "(" and value[-1] == ")":
            parts = [part for part in split(value[1:-1], "+") if part != name]
            return parts[0] if len(parts) == 1 else f"({'+'.join(parts)})"
        return value

    # -- calls -------------------------------------------------------------------------------------

    def calls_named(self, *names: str) -> Iterator[tuple[SourceModule, int, int, Call]]:
        """Calls outside of tests whose callee ends with one of the names, as (module, function, number, call)."""
        return self.resolver.named_calls.calls(*names, without=_TESTS)

    def names_called(self, start: str, end: str) -> list[str]:
        """The last names of callees that start and end so, tests included."""
        return sorted(name for name in self.resolver.named_calls.by_name if name.startswith(start) and name.endswith(end))

    def arguments_for(self, path: str, function: int, parameter: str) -> Iterator[Place]:
        """What callers hand in for a parameter."""
        head: Function = self.modules[path].functions[function]
        names = [found.name for found in head.parameters]
        bound = head.owner >= 0 and "staticmethod" not in head.decorators
        position = names.index(parameter) - bound
        name = head.name.rpartition(".")[2]
        owner = head.name.rpartition(".")[0].rpartition(".")[2] if name == "__init__" else name
        for module, scope, _, call in self.calls_named(owner):
            target = self.resolver.value(module.path, scope, call.callee)
            if target is None or target.path != path or (target.kind is RefKind.FUNCTION and target.index != function):
                continue
            keywords = dict(call.keywords)
            if parameter in keywords:
                yield Place(module.path, scope, keywords[parameter])
            elif 0 <= position < len(call.args) and not call.args[position].startswith("*"):
                yield Place(module.path, scope, call.args[position])


def keyword(call: Call, name: str) -> str:
    """The value of a keyword argument, empty if it is not given."""
    for key, value in call.keywords:
        if key == name:
            return value
    return ""


def argument(call: Call, position: int, name: str) -> str:
    """The value of an argument given by position or keyword, empty if it is not given."""
    if 0 <= position < len(call.args) and not any(arg.startswith("*") for arg in call.args[: position + 1]):
        return call.args[position]
    return keyword(call, name)
