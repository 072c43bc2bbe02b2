"""Routes that ask who calls, and not whether he may: weaker guards than those beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.route import Guard, Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.reached import speaks_of
from backend_lint.project.calls import FunctionKey

if TYPE_CHECKING:
    from backend_lint.project import Project

_PRIVILEGED_PATH = lazy_regex(r"(?:^|/)(?:admin|administration|superadmin|superuser|management|manage|staff|backoffice)(?:/|$)", re.IGNORECASE)
_PRIVILEGE = lazy_regex(
    r"admin(?!_?url)|staff|superuser|\brole|_role|perm(?:s|ission)|scope|(?<!un)authorize|policy|policies|privileg|entitle|acl\b|rbac|abac|capabilit|may_|can_|allowed|owner|"
    r"is_manager|membership|forbid|\b403\b|FORBIDDEN|PermissionDenied",
    re.IGNORECASE,
)
_BY_TEST = ("user_passes_test", "UserPassesTestMixin")
"""They let in whom a function of the project lets in, which is seldom everybody."""
_CARRIER = "fastapi.security."
"""What only takes credentials out of a request: somebody else has to look at them."""


class Weaker(NamedTuple):
    """A route whose guards are weaker than they should be; `sibling` is one that asks for more."""

    route: Route
    sibling: Route | None


def weaker_guards(project: Project) -> Iterator[Weaker]:
    """Administrators' routes that let in everybody who is known."""
    seen: set[tuple[tuple[str, int], bool]] = set()
    further: dict[Guard, bool] = {}
    strict: dict[str, Route] = {}
    for route in project.routes:
        if route.function >= 0 and route.authenticated and any(_is_strict(guard) for guard in route.guards):
            strict.setdefault(route.framework, route)
    for route in project.routes:
        key = (route.module, route.function) if route.function >= 0 else route.owner
        if key is None or (key, route.function < 0) in seen or project.modules[key[0]].role is not Role.APPLICATION or route.authenticated is not True:
            continue
        guards = [guard for guard in route.guards if not guard.name.startswith(_CARRIER)]
        if not guards or not _PRIVILEGED_PATH.search(route.path) or any(guard.verifies is not True or _is_strict(guard) for guard in guards):
            continue
        seen.add((key, route.function < 0))
        if any(speaks_of(project, one, _WITHOUT_OWN_NAME) for one in _own_functions(project, route)):
            continue
        if any(speaks_of(project, dependency, _WITHOUT_OWN_NAME) for dependency in route.dependencies):
            continue
        for guard in guards:
            if guard not in further:
                further[guard] = _guard_looks_further(project, guard)
        if not any(further[guard] for guard in guards):
            yield Weaker(route, strict.get(route.framework))


_WITHOUT_OWN_NAME = lazy_regex(
    _PRIVILEGE.pattern.replace("admin(?!_?url)", r"is_?admin|admin_(?:only|required)|user\.admin|(?:get|for|of|by|as)_admin"), re.IGNORECASE
)


def _own_functions(project: Project, route: Route) -> Iterator[FunctionKey]:
    """The handler and the methods of its class: what a library calls for it."""
    if route.function >= 0:
        yield route.module, route.function
    if route.owner is not None:
        yield from ((route.owner[0], number) for number in project.modules[route.owner[0]].classes[route.owner[1]].methods)


def _is_strict(guard: Guard) -> bool:
    return bool(guard.needs) or _PRIVILEGE.search(guard.name) is not None or guard.name.endswith(_BY_TEST)


def _guard_looks_further(project: Project, guard: Guard) -> bool:
    """A decorator of the project whose body asks for a role."""
    module = project.modules.get(guard.path)
    if module is None:
        return False
    for index, function in enumerate(module.functions):
        if index and function.name == guard.name:
            inner = [number for number, one in enumerate(module.functions) if number and index in (one.scope, module.functions[one.scope].scope)]
            return any(speaks_of(project, (module.path, number), _WITHOUT_OWN_NAME) for number in (index, *inner))
    return False

