"""What is sent to clients that nobody but the owner of an account should see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Body, Call, Return
from backend_lint.facts.route import EntryKind, Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import entries

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

SECRETS = frozenset("password passwd password_hash hashed_password pw_hash password_digest encrypted_password ssn totp_secret otp_secret private_key".split())
_SHOWN = lazy_regex(r"^(?:_*)(?:(?:to|as|get)_?)?(?:json|dict|serialize|serialise|dump)(?:_\w+)?$|^(?:serialize|to_dict|to_json)")
_NAME = lazy_regex(r"[A-Za-z_][\w.]*")
_MODELS = ("pydantic.", "sqlmodel.")
_ANSWERS = frozenset({"jsonify", "JsonResponse", "JSONResponse", "Response", "ORJSONResponse"})



def response_models(project: Project, route: Route) -> Iterator[Ref]:
    """The models that a route of FastAPI answers with."""
    if route.response and route.framework == "fastapi" and route.function >= 0:
        for name in dict.fromkeys(_NAME.findall(route.response)):
            if name == route.request:
                continue  # who sends it knows it
            ref = project.value(route.module, 0, name)
            if ref is not None and ref.kind is RefKind.CLASS and any(one.startswith(_MODELS) for one in project.resolver.classes.external_names(ref)):
                yield ref


def answered(project: Project, key: FunctionKey, body: Body) -> Iterator[tuple[Return | Call, str]]:
    """Mappings with a secret that are sent out, with the key."""
    head = project.calls.head(key)
    last = head.name.rpartition(".")[2]
    if head.owner >= 0 and _SHOWN.search(last):
        for found in body.returns:
            if (name := _secret(found.value)) and _reached(project, key):
                yield found, name
        return
    for found in body.returns:
        if (name := _secret(found.value)) and project.routes.by_handler(key):
            yield found, name
    for call in body.calls:
        if call.callee.rpartition(".")[2] in _ANSWERS and call.args and (name := _secret(call.args[0])):
            yield call, name


def _secret(value: str) -> str:
    """The key of a mapping that shows an attribute of the same name."""
    shows = (name for name, shown in entries(value) if name in SECRETS and shown[:1] in "%#" and shown.rpartition(".")[2] in SECRETS)
    return next(shows, "")


def _reached(project: Project, key: FunctionKey) -> bool:
    reached = project.reached_from(key)
    return reached is not None and reached[0].kind is EntryKind.ROUTE
