"""What decorators of handlers say: guards, the names that guards are given, and limits."""

from __future__ import annotations

import re

from backend_lint.facts.python import Call
from backend_lint.facts.route import Guard, Limit
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string
from backend_lint.project.web.guards import Guards
from backend_lint.project.web.place import Place
from backend_lint.project.web.routing import Before
from backend_lint.project.web.values import Values

NEUTRAL = frozenset(
    "wraps route expose cross_origin cached cache exempt response arguments input output doc marshal_with expect swag_from validate "
    "api_route websocket get post put patch delete head options".split()
)
_LIMITERS = lazy_regex(r"(?:^|_)(?:rate_?)?limits?$|^(?:shared_limit|throttled?)$|rate_?limit(?:er|ed)?$", re.I)
_ENUM = lazy_regex(r"[A-Z]\w*(?:\.[A-Za-z_]\w*)+$")
_SAYS_NOTHING = frozenset(
    "login_url redirect_field_name raise_exception auto_error description tokenUrl optional name scheme_name redirect message error methods path url "
    "key".split()
)
_SPANS = {"seconds": "s", "minutes": "min", "hours": "h", "milliseconds": "ms"}
_MOST = 20


class Decorators:
    """Reads the decorators of functions."""

    def __init__(self, values: Values, guards: Guards) -> None:
        self.values = values
        self.guards = guards

    def of(self, path: str, scope: int, texts: tuple[str, ...], line: int = 0) -> Before:
        """The guards and limits among decorators. `line`: of what they decorate, for those that are no calls."""
        found = Before()
        for text in texts:
            place = Place(path, scope, text)
            call = self.values.call(place)
            callee = call.callee if call is not None else text
            limit = limit_of(self.values, place, callee, line)
            if limit is not None:
                found = found + Before(limits=(limit,))
                continue
            if callee.rpartition(".")[2] in NEUTRAL:
                continue
            ref = self.values.resolver.decorator(path, scope, text)
            here = call.line if call is not None else line or self.values.modules[path].functions[scope].line
            guard = self.guards.of(ref, callee, (path, here))
            given = needs(self.values, place, call)
            if ref is not None and ref.kind is RefKind.FUNCTION:
                inner = self.inner(ref)
                if any(self.guards.checks(key) for key in inner):
                    guard = Guard(guard.name, True, guard.path, guard.line)
                found = found + Before((with_needs(guard, given),) if guard.verifies is not False else (), inner)
            elif guard.verifies:
                found = found + Before((with_needs(guard, given),))
        return found

    def inner(self, ref: Ref) -> tuple[tuple[str, int], ...]:
        """The functions that a decorator of the project makes."""
        functions = self.values.modules[ref.path].functions
        found = []
        for number in range(1, len(functions)):
            scope = functions[number].scope
            while scope > 0 and scope != ref.index:
                scope = functions[scope].scope
            if scope == ref.index and scope:
                found.append((ref.path, number))
        return tuple(found)


def with_needs(guard: Guard, names: tuple[str, ...]) -> Guard:
    """The guard with what it is given; one that checks nobody is given nothing."""
    return Guard(guard.name, guard.verifies, guard.path, guard.line, names) if names and guard.verifies is not False else guard


def needs(values: Values, place: Place, call: Call | None) -> tuple[str, ...]:
    """Names of roles, scopes and permissions in the arguments of a call: constants and members of enumerations, lists of them too."""
    if call is None:
        return ()
    found: dict[str, None] = {}
    for text in (*call.args, *(value for key, value in call.keywords if key not in _SAYS_NOTHING)):
        here = place._replace(text=text.lstrip("*"))
        before = len(found)
        for item in [here] if text[:1] in "'\"" else values.items(here):
            name = constant_string(item.text)
            if name is None:
                name = item.text if _ENUM.match(item.text) else values.string(item)
            if name and not name.startswith(("/", "http")) and len(name) < 80 and " " not in name and len(found) < _MOST:
                found[name] = None
        if len(found) == before and _ENUM.match(here.text) and before < _MOST:
            found[here.text] = None  # a member whose value is a number
    return tuple(found)


def limit_of(values: Values, place: Place, callee: str, line: int = 0) -> Limit | None:
    """The limit that a decorator or a dependency sets; None if it is something else. `line`: where it is attached, if it is no call."""
    receiver, _, name = callee.rpartition(".")
    if not _LIMITERS.search(name) or (name.lower() in ("limit", "limits") and "limit" not in receiver.lower()):
        return None
    call = values.call(place)
    if call is None:
        return Limit(name, "", place.path, line or values.modules[place.path].functions[place.function].line)
    given = dict(call.keywords)
    rate = None
    for text in (given.get("rate", ""), given.get("limit_value", ""), given.get("limit_string", ""), given.get("limits", ""), *call.args[:2]):
        rate = rate or (values.string(place._replace(text=text)) if text else None)
    if rate is None and "times" in given:
        spans = [f"{given[key]} {unit}" for key, unit in _SPANS.items() if given.get(key, "").isdigit()]
        rate = f"{given['times']}/{' '.join(spans)}" if spans and given["times"].isdigit() else None
    return Limit(callee if receiver.isidentifier() else name, rate or "", place.path, call.line)
