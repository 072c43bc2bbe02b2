"""Routes of FastAPI and Starlette applications."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, Function
from backend_lint.facts.route import Guard, Route
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import call_ids
from backend_lint.project.web.decorators import Decorators
from backend_lint.project.web.dependencies import Dependencies
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.hosts import Host, Hosts
from backend_lint.project.web.models import Models
from backend_lint.project.web.routing import Before, Declared, Mounting, Node, Target, laid_out
from backend_lint.project.web.values import MAX_DEPTH, Place, Values, argument, keyword

_FASTAPI = ("fastapi.FastAPI", "fastapi.APIRouter", "fastapi_offline.FastAPIOffline")
_STARLETTE = ("starlette.applications.Starlette", "starlette.routing.Router")
_VERBS = frozenset(("get", "post", "put", "patch", "delete", "head", "options", "trace"))
_DECORATORS = _VERBS | {"api_route", "route", "websocket", "websocket_route"}
_NAMES = ("app", "api", "router", "application", "api_router", "fastapi_app")
_ENDPOINT_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


def join(prefix: str, path: str) -> str:
    """Starlette's rule: paths are put one behind the other."""
    if prefix.endswith("/") and path.startswith("/"):
        return prefix[:-1] + path
    return prefix + path


class Registrations:
    """Collects applications and routers of FastAPI and Starlette with what is registered on them."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self.models = Models(values)
        self.dependencies = Dependencies(values, guards)
        self.decorators = Decorators(values, guards).of
        self.hosts = Hosts(values, (*_FASTAPI, *_STARLETTE), _NAMES)
        self.nodes: dict[Host, Node] = {}
        self.starlette: set[Host] = set()

    def routes(self) -> Iterator[Route]:
        """Every route; HEAD and OPTIONS that the framework adds are left out."""
        self._made()
        self._decorated()
        self._called()
        for path, declared, before in laid_out(self.nodes, join):
            guards = before.guards
            target = declared.target
            itself = self.guards.checks_itself((target.module, target.function)) if target.function >= 0 else None
            for method in declared.methods:
                yield Route(
                    method,
                    path or "/",
                    target.module,
                    target.function,
                    target.name,
                    declared.framework,
                    declared.declared_in,
                    declared.line,
                    guards,
                    declared.request,
                    declared.response,
                    declared.is_websocket,
                    before.functions,
                    authenticated(guards, checks_itself=itself),
                    target.owner,
                    before.limits,
                )

    def node(self, host: Host) -> Node:
        """The application or router, with the prefix and the dependencies it was made with."""
        if host not in self.nodes:
            self.nodes[host] = node = Node()
            if host in self.hosts.made:
                place, kind = self.hosts.made[host]
                call = self.values.call(place)
                if call is not None:
                    self._construct(host, node, place, call, kind)
        return self.nodes[host]

    def _construct(self, host: Host, node: Node, place: Place, call: Call, kind: str) -> None:
        for item in self.values.items(place._replace(text=keyword(call, "middleware"))):
            made = self.values.call(self.values.follow(item))
            if made is not None and made.args:
                self._middleware(node, self.values.follow(item)._replace(text=made.args[0]), made.line)
        if kind in _STARLETTE:
            self.starlette.add(host)
            self._route_list(host, place._replace(text=argument(call, 1 if kind.endswith("Starlette") else 0, "routes")), 0)
            return
        if prefix := keyword(call, "prefix"):
            node.prefix = self.values.string(place._replace(text=prefix))
        node.before = self.dependencies.of_list(place._replace(text=keyword(call, "dependencies")))
        self._route_list(host, place._replace(text=keyword(call, "routes")), 0)

    def _middleware(self, node: Node, place: Place, line: int) -> None:
        ref = self.values.ref(place)
        if ref is None or ref.kind not in (RefKind.CLASS, RefKind.FUNCTION):
            name = place.text.rpartition(".")[2]
            guard = Guard(name, None, place.path, line) if self.guards.named(name) or "Authentication" in name else None
        else:
            guard = self.guards.hook(ref, (place.path, line))
            if guard is not None and guard.verifies:
                # a middleware sees every path and lets some of them pass
                guard = Guard(guard.name, None, guard.path, guard.line)
        if guard is not None:
            node.before = node.before + Before((guard,))

    def _made(self) -> None:
        """Applications and routers are known in the order in which they are written."""
        for name in ("FastAPI", "APIRouter", "Starlette", "Router"):
            for module, function, number, _ in self.values.calls_named(name):
                if (host := self.hosts.of(Place(module.path, function, f"#{number}"))) is not None:
                    self.node(host)

    # -- decorators --------------------------------------------------------------------------------

    def _decorated(self) -> None:
        for path in self.values.modules:
            module = self.values.modules[path]
            if module.role is Role.TEST:
                continue
            for index, head in enumerate(module.functions):
                for text in reversed(head.decorators):
                    call = self.values.call(Place(path, head.scope, text))
                    name = call.callee.rpartition(".")[2] if call is not None else ""
                    if call is not None and name in _DECORATORS:
                        self._decorator(path, index, head, call)
                    elif (
                        call is not None
                        and name == "middleware"
                        and (host := self.hosts.of(Place(path, head.scope, call.callee.rpartition(".")[0]))) is not None
                    ):
                        self._middleware(self.node(host), Place(path, head.scope, head.name.rpartition(".")[2]), head.line)
            for number, fact in enumerate(module.classes):
                for text in fact.decorators:
                    call = self.values.call(Place(path, fact.scope, text))
                    if (
                        call is not None
                        and call.callee.rpartition(".")[2] == "route"
                        and (host := self.hosts.of(Place(path, fact.scope, call.callee.rpartition(".")[0])))
                    ):
                        ref = Ref(RefKind.CLASS, fact.name, path, number)
                        self._endpoint(host, Place(path, fact.scope, call.args[0] if call.args else ""), ref, fact.name, call, path)

    def _decorator(self, path: str, index: int, head: Function, call: Call) -> None:
        receiver, _, verb = call.callee.rpartition(".")
        if not receiver:
            return
        host = self.hosts.of(Place(path, head.scope, receiver))
        if host is None or (host not in self.hosts.made and not self._looks_right(path, call)):
            return
        if verb in ("route", "websocket_route"):
            self.starlette.add(host) if host not in self.hosts.made else None
        owner = (path, head.owner) if head.owner >= 0 else None
        self._add(host, Place(path, head.scope, ""), call, verb, Target(head.name, path, index, owner), "path")

    def _looks_right(self, path: str, call: Call) -> bool:
        """A router that is not known counts where the module imports the framework and the path looks like one."""
        imported = {found.module.partition(".")[0] for found in self.values.modules[path].facts.imports}
        text = argument(call, 0, "path")
        return bool(imported & {"fastapi", "starlette"}) and text[1:2] in ("/", "'", '"')

    def _add(self, host: Host, scope: Place, call: Call, verb: str, target: Target, path_name: str) -> None:
        path = self.values.string(scope._replace(text=argument(call, 0, path_name)))
        socket = verb in ("websocket", "websocket_route")
        if verb in _VERBS:
            methods: tuple[str, ...] = (verb.upper(),)
        elif socket:
            methods = ("WEBSOCKET",)
        else:
            given = argument(call, -1, "methods")
            methods = tuple(found.upper() for found in self.values.strings(scope._replace(text=given)) or ("*",)) if given else ("GET",)
        before = self.dependencies.of_list(scope._replace(text=keyword(call, "dependencies")))
        request = response = ""
        if target.function >= 0:
            key = (target.module, target.function)
            if target.owner is not None:
                before = before + self.dependencies.of_class(target.owner)
            before = before + self.dependencies.of_function(key)
            head = self.values.modules[key[0]].functions[key[1]]
            before = before + self.decorators(key[0], head.scope, head.decorators, head.line)
            request = self.models.request(key)
            response = self.models.response(scope, keyword(call, "response_model"), key)
        framework = "starlette" if verb in ("route", "websocket_route", "Route") or host in self.starlette else "fastapi"
        self.node(host).routes.append(Declared(methods, path, target, scope.path, call.line, before, request, response, socket, framework))

    # -- calls -------------------------------------------------------------------------------------

    def _called(self) -> None:
        for module, function, _, call in self.values.calls_named(
            "include_router", "mount", "add_api_route", "add_route", "add_api_websocket_route", "add_websocket_route", "add_middleware"
        ):
            receiver, _, verb = call.callee.rpartition(".")
            host = self.hosts.of(Place(module.path, function, receiver)) if receiver else None
            if host is None:
                continue
            scope = Place(module.path, function, "")
            if verb == "include_router":
                self._include(host, scope, call)
            elif verb == "mount":
                self._mount(host, scope, argument(call, 0, "path"), argument(call, 1, "app"), 0)
            elif verb == "add_middleware":
                self._middleware(self.node(host), scope._replace(text=argument(call, 0, "middleware_class")), call.line)
            else:
                self._endpoint_call(host, scope, call, verb)

    def _include(self, host: Host, scope: Place, call: Call) -> None:
        text = argument(call, 0, "router")
        children = [self.hosts.of(scope._replace(text=text))] if text else []
        if children == [None]:
            children = [self.hosts.of(item) for item in self.values.items(scope._replace(text=text.removesuffix("[]")))] if text.endswith("[]") else []
        prefix = keyword(call, "prefix")
        before = self.dependencies.of_list(scope._replace(text=keyword(call, "dependencies")))
        if not children or None in children or self._is_imported_by_name(scope._replace(text=text)):
            self.values.unread[scope.path, call.line, f"include_router({text.lstrip('%') if '#' not in text else '...'}): the router is not known"] = None
        for child in children:
            if child is not None:
                self.node(child)
                self.node(host).mounts.append(Mounting(child, self.values.string(scope._replace(text=prefix)) if prefix else "", before))

    def _is_imported_by_name(self, place: Place) -> bool:
        """A router of a module whose name is put together while the program runs."""
        calls = self.values.modules[place.path].bodies[place.function].calls
        names = {calls[number].callee.rpartition(".")[2] for number in call_ids(place.text) if number < len(calls)}
        return place.text.startswith("getattr(") or not names.isdisjoint(("import_module", "__import__", "import_string", "getattr"))

    def _mount(self, host: Host, scope: Place, path: str, app: str, depth: int) -> None:
        child = self.hosts.of(scope._replace(text=app)) if app else None
        if child is not None:
            self.node(child)
            prefix = self.values.string(scope._replace(text=path))
            mounts = self.node(host).mounts
            known = [mount for mount in mounts if mount.child == child and mount.is_mount and mount.prefix is not None]
            if prefix is not None:
                # one branch mounts it where the environment says, the other one at the usual place
                mounts[:] = [mount for mount in mounts if mount.child != child or not mount.is_mount or mount.prefix is not None]
            if prefix is not None or not known:
                mounts.append(Mounting(child, prefix.rstrip("/") if prefix is not None else None, Before(), is_mount=True))

    def _endpoint_call(self, host: Host, scope: Place, call: Call, verb: str) -> None:
        text = argument(call, 1, "endpoint" if verb.startswith("add_api") else "route") or argument(call, 1, "endpoint")
        if not text:
            return
        ref = self.values.ref(scope._replace(text=text))
        if ref is not None and ref.kind is RefKind.CLASS:
            self._endpoint(host, scope._replace(text=argument(call, 0, "path")), ref, text, call, scope.path)
            return
        kind = "websocket" if "websocket" in verb else "api_route" if verb == "add_api_route" else "route"
        self._add(host, scope, call, kind, Target.of(ref, text.rpartition(".")[2].lstrip("%")), "path")

    # -- Starlette's lists -------------------------------------------------------------------------

    def _route_list(self, host: Host, place: Place, depth: int) -> None:
        if not place.text or depth > MAX_DEPTH:
            return
        for item in self.values.items(place):
            made = self.values.follow(item)
            call = self.values.call(made)
            kind = call.callee.rpartition(".")[2] if call is not None else ""
            if call is None or kind not in ("Route", "Mount", "WebSocketRoute", "APIRoute", "Host"):
                continue
            scope = made._replace(text="")
            if kind == "Mount":
                app = argument(call, 1, "app")
                if app:
                    self._mount(host, scope, argument(call, 0, "path"), app, depth)
                if routes := keyword(call, "routes"):
                    inner = (host, made)
                    self.nodes[inner] = Node()
                    self.starlette.add(inner)
                    prefix = self.values.string(made._replace(text=argument(call, 0, "path")))
                    self.node(host).mounts.append(Mounting(inner, prefix.rstrip("/") if prefix is not None else None, Before()))
                    self._route_list(inner, made._replace(text=routes), depth + 1)
                continue
            endpoint = argument(call, 1, "endpoint")
            ref = self.values.ref(made._replace(text=endpoint))
            if ref is not None and ref.kind is RefKind.CLASS and kind == "Route":
                self._endpoint(host, made._replace(text=argument(call, 0, "path")), ref, endpoint, call, made.path)
            else:
                target = self._socket(ref, endpoint) if kind == "WebSocketRoute" else Target.of(ref, endpoint.rpartition(".")[2])
                self._add(host, scope, call, "websocket" if kind == "WebSocketRoute" else kind, target, "path")

    def _socket(self, ref: Ref | None, text: str) -> Target:
        if ref is not None and ref.kind is RefKind.CLASS:
            member = self.values.resolver.classes.find(ref, "on_receive") or self.values.resolver.classes.find(ref, "on_connect")
            if member is not None and isinstance(member[1], int):
                return Target(f"{ref.name}.on_receive", member[0].path, member[1], ref.function)
        return Target.of(ref, text.rpartition(".")[2])

    def _endpoint(self, host: Host, path: Place, ref: Ref, text: str, call: Call, declared_in: str) -> None:
        """One route for each method that an ``HTTPEndpoint`` defines."""
        for method in _ENDPOINT_METHODS:
            member = self.values.resolver.classes.find(ref, method)
            if member is not None and isinstance(member[1], int):
                target = Target(f"{ref.name}.{method}", member[0].path, member[1], ref.function)
                before = self.dependencies.of_function((target.module, target.function))
                self.node(host).routes.append(
                    Declared((method.upper(),), self.values.string(path), target, declared_in, call.line, before, framework="starlette")
                )
