"""Routes of aiohttp applications."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.facts.route import Guard, Route
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.hosts import Host, Hosts
from backend_lint.project.web.routing import Before, Declared, Mounting, Node, Target, laid_out
from backend_lint.project.web.values import Place, Values, argument, keyword

_CLASSES = ("aiohttp.web.Application", "aiohttp.web.RouteTableDef")
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")


def _join(prefix: str, path: str) -> str:
    return prefix.rstrip("/") + path if prefix else path


class WebRoutes:
    """Collects applications and route tables with what is registered on them."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self.hosts = Hosts(values, _CLASSES, ())
        self.nodes: dict[Host, Node] = {}

    def routes(self) -> Iterator[Route]:
        """Every route of every application and table."""
        self._decorated()
        self._called()
        for path, declared, before in laid_out(self.nodes, _join):
            target = declared.target
            itself = self.guards.checks_itself((target.module, target.function)) if target.function >= 0 else None
            verdict = authenticated(before.guards, checks_itself=itself)
            for method in declared.methods:
                place = (declared.declared_in, declared.line)
                yield Route(
                    method, path, target.module, target.function, target.name, "aiohttp", *place, before.guards, authenticated=verdict, owner=target.owner
                )

    def _node(self, host: Host) -> Node:
        if host not in self.nodes:
            self.nodes[host] = node = Node()
            place, _ = self.hosts.made.get(host, (None, ""))
            call = self.values.call(place) if place is not None else None
            if place is not None and call is not None and (given := keyword(call, "middlewares")):
                for item in self.values.items(place._replace(text=given)):
                    ref = self.values.ref(item)
                    guard = self.guards.hook(ref, (place.path, call.line)) if ref is not None and not ref.is_external else None
                    if guard is not None:
                        node.before = node.before + Before((Guard(guard.name, None, guard.path, guard.line),))
        return self.nodes[host]

    def _decorated(self) -> None:
        for path, module in self.values.modules.items():
            if module.role is Role.TEST or not any(found.module.startswith("aiohttp") for found in module.facts.imports):
                continue
            heads = [
                (Ref(RefKind.FUNCTION, head.name, path, index), head.scope, text) for index, head in enumerate(module.functions) for text in head.decorators
            ]
            heads += [(Ref(RefKind.CLASS, fact.name, path, index), fact.scope, text) for index, fact in enumerate(module.classes) for text in fact.decorators]
            for ref, scope, text in heads:
                call = self.values.call(Place(path, scope, text))
                receiver, _, verb = call.callee.rpartition(".") if call is not None else ("", "", "")
                if call is not None and receiver and verb in (*_VERBS, "view") and (host := self.hosts.of(Place(path, scope, receiver))) is not None:
                    self._add(host, Place(path, scope, argument(call, 0, "path")), ref, verb, call)

    def _called(self) -> None:
        names = ("add_get", "add_post", "add_put", "add_patch", "add_delete", "add_head", "add_view", "add_route", "add_routes", "add_subapp")
        for module, function, _, call in self.values.calls_named(*names):
            receiver, _, name = call.callee.rpartition(".")
            scope = Place(module.path, function, receiver.removesuffix(".router"))
            host = self.hosts.of(scope) if receiver else None
            if host is None:
                continue
            if name == "add_routes":
                self._table(host, scope._replace(text=argument(call, 0, "routes")))
            elif name == "add_subapp":
                child = self.hosts.of(scope._replace(text=argument(call, 1, "subapp")))
                if child is not None:
                    self._node(child)
                    self._node(host).mounts.append(Mounting(child, self.values.string(scope._replace(text=argument(call, 0, "prefix"))), Before()))
            else:
                first = 1 if name == "add_route" else 0
                method = (self.values.string(scope._replace(text=call.args[0])) or "*").lower() if first and call.args else name.removeprefix("add_")
                handler = self.values.ref(scope._replace(text=argument(call, first + 1, "handler")))
                self._add(host, scope._replace(text=argument(call, first, "path")), handler, method, call)

    def _table(self, host: Host, place: Place) -> None:
        table = self.hosts.of(place)
        if table is not None:
            self._node(table)
            self._node(host).mounts.append(Mounting(table, "", Before()))
            return
        for item in self.values.items(place):
            made = self.values.follow(item)
            call = self.values.call(made)
            name = call.callee.rpartition(".")[2] if call is not None else ""
            if call is not None and name in (*_VERBS, "view", "route"):
                first = 1 if name == "route" else 0
                method = (self.values.string(made._replace(text=call.args[0])) or "*").lower() if first and call.args else name
                handler = self.values.ref(made._replace(text=argument(call, first + 1, "handler")))
                self._add(host, made._replace(text=argument(call, first, "path")), handler, method, call)

    def _add(self, host: Host, path: Place, ref: Ref | None, method: str, call: Call) -> None:
        shown = self.values.string(path)
        routes = self._node(host).routes
        if ref is not None and ref.kind is RefKind.CLASS:
            for verb in _VERBS[:5]:
                member = self.values.resolver.classes.find(ref, verb)
                if member is not None and isinstance(member[1], int):
                    routes.append(
                        Declared((verb.upper(),), shown, Target(f"{ref.name}.{verb}", member[0].path, member[1], ref.function), path.path, call.line, Before())
                    )
            return
        target = Target.of(ref, argument(call, 1, "handler").rpartition(".")[2].lstrip("%") or "?")
        routes.append(Declared(("*" if method in ("*", "view") else method.upper(),), shown, target, path.path, call.line, Before()))
