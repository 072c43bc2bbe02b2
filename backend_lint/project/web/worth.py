"""What guards are worth: what the configuration says, else what they check and what they are called."""

from __future__ import annotations

import re

from backend_lint.facts.route import Guard, Route
from backend_lint.lazy_regex import lazy_regex

_OBJECT = lazy_regex(r"object_?perm|owner|of_object|is_author", re.IGNORECASE)
_SCOPE = lazy_regex(r"scope", re.IGNORECASE)
_ROLE = lazy_regex(r"admin|staff|superuser|role|perm(?!issions?\.IsAuthenticated)|member|privileg|polic|rbac", re.IGNORECASE)
_ANYBODY = lazy_regex(r"IsAuthenticated(?:OrReadOnly)?$")
_ADMINISTRATORS = lazy_regex(r"admin|superuser|staff_member", re.IGNORECASE)
_THEIR_PATH = lazy_regex(r"(?:^|/)(?:admin|staff|superadmin)(?:/|$)", re.IGNORECASE)


def for_administrators(route: Route) -> bool:
    """Whether only administrators are to call a route: a guard asks for one, or the address says so.

    >>> for_administrators(Route("GET", "/admin/users", "app.py", 1, "users", "flask", "app.py", 3))
    True
    """
    return _THEIR_PATH.search(route.path) is not None or any(_ADMINISTRATORS.search(name) for guard in route.guards for name in (guard.name, *guard.needs))


def worth(guard: Guard) -> str:
    """``identity``: somebody known; ``role``, ``scope``, ``object``: somebody who may; ``none``; ``unknown``.

    >>> worth(Guard("login_required", True, "app.py", 3)), worth(Guard("require", True, "app.py", 3, ("orders:write",)))
    ('identity', 'scope')
    >>> worth(Guard("rest_framework.permissions.IsAdminUser", True, "app.py", 3)), worth(Guard("gate", None, "app.py", 3))
    ('role', 'unknown')
    """
    if guard.worth:
        return guard.worth
    if not guard.verifies:
        return "unknown" if guard.verifies is None else "none"
    name = guard.name.rpartition(".")[2]
    if _ANYBODY.search(name):
        return "identity"
    if _OBJECT.search(name):
        return "object"
    if _SCOPE.search(name) or any(":" in need for need in guard.needs):
        return "scope"
    return "role" if guard.needs or _ROLE.search(name) else "identity"
