"""Routes that answer anybody, while the handlers beside them ask who calls."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Profile, Role
from backend_lint.facts.python import Attribute, Call
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import Aspect, FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.ownership.effects import Effect as Changes
from backend_lint.project.ownership.effects import effect_on
from backend_lint.project.ownership.frames import Frames
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.touched import TouchedModels
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.values import Place

if TYPE_CHECKING:
    from backend_lint.project import Project

_WORDS = lazy_regex(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_MEANT = frozenset(
    (
    "health healthz healthcheck heartbeat live liveness livez ready readiness readyz ping metrics version versions docs redoc swagger openapi schema "
    "login logout signin signout signup signon register registration auth authenticate authenticated authorize authorization oauth oauth2 oidc openid "
    "saml saml2 sso ldap otp mfa totp 2fa token tokens jwt jwks callback redirect redirects csrf captcha session sessions password passwords forgot "
    "forgotten reset recover recovery confirm confirmation activate activation verify verification invite invites invitation invitations invited "
    "unsubscribe subscribe webhook webhooks hook hooks ipn incoming callbacks static assets asset media favicon robots sitemap manifest public "
    "publicly anonymous guest open share shared sharing embed embedded widget preview landing index home homepage root welcome about contact terms "
    "privacy legal imprint pricing help faq support error errors 404 403 500 i18n lang language languages locale locales theme feed feeds rss atom csp "
    "csr setup install installation bootstrap onboarding blog news announcement announcements banner banners newsletter track tracking pixel beacon "
    "telemetry analytics lnurl pay checkout donate test tests example hello demo demos gone deprecated legacy opt optout status maintenance icon "
    "avatar logo image images thumbnail thumbnails"
    ).split()
)  # fmt: skip
"""Words of routes that are there for callers whom nobody knows yet, or for everybody."""
_SHOWN = frozenset("status icon avatar logo image images thumbnail thumbnails banner banners blog news announcement announcements".split())
"""Those of them that only say what is shown: who changes it is another matter."""
_CHANGES = frozenset("change update edit delete remove approve accept reject assign create add upload save set".split())
_CAPABILITY = lazy_regex(
    r"[<{:](?:\w+:)?\w*(?:token|key|uidb64|sign\w*|secret|code|hash|hmac|nonce|invit\w*|k1)\b|P<\w*(?:token|key|uidb64|sign\w*|secret|code|hash)>|\{[2-9]\d\}",
    re.IGNORECASE,
)
"""Parameters of a path that only the one can know whom it was given to."""
_TOKEN = lazy_regex(r"^'(?:\w*_)?(?:token|key|uid|sign(?:ature)?|sig|secret|code|hash|hmac|nonce|k1)'$", re.IGNORECASE)
"""Names of parameters that do the same in a query or a form."""
_OF_REQUEST = lazy_regex(r"(?:GET|POST|args|data|form|query_params|values)\.(?:get|pop)$")
_CAME_BACK = lazy_regex(r"return_?ur[il]|return_?(?:page|from)|after_payment", re.IGNORECASE)
"""Paths that another site sends visitors back to."""
_MARKER = lazy_regex(
    r"allow_?any|public|anonymous|no_?auth|no_?login|login_not_required|exempt|unauthenticated|skip_?auth|without_?(?:auth|login)|open_?access|"
    r"optional",
    re.IGNORECASE,
)
_CHECKING = lazy_regex(r"requir|only|check|ensure|restrict|access|member|permi|valid|protect|secur|guard|login|auth", re.IGNORECASE)
"""Words of decorators that may refuse callers in a way that is not understood."""
_PERMISSIONS = ("permission_classes", "authentication_classes")
_WRITING = ("POST", "PUT", "PATCH", "DELETE")
_CERTAIN = 2
"""So many guarded routes of the same file show that one was forgotten."""
_READING_VIEWS = frozenset({"DetailView", "ListView", "TemplateView"})
_EDITING_VIEWS = frozenset({"FormView", "CreateView", "UpdateView", "DeleteView", "FormMixin", "ModelFormMixin", "DeletionMixin"})
_PAGES = ("render", "render_template", "TemplateResponse", "render_to_response", "render_template_string")


class OpenRoute(NamedTuple):
    """A route that answers anybody. `siblings`: guarded routes of the same file. `writes`, `reads`: the models that it touches."""

    route: Route
    siblings: tuple[Route, ...]
    writes: tuple[str, ...]
    reads: tuple[str, ...]
    of_page: bool = False
    """The handler's class shows a page to everybody, by a view that is made for reading: what its buttons do may be meant for everybody too."""

    acts: bool = False
    """It answers any method, and does nothing but change or delete a row that the caller names."""

    @property
    def profile(self) -> Profile:
        """The smallest profile that it is sure enough for: what is read may be meant for everybody, who makes a first row may be signing up."""
        if self.route.method not in _WRITING and not self.writes:
            return Profile.ALL
        named = self.acts or (("<" in self.route.path or "{" in self.route.path) and self.route.method in _WRITING)
        sure = self.writes and named and len(self.siblings) >= _CERTAIN
        return Profile.DEFAULT if sure and not self.of_page else Profile.STRICT


