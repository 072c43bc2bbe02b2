"""JSON Web Tokens: where they are read and issued, and what is checked of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.authentication.library_calls import LibraryCall, calls_to, entry
from backend_lint.project.authentication.reached import texts
from backend_lint.project.value_text import call_ids, constant_string, entries, parse
from backend_lint.project.web.values import argument, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

_DECODE = ("jwt.decode", "jwt.PyJWT.decode", "jwt.api_jwt.decode", "jose.jwt.decode", "jwt.decode_complete")
_ENCODE = ("jwt.encode", "jwt.PyJWT.encode", "jwt.api_jwt.encode", "jose.jwt.encode")
_VERIFYING = (*_DECODE, "jose.jws.verify", "authlib.jose.jwt.decode", "google.oauth2.id_token.verify_oauth2_token", "google.oauth2.id_token.verify_token")
_VERIFYING_NAMES = ("decode", "verify", "verify_oauth2_token", "verify_token")
_HEADER = ("get_unverified_header", "get_unverified_headers")
_FETCHED = lazy_regex(r"fetch_token|access_token|exchange|\.post$|\.get$|\.request$|\.json$|acquire_token|refresh|authorize_access_token", re.IGNORECASE)
_FROM_REQUEST = lazy_regex(r"request|header|META|cookie|params|args|form|body", re.IGNORECASE)
_HARMLESS = frozenset({"kid", "iss", "alg", "aud", "exp", "iat", "tid", "typ", "nbf", "azp", "appid"})
"""What may be read of a token before it is verified, or to know when one's own ends."""
_EXPIRY = lazy_regex(r"\bexp\b|expir|lifetime|\bttl\b", re.IGNORECASE)
_ABOUT_EXPIRED = lazy_regex(r"refresh|expired|logout|revoke|renew|blacklist", re.IGNORECASE)
"""Names of code that has to read tokens which have ended."""
_MOST_CALLS = 500
"""A function with more is looked at for each of its tokens in vain."""
_SECRET = lazy_regex(
    r"(?:user_?|hashed_?|encrypted_?|old_?|new_?)?(?:password|passwd|pwd)(?:_?hash)?|secret|secret_key|private_key|api_secret|client_secret|ssn|pin_code",
    re.IGNORECASE,
)
_KNOWINGLY = lazy_regex(r"unverif|untrust|insecure|peek", re.IGNORECASE)
"""Names of what is known not to be verified."""
_STAND_IN = lazy_regex(r"_?(?:Null|Fake|Dummy|Mock|Stub|Test)")
_SYMMETRIC = lazy_regex(r"HS(?:256|384|512)")
_ASYMMETRIC = lazy_regex(r"(?:RS|ES|PS)(?:256|384|512)|EdDSA")


def decodes(project: Project) -> Iterator[LibraryCall]:
    """Calls that read a token."""
    yield from calls_to(project, _DECODE)


def encodes(project: Project) -> Iterator[LibraryCall]:
    """Calls that issue a token."""
    yield from calls_to(project, _ENCODE)


def is_unverified(project: Project, found: LibraryCall) -> bool:
    """``verify=False`` or ``options={"verify_signature": False}``."""
    if keyword(found.call, "verify") == "False":
        return True
    options = _bound_before(found, keyword(found.call, "options"))
    held = entry(project, found.place(options), "verify_signature") if options else None
    return held is not None and held.text == "False"


def _bound_before(found: LibraryCall, text: str) -> str:
    """What a local that is bound several times holds at a call, if all of that stands in the block of the call."""
    bound = found.module.assigns_to(found.function, text) if text[:1] == "%" else ()
    if len(bound) < 2 or any(one.augmented or one.block != found.call.block for one in bound):
        return text
    return next((one.value for one in bound if one.line < found.call.line), text)


def is_only_looked_at(project: Project, found: LibraryCall) -> bool:
    """It is verified as well in the same function or class, only names its key or its end, or came from its issuer over a call of our own."""
    body = found.module.bodies[found.function]
    owner = found.module.functions[found.function].owner
    if len(body.calls) > _MOST_CALLS:
        return True
    if _KNOWINGLY.search(found.call.target) or (owner >= 0 and _STAND_IN.match(found.module.classes[owner].name)):
        return True
    methods = found.module.classes[owner].methods if owner >= 0 else ()
    related = {found.function, *methods}
    if owner >= 0:
        for derived in project.resolver.classes.subclasses(found.module.path, owner):
            if derived.path == found.module.path:
                related.update(found.module.classes[derived.index].methods)
    if not _holds_key(found) and any(_verifies(project, found, function) for function in sorted(related)):
        return True
    read = keys_read(body, found.number)
    if read and read <= _HARMLESS:
        return True
    return _is_fetched(body, argument(found.call, 0, "jwt") or argument(found.call, 0, "token"))


