"""Links that set a new password, and whether they end when they are used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Body, Call
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.library_calls import SERVING, LibraryCall, calls_to
from backend_lint.project.authentication.reached import near, texts

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_SIGNED = (
    *("jwt.decode", "jwt.PyJWT.decode", "jwt.api_jwt.decode", "jose.jwt.decode", "authlib.jose.jwt.decode", "joserfc.jwt.decode"),
    *("itsdangerous.URLSafeTimedSerializer.loads", "itsdangerous.TimedSerializer.loads", "itsdangerous.TimestampSigner.unsign"),
    *("itsdangerous.url_safe.URLSafeTimedSerializer.loads", "itsdangerous.URLSafeSerializer.loads", "itsdangerous.url_safe.URLSafeSerializer.loads"),
    *("django.core.signing.loads", "django.core.signing.TimestampSigner.unsign", "django.core.signing.Signer.unsign"),
)
_RESETS = lazy_regex(r"reset|recover|forgot", re.IGNORECASE)
_LOOK_UPS = frozenset({"filter_by", "filter", "where", "get", "first", "get_or_none", "get_object_or_404", "get_or_404"})
_TOKEN = r"\w*(?:token|(?:reset|recovery|verification)_?(?:code|key|password|hash|id)|password_?reset\w*)"
_KEYWORD = lazy_regex(rf"^({_TOKEN})(?:__exact)?$", re.IGNORECASE)
_COMPARED = lazy_regex(rf"\.({_TOKEN})==", re.IGNORECASE)
_SETS = lazy_regex(r"(?:^|[._])(?:set|update|change|reset|store|save|hash)_?\w*passw(?:or)?d$|(?:^|\.)(?:generate|make|get)_password(?:_hash)?$", re.IGNORECASE)
_SET = lazy_regex(r"[.\['](?:hashed_?|encrypted_?)?passw(?:or)?d(?:_?hash)?(?:'\])?$", re.IGNORECASE)
_ENDS = lazy_regex(
    r"(?<![a-z])used|consum|revok|black_?list|deny_?list|block_?list|invalidat|single_?use|one_?time|\bjti\b|nonce|delet|remov|\.pop$|clear|destroy|purge|last_log_?in|"
    r"chang(?:ed|e)_(?:at|on)|updated_at|\biat\b|'iat'|burn|redeem|rotat|(?<!time)stamp\b|fingerprint|old_?hash|check_token|deactivat|discard|regenerat|history",
    re.IGNORECASE,
)
"""Words of code that sees to it that a token works once."""
_BOUND = lazy_regex(r"\.\w*(?:passw(?:or)?d|hash)\w*$", re.IGNORECASE)
"""What a function that reads a signed token speaks of, if the token is bound to the password that it replaces."""


class Reusable(NamedTuple):
    """The call that takes the token, in a function that the handler of `route` reaches; `column`: where the token is kept, empty if it is signed."""

    route: Route
    key: FunctionKey
    call: Call
    column: str


def reusable_reset_tokens(project: Project) -> Iterator[Reusable]:
    """One for each handler that sets a password for whoever brings a token, and lets the token be."""
    signed: dict[FunctionKey, list[LibraryCall]] = {}
    for found in calls_to(project, _SIGNED):
        signed.setdefault((found.module.path, found.function), []).append(found)
    for handler in project.routes.handlers:
        module = project.modules[handler[0]]
        routes = [route for route in project.routes.by_handler(handler) if route.method in ("POST", "PUT", "PATCH", "*")]
        about = f"{module.functions[handler[1]].name} {' '.join(route.path for route in routes)}"
        if not routes or module.role not in SERVING or for_development(module.path) or not _RESETS.search(about):
            continue
        reached = near(project, handler)
        if reached is None:
            continue
        bodies = [project.calls.body(key) for key in reached]
        if not any(_sets_password(body) for body in bodies):
            continue
        site = next(((key, *one) for key, body in zip(reached, bodies, strict=True) for one in _sites(body, signed.get(key, []))), None)
        if site is None or (not site[2] and _is_bound(project.calls.body(site[0]))) or _setter_ends(project, site[2]):
            continue
        if any(_ends(project, key, body, site[2]) for key, body in zip(reached, bodies, strict=True)):
            continue
        yield Reusable(routes[0], *site)


def _sites(body: Body, signed: list[LibraryCall]) -> Iterator[tuple[Call, str]]:
    """Where a token is taken: read with its signature, or looked up; with the name of its column."""
    for found in signed:
        yield found.call, ""
    for call in body.calls:
        if call.callee.rpartition(".")[2] in _LOOK_UPS:
            named = [match.group(1) for name, _ in call.keywords if (match := _KEYWORD.search(name))]
            named += [match.group(1) for text in call.args if (match := _COMPARED.search(text))]
            if named:
                yield call, named[0]


def _sets_password(body: Body) -> bool:
    if any(_SET.search(assign.target) for assign in body.assigns):
        return True
    return any(_SETS.search(call.callee) or any(_SET.search(f".{name}") for name, _ in call.keywords) for call in body.calls)


def _is_bound(body: Body) -> bool:
    """Whether a function that reads a signed token reads the password, or its hash, of a row, too."""
    return any(_BOUND.search(text) for _, _, text, _ in body.reads) or any(_BOUND.search(text) for call in body.calls for _, text in call.keywords)


def _ends(project: Project, key: FunctionKey, body: Body, column: str) -> bool:
    """Whether the function speaks of the token's end, or writes to where it is kept."""
    if any(_ENDS.search(text) for text in texts(body)) or _ENDS.search(project.calls.head(key).name):
        return True
    if any(_ENDS.search(assign.target) for assign in body.assigns):
        return True
    return bool(column) and (
        any(assign.target.endswith((f".{column}", f"['{column}']")) for assign in body.assigns)
        or any(name == column and value in ("None", "''") for call in body.calls for name, value in call.keywords)
    )


def _setter_ends(project: Project, column: str) -> bool:
    """Whether what runs when a password is assigned takes the token away."""
    return bool(column) and any(
        _ends(project, (module.path, number), module.bodies[number], column)
        for module in project.modules.values()
        if module.role in SERVING
        for number, head in enumerate(module.functions)
        if head.owner >= 0 and head.name.rpartition(".")[2] in ("password", "set_password", "_set_password")
    )
