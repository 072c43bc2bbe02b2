"""Guards of which the configuration says what they are worth, laid over the routes that were read."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.route import Guard, Route
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.web.guards import authenticated
from backend_lint.project.web.values import Place

if TYPE_CHECKING:
    from backend_lint.project import Project


class Configured:
    """Answers what a name is worth by the patterns of ``[guards]``; the first that fits counts."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._patterns = [(re.compile(fnmatch.translate(pattern)), worth) for pattern, worth in project.worths.items()]

    def worth(self, *names: str) -> str:
        """The worth of something that is called so, dotted or by its last name; empty if nothing is said of it."""
        spelled = {form for name in names if name for form in (name, name.rpartition(".")[2])}
        return next((worth for pattern, worth in self._patterns if any(pattern.match(name) for name in spelled)), "")

    def routes(self, routes: Iterable[Route]) -> list[Route]:
        """The routes with the worth of their guards, and with guards that only the configuration knows as such."""
        return [self._route(route) for route in routes]

    def _route(self, route: Route) -> Route:
        guards = [self._judged(guard) for guard in route.guards]
        told = {guard.name.rpartition(".")[2] for guard in guards}
        for guard in self._unknown_guards(route):
            if guard.name.rpartition(".")[2] not in told:
                told.add(guard.name.rpartition(".")[2])
                guards.append(guard)
        if not any(guard.worth for guard in guards):
            return route
        itself: bool | None = False if route.function >= 0 else None
        if route.function >= 0:
            itself = self.project.guards.checks_itself((route.module, route.function))
        return msgspec.structs.replace(route, guards=tuple(guards), authenticated=authenticated(guards, checks_itself=itself))

    def _judged(self, guard: Guard) -> Guard:
        worth = self.worth(guard.name)
        return msgspec.structs.replace(guard, worth=worth, verifies=worth != "none") if worth else guard

    def _unknown_guards(self, route: Route) -> Iterator[Guard]:
        """Decorators, dependencies and base classes that the configuration names and nothing else has shown to be guards."""
        modules = self.project.modules
        for path, index in route.dependencies:
            head = modules[path].functions[index]
            if worth := self.worth(head.name):
                yield Guard(head.name, worth != "none", path, head.line, worth=worth)
        decorated: list[tuple[str, int, tuple[str, ...], int]] = []
        if route.function >= 0:
            head = modules[route.module].functions[route.function]
            decorated.append((route.module, head.scope, head.decorators, head.line))
        if route.owner is not None:
            path, index = route.owner
            for base in self.project.resolver.classes.ancestors(path, index):
                line = modules[path].classes[index].line
                if base.kind is RefKind.CLASS:
                    fact = modules[base.path].classes[base.index]
                    decorated.append((base.path, fact.scope, fact.decorators, fact.line))
                    line = fact.line
                if worth := self.worth(base.name):
                    yield Guard(base.name, worth != "none", base.path or path, line, worth=worth)
        for path, scope, decorators, line in decorated:
            for text in decorators:
                name = self._decorator(path, scope, text)
                if worth := self.worth(name):
                    yield Guard(name, worth != "none", path, line, worth=worth)

    def _decorator(self, path: str, scope: int, text: str) -> str:
        call = self.project.guards.values.call(Place(path, scope, text))
        name = call.callee if call is not None else text
        if name.rpartition(".")[2] == "method_decorator" and call is not None and call.args:
            name = call.args[0]
            inner = self.project.guards.values.call(Place(path, scope, name))
            name = inner.callee if inner is not None else name
        ref: Ref | None = self.project.resolver.value(path, scope, name)
        return ref.name if ref is not None and ref.name else name
