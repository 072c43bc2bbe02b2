"""Lists that a route answers with as a whole, however many rows there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.python import Attribute, BlockKind, Body
from backend_lint.facts.query import Site
from backend_lint.facts.route import Route
from backend_lint.facts.schema import Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.loading.whole_tables import is_whole
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.sizes import is_set_up
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_ONE = lazy_regex(r"[}>)<{(]|/:")
"""Paths with a parameter answer with one thing, or with what belongs to one."""
_ALSO_SET_UP = lazy_regex(r"brand|page|tag|label", re.IGNORECASE)
"""More names of tables that hold what somebody sets up."""
_RESULT = lazy_regex(r"#(\d+)(?!\d|\[\])")
"""Results as a whole, not one element of them."""
_ASIDE = lazy_regex(r"export|download|dump|backup|stream|csv|feed|sitemap|autocomplete|choices|options|select|debug|stats?\b|count|summary|metric", re.I)
_PAGED = lazy_regex(r"paginat|page_size|per_page|\bpage\b|offset|cursor|limit|islice|Streaming(?:Http)?Response", re.IGNORECASE)
_MAX_FUNCTIONS = 12


class EndlessList(NamedTuple):
    """A route that answers with every row. `query` is where they are loaded, `grows` where requests add rows; both None if a library loads them."""

    route: Route
    table: str
    query: Evidence | None
    grows: Evidence


def endless_lists(project: Project) -> Iterator[EndlessList]:
    """One for each handler, in the order of routes."""
    seen: set[FunctionKey] = set()
    paged = pages_by_default(project)
    for route in project.routes:
        key = (route.module, route.function)
        if route.function < 0 and route.method == "GET" and paged is False and not _ONE.search(route.path):
            table = _of_library(project, route)
            if table is not None and (table.name, -1) not in seen:
                seen.add((table.name, -1))
                if (grows := project.growing.requested.get(table.name)) is not None:
                    yield EndlessList(route, table.name, None, grows)
        if route.method != "GET" or route.function < 0 or key in seen or _ONE.search(route.path) or _ASIDE.search(f"{route.path} {route.name}"):
            continue
        seen.add(key)
        if project.modules[key[0]].role is not Role.APPLICATION or _paged_class(project, route):
            continue
        found = _whole(project, key)
        if found is None:
            continue
        site, table = found
        if (grows := project.growing.requested.get(table.name)) is not None:
            yield EndlessList(route, table.name, Evidence(site.path, site.line, f"every row of `{table.name}` is loaded here"), grows)


def _of_library(project: Project, route: Route) -> Table | None:
    """The table of a view set's list, where neither the view nor a base of it says how long pages are."""
    if route.framework != "drf" or not route.name.endswith(".list") or route.owner is None or _ASIDE.search(route.path):
        return None
    classes = project.resolver.classes
    owner = Ref(RefKind.CLASS, "", *route.owner)
    if any(classes.find(owner, name) is not None for name in ("pagination_class", "paginate_queryset", "get_queryset", "filter_queryset", "paginator")):
        return None
    held = classes.find(owner, "queryset")
    if held is None or not isinstance(held[1], Attribute):
        return None
    ref = project.resolver.value(held[0].path, held[1].function, held[1].value)
    model = ref.item if ref is not None else None
    mapped = project.schema.mapped.get(model.function) if model is not None else None
    table = project.schema.table(mapped.table) if mapped is not None else None
    return table if table is not None and not _is_short(table) else None


def _whole(project: Project, start: FunctionKey) -> tuple[Site, Table] | None:
    """A query for a whole table whose rows the handler returns, itself or from functions that it calls to answer; None where pages are spoken of."""
    queue = [start]
    seen = {start}
    found: tuple[Site, Table] | None = None
    while queue and len(seen) <= _MAX_FUNCTIONS:
        key = queue.pop(0)
        head, body = project.calls.head(key), project.calls.body(key)
        texts = [call.callee for call in body.calls] + [name for call in body.calls for name, _ in call.keywords] + [one.name for one in head.parameters]
        texts += [value for call in body.calls for value in call.args if value[:1] in "'\"" and len(value) < 20] + [one.value for one in body.returns]
        if any(_PAGED.search(text) for text in texts):
            return None
        answered = _answered(body)
        for site in project.queries.at(*key) if found is None else ():
            table = project.schema.table(site.query.relations[0].table) if site.call in answered and is_whole(site) else None
            if table is not None and not _is_short(table):
                found = (site, table)
                break
        for edge in project.calls.edges(key):
            if edge.number in answered and edge.target.kind is RefKind.FUNCTION and edge.target.function not in seen:
                seen.add(edge.target.function)
                queue.append(edge.target.function)
    return found if len(seen) <= _MAX_FUNCTIONS else None


def _is_short(table: Table) -> bool:
    return is_set_up(table) or (table.rows is None and _ALSO_SET_UP.search(table.name) is not None)


def _answered(body: Body) -> set[int]:
    """The calls whose results a function returns: as they are, inside of other calls, or gone through by the comprehension that is returned."""
    lines = {line for returned in body.returns for line in range(returned.line, returned.end_line + 1)}
    texts = [returned.value for returned in body.returns]
    texts += [block.subject for block in body.blocks if block.kind is BlockKind.COMPREHENSION and block.line in lines]
    found: set[int] = set()
    waiting = [int(number) for text in texts for number in _RESULT.findall(text)]
    while waiting:
        number = waiting.pop()
        if number in found or number >= len(body.calls):
            continue
        found.add(number)
        call = body.calls[number]
        for text in (call.callee, *call.args, *(value for _, value in call.keywords)):
            waiting += map(int, _RESULT.findall(text))
    return found


def _paged_class(project: Project, route: Route) -> bool:
    """Its class pages what it answers with."""
    if route.owner is None:
        return False
    classes = project.resolver.classes
    owner = Ref(RefKind.CLASS, "", *route.owner)
    held = classes.find(owner, "pagination_class")
    if held is not None and isinstance(held[1], Attribute) and held[1].value != "None":
        return True
    return classes.find(owner, "paginate_by") is not None or classes.find(owner, "paginator_class") is not None


def pages_by_default(project: Project) -> bool | None:
    """Whether Django REST framework pages lists unless a view says otherwise; None if that is not known."""
    settings = project.guards.values.rest_settings
    if "REST_FRAMEWORK['DEFAULT_PAGINATION_CLASS']" in settings.changed:
        return None
    known: bool | None = None
    for one in settings.every:
        if one.entries is None:
            return None
        given = one.entries.get("DEFAULT_PAGINATION_CLASS", "None")
        known = known or (given != "None" and constant_string(given) != "")
    return known
