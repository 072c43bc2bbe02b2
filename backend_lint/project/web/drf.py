"""Routes that routers of Django REST framework make of view sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from backend_lint.facts.python import Call
from backend_lint.facts.route import Route
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, split
from backend_lint.project.web.django_views import View, Views
from backend_lint.project.web.hosts import Host, Hosts
from backend_lint.project.web.routing import Before
from backend_lint.project.web.values import UNKNOWN, Place, Values, argument, keyword

_ROUTERS = (
    "rest_framework.routers.DefaultRouter",
    "rest_framework.routers.SimpleRouter",
    "rest_framework.routers.BaseRouter",
    "rest_framework_nested.routers.DefaultRouter",
    "rest_framework_nested.routers.SimpleRouter",
    "rest_framework_nested.routers.NestedDefaultRouter",
    "rest_framework_nested.routers.NestedSimpleRouter",
    "rest_framework_extensions.routers.ExtendedDefaultRouter",
    "rest_framework_extensions.routers.ExtendedSimpleRouter",
    "rest_framework_bulk.routes.BulkRouter",
)
_LIST = {"get": "list", "post": "create"}
_DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
_PROVIDED = {
    "ModelViewSet": "list create retrieve update partial_update destroy", "ReadOnlyModelViewSet": "list retrieve", "CreateModelMixin": "create",
    "ListModelMixin": "list", "RetrieveModelMixin": "retrieve", "UpdateModelMixin": "update partial_update", "DestroyModelMixin": "destroy",
}  # fmt: skip


@dataclasses.dataclass(slots=True)
class _Registered:
    prefix: str | None
    view: Ref | None
    text: str
    path: str
    line: int
    basename: str = ""


@dataclasses.dataclass(slots=True)
class _Router:
    sets: list[_Registered] = dataclasses.field(default_factory=list)
    slash: str = "/"
    nested_in: tuple[Host, str, str] | None = None
    """Parent router, the prefix it is nested under, and the name of the parent's key."""


