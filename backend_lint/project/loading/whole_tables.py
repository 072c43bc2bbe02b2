"""Tables that grow, loaded as a whole into memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Call
from backend_lint.facts.query import QuerySource, Rows, Site, Verb
from backend_lint.facts.route import Entry
from backend_lint.facts.schema import Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.entries import SERVED
from backend_lint.project.schema.sizes import is_set_up
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_BORN = lazy_regex(r"creat|insert|added|timestamp|posted|logged|received|started|ordered|date_joined|_at$|^date$", re.IGNORECASE)
_STREAMS = frozenset({"iterator", "aiterator", "yield_per", "partitions", "stream", "stream_scalars", "fetchmany", "paginate", "execution_options"})
_LISTS = frozenset({"all", "fetchall", "fetch", "list", "scalars"})
_MAX_DEPTH = 12


class Whole(msgspec.Struct, frozen=True):
    """A query for all rows of a table. `grows`: where requests or jobs add rows to it."""

    site: Site
    table: Table
    entry: Entry
    grows: Evidence


def whole_tables(project: Project, roles: frozenset[Role]) -> Iterator[Whole]:
    """All of them that a request, a job or a consumer runs, in order of path and line."""
    places: dict[tuple[str, int, int], list[Site]] = {}
    for site in project.queries.sites:
        if site.query.verb is Verb.SELECT and site.function >= 0 and site.evaluated:
            places.setdefault((site.path, site.function, site.call), []).append(site)
    for (path, function, _), sites in places.items():
        site = sites[0]
        if project.modules[path].role not in roles or not all(map(is_whole, sites)) or not _is_loaded(project, site):
            continue
        table = project.schema.table(site.query.relations[0].table)
        if table is None or not _grows(table):
            continue
        found = project.reached_from((path, function))
        if found is None or found[0].kind not in SERVED:
            continue
        if (added := project.growing.requested.get(table.name)) is not None:
            yield Whole(site, table, found[0], added)


def is_whole(site: Site) -> bool:
    """Neither a condition nor a limit, and rows, not a sum of them."""
    query = site.query
    if query.where is not None or query.limit is not None or query.having or len(query.relations) != 1 or query.unknown or query.subqueries:
        return False
    return query.rows is Rows.MANY and not (query.aggregate or query.grouped or query.distinct or query.combined or query.selected)


def _grows(table: Table) -> bool:
    """It says when each row came, and refers to another table: it holds what happens."""
    if is_set_up(table):
        return False
    dated = any(_BORN.search(column.name) for column in table.columns)
    refers = bool(table.foreign_keys) or any(column.name.endswith("_id") for column in table.columns)
    return table.rows is not None or (dated and refers)


def _is_loaded(project: Project, site: Site) -> bool:
    """All rows come into memory at once: listed, or gone through without ``iterator()``."""
    body = project.modules[site.path].bodies[site.function]
    if site.call < 0:
        return False
    if any(call.callee.rpartition(".")[2] in _STREAMS for call in (*_chain(body.calls, site.call), *_before(body.calls, site.call))):
        return False
    value = f"#{site.call}"
    listed = any(f"list({value})" in text or f"sorted({value}" in text for call in body.calls for text in call.args) or any(
        f"list({value})" in assign.value for assign in body.assigns
    )
    loops = [block.subject for block in body.blocks if block.kind in (BlockKind.FOR, BlockKind.COMPREHENSION)]
    looped = any(subject in (value, f"enumerate({value})", f"list({value})") for subject in loops)
    if site.source is QuerySource.DJANGO:
        return listed or looped
    return any(call.callee.rpartition(".")[2] in _LISTS for call in _chain(body.calls, site.call)) or listed


def _before(calls: tuple[Call, ...], number: int, depth: int = 0) -> Iterator[Call]:
    """The calls that a call is built on."""
    call = calls[number]
    for inner in call_ids(" ".join((call.callee, *call.args))):
        if inner < number and depth < _MAX_DEPTH:
            yield calls[inner]
            yield from _before(calls, inner, depth + 1)


def _chain(calls: tuple[Call, ...], number: int) -> Iterator[Call]:
    """A call and those that are made on its result."""
    found = {number}
    yield calls[number]
    for later, call in enumerate(calls[number + 1 :], number + 1):
        if any(call.callee.startswith(f"#{one}.") or f"#{one}" in call.args for one in found):
            found.add(later)
            yield call
