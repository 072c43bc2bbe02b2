"""Where the items of a loop come from, if nobody knows how many there are: a query, a request, another service."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import alternatives, call_ids, parse

if TYPE_CHECKING:
    from backend_lint.project import Project

_REQUEST = lazy_regex(r"^(?:%self\.|%)?request\.(?:data|json|POST|GET|query_params|form|files|FILES|args|body|values)\b")
_HANDED = frozenset({"getlist", "get", "get_json", "json"})
_LISTS = lazy_regex(r"^(?:list|Sequence|Iterable|set|tuple|typing\.\w+|List|Set)\[")
_MAX_DEPTH = 5
_MANY = 10


class Source(enum.StrEnum):
    """What gives the items."""

    QUERY = "query"
    REQUEST = "request"
    SERVICE = "service"


class Origin(msgspec.Struct, frozen=True):
    """Who decides how many items there are, with the place."""

    source: Source
    evidence: Evidence


def are_few(project: Project, key: FunctionKey, text: str) -> bool:
    """The items are rows of which the query takes fewer than ten."""
    rows = project.loads.rows(*key, text)
    return bool(rows) and all(one.most < _MANY for one in rows)


def origin_of(project: Project, key: FunctionKey, text: str, depth: int = 0) -> Origin | None:
    """Where the items that a value holds come from; None if that is not known to be unbounded."""
    path, function = key
    if depth > _MAX_DEPTH or not text:
        return None
    options = alternatives(text)
    if len(options) > 1:
        return next((found for option in options if (found := origin_of(project, key, option, depth + 1)) is not None), None)
    line = project.calls.head(key).line
    if rows := project.loads.rows(path, function, text):
        mapped = project.schema.mapped.get(rows[0].model)
        if rows[0].call is None and mapped is not None:
            return Origin(Source.QUERY, Evidence(mapped.path, mapped.line, f"the items are rows of {mapped.name}, nobody knows how many"))
        return Origin(Source.QUERY, Evidence(rows[0].path, rows[0].line, "the items are the rows of this query, nobody knows how many"))
    if _REQUEST.match(text):
        return Origin(Source.REQUEST, Evidence(path, line, "the items come with the request, nobody knows how many"))
    for number in call_ids(text):
        if found := _from_call(project, key, number, depth):
            return found
    return _from_parameter(project, key, text)


def _from_call(project: Project, key: FunctionKey, number: int, depth: int) -> Origin | None:
    path, function = key
    calls = project.modules[path].bodies[function].calls
    if number >= len(calls):
        return None
    call = calls[number]
    edge = next((one for one in project.calls.edges(key) if one.number == number), None)
    if edge is not None:
        effect = Effect.NONE
        if edge.target.is_external:
            effect = project.calls.effect(edge.target)
        elif edge.target.kind is RefKind.FUNCTION:
            effect = project.calls.summary(edge.target.function)
        if effect & Effect.DATABASE_READ and edge.target.is_external and edge.target.name.rpartition(".")[2] in ("fetchall", "fetch", "all", "scalars", "find"):
            return Origin(Source.QUERY, Evidence(path, call.line, "the items are the rows of this query, nobody knows how many"))
        if effect & Effect.HTTP and (edge.target.is_external or project.calls.reaches(key, Effect.HTTP, first=[edge])):
            return Origin(Source.SERVICE, Evidence(path, call.line, "another service decides here how many items there are"))
    receiver, _, method = call.callee.rpartition(".")
    if receiver and (method in _HANDED or method in ("items", "values", "keys", "all", "scalars", "split", "json")):
        return origin_of(project, key, receiver, depth + 1)
    return None


def _from_parameter(project: Project, key: FunctionKey, text: str) -> Origin | None:
    """A list parameter of a handler, or a list in the body that it takes."""
    parsed = parse(text)
    if parsed is None or parsed.root[0] != "%":
        return None
    if not any(entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET) for entry in project.entries.of(key)):
        return None
    head = project.calls.head(key)
    for parameter in head.parameters:
        if "%" + parameter.name != parsed.root or parameter.default.startswith("#") or parameter.name in ("self", "request", "db", "session"):
            continue
        if (parsed.steps and not parsed.steps[0].startswith(".state")) or _LISTS.match(parameter.annotation):
            return Origin(Source.REQUEST, Evidence(key[0], head.line, "the items come with the request, nobody knows how many"))
    return None
