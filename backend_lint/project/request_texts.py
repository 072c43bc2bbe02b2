"""The paths that tests write: constants, f-strings, sums and what helpers make of their arguments, with a gap for every part that is not known."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, Body, Function
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.route_paths import GAP
from backend_lint.project.value_text import alternatives, closing, constant_string, parse, split
from backend_lint.project.web.place import Place

if TYPE_CHECKING:
    from backend_lint.project import Project

NAMED = "\1"
"""In front of the name of a route that a test has turned into a path: ``reverse("order-list")``."""
_REVERSES = re.compile(r"revers|url_?for|url_?path_?for|get_?url|make_?url|build_?url", re.IGNORECASE)
_PERCENT = re.compile(r"%(?:\(\w{1,60}\))?[sdirx]")
_BRACES = re.compile(r"\{[^{}]*\}")
_FORMATTED = re.compile(r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\.format\(")
_MOST = 24
"""Texts that one value may stand for."""
_MOST_CALLERS = 200
_MOST_LENGTH = 400
_DEPTH = 6


class RequestTexts:
    """Value texts of tests as written paths."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._values = project.guards.values
        self._known: dict[Place, tuple[str, ...]] = {}
        self._open: set[Place] = set()

    def of(self, place: Place) -> tuple[str, ...]:
        """What the value may be as text, ``NAMED`` before the name of a route; just a gap if nothing is known."""
        return self._of(place, 0)

    def _of(self, place: Place, depth: int) -> tuple[str, ...]:
        found = self._known.get(place)
        if found is not None:
            return found
        if depth > _DEPTH or place in self._open:
            return (GAP,)
        self._open.add(place)
        made = tuple(dict.fromkeys(text[:_MOST_LENGTH] for text in itertools.islice(self._made(place, depth), _MOST_CALLERS)))
        self._open.discard(place)
        self._known[place] = made or (GAP,)
        return made or (GAP,)

    def _made(self, place: Place, depth: int) -> Iterator[str]:
        text = place.text
        if (constant := constant_string(text)) is not None:
            yield constant
        elif text.startswith(("f'", 'f"')):
            yield from self._product(place, _pieces(text), depth)
        elif text[:1] == "(" and closing(text, 0) == len(text):
            yield from self._operation(place, text, depth)
        elif text.lstrip("-").isdigit():
            yield text
        elif text.startswith("str(") and text.endswith(")"):
            yield from self._of(place._replace(text=text[4:-1]), depth + 1)
        elif text[:1] in "'\"" and (found := _FORMATTED.match(text)):
            yield from self._product(place, _filled(constant_string(found[1]) or "", _BRACES, split(text[found.end() : -1])), depth)
        elif text[:1] == "#" and text[1:].isdigit():
            yield from self._call(place, depth)
        else:
            yield from self._name(place, depth)

    def _product(self, place: Place, parts: Iterable[str], depth: int) -> Iterator[str]:
        known = [self._of(place._replace(text=part), depth + 1) for part in parts]
        while math.prod(map(len, known)) > _MOST_CALLERS:
            known[max(range(len(known)), key=lambda index: len(known[index]))] = (GAP,)
        for combined in itertools.product(*known):
            # a path made from a name and a rest, `reverse("order") + "?page=2"`, is that of the name
            named = next((part for part in combined if part.startswith(NAMED)), None)
            yield named if named is not None else "".join(combined)

    def _operation(self, place: Place, text: str, depth: int) -> Iterator[str]:
        inner = text[1:-1]
        if len(parts := split(inner, "+")) > 1:
            yield from self._product(place, parts, depth)
        elif len(parts := split(inner, "%")) > 1 and (parts[0][:1] in "'\"" or parts[0].startswith("f'")):
            given = split(parts[1][1:-1]) if parts[1][:1] == "[" else [parts[1]]
            for made in self._of(place._replace(text=parts[0]), depth + 1):
                yield from self._product(place, _filled(made, _PERCENT, given), depth)
        elif len(parts := alternatives(text)) > 1:
            for part in parts:
                yield from self._of(place._replace(text=part), depth + 1)
        elif " if " in inner and len(parts := split(inner, " ")) >= 5:
            for part in (parts[0], parts[-1]):
                yield from self._of(place._replace(text=part), depth + 1)
        elif inner and inner != text and " " not in inner:
            yield from self._of(place._replace(text=inner), depth + 1)

    def _call(self, place: Place, depth: int) -> Iterator[str]:
        call = self._values.call(place)
        if call is None:
            return
        name = call.callee.rpartition(".")[2]
        if _REVERSES.search(name):
            given = call.args[0] if call.args else next((value for key, value in call.keywords if key in ("viewname", "endpoint", "name")), "")
            for made in self._of(place._replace(text=given), depth + 1) if given else ():
                yield made if "/" in made else NAMED + made
        elif name in ("urljoin", "join") and call.args:
            yield from self._product(place, ["'/'", call.args[-1]] if name == "urljoin" else call.args, depth)
        elif name in ("quote", "lower", "strip", "rstrip", "lstrip", "replace", "encode", "get_absolute_url"):
            base = call.callee.rpartition(".")[0]
            yield from self._of(place._replace(text=base), depth + 1) if base and name != "quote" else ()
        elif call.callee.startswith(("%self.", "%cls.")) and call.callee.count(".") == 1:
            yield from self._attribute(place, name, depth)
        else:
            target = self._project.resolver.value(place.path, place.function, call.callee)
            if target is not None and target.kind is RefKind.FUNCTION and target.path in self._project.modules:
                for returned in self._project.modules[target.path].bodies[target.index].returns[:_MOST]:
                    yield from self._of(Place(target.path, target.index, returned.value), depth + 1)

    def _name(self, place: Place, depth: int) -> Iterator[str]:
        text = place.text
        module = self._project.modules[place.path]
        if text.endswith("[]"):
            for item in self._values.items(place):
                if item != place:
                    yield from self._of(item, depth + 1)
            return
        parsed = parse(text)
        if parsed is None:
            return
        if text[0] == "%" and not parsed.steps:
            body, head = module.bodies[place.function], module.functions[place.function]
            if items := [*_looped(body, text[1:])]:
                for shown in items:
                    yield from self._of(place._replace(text=shown), depth + 1)
                return
            if any(parameter.name == text[1:] for parameter in head.parameters):
                yield from self._argument(place, head, depth)
                return
        elif parsed.root in ("%self", "%cls") and len(parsed.steps) == 1:
            yield from self._attribute(place, parsed.steps[0][1:], depth)
            return
        onward = self._values.behind(place)
        if onward is not None and onward != place:
            yield from self._of(onward, depth + 1)

    def _attribute(self, place: Place, name: str, depth: int) -> Iterator[str]:
        """What a class of tests sets, one that it derives from, or one that derives from it; a method answers with what it returns."""
        modules, scope, classes = self._project.modules, place.function, self._project.resolver.classes
        module = modules[place.path]
        while scope > 0 and module.functions[scope].owner < 0:
            scope = module.functions[scope].scope
        owner = module.functions[scope].owner
        if owner < 0:
            return
        for one in classes.ancestors(place.path, owner):
            found = [*self._members(one, name)]
            for member in found:
                yield from self._of(member, depth + 1)
            if found:
                break
        for one in classes.subclasses(place.path, owner)[:_MOST_CALLERS]:
            for member in self._members(one, name):
                yield from self._of(member, depth + 1)

    def _members(self, ref: Ref, name: str) -> Iterator[Place]:
        """The values of an attribute, or what a method returns, of one class."""
        if ref.kind is not RefKind.CLASS or ref.path not in self._project.modules:
            return
        module = self._project.modules[ref.path]
        fact = module.classes[ref.index]
        for attribute in fact.attributes:
            if attribute.name == name and attribute.value:
                yield Place(ref.path, attribute.function, attribute.value)
        for index in fact.methods:
            if module.functions[index].name.rpartition(".")[2] == name:
                for returned in module.bodies[index].returns[:_MOST]:
                    yield Place(ref.path, index, returned.value)

    def _argument(self, place: Place, head: Function, depth: int) -> Iterator[str]:
        """What tests hand in for a parameter: a helper of theirs, a fixture, ``parametrize``."""
        name, parameter = head.name.rpartition(".")[2], place.text[1:]
        names = [one.name for one in head.parameters]
        position = names.index(parameter) - (head.owner >= 0 and "staticmethod" not in head.decorators)
        default = next((one.default for one in head.parameters if one.name == parameter), "")
        if default:
            yield from self._of(place._replace(function=head.scope, text=default), depth + 1)
        calls = self._project.named_calls.calls(name)
        for module, function, _, call in itertools.islice(calls, _MOST_CALLERS):
            if module.role is not Role.TEST:
                continue
            given = next((value for key, value in call.keywords if key == parameter), "")
            if not given and 0 <= position < len(call.args) and not any(one.startswith("*") for one in call.args[: position + 1]):
                given = call.args[position]
            if given:
                yield from self._of(Place(module.path, function, given), depth + 1)
        yield from self._parametrized(place, head, parameter, depth)

    def _parametrized(self, place: Place, head: Function, parameter: str, depth: int) -> Iterator[str]:
        scope = self._project.modules[place.path].bodies[head.scope]
        for text in head.decorators:
            call = scope.calls[int(text[1:])] if text[:1] == "#" and text[1:].isdigit() else None
            if call is None or not call.callee.endswith(("parametrize", "expand")) or len(call.args) < 2:
                continue
            listed = constant_string(call.args[0])
            names = [one.strip() for one in listed.split(",")] if listed else [constant_string(one) or "" for one in split(call.args[0][1:-1])]
            if parameter not in names:
                continue
            for item in self._values.items(Place(place.path, head.scope, call.args[1])):
                row = self._values.call(item)
                parts = list(row.args) if row is not None else split(item.text[1:-1]) if item.text[:1] == "[" and len(names) > 1 else [item.text]
                if len(parts) > names.index(parameter):
                    yield from self._of(Place(item.path, item.function, parts[names.index(parameter)]), depth + 1)


