"""Cookies that let somebody in, and credentials in addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Assign, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development, only_while_developing
from backend_lint.project.authentication.library_calls import SERVING
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import constant_string, parse
from backend_lint.project.web.values import Place, argument, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_LETS_IN = lazy_regex(
    r"(?:^|[_.-])(?:session|sessionid|session_?token|sid|auth|access_?token|refresh_?token|jwt|token|id_token|remember(?:_me|_token)?|api_?key)(?:$|[_.-])",
    re.IGNORECASE,
)
_READ_BY_SCRIPTS = lazy_regex(
    r"csrf|xsrf|theme|lang|hint|expire|^is_|^has_|logged_in|is_auth|state|nonce|flash|toast|device|test|prefix|suffix|domain|path$", re.IGNORECASE
)
_SETTINGS = {"SESSION_COOKIE_HTTPONLY": "HttpOnly", "SESSION_COOKIE_SECURE": "Secure", "REMEMBER_COOKIE_HTTPONLY": "HttpOnly", "JWT_COOKIE_SECURE": "Secure"}
_QUERY = lazy_regex(r"(?:^|\.)(?:GET|query_params|args|rel_url\.query|query)(?:\.get|\.getlist|\.pop)?$")
_CREDENTIAL = lazy_regex(r"^(?:password|passwd|api_?key|access_?token|auth_?token|bearer_?token|jwt|client_secret|secret_key|session_?token)$", re.IGNORECASE)
_LINKS = lazy_regex(
    r"reset|verif|confirm|unsubscribe|callback|oauth|feed|rss|ics|calendar|download|invite|activate|websocket|\bws\b|embed|share|magic|signed|sso|saml|redirect",
    re.IGNORECASE,
)


class Careless(NamedTuple):
    """A call or assignment, and what is missing or read."""

    module: SourceModule
    function: int
    at: Call | Assign
    what: str
    name: str

    @property
    def symbol(self) -> str:
        """The enclosing function; empty on module level."""
        return self.module.functions[self.function].name if self.function else ""


def open_cookies(project: Project) -> Iterator[Careless]:
    """Cookies that let somebody in, set without ``HttpOnly`` or ``Secure``, and settings that take these away."""
    values = project.guards.values
    for module, function, _, call in values.calls_named("set_cookie"):
        if module.role not in SERVING or for_development(module.path) or any(key == "**" for key, _ in call.keywords):
            continue
        key = argument(call, 0, "key") or keyword(call, "name")
        name = values.string(Place(module.path, function, key)) if key else None
        if name is None or not _LETS_IN.search(name) or _READ_BY_SCRIPTS.search(name) or (argument(call, 1, "value") in ("''", "")):
            continue
        if len(call.args) > 4 or only_while_developing(module.bodies[function], call.block):
            continue
        missing = [flag for option, flag in (("httponly", "HttpOnly"), ("secure", "Secure")) if keyword(call, option) in ("", "False", "None")]
        if missing:
            yield Careless(module, function, call, " and ".join(missing), name)
    for module in project.modules.values():
        if module.role not in SERVING or for_development(module.path):
            continue
        for function, body in enumerate(module.bodies):
            for assign in body.assigns:
                parsed = parse(assign.target) if assign.value == "False" else None
                setting = assign.target if parsed is not None and not parsed.steps else ""
                if parsed is not None and parsed.steps and parsed.steps[-1][0] == "[" and "config" in assign.target:
                    setting = constant_string(parsed.steps[-1][1:-1]) or ""
                if setting in _SETTINGS and not only_while_developing(body, assign.block) and not assign.block:
                    yield Careless(module, function, assign, _SETTINGS[setting], setting)


def credentials_in_urls(project: Project) -> Iterator[Careless]:
    """Handlers that take a password or a key out of the query of an address."""
    for module in project.modules.values():
        if module.role not in SERVING or for_development(module.path):
            continue
        for function, body in enumerate(module.bodies):
            symbol = module.functions[function].name
            for call in body.calls:
                if call.callee.rpartition(".")[2] not in ("get", "getlist", "pop") or not call.args or not _QUERY.search(call.callee):
                    continue
                if not re.search(r"request|\breq\b", call.callee):
                    continue
                name = constant_string(call.args[0])
                if name is not None and _CREDENTIAL.match(name) and not _LINKS.search(f"{module.path} {symbol}"):
                    yield Careless(module, function, call, "", name)
    for module, function, _, call in project.guards.values.calls_named("APIKeyQuery"):
        target = project.value(module.path, function, call.callee)
        if module.role in SERVING and target is not None and target.name == "fastapi.security.APIKeyQuery":
            yield Careless(module, function, call, "", constant_string(keyword(call, "name")) or "api_key")
