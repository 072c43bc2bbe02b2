"""What limits how often callers may try: words of the code, and what holds for every route of a project."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.settings import decoded

if TYPE_CHECKING:
    from backend_lint.project import Project, SourceModule

LIMITS = lazy_regex(
    r"rate_?limit|throttl|limiter|bucket|(?<![a-z])lock_?out|too_?many|(?:failed|login|bad|wrong)_(?:attempt|count|trie|login)|attempts|brute|captcha|turnstile|backoff|"
    r"cool_?down|429",
    re.IGNORECASE,
)
"""Words of code that counts, delays or asks for a proof of work."""
_COUNTERS = lazy_regex(
    r"(?:failed|bad|wrong|invalid|login|log_in|sign_in|auth\w*|password|otp|totp|pin|code)_?\w*(?:attemp|tries|failures)|(?<![a-z])(?:account_)?locked_(?:at|until)|(?<![a-z])lock_?out",
    re.IGNORECASE,
)
"""Names of settings and columns that count failures."""
_LIBRARIES = frozenset({"axes", "defender", "brutebuster", "fastapi_guard", "django_fail2ban", "ratelimitmiddleware"})
"""Libraries that limit every attempt once they are installed."""
_DEFAULTS = ("default_limits", "application_limits")
_INSTALLED = lazy_regex(rf"'(?:{'|'.join(sorted(_LIBRARIES))})(?:[.']|$)")


def mentions_limit(body: Body) -> bool:
    """Whether what a function calls, binds, tests or answers speaks of a limit."""
    return (
        any(LIMITS.search(call.callee) for call in body.calls)
        or any(LIMITS.search(assign.target) for assign in body.assigns)
        or any(LIMITS.search(block.subject) for block in body.blocks)
        or any(LIMITS.search(raised.value) for raised in body.raises)
    )


def limited_everywhere(project: Project) -> bool:
    """A library, a middleware, default limits, counted failures or a proxy of the project's own may limit every route, and which is not known."""
    if any(manifest.throttles for manifest in decoded(project.manifests).values()):
        return True
    values = project.guards.values
    if any(name in _DEFAULTS for _, _, _, call in values.calls_named("Limiter", "init_app") for name, _ in call.keywords):
        return True
    if any(LIMITS.search(text) for _, _, _, call in values.calls_named("add_middleware", "Middleware") for text in call.args[:1]):
        return True
    return any(_limits(module) for module in project.modules.values()) or _backends_count(project)


def _limits(module: SourceModule) -> bool:
    if module.role is Role.TEST:
        return False
    if any(found.module.partition(".")[0] in _LIBRARIES for found in module.facts.imports):
        return True
    if any("iddleware" in one.name and LIMITS.search(one.name) for one in module.classes):
        return True
    if any(_COUNTERS.search(held.name) for one in module.classes for held in one.attributes):
        return True
    for assign in module.bodies[0].assigns:
        target = assign.target
        if _COUNTERS.search(target) or "RATELIMIT_DEFAULT" in target:
            return True
        if ("MIDDLEWARE" in target and LIMITS.search(assign.value)) or ("APPS" in target and _INSTALLED.search(assign.value)):
            return True
    return False


def _backends_count(project: Project) -> bool:
    """Django calls these when somebody signs in, whoever asked."""
    for module in project.modules.values():
        if module.role is Role.TEST:
            continue
        told = any(found.member == "user_login_failed" for found in module.facts.imports)
        for index, head in enumerate(module.functions):
            if (told or (head.owner >= 0 and head.name.endswith(".authenticate"))) and mentions_limit(module.bodies[index]):
                return True
    return False
