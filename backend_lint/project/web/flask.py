"""Routes of Flask and Quart applications: blueprints, method views, resources of Flask-RESTful and Flask-RESTX."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.facts.route import Limit, Route
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.web.decorators import Decorators
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.hosts import Host, Hosts
from backend_lint.project.web.routing import Before, Declared, Mounting, Node, Target, laid_out
from backend_lint.project.web.values import UNKNOWN, Place, Values, argument, keyword

_APPS = ("flask.Flask", "quart.Quart", "apiflask.APIFlask", "flask_openapi3.OpenAPI", "connexion.FlaskApp")
_BLUEPRINTS = ("flask.Blueprint", "quart.Blueprint", "apiflask.APIBlueprint", "flask_smorest.Blueprint", "flask_openapi3.APIBlueprint", "sanic.Blueprint")
_APIS = ("flask_restful.Api", "flask_restx.Api", "flask_restplus.Api", "flask_restx.Namespace", "flask_restplus.Namespace", "flask_smorest.Api")
_NAMES = ("app", "bp", "blueprint", "application")
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")
_METHODS = ("get", "post", "put", "patch", "delete")
_HOOKS = ("before_request", "before_app_request")


def join(prefix: str, path: str) -> str:
    """Flask's rule: one slash between prefix and rule."""
    if not prefix or not path:
        return prefix or path
    return f"{prefix.rstrip('/')}/{path.lstrip('/')}"


