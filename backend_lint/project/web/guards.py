"""What runs before a handler: whether it checks who calls."""

from __future__ import annotations

import re
from collections.abc import Iterable

from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.facts.route import Guard
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_number, split, without_strings
from backend_lint.project.web.values import Place, Values, argument

AUTH_NAME = lazy_regex(
    r"current_(?:active_|admin_|super)?_?user|(?:get|require|check|ensure|assert|need|with)_?\w*(?:auth|login|logged_in|admin|superuser|staff|permission|role|scope|api_?key|token|jwt)"
    r"|login_required|auth_?required|(?:permission|role|scope|token|jwt|admin|staff|superuser|account)s?_required|authenticat|authoriz|is_(?:admin|authenticated|logged_in|superuser|staff)"
    r"|verify_?\w*(?:token|key|jwt|signature|user|admin|auth|credential|secret|access)|valid(?:ate)?_?\w*(?:token|jwt|api_?key|session|credential)|(?:verified|admin)_user|has_(?:[a-z]+_){0,3}(?:access|perm|role|scope)"
    r"|jwt_required|protected?$|^auth$|access_control",
    re.I,
)
"""Names that say a caller is checked."""
_VERIFYING = {
    "jwt.decode", "jwt.PyJWT.decode", "jose.jwt.decode", "jose.jws.verify", "authlib.jose.jwt.decode", "hmac.compare_digest",
    "secrets.compare_digest", "django.utils.crypto.constant_time_compare", "django.contrib.auth.authenticate", "firebase_admin.auth.verify_id_token",
    "flask_jwt_extended.verify_jwt_in_request", "flask_jwt_extended.get_jwt_identity", "google.oauth2.id_token.verify_oauth2_token",
    "google.oauth2.id_token.verify_token", "itsdangerous.URLSafeTimedSerializer.loads", "itsdangerous.URLSafeSerializer.loads",
    "fastapi_users.FastAPIUsers.current_user", "flask_login.login_required",
    "starlette.authentication.requires", "django.contrib.auth.decorators.user_passes_test", "django.contrib.auth.decorators.permission_required",
    "django.contrib.admin.views.decorators.staff_member_required", "django.contrib.auth.decorators.login_required",
}  # fmt: skip
_REFUSING_BY_NAME = lazy_regex(
    r"(?:Unauthori[sz]ed|Forbidden|PermissionDenied|NotAuthenticated|AuthenticationFailed|Unauthenticated|AccessDenied|NotAuthorized|InvalidToken|CredentialsException|AuthError)\w*$"
)
_SUBJECTS = lazy_regex(
    r"\b(?:is_authenticated|is_anonymous|is_superuser|is_staff|is_admin|current_user|has_perms?|user_passes_test|request\.user|has_role|scopes?)\b|%request\.(?:user|auth)\b"
)
_REFUSAL = lazy_regex(r"\.(?:\w*PERMISSION\w*|UNAUTH\w*|NOT_AUTH\w*|FORBIDDEN\w*|ACCESS_DENIED|INVALID_TOKEN|INVALID_CREDENTIALS)$")
_OPTIONAL = lazy_regex(r"optional|maybe|_or_(?:none|anonymous|guest)|if_(?:any|present|logged_in|authenticated)|try_get", re.I)
"""Names of guards that let callers without credentials pass."""
_USERS = lazy_regex(r"\b(?:request\.(?:user|auth)|current_user|g\.user|get_jwt_identity|signed?_?\w*|signature|hmac|token)\b", re.I)
_CARRIERS = {
    "fastapi.security.OAuth2PasswordBearer", "fastapi.security.OAuth2AuthorizationCodeBearer", "fastapi.security.HTTPBearer",
    "fastapi.security.HTTPBasic", "fastapi.security.HTTPDigest", "fastapi.security.APIKeyHeader", "fastapi.security.APIKeyCookie",
    "fastapi.security.APIKeyQuery", "fastapi.security.OpenIdConnect", "fastapi.security.OAuth2", "fastapi.security.OAuth2PasswordRequestForm",
}  # fmt: skip
"""They only take credentials out of a request; somebody else has to check them."""
_CLEAR = {"401", "403", "407", "HTTP_401_UNAUTHORIZED", "HTTP_403_FORBIDDEN", "UNAUTHORIZED", "FORBIDDEN"}
_UNKNOWN_CALLER = {"401", "HTTP_401_UNAUTHORIZED", "UNAUTHORIZED"}
_NO_CALLER_BY_NAME = lazy_regex(r"(?:Unauthori[sz]ed|NotAuthenticated|AuthenticationFailed|Unauthenticated|HTTPUnauthorized)\w*$")
_NEGATED = lazy_regex(r"not [^ ]*(?:user|auth|login|admin|logged)|user\b[^ ]* is None|(?:user|is_anonymous)\b.{0,20}\.is_anonymous", re.I)
_ENTRANCE = lazy_regex(
    r"(?:^|_)(?:(?:do_?|api_?|user_?)?(?:log_?in|sign_?in|sign_?up)|register(?:_new)?(?:_user)?|registration|(?:reset|forgot|recover|restore)\w*password|password_?reset)(?:$|_)",
    re.I,
)
"""Names of handlers that callers use to become known: that they refuse wrong passwords does not make them closed."""
_NOT_KNOWN = lazy_regex(r"not [%#\w.]*(?:\brequest\.(?:user|auth)|current_user|\bg\.user)\b|\bis_anonymous\b|request\.user is None")
_LOGIN = lazy_regex(r"log[_-]?in|sign[_-]?in", re.I)
_REDIRECTS = ("redirect", "RedirectResponse", "HttpResponseRedirect")
_CALL = lazy_regex(r"#\d+")
_CARRIED = lazy_regex(r"(?:headers|META|cookies|COOKIES)\.get$|\.get_header$")
"""Calls that take something out of a request that can be a credential."""
_SERVICE_NAME = lazy_regex(
    r"(?:session|db|database|engine|redis|cache|settings|config|client|pool|repo|repository|service|logger|params|pagination|query|sort\w*|filters?|producer|\bRequest|Response)$",
    re.I,
)
"""Names of what a handler works with rather than of somebody who asks for papers."""
_RARE = lazy_regex(r"DoesNotExist$|Expired\w*$|Revoked\w*$|NoResultFound$")
"""Exceptions that need something to look at."""
_PLAIN_MIDDLEWARE = ("django.utils.deprecation.", "starlette.middleware.base.", "object", "typing.", "abc.")
_MAX_DEPTH = 4


