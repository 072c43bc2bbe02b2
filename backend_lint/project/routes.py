"""The routes of a project: which function answers which method of which path, and what runs before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey

if TYPE_CHECKING:
    from backend_lint.project import Project

_OPERATIONAL = lazy_regex(
    r"(?:/[\w.-]+)*/(?:health\w*|ready\w*|live\w*|ping|metrics|status|docs|redoc|openapi\.json|favicon\.ico|robots\.txt|__debug__(?:/.*)?)/?", re.IGNORECASE
)
_FASTAPI = ("fastapi", "starlette")
_FLASK = ("flask", "quart", "flask_restful", "flask_restx", "flask_appbuilder", "flask_smorest", "apiflask", "sanic")
_DJANGO = ("django", "rest_framework")


class Routes:
    """All routes, sorted by path and method."""

    def __init__(self, routes: Iterable[Route], unread: Iterable[tuple[str, int, str]] = ()) -> None:
        self.unread = tuple(sorted(unread))
        """Registrations that are not understood: path, line, what. Routes may be missing because of them."""
        self._routes = tuple(sorted(set(routes), key=lambda route: (route.path, route.method, route.declared_in, route.line, route.name)))
        self._by_handler: dict[FunctionKey, list[Route]] = {}
        for route in self._routes:
            if route.function >= 0:
                self._by_handler.setdefault((route.module, route.function), []).append(route)

    @classmethod
    def link(cls, project: Project) -> Routes:
        """Routes of every framework that the project imports."""
        imported = project.imported
        guards = project.guards
        values = guards.values
        routes: list[Route] = []
        if imported.intersection(_FASTAPI):
            from backend_lint.project.web.fastapi import Registrations

            routes += Registrations(values, guards).routes()
        if imported.intersection(_DJANGO):
            from backend_lint.project.web.django import UrlPatterns

            routes += UrlPatterns(values, guards).routes()
        if imported.intersection(_FLASK):
            from backend_lint.project.web.flask import Blueprints

            routes += Blueprints(values, guards).routes()
        if "flask_appbuilder" in imported:
            from backend_lint.project.web.appbuilder import Exposed

            routes += Exposed(values, guards).routes()
        if "connexion" in imported:
            from backend_lint.project.web.connexion import Operations

            routes += Operations(values, guards, project.manifests).routes()
        if "aiohttp" in imported:
            from backend_lint.project.web.aiohttp import WebRoutes

            routes += WebRoutes(values, guards).routes()
        if "litestar" in imported:
            from backend_lint.project.web.litestar import Handlers

            routes += Handlers(values, guards).routes()
        if project.worths:
            from backend_lint.project.web.configured import Configured

            routes = Configured(project).routes(routes)
        return cls(routes, values.unread)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def by_handler(self, key: FunctionKey) -> tuple[Route, ...]:
        """The routes that a function answers."""
        return tuple(self._by_handler.get(key, ()))

    @property
    def handlers(self) -> tuple[FunctionKey, ...]:
        """Functions of the project that answer a route, each once."""
        return tuple(self._by_handler)


def is_operational(path: str) -> bool:
    """Whether a path is there for the platform and not for callers: health, metrics, documentation.

    >>> is_operational("/api/healthz"), is_operational("/orders/{number}/status")
    (True, False)
    """
    return _OPERATIONAL.fullmatch(path) is not None
