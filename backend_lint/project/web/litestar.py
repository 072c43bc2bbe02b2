"""Routes of Litestar applications: decorated functions and controllers below the routers that list them."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.python import Attribute, Call
from backend_lint.facts.route import Route
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.routing import Before, Target
from backend_lint.project.web.values import MAX_DEPTH, MAX_ROUTES, UNKNOWN, Place, Values, argument, keyword

_VERBS = ("get", "post", "put", "patch", "delete", "head", "route", "websocket")


def _join(prefix: str, path: str) -> str:
    return f"{prefix.rstrip('/')}/{path.strip('/')}".rstrip("/") or "/"


class Handlers:
    """Follows ``route_handlers`` from the applications."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self._left = MAX_ROUTES

    def routes(self) -> Iterator[Route]:
        """Every route of every ``Litestar(route_handlers=[...])``."""
        for module, function, number, call in self.values.calls_named("Litestar"):
            yield from self._list(Place(module.path, function, f"#{number}"), call, "", Before(), 0)

    def _list(self, place: Place, call: Call, prefix: str, before: Before, depth: int) -> Iterator[Route]:
        before = before + self._guards(place._replace(text=keyword(call, "guards")))
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            return
        for item in self.values.items(place._replace(text=keyword(call, "route_handlers"))):
            made = self.values.follow(item)
            inner = self.values.call(made)
            if inner is not None and inner.callee.rpartition(".")[2] == "Router":
                path = self.values.string(made._replace(text=argument(inner, 0, "path"))) if argument(inner, 0, "path") else ""
                yield from self._list(made, inner, _join(prefix, UNKNOWN if path is None else path), before, depth + 1)
                continue
            ref = self.values.ref(item)
            if ref is not None and ref.kind is RefKind.FUNCTION:
                yield from self._function(ref, prefix, before, None)
            elif ref is not None and ref.kind is RefKind.CLASS:
                yield from self._controller(ref, prefix, before)

    def _controller(self, ref: Ref, prefix: str, before: Before) -> Iterator[Route]:
        classes = self.values.resolver.classes
        path = classes.find(ref, "path")
        guards = classes.find(ref, "guards")
        if path is not None and isinstance(path[1], Attribute):
            prefix = _join(prefix, self.values.string(Place(path[0].path, path[1].function, path[1].value)) or UNKNOWN)
        if guards is not None and isinstance(guards[1], Attribute):
            before = before + self._guards(Place(guards[0].path, guards[1].function, guards[1].value))
        for base in classes.ancestors(ref.path, ref.index):
            if base.kind is RefKind.CLASS:
                for index in self.values.modules[base.path].classes[base.index].methods:
                    head = self.values.modules[base.path].functions[index]
                    yield from self._function(Ref(RefKind.FUNCTION, head.name, base.path, index), prefix, before, ref.function)

    def _function(self, ref: Ref, prefix: str, before: Before, owner: tuple[str, int] | None) -> Iterator[Route]:
        head = self.values.modules[ref.path].functions[ref.index]
        for text in head.decorators:
            place = Place(ref.path, head.scope, text)
            call = self.values.call(place)
            verb = (call.callee if call is not None else text).rpartition(".")[2]
            if verb not in _VERBS:
                continue
            given = argument(call, 0, "path") if call is not None else ""
            paths = self.values.strings(place._replace(text=given)) if given else [""]
            here = before + self._guards(place._replace(text=keyword(call, "guards"))) if call is not None else before
            methods = [verb.upper()]
            if verb == "route" and call is not None:
                methods = [name.upper() for name in self.values.strings(place._replace(text=keyword(call, "http_method"))) or ("*",)]
            verdict = authenticated(here.guards, checks_itself=self.guards.checks_itself(ref.function))
            target = Target(head.name, ref.path, ref.index, owner)
            where = (ref.path, call.line if call is not None else head.line)
            for path in paths or [UNKNOWN]:
                for method in methods:
                    full = _join(prefix, path)
                    yield Route(
                        method,
                        full,
                        ref.path,
                        ref.index,
                        target.name,
                        "litestar",
                        *where,
                        here.guards,
                        is_websocket=verb == "websocket",
                        authenticated=verdict,
                        owner=owner,
                    )

    def _guards(self, place: Place) -> Before:
        found = Before()
        for item in self.values.items(place) if place.text else ():
            found = found + Before((self.guards.of(self.values.ref(item), item.text, (item.path, 1)),))
        return found