class Guards:
    """Answers whether functions, classes and library objects check who calls."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self.resolver = values.resolver
        self._checks: dict[FunctionKey, bool] = {}
        self._refuses: dict[FunctionKey, bool] = {}
        self._turns_away: dict[FunctionKey, bool] = {}
        self._verifying: dict[FunctionKey, bool] = {}

    def checks(self, key: FunctionKey) -> bool:
        """Whether a guard, or what it calls, verifies credentials, refuses with 401 or 403, or decides by the user."""
        return self.refuses(key) or self._looks(key)

    def checks_itself(self, key: FunctionKey) -> bool | None:
        """Whether a handler turns away callers that it does not know; None if it may: it refuses for some reason, or decides something by the user."""
        body = self.values.modules[key[0]].bodies[key[1]]
        if _ENTRANCE.search(self.values.modules[key[0]].functions[key[1]].name.rpartition(".")[2]):
            return None if any(block.subject and _NOT_KNOWN.search(block.subject) for block in body.blocks) else False
        if self.turns_away(key) or self._verifies(key) or self._hands_on(key):
            return True
        if any(not raised.block and self.refusing(Place(*key, raised.value)) for raised in body.raises):
            return True
        return None if self.refuses(key) or self._looks(key) or self._mentions(key) else False

    def _hands_on(self, key: FunctionKey) -> bool:
        """Every answer is that of a function whose decorators turn callers away."""
        body = self.values.modules[key[0]].bodies[key[1]]
        calls = [self.values.call(Place(*key, found.value)) for found in body.returns]
        targets = [self.called(key, call) if call is not None else None for call in calls]
        return bool(targets) and all(target is not None and target.kind is RefKind.FUNCTION and self._is_decorated(target.function) for target in targets)

    def _is_decorated(self, key: FunctionKey) -> bool:
        module = self.values.modules[key[0]]
        head = module.functions[key[1]]
        for text in head.decorators:
            target = self.resolver.decorator(key[0], head.scope, text)
            if target is not None and target.is_external and target.name.removesuffix("()") in _VERIFYING:
                return True
            if target is not None and target.kind is RefKind.FUNCTION:
                functions = self.values.modules[target.path].functions
                inner = [number for number, one in enumerate(functions) if number and target.index in (one.scope, functions[one.scope].scope)]
                if any(self.turns_away((target.path, number)) for number in inner):
                    return True
        return False

    def _compares(self, key: FunctionKey) -> bool:
        """It refuses, and one of its tests compares a header or a cookie with something."""
        body = self.values.modules[key[0]].bodies[key[1]]
        taken = {f"#{number}" for number, call in enumerate(body.calls) if _CARRIED.search(call.callee)}
        tests = [block.subject for block in body.blocks if block.kind is BlockKind.IF and ("!=" in block.subject or "==" in block.subject)]
        return bool(taken) and any(not taken.isdisjoint(_CALL.findall(test)) for test in tests) and self.refuses(key)

    def _verifies(self, key: FunctionKey, depth: int = 0) -> bool:
        """Whether a function, or one it calls, compares secrets or checks a signature."""
        if key not in self._verifying:
            self._verifying[key] = self._compares(key)
            for call in self.values.modules[key[0]].bodies[key[1]].calls:
                target = self.called(key, call)
                if target is None:
                    continue
                inner = target.kind is RefKind.FUNCTION and depth < _MAX_DEPTH and self._verifies(target.function, depth + 1)
                if inner or (target.is_external and target.name in _VERIFYING):
                    self._verifying[key] = True
                    break
        return self._verifying[key]

    def called(self, key: FunctionKey, call: Call) -> Ref | None:
        """What a call runs: of an object its ``__call__``, of a class its ``__init__``."""
        target = self.resolver.value(*key, call.callee)
        if target is not None and target.kind in (RefKind.CLASS, RefKind.INSTANCE):
            member = self.resolver.classes.find(target, "__init__" if target.kind is RefKind.CLASS else "__call__")
            if member is not None and isinstance(member[1], int):
                return Ref(RefKind.FUNCTION, target.name, member[0].path, member[1], receiver=target)
        return target

    def refuses(self, key: FunctionKey, depth: int = 0) -> bool:
        """Whether a function, or one it calls, verifies credentials or refuses with 401 or 403."""
        if key not in self._refuses:
            self._refuses[key] = False
            self._refuses[key] = self._body_refuses(key, depth)
        return self._refuses[key]

    def _body_refuses(self, key: FunctionKey, depth: int) -> bool:
        path, index = key
        body = self.values.modules[path].bodies[index]
        if any(self.refusing(Place(path, index, raised.value)) for raised in body.raises):
            return True
        if any(self._answers_no(Place(path, index, returned.value)) for returned in body.returns if returned.value):
            return True
        for call in body.calls:
            if call.callee.rpartition(".")[2] == "abort" and call.args and call.args[0].rpartition(".")[2] in _CLEAR:
                return True
            target = self.called(key, call)
            if target is None:
                continue
            if target.is_external:
                if target.name in _VERIFYING:
                    return True
            elif depth < _MAX_DEPTH and target.kind is RefKind.FUNCTION and self.refuses(target.function, depth + 1):
                return True
        return False

    def _answers_no(self, place: Place) -> bool:
        """A returned answer of 401 or 403, or one that sends to the login page."""
        call = self.values.call(place)
        if call is None:
            items = split(place.text[1:-1]) if place.text[:1] == "[" else []
            return len(items) > 1 and any(item.rpartition(".")[2] in _CLEAR for item in items[1:])
        name = call.callee.rpartition(".")[2]
        if name in ("HttpResponseForbidden", "redirect_to_login", "unauthorized", "forbidden"):
            return True
        given = [*call.args, *(value for key, value in call.keywords if key in ("status", "status_code", "code"))]
        if any(value.rpartition(".")[2] in _CLEAR for value in given):
            return True
        return name in _REDIRECTS and self._is_login(place, given)

    def _is_login(self, place: Place, given: list[str]) -> bool:
        """Whether an address, or the name of one that is reversed, is that of the login page."""
        for value in given:
            call = self.values.call(place._replace(text=value))
            named = call.args[:1] if call is not None and call.callee.rpartition(".")[2] in ("reverse", "reverse_lazy", "url_for") else ()
            if any(_LOGIN.search(text) for text in (value, *named)):
                return True
        return False

    def _looks(self, key: FunctionKey) -> bool:
        if key not in self._checks:
            body = self.values.modules[key[0]].bodies[key[1]]
            self._checks[key] = any(block.subject and _SUBJECTS.search(block.subject) for block in body.blocks) or any(
                ".user." in returned.value and _SUBJECTS.search(returned.value) for returned in body.returns
            )
        return self._checks[key]

    def turns_away(self, key: FunctionKey, depth: int = 0) -> bool:
        """Whether a function, or one it calls, answers callers it does not know with 401 or the login page, or refuses on a condition like ``not user``."""
        if key not in self._turns_away:
            self._turns_away[key] = False
            path, index = key
            body = self.values.modules[path].bodies[index]
            values = [found.value for found in body.raises if found.value] + [found.value for found in body.returns if found.value]
            found = any(self._is_unknown_caller(Place(path, index, value)) for value in values)
            found = found or any(
                call.callee.rpartition(".")[2] == "abort" and call.args and call.args[0].rpartition(".")[2] in _UNKNOWN_CALLER for call in body.calls
            )
            found = found or (self.refuses(key) and self.negates(key))
            if not found and depth < _MAX_DEPTH:
                targets = [self.called(key, call) for call in body.calls]
                found = any(ref is not None and ref.kind is RefKind.FUNCTION and self.turns_away(ref.function, depth + 2) for ref in targets)
            self._turns_away[key] = found
        return self._turns_away[key]

    def negates(self, key: FunctionKey) -> bool:
        """Whether a function asks if there is no user, or one without rights."""
        return any(block.subject and _NEGATED.search(block.subject) for block in self.values.modules[key[0]].bodies[key[1]].blocks)

    def _is_unknown_caller(self, place: Place) -> bool:
        call = self.values.call(place)
        if call is None:
            return bool(_NO_CALLER_BY_NAME.search(place.text)) or (
                place.text[:1] == "[" and any(item.rpartition(".")[2] in _UNKNOWN_CALLER for item in split(place.text[1:-1])[1:])
            )
        if _NO_CALLER_BY_NAME.search(call.callee) or call.callee.rpartition(".")[2] == "redirect_to_login":
            return True
        given = [*call.args, *(value for key, value in call.keywords if key in ("status", "status_code", "code"))]
        if any(value.rpartition(".")[2] in _UNKNOWN_CALLER for value in given):
            return True
        wrapped = self.values.call(place._replace(text=call.callee)) if call.callee[:1] == "#" else None
        if wrapped is not None and (ref := self.resolver.value(place.path, place.function, wrapped.callee)) is not None and ref.name in _VERIFYING:
            return True  # ``return login_required(view)(request)``
        return call.callee.rpartition(".")[2] in _REDIRECTS and self._is_login(place, given)

    def hook(self, ref: Ref, place: tuple[str, int]) -> Guard | None:
        """A function that runs before every handler of an application; None if it turns nobody away.

        It verifies for sure only if it asks for the user: others let some callers pass.
        """
        keys = [ref.function] if ref.kind is RefKind.FUNCTION else []
        if ref.kind is RefKind.CLASS:
            bases = [base for base in self.resolver.classes.ancestors(ref.path, ref.index) if base.kind is RefKind.CLASS]
            keys = [(base.path, number) for base in bases for number in self.values.modules[base.path].classes[base.index].methods]
        named = self.named(ref.name.rpartition(".")[2])
        if not any(self.turns_away(key, _MAX_DEPTH - 2 if ref.kind is RefKind.FUNCTION else _MAX_DEPTH) for key in keys):
            inherited = ref.kind is RefKind.CLASS and any(not base.startswith(_PLAIN_MIDDLEWARE) for base in self.resolver.classes.external_names(ref))
            return Guard(ref.name, None, *place) if named and inherited else None
        if all(self._lets_pass(key) for key in keys if self.turns_away(key)):
            return None
        sure = ref.kind is RefKind.FUNCTION and any(self.negates(key) for key in keys)
        return Guard(ref.name.replace(".<locals>", ""), True if sure else None, *place)

    def _lets_pass(self, key: FunctionKey) -> bool:
        """Only wrong credentials are refused: in an ``except`` of something rare, behind a test in the ``try`` whether there are any."""
        body = self.values.modules[key[0]].bodies[key[1]]
        rare = {
            handler.block
            for handler in body.handlers
            if handler.types
            and all(_RARE.search(kind) for kind in handler.types)
            and any(block.kind is BlockKind.IF and block.parent == handler.protected for block in body.blocks)
        }
        values = [(found.value, found.block) for found in body.raises] + [(found.value, found.block) for found in body.returns]
        refusals = [block for value, block in values if self._is_unknown_caller(Place(*key, value))]
        return bool(refusals) and all(_inside(body, block, rare) for block in refusals)

    def _mentions(self, key: FunctionKey) -> bool:
        """The user, or something that stands for one, is handed to a call."""
        body = self.values.modules[key[0]].bodies[key[1]]
        texts = (text for call in body.calls for text in (call.callee, *call.args, *(value for _, value in call.keywords)))
        return any(_USERS.search(text) and _USERS.search(without_strings(text)) for text in texts)

    def refusing(self, place: Place) -> bool:
        """Whether a raised value is an answer of 401 or 403."""
        call = self.values.call(place)
        if call is None:
            made = self.values.follow(place)
            if made != place and self.values.call(made) is not None:
                return self.refusing(made)
            return bool(_REFUSING_BY_NAME.search(place.text))
        if _REFUSING_BY_NAME.search(call.callee) or any(_REFUSAL.search(arg) for arg in call.args if arg[:1] not in "'\"f"):
            return True
        status = argument(call, 0, "status_code") or argument(call, 0, "code")
        if status.rpartition(".")[2] in _CLEAR or constant_number(status) in (401.0, 403.0):
            target = self.resolver.value(place.path, place.function, call.callee)
            return target is not None or "Exception" in call.callee or "Error" in call.callee
        return False

    def raises(self, key: FunctionKey) -> bool:
        """Whether a function itself may refuse with any answer."""
        return bool(self.values.modules[key[0]].bodies[key[1]].raises)

    @staticmethod
    def named(name: str) -> bool:
        """Whether a name says that a caller is checked."""
        return AUTH_NAME.search(name) is not None

    def of(self, ref: Ref | None, text: str, place: tuple[str, int]) -> Guard:
        """What a dependency, decorator or hook is, as a guard. `place`: where it is attached."""
        if ref is None:
            name = text.rpartition(".")[2].lstrip("%#")
            return Guard(name, True if AUTH_NAME.search(name) and not _OPTIONAL.search(name) else None, *place)
        if ref.is_external:
            return Guard(ref.name.removesuffix("()"), self._library(ref), *place)
        fact = self.resolver.class_at(ref) if ref.kind in (RefKind.CLASS, RefKind.INSTANCE) else None
        if fact is not None:
            found = [member for name in ("__call__", "__init__", "dispatch", "has_permission") if (member := self.resolver.classes.find(ref, name)) is not None]
            keys = [(owner.path, member) for owner, member in found if isinstance(member, int)]
            return Guard(ref.name, self._judged(keys, ref.name, self.resolver.classes.external_names(ref)), ref.path, fact.line)
        if ref.kind is RefKind.FUNCTION:
            head = self.values.modules[ref.path].functions[ref.index]
            return Guard(head.name.replace(".<locals>", ""), self._judged([ref.function], head.name, ()), ref.path, head.line)
        return Guard(ref.name, None, *place)

    def _judged(self, keys: Iterable[FunctionKey], name: str, bases: Iterable[str]) -> bool | None:
        if _OPTIONAL.search(name.rpartition(".")[2]):
            return None
        if any(self.checks(key) for key in keys):
            return True
        if any(base in _CARRIERS for base in bases):
            return None
        return None if AUTH_NAME.search(name.rpartition(".")[2]) else False

    def _library(self, ref: Ref) -> bool | None:
        name = ref.name.removesuffix("()").removesuffix(".__call__")
        if name in _VERIFYING or name.removesuffix(".<locals>") in _VERIFYING:
            return True
        if name in _CARRIERS:
            return None
        last = name.rpartition(".")[2]
        if _OPTIONAL.search(last):
            return None
        return True if AUTH_NAME.search(last) else False if _SERVICE_NAME.search(last) else None


def _inside(body: Body, block: int, blocks: set[int]) -> bool:
    while block >= 0:
        if block in blocks:
            return True
        block = body.blocks[block].parent
    return False


def is_entrance(name: str) -> bool:
    """Whether callers use a view of that name to become known."""
    return _ENTRANCE.search(name) is not None


def authenticated(guards: Iterable[Guard], *, checks_itself: bool | None = False) -> bool | None:
    """Whether a caller is known to be checked: True if one guard verifies, None if one might, else False."""
    verdicts = {guard.verifies for guard in guards} | {checks_itself}
    return True if True in verdicts else None if None in verdicts else False
