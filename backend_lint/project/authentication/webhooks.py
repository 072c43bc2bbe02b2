"""Routes that other services call back, and whether they look at who does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.route import Route
from backend_lint.project.authentication.reached import speaks_of
from backend_lint.project.libraries import Effect

if TYPE_CHECKING:
    from backend_lint.project import Project

_WEBHOOK = re.compile(r"(?:^|[/_.-])(?:web_?hooks?|ipn|postback)(?:$|[/_.-])", re.IGNORECASE)
_MANAGES = re.compile(r"(?:create|list|update|delete|get|add|remove|edit|test|register|manage|new|retry|toggle|regenerate|resend)_?", re.IGNORECASE)
_LOOKS = re.compile(
    r"sign|secret|hmac|verif|valid|token|construct_event|unwrap|check_|auth|allow|trusted|REMOTE_ADDR|client\.host|whitelist|ip_address|api_?key|digest|compare|password|"
    r"permission|key\b|challenge|retrieve|fetch_event",
    re.IGNORECASE,
)
_SECRET_PARAMETER = re.compile(r"[<{:][^>}]*(?:token|key|secret|hash|uuid|code|uid|external_id|slug)|\{[2-9]\d", re.IGNORECASE)


def unsigned_webhooks(project: Project) -> Iterator[Route]:
    """Routes for calls of other services that change something and never look at a signature, a secret or an address; one for each handler."""
    seen: set[tuple[str, int]] = set()
    for route in project.routes:
        key = (route.module, route.function)
        if route.function < 0 or key in seen or route.authenticated is True or route.method not in ("POST", "PUT", "*"):
            continue
        name = route.name.rpartition(".")[2]
        if not (_WEBHOOK.search(route.path) or _WEBHOOK.search(name)) or _SECRET_PARAMETER.search(route.path) or _MANAGES.match(name):
            continue
        seen.add(key)
        if project.modules[route.module].role is not Role.APPLICATION or any(guard.verifies is not False for guard in route.guards):
            continue
        if not project.calls.summary(key) & (Effect.DATABASE_WRITE | Effect.QUEUE):
            continue
        if not any(speaks_of(project, function, _LOOKS) for function in (key, *route.dependencies)):
            yield route
