"""Whether something limits every query of a project to the caller's rows: the database itself, or a hook of the mapper."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from backend_lint.project import Project

_POLICY = lazy_regex(r"row\s+level\s+security|create\s+policy", re.IGNORECASE)
_HOOKS = ("with_loader_criteria", "set_current_tenant", "set_tenant", "schema_context")


def is_limited_everywhere(project: Project) -> bool:
    """Policies in SQL that the project runs, criteria that its mapper adds to each query, a tenant that is set for the thread."""
    if any(True for _ in project.guards.values.calls_named(*_HOOKS)):
        return True
    for module in project.modules.values():
        for body in module.bodies:
            for call in body.calls:
                if any(len(text) > 20 and _POLICY.search(text) for text in call.args):
                    return True
            if any(len(one.value) > 20 and _POLICY.search(one.value) for one in body.assigns):
                return True
    return False