def is_public(route: Route, words: frozenset[str] = _MEANT) -> bool:
    """Whether the names of a route say that it is for everybody: its path, its handler, its file.

    >>> is_public(Route("GET", "/healthz", "app.py", 1, "check", "flask", "app.py", 3))
    True
    >>> is_public(Route("GET", "/orders", "app.py", 1, "list_orders", "flask", "app.py", 3))
    False
    """
    file = route.module.rpartition("/")[2].removesuffix(".py")
    named = {word.lower() for text in (route.path, route.name, file) for word in _WORDS.findall(text)}
    if words is _MEANT and not named.isdisjoint(_CHANGES):
        named -= _SHOWN
    return not words.isdisjoint(named) or route.path in ("", "/") or _CAPABILITY.search(route.path) is not None or _CAME_BACK.search(route.path) is not None


def takes_token(project: Project, key: FunctionKey) -> bool:
    """Whether a handler takes a token out of the query or the body: whoever was given it may call."""
    body = project.calls.body(key)
    if any(_OF_REQUEST.search(call.callee) and call.args and _TOKEN.match(call.args[0]) for call in body.calls):
        return True
    return any(_TOKEN.match(f"'{one.name}'") for one in project.calls.head(key).parameters)


def is_marked(project: Project, route: Route) -> bool:
    """Somebody has decided: ``AllowAny``, an empty list of permission classes, a decorator like ``@public``, ``@csrf_exempt`` or ``@members_only``."""
    if any(guard.verifies is False and _MARKER.search(guard.name) for guard in route.guards):
        return True
    if any(guard.name.endswith("OrReadOnly") for guard in route.guards):
        return True
    if route.function >= 0 and _has_mark(project, (route.module, route.function)):
        return True
    if route.owner is None:
        return False
    for name in (*_PERMISSIONS, "get_permissions"):
        member = project.resolver.classes.find(Ref(RefKind.CLASS, "", *route.owner), name)
        if member is not None and (not isinstance(member[1], Attribute) or member[1].value):
            return True
    return False


def _has_mark(project: Project, key: FunctionKey) -> bool:
    """A decorator of the handler or of its class says who may call."""
    head = project.calls.head(key)
    owners = project.modules[key[0]].classes
    decorators = [*head.decorators, *(owners[head.owner].decorators if head.owner >= 0 else ())]
    for text in decorators:
        call = project.guards.values.call(Place(key[0], head.scope, text))
        name = call.callee if call is not None else text
        if _MARKER.search(name) or (_CHECKING.search(name) and ".require_" not in f".{name}"):
            return True
        if call is not None and call.callee.rpartition(".")[2] in _PERMISSIONS:
            return True
        if call is not None and any(_MARKER.search(value) for _, value in (*enumerate(call.args), *call.keywords)):
            return True
    return False


def open_routes(project: Project, most_open: float, allowed: frozenset[str] = frozenset()) -> Iterator[OpenRoute]:
    """Routes of the application's own handlers that certainly answer anybody although most around them do not, one for each handler.

    `most_open`: the share of the application's and of the file's routes that have to be guarded. `allowed`: paths that are meant to be open.
    """
    applications: dict[str, collections.Counter[bool | None]] = {}
    files: dict[str, collections.Counter[bool | None]] = {}
    guarded: dict[str, list[Route]] = {}
    by_handler: dict[FunctionKey, list[Route]] = {}
    for route in project.routes:
        if route.function < 0 or (route.authenticated is False and (is_public(route) or is_marked(project, route))):
            continue
        applications.setdefault(_application(route), collections.Counter())[route.authenticated] += 1
        files.setdefault(route.module, collections.Counter())[route.authenticated] += 1
        by_handler.setdefault((route.module, route.function), []).append(route)
        if route.authenticated:
            guarded.setdefault(route.module, []).append(route)
    reported: set[FunctionKey] = set()
    for found in unguarded_methods(project, allowed):
        reported.add((found.route.module, found.route.function))
        yield found
    models = TouchedModels(project)
    for key, routes in by_handler.items():
        route = routes[0]
        if key in reported or any(one.authenticated is not False or one.path in allowed for one in routes) or not _is_served(project, key):
            continue
        if takes_token(project, key):
            project.note_unknown("unauthenticated-route")
            continue
        if not _mostly(applications[_application(route)], most_open):
            continue
        effect = project.calls.summary(key)
        if not effect & Effect.DATABASE:
            continue
        touched = models.by(key)
        siblings = tuple(dict.fromkeys(guarded.get(key[0], ())))
        # a view for any method is most often a page, and pages count their visits
        one_method = all(one.method != "*" for one in routes)
        meant_to_write = any(one.method in _WRITING for one in routes)
        acts = not meant_to_write and _acts(project, key, routes)
        if not meant_to_write and not acts and any(_is_shown(project, key, one.value) for one in project.calls.body(key).returns):
            continue
        writes = bool(touched.writes) and bool(Effect.DATABASE_WRITE & (effect if one_method else project.calls.direct(key, Aspect.ALL)))
        if writes or (len(siblings) >= 2 and _mostly(files[key[0]], most_open)):
            yield OpenRoute(route, siblings, (touched.writes or ()) if writes else (), touched.reads or (), _is_of_page(project, route), acts)


