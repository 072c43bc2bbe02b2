"""Routes of Flask-AppBuilder: methods that views expose below the base of their class."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute, Call
from backend_lint.facts.route import Guard, Route
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.web.flask import join
from backend_lint.project.web.guards import Guards, authenticated
from backend_lint.project.web.values import UNKNOWN, Place, Values, argument

_CHECKING = {"has_access", "has_access_api", "protect"}


class Exposed:
    """Finds ``@expose`` on the methods of classes."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards
        self.classes = values.resolver.classes

    def routes(self) -> Iterator[Route]:
        """Every exposed method at the path of the class that defines it and of those that inherit it."""
        for path in self.values.modules:
            module = self.values.modules[path]
            if module.role is Role.TEST:
                continue
            for index, head in enumerate(module.functions):
                if head.owner < 0:
                    continue
                for text in head.decorators:
                    call = self.values.call(Place(path, head.scope, text))
                    if call is not None and call.callee.rpartition(".")[2] == "expose":
                        yield from self._exposed(path, index, head.owner, call)

    def _exposed(self, path: str, index: int, owner: int, call: Call) -> Iterator[Route]:
        module = self.values.modules[path]
        head = module.functions[index]
        scope = Place(path, head.scope, "")
        rule = self.values.string(scope._replace(text=argument(call, 0, "url"))) if argument(call, 0, "url") else "/"
        given = argument(call, 1, "methods")
        methods = [name.upper() for name in self.values.strings(scope._replace(text=given)) or ("*",)] if given else ["GET"]
        guards = tuple(self._guards(path, index))
        verdict = authenticated(guards, checks_itself=self.guards.checks_itself((path, index)))
        heirs = [one for one in self.classes.subclasses(path, owner) if not self._overrides(one, head.name.rpartition(".")[2], (path, index))]
        found = [Ref(RefKind.CLASS, module.classes[owner].name, path, owner), *heirs]
        concrete = [one for one in found if self._base(one) is not None] or found[:1]
        for ref in concrete:
            base = self._base(ref)
            full = join(UNKNOWN if base is None else base, UNKNOWN if rule is None else rule)
            for method in methods:
                name = f"{ref.name}.{head.name.rpartition('.')[2]}"
                yield Route(
                    method,
                    full if full.startswith("/") else f"/{full}",
                    path,
                    index,
                    name,
                    "flask-appbuilder",
                    path,
                    call.line,
                    guards,
                    authenticated=verdict,
                    owner=ref.function,
                )

    def _overrides(self, ref: Ref, name: str, key: tuple[str, int]) -> bool:
        member = self.classes.find(ref, name)
        return member is None or (member[0].path, member[1]) != key

    def _guards(self, path: str, index: int) -> Iterator[Guard]:
        head = self.values.modules[path].functions[index]
        for text in head.decorators:
            call = self.values.call(Place(path, head.scope, text))
            callee = call.callee if call is not None else text
            name = callee.rpartition(".")[2]
            if name in _CHECKING:
                yield Guard(name, True, path, call.line if call is not None else head.line)
            elif name != "expose":
                ref = self.values.resolver.decorator(path, head.scope, text)
                guard = self.guards.of(ref, callee, (path, head.line))
                if guard.verifies and self.guards.named(name):
                    yield guard

    def _base(self, ref: Ref) -> str | None:
        """The path that a class's routes stand under; None if it is only a base of others."""
        external = self.classes.external_names(ref)
        given = self._string(ref, "route_base")
        if given is not None:
            return given
        if any(name.endswith(("Api", ".BaseApi", "ModelRestApi")) for name in external):
            resource = self._string(ref, "resource_name")
            if resource is None:
                return None
            version = self._string(ref, "version") or "v1"
            return f"/api/{version}/{resource}"
        if any("appbuilder" in name for name in external):
            name = ref.name.rpartition(".")[2]
            return None if re.match(r"(?:Base|Abstract)|.*(?:Mixin|Base)$", name) else f"/{name.lower()}"
        return None

    def _string(self, ref: Ref, name: str) -> str | None:
        member = self.classes.find(ref, name)
        if member is None or not isinstance(member[1], Attribute):
            return None
        return self.values.string(Place(member[0].path, member[1].function, member[1].value))
