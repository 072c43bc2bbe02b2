"""Columns that a caller sets by their names: mappings of a request that become rows, and rights that are taken from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.taint import Mode, Trail
from backend_lint.project.taint.sources import Trait
from backend_lint.project.value_text import alternatives

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_WRITES = frozenset({"create", "acreate", "update", "aupdate", "update_or_create", "get_or_create", "values", "insert"})
RIGHTS = frozenset({"is_staff", "is_superuser", "is_admin", "admin", "superuser", "is_root"})
"""Columns that say who may do everything."""
_NOT_RAW = frozenset("([{'\"f")
_VALIDATES = lazy_regex(r"^(?:validate\w*|load|loads|parse_obj|model_validate|check_\w*(?:keys|fields|schema)\w*|is_valid)$")
_TRUSTED = lazy_regex(r"admin|staff|superuser", re.IGNORECASE)
_KEYS_COMPARED = lazy_regex(r"\.keys\(?\)?-|-set\(|\bin %?\w*(?:allowed|valid|permitted|editable)")


def assigned(project: Project, key: FunctionKey, call: Call) -> tuple[str, Trail] | None:
    """What a call lets the caller set, as a message, and how that gets there; None if it is nothing, or only for those who may."""
    found = _sink(project, key, call)
    if found is None or _is_for_administrators(project, key):
        return None
    by_name = "setattr" in call.callee or any(name == "**" for name, _ in call.keywords)
    return None if by_name and _is_limited(project, key, found[1]) else found


def _sink(project: Project, key: FunctionKey, call: Call) -> tuple[str, Trail] | None:
    if call.callee == "setattr" and len(call.args) == 3 and call.args[1][:1] in "%#":
        trail = _whole(project, key, call.args[1])
        return (f"`{trail.source.shown}` of the request names the attribute that is set: compare it with a list of allowed names", trail) if trail else None
    spread = next((value for name, value in call.keywords if name == "**"), "")
    if spread and spread[0] not in _NOT_RAW and _is_write(project, key, call):
        trail = _whole(project, key, spread)
        if trail is not None:
            return f"`{trail.source.shown}` of the request is written to a row with whatever it holds: name the columns that a caller may set", trail
        return None
    for name, value in call.keywords:
        if name in RIGHTS and _is_write(project, key, call) and _is_open(project, key):
            trail = next((one for text in (value, *_choices(project, key, value, name)) for one in project.taint.flows.trails(key, text)), None)
            if trail is not None:
                return f"anybody sets `{name}` with `{trail.source.shown}` of the request: do not take it from the request", trail
    return None


def _whole(project: Project, key: FunctionKey, text: str) -> Trail | None:
    """How a mapping whose keys the caller chooses gets there."""
    trails = project.taint.flows.trails(key, text, Mode.WHOLE)
    return next((one for one in trails if Trait.HEADER not in one.source.traits), None)


def _choices(project: Project, key: FunctionKey, value: str, name: str) -> Iterator[str]:
    """The conditions under which a right is granted: ``if sent["admin"]: admin = True``."""
    body = project.calls.body(key)
    if "True" in alternatives(value) or value == f"%{name}":
        for assign in project.modules[key[0]].assigns_to(key[1], f"%{name}"):
            block = body.blocks[assign.block]
            if assign.value == "True" and block.kind is BlockKind.IF:
                yield block.subject


def _is_write(project: Project, key: FunctionKey, call: Call) -> bool:
    """Whether a call makes or changes a row."""
    ref = project.value(*key, call.callee)
    if ref is not None and ref.kind is RefKind.CLASS:
        return project.schema.of(ref) is not None
    return ref is not None and ref.is_external and ref.name.startswith(("django.db.models.", "sqlalchemy.")) and ref.name.rpartition(".")[2] in _WRITES


def _is_open(project: Project, key: FunctionKey) -> bool:
    """Only routes that nobody has to sign in for lead to the function itself."""
    routes = project.routes.by_handler(key)
    return bool(routes) and all(route.authenticated is False for route in routes)


def _is_limited(project: Project, key: FunctionKey, trail: Trail) -> bool:
    """Whether a function on the way validates the mapping against a schema, or compares its keys with those that are allowed."""
    places = {key, *(found for step in trail.steps if (found := _function_at(project, step.path, step.line)) is not None)}
    return any(_validates(project.calls.body(one), trail.source.shown) for one in places)


def _validates(body: Body, shown: str) -> bool:
    texts = [assign.value for assign in body.assigns] + [block.subject for block in body.blocks]
    keys = tuple(f"(#{number}-" for number, call in enumerate(body.calls) if call.callee.endswith(".keys"))
    if any(_KEYS_COMPARED.search(text) or text.startswith(keys) for text in texts) and body.raises:
        return True
    made = {f"#{number}" for number, call in enumerate(body.calls) if call.callee.replace("%", "") == shown.partition("(")[0]}
    sent = made | {f"%{shown}", shown}
    return any(_VALIDATES.match(call.callee.rpartition(".")[2]) and not sent.isdisjoint(call.args) for call in body.calls)


def _function_at(project: Project, path: str, line: int) -> FunctionKey | None:
    """The innermost function at a line."""
    module = project.modules.get(path)
    found = [index for index, head in enumerate(module.functions) if index and head.line <= line <= head.end_line] if module is not None else []
    return (path, found[-1]) if found else None


def _is_for_administrators(project: Project, key: FunctionKey) -> bool:
    """Every route that leads there asks for an administrator, or it is a page of Django's own administration."""
    owner = project.calls.head(key).owner
    names = project.resolver.classes.external_names(Ref(RefKind.CLASS, "", key[0], owner)) if owner >= 0 else []
    if any(name.startswith("django.contrib.admin") for name in names):
        return True
    routes = project.routes.by_handler(key)
    reached = project.reached_from(key) if not routes else None
    if reached is not None:
        routes = project.routes.by_handler((reached[0].module, reached[0].function))
    return bool(routes) and all(any(guard.verifies and _TRUSTED.search(guard.name) for guard in route.guards) for route in routes)
