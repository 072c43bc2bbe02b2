"""What a value of a function depends on: what the caller sent, or who he is. Coarse on purpose: everything that takes part counts."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from backend_lint.facts.python import Body, Call, Function
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_NAME = lazy_regex(r"%\w+")
_IDENTITY = lazy_regex(
    r"\b(?:request|req|context|info\.context|scope|websocket)\.(?:user|auth|authenticated_user\w*|identity|principal|jwt\w*|token_\w+|account|team|tenant|organi[sz]ation|workspace)\b"
    r"|\b(?:request|req)\.(?!user_agent)\w*(?:user|decoded|verified|claims|jwt|principal|identity)\w*"
    r"|\bstate\.\w*(?:user|tenant|auth|account|identity|claims|org)\w*|current_?\w*(?:user|account|member|org|team|tenant|identity|customer|principal|admin)"
    r"|\bg\.\w*(?:user|identity|tenant|account|token|auth|team|org|session)\w*|get_jwt\w*|jwt_identity|\bself\.(?:_?user|current_user|get_user|viewer|identity|user_id|tenant|organi[sz]ation|account)\b"
    r"|logged_in_\w+|auth(?:enticated|orized)?_user|get_user\b|\bsession(?:\.get\(|\[)['\"]\w*(?:user|account|uid|login|email|member|customer|username|sub)\w*['\"]|\bclaims\b"
    r"|context\[['\"](?:user|request)['\"]\]|\['user'\]\[|(?<!has)_for_user\b|\.visible_to|\.for_user",
    re.I,
)
"""Who calls."""
_CALLER = lazy_regex(
    r"^(?:\w*user|me|auth|principal|identity|claims|token_data|jwt|actor|viewer|account|member|requester|caller|customer|tenant|organi[sz]ation|team|org"
    r"|(?:owner|account|tenant)_?id|\w*user_?id)$",
    re.I,
)
"""Parameters that stand for who calls."""
_SENT = lazy_regex(
    r"(?:%(?:self\.)?(?:request|req)|\b(?:flask\.)?request)\.(?:GET|POST|FILES|COOKIES|body|data|query_params|args|form|values|json|files|get_json|get_data|params|match_info|path_params|view_args|json_body|matchdict)\b"
    r"|%self\.(?:kwargs|args|request\.\w+)\b|%kwargs\b|\.(?:cleaned_data|validated_data|parse_args)\b"
)
"""What the caller sent."""
_NOT_SENT = frozenset({"self", "cls", "request", "req", "db", "session", "response", "background_tasks", "info", "websocket", "context"})
_CREDENTIALS = lazy_regex(r"headers|cookies|META|token|authorization|bearer|credential", re.I)
_WHO = lazy_regex(r"user|token|jwt|auth|identity|claims|session|login|principal", re.I)
_MAKING = frozenset({"save", "create", "acreate", "get_or_create", "update_or_create", "create_user"})
_LOADING = frozenset({"get_object", "get_queryset", "get_current_user"})
_MOST = 300
_MOST_TEXT = 4000


class Frames:
    """Answers for one project. What a value depends on is kept, so that each is followed once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._behind: dict[tuple[FunctionKey, str, frozenset[int] | None], frozenset[str]] = {}
        self._callers: dict[FunctionKey, frozenset[str]] = {}
        self._sent: dict[FunctionKey, frozenset[str]] = {}

    def body(self, key: FunctionKey) -> Body:
        """The body of a function."""
        return self._project.calls.body(key)

    def head(self, key: FunctionKey) -> Function:
        """The head of a function."""
        return self._project.calls.head(key)

    def behind(self, key: FunctionKey, text: str, *, closed: frozenset[int] | None = None) -> frozenset[str]:
        """The value and every value that it is made of, with ``#n`` for the calls and ``%name`` for the locals on the way.

        `closed`: calls whose results are not taken apart; so are rows that the function makes, unless it is None.
        """
        memo = (key, text, closed)
        if memo not in self._behind:
            module = self._project.modules[key[0]]
            body = module.bodies[key[1]]
            seen: set[str] = set()
            opened: set[int] = set()
            followed: set[str] = set()
            waiting = [text]
            while waiting and len(seen) < _MOST:
                current = waiting.pop()
                if current in seen or len(current) > _MOST_TEXT:
                    continue
                seen.add(current)
                for number in call_ids(current):
                    if number < len(body.calls) and number not in opened:
                        call = body.calls[number]
                        opened.add(number)
                        seen.add(f"#{number}")
                        if closed is not None and (number in closed or self._makes_row(key, call)):
                            continue
                        waiting += [call.callee, *call.args, *(value for _, value in call.keywords)]
                for name in _NAME.findall(current):
                    if name in followed:
                        continue
                    followed.add(name)
                    seen.add(name)
                    waiting += [one.value for one in module.assigns_to(key[1], name) if one.value and one.value != name]
                    waiting += [block.subject for block in body.blocks if block.target and name[1:] in block.target.split(",") and block.subject]
            self._behind[memo] = frozenset(seen)
        return self._behind[memo]

    def _makes_row(self, key: FunctionKey, call: Call) -> bool:
        if call.callee.rpartition(".")[2] in _MAKING:
            return True
        target = self._project.value(*key, call.callee)
        return target is not None and target.kind is RefKind.CLASS and self._project.schema.of(target) is not None

    def calls_behind(self, key: FunctionKey, number: int) -> frozenset[str]:
        """Everything that a call is made of."""
        return self.behind(key, f"#{number}")

    def chosen_by(self, key: FunctionKey, number: int) -> frozenset[str]:
        """What a query's values are made of, rows that other queries of the function found left as they are."""
        memo = (key, f"#{number}", frozenset({-1}))
        if memo not in self._behind:
            calls = self.body(key).calls
            chain = self.chain(key, number)
            rows = self.rows(key) - chain
            given: set[str] = set()
            for one in chain:
                for text in (calls[one].callee, *calls[one].args, *(value for _, value in calls[one].keywords)):
                    given |= self.behind(key, text, closed=rows)
            self._behind[memo] = frozenset(given)
        return self._behind[memo]

    def chain(self, key: FunctionKey, number: int) -> frozenset[int]:
        """A call and those that it is called on the results of: ``filter``, ``order_by`` and ``first`` of one query."""
        calls = self.body(key).calls
        found = {number}
        while (receiver := calls[number].callee.partition(".")[0])[:1] == "#" and receiver[1:].isdigit():
            number = int(receiver[1:])
            found.add(number)
        return frozenset(found)

    def rows(self, key: FunctionKey) -> frozenset[int]:
        """The calls of a function that give rows."""
        calls = self.body(key).calls
        found = {site.call for site in self._project.queries.at(*key) if site.call >= 0}
        return frozenset(found | {number for number, call in enumerate(calls) if call.callee.rpartition(".")[2] in _LOADING})

    # -- who calls ----------------------------------------------------------------------------------

    def is_caller(self, key: FunctionKey, behind: frozenset[str]) -> bool:
        """Whether one of the values is the caller, or says who he is."""
        names = self.caller_names(key)
        return any(text in names or _IDENTITY.search(text) or (text[:1] == "#" and text[1:].isdigit() and self._tells(key, int(text[1:]))) for text in behind)

    def caller_names(self, key: FunctionKey) -> frozenset[str]:
        """The parameters of a function that stand for the caller."""
        if key not in self._callers:
            found: set[str] = set()
            routes = self._project.routes.by_handler(key)
            paths = "".join(route.path for route in routes)
            injected = (bool(routes) and routes[0].framework in ("fastapi", "starlette")) or key in self.providing
            provided = dict(self._project.dependencies.providers(key)) if injected else {}
            for parameter in self.head(key).parameters:
                provider = provided.get(parameter.name)
                if provider is not None:
                    if self._project.guards.checks(provider) or _CALLER.match(parameter.name) or self._mentions(provider):
                        found.add(f"%{parameter.name}")
                elif not re.search(rf"[<{{:]{parameter.name}[>}}:]", paths) and (_CALLER.match(parameter.name) or _IDENTITY.search(parameter.annotation)):
                    found.add(f"%{parameter.name}")
            self._callers[key] = frozenset(found)
        return self._callers[key]

    def _mentions(self, key: FunctionKey) -> bool:
        """Whether what a dependency provides depends on the caller."""
        return any(_CALLER.match(parameter.name) for parameter in self.head(key).parameters) or any(
            _IDENTITY.search(text) for call in self.body(key).calls for text in (call.callee, *call.args)
        )

    def _tells(self, key: FunctionKey, number: int) -> bool:
        """Whether a call takes the caller out of his credentials."""
        body = self.body(key)
        if number >= len(body.calls):
            return False
        call = body.calls[number]
        name = call.callee.rpartition(".")[2]
        if not _WHO.search(name):
            return False
        ref = self._project.value(*key, call.callee)
        if ref is not None and ref.kind is RefKind.FUNCTION:
            given = " ".join(text for arg in call.args for text in (arg, *(body.calls[one].callee for one in call_ids(arg) if one < len(body.calls))))
            if not call.args and self._speaks_of_caller(ref.function):
                return True
            return (not call.args or bool(_CREDENTIALS.search(given))) and self._project.guards.checks(ref.function)
        return ref is not None and ref.is_external and ref.name in ("jwt.decode", "jose.jwt.decode", "flask_jwt_extended.get_jwt_identity")

    def _speaks_of_caller(self, key: FunctionKey) -> bool:
        body = self.body(key)
        return any(_IDENTITY.search(text) for text in (*(call.callee for call in body.calls), *(one.value for one in body.returns)))

    @functools.cached_property
    def providing(self) -> frozenset[FunctionKey]:
        """The functions that FastAPI calls before handlers: it fills their parameters too."""
        return frozenset(key for route in self._project.routes if route.framework in ("fastapi", "starlette") for key in route.dependencies)

    # -- what was sent --------------------------------------------------------------------------------

    def is_sent(self, key: FunctionKey, behind: frozenset[str]) -> bool:
        """Whether one of the values comes with the request."""
        names = self.sent_names(key)
        return any(text in names or _SENT.search(text) for text in behind)

    def sent_names(self, key: FunctionKey) -> frozenset[str]:
        """The parameters of a handler that the framework fills from the request."""
        if key not in self._sent:
            found: set[str] = set()
            routes = self._project.routes.by_handler(key)
            paths = "".join(route.path for route in routes)
            own = (bool(routes) and routes[0].framework in ("fastapi", "starlette", "litestar")) or key in self.providing
            provided = {name for name, _ in self._project.dependencies.providers(key)} if own else set()
            for parameter in self.head(key).parameters if routes or own else ():
                if parameter.name in _NOT_SENT or f"%{parameter.name}" in self.caller_names(key):
                    continue
                named = re.search(rf"[<{{:]{parameter.name}[>}}:]", paths) is not None
                if named or (own and parameter.name not in provided and not self._is_injected(key, parameter.annotation, parameter.default)):
                    found.add(f"%{parameter.name}")
            self._sent[key] = frozenset(found)
        return self._sent[key]

    def _is_injected(self, key: FunctionKey, annotation: str, default: str) -> bool:
        if default[:1] == "#" and default[1:].isdigit():
            calls = self.body((key[0], self.head(key).scope)).calls
            if int(default[1:]) < len(calls) and calls[int(default[1:])].callee.rpartition(".")[2] in ("Depends", "Security"):
                return True
        return bool(re.search(r"Request|Response|Session|BackgroundTasks|Depends|Connection|Service|Repository|Repo\b", annotation))
