"""Routes of Django projects: URL patterns, includes, views."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.facts.route import Route
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.django_views import View, Views
from backend_lint.project.web.drf import Routers
from backend_lint.project.web.guards import Guards
from backend_lint.project.web.values import MAX_DEPTH, MAX_ROUTES, UNKNOWN, Place, Values, argument

_PATHS = ("path", "re_path", "url")
_WRAPPERS = ("i18n_patterns", "format_suffix_patterns", "list", "tuple", "decorator_include", "required", "patterns")


class UrlPatterns:
    """Follows ``urlpatterns`` from the root URLconf."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.views = Views(values, guards)
        self.routers = Routers(values, self.views)
        self._reached: set[str] = set()
        self._left = MAX_ROUTES

    def routes(self) -> Iterator[Route]:
        """Every route, from the root URLconf and from URLconfs that nothing includes."""
        confs = [path for path, module in self.values.modules.items() if module.role is not Role.TEST and module.names.get("urlpatterns", ("",))[0] == "assign"]
        roots = [path for path in self._roots() if path in confs]
        for path in roots:
            yield from self._conf(path, "", (), 0)
        included = self._included(confs)
        for path in confs:
            if path not in self._reached and path not in included:
                yield from self._conf(path, "", (), 0)
        for path in confs:
            if path not in self._reached:
                yield from self._conf(path, UNKNOWN, (), 0)

    def _roots(self) -> list[str]:
        """The modules that settings name as ``ROOT_URLCONF``."""
        found = []
        for path, module in self.values.modules.items():
            if module.role is not Role.TEST and "ROOT_URLCONF" in module.names:
                dotted = self.values.string(Place(path, 0, "ROOT_URLCONF"))
                target = self.values.module(dotted, path) if dotted else None
                if target is not None and target not in found:
                    found.append(target)
            for fact in module.classes:
                for attribute in fact.attributes:
                    if (
                        attribute.name == "ROOT_URLCONF"
                        and (dotted := constant_string(attribute.value))
                        and (target := self.values.module(dotted, path))
                        and target not in found
                    ):
                        found.append(target)
        return found

    def _included(self, confs: list[str]) -> set[str]:
        """URLconfs that some ``include("dotted.name")`` mentions."""
        found = set()
        for module, function, _, call in self.values.calls_named("include"):
            if call.args and (dotted := self.values.string(Place(module.path, function, call.args[0]))) and (target := self.values.module(dotted, module.path)):
                found.add(target)
        return found.intersection(confs)

    def _conf(self, path: str, prefix: str, way: tuple[str, ...], depth: int) -> Iterator[Route]:
        if path in way:
            return
        self._reached.add(path)
        yield from self._list(Place(path, 0, "urlpatterns"), prefix, (*way, path), depth)

    def _list(self, place: Place, prefix: str, way: tuple[str, ...], depth: int) -> Iterator[Route]:
        if depth > MAX_DEPTH:
            return
        for item in self.values.items(place):
            if self._left < 0:
                return
            yield from self._pattern(item, prefix, way, depth)

    def _pattern(self, item: Place, prefix: str, way: tuple[str, ...], depth: int) -> Iterator[Route]:
        self._left -= 1
        if self._left < 0:
            return
        routes = self.routers.of(item)
        if routes is not None:
            yield from self._counted(self.routers.expand(routes, prefix))
            return
        made = self.values.follow(item)
        call = self.values.call(made)
        if call is None:
            return
        name = call.callee.rpartition(".")[2]
        if name in _PATHS and call.args:
            yield from self._path(made, call, name, prefix, way, depth)
        elif name in _WRAPPERS:
            for arg in call.args:
                if arg[:1] not in "'\"":
                    yield from self._list(made._replace(text=arg.lstrip("*")), prefix, way, depth + 1)
        elif name == "include":
            yield from self._include(made, call, prefix, way, depth)

    def _counted(self, routes: Iterator[Route]) -> Iterator[Route]:
        for route in routes:
            self._left -= 1
            if self._left < 0:
                return
            yield route

    def _path(self, place: Place, call: Call, kind: str, prefix: str, way: tuple[str, ...], depth: int) -> Iterator[Route]:
        text = call.args[0]
        translated = self.values.call(place._replace(text=text))
        if translated is not None and translated.callee.rpartition(".")[2] in ("_", "gettext_lazy", "pgettext_lazy", "gettext") and translated.args:
            text = translated.args[-1]
        pattern = self.values.string(place._replace(text=text))
        full = prefix + (UNKNOWN if pattern is None else pattern if kind == "path" else unanchored(pattern))
        target = argument(call, 1, "view")
        included = self.values.call(self.values.follow(place._replace(text=target))) if target else None
        if included is not None and included.callee.rpartition(".")[2] in ("include", "decorator_include"):
            where = self.values.follow(place._replace(text=target))
            yield from self._include(where, included, full, way, depth)
            return
        if self._is_tuple(place, target):
            yield from self._tuple(place._replace(text=target), full, way, depth, call.line)
            return
        given = argument(call, 3, "name")
        name = (self.values.string(place._replace(text=given)) if given else None) or ""
        for view in self.views.of(place._replace(text=target)):
            yield from self._counted(iter([route_of(view, full, place.path, call.line, name)]))

    def _is_tuple(self, place: Place, text: str) -> bool:
        return self.values.follow(place._replace(text=text)).text[:1] == "["

    def _tuple(self, place: Place, prefix: str, way: tuple[str, ...], depth: int, line: int) -> Iterator[Route]:
        """``(patterns, app_name, namespace)``."""
        place = self.values.follow(place)
        first = next(self.values.items(place), None) if place.text[:1] == "[" else None
        if first is not None:
            yield from self._included_value(first, prefix, way, depth, line)

    def _include(self, place: Place, call: Call, prefix: str, way: tuple[str, ...], depth: int) -> Iterator[Route]:
        position = 1 if call.callee.rpartition(".")[2] == "decorator_include" else 0
        text = argument(call, position, "arg")
        if text:
            yield from self._included_value(place._replace(text=text), prefix, way, depth, call.line)

    def _included_value(self, place: Place, prefix: str, way: tuple[str, ...], depth: int, line: int) -> Iterator[Route]:
        if depth > MAX_DEPTH:
            return
        dotted = self.values.string(place)
        if dotted is not None:
            target = self.values.module(dotted, place.path)
            if target is not None:
                yield from self._conf(target, prefix, way, depth + 1)
            else:
                self.values.unread[place.path, line, f"include({dotted!r}): a library's, or not found"] = None
            return
        ref = self.values.ref(place)
        if ref is not None and ref.kind is RefKind.MODULE:
            if ref.path in self.values.modules:
                yield from self._conf(ref.path, prefix, way, depth + 1)
            return
        if ref is not None and ref.is_external and "." in ref.name and ref.origin is None and self.routers.of(place) is None:
            self.values.unread[place.path, line, f"include({ref.name}): a library's"] = None
            return
        followed = self.values.follow(place)
        if followed.text[:1] == "[":
            items = list(self.values.items(followed))
            second = constant_string(items[1].text) if len(items) in (2, 3) else None
            if second is not None or (len(items) == 2 and self.values.call(items[1]) is None):
                yield from self._included_value(items[0], prefix, way, depth + 1, line)
                return
        yield from self._list(place, prefix, way, depth + 1)


def route_of(view: View, path: str, declared_in: str, line: int, name: str = "") -> Route:
    """A view at a path; `name` is what ``reverse()`` calls it."""
    target = view.target
    return Route(
        view.method,
        path if path.startswith("/") else "/" + path,
        target.module,
        target.function,
        target.name,
        view.framework,
        declared_in,
        line,
        view.before.guards,
        view.request,
        view.response,
        False,
        view.before.functions,
        view.authenticated,
        target.owner,
        view.before.limits,
        name,
    )


def unanchored(pattern: str) -> str:
    """A regular expression as a part of a path: without anchors and escapes that carry no meaning.

    >>> unanchored(r"^orders/(?P<pk>[0-9]+)/$")
    'orders/(?P<pk>[0-9]+)/'
    """
    pattern = pattern.removeprefix("^").removesuffix("$").removesuffix("\\Z")
    return re.sub(r"\\([-./_])", r"\1", pattern)


def declares(module: SourceModule, ref: Ref) -> bool:
    """Whether a reference lies in a module."""
    return ref.path == module.path
