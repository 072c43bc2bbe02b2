"""What the result of a call becomes: names that say that it guards something."""

from __future__ import annotations

import re

from backend_lint.facts.python import Body, Call, Function
from backend_lint.lazy_regex import lazy_regex

_SECRET = lazy_regex(
    r"(?:^|_)(?:(?:access|auth|reset|refresh|csrf|api|session|verification|confirmation|activation|invite|invitation|login|bearer|share|unsubscribe)_?"
    r"(?:token|key|code|secret|hash)|token|password|passwd|secret|secret_key|otp|totp|nonce|session_?id|salt|passcode|recovery_codes?|signature)s?$",
    re.IGNORECASE,
)
_NOT_SECRET = lazy_regex(r"(?:^|_)(?:mock|fake|dummy|test|example|cache|etag|sample|page|next|count|max|min|num)(?:_|$)", re.IGNORECASE)
_IDEMPOTENT = lazy_regex(r"idempot|client_?(?:request_?)?token|request_?id|correlation|trace_?id|jitter|boundary", re.IGNORECASE)
"""What makes a repeated request known again, and lets nobody in."""
_LETS_IN = lazy_regex(
    r"passw|passcode|otp|recovery_?code|secret|api_?(?:key|token)|(?:access|auth|reset|refresh|login|bearer|activation|verification|confirmation|invit\w*|session)"
    r"_?(?:token|key|code|hash|id)",
    re.IGNORECASE,
)
_LETTERS = lazy_regex(r"ascii_|string\.(?:digits|hexdigits|printable|letters)")
_NAMES = lazy_regex(r"name|slug|color|colour|file|path|suffix|prefix|word|text|lorem|title", re.IGNORECASE)


def made_secret(function: Function, body: Body, call: Call, number: int) -> str:
    """The name of the secret that a call makes: of the variable or keyword it goes to, or of the function that returns it."""
    sought = re.compile(rf"#{number}(?!\d)")
    held = {f"#{number}"} | {f"#{index}" for index, one in enumerate(body.calls) if index > number and _holds(one, sought)}
    names = [call.target] + [assign.target for assign in body.assigns if any(_mentions(assign.value, one) for one in held)]
    names += [name for one in body.calls[number:] for name, value in one.keywords if any(_mentions(value, text) for text in held)]
    if any(one.value and any(_mentions(one.value, text) for text in held) for one in body.returns):
        names.append(re.sub(r"^(?:_*(?:generate|create|make|gen|get|new|build|random|compute))_", "", function.name.rpartition(".")[2]))
    for name in names:
        last = name.lstrip("%").rpartition(".")[2].rpartition("['")[2].rstrip("']")
        if _IDEMPOTENT.search(last) or _IDEMPOTENT.search(function.name):
            return ""
        if _SECRET.search(last) and not _NOT_SECRET.search(last) and not _NOT_SECRET.search(function.name):
            return last
    return ""


def lets_in(name: str, function: Function) -> bool:
    """Whether the name says for certain that somebody is let in by what it holds."""
    return _LETS_IN.search(name) is not None or _LETS_IN.search(function.name.rpartition(".")[2]) is not None


def joins_letters(function: Function, body: Body, call: Call, number: int) -> bool:
    """Whether random letters and digits are drawn and joined, in a function that is there to do so."""
    if _IDEMPOTENT.search(function.name):
        return False
    if "<lambda>" in function.name or not call.args or not _LETTERS.search(call.args[0]) or _NOT_SECRET.search(function.name) or _NAMES.search(function.name):
        return False
    return any(".join(" in one.value and _mentions(one.value, f"#{number}") for one in body.returns)


def _holds(call: Call, sought: re.Pattern[str]) -> bool:
    """A later call passes the value on: ``"".join(...)``, ``str(...)``, ``#3.hexdigest()``."""
    if call.callee.rpartition(".")[2] not in ("join", "hexdigest", "digest", "format", "encode", "decode", "upper", "lower", "b64encode", "urlsafe_b64encode"):
        return False
    return bool(sought.search(call.callee)) or any(sought.search(value) for value in call.args)


def _mentions(value: str, text: str) -> bool:
    return text in value and re.search(re.escape(text) + r"(?!\d)", value) is not None