def unguarded_methods(project: Project, allowed: frozenset[str] = frozenset()) -> Iterator[OpenRoute]:
    """Methods of a class-based view without any guard, where most of its other methods have one, even if it is not known what the handler itself does."""
    by_class: dict[tuple[str, int], list[Route]] = {}
    for route in project.routes:
        if route.owner is not None and route.function >= 0 and project.modules[route.module].role is Role.APPLICATION:
            by_class.setdefault(route.owner, []).append(route)
    for routes in by_class.values():
        guarded = tuple(route for route in routes if any(guard.verifies for guard in route.guards))
        bare = [route for route in routes if not route.guards and route.authenticated is not True]
        if not guarded or len({route.function for route in bare}) > len({route.function for route in guarded}):
            continue
        seen: set[int] = set()
        for route in bare:
            key = (route.module, route.function)
            if route.function in seen or route.path in allowed or is_public(route) or is_marked(project, route) or project.guards.checks(key):
                continue
            seen.add(route.function)
            if project.calls.summary(key) & Effect.DATABASE:
                yield OpenRoute(route, guarded, (), ())


def _is_shown(project: Project, key: FunctionKey, value: str) -> bool:
    """A page, or the address of one: who publishes a site does so on purpose. Data is another matter."""
    call = project.guards.values.call(Place(*key, value)) if value else None
    return call is not None and ("redirect" in call.callee.lower() or call.callee.rpartition(".")[2] in _PAGES)


def _acts(project: Project, key: FunctionKey, routes: list[Route]) -> bool:
    """Whether a function for any method shows no page: it changes or deletes a row that the caller names, and sends the browser back to a page of the site."""
    if any(route.framework != "django" for route in routes):
        return False
    answers = [project.guards.values.call(Place(*key, one.value)) for one in project.calls.body(key).returns if one.value]
    if not answers or not all(call is not None and _sends_back(project, key, call) for call in answers):
        return False
    frames = Frames(project)
    return any(
        effect_on(frames, key, f"#{site.call}") in (Changes.CHANGED, Changes.DELETED) and frames.is_sent(key, frames.chosen_by(key, site.call))
        for site in project.queries.at(*key)
        if site.call >= 0
    )


def _sends_back(project: Project, key: FunctionKey, call: Call) -> bool:
    if "redirect" not in call.callee.lower() or not call.args:
        return False
    target = project.guards.values.call(Place(*key, call.args[0]))
    return constant_string(call.args[0]) is not None or (target is not None and target.callee.rpartition(".")[2] in ("reverse", "reverse_lazy"))


def _is_of_page(project: Project, route: Route) -> bool:
    if route.owner is None or route.framework != "django":
        return False
    names = {name.rpartition(".")[2] for name in project.resolver.classes.external_names(Ref(RefKind.CLASS, "", *route.owner))}
    shown = any(other.owner == route.owner and other.method == "GET" and other.authenticated is False for other in project.routes)
    return shown and not names.isdisjoint(_READING_VIEWS) and names.isdisjoint(_EDITING_VIEWS)


def _is_served(project: Project, key: FunctionKey) -> bool:
    return project.modules[key[0]].role is Role.APPLICATION


def _application(route: Route) -> str:
    """Frameworks that serve one another's routes count as one."""
    return "django" if route.framework in ("django", "drf", "rest_framework") else route.framework


def _mostly(counts: collections.Counter[bool | None], share: float) -> bool:
    return counts[True] > 0 and counts[True] >= share * (counts[True] + counts[False])
