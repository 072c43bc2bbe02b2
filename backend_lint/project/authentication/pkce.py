"""Authorization codes that are exchanged without a proof of who asked for them: public clients without PKCE, and servers that do not ask for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development
from backend_lint.project.authentication.library_calls import SERVING, LibraryCall, calls_to, entry
from backend_lint.project.authentication.oauth import Misused
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import constant_string, entries
from backend_lint.project.web.values import Place, argument, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_CLIENTS = (
    "authlib.integrations.flask_client.OAuth.register",
    "authlib.integrations.starlette_client.OAuth.register",
    "authlib.integrations.django_client.OAuth.register",
)
_SESSIONS = (
    "authlib.integrations.requests_client.OAuth2Session",
    "authlib.integrations.httpx_client.OAuth2Client",
    "authlib.integrations.httpx_client.AsyncOAuth2Client",
)
_GRANT = "authlib.oauth2.rfc6749.grants.AuthorizationCodeGrant"
_METHODS = "TOKEN_ENDPOINT_AUTH_METHODS"
_POSTS = ("post", "request")
_PROVES = lazy_regex(r"secret|assertion|verifier|pkce", re.IGNORECASE)
"""What a client shows that it is the one that asked: its own secret, a signed assertion, or the verifier of PKCE."""
_SHOWN_ELSEWHERE = ("auth", "cert", "headers", "**")
"""Keywords of a request that may hold a secret. Headers count only where they do not merely name types of content."""
_PLAIN_HEADERS = frozenset({"accept", "content-type", "user-agent", "cache-control"})


def without_pkce(project: Project) -> Iterator[Misused]:
    """Clients that have no secret and send no `code_verifier`, and authorization servers that let such clients do without.

    A client whose secret may stand somewhere unseen (a dictionary that is built elsewhere, settings that a library reads by itself) is left alone.
    """
    yield from _exchanges(project)
    for found in calls_to(project, (*_CLIENTS, *_SESSIONS)):
        if not for_development(found.module.path) and _is_public(project, found, "client_kwargs"):
            yield Misused(found.module, found.function, found.call, "pkce")
    yield from _servers(project)


def _exchanges(project: Project) -> Iterator[Misused]:
    """Token requests written by hand, all of whose fields are seen."""
    for module, function, _, call in project.guards.values.calls_named(*_POSTS):
        if module.role not in SERVING or for_development(module.path):
            continue
        for name in ("data", "json"):
            text = keyword(call, name)
            place = Place(module.path, function, text)
            grant = entry(project, place, "grant_type") if text else None
            if grant is None or constant_string(grant.text) != "authorization_code" or _is_shown_elsewhere(project, module, function, call):
                continue
            fields = _fields(project, place)
            proves = any(_PROVES.search(field) for field in fields)
            if "code" in fields and "client_id" in fields and not proves and not _grows(module, function, text):
                yield Misused(module, function, call, "pkce")


def _fields(project: Project, place: Place) -> list[str]:
    """The keys of a mapping, if all are seen."""
    values = project.guards.values
    found = values.follow(place)
    call = values.call(found)
    if call is not None:
        return [key for key, _ in call.keywords] if call.callee == "dict" and not call.args and not any(key == "**" for key, _ in call.keywords) else []
    return [] if "**" in found.text else [key for key, _ in entries(found.text)]


def _grows(module: SourceModule, function: int, text: str) -> bool:
    """Whether the named mapping gets further keys."""
    body = module.bodies[function]
    named = any(assign.target.startswith(f"{text}[") or (assign.target == text and assign.augmented) for assign in body.assigns)
    return named or any(call.callee in (f"{text}.update", f"{text}.setdefault") for call in body.calls)


def _is_shown_elsewhere(project: Project, module: SourceModule, function: int, call: Call) -> bool:
    for key, text in call.keywords:
        if key == "headers":
            found = project.guards.values.follow(Place(module.path, function, text))
            names = [name for name, _ in entries(found.text)]
            if not names or "**" in found.text or not _PLAIN_HEADERS.issuperset(name.lower() for name in names) or _grows(module, function, text):
                return True
        elif key in _SHOWN_ELSEWHERE and text not in ("None", ""):
            return True
    return False


def _is_public(project: Project, found: LibraryCall, inner: str) -> bool:
    """A client that says it has no secret (`token_endpoint_auth_method="none"`) and names no `code_challenge_method`; `inner` may hold both."""
    given = dict(found.call.keywords)
    if inner in given:
        held = project.guards.values.follow(found.place(given[inner])).text
        given |= dict(entries(held)) if entries(held) and "**" not in held else {"**": held}
    challenge = given.get("code_challenge_method", "")
    return "**" not in given and constant_string(given.get("token_endpoint_auth_method", "")) == "none" and challenge in ("", "None")


def _servers(project: Project) -> Iterator[Misused]:
    """Servers of one's own: Django OAuth Toolkit told not to ask for PKCE, and Authlib's grant for public clients without its extension."""
    for module in project.modules.values():
        if module.role not in SERVING or for_development(module.path):
            continue
        for assign in module.bodies[0].assigns:
            if assign.target == "OAUTH2_PROVIDER" and dict(entries(assign.value)).get("PKCE_REQUIRED") == "False" and not assign.block:
                yield Misused(module, 0, assign, "pkce-not-required")
    for module, function, _, call in project.guards.values.calls_named("register_grant"):
        if module.role not in SERVING or for_development(module.path) or not call.args or argument(call, 1, "extensions"):
            continue
        if _serves_public_clients(project, module, function, call.args[0]):
            yield Misused(module, function, call, "pkce-not-required")


def _serves_public_clients(project: Project, module: SourceModule, function: int, text: str) -> bool:
    """Whether a class of the project extends Authlib's grant of codes and takes clients that show nothing."""
    target = project.value(module.path, function, text)
    if target is None or target.kind is not RefKind.CLASS:
        return False
    classes = project.guards.values.resolver.classes
    found = classes.find(target, _METHODS) if classes.derives(target, _GRANT) else None
    return found is not None and isinstance(found[1], Attribute) and "'none'" in found[1].value