def _filled(text: str, places: re.Pattern[str], given: list[str]) -> list[str]:
    """A pattern as value texts: its constant parts, and what is put between them.

    >>> _filled("/a/%s/%d", _PERCENT, ["%x", "7"]), _filled("/{}/{other}/", _BRACES, ["%x"])
    (["'/a/'", '%x', "'/'", '7'], ["'/'", '%x', "'/'", '?', "'/'"])
    """
    parts, position, number = [], 0, 0
    for match in places.finditer(text):
        if match.start() > position:
            parts.append(repr(text[position : match.start()]))
        inside = match[0].strip("{}")
        at = int(inside) if inside.isdigit() else number
        named = match[0][:1] == "{" and inside and not inside.isdigit()
        parts.append(given[at] if at < len(given) and not named and "=" not in given[at] else "?")
        number += not named
        position = match.end()
    return [*parts, repr(text[position:])] if position < len(text) else parts


def _looped(body: Body, name: str) -> Iterator[str]:
    """What a name stands for in loops over displays, of tuples too."""
    for block in body.blocks:
        names = block.target.split(",")
        if block.kind not in LOOPS or name not in names or block.subject[:1] != "[":
            continue
        for item in split(block.subject[1:-1])[:_MOST_CALLERS]:
            parts = split(item[1:-1]) if item[:1] == "[" and len(names) > 1 else [item]
            if len(parts) == len(names):
                yield parts[names.index(name)]


def _pieces(text: str) -> list[str]:
    """An f-string as value texts: its constant parts and what stands in braces.

    >>> _pieces("f'/a/{%x['k']}/b'")
    ["'/a/'", "%x['k']", "'/b'"]
    """
    parts, constant, position = [], "", 2
    body = text[:-1]
    while position < len(body):
        sign = body[position]
        if sign in "{}" and body[position : position + 2] == sign * 2:
            constant += sign
            position += 2
        elif sign == "{":
            end = closing(body, position)
            if constant:
                parts.append(repr(constant))
            parts.append(body[position + 1 : end - 1])
            constant, position = "", end
        elif sign == "\\":
            constant += body[position + 1 : position + 2]
            position += 2
        else:
            constant += sign
            position += 1
    return [*parts, repr(constant)] if constant else parts
