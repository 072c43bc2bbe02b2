"""OAuth 2 flows that hand credentials or tokens to the wrong side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Assign, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.environments import for_development, only_while_developing
from backend_lint.project.authentication.library_calls import SERVING, entry
from backend_lint.project.authentication.reached import speaks_of, texts
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import call_ids, constant_string
from backend_lint.project.web.values import Place, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_STARTS = ("authorize_redirect", "create_authorization_url", "authorization_url", "get_authorization_url", "get_authorization_request_url")
_QUERY = lazy_regex(r"request\.(?:args|GET|query_params|values|form)(?:\.get|\[)")
_IMPLICIT = lazy_regex(r"[?&]response_type=(?:id_token )?token(?:&|$)")
_OF_SOMEBODY = lazy_regex(r"^%\w+$|request\.|\bform\b|^#")
_PARAMETERS = lazy_regex(r"(?:args|GET|query_params|values)\.get$")
_CODE_OF_REQUEST = lazy_regex(r"request\.(?:args|GET|query_params)\['code'\]")
_EXCHANGES = lazy_regex(r"(?:^|\.)(?:a?post|request|fetch)$|token|exchange|code", re.IGNORECASE)
_CODE = lazy_regex(r"authorization_code")
_STATE = lazy_regex(r"state|nonce|pkce|code_verifier", re.IGNORECASE)


class Misused(NamedTuple):
    """Where a flow goes wrong; `kind` is ``password``, ``implicit``, ``redirect``, ``state`` or ``plain``."""

    module: SourceModule
    function: int
    at: Call | Assign
    kind: str

    @property
    def symbol(self) -> str:
        """The enclosing function; empty on module level."""
        return self.module.functions[self.function].name if self.function else ""


def misused_flows(project: Project) -> Iterator[Misused]:
    """The password grant, the implicit flow, an address to return to that the caller chooses, and tokens over plain HTTP."""
    values = project.guards.values
    for module, function, _, call in values.calls_named("post", "request", "fetch_token"):
        if module.role in SERVING and not for_development(module.path):
            for name in ("data", "json", "body"):
                held = entry(project, Place(module.path, function, keyword(call, name)), "grant_type") if keyword(call, name) else None
                given = entry(project, Place(module.path, function, keyword(call, name)), "password") if held is not None else None
                # a password of the service's own, for an interface of somebody else that knows no other way, is no user's
                if held is not None and constant_string(held.text) == "password" and given is not None and _OF_SOMEBODY.search(given.text):
                    yield Misused(module, function, call, "password")
    for module, function, _, call in values.calls_named(*_STARTS):
        if module.role not in SERVING or for_development(module.path):
            continue
        body = module.bodies[function]
        target = keyword(call, "redirect_uri")
        taken = [body.calls[number].callee for number in call_ids(target) if number < len(body.calls) and target == f"#{number}"]
        if target and (_QUERY.search(target) or any(_QUERY.search(callee) for callee in taken)):
            yield Misused(module, function, call, "redirect")
        if constant_string(keyword(call, "response_type")) == "token" or any(_IMPLICIT.search(constant_string(arg) or "") for arg in call.args):
            yield Misused(module, function, call, "implicit")
    yield from _without_state(project)
    for module in project.modules.values():
        if module.role not in SERVING or for_development(module.path):
            continue
        for function, body in enumerate(module.bodies):
            for assign in body.assigns:
                if "OAUTHLIB_INSECURE_TRANSPORT" in assign.target and assign.value in ("'1'", "'true'") and not only_while_developing(body, assign.block):
                    yield Misused(module, function, assign, "plain")


def _without_state(project: Project) -> Iterator[Misused]:
    """Pages that a browser is sent back to with a code, which is exchanged although nothing says that this visitor asked for it."""
    for handler in project.routes.handlers:
        routes = project.routes.by_handler(handler)
        module = project.modules[handler[0]]
        if module.role not in SERVING or not any(route.method in ("GET", "*") for route in routes) or for_development(handler[0]):
            continue
        body, head = module.bodies[handler[1]], module.functions[handler[1]]
        names = {one.name for one in head.parameters}
        asked = any(call.args[:1] == ("'code'",) and _PARAMETERS.search(call.callee) for call in body.calls)
        reads = asked or "code" in names or any(_CODE_OF_REQUEST.search(text) for text in texts(body))
        if not reads or any(_STATE.search(name) for name in names) or speaks_of(project, handler, _STATE) or not speaks_of(project, handler, _CODE):
            continue
        at = next((call for call in body.calls if _EXCHANGES.search(call.callee)), None)
        if at is not None:
            yield Misused(module, handler[1], at, "state")
