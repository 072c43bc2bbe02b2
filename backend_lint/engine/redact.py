"""Hides secrets in what a finding shows, before any report sees it. A hidden value keeps its length, so that columns still fit.

All patterns are linear: repetitions are bounded or cannot overlap what follows them.
"""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex
from backend_lint.redaction import is_secret

_KEYS = lazy_regex(
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,255}"
    r"|\bgithub_pat_[A-Za-z0-9_]{22,255}"
    r"|\bglpat-[\w-]{20,255}"
    r"|\bxox[abeprs]-[\w-]{10,255}"
    r"|\b[sr]k_(?:live|test)_[0-9A-Za-z]{16,255}"
    r"|\bwhsec_[0-9A-Za-z+/]{20,255}"
    r"|\bAIza[\w-]{35}"
    r"|\bsk-[A-Za-z0-9_-]{20,255}"
    r"|\bSG\.[\w-]{16,80}\.[\w-]{16,80}"
    r"|\bnpm_[A-Za-z0-9]{36}"
    r"|\bpypi-[\w-]{16,255}"
    r"|\bhf_[A-Za-z0-9]{30,60}"
    r"|\beyJ[\w-]{10,500}\.eyJ[\w-]{10,2000}\.[\w-]{10,1000}"
    r"|hooks\.slack\.com/services/[\w/]{20,100}"
)
_HINTS = ("AKIA", "ASIA", "gh", "glpat-", "xox", "k_live_", "k_test_", "whsec_", "AIza", "sk-", "SG.", "npm_", "pypi-", "hf_", "eyJ", "hooks.slack")
_NAMES = lazy_regex(r"secret|pass|pwd|token|key|credential|salt|pepper|signature|bearer|dsn", re.IGNORECASE)
_URL = lazy_regex(r"://[^\s:/@'\"]{0,200}:([^\s/@'\"]{1,500})@")
_QUOTED = lazy_regex(
    r"(?P<name>[A-Za-z_][\w.-]{0,100})[\"']?\]?\s{0,5}(?::\s{0,3}[\w.\[\]|]{1,60}\s{0,3}(?==))?(?:=|:){1,2}>?\s{0,5}[rRbBuUfF]{0,2}"
    r"(?:\"(?P<double>(?:[^\"\\]|\\.){1,2000})\"?|'(?P<single>(?:[^'\\]|\\.){1,2000})'?)"
)
_BARE = lazy_regex(r"(?P<name>[A-Za-z_][\w.-]{0,100})[\"']?\s{0,5}[=:]\s{0,5}(?P<bare>[^\s'\"${}\[\](),][^\s'\"]{0,2000})")
_STRING = lazy_regex(r"([\"'])((?:[^\"'\\]|\\.){0,2000})(?:\1|$)")
_CAPITALS = lazy_regex(r"[A-Z][A-Z_]{3,60}")
_KEY_BODY = lazy_regex(r"[A-Za-z0-9+/]{60,}={0,2}")


def redact(text: str, bare: bool = False) -> str:
    """`text` with keys of known providers, passwords in URLs, and strings that are assigned to secret-like names replaced by ``*``.

    `bare`: values without quotes count too (.env, YAML, shell), where a name on the right would be a variable in a program.

    >>> redact('connect(password="hunter2", user="app")')
    'connect(password="*******", user="app")'
    """
    if any(hint in text for hint in _HINTS):
        text = _KEYS.sub(lambda match: match.group()[:4] + "*" * (len(match.group()) - 4), text)
    if "://" in text:
        text = _URL.sub(lambda match: _masked(match, match.span(1)), text)
    if len(text) >= 60:
        text = _KEY_BODY.sub(lambda match: "*" * len(match.group()) if _mixed(match.group()) else match.group(), text)
    if ("=" in text or ":" in text) and _NAMES.search(text):
        text = _QUOTED.sub(lambda match: _assigned(match, "double" if match["double"] is not None else "single"), text)
        if bare:
            text = _BARE.sub(lambda match: _assigned(match, "bare"), text)
    return text


def without_strings(text: str) -> str:
    """A line of code with what stands between quotation marks hidden, except for names in capitals: for findings about secrets.

    >>> without_strings('jwt.encode(claims, "hunter2"); os.getenv("JWT_KEY")')
    'jwt.encode(claims, "*******"); os.getenv("JWT_KEY")'
    """
    return _STRING.sub(lambda match: match.group() if len(match[2]) < 4 or _CAPITALS.fullmatch(match[2]) else _masked(match, match.span(2)), text)


def _assigned(match: re.Match[str], group: str) -> str:
    value = match[group]
    if not is_secret(match["name"]) or value.startswith(("${", "{{", "<")):
        return match.group()
    return _masked(match, match.span(group))


def _masked(match: re.Match[str], span: tuple[int, int]) -> str:
    start, end = span[0] - match.start(), span[1] - match.start()
    whole = match.group()
    return whole[:start] + "*" * (end - start) + whole[end:]


def _mixed(text: str) -> bool:
    """Upper case, lower case and digits: the body of a key in base64, not a word nor a path of lower-case folders."""
    return any(c.isupper() for c in text) and any(c.islower() for c in text) and any(c.isdigit() for c in text)
