"""What guards are worth: what the configuration says, else what they check and what they are called."""

from __future__ import annotations

import re

from backend_lint.facts.route import Guard
from backend_lint.lazy_regex import lazy_regex

_OBJECT = lazy_regex(r"object_?perm|owner|of_object|is_author", re.IGNORECASE)
_SCOPE = lazy_regex(r"scope", re.IGNORECASE)
_ROLE = lazy_regex(r"admin|staff|superuser|role|perm(?!issions?\.IsAuthenticated)|member|privileg|polic|rbac", re.IGNORECASE)
_ANYBODY = lazy_regex(r"IsAuthenticated(?:OrReadOnly)?$")


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
