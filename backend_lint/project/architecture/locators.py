"""Business code that fetches its dependencies itself, from a container or a registry that knows all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.architecture.layer_names import COMPOSITION_ROOTS, Layer
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_BUSINESS = frozenset({Layer.DOMAIN, Layer.MODELS, Layer.PERSISTENCE, Layer.SERVICES})
_LOOK_UPS = frozenset(
    {
        "zope.component.getUtility", "zope.component.queryUtility", "zope.component.getAdapter", "injector.Injector.get", "punq.Container.resolve",
        "lagom.Container.resolve", "svcs.Container.get", "svcs.flask.get", "rodi.Container.resolve", "kink.di.__getitem__", "flask_injector.FlaskInjector.get",
    }
)  # fmt: skip
_FACTORY = re.compile(r"factory|\b_?(create|make|build|provide|get|from|new)(_|$)|includeme|__init__|configure|setup|depend|_service$", re.IGNORECASE)


class LookUp(NamedTuple):
    """Function `function` fetches `what` with `call`, and makes `more` such calls."""

    function: FunctionKey
    call: Call
    what: str
    more: int


def look_ups(project: Project) -> Iterator[LookUp]:
    """The first look-up of each function of the layers below the routes that puts nothing together."""
    places = project.architecture.layers.places
    for path, place in places.items():
        module = project.modules[path]
        stem = path.rpartition("/")[2].removesuffix(".py")
        if place.layer not in _BUSINESS or module.role is not Role.APPLICATION or stem in COMPOSITION_ROOTS:
            continue
        for number, head in enumerate(module.functions):
            if not number or _FACTORY.search(head.name):
                continue
            calls = [call for call in module.bodies[number].calls if _is_look_up(project, path, number, call)]
            if calls and not _makes_one(project, path, number, calls):
                yield LookUp((path, number), calls[0], _what(calls[0]), len(calls) - 1)


def _is_look_up(project: Project, path: str, number: int, call: Call) -> bool:
    owner, _, last = call.callee.rpartition(".")
    if last == "find_service" and owner.endswith("request"):
        return True
    if last not in ("getUtility", "queryUtility", "getAdapter", "get", "resolve"):
        return False
    ref = project.value(path, number, call.callee)
    return ref is not None and ref.is_external and ref.name in _LOOK_UPS


def _makes_one(project: Project, path: str, number: int, calls: list[Call]) -> bool:
    """What is fetched goes into the constructor of an object of the project that the function returns: it is a factory, whatever it is called."""
    body = project.modules[path].bodies[number]
    for found in body.returns:
        if found.value[:1] == "#" and found.value[1:].isdigit():
            ref = project.value(path, number, body.calls[int(found.value[1:])].callee)
            if ref is not None and ref.kind is RefKind.CLASS:
                return True
    return False


def _what(call: Call) -> str:
    named = call.args[0] if call.args else next((value for _, value in call.keywords), "")
    return named.strip("'\"").rpartition(".")[2] if re.fullmatch(r"['\"]?[\w.]+['\"]?", named) else "a service"
