"""Rows that are limited to an owner, and the owner is whoever the address names: nothing compares him with the caller."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Place, Profile
from backend_lint.facts.file import Role
from backend_lint.facts.query import Site, TermKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.open_routes import is_marked, is_public
from backend_lint.project.calls import FunctionKey
from backend_lint.project.ownership.effects import Effect, effect_of
from backend_lint.project.ownership.keys import OwnerKey, Strength
from backend_lint.project.ownership.lookups import Lookup
from backend_lint.sql.conditions import required

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder, Unscoped

_NUMBER = lazy_regex(r"(?:^|_)(?:id|pk|uuid|uid)$", re.IGNORECASE)
"""Names of parameters that stand for an account rather than for a page that everybody may visit: ``user_id``, not ``username``."""


def named_owners(finder: Finder) -> Iterator[Unscoped]:
    """Those queries, one for each place."""
    from backend_lint.project.ownership.unscoped import Unscoped

    project = finder.project
    seen: set[tuple[str, int]] = set()
    for handler in project.routes.handlers:
        named = frozenset(name for name in finder.frames.sent_names(handler) if _NUMBER.search(name) and _is_in_path(finder, handler, name))
        if not named or project.modules[handler[0]].role is not Role.APPLICATION:
            continue
        for lookup in finder.lookups.of(handler, lambda site: _owner_of(finder, site) is not None):
            key = _owner_of(finder, lookup.site)
            place = (lookup.site.path, lookup.site.line)
            if key is None or place in seen or not lookup.given & named or not _may_be_anybody(finder, lookup):
                continue
            effect = effect_of(finder.frames, lookup)
            siblings = finder.siblings(lookup.table)
            if effect is Effect.NONE or (effect is Effect.READ and not siblings) or finder.checks.asked_within(lookup):
                continue
            seen.add(place)
            site = lookup.site
            at = Place(site.line, site.column, site.end_line, site.end_column)
            profile = Profile.ALL if effect is Effect.READ else Profile.STRICT
            route = project.routes.by_handler(handler)[0]
            shown = _shown(lookup, named)
            yield Unscoped(site.path, at, site.symbol, site.text, lookup.table, route, handler, key, effect, siblings, profile, lookup.way, shown)


def _shown(lookup: Lookup, named: frozenset[str]) -> str:
    return min(lookup.given & named)[1:]


def _is_in_path(finder: Finder, handler: FunctionKey, name: str) -> bool:
    return all(re.search(rf"[<{{:]{re.escape(name[1:])}[>}}:]", route.path) for route in finder.project.routes.by_handler(handler))


def _owner_of(finder: Finder, site: Site) -> OwnerKey | None:
    """The key to a user that a query is limited by with a value."""
    table = finder.lookups.table(site)
    key = finder.key(table) if table and table not in finder.keys.users else None
    if key is None or key.tenant or key.strength is not Strength.STRONG or key.target not in finder.keys.users:
        return None
    equal = [one for one in required(site.query.where) if one.operator == "=" and one.left.relation == 0 and one.right.kind is TermKind.PARAMETER]
    return key if any(one.left.column in key.columns for one in equal) else None


def _may_be_anybody(finder: Finder, lookup: Lookup) -> bool:
    """Every route that leads there knows who calls, and nothing before the handler asks more than that."""
    from backend_lint.project.ownership.unscoped import PROVES_WHO

    routes = finder.project.routes.by_handler(lookup.handler)
    for route in routes:
        if route.authenticated is not True or PROVES_WHO.search(route.path) or is_public(route) or is_marked(finder.project, route):
            return False
        if finder.checks.asked_before(route):
            return False
        if route.owner is not None and finder.checks.asked_by_class(route.owner):
            return False
    return bool(routes)
