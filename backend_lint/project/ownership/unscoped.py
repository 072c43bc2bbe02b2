"""Rows of somebody that a handler reads, changes or deletes for whoever names them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Place, Profile
from backend_lint.facts.file import Role
from backend_lint.facts.query import Site
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.open_routes import is_marked, is_public
from backend_lint.project.authentication.reached import texts
from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.ownership.checks import Checks
from backend_lint.project.ownership.effects import Effect, effect_of
from backend_lint.project.ownership.frames import Frames
from backend_lint.project.ownership.keys import OwnerKey, Strength
from backend_lint.project.ownership.lookups import Lookup, Lookups
from backend_lint.project.ownership.querysets import queryset_of
from backend_lint.project.ownership.words import WHO
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project


_SHARED = lazy_regex(r"(?:^|[/_-])(?:shared?|public|embed(?:ded)?|open|feed|preview)(?:[/_-]|$)", re.IGNORECASE)
"""Paths of what is meant to be seen by whoever has the address."""
_SHARED_SECRET = lazy_regex(r"(?:[=!]=|\bin\b).*\b[A-Z][A-Z0-9_]*(?:SECRET|PASSWORD|TOKEN|API_KEY)\b|(?:SECRET|PASSWORD|TOKEN|API_KEY)\b.*[=!]=")
"""Tests of a value against a secret of the settings."""
_BY_LINK = lazy_regex(r"[<{:][^>}/]*(?:token|signature|hmac)", re.IGNORECASE)
PROVES_WHO = lazy_regex(r"validat|verif|log_?-?in|sign_?-?in|authenticat|webauthn|fido|otp|2fa|mfa|challenge", re.IGNORECASE)
"""Paths on which somebody proves that the account is his: who may call is found out there."""


class Unscoped(NamedTuple):
    """A row that a handler looks up without asking whose it is.

    `shown`: the look-up as it is written. `handler`: the function that answers `route`, or None if a library does. `way`: the calls from it to the look-up.
    `siblings`: queries of other handlers for rows of the table that do ask. `profile`: the smallest profile that it is sure enough for.
    """

    path: str
    at: Place
    symbol: str
    shown: str
    table: str
    route: Route
    handler: FunctionKey | None
    key: OwnerKey
    effect: Effect
    siblings: tuple[Site, ...]
    profile: Profile
    way: tuple[tuple[FunctionKey, Edge], ...] = ()
    named: str = ""
    """The parameter of the address that names the owner, if the query asks for one and nobody compares him with the caller."""


class Finder:
    """What all ways to find unscoped rows share."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.keys = project.ownership.keys
        self.frames = Frames(project)
        self.lookups = Lookups(project, self.frames, self.keys)
        self.checks = Checks(project, self.frames)
        self._siblings: dict[str, tuple[Site, ...]] = {}
        self._published: dict[str, frozenset[FunctionKey]] = {}

    def key(self, table: str) -> OwnerKey | None:
        """The key that says most about who owns the rows of a table; None if nobody or only perhaps somebody does. A row of a user is his own."""
        found = self.keys.surest(table)
        if found is None and table in self.keys.users and (known := self.project.schema.table(table)) is not None:
            return OwnerKey(known.primary_key, table, Strength.CHAIN, False, known.path, known.line)
        return found if found is not None and found.strength is not Strength.WEAK else None

    def siblings(self, table: str) -> tuple[Site, ...]:
        """The queries for rows of a table that some request runs and that are limited to the caller's."""
        if table not in self._siblings:
            self._siblings[table] = tuple(self._scoped(table))
        return self._siblings[table]

    @functools.cached_property
    def limits_some(self) -> bool:
        """Whether the project limits the rows of any table to the caller's at all."""
        return any(self.key(table) is not None and self.siblings(table) for table in self.project.schema.tables)

    def _scoped(self, table: str) -> Iterator[Site]:
        for site in self.project.queries.of_table(table):
            if site.function < 0 or site.call < 0 or self.lookups.table(site) != table or self.project.modules[site.path].role is not Role.APPLICATION:
                continue
            key = (site.path, site.function)
            limited = self.lookups.is_scoped(site.query) or (table in self.keys.users and site.query.where is not None)
            if limited and self.frames.is_caller(key, self.frames.calls_behind(key, site.call)) and self.project.reached_from(key) is not None:
                yield site

    def is_published(self, table: str, asking: FunctionKey) -> bool:
        """Whether another handler than `asking` shows whoever is not logged in any row of a table by its number: what may be read so is no secret."""
        if table not in self._published:
            sites = [site for site in self.project.queries.of_table(table) if site.function >= 0 and site.call >= 0]
            handlers = {(site.path, site.function) for site in sites if self.project.modules[site.path].role is Role.APPLICATION}
            self._published[table] = frozenset(handler for handler in handlers if self._shows_all(handler, table))
        return bool(self._published[table] - {asking})

    def _shows_all(self, handler: FunctionKey, table: str) -> bool:
        routes = self.project.routes.by_handler(handler)
        if not routes or not any(route.method in ("GET", "*") for route in routes) or any(route.authenticated or route.guards for route in routes):
            return False
        body = self.frames.body(handler)
        # what decides something by the caller may still answer everybody: it never ends early
        if any(route.authenticated is None for route in routes) and (body.raises or any(one.block for one in body.returns)):
            return False
        return any(
            lookup.table == table and self.lookups.is_plain(lookup.site.query) and effect_of(self.frames, lookup) is Effect.READ
            for lookup in self.lookups.of(handler)
        )

    def ought_to_ask(self, route: Route) -> bool:
        """Who calls is known, or the other methods of the handler's class ask for it and nothing says that this one is for everybody."""
        if route.authenticated:
            return not self._is_of_service(route)
        if route.owner is None or is_public(route) or is_marked(self.project, route):
            return False
        owner = self.project.resolver.classes.ancestors(*route.owner)[0]
        methods = self.project.modules[owner.path].classes[owner.index].methods
        return any(other.authenticated for number in methods if number != route.function for other in self.project.routes.by_handler((owner.path, number)))

    def _is_of_service(self, route: Route) -> bool:
        """The handler knows its caller by a secret of the settings alone: another service, which acts for everybody."""
        if route.function < 0 or any(guard.verifies for guard in route.guards):
            return False
        body = self.project.calls.body((route.module, route.function))
        tests = [block.subject for block in body.blocks] + [text for _, text, _ in body.conditions]
        shown = any(_SHARED_SECRET.search(test) for test in tests) or any(call.callee.endswith("compare_digest") for call in body.calls)
        return shown and not any(WHO.search(text) for text in texts(body))

    def is_passed_by(self, route: Route, table: str) -> bool:
        """Whether the handler's class asks for rights on every other way to the rows of a table, its own queryset."""
        held = queryset_of(self, Ref(RefKind.CLASS, "", *route.owner)) if route.owner is not None else None
        if held is None or held.table != table:
            return False
        return any(other.owner == route.owner and self.checks.asked_before(other) for other in self.project.routes)

    def profile(self, key: OwnerKey, effect: Effect, siblings: tuple[Site, ...]) -> Profile:
        """How sure it is that the row is not for everybody who knows its number."""
        if not siblings and key.strength is Strength.CHAIN and self.siblings(key.target):
            return Profile.STRICT
        if siblings and (key.strength in (Strength.STRONG, Strength.CHAIN) or effect is not Effect.READ):
            return Profile.DEFAULT
        return Profile.STRICT if effect is not Effect.READ and not key.tenant else Profile.ALL


