"""Answers of HTTP given below the routes: services and repositories that raise what only a web framework understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.architecture.layer_names import Layer

if TYPE_CHECKING:
    from backend_lint.facts.python import Call, Raise
    from backend_lint.project import Project

_BELOW = frozenset({Layer.DOMAIN, Layer.SERVICES, Layer.PERSISTENCE})
_FEWEST, _SHARE = 5, 0.15
"""A convention needs so many modules, and no more than this share of them against it."""
_EXCEPTIONS = frozenset({"fastapi.HTTPException", "fastapi.exceptions.HTTPException", "starlette.exceptions.HTTPException", "django.http.Http404"})
_ABORTS = frozenset({"flask.abort", "werkzeug.exceptions.abort", "flask_restful.abort", "django.shortcuts.get_object_or_404"})
_IMPORTED = frozenset({"HTTPException", "Http404", "abort", "get_object_or_404"})
_MODULES = frozenset({"fastapi", "flask", "starlette.exceptions", "werkzeug.exceptions", "django.http", "werkzeug"})
_GUARDS = ("auth", "permission", "security", "dependenc", "deps", "middleware", "oauth", "session")
"""Parts of the names of modules whose work it is to turn callers away."""
_TURNING_AWAY = ("require_", "enforce_", "authorize", "authenticate")
"""What functions with the same work are called."""


class Answer(NamedTuple):
    """A function below the routes that answers in HTTP: its key, the first place, what it raises or calls, and how many such places it has."""

    function: tuple[str, int]
    place: Raise | Call
    name: str
    places: int


class Answers(NamedTuple):
    """`found`: in order of places. `silent`: modules of the same layers that answer nothing, of `modules`."""

    found: tuple[Answer, ...]
    silent: int
    modules: int


def http_answers(project: Project) -> Answers:
    """What answers in HTTP below the routes, where most modules there do not."""
    layers = project.architecture.layers
    names = project.architecture.graph.names
    below = sorted(path for path, place in layers.places.items() if place.layer in _BELOW and not path.endswith("__init__.py"))
    if layers.declared or len(below) < _FEWEST:
        return Answers((), 0, len(below))
    found = {path: some for path in below if (some := _of_module(project, path))}
    if len(found) > _SHARE * len(below):
        return Answers((), len(below) - len(found), len(below))
    handlers = {(route.module, route.function) for route in project.routes} if found else set()
    handlers |= {key for route in project.routes for key in route.dependencies} if found else set()
    shown = [
        one
        for path, some in found.items()
        if not any(guard in names[path] for guard in _GUARDS)
        for one in some
        if one.function not in handlers and not project.calls.head(one.function).name.rpartition(".")[2].startswith(_TURNING_AWAY)
    ]
    return Answers(tuple(shown), len(below) - len(found), len(below))


def _of_module(project: Project, path: str) -> list[Answer]:
    module = project.modules[path]
    if not any(fact.member in _IMPORTED or fact.module in _MODULES for fact in module.facts.imports):
        return []
    found = []
    for index, body in enumerate(module.bodies):
        places: list[tuple[Raise | Call, str]] = []
        for raised in body.raises:
            ref = project.value(path, index, raised.value) if raised.value else None
            name = ref.name.removesuffix("()") if ref is not None and ref.is_external else ""
            if name in _EXCEPTIONS or name.startswith("werkzeug.exceptions."):
                places.append((raised, name))
        for call in body.calls:
            if call.callee.rpartition(".")[2] in ("abort", "get_object_or_404"):
                ref = project.value(path, index, call.callee)
                if ref is not None and ref.name in _ABORTS:
                    places.append((call, ref.name))
        if places:
            place, name = min(places, key=lambda one: one[0].line)
            found.append(Answer((path, index), place, name, len(places)))
    return found

