"""Sessions that keep their key when somebody logs in: whoever knew it before is logged in with him."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.reached import speaks_of
from backend_lint.project.modules import SourceModule

if TYPE_CHECKING:
    from backend_lint.project import Project

_KEPT = lazy_regex(r"^%?(?:self\.)?(?:request\.)?session\['(?:\w*user\w*|uid|account\w*|member\w*|logged_?in|(?:is_)?authenticated)'\]$", re.IGNORECASE)
_CHECKS = lazy_regex(r"^(?:a?authenticate|a?check_password|verify_password|check_password_hash|checkpw|verify)$")
_NEW_KEY = lazy_regex(r"cycle_key|flush|regenerate|\blogin$|login_user|session\.clear|new_session|create_session|rotate", re.IGNORECASE)
_SERVER_SIDE = frozenset({"flask_session", "flask_kvsession", "starsessions", "aiohttp_session", "django"})
"""Packages whose sessions are kept on the server under a key; those of plain Flask and Starlette travel in the cookie itself."""


class Fixed(NamedTuple):
    """Where somebody is written into a session that he may have been given."""

    module: SourceModule
    function: int
    at: Assign

    @property
    def symbol(self) -> str:
        """The enclosing function."""
        return self.module.functions[self.function].name


def kept_keys(project: Project) -> Iterator[Fixed]:
    """Functions that check a password and note the user in the session of before, each once."""
    if _SERVER_SIDE.isdisjoint(project.imported):
        return
    for module in project.modules.values():
        if module.role is not Role.APPLICATION or for_development(module.path):
            continue
        for function, body in enumerate(module.bodies):
            kept = next((one for one in body.assigns if _KEPT.match(one.target) and one.value not in ("None", "False", "''")), None)
            if kept is None or not function or not any(_CHECKS.match(call.callee.rpartition(".")[2]) for call in body.calls):
                continue
            if not speaks_of(project, (module.path, function), _NEW_KEY):
                yield Fixed(module, function, kept)