def unscoped(project: Project) -> Iterator[Unscoped]:
    """What handlers look up for whoever names it, one for each place."""
    from backend_lint.project.ownership.handed_in import handed_in
    from backend_lint.project.ownership.listings import listings
    from backend_lint.project.ownership.named_owners import named_owners
    from backend_lint.project.ownership.references import references
    from backend_lint.project.ownership.view_classes import of_views

    finder = Finder(project)
    if not any(finder.keys.surest(table) for table in project.schema.tables):
        return
    seen: set[tuple[str, int, str]] = set()
    for handler in project.routes.handlers:
        if project.modules[handler[0]].role is not Role.APPLICATION:
            continue
        for lookup in finder.lookups.of(handler):
            place = (lookup.site.path, lookup.site.line, lookup.table)
            if place not in seen and (found := _judged(finder, lookup)) is not None:
                seen.add(place)
                yield found
        for found in handed_in(finder, handler):
            if (found.path, found.at.line, found.table) not in seen:
                seen.add((found.path, found.at.line, found.table))
                yield found
    yield from listings(finder)
    yield from named_owners(finder)
    yield from of_views(finder)
    yield from references(finder)


def _judged(finder: Finder, lookup: Lookup) -> Unscoped | None:
    key = finder.key(lookup.table)
    routes = finder.project.routes.by_handler(lookup.handler)
    if key is None or finder.lookups.is_scoped(lookup.site.query) is not False or not all(finder.ought_to_ask(route) for route in routes):
        return None
    checks = finder.checks
    if any(checks.asked_before(route) for route in routes) or any(route.owner is not None and checks.asked_by_class(route.owner) for route in routes):
        return None
    effect = effect_of(finder.frames, lookup)
    if effect is Effect.NONE or (effect is Effect.READ and (lookup.table in finder.keys.users or key.strength is Strength.AUTHOR)):
        return None
    if effect is Effect.READ and any(_SHARED.search(route.path) for route in routes):
        return None
    if lookup.table in finder.keys.users and any(PROVES_WHO.search(route.path) for route in routes):
        return None
    if lookup.table in finder.keys.users and (
        any(_BY_LINK.search(route.path) for route in routes)
        or any(call.callee.endswith("check_token") for call in finder.project.calls.body(lookup.handler).calls)
    ):
        return None  # who was sent the link is the one whose account it is
    if lookup.table in finder.keys.users and not lookup.given & finder.frames.sent_names(lookup.handler):
        return None  # an account that is found by something else than its name in the address is most often found for somebody
    if effect is Effect.READ and not finder.limits_some:
        return None
    if effect is Effect.READ and finder.lookups.is_of_shown(lookup.site.query):
        return None
    if checks.asked_within(lookup) or (effect is Effect.READ and finder.is_published(lookup.table, lookup.handler)):
        return None
    site = lookup.site
    siblings = finder.siblings(lookup.table)
    at = Place(site.line, site.column, site.end_line, site.end_column)
    profile = finder.profile(key, effect, siblings)
    if profile is Profile.ALL and all(finder.is_passed_by(route, lookup.table) for route in routes):
        profile = Profile.STRICT
    if profile is Profile.DEFAULT and lookup.table in finder.keys.users and any(route.authenticated is not True for route in routes):
        profile = Profile.STRICT  # an account whose password or key is asked for right here, or one that another service looks up
    return Unscoped(site.path, at, site.symbol, site.text, lookup.table, routes[0], lookup.handler, key, effect, siblings, profile, lookup.way)
