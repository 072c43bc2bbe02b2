"""Versions of SSL and TLS that are broken, where a call asks for one."""

from __future__ import annotations

from backend_lint.facts.python import Call
from backend_lint.lazy_regex import lazy_regex

_VERSIONS = frozenset({"ssl_version", "method", "ssl_minimum_version", "minimum_version", "tls_version"})
_PROTOCOL = lazy_regex(r"\b(?:PROTOCOL_|TLSVersion\.)?(SSLv2|SSLv3|TLSv1_1|TLSv1)(?:_METHOD)?$")
_OLD = {"SSLv2": "SSL 2", "SSLv3": "SSL 3", "TLSv1": "TLS 1.0", "TLSv1_1": "TLS 1.1"}


def old_protocol(call: Call) -> str:
    """The version of SSL or TLS that a call asks for, if it is one that is broken."""
    for keyword, value in call.keywords:
        if keyword in _VERSIONS and (match := _PROTOCOL.search(value)):
            return _OLD[match.group(1)]
    return ""