class Blueprints:
    """Collects applications, blueprints and APIs with what is registered on them."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self.hosts = Hosts(values, (*_APPS, *_BLUEPRINTS, *_APIS, "sanic.Sanic"), _NAMES)
        self.nodes: dict[Host, Node] = {}
        self.decorators = Decorators(values, guards).of

    def routes(self) -> Iterator[Route]:
        """Every route; HEAD and OPTIONS that Flask adds are left out."""
        self._decorated()
        self._called()
        self._hooked()
        everywhere = self._default_limits()
        for path, declared, before in laid_out(self.nodes, join):
            target = declared.target
            itself = self.guards.checks_itself((target.module, target.function)) if target.function >= 0 else None
            for method in declared.methods:
                yield Route(
                    method,
                    path if path.startswith("/") else f"/{path}",
                    target.module,
                    target.function,
                    target.name,
                    declared.framework,
                    declared.declared_in,
                    declared.line,
                    before.guards,
                    declared.request,
                    declared.response,
                    False,
                    before.functions,
                    authenticated(before.guards, checks_itself=itself),
                    target.owner,
                    before.limits or everywhere,
                )

    def node(self, host: Host) -> Node:
        """The object, with the prefix it was made with."""
        if host not in self.nodes:
            self.nodes[host] = node = Node()
            if host in self.hosts.made:
                place, kind = self.hosts.made[host]
                call = self.values.call(place)
                if call is not None:
                    self._construct(host, node, place, call, kind)
        return self.nodes[host]

    def _construct(self, host: Host, node: Node, place: Place, call: Call, kind: str) -> None:
        if kind in _BLUEPRINTS:
            given = keyword(call, "url_prefix") or keyword(call, "prefix")
        elif kind.endswith("Namespace"):
            given = keyword(call, "path")
            if not given:
                name = self.values.string(place._replace(text=argument(call, 0, "name")))
                node.prefix = None if name is None else f"/{name}"
        else:
            given = keyword(call, "prefix")
        if given and given != "None":
            node.prefix = self.values.string(place._replace(text=given))
        if kind in _APIS and not kind.endswith("Namespace"):
            owner = self.hosts.of(place._replace(text=argument(call, 0, "app"))) if argument(call, 0, "app") else None
            if owner is not None and owner != host:
                self.node(owner).mounts.append(Mounting(host, "", Before()))

    def _host(self, path: str, scope: int, receiver: str, *, certain: bool) -> Host | None:
        host = self.hosts.of(Place(path, scope, receiver)) if receiver else None
        if host is None or host in self.hosts.made or certain:
            return host
        imported = {found.module.partition(".")[0] for found in self.values.modules[path].facts.imports}
        return (
            host
            if imported & {"flask", "quart", "sanic", "flask_restx", "flask_restful", "apiflask", "flask_smorest"} and not imported & {"fastapi", "starlette"}
            else None
        )

    # -- decorators --------------------------------------------------------------------------------

    def _decorated(self) -> None:
        for path in self.values.modules:
            module = self.values.modules[path]
            if module.role is Role.TEST:
                continue
            for index, head in enumerate(module.functions):
                for position, text in enumerate(head.decorators):
                    call = self.values.call(Place(path, head.scope, text))
                    receiver, _, name = call.callee.rpartition(".") if call is not None else ("", "", "")
                    if call is None or not receiver or (name != "route" and name not in _VERBS):
                        continue
                    host = self._host(path, head.scope, receiver, certain=False)
                    if host is not None:
                        before = self.decorators(path, head.scope, head.decorators[position + 1 :], head.line)
                        owner = (path, head.owner) if head.owner >= 0 else None
                        self._add(
                            host, Place(path, head.scope, ""), call, Target(head.name, path, index, owner), (name.upper(),) if name in _VERBS else None, before
                        )
            for number, fact in enumerate(module.classes):
                for text in fact.decorators:
                    call = self.values.call(Place(path, fact.scope, text))
                    receiver, _, name = call.callee.rpartition(".") if call is not None else ("", "", "")
                    if call is not None and name == "route" and (host := self._host(path, fact.scope, receiver, certain=False)) is not None:
                        rules = [arg for arg in call.args if self.values.string(Place(path, fact.scope, arg)) is not None] or [keyword(call, "rule")]
                        for rule in rules:
                            self._view_class(host, Place(path, fact.scope, rule), Ref(RefKind.CLASS, fact.name, path, number), call, Before())

    def _add(self, host: Host, scope: Place, call: Call, target: Target, methods: tuple[str, ...] | None, before: Before) -> None:
        rule = argument(call, 0, "rule") or keyword(call, "uri")
        given = argument(call, -1, "methods")
        if methods is None:
            methods = tuple(found.upper() for found in self.values.strings(scope._replace(text=given)) or ("*",)) if given and given != "None" else ("GET",)
        path = self.values.string(scope._replace(text=rule)) if rule else None
        if path and path[0] not in "/<{":
            path = None  # Flask takes no such rule: a class of the project makes another one of it
        framework = self.hosts.made[host][1].partition(".")[0] if host in self.hosts.made else "flask"
        self.node(host).routes.append(
            Declared(methods, path, target, scope.path, call.line, before, framework=framework if framework in ("quart", "sanic") else "flask")
        )

    # -- calls -------------------------------------------------------------------------------------

    def _called(self) -> None:
        names = ("register_blueprint", "add_url_rule", "add_namespace", "blueprint", "add_route", *self.values.names_called("add_", "resource"))
        for module, function, _, call in self.values.calls_named(*names):
            receiver, _, name = call.callee.rpartition(".")
            host = self._host(module.path, function, receiver, certain=name in ("register_blueprint", "add_url_rule"))
            if host is None:
                continue
            scope = Place(module.path, function, "")
            if name in ("register_blueprint", "blueprint"):
                self._register(host, scope, argument(call, 0, "blueprint"), keyword(call, "url_prefix"), call)
            elif name == "add_namespace":
                self._register(host, scope, argument(call, 0, "ns"), argument(call, 1, "path"), call)
            elif name == "add_url_rule":
                self._url_rule(host, scope, call)
            elif name == "add_route":
                self._url_view(host, scope, argument(call, 0, "handler"), argument(call, 1, "uri"), call)
            else:
                ref = self.values.ref(scope._replace(text=argument(call, 0, "resource")))
                for url in (arg for arg in call.args[1:] if arg[0] != "*"):
                    self._view_class(host, scope._replace(text=url), ref, call, Before())

    def _register(self, host: Host, scope: Place, text: str, prefix: str, call: Call) -> None:
        child = self.hosts.of(scope._replace(text=text)) if text else None
        children = (
            [child] if child is not None else [self.hosts.of(item) for item in self.values.items(scope._replace(text=text[:-2]))] if text.endswith("[]") else []
        )
        if not children or None in children:
            name = call.callee.rpartition(".")[2]
            self.values.unread[scope.path, call.line, f"{name}({text.lstrip('%') if '#' not in text else '...'}): what is registered is not known"] = None
        for one in children:
            if one is not None:
                self.node(one)
                given = prefix not in ("", "None")
                self.node(host).mounts.append(Mounting(one, self.values.string(scope._replace(text=prefix)) if given else "", Before(), replaces=given))

    def _url_rule(self, host: Host, scope: Place, call: Call) -> None:
        self._url_view(host, scope, argument(call, 2, "view_func"), argument(call, 0, "rule"), call)

    def _url_view(self, host: Host, scope: Place, view: str, rule: str, call: Call) -> None:
        place = scope._replace(text=view)
        before = Before()
        for _ in range(4):
            made = self.values.follow(place)
            inner = self.values.call(made)
            if inner is None or inner.callee.endswith(".as_view"):
                break
            wrapped = [arg for arg in inner.args if arg[:1] not in "'\"[{"]
            if len(wrapped) != 1:
                break
            before = before + self.decorators(made.path, made.function, (inner.callee,))
            place = made._replace(text=wrapped[0])
        made = self.values.follow(place)
        inner = self.values.call(made)
        if inner is not None and inner.callee.endswith(".as_view"):
            ref = self.values.ref(made._replace(text=inner.callee.removesuffix(".as_view")))
            given = keyword(call, "methods")
            methods = self.values.strings(scope._replace(text=given)) if given else None
            self._view_class(host, scope._replace(text=rule), ref, call, before, methods)
            return
        ref = self.values.ref(place)
        if ref is not None and ref.kind is RefKind.FUNCTION:
            head = self.values.modules[ref.path].functions[ref.index]
            before = before + self.decorators(ref.path, head.scope, head.decorators, head.line)
        self._add(host, scope, call, Target.of(ref, view.rpartition(".")[2].lstrip("%") or "static"), None, before)

    def _view_class(self, host: Host, rule: Place, ref: Ref | None, call: Call, before: Before, only: list[str] | None = None) -> None:
        """One route for each method of a ``MethodView`` or ``Resource``; ``dispatch_request`` of a plain ``View``."""
        path = self.values.string(rule)
        routes = self.node(host).routes
        if ref is None or ref.kind is not RefKind.CLASS:
            routes.append(Declared(("*",), path, Target(ref.name if ref is not None else UNKNOWN), rule.path, call.line, before, framework="flask"))
            return
        classes = self.values.resolver.classes
        before = before + self._class_guards(ref)
        for method in _METHODS:
            if only is not None and method.upper() not in [name.upper() for name in only]:
                continue
            member = classes.find(ref, method)
            if member is not None and isinstance(member[1], int):
                head = self.values.modules[member[0].path].functions[member[1]]
                target = Target(f"{ref.name}.{method}", member[0].path, member[1], ref.function)
                routes.append(
                    Declared(
                        (method.upper(),),
                        path,
                        target,
                        rule.path,
                        call.line,
                        before + self.decorators(member[0].path, head.scope, head.decorators, head.line),
                        framework="flask",
                    )
                )
        member = classes.find(ref, "dispatch_request")
        if member is not None and isinstance(member[1], int) and not any(route.target.owner == ref.function for route in routes):
            held = classes.find(ref, "methods")
            names = only if held is None or isinstance(held[1], int) else self.values.strings(Place(held[0].path, held[1].function, held[1].value))
            methods = tuple(name.upper() for name in names or ("GET",))
            routes.append(
                Declared(
                    methods,
                    path,
                    Target(f"{ref.name}.dispatch_request", member[0].path, member[1], ref.function),
                    rule.path,
                    call.line,
                    before,
                    framework="flask",
                )
            )

    def _class_guards(self, ref: Ref) -> Before:
        """``decorators`` and ``method_decorators`` of a view class."""
        found = Before()
        for name in ("decorators", "method_decorators"):
            member = self.values.resolver.classes.find(ref, name)
            if member is not None and not isinstance(member[1], int):
                for item in self.values.items(Place(member[0].path, member[1].function, member[1].value)):
                    found = found + self.decorators(item.path, item.function, (item.text,))
        return found

    def _default_limits(self) -> tuple[Limit, ...]:
        """What ``Limiter(default_limits=[...])`` sets for every route without a limit of its own."""
        found: list[Limit] = []
        for module, function, _, call in self.values.calls_named("Limiter"):
            for name in ("default_limits", "application_limits"):
                if text := keyword(call, name):
                    rates = self.values.strings(Place(module.path, function, text)) or [""]
                    found += [Limit("Limiter", rate, module.path, call.line) for rate in rates]
        return tuple(found)

    # -- hooks -------------------------------------------------------------------------------------

    def _hooked(self) -> None:
        """``before_request`` as a decorator and as a call."""
        for path in self.values.modules:
            module = self.values.modules[path]
            for index, head in enumerate(module.functions):
                for text in head.decorators:
                    receiver, _, name = text.rpartition(".")
                    if name in _HOOKS and module.role is not Role.TEST and (host := self._host(path, head.scope, receiver, certain=True)) is not None:
                        self._hook(host, Ref(RefKind.FUNCTION, head.name, path, index), (path, head.line))
        for module, function, _, call in self.values.calls_named(*_HOOKS):
            host = self._host(module.path, function, call.callee.rpartition(".")[0], certain=True)
            ref = self.values.ref(Place(module.path, function, call.args[0])) if call.args else None
            if host is not None and ref is not None and ref.kind is RefKind.FUNCTION:
                self._hook(host, ref, (module.path, call.line))

    def _hook(self, host: Host, ref: Ref, place: tuple[str, int]) -> None:
        guard = self.guards.hook(ref, place)
        node = self.node(host)
        node.before = node.before + Before((guard,) if guard is not None else (), (ref.function,))
