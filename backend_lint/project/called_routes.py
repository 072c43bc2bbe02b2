"""Which routes the tests call, told from what they write: paths and names of routes in calls of clients and of helpers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.facts.route import Route
from backend_lint.project.request_texts import NAMED, RequestTexts
from backend_lint.project.route_paths import GAP, RoutePaths, has_pieces
from backend_lint.project.value_text import constant_string, split
from backend_lint.project.web.place import Place

if TYPE_CHECKING:
    from backend_lint.project import Project

ANY = "*"
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_GENERAL = frozenset({"request", "open", "generic", "stream", "fetch"})
_PATHS = frozenset({"path", "url", "uri", "endpoint", "href"})
_WALKERS = frozenset({"schemathesis", "tavern", "locust", "dredd_hooks"})
"""Libraries that call routes by a description of all of them."""
_FEW = 5
"""Paths and names that lead from tests to routes; below that the tests do not work with a client, or in a way that is not understood."""
_WALKS = frozenset({"iter_rules", "get_resolver", "from_asgi", "from_wsgi", "url_patterns"})


class CalledRoutes:
    """Routes with the methods that tests call them by, ``*`` for one that is not known.

    `walked`: something calls whatever there is, so nothing is known. `texts`: how many different paths and names led to a route.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._routes: tuple[Route, ...] = tuple(project.routes)
        self._paths = RoutePaths(route.path for route in self._routes)
        self._texts = RequestTexts(project)
        self._methods: dict[int, set[str]] = {}
        self._maybe: set[int] = set()
        self._numbers = {route: number for number, route in enumerate(self._routes)}
        self._names: dict[str, list[int]] = {}
        for number, route in enumerate(self._routes):
            for name in {route.url_name, route.name.rpartition(".")[2]} - {""}:
                self._names.setdefault(name, []).append(number)
        self.walked = bool(project.imported & _WALKERS)
        self.texts = 0
        self._read()

    @property
    def understood(self) -> bool:
        """Whether the tests call routes in a way that can be read: most of the routes, by a few paths at least."""
        if self.walked or self.texts < _FEW:
            return False
        return 2 * sum(self.is_called(route) is not False for route in self._routes) >= len(self._routes)

    def methods(self, route: Route) -> frozenset[str]:
        """How tests call a route; empty if they do not, as far as is known."""
        return frozenset(self._methods.get(self._numbers[route], ()))

    def calls_handler(self, route: Route) -> bool:
        """Whether a test calls the route's handler as a function, past the framework."""
        for module, function, _, call in self._project.named_calls.calls(route.name.rpartition(".")[2]):
            if module.role is Role.TEST:
                target = self._project.resolver.value(module.path, function, call.callee)
                if target is not None and (target.path, target.index) == (route.module, route.function):
                    return True
        return False

    def is_called(self, route: Route) -> bool | None:
        """Whether a test calls this method of this path; None if that cannot be told."""
        number = self._numbers[route]
        methods = self._methods.get(number, set())
        if ANY in methods or route.method in methods or (methods and route.method == ANY) or (route.method == "GET" and "HEAD" in methods):
            return True
        if self.walked or number in self._maybe or GAP in route.path or "{?}" in route.path:
            return None
        return False

    def _read(self) -> None:
        found: dict[str, set[str]] = {}
        for module in self._project.modules.values():
            if module.role is not Role.TEST:
                continue
            for function, body in enumerate(module.bodies):
                for method, place in (*_of_calls(module.path, function, body), *_of_others(module.path, function, body)):
                    for text in self._texts.of(place):
                        found.setdefault(text, set()).add(method)
                self.walked = self.walked or any(call.callee.rpartition(".")[2] in _WALKS for call in body.calls)
        for text, methods in found.items():
            # a path in a list, and in the call of a loop over it: the call says more
            for method in methods - {ANY} or methods:
                self._note(method, text)

    def _note(self, method: str, text: str) -> None:
        sure: Collection[int]
        maybe: Collection[int]
        if text.startswith(NAMED):
            name = re.split(r"[:.]", text[1:])[-1]
            sure, maybe = self._names.get(name, ()), ()
            if GAP in name and name.strip(GAP):
                pieces = name.split(GAP)
                maybe = [number for other, numbers in self._names.items() if has_pieces(other, pieces) for number in numbers]
        elif "/" in text:
            sure, maybe = self._paths.called(text)
        else:
            return
        self.texts += bool(sure)
        for number in sure:
            self._methods.setdefault(number, set()).add(method)
        self._maybe.update(maybe)


def _of_calls(path: str, function: int, body: Body) -> Iterator[tuple[str, Place]]:
    """What calls are given that may be a path, with the method that the call stands for."""
    for call in body.calls:
        name = call.callee.rpartition(".")[2].lower()
        method = ANY
        first: str | None = None
        if name in _VERBS:
            method, first = name.upper(), call.args[0] if call.args else None
        elif name in _GENERAL:
            method, first = _general(call)
        given = [first] if first is not None else []
        given += [value for key, value in call.keywords if key in _PATHS]
        for text in given:
            yield method, Place(path, function, text)
        # a call of a helper: `self.check("/orders", 200)`
        for text in () if name in _VERBS else call.args[:400]:
            if text is not first and ("/" in text or text[0] == "#"):
                yield from ((ANY, Place(path, function, one)) for one in _items(text))
        for key, text in call.keywords:
            if key not in _PATHS and "/" in text and key not in ("headers", "data", "json", "content_type"):
                yield from ((ANY, Place(path, function, one)) for one in _items(text))


def _general(call: Call) -> tuple[str, str | None]:
    """``request("POST", "/orders")`` and ``open("/orders", method="POST")``."""
    verb = next((constant_string(value) or "" for key, value in call.keywords if key == "method"), "")
    if verb:
        return verb.upper(), call.args[0] if call.args else None
    verb = (constant_string(call.args[0]) or "") if call.args else ""
    if verb.lower() in _VERBS:
        return verb.upper(), call.args[1] if len(call.args) > 1 else None
    return (ANY if call.callee.endswith(("request", "generic", "stream")) else "GET"), call.args[-1] if call.args else None


def _of_others(path: str, function: int, body: Body) -> Iterator[tuple[str, Place]]:
    """Displays of paths that a loop or a fixture may go through."""
    for assign in body.assigns:
        if assign.value[:1] in "[{" and "/" in assign.value:
            yield from ((ANY, Place(path, function, one)) for one in _items(assign.value))
    for block in body.blocks:
        if block.subject[:1] == "[" and "/" in block.subject:
            yield from ((ANY, Place(path, function, one)) for one in _items(block.subject))


def _items(text: str, depth: int = 0) -> Iterator[str]:
    """The values in a display, or the value itself."""
    if text[:1] in "[{" and depth < 4:
        for item in split(text[1:-1]):
            for part in split(item, ":") if text[0] == "{" else [item]:
                if part:
                    yield from _items(part, depth + 1)
    elif text:
        yield text
