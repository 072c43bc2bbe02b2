"""Routes that check a password or a code, and whether anything limits how often they are asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Kind
from backend_lint.facts.python import Body, Call
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_VERIFIES = lazy_regex(
    r"^(?:a?authenticate|check_password|acheck_password|verify_password|check_password_hash|verify_and_update|authenticate_user|"
    r"(?:check|verify|validate)_(?:totp|otp|mfa|2fa|pin|code|one_time_password)(?:_value|_code)?|checkpw)$"
)
_COMPARED = lazy_regex(r"==[^=]*\.(?:password|otp|pin|totp)\)|\.(?:password|otp|pin|totp)==[^=']")
_LIMITS = lazy_regex(
    r"rate_?limit|throttl|limiter|bucket|lock_?out|too_many|(?:failed|login)_(?:attempt|count|trie)|attempts|brute|captcha|backoff", re.IGNORECASE
)
_COUNTS = lazy_regex(r"(?:max|failed|login)\w*_attemp|lock_?out|locked_(?:at|until)", re.IGNORECASE)
_GUESSED = lazy_regex(r"passw|pwd|otp|code|pin\b|secret|form|data|credential", re.IGNORECASE)
"""What can be guessed; long random tokens cannot."""
_LIBRARIES = frozenset({"axes", "defender", "django_ratelimit", "ratelimit", "brutebuster", "fastapi_guard", "allauth", "djoser"})
_MAX_FUNCTIONS = 40


class Attempt(NamedTuple):
    """A route that checks a secret which can be guessed: where it does."""

    route: Route
    key: FunctionKey
    line: int
    what: str


def attempts(project: Project) -> Iterator[Attempt]:
    """Routes that anybody may ask whether a secret is right, as often as he likes; nothing where the project limits what its code does not show."""
    if _limits_elsewhere(project):
        return
    seen: set[FunctionKey] = set()
    for route in project.routes:
        key = (route.module, route.function)
        if route.method not in ("POST", "*", "PUT") or route.function < 0 or route.limits or key in seen:
            continue
        seen.add(key)
        if any(guard.verifies or _LIMITS.search(guard.name) for guard in route.guards):
            continue
        found = _checks(project, route, key)
        if found is not None:
            yield found


def _limits_elsewhere(project: Project) -> bool:
    """A library, a middleware, default limits or a proxy of the project's own may limit every route."""
    if any(project.files[path].kind is Kind.NGINX for path in project.manifests if path in project.files):
        return True
    for module in project.modules.values():
        if any(found.module.partition(".")[0] in _LIBRARIES for found in module.facts.imports):
            return True
        if any(_LIMITS.search(one.name) and "iddleware" in one.name for one in module.classes):
            return True
        names = [one.name for fact in module.classes for one in fact.attributes] + [one.target for one in module.bodies[0].assigns]
        if any(_COUNTS.search(name) for name in names):
            return True
        for body in module.bodies[:1]:
            if any(name in ("default_limits", "application_limits") for call in body.calls for name, _ in call.keywords):
                return True
            if any("MIDDLEWARE" in assign.target and _LIMITS.search(assign.value) for assign in body.assigns):
                return True
    return False


def _checks(project: Project, route: Route, key: FunctionKey) -> Attempt | None:
    """The call or comparison that tells whether a secret is right; None if something on the way looks like a limit."""
    found: Attempt | None = None
    queue = [key, *route.dependencies]
    seen = set(queue)
    while queue and len(seen) < _MAX_FUNCTIONS:
        at = queue.pop(0)
        head, body = project.calls.head(at), project.calls.body(at)
        if _LIMITS.search(head.name) or _mentions_limit(body):
            return None
        for call in body.calls:
            method = call.callee.rpartition(".")[2]
            if found is None and _VERIFIES.match(method) and (not method.endswith("authenticate") or _is_guessed(call)):
                found = Attempt(route, at, call.line, method)
        for block in body.blocks:
            if found is None and _COMPARED.search(block.subject):
                found = Attempt(route, at, block.line, "a comparison with what is stored")
        for edge in project.calls.edges(at):
            if edge.target.kind is RefKind.FUNCTION and edge.target.function not in seen:
                seen.add(edge.target.function)
                queue.append(edge.target.function)
    return found


def _is_guessed(call: Call) -> bool:
    return any(_GUESSED.search(text) for text in (*call.args, *(f"{name}={value}" for name, value in call.keywords)))


def _mentions_limit(body: Body) -> bool:
    texts = [call.callee for call in body.calls] + [assign.target for assign in body.assigns] + [block.subject for block in body.blocks]
    return any(_LIMITS.search(text) for text in texts)
