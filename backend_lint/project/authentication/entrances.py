"""Routes that anybody may try as often as he likes: those that check a password or a code, and those that send mail to whom the caller names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Profile
from backend_lint.facts.python import Attribute, BlockKind, Body, Call, Module
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.limits import LIMITS, limited_everywhere, mentions_limit
from backend_lint.project.blocks import around
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import call_ids
from backend_lint.project.web.values import Place

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_VERIFIES = lazy_regex(
    r"^(?:a?authenticate|check_password|acheck_password|verify_password|check_password_hash|verify_and_update|authenticate_user|"
    r"(?:check|verify|validate)_(?:totp|otp|mfa|2fa|pin|code|one_time_password)(?:_value|_code)?|checkpw)$"
)
_ONE_TIME = lazy_regex(r"(?:^|[.%])(?:totp|hotp|otp)\.(?:verify|match)$", re.IGNORECASE)
_COMPARED = lazy_regex(r"==[^=]*\.(?:password|otp|pin|totp)\)|\.(?:password|otp|pin|totp)==[^=']")
_GUESSED = lazy_regex(r"passw|pwd|otp|code|pin\b|secret|form|data|credential", re.IGNORECASE)
"""What can be guessed; long random tokens cannot."""
_MAKES_ACCOUNT = lazy_regex(
    r"(?:^|\.)(?:create_user|create_superuser|set_password)$|(?:form|user|serializer)\.save\b|\.save [\w.]*(?:form|serializer)\b", re.IGNORECASE
)
_SENDS = lazy_regex(r"^(?:send|resend|deliver|email|mail)_?\w*(?:mail|sms|otp|code|link|verif|confirm|invit|reset|recover|activat|welcome)", re.IGNORECASE)
_UNKNOWN_YET = lazy_regex(r"forgot|reset|recover|sign_?up|regist|magic", re.IGNORECASE)
_REGISTERS = lazy_regex(r"sign_?-?up|regist|create_?user|invit", re.IGNORECASE)
_ASKS_AGAIN = lazy_regex(r"resend|again|forgot|reset|recover|magic", re.IGNORECASE)
_SWITCH = lazy_regex(r"settings\.|config\b|config[.\[]|\bflags?\b|[A-Z]{3,}_[A-Z]{3,}")
_LETS_IN = lazy_regex(r"log_?-?in|sign_?-?in|auth|token|session|otp|2fa|mfa|verif", re.IGNORECASE)
_ASKS_FOR_MAIL = lazy_regex(r"resend|verif|confirm|activat|invit|otp|sms|send", re.IGNORECASE)
_SETS_UP = lazy_regex(r"(?:^|[/_-])(?:set_?-?up|enable|disable|enroll?|deactivate)(?:$|[/_ -])", re.IGNORECASE)
"""Somebody whose password was right changes how he signs in."""
_BY_QUEUE = lazy_regex(
    r"(?:^|/)(?:_?tasks?|_ah|workers?|jobs?|cron|queues?|pub_?-?sub|push|sns|sqs|events?|eventarc|cloud_?-?events?|web_?hooks?|callbacks?|internal|_internal)(?:/|$)",
    re.IGNORECASE,
)
"""Addresses that queues, schedulers and other services call: people ask elsewhere."""
_MESSAGE = lazy_regex(r"cloud_?event|pub_?sub|queue\w*\.\w*(?:event|message)|(?:queue|sns|sqs)_(?:event|message)|envelope", re.IGNORECASE)
_RECENT = lazy_regex(r"(?:reset|sent|requested|mailed)_(?:time|at|on|date)\b.*[<>]|[<>].*(?:reset|sent|requested|mailed)_(?:time|at|on|date)\b", re.IGNORECASE)
"""Tests that a mail was sent a short while ago."""
_BY_TOKEN = lazy_regex(r"[<{:(][^>}/]*(?:token|key|uidb64|uidb36|sign|secret|code|hash)", re.IGNORECASE)
"""Only the one who was sent the address can ask."""
_LIBRARY = {
    "django.contrib.auth.views.LoginView": "Django's `LoginView` checks the password",
    "django.contrib.auth.views.PasswordResetView": "",
    "rest_framework.authtoken.views.ObtainAuthToken": "`ObtainAuthToken` checks the password, and turns the default throttles off",
    "rest_framework.authtoken.views.obtain_auth_token": "`obtain_auth_token` checks the password, and turns the default throttles off",
    "rest_framework_simplejwt.views.TokenObtainPairView": "`TokenObtainPairView` checks the password",
}
_FORMS = ("django.forms.", "django.contrib.admin.forms.", "rest_framework.serializers.", "flask_wtf.", "wtforms.", "django.contrib.auth.forms.")
_PASSWORD_FORMS = frozenset({"django.contrib.auth.forms.AuthenticationForm", "django.contrib.admin.forms.AdminAuthenticationForm"})
_LIMITED_LIBRARIES = frozenset({"allauth"})
"""They limit what their functions and forms are asked."""
_RUN = ("form_valid", "dispatch", "perform_create", "check_throttles", "initial", "create", "get_form", "authenticate")
"""Methods of a view that library code calls for a request."""
_HELD = ("form_class", "serializer_class", "authentication_form")
_OTHER_SERVICE = lazy_regex(r"api_?client\w*\.\w+$", re.IGNORECASE)
"""A client of another service of one's own, which may count who asks."""
_MAX_FUNCTIONS = 80
_MAIN = -1
_Queue = list[tuple["FunctionKey", int]]