def _holds_key(found: LibraryCall) -> bool:
    """PyJWT is handed a key that it does not use: who only looks into a token to find its issuer has none yet."""
    key = argument(found.call, 1, "key")
    return found.name.startswith("jwt.") and key not in ("", "None", "''")


def _verifies(project: Project, found: LibraryCall, function: int) -> bool:
    for number, call in enumerate(found.module.bodies[function].calls):
        if (function, number) != (found.function, found.number) and call.callee.rpartition(".")[2] in _VERIFYING_NAMES:
            target = project.value(found.module.path, function, call.callee)
            if target is not None and target.is_external and target.name in _VERIFYING:
                other = LibraryCall(found.module, function, number, call, target.name)
                if not is_unverified(project, other):
                    return True
    return False


def keys_read(body: Body, number: int) -> set[str]:
    """The constant keys that are read of a call's result, by ``[..]`` and ``.get(..)``; ``?`` stands for a use of the whole."""
    found: set[str] = set()
    root = f"#{number}"
    read = [text for call in body.calls for text in (*call.args, *(value for _, value in call.keywords))]
    read += [assign.value for assign in body.assigns if assign.value != root] + [one.value for one in body.returns] + [block.subject for block in body.blocks]
    for text in read:
        if number in call_ids(text):
            parsed = parse(text)
            key = constant_string(parsed.steps[0][1:-1]) if parsed is not None and parsed.root == root and parsed.steps and parsed.steps[0][0] == "[" else None
            found.add(key if key is not None else "?")
    for call in body.calls:
        if call.callee == f"{root}.get" and call.args:
            found.add(constant_string(call.args[0]) or "?")
    return found


def _is_fetched(body: Body, token: str) -> bool:
    for number in call_ids(token):
        if number < len(body.calls):
            callee = body.calls[number].callee
            if _FETCHED.search(callee) and not _FROM_REQUEST.search(callee):
                return True
    return False


def algorithms(project: Project, found: LibraryCall) -> tuple[str, ...] | None:
    """The values of the accepted algorithms; None if none are given, ``("?",)`` if they are not known."""
    position = 2 if found.name.startswith(("jwt.", "jose.")) else -1
    given = argument(found.call, position, "algorithms")
    if not given:
        opaque = any(key == "**" for key, _ in found.call.keywords) or any(arg.startswith("*") for arg in found.call.args)
        return ("?",) if opaque else None
    place = project.guards.values.follow(found.place(given))
    items = [item.text for item in project.guards.values.items(place)]
    return tuple(items) or ("?",)


def from_header(body: Body, text: str) -> bool:
    """Whether a value was read from the token's own header."""
    seen: set[int] = set()
    waiting = call_ids(text)
    while waiting:
        number = waiting.pop()
        if number in seen or number >= len(body.calls):
            continue
        seen.add(number)
        if body.calls[number].callee.rpartition(".")[2] in _HEADER:
            return True
        waiting.extend(call_ids(body.calls[number].callee))
    return False


def mixes_families(names: tuple[str, ...]) -> bool:
    """Algorithms with a shared key beside those with a public one: the public key then serves to forge."""
    known = [constant_string(name) or "" for name in names]
    return any(_SYMMETRIC.fullmatch(name) for name in known) and any(_ASYMMETRIC.fullmatch(name) for name in known)


def endless(project: Project) -> Iterator[LibraryCall]:
    """Tokens that are issued without an end: the claims are all known, and nothing in the function speaks of ``exp``."""
    for found in encodes(project):
        given = argument(found.call, 0, "payload") or argument(found.call, 0, "claims")
        body = found.module.bodies[found.function]
        claims = project.guards.values.follow(found.place(given))
        if len(body.calls) > _MOST_CALLS or claims.text[:1] != "{" or "**" in claims.text or "..." in claims.text or claims.path != found.module.path:
            continue
        if not any(_EXPIRY.search(text) for text in (claims.text, *texts(body), *(assign.target for assign in body.assigns))):
            yield found


def without_expiry(project: Project) -> Iterator[LibraryCall]:
    """Tokens whose end is not looked at, although the signature is."""
    for found in decodes(project):
        options = keyword(found.call, "options")
        held = entry(project, found.place(options), "verify_exp") if options else None
        ended = _ABOUT_EXPIRED.search(f"{found.module.path} {found.symbol}") is not None
        if held is not None and held.text == "False" and not ended and not is_unverified(project, found):
            yield found


def shown_secrets(project: Project) -> Iterator[tuple[LibraryCall, str]]:
    """Tokens with a secret among their claims, and its key: whoever holds a token reads them."""
    for found in encodes(project):
        given = argument(found.call, 0, "payload") or argument(found.call, 0, "claims")
        claims = project.guards.values.follow(found.place(given))
        if claims.text[:1] != "{" or claims.path != found.module.path:
            continue
        for name, value in entries(claims.text):
            if _SECRET.fullmatch(name) and value not in ("None", "''", "True", "False"):
                yield found, name
                break
