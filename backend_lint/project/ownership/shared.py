"""Rows that belong to nobody and that everybody's rows refer to, with prices or stocks, which whoever is logged in may write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.query import Verb
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.reached import texts
from backend_lint.project.calls import FunctionKey
from backend_lint.project.ownership.keys import Strength
from backend_lint.project.ownership.words import ASKS
from backend_lint.project.references import RefKind
from backend_lint.project.taint.serializers import Shape, shapes
from backend_lint.project.value_text import without_strings

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.ownership.unscoped import Finder

_WORTH = lazy_regex(r"(?:^|_)(?:price|cost|amount|discount|stock|quota|fee|rate|tariff|credit|percent)s?(?:_|$)", re.IGNORECASE)
_RIGHTS = lazy_regex(r"role|is_?admin|is_?staff|superuser|^admin$|permission", re.IGNORECASE)
_WRITING = ("POST", "PUT", "PATCH")


class SharedWrite(NamedTuple):
    """A route that writes rows of a table which all callers share; `column` is what makes them worth something, `child` a table of theirs that refers to it."""

    route: Route
    line: int
    table: str
    column: str
    child: str


def shared_writes(project: Project) -> Iterator[SharedWrite]:
    """What any caller may write although only some should; nothing where users have no roles."""
    from backend_lint.project.ownership.unscoped import Finder

    finder = Finder(project)
    catalogue = _catalogue(finder)
    if not catalogue or not _has_roles(finder):
        return
    models = {(shape.path, shape.name): shape for shape in shapes(project) if shape.kind == "serializer"}
    for handler in project.routes.handlers:
        if project.modules[handler[0]].role is not Role.APPLICATION:
            continue
        routes = project.routes.by_handler(handler)
        if not any(route.method in _WRITING for route in routes) or not all(route.authenticated for route in routes):
            continue
        written = [(line, table) for line, table in _written(finder, handler, models) if table in catalogue]
        if not written or any(finder.checks.asked_before(route) for route in routes):
            continue
        if any(route.owner is not None and finder.checks.asked_by_class(route.owner) for route in routes) or _asks(finder, handler):
            continue
        line, table = written[0]
        yield SharedWrite(routes[0], line, table, *catalogue[table])


def _catalogue(finder: Finder) -> dict[str, tuple[str, str]]:
    """The tables that belong to nobody, with what they are worth and a table of owned rows that refers to them."""
    found: dict[str, tuple[str, str]] = {}
    tables = finder.project.schema.tables
    for child in tables.values():
        key = finder.keys.surest(child.name)
        for one in child.foreign_keys if key is not None and key.strength is Strength.STRONG and not key.tenant else ():
            parent = tables.get(one.table)
            if parent is None or parent.name in finder.keys.users or parent.name in finder.keys.tenants or finder.keys.scoping(parent.name):
                continue
            worth = next((column.name for column in parent.columns if _WORTH.search(column.name)), "")
            if worth and not finder.keys.of(parent.name):
                found.setdefault(parent.name, (worth, child.name))
    return found


def _has_roles(finder: Finder) -> bool:
    """Whether users differ in what they may do."""
    tables = [finder.project.schema.tables.get(name) for name in finder.keys.users]
    return any(_RIGHTS.search(column.name) for table in tables if table is not None for column in table.columns)


def _written(finder: Finder, handler: FunctionKey, models: dict[tuple[str, str], Shape]) -> Iterator[tuple[int, str]]:
    """The tables that a handler writes with what was sent: through a serializer, or by itself."""
    project = finder.project
    body = finder.frames.body(handler)
    for number, call in enumerate(body.calls):
        if any(name == "data" for name, _ in call.keywords) and any(other.callee == f"#{number}.save" for other in body.calls):
            ref = project.value(*handler, call.callee)
            shape = models.get((ref.path, ref.name)) if ref is not None and ref.kind is RefKind.CLASS else None
            mapped = project.schema.of(shape.model) if shape is not None else None
            if mapped is not None:
                yield call.line, mapped.table
    for site in project.queries.at(*handler):
        query = site.query
        if query.verb is not Verb.INSERT or not query.relations or site.call < 0:
            continue
        if finder.frames.is_sent(handler, finder.frames.calls_behind(handler, site.call)):
            yield site.line, query.relations[0].table


def _asks(finder: Finder, handler: FunctionKey) -> bool:
    """Whether the handler decides anything by rights, or by who calls."""
    body = finder.frames.body(handler)
    if any(ASKS.search(without_strings(text)) for text in texts(body) if text):
        return True
    return any(block.subject and finder.frames.is_caller(handler, finder.frames.behind(handler, block.subject)) for block in body.blocks)
