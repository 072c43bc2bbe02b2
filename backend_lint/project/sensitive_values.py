"""Which values hold a secret, told by the names they come from, and which values a text interpolates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.facts.python import Body, Use
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.name_words import words
from backend_lint.project.value_text import alternatives, constant_string, parse, split

_ANY_PREFIX = (
    "password passwd passphrase pwd client_secret app_secret api_secret consumer_secret webhook_secret shared_secret jwt_secret signing_secret "
    "totp_secret secret_key "
    "secret_access_key api_key apikey private_key signing_key encryption_key access_token refresh_token auth_token bearer_token id_token oauth_token "
    "session_token api_token "
    "jwt_token reset_token invite_token invitation_token verification_token login_token credit_card card_number cvv cvc ssn one_time_password recovery_code"
)
_ALONE = "otp otp_code jwt user_token bot_token"
_SECRET = lazy_regex(rf"^(?:(?:[a-z0-9]+_)*?(?:{'|'.join(_ANY_PREFIX.split())})|{'|'.join(_ALONE.split())})$")
_HARMLESS = words(
    "has is no num count max min forgot change check verify valid validate set update hash hashed masked mask redact redacted encrypted obfuscated "
    "censored sanitized anonymized "
    "missing invalid require requires use uses public dummy fake test csrf fields field names name"
)
_ABOUT_LOGIN = lazy_regex(r"auth|login|password|invit|verif|oauth|jwt|sign_?up|reset|credential|session|api_?key", re.IGNORECASE)
_HEADERS = frozenset({"headers", "COOKIES", "cookies", "META"})
_BODIES = frozenset({"body", "data", "POST", "form", "json"})
_REQUEST = lazy_regex(r"^(?:%?(?:self\.)?_?(?:request|req)|%self\.request|flask\.request)$")
_PASSING_CALLS = frozenset("str repr format bytes ascii list dict tuple".split())
_BOOLEAN = lazy_regex(r"(?:==|!=|<|>|<=|>=| is | in | not )")
_INTERPOLATION = lazy_regex(r"\{((?:[^{}]|\{[^{}]*\})*)\}")


def is_secret_name(name: str) -> bool:
    """Whether a name says that its value is a secret: ``password``, ``ACCESS_TOKEN``; not ``has_password``, ``token_id`` or ``page_token``.

    >>> is_secret_name("access_token"), is_secret_name("tokenId"), is_secret_name("reset_password_url")
    (True, False, False)
    """
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    return bool(_SECRET.match(snake)) and not _HARMLESS.search(snake)


def is_about_login(text: str) -> bool:
    """Whether a path or a name is about logging in, so that a plain ``token`` is one that lets somebody in."""
    return bool(_ABOUT_LOGIN.search(text))


def shown_values(text: str) -> Iterator[str]:
    """The values whose content a text shows: parts of f-strings, of formatting, of displays; what is only compared, counted or tested is left out."""
    if text[:1] in "*":
        text = text.lstrip("*")
    if text.startswith("f'"):
        for match in _INTERPOLATION.finditer(text[2:-1].replace("{{", "").replace("}}", "")):
            yield from shown_values(match.group(1))
        return
    if not text or text[0] in "'\"?-" or text[0].isdigit():
        if text[:1] in "'\"" and (found := re.search(r"['\"]\.(?:format|join)\((.*)\)$", text)):
            for item in split(found.group(1)):
                yield from shown_values(item.partition("=")[2] or item if not item.startswith(("'", "f'", "[", "{")) else item)
        return
    if text[0] == "(" and text.endswith(")"):
        yield from _operands(text)
        return
    if text[0] == "[" and text.endswith("]"):
        for item in split(text[1:-1]):
            yield from shown_values(item)
        return
    if text[0] == "{" and text.endswith("}"):
        for item in split(text[1:-1]):
            parts = split(item, ":")
            yield from shown_values(item[len(parts[0]) + 1 :] if len(parts) > 1 else item)
        return
    parsed = parse(text)
    if parsed is None:
        return
    if parsed.steps and parsed.steps[0].startswith("(") and not parsed.root.startswith(("%", "#")):
        if parsed.root in _PASSING_CALLS:
            for item in split(parsed.steps[0][1:-1]):
                yield from shown_values(item)
        return
    yield text


def _operands(text: str) -> Iterator[str]:
    options = alternatives(text)
    if len(options) > 1:
        for option in options:
            yield from shown_values(option)
        return
    inner = text[1:-1]
    for sign in ("+", "%"):
        parts = split(inner, sign) if sign == "+" else _modulo(inner)
        if len(parts) > 1:
            for part in parts:
                yield from shown_values(part)
            return
    if not _BOOLEAN.search(re.sub(r"'(?:[^'\\]|\\.)*'", "''", inner)) and not inner.startswith("not "):
        for item in split(inner):
            if item != text:
                yield from shown_values(item)


def _modulo(inner: str) -> list[str]:
    found = re.match(r"(f?'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[%#]?[\w.]+)%(.*)$", inner)
    return [found.group(1), found.group(2)] if found else [inner]


def secret_name(body: Body, value: str, about_login: bool) -> str:
    """The name that says that a shown value is a secret; empty if none does. `about_login`: a plain ``token`` is one as well."""
    parsed = parse(value)
    if parsed is None:
        return ""
    root, steps = parsed.root, parsed.steps
    if steps and steps[-1].startswith("["):
        key = constant_string(steps[-1][1:-1])
        return key if key is not None and _is_secret_key(key) else ""
    if steps and steps[-1].startswith("."):
        name = steps[-1][1:]
    elif steps:
        return ""
    elif root.startswith("#"):
        return _name_of_call(body, int(root[1:]), about_login)
    else:
        name = root.lstrip("%")
    return name if is_secret_name(name) or (about_login and name == "token") else ""


def is_object(body: Body, value: str) -> bool:
    """Whether a function treats a value as an object with attributes, or gives it to a database session, so that it is no bare text."""
    used = re.compile(rf"{re.escape(value)}\.(?!(?:split|strip|lstrip|rstrip|encode|decode|replace|startswith|endswith|lower|upper|isalnum|partition)\b)\w")
    for call in body.calls:
        if used.search(call.callee) or any(used.search(given) for given in call.args):
            return True
        if value in call.args and call.callee.rpartition(".")[2] in ("delete", "add", "refresh", "populate_obj"):
            return True
    return False


def _name_of_call(body: Body, number: int, about_login: bool) -> str:
    if number >= len(body.calls):
        return ""
    call = body.calls[number]
    if call.use is Use.BOUND and call.target:
        name = call.target.lstrip("%").rpartition(".")[2]
        if is_secret_name(name) or (about_login and name == "token"):
            return name
    last = call.callee.rpartition(".")[2]
    if last in ("get", "pop", "getlist", "get_secret_value") and call.args:
        key = constant_string(call.args[0])
        return key if key is not None and _is_secret_key(key) else ""
    return ""


def _is_secret_key(key: str) -> bool:
    """Of a form's field or a header: `password`, `Authorization`, `X-Api-Key`, Django's `HTTP_AUTHORIZATION`."""
    name = key.replace("-", "_")
    return is_secret_name(name) or name.lower() in ("authorization", "proxy_authorization", "http_authorization")


def whole_request(value: str, about_login: bool) -> str:
    """The part of a request that a value is as a whole: ``request.headers``, and ``request.body`` where somebody logs in; empty if it is none."""
    parsed = parse(value)
    if parsed is None or not parsed.steps:
        return ""
    steps = parsed.steps
    root = parsed.root + "".join(steps[:-1])
    last = steps[-1]
    if last.startswith(".") and (last[1:] in _HEADERS or (about_login and last[1:] in _BODIES)) and _REQUEST.match(root):
        return f"{root.lstrip('%')}{last}"
    return ""