class Routers:
    """Finds routers and what is registered on them."""

    def __init__(self, values: Values, views: Views) -> None:
        self.values = values
        self.views = views
        self.hosts = Hosts(values, _ROUTERS, ())
        self._routers: dict[Host, _Router] | None = None

    def of(self, item: Place) -> Host | None:
        """The router whose ``urls`` a value is."""
        followed = self.values.follow(item)
        for place in (item, followed):
            base, _, last = place.text.rpartition(".")
            if last == "urls" and base and (host := self.hosts.of(place._replace(text=base))) is not None:
                return host
        return None

    def routers(self) -> dict[Host, _Router]:
        """All registrations of the project."""
        if self._routers is None:
            self._routers = {}
            for module, function, _, call in self.values.calls_named("register"):
                receiver = call.callee.rpartition(".")[0]
                host = self.hosts.of(Place(module.path, function, receiver)) if receiver and len(call.args) + len(call.keywords) >= 2 else None
                if host is None:
                    continue
                scope = Place(module.path, function, "")
                text = argument(call, 1, "viewset")
                prefix = self.values.string(scope._replace(text=argument(call, 0, "prefix")))
                given = argument(call, 2, "basename") or keyword(call, "base_name")
                basename = (self.values.string(scope._replace(text=given)) if given else None) or ""
                self._router(host).sets.append(_Registered(prefix, self.values.ref(scope._replace(text=text)), text, module.path, call.line, basename))
            for module, function, _, call in self.values.calls_named("extend"):
                if call.callee.endswith(".registry.extend") and call.args and call.args[0].endswith(".registry"):
                    host = self.hosts.of(Place(module.path, function, call.callee.removesuffix(".registry.extend")))
                    other = self.hosts.of(Place(module.path, function, call.args[0].removesuffix(".registry")))
                    if host is not None and other is not None and other in self._routers:
                        self._router(host).sets.extend(self._router(other).sets)
        return self._routers

    def _router(self, host: Host) -> _Router:
        assert self._routers is not None
        if host not in self._routers:
            self._routers[host] = router = _Router()
            if host in self.hosts.made:
                place, kind = self.hosts.made[host]
                call = self.values.call(place)
                if call is not None:
                    self._made(router, place, call, kind)
        return self._routers[host]

    def _made(self, router: _Router, place: Place, call: Call, kind: str) -> None:
        slash = keyword(call, "trailing_slash")
        if slash == "False":
            router.slash = ""
        elif (given := constant_string(slash)) is not None:
            router.slash = given
        if ".Nested" in kind and len(call.args) >= 2:
            parent = self.hosts.of(place._replace(text=call.args[0]))
            prefix = self.values.string(place._replace(text=call.args[1]))
            lookup = self.values.string(place._replace(text=argument(call, 2, "lookup"))) if argument(call, 2, "lookup") else None
            if parent is not None and prefix is not None:
                router.nested_in = (parent, prefix, f"{lookup or 'nested_1'}_")

    def expand(self, host: Host, prefix: str) -> Iterator[Route]:
        """The routes of a router below a path. The formats' suffixes and the root view are left out."""
        from backend_lint.project.web.django import route_of

        router = self.routers().get(host)
        if router is None:
            return
        below = prefix + self._nesting(router, 0)
        for registered in router.sets:
            base = below + (UNKNOWN if registered.prefix is None else registered.prefix)
            basename = registered.basename or self._basename(registered.view)
            for path, view, suffix in self._set(registered, base, router.slash):
                yield route_of(view, path, registered.path, registered.line, f"{basename}-{suffix}" if basename else "")

    def _nesting(self, router: _Router, depth: int) -> str:
        if router.nested_in is None or depth > 6:
            return ""
        parent, prefix, lookup = router.nested_in
        outer = self.routers().get(parent)
        above = self._nesting(outer, depth + 1) if outer is not None else ""
        key = next((self._lookup(one) for one in outer.sets if one.prefix == prefix), "pk") if outer is not None else "pk"
        return f"{above}{prefix}/<{lookup}{key}>/"

    def _basename(self, view: Ref | None) -> str:
        """The name that routes get after the model of the view set's query."""
        place = self.views.attribute(view, "queryset") if view is not None and view.kind is RefKind.CLASS else None
        call = self.values.call(place) if place is not None else None
        text = call.callee if call is not None else place.text if place is not None else ""
        while text.startswith("#") and place is not None and (call := self.values.call(place._replace(text=text.partition(".")[0]))) is not None:
            text = call.callee
        model = text.partition(".objects")[0].rpartition(".")[2]
        return model.lower() if ".objects" in text else ""

    def _lookup(self, registered: _Registered) -> str:
        if registered.view is None or registered.view.kind is not RefKind.CLASS:
            return "pk"
        for name in ("lookup_url_kwarg", "lookup_field"):
            place = self.views.attribute(registered.view, name)
            if place is not None and (found := self.values.string(place)):
                return found
        return "pk"

    def _set(self, registered: _Registered, base: str, slash: str) -> Iterator[tuple[str, View, str]]:
        """Paths, views, and what the routes' names end with."""
        ref = registered.view
        if ref is None or ref.kind is not RefKind.CLASS:
            for view in self.views.of_class(ref, registered.text, Before(self.views.permissions.middleware), None):
                yield base + slash, view, "list"
            return
        base = base.rstrip("/") if not registered.prefix else base
        detail = f"{base}/<{self._lookup(registered)}>"
        actions = self._actions(ref)
        allowed = self.views.attribute(ref, "http_method_names")
        methods = set(self.values.strings(allowed) or ()) if allowed is not None else None
        lists = {method: action for method, action in _LIST.items() if action in actions}
        details = {method: action for method, action in _DETAIL.items() if action in actions}
        for path, mapping, suffix in ((base + slash, lists, "list"), (detail + slash, details, "detail")):
            mapping = {method: action for method, action in mapping.items() if methods is None or method in methods}
            if mapping:
                for view in self.views.of_class(ref, registered.text, Before(self.views.permissions.middleware), mapping):
                    yield path, view, suffix
        for path, mapping, suffix in self._extra(ref, base, detail, slash):
            mapping = {method: action for method, action in mapping.items() if methods is None or method in methods}
            if mapping:
                for view in self.views.of_class(ref, registered.text, Before(self.views.permissions.middleware), mapping):
                    yield path, view, suffix

    def _actions(self, ref: Ref) -> set[str]:
        found = {action for action in (*_LIST.values(), *_DETAIL.values()) if self.values.resolver.classes.find(ref, action) is not None}
        for base in self.values.resolver.classes.external_names(ref):
            found.update(_PROVIDED.get(base.rpartition(".")[2], "").split())
        return found

    def _extra(self, ref: Ref, base: str, detail: str, slash: str) -> Iterator[tuple[str, dict[str, str], str]]:
        """Methods decorated with ``@action``."""
        seen: set[str] = set()
        for owner in self.values.resolver.classes.ancestors(ref.path, ref.index):
            if owner.kind is not RefKind.CLASS:
                continue
            module = self.values.modules[owner.path]
            for index in module.classes[owner.index].methods:
                head = module.functions[index]
                name = head.name.rpartition(".")[2]
                if name in seen:
                    continue
                seen.add(name)
                for text in head.decorators:
                    call = self.values.call(Place(owner.path, head.scope, text))
                    kind = call.callee.rpartition(".")[2] if call is not None else ""
                    if call is None or kind not in ("action", "detail_route", "list_route"):
                        continue
                    scope = Place(owner.path, head.scope, "")
                    methods = self.values.strings(scope._replace(text=argument(call, 0, "methods"))) if argument(call, 0, "methods") else None
                    is_detail = keyword(call, "detail") == "True" or kind == "detail_route"
                    given = keyword(call, "url_path")
                    path = self.values.string(scope._replace(text=given)) if given and given != "None" else name
                    mapping = {method.lower(): name for method in methods or ("get",)}
                    mapping.update(self._mapped(owner.path, module.classes[owner.index].methods, name))
                    suffix = constant_string(keyword(call, "url_name")) or name.replace("_", "-")
                    yield f"{detail if is_detail else base}/{UNKNOWN if path is None else path}{slash}", mapping, suffix

    def _mapped(self, path: str, methods: tuple[int, ...], name: str) -> dict[str, str]:
        """``@name.mapping.delete``: another method of the same path."""
        found = {}
        module = self.values.modules[path]
        for index in methods:
            for text in module.functions[index].decorators:
                parts = split(text, ".")
                if len(parts) >= 3 and parts[-2] == "mapping" and parts[-3].lstrip("%") == name:
                    found[parts[-1].lower()] = module.functions[index].name.rpartition(".")[2]
        return found
