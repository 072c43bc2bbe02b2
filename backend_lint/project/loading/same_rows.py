"""Whether the rows of a query are needed in the same function as well, or are so few that nobody minds how they are counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Body
from backend_lint.facts.query import Query, TermKind
from backend_lint.project.schema.sizes import is_set_up
from backend_lint.project.value_text import call_ids
from backend_lint.sql.conditions import required

if TYPE_CHECKING:
    from backend_lint.project import Project

_ONLY_ASKS = frozenset({"count", "exists", "acount", "aexists", "update", "aupdate", "delete", "adelete"})
"""Methods that do with the rows what needs none of them in memory."""
_ROWS = frozenset({"all", "iterator", "aiterator", "values", "values_list", "first", "last"})
_MOST_CALLS = 300
_MAX_DEPTH = 12
_MAX_TEXT = 2000


def are_loaded(body: Body, number: int) -> bool:
    """The rows of the query on which call `number` is made, or that it makes, are loaded elsewhere in the function: one load is the cheaper thing."""
    if len(body.calls) > _MOST_CALLS:
        return True  # nobody knows
    method = body.calls[number].callee.rpartition(".")[2]
    query = body.calls[number].callee.rpartition(".")[0] if method in _ONLY_ASKS else f"#{number}"
    written = _written(body, query)
    for other, call in enumerate(body.calls):
        receiver, _, asked = call.callee.rpartition(".")
        if other == number or not receiver:
            continue
        if receiver == query or (receiver[:1] == "#" and _written(body, receiver) == written):
            whole = query[:1] in "#%" and "." not in query
            if (asked not in _ONLY_ASKS) if whole else asked in _ROWS:
                return True
    same = [f"#{one}" for one in range(len(body.calls)) if f"#{one}" != query and one != number and written and _written(body, f"#{one}") == written]
    return any(_is_taken(body, value) for value in (*same, *((query,) if method in _ONLY_ASKS and not query.endswith(".objects") else ())))


def _is_taken(body: Body, value: str) -> bool:
    """Something is done with the value itself: it is gone through, indexed, handed on."""
    return any(_names(text, value) for text in _uses(body))


def _names(text: str, value: str) -> bool:
    start = text.find(value)
    while start >= 0:
        following = text[start + len(value) : start + len(value) + 1]
        if following != "." and not (following.isalnum() or following == "_"):
            return True
        start = text.find(value, start + 1)
    return False


def _uses(body: Body) -> Iterator[str]:
    for call in body.calls:
        yield from call.args
        yield from (text for _, text in call.keywords)
        if "[" in call.callee:
            yield call.callee
    yield from (block.subject for block in body.blocks)
    yield from (one.value for one in body.returns)
    yield from (one.value for one in body.yields)
    yield from (one.value for one in body.assigns if "[" in one.value or "." in one.target)


def _written(body: Body, value: str, depth: int = 0) -> str:
    """A query as it is written, calls with their arguments: two that read the same ask the same."""
    if value[:1] != "#" or not value[1:].isdigit() or depth > _MAX_DEPTH:
        return ""
    call = body.calls[int(value[1:])]
    receiver, _, method = call.callee.rpartition(".")
    if not receiver or not method:
        return ""
    begun = _written(body, receiver, depth + 1) if receiver[:1] == "#" else receiver
    given = [*call.args, *(f"{name}={text}" for name, text in call.keywords)]
    if not begun or any(call_ids(text) for text in given):
        return ""
    return f"{begun}.{method}({','.join(given)})"[:_MAX_TEXT]


def are_few(project: Project, path: str, function: int, number: int) -> bool:
    """The query asks for a unique value, for all that belongs to one object, or a table that stays small."""
    receiver, _, method = project.calls.body((path, function)).calls[number].callee.rpartition(".")
    chains = project.loads.django.of(path, function, receiver) if method in _ONLY_ASKS and project.loads.uses_django else ()
    if any(step.relation is not None for chain in chains for step in chain.steps):
        return True
    sites = [site for site in project.queries.at(path, function) if site.call == number]
    return bool(sites) and all(_is_bounded(project, site.query) for site in sites)


def _is_bounded(project: Project, query: Query) -> bool:
    table = project.schema.table(query.relations[0].table) if query.relations else None
    if table is None:
        return False
    if is_set_up(table) or (query.limit is not None and query.limit >= 0):
        return True
    known = {
        part.left.column
        for part in required(query.where)
        if part.operator == "=" and part.left.kind is TermKind.COLUMN and part.left.relation == 0
    }
    keys = [table.primary_key, *(tuple(key.column for key in index.keys) for index in table.indexes if index.unique and index.where is None)]
    return any(key and all(key) and known.issuperset(key) for key in keys)
