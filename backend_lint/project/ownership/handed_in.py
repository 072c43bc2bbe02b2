"""Rows that a dependency of FastAPI looks up and hands to handlers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.api import Place
from backend_lint.project.calls import FunctionKey
from backend_lint.project.ownership.effects import Effect, effect_on, is_answered
from backend_lint.project.ownership.keys import Strength

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder, Unscoped


def handed_in(finder: Finder, handler: FunctionKey) -> Iterator[Unscoped]:
    """What the dependencies of a handler look up by what the caller sent, if neither they nor the handler ask whose it is."""
    from backend_lint.project.ownership.unscoped import Unscoped

    frames, checks = finder.frames, finder.checks
    routes = finder.project.routes.by_handler(handler)
    if routes[0].framework not in ("fastapi", "starlette") or not all(finder.ought_to_ask(route) for route in routes):
        return
    for name, provider in finder.project.dependencies.providers(handler):
        if f"%{name}" in frames.caller_names(handler) or provider not in frames.providing or frames.caller_names(provider):
            continue
        for lookup in finder.lookups.of(provider):
            key = finder.key(lookup.table)
            if key is None or key.strength is Strength.AUTHOR or lookup.table in finder.keys.users or finder.lookups.is_scoped(lookup.site.query) is not False:
                continue
            if not is_answered(frames, provider, f"#{lookup.call}") or any(checks.asked_before(route) for route in routes):
                continue
            effect = effect_on(frames, handler, f"%{name}")
            if effect is Effect.NONE or checks.asked_within(lookup) or checks.asked_about(handler, frozenset({f"%{name}"}), lookup):
                continue
            site = lookup.site
            siblings = finder.siblings(lookup.table)
            at = Place(site.line, site.column, site.end_line, site.end_column)
            profile = finder.profile(key, effect, siblings)
            yield Unscoped(site.path, at, site.symbol, site.text, lookup.table, routes[0], handler, key, effect, siblings, profile, lookup.way)