class Attempt(NamedTuple):
    """A route that anybody may try without a limit: where it checks a secret, or sends mail (`sends`). `path` and `line` are that place.

    `forms`: place and name of what checks what the caller gives, where a limit would fit. `by_queue`: a queue or a scheduler calls it.
    """

    route: Route
    path: str
    line: int
    what: str
    sends: bool
    forms: tuple[tuple[str, int, str], ...] = ()
    by_queue: bool = False
    rare: bool = False
    """A setting turns the mail on, another service sends it, or an address gets one only."""
    is_called_by_somebody: bool = False
    """A parameter of the handler is who calls, as far as its declaration says."""
    once: bool = False
    """Who has an account is refused: an address gets one mail, many addresses get one each."""

    @property
    def profile(self) -> Profile:
        """The smallest profile that it is sure enough for: who asks for the old password of somebody who is logged in already is guessed less often."""
        asks = self.route.authenticated is True or self.is_called_by_somebody
        lets_in = self.sends or self.route.function < 0 or _LETS_IN.search(f"{self.route.path} {self.route.name}") is not None
        sets_up = self.route.function >= 0 and _SETS_UP.search(f"{self.route.path} {self.route.name.rpartition('.')[2]}") is not None
        return Profile.DEFAULT if lets_in and not asks and not sets_up and not self.by_queue and not self.rare else Profile.STRICT


class _Walk(NamedTuple):
    """What is reached from a handler. A group is what one form runs: a limit in one form does not hold for another."""

    checks: list[tuple[int, str, int, str]]
    sends: list[tuple[int, str, int, str]]
    limited: set[int]
    forms: list[tuple[str, int, str]]
    switched: set[int]
    """Lines that send only where a setting says so, or have another service send."""
    complete: bool


def attempts(project: Project) -> Iterator[Attempt]:
    """Those routes, each handler once; nothing where something may limit every route."""
    everywhere: bool | None = None
    seen: set[tuple[str, int, str]] = set()
    declared: set[tuple[str, str]] = set()
    for route in project.routes:
        if route.method not in ("POST", "*", "PUT") or route.limits:
            continue
        key = (route.module, route.function, "" if route.function >= 0 else f"{route.declared_in}:{route.line}")
        if key in seen or any(guard.verifies or LIMITS.search(guard.name) for guard in route.guards):
            continue
        seen.add(key)
        found = _attempt(project, route)
        if found is None or (route.function < 0 and (route.method, route.path) in declared):
            continue  # the branches of a test declare one route in two ways
        declared.add((route.method, route.path))
        if everywhere is None:
            everywhere = limited_everywhere(project)
        if everywhere:
            project.note_unknown("missing-rate-limit")
        else:
            yield found


