"""Routes that other services call back, and whether they look at who does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.reached import speaks_of
from backend_lint.project.blocks import around
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_WEBHOOK = lazy_regex(r"(?:^|[/_.-])(?:web_?hooks?|ipn|postback)(?:$|[/_.-])", re.IGNORECASE)
_MANAGES = lazy_regex(r"(?:create|list|update|delete|get|add|remove|edit|test|register|manage|new|retry|toggle|regenerate|resend)_?", re.IGNORECASE)
_LOOKS = lazy_regex(
    r"sign|secret|hmac|verif|valid|token|construct_event|unwrap|check_|auth|allow|trusted|REMOTE_ADDR|client\.host|whitelist|ip_address|api_?key|digest|compare|password|"
    r"permission|key\b|challenge|retrieve|fetch_event",
    re.IGNORECASE,
)
_SECRET_PARAMETER = lazy_regex(r"[<{:][^>}]*(?:token|key|secret|hash|uuid|code|uid|external_id|slug)|\{[2-9]\d", re.IGNORECASE)

_CHECKS_SIGNATURE = lazy_regex(
    r"^(?:compare_digest|constant_time_compare|construct_event|verify_?\w*(?:sign|hmac|webhook)\w*|(?:check|valid(?:ate)?)_?\w*sign\w*)$", re.IGNORECASE
)
_IS_GIVEN = lazy_regex(r"^\(?[\w.#%\[\]']*(?:secret|sign|sig\b|key|hmac|token|#\d+)[\w.#%\[\]']*(?: and [\w.#%\[\]']+)*\)?$", re.IGNORECASE)
"""A test whether there is a secret or a signature at all."""


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


class FailingOpen(NamedTuple):
    """A webhook that looks at the signature only if `test` holds: in the function `key`, in `line`."""

    route: Route
    key: FunctionKey
    line: int
    test: str


def failing_open(project: Project) -> Iterator[FailingOpen]:
    """Webhooks that skip the check where no secret is set or no signature was sent, and go on; one for each handler."""
    seen: set[FunctionKey] = set()
    for route in project.routes:
        key = (route.module, route.function)
        if route.function < 0 or key in seen or route.method not in ("POST", "PUT", "*"):
            continue
        if not (_WEBHOOK.search(route.path) or _WEBHOOK.search(route.name.rpartition(".")[2])) or project.modules[route.module].role is not Role.APPLICATION:
            continue
        seen.add(key)
        called = [edge.target.function for edge in project.calls.edges(key) if edge.target.kind is RefKind.FUNCTION]
        for function in (key, *called, *route.dependencies):
            found = _skipped(project.calls.body(function))
            if found is not None and project.calls.summary(key) & (Effect.DATABASE_WRITE | Effect.QUEUE):
                yield FailingOpen(route, function, *found)
                break


def _skipped(body: Body) -> tuple[int, str] | None:
    """Line of the check of a signature and the test around it; None if there is none, or if the other way ends in a refusal."""
    checks = [call for call in body.calls if _CHECKS_SIGNATURE.search(call.callee.rpartition(".")[2])]
    if not checks:
        return None
    found: tuple[int, str] | None = None
    for call in checks:
        tests = [(number, block) for number, block in around(body, call.block) if block.kind in (BlockKind.IF, BlockKind.ORELSE)]
        given = [(number, block) for number, block in tests if block.kind is BlockKind.IF and _IS_GIVEN.match(block.subject)]
        if len(tests) != len(given) or not given:
            return None
        found = (call.line, given[-1][1].subject)
        if any(_refuses_without(body, block.subject) for _, block in given):
            return None
    return found


def _refuses_without(body: Body, test: str) -> bool:
    """What is tested is asked for elsewhere: something is raised or answered where it is missing."""
    names = [name for name in re.findall(r"[\w.#%\[\]']+", test) if name not in ("and", "or")]
    ends = [one.block for one in body.raises] + [one.block for one in body.returns if one.block]
    for block in ends:
        for _, outer in around(body, block):
            if outer.kind is BlockKind.ORELSE and outer.subject == test:
                return True
            if outer.kind is BlockKind.IF and ("not " in outer.subject or "None" in outer.subject) and any(name in outer.subject for name in names):
                return True
    return False
