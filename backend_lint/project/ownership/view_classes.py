"""Generic views whose library code answers for any row of an owned table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Place
from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.reached import speaks_of
from backend_lint.project.ownership.effects import Effect
from backend_lint.project.ownership.keys import Strength
from backend_lint.project.ownership.querysets import queryset_of
from backend_lint.project.ownership.words import WHO
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import split

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder, Unscoped

_EFFECTS = {"GET": Effect.READ, "PUT": Effect.CHANGED, "PATCH": Effect.CHANGED, "DELETE": Effect.DELETED}
_OWN = frozenset(
    "get_object filter_queryset check_object_permissions perform_update perform_destroy update destroy retrieve form_valid get post".split()
)
_NARROWS = lazy_regex(r"Permission|Owner|Guardian|Rules|Tenant|Scoped|User|Access", re.I)
_KEYED = lazy_regex(r"[<{][^<>{}]+[>}]/?$|\(\?P<")


def of_views(finder: Finder) -> Iterator[Unscoped]:
    """Views with a queryset of all rows, each once with the worst that a caller may do."""
    by_class: dict[tuple[str, int], list[Route]] = {}
    for route in finder.project.routes:
        if route.owner is not None and route.function < 0 and _KEYED.search(route.path) and _effect(finder, route) is not Effect.NONE:
            by_class.setdefault(route.owner, []).append(route)
    for owner, routes in by_class.items():
        if owner[0] in finder.project.modules and finder.project.modules[owner[0]].role is Role.APPLICATION:
            found = _judged(finder, owner, routes)
            if found is not None:
                yield found


def _effect(finder: Finder, route: Route) -> Effect:
    assert route.owner is not None
    names = {name.rpartition(".")[2] for name in finder.project.resolver.classes.external_names(Ref(RefKind.CLASS, "", *route.owner))}
    if route.method in ("POST", "*"):
        return Effect.DELETED if "DeleteView" in names else Effect.CHANGED if "UpdateView" in names else Effect.NONE
    return _EFFECTS.get(route.method, Effect.NONE)


def _judged(finder: Finder, owner: tuple[str, int], routes: list[Route]) -> Unscoped | None:
    from backend_lint.project.ownership.unscoped import Unscoped

    project = finder.project
    ref = Ref(RefKind.CLASS, "", *owner)
    held = queryset_of(finder, ref)
    if held is None:
        return None
    table = held.table
    key = finder.key(table)
    if key is None or key.strength is Strength.AUTHOR or table in finder.keys.users or finder.checks.asked_by_class(owner) or _narrows(finder, ref):
        return None
    open_ones = [route for route in routes if finder.ought_to_ask(route) and not finder.checks.asked_before(route)]
    if not open_ones or len(open_ones) != len(routes):
        return None
    worst = max(open_ones, key=lambda route: tuple(Effect).index(_effect(finder, route)))
    effect = _effect(finder, worst)
    siblings = finder.siblings(table)
    head = project.resolver.class_at(ref)
    at = Place(held.line, held.column, held.line, held.column + len(held.name))
    if held.owner.function != owner:
        at = Place(head.line, head.column, head.line, head.column + len("class"))
    return Unscoped(owner[0], at, head.name, f"{head.name}.{held.name}", table, worst, None, key, effect, siblings, finder.profile(key, effect, siblings))


def _narrows(finder: Finder, ref: Ref) -> bool:
    """Whether the class, its filters or its serializer speak of who calls: then not every row is answered for."""
    project = finder.project
    classes = project.resolver.classes
    for base in classes.ancestors(ref.path, ref.index):
        if base.kind is not RefKind.CLASS:
            if _NARROWS.search(base.name.rpartition(".")[2]) and "LoginRequired" not in base.name:
                return True
            continue
        for number in project.modules[base.path].classes[base.index].methods:
            if project.modules[base.path].functions[number].name.rpartition(".")[2] in _OWN or speaks_of(project, (base.path, number), WHO):
                return True
    member = classes.find(ref, "filter_backends")
    if member is not None and isinstance(member[1], Attribute):
        for text in split(member[1].value[1:-1]):
            backend = project.value(member[0].path, member[1].function, text)
            if backend is None or not backend.is_external or _NARROWS.search(backend.name.rpartition(".")[2]):
                return True
    return False
