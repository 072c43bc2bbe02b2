"""Answers that tell strangers who has an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, Return
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey

if TYPE_CHECKING:
    from backend_lint.project import Project

_ENTRANCE = lazy_regex(r"log_?-?in|sign_?-?in|forgot|reset|recover|(?:^|/|_)token(?:$|/)|resend", re.IGNORECASE)
_TELLS = lazy_regex(
    r"\b(?:users?|accounts?|e-?mail(?: address)?|member|customer|username)\b[^'\"]{0,60}\b"
    r"(?:not found|does(?: not|n't) exist|not exist|not registered|unknown|not known|no such)"
    r"|\b(?:no|unknown|invalid|unregistered|non-?existing)\s+(?:such\s+)?(?:user|account|e-?mail|username)\b(?!\s+(?:or|and|/)\b)",
    re.IGNORECASE,
)
_HEDGED = lazy_regex(r"\bids?\b|\bif\b|\bor\b|\bmay\b|\bpassword\b|\bverified\b|\bactive\b|\btoken\b|\blink\b", re.IGNORECASE)
_LOGS = lazy_regex(r"(?:^|\.)(?:log\w*|_log\w*|capture_message|print|debug|info|warning|error|exception)(?:\.|$)", re.IGNORECASE)
_TOKEN = lazy_regex(r"[<{:(][^>}/]*(?:token|key|uidb64|uid|code|hash)", re.IGNORECASE)


class Told(NamedTuple):
    """An answer of a route that anybody may ask."""

    route: Route
    key: FunctionKey
    at: Call | Return


def telling(project: Project) -> Iterator[Told]:
    """Answers of logins and of forms for forgotten passwords that say that there is no such account, each handler once."""
    for key in project.routes.handlers:
        module = project.modules[key[0]]
        routes = [route for route in project.routes.by_handler(key) if route.method in ("POST", "*") and route.authenticated is not True]
        route = next((one for one in routes if _ENTRANCE.search(f"{one.path} {one.name}") and not _TOKEN.search(one.path)), None)
        if route is None or module.role is not Role.APPLICATION:
            continue
        body = module.bodies[key[1]]
        if any(call.callee.endswith("session.get") or "session[" in call.callee for call in body.calls):
            continue  # whom it is about was noted before, nobody names him here
        said: list[Call | Return] = [call for call in body.calls if not _LOGS.search(call.callee) and _says(call.args, call.keywords)]
        said += [one for one in body.returns if _says((one.value,), ())]
        if said:
            yield Told(route, key, said[0])


def _says(args: tuple[str, ...], keywords: tuple[tuple[str, str], ...]) -> bool:
    for text in (*args, *(value for _, value in keywords)):
        for part in re.findall(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", text[:1000]):
            if _TELLS.search(part) and not _HEDGED.search(part):
                return True
    return False