def _attempt(project: Project, route: Route) -> Attempt | None:
    walk = _walked(project, route)
    if _MAIN in walk.limited:
        return None
    library = _of_library(project, route) if not walk.limited else None
    # what the handler itself does it does once its forms are valid
    checks = [found for found in walk.checks if (walk.limited if found[0] == _MAIN else {found[0]}.intersection(walk.limited)) == set()]
    sends = walk.sends if not walk.limited and _asks_for_mail(route) else []
    if not walk.complete and (checks or sends):
        project.note_unknown("missing-rate-limit")
        return None
    if checks or library:
        _, path, line, what = checks[0] if checks else (_MAIN, route.declared_in, route.line, library or "")
        return Attempt(route, path, line, what, False, tuple(walk.forms), is_called_by_somebody=_asks_who(project, route))
    if library is not None:
        return Attempt(route, route.declared_in, route.line, "Django's `PasswordResetView` sends a mail", True)
    if sends:
        _, path, line, what = sends[0]
        once = _REGISTERS.search(f"{route.path} {route.name}") is not None and not _ASKS_AGAIN.search(f"{route.path} {route.name}")
        rare = line in walk.switched or once
        return Attempt(route, path, line, what, True, tuple(walk.forms), _is_called_by_queue(project, route), rare, _asks_who(project, route), once)
    return None


def _asks_who(project: Project, route: Route) -> bool:
    """Whether FastAPI's ``Security(...)`` gives the handler whoever calls."""
    if route.function < 0:
        return False
    module = project.modules[route.module]
    head = module.functions[route.function]
    held = [module.bodies[head.scope].calls[number] for one in head.parameters for number in call_ids(one.default)[:1] if one.default[:1] == "#"]
    return any(call.callee.rpartition(".")[2] == "Security" for call in held)


def _is_called_by_queue(project: Project, route: Route) -> bool:
    """Its address says so, or its handler reads the message of a queue."""
    if _BY_QUEUE.search(route.path) or route.function < 0:
        return route.function >= 0
    return any(_MESSAGE.search(call.callee) for call in project.calls.body((route.module, route.function)).calls)


def _asks_for_mail(route: Route) -> bool:
    """Somebody whom nobody knows yet asks for a mail; of other routes it has to be certain that nobody is asked who he is."""
    words = f"{route.path} {route.name}"
    if route.authenticated is True or _BY_TOKEN.search(route.path):
        return False
    return _UNKNOWN_YET.search(words) is not None or (route.authenticated is False and _ASKS_FOR_MAIL.search(words) is not None)


def _of_library(project: Project, route: Route) -> str | None:
    """What a view that a library brings along does, or one that inherits from it."""
    names = [route.name]
    if route.owner is not None:
        owner = Ref(RefKind.CLASS, "", *route.owner)
        names = project.resolver.classes.external_names(owner)
        replaced = [project.resolver.classes.find(owner, name) for name in ("form_valid", "post", "dispatch")]
        if any(member is not None for member in replaced):
            return None
    elif route.function >= 0:
        return None
    return next((_LIBRARY[name] for name in names if name in _LIBRARY), None)


def _walked(project: Project, route: Route) -> _Walk:
    classes = project.resolver.classes
    queue: _Queue = [(key, _MAIN) for key in route.dependencies]
    if route.function >= 0:
        queue.append(((route.module, route.function), _MAIN))
    walk = _Walk([], [], set(), [], set(), True)
    groups: dict[tuple[str, int], int] = {}
    if route.owner is not None:
        owner = Ref(RefKind.CLASS, "", *route.owner)
        for name in _RUN:
            member = classes.find(owner, name)
            if member is not None and isinstance(member[1], int):
                queue.append(((member[0].path, member[1]), _MAIN))
        for name in _HELD:
            member = classes.find(owner, name)
            if member is not None and isinstance(member[1], Attribute):
                form = project.guards.values.ref(Place(member[0].path, member[1].function, member[1].value))
                _open_form(project, form, (member[0].path, member[1].line), queue, groups, walk)
    seen = {key for key, _ in queue}
    while queue:
        if len(seen) > _MAX_FUNCTIONS:
            return walk._replace(complete=False)
        key, group = queue.pop(0)
        _look(project, key, group, walk)
        for edge in project.calls.edges(key):
            target = edge.target
            if target.kind is RefKind.FUNCTION and target.function not in seen:
                seen.add(target.function)
                queue.append((target.function, group))
            form = target.receiver if target.kind is RefKind.FUNCTION and target.name.endswith(".__init__") else target
            if form is not None and form.kind in (RefKind.CLASS, RefKind.EXTERNAL):
                before = len(queue)
                _open_form(project, form, (key[0], edge.call.line), queue, groups, walk)
                seen.update(opened for opened, _ in queue[before:])
    return walk



