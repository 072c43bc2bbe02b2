"""Sizes of pages that callers choose, and whether anything bounds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Profile
from backend_lint.facts.python import Body, Call, Function, Parameter
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids, constant_string
from backend_lint.project.web.values import Place
from backend_lint.project.web.worth import for_administrators

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_NAME = lazy_regex(r"^(?:limit|page_?size|per_?page|page_?limit|max_?results|top_?k|take|results_per_page|items_per_page|page_?length)$", re.IGNORECASE)
_WHOLE = lazy_regex(r"^(?:(?:typing\.)?(?:Optional|Annotated)\[)?\[?int\b")
_TAKEN = lazy_regex(r"(?:args|GET|query_params|values)\.get$")
_BOUNDS = frozenset({"le", "lt"})
_MAX_DEPTH = 3


class FreeSize(NamedTuple):
    """A size that a caller chooses without an upper bound. `key`, `line`: where it decides how many rows are loaded."""

    route: Route
    name: str
    key: FunctionKey
    line: int

    @property
    def profile(self) -> Profile:
        """The smallest profile that it is sure enough for."""
        return Profile.STRICT if for_administrators(self.route) else Profile.DEFAULT


def free_sizes(project: Project) -> Iterator[FreeSize]:
    """One for each handler, in the order of routes."""
    seen: set[FunctionKey] = set()
    for route in project.routes:
        key = (route.module, route.function)
        if route.function < 0 or key in seen:
            continue
        seen.add(key)
        for name, text in _chosen(project, route, key):
            sink = _sink(project, key, text, 0)
            if sink is not None:
                yield FreeSize(route, name, *sink)
                break


def _chosen(project: Project, route: Route, key: FunctionKey) -> Iterator[tuple[str, str]]:
    """Name and value of what the caller gives."""
    head, body = project.calls.head(key), project.calls.body(key)
    if route.framework in ("fastapi", "starlette"):
        for parameter in head.parameters:
            if _NAME.match(parameter.name) and f"{{{parameter.name}" not in route.path and _is_free(project, key[0], head, parameter):
                yield parameter.name, f"%{parameter.name}"
    for number, call in enumerate(body.calls):
        name = constant_string(call.args[0]) if call.args and _TAKEN.search(call.callee) else None
        if name is not None and _NAME.match(name):
            given = dict(call.keywords).get("type", "")
            for text in (f"int(#{number})", f"#{number}" if given == "int" else ""):
                if text:
                    yield name, text


def _is_free(project: Project, path: str, head: Function, parameter: Parameter) -> bool:
    """A whole number without ``le`` or ``lt``; what its annotation is has to be known."""
    annotation = parameter.annotation
    scope = head.scope
    if annotation.isidentifier() and annotation != "int":
        alias = project.guards.values.follow(Place(path, scope, annotation))
        path, scope, annotation = alias.path, alias.function, alias.text.replace("[[", "[")
    if not _WHOLE.match(annotation):
        return False
    calls = project.modules[path].bodies[scope].calls
    own = project.modules[path].bodies[head.scope].calls if path in project.modules else ()
    bounded = [calls[number] for number in call_ids(annotation) if number < len(calls)]
    bounded += [own[number] for number in call_ids(parameter.default) if number < len(own)]
    return not any(_BOUNDS.intersection(name for name, _ in call.keywords) or _is_unknown(call) for call in bounded)


def _is_unknown(call: Call) -> bool:
    return call.callee.rpartition(".")[2] not in ("Query", "Field") or any(name == "**" for name, _ in call.keywords)


def _sink(project: Project, key: FunctionKey, text: str, depth: int) -> tuple[FunctionKey, int] | None:
    """Where the value bounds a query, in the function or one that it is handed to; None where something bounds the value."""
    body = project.calls.body(key)
    if _is_bounded(body, text):
        return None
    for call in body.calls:
        if call.callee.rpartition(".")[2] in ("limit", "fetchmany") and call.args[:1] == (text,) and not call.keywords:
            return key, call.line
        if call.callee.rpartition(".")[2] == "Paginator" and call.args[1:2] == (text,):
            return key, call.line
        if call.callee.rpartition(".")[2] == "paginate" and dict(call.keywords).get("per_page") == text and "max_per_page" not in dict(call.keywords):
            return key, call.line
    if depth == _MAX_DEPTH:
        return None
    for edge in project.calls.edges(key):
        if edge.target.kind is not RefKind.FUNCTION:
            continue
        inner = edge.target.function
        for parameter in _handed(project.calls.head(inner), edge.call, text, bound=edge.target.receiver is not None):
            found = _sink(project, inner, f"%{parameter}", depth + 1)
            if found is not None:
                return found
    return None


def _handed(head: Function, call: Call, text: str, *, bound: bool) -> Iterator[str]:
    """Parameters that the value is given for."""
    yield from (name for name, value in call.keywords if value == text and name != "**")
    skipped = 1 if bound or (head.parameters and head.parameters[0].name in ("self", "cls")) else 0
    for position, value in enumerate(call.args):
        if value == text and position + skipped < len(head.parameters):
            yield head.parameters[position + skipped].name


def _is_bounded(body: Body, text: str) -> bool:
    """It is compared, clamped, validated or set anew somewhere in the function."""
    mentions = re.compile(rf"(?<![\w.]){re.escape(text)}(?![\w])")
    tests = [block.subject for block in body.blocks] + [test for _, test, _ in body.conditions]
    if any(("<" in test or ">" in test or " in " in test) and mentions.search(test) for test in tests if test):
        return True
    if any(assign.target == text for assign in body.assigns):
        return True
    texts = [value for call in body.calls for value in (*call.args, *(held for _, held in call.keywords))] + [assign.value for assign in body.assigns]
    if any(re.search(r"\b(?:min|max|clamp|clip|sorted)\(", value) and mentions.search(value) for value in texts):
        return True
    return any(
        re.search(r"clamp|clip|valid|check|bound|sanit|normali|parse|ensure|min|max", call.callee.rpartition(".")[2], re.IGNORECASE) and text in call.args
        for call in body.calls
    )
