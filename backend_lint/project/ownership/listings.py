"""Lists of owned rows that a handler limits for some tables and forgets to limit for others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Place, Profile
from backend_lint.facts.file import Role
from backend_lint.facts.query import Rows, Site, Verb
from backend_lint.project.calls import FunctionKey
from backend_lint.project.ownership.effects import Effect, is_answered
from backend_lint.project.ownership.keys import Strength
from backend_lint.project.ownership.words import MAKES
from backend_lint.project.references import RefKind
from backend_lint.sql.conditions import required

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder, Unscoped

_FEWEST = 2
"""So many tables whose lists one handler limits to the caller make it a habit."""


def listings(finder: Finder) -> Iterator[Unscoped]:
    """Lists that their neighbours in the same handler show to be forgotten."""
    from backend_lint.project.ownership.unscoped import Unscoped

    project = finder.project
    for handler in project.routes.handlers:
        if project.modules[handler[0]].role is not Role.APPLICATION:
            continue
        open_ones = {site.call: site for site in project.queries.at(*handler) if _is_open_list(finder, handler, site)}
        if not open_ones or len(_limited(finder, handler)) < _FEWEST:
            continue
        route = project.routes.by_handler(handler)[0]
        for number, site in open_ones.items():
            table = finder.lookups.table(site)
            key = finder.key(table)
            if key is not None and is_answered(finder.frames, handler, f"#{number}"):
                at = Place(site.line, site.column, site.end_line, site.end_column)
                siblings = finder.siblings(table)
                yield Unscoped(site.path, at, site.symbol, site.text, table, route, handler, key, Effect.READ, siblings, Profile.STRICT)


def _is_open_list(finder: Finder, handler: FunctionKey, site: Site) -> bool:
    table = finder.lookups.table(site)
    key = finder.key(table) if table and table not in finder.keys.users else None
    if key is None or key.tenant or key.strength is not Strength.STRONG or site.query.verb is not Verb.SELECT or site.query.aggregate:
        return False
    if site.query.rows is Rows.ONE or finder.lookups.is_scoped(site.query) is not False:
        return False
    known = finder.project.schema.table(table)
    keyed = {column for one in known.foreign_keys for column in one.columns} if known is not None else set()
    if any(one.left.column in keyed for one in required(site.query.where)):
        return False  # the rows of another one
    behind = finder.frames.calls_behind(handler, site.call)
    rows = {f"#{number}" for number in finder.frames.rows(handler) - finder.frames.chain(handler, site.call)}
    return not behind & rows and not finder.frames.is_caller(handler, behind)


def _limited(finder: Finder, handler: FunctionKey) -> set[str]:
    """The owned tables whose rows a handler asks for with the caller: by a query, or by a function that takes both the model and the caller."""
    found: set[str] = set()
    for call in finder.frames.body(handler).calls:
        values = (*call.args, *(value for _, value in call.keywords))
        if not any(finder.frames.is_caller(handler, finder.frames.behind(handler, text)) for text in values):
            continue
        for text in (*call.args, call.callee.partition(".objects")[0]):
            ref = finder.project.value(*handler, text)
            mapped = finder.project.schema.of(ref) if ref is not None and ref.kind is RefKind.CLASS else None
            if mapped is not None and finder.key(mapped.table) is not None and MAKES.match(call.callee.rpartition(".")[2]) is None:
                found.add(mapped.table)
    return found
