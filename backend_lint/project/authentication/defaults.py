"""What Django REST framework lets pass where a view says nothing, and decorators that guard nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.open_routes import is_marked, is_public
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.web.guards import AUTH_NAME
from backend_lint.project.web.values import Place

if TYPE_CHECKING:
    from backend_lint.project import Project

_DRF = ("rest_framework.views.", "rest_framework.generics.", "rest_framework.viewsets.", "rest_framework.mixins.")
_ROUTING = frozenset({"route", "get", "post", "put", "patch", "delete", "api_route", "websocket"})
_LOGIN = lazy_regex(
    r"(?:login|auth|jwt|roles?|permissions?|admin|token|user|session)_required|requires_(?:auth|login|roles?)|require_(?:auth|login|admin|user)"
)


class OpenDefault(NamedTuple):
    """The settings of Django REST framework by which a view without permission classes answers anybody, and such routes."""

    module: SourceModule
    line: int
    column: int
    says: str
    routes: tuple[Route, ...]


def open_default(project: Project) -> OpenDefault | None:
    """None if there is no such setting, or no view that depends on it."""
    setting = _setting(project)
    if setting is None:
        return None
    module, line, column, says = setting
    routes: list[Route] = []
    seen: set[tuple[str, int]] = set()
    for route in project.routes:
        if route.function < 0 or route.owner is None or route.authenticated is not False or (route.module, route.function) in seen:
            continue
        if project.modules[route.module].role is not Role.APPLICATION or is_public(route) or is_marked(project, route):
            continue
        owner = project.modules[route.owner[0]].classes[route.owner[1]]
        names = project.resolver.classes.external_names(_ref(route.owner, owner.name))
        if any(name.startswith(_DRF) for name in names):
            seen.add((route.module, route.function))
            routes.append(route)
    return OpenDefault(module, line, column, says, tuple(routes)) if routes else None


def _ref(owner: tuple[str, int], name: str) -> Ref:
    return Ref(RefKind.CLASS, name, *owner)


def _setting(project: Project) -> tuple[SourceModule, int, int, str] | None:
    """Where `REST_FRAMEWORK` is set, if it certainly has no default permission, or `AllowAny`."""
    settings = project.guards.values.rest_settings
    if settings.changed:
        return None
    found: tuple[SourceModule, int, int, str] | None = None
    for module, assign, entries in settings.every:
        if entries is None or "**" in assign.value or "..." in assign.value or for_development(module.path):
            return None
        default = entries.get("DEFAULT_PERMISSION_CLASSES")
        if default is not None and "AllowAny" not in default:
            return None
        says = "sets `AllowAny` as the default" if default is not None else "sets no `DEFAULT_PERMISSION_CLASSES`, whose default is `AllowAny`"
        found = module, assign.line, assign.column, says
    return found


class Unguarded(NamedTuple):
    """A decorator that stands above the one that registers the function, so that the function is registered without it."""

    module: SourceModule
    function: int
    guard: str
    registers: str
    line: int


def misplaced_guards(project: Project) -> Iterator[Unguarded]:
    """Decorators that check who calls and come too late, in applications and blueprints of Flask and routers of FastAPI."""
    handlers = set(project.routes.handlers)
    for key in sorted(handlers):
        module = project.modules[key[0]]
        head = module.functions[key[1]]
        names = []
        for text in head.decorators:
            call = project.guards.values.call(Place(module.path, head.scope, text))
            names.append((call.callee if call is not None else text, call))
        registering = [number for number, (name, _) in enumerate(names) if "." in name and name.rpartition(".")[2] in _ROUTING]
        if not registering:
            continue
        for name, _ in names[: registering[0]]:
            last = name.rpartition(".")[2]
            if _LOGIN.search(last) or (AUTH_NAME.search(last) and last.endswith("required")):
                if head.owner < 0 and module.role is Role.APPLICATION:
                    yield Unguarded(module, key[1], last, names[registering[0]][0], head.line)
                break
