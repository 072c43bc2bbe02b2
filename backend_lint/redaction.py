"""Keeps secrets out of facts: the value of a variable whose name says that it is one is never stored. Standard library only."""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex

HIDDEN = "***"

_SECRET = lazy_regex(
    r"(?:^|[^a-z])(?:[a-z]*secret[a-z]*|[a-z]*passw(?:or)?d|passphrase|pwd|pass|[a-z]*token|api_?key|apikey|[a-z]*credentials?|auth_?key|salt|pepper|[a-z]*hmac|signature|bearer|license_?key|dsn)(?:[^a-z]|$)"
    r"|(?:private|access|encryption|signing|signature|master|service|storage|account|jwt|fernet|hmac|aes|rsa|ssh|app|admin|client|shared|session|cookie|sendgrid|stripe|openai|anthropic)_?key(?:[^a-z]|$)"
)
_PLAIN = lazy_regex(
    r"_(?:url|uri|path|file|name|ttl|expiry|expires?|timeout|lifetime|seconds|minutes|days|hours|length|header|algorithm|issuer|audience|endpoint|enabled|type|id)$"
)
_IN_URL = lazy_regex(r"(?<=://)([^\s:/@'\"]{0,200}):([^\s/@'\"]{1,500})(?=@)")
_IN_ARGUMENT = lazy_regex(r"(?i)((?:password|passwd|requirepass|secret|token|api[-_]?key)[\w-]{0,30}(?:=|:|\s)\s?)(['\"]?)([^\s'\"]{1,500})")


def is_secret(name: str) -> bool:
    """Whether a variable of this name usually holds a secret.

    >>> is_secret("DJANGO_SECRET_KEY"), is_secret("dbPassword"), is_secret("TOKEN_TTL"), is_secret("MONKEY")
    (True, True, False, False)
    """
    spelled = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name[:200]).lower()
    return bool(_SECRET.search(spelled)) and not _PLAIN.search(spelled)


def without_credentials(text: str) -> str:
    """`text` with the passwords of URLs hidden.

    >>> without_credentials("postgres://app:s3cret@db:5432/shop")
    'postgres://app:***@db:5432/shop'
    """
    return _IN_URL.sub(rf"\1:{HIDDEN}", text) if "://" in text else text


def redacted(name: str, value: str) -> str:
    """`value` as it may be shown for a variable called `name`: ``***`` for a secret, an empty value and a reference such as ``${OTHER}`` stay.

    >>> redacted("API_KEY", "abc"), redacted("API_KEY", "${KEY}"), redacted("DEBUG", "1")
    ('***', '${KEY}', '1')
    """
    if value and is_secret(name) and not re.fullmatch(r"\$\{?\w+\}?|None|''|\"\"", value):
        return HIDDEN
    return without_credentials(value)


def redacted_command(text: str) -> str:
    """A command line with the values of secret options and assignments hidden.

    >>> redacted_command("redis-server --requirepass x --db-password=hunter2 -p 1")
    'redis-server --requirepass *** --db-password=*** -p 1'
    """
    return _IN_ARGUMENT.sub(rf"\1\2{HIDDEN}", without_credentials(text))
