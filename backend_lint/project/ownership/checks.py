"""Whether anything on the way to a row asks if the caller may have it. What is not understood counts as a question."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.facts.route import Guard, Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.reached import speaks_of
from backend_lint.project.blocks import around
from backend_lint.project.calls import FunctionKey
from backend_lint.project.ownership.frames import Frames
from backend_lint.project.ownership.lookups import Lookup
from backend_lint.project.ownership.words import ASKS, MAKES, WHO, is_of_credentials
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import without_strings

if TYPE_CHECKING:
    from backend_lint.project import Project

_PLAIN_GUARDS = lazy_regex(
    r"^(?:\w+\.)*(?:IsAuthenticated(?:OrReadOnly)?|login_required|jwt_required\w*|fresh_jwt_required|auth_required|authenticated|require_?auth\w*"
    r"|require_?login\w*|login_?required\w*|jwt_?auth\w*|token_required|get_current_(?:active_)?user|current_(?:active_)?user|get_user|LoginRequired\w*|security|\w*OAuth2\w*|HTTPBearer|bearer\w*|verify_(?:jwt|token)\w*|decode_\w*token)$",
    re.I,
)
_ROLE_GUARD = lazy_regex(
    r"(?:\w+\.)*(?:require_)?(?!(?:\w+_)?(?:login|logged_in|auth\w*|jwt|token|session|user|account|profile|e?mail|verified|active|api_?key|csrf|fresh|refresh|otp|2fa|mfa|onboard\w*"
    r"|post|get|http\w*|ajax|htmx|json|setup|sudo|terms|consent|password)_)[a-z]+(?:_[a-z]+)*_(?:required|only)$"
)
"""``coach_required``: who has the role sees the rows of others."""
_REQUESTS = frozenset({"%request", "%self.request", "request"})
_ANSWERS = ("Serializer", "Schema", "Form", "Response", "Exception", "Error")
_TESTS = (BlockKind.IF, BlockKind.WHILE, BlockKind.CASE)
_LIBRARY_CHECKS = lazy_regex(r"Permission|UserPassesTest|Superuser|Staff|Rules|Guardian")
_HOOKS = ("dispatch", "initial", "setup", "test_func", "has_permission", "check_permissions", "check_object_permissions", "before_request", "prepare")
_KNOWN_ONLY = lazy_regex(
    r"^(?:[%#]\w+|%?(?:self\.)?request\.user|current_user|\w*\.?g\.\w*user)(?:\.is_(?:authenticated|anonymous|active))?(?: is(?: not)? None)?$"
    r"|^''(?: not)? in [%#\w.]+$"
)
"""Tests whether anybody is there at all."""


class Checks:
    """Answers for one project; what a guard or a class asks is worked out once."""

    def __init__(self, project: Project, frames: Frames) -> None:
        self._project = project
        self._frames = frames
        self._guards: dict[Guard, bool] = {}
        self._asking: dict[FunctionKey, bool] = {}
        self._hooks: dict[tuple[str, int], bool] = {}

    # -- before the handler ---------------------------------------------------------------------------

    def asked_before(self, route: Route) -> bool:
        """Whether a guard of a route may look at more than who calls."""
        return any(self._is_strict(guard) for guard in route.guards) or any(self._dependency_asks(key) for key in route.dependencies)

    def _is_strict(self, guard: Guard) -> bool:
        if guard not in self._guards:
            role = _ROLE_GUARD.match(guard.name) is not None
            self._guards[guard] = bool(guard.needs) or role or not (_PLAIN_GUARDS.match(guard.name) or (guard.verifies is not None and not self._speaks(guard)))
        return self._guards[guard]

    def _speaks(self, guard: Guard) -> bool:
        """The function or class behind a guard asks for something; True if there is none to look at."""
        module = self._project.modules.get(guard.path)
        if module is None or ASKS.search(guard.name):
            return True
        known = False
        for index, function in enumerate(module.functions):
            owner = module.classes[function.owner].name if function.owner >= 0 else ""
            nested = function.name.startswith(f"{guard.name}.<locals>.")
            if index and (function.name == guard.name or nested or owner == guard.name):
                known = True
                if self._asks((module.path, index)):
                    return True
        return not known

    def _dependency_asks(self, key: FunctionKey) -> bool:
        head = self._frames.head(key)
        return bool(ASKS.search(head.name.rpartition(".")[2])) or self._asks(key)

    def _asks(self, key: FunctionKey) -> bool:
        """A guard's own tests and calls ask for rights, or look at what is asked for."""
        if key not in self._asking:
            body = self._frames.body(key)
            texts = [block.subject for block in body.blocks] + [call.callee for call in body.calls] + [text for _, text, _ in body.conditions]
            handed = [value for call in body.calls for value in (*call.args, *(value for _, value in call.keywords))]
            texts += [value for value in handed if "kwargs" in value or "view_args" in value or "path_params" in value]
            self._asking[key] = any(ASKS.search(without_strings(text)) and not is_of_credentials(text) for text in texts) or any(
                "view_args" in text or "path_params" in text or "kwargs[" in text or "kwargs.get" in text for text in texts
            )
        return self._asking[key]

    def asked_by_class(self, owner: tuple[str, int]) -> bool:
        """Whether a class-based handler has a method of its own that the framework runs first and that may refuse."""
        if owner not in self._hooks:
            classes = self._project.resolver.classes
            found = False
            for name in _HOOKS:
                member = classes.find(Ref(RefKind.CLASS, "", *owner), name)
                if member is not None and isinstance(member[1], int):
                    key = (member[0].path, member[1])
                    found = found or name == "test_func" or speaks_of(self._project, key, ASKS) or speaks_of(self._project, key, WHO)
            names = classes.external_names(Ref(RefKind.CLASS, "", *owner))
            self._hooks[owner] = found or any(_LIBRARY_CHECKS.search(name.rpartition(".")[2]) for name in names)
        return self._hooks[owner]

    # -- in the handler -------------------------------------------------------------------------------

    def asked_within(self, lookup: Lookup) -> bool:
        """Whether the handler, or a function on the way, brings the caller together with the row or with what chooses it."""
        key = lookup.handler
        frames = self._frames
        if frames.is_caller(key, lookup.given) or frames.is_caller(key, frames.calls_behind(key, lookup.call)):
            return True
        for caller, edge in lookup.way:
            name = edge.call.callee.rpartition(".")[2]
            if ASKS.search(name) and not is_of_credentials(name):
                return True
            if self._function_asks(edge.target.function) or (caller != key and self._decides(caller)):
                return True
        subject = frozenset({f"#{lookup.call}"}) | frozenset(text for text in lookup.given if self._is_choice(key, text))
        return self.asked_about(key, subject, lookup)

    def asked_about(self, key: FunctionKey, subject: frozenset[str], lookup: Lookup) -> bool:
        """Whether a function brings the caller together with `subject`: the row that it looked up or was handed, and what chose it."""
        body = self._frames.body(key)
        own = key == lookup.handler
        at = body.calls[lookup.call].block if own else 0
        for number, call in enumerate(body.calls):
            if not _exclusive(body, call.block, at) and not (own and number == lookup.call) and self._call_asks(key, call, subject, lookup):
                return True
        tests = [(block.subject, index) for index, block in enumerate(body.blocks) if block.subject and block.kind in _TESTS]
        tests += [(text, block) for _, text, block in body.conditions]
        for text, block in tests:
            if not _exclusive(body, block, at) and self._test_asks(key, text, subject):
                return True
        ends = [(one.value, one.block) for one in body.raises] + [(one.value, one.block) for one in body.returns]
        ends += [(value, call.block) for call in body.calls for value in (*call.args, *(value for _, value in call.keywords)) if _is_refusal(value)]
        return any((ASKS.search(without_strings(text)) or _is_refusal(text)) and not _exclusive(body, block, at) for text, block in ends)

    def _is_choice(self, key: FunctionKey, text: str) -> bool:
        return text in self._frames.sent_names(key) or (self._frames.is_sent(key, frozenset({text})) and "[" in text)

    def _call_asks(self, key: FunctionKey, call: Call, subject: frozenset[str], lookup: Lookup) -> bool:
        if ASKS.search(call.callee) and not is_of_credentials(call.callee):
            return True
        receiver, _, name = call.callee.rpartition(".")
        target = self._project.value(*key, call.callee)
        handed = [*call.args, *(value for _, value in call.keywords)]
        makes = MAKES.match(name) is not None
        own = target.function if target is not None and target.kind is RefKind.FUNCTION else None
        if own is not None:
            if makes and not any("request" in text or self._frames.is_caller(key, self._frames.behind(key, text)) for text in handed):
                return False
        elif makes or name.endswith(_ANSWERS) or (target is not None and self._project.schema.of(target) is not None and target.kind is RefKind.CLASS):
            return False
        behind: set[str] = set()
        for text in (receiver, *handed):
            behind |= self._frames.behind(key, text) if text else frozenset()
        if not behind & subject:
            return False
        if own is None and not _REQUESTS.isdisjoint(handed):
            return True  # a function that is not known gets both the row and the request
        if self._frames.is_caller(key, frozenset(behind)) and (not makes or own is None or self._function_asks(own)):
            return True
        return own is not None and all(edge.target.function != own for _, edge in lookup.way) and self._function_asks(own)

    def _function_asks(self, key: FunctionKey) -> bool:
        """A function that is handed the row, or what chooses it, speaks of the caller or of rights."""
        return speaks_of(self._project, key, WHO) or self._decides(key)

    def _decides(self, key: FunctionKey) -> bool:
        body = self._frames.body(key)
        texts = [block.subject for block in body.blocks] + [call.callee for call in body.calls]
        texts += [text for _, text, _ in body.conditions] + [one.value for one in body.raises]
        plain = [without_strings(text) for text in texts if text]
        if any(_is_refusal(value) for call in body.calls for value in (*call.args, *(given for _, given in call.keywords))):
            return True
        return any(ASKS.search(text) and not is_of_credentials(text) for text in plain)

    def _test_asks(self, key: FunctionKey, text: str, subject: frozenset[str]) -> bool:
        plain = without_strings(text)
        if ASKS.search(plain) and not is_of_credentials(plain):
            return True
        behind = self._frames.behind(key, text)
        if not self._frames.is_caller(key, behind):
            return False
        return bool(behind & subject) or not _KNOWN_ONLY.match(plain.strip("()").removeprefix("not ").strip("()"))


def _is_refusal(text: str) -> bool:
    return text.rpartition(".")[2] in ("403", "HTTP_403_FORBIDDEN", "FORBIDDEN")


def _exclusive(body: Body, one: int, other: int) -> bool:
    """Whether two blocks are never run together: they stand in the two branches of one ``if``."""
    above = {index: child for child, index in _steps(body, one)}
    for child, index in _steps(body, other):
        if index in above:
            pair = {body.blocks[above[index]].kind, body.blocks[child].kind} if above[index] >= 0 and child >= 0 else set()
            first, last = min(above[index], child), max(above[index], child)
            return pair == {BlockKind.IF, BlockKind.ORELSE} and not any(
                block.parent == index and block.kind is BlockKind.IF for block in body.blocks[first + 1 : last]
            )
    return False


def _steps(body: Body, block: int) -> list[tuple[int, int]]:
    """Each enclosing block with the one below it on the way; -1 for the block itself."""
    found = []
    below = -1
    for index, _ in around(body, block):
        found.append((below, index))
        below = index
    return found
