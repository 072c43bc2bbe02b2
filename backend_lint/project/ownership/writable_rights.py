"""Rights that a serializer lets callers write: ``is_staff`` of their own account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.route import Route
from backend_lint.project.ownership.assigned import RIGHTS
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.taint.serializers import Shape, shapes
from backend_lint.project.web.worth import for_administrators, worth

if TYPE_CHECKING:
    from backend_lint.project import Project

_WRITING = frozenset({"POST", "PUT", "PATCH"})
_OWN = tuple("perform_create perform_update create update partial_update get_serializer_class get_serializer get_permissions post put patch".split())
_STRIPPED = ("validate", "create", "update", "save", "to_internal_value", "get_fields", "__init__")
"""Methods of views and serializers that may take the field out again."""


class WritableRight(NamedTuple):
    """A serializer with a right among its writable fields, and a route for everybody who is logged in that writes with it."""

    shape: Shape
    field: str
    route: Route


def writable_rights(project: Project) -> Iterator[WritableRight]:
    """Those serializers, each once."""
    found = [shape for shape in shapes(project) if shape.kind == "serializer" and shape.is_user and "*" not in shape.write_only]
    by_name: dict[str, list[Route]] = {}
    for route in project.routes if found else ():
        if route.method in _WRITING and route.request and route.owner is not None:
            by_name.setdefault(route.request, []).append(route)
    for shape in found:
        fields = [name for name in shape.fields if name in RIGHTS and name not in shape.read_only]
        if not fields or _defines(project, (shape.path, shape.name), _STRIPPED, validating=fields[0]):
            continue
        for route in by_name.get(shape.name, ()):
            if route.authenticated is not None and _lets_in_everybody(route) and not _owner_defines(project, route):
                yield WritableRight(shape, fields[0], route)
                break


def _lets_in_everybody(route: Route) -> bool:
    return not for_administrators(route) and all(worth(guard) in ("identity", "none") for guard in route.guards)


def _owner_defines(project: Project, route: Route) -> bool:
    assert route.owner is not None
    ref = Ref(RefKind.CLASS, "", *route.owner)
    return _has_method(project, ref, _OWN)


def _defines(project: Project, where: tuple[str, str], names: tuple[str, ...], validating: str) -> bool:
    module = project.modules[where[0]]
    index = next((number for number, one in enumerate(module.classes) if one.name == where[1]), -1)
    ref = Ref(RefKind.CLASS, "", where[0], index)
    return index < 0 or _has_method(project, ref, (*names, f"validate_{validating}"))


def _has_method(project: Project, ref: Ref, names: tuple[str, ...]) -> bool:
    return any((held := project.resolver.classes.find(ref, name)) is not None and isinstance(held[1], int) for name in names)