def _open_form(project: Project, form: Ref | None, at: tuple[str, int], queue: _Queue, groups: dict[tuple[str, int], int], walk: _Walk) -> None:
    """Adds what a form or a serializer runs when it is asked whether it is valid, as a group of its own."""
    if form is None or (form.kind is RefKind.CLASS and form.function in groups):
        return
    names = project.resolver.classes.external_names(form)
    if not any(name.startswith(_FORMS) for name in names):
        return
    group = len(groups)
    if form.kind is not RefKind.CLASS:
        group = _MAIN
    else:
        groups[form.function] = group
        walk.forms.append((form.path, project.modules[form.path].classes[form.index].line, form.name))
        for base in project.resolver.classes.ancestors(form.path, form.index):
            if base.kind is RefKind.CLASS:
                members = project.resolver.classes.members(base.path, base.index)[0]
                queue.extend(((base.path, number), group) for name, number in members.items() if name.startswith(("clean", "valid", "create", "save")))
                if any(LIMITS.search(held.name) for held in project.modules[base.path].classes[base.index].attributes):
                    walk.limited.add(group)
    if not _PASSWORD_FORMS.isdisjoint(names):
        walk.checks.append((group, *at, f"`{form.name.rpartition('.')[2]}` checks the password"))


def _look(project: Project, key: FunctionKey, group: int, walk: _Walk) -> None:
    """Notes what one function checks, sends and limits."""
    head, body = project.calls.head(key), project.calls.body(key)
    if LIMITS.search(head.name) or mentions_limit(body) or _is_limited(project.modules[key[0]].facts):
        walk.limited.add(group)
        return
    if any(LIMITS.search(text) for text in head.decorators):
        walk.limited.add(group)
    made = False
    for call in body.calls:
        method = call.callee.rpartition(".")[2]
        made = made or _MAKES_ACCOUNT.search(_with_calls(body, call.callee) if method == "save" else call.callee) is not None
        if made and method in ("authenticate", "aauthenticate"):
            continue  # signs in whoever has just got the account
        if _ONE_TIME.search(call.callee) or (_VERIFIES.match(method) and (not method.endswith("authenticate") or _is_guessed(call))):
            walk.checks.append((group, key[0], call.line, f"the secret is checked here: {method}"))
        elif _SENDS.match(method) and not method[:1].isupper():  # classes that are called after mail only hold what is asked
            walk.sends.append((group, key[0], call.line, f"the mail is sent here: {method}"))
            tests = [block.subject for _, block in around(body, call.block) if block.kind is BlockKind.IF]
            if _OTHER_SERVICE.search(call.callee) or any(_SWITCH.search(_with_calls(body, test)) for test in tests):
                walk.switched.add(call.line)
    for block in body.blocks:
        if _RECENT.search(block.subject):
            walk.limited.add(group)
        if _COMPARED.search(block.subject):
            walk.checks.append((group, key[0], block.line, "the secret is checked here: a comparison with what is stored"))


def _with_calls(body: Body, text: str) -> str:
    held = [body.calls[number] for number in call_ids(text) if number < len(body.calls)]
    return " ".join((text, *(" ".join((call.callee, *call.args)) for call in held)))


def _is_limited(module: Module) -> bool:
    return any(found.module.partition(".")[0] in _LIMITED_LIBRARIES for found in module.imports)


def _is_guessed(call: Call) -> bool:
    return any(_GUESSED.search(text) for text in (*call.args, *(f"{name}={value}" for name, value in call.keywords if value != "None")))
