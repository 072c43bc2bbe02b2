"""Limits on requests that proxies and gateways set: nginx, ingresses, Kong, Traefik, Envoy, Terraform and SAM for AWS."""

from __future__ import annotations

import re

from backend_lint.facts.deployment import Throttle

_PREFILTER = (
    b"limit_req", b"limit_conn", b"io/limit-", b"rate-limiting", b"ratelimit", b"rateLimit", b"throttl", b"Throttl", b"rate_based_statement"
)  # fmt: skip
"""One of them stands in each setting; manifests are full of other limits."""
_SETTING = re.compile(
    rb"^(?![ \t]*(?:#|//))[^\n#]*?("
    rb"\blimit_req[ \t]+zone=|\blimit_conn[ \t]+\w|nginx\.ingress\.kubernetes\.io/limit-(?:rps|rpm|connections)|"
    rb"\brate-limiting(?:-advanced)?\b(?=[\"']?[ \t]*$)|\.ratelimit\.average|\brateLimit:[ \t]*$(?=\s+(?:average|burst|period|sourceCriterion)\b)|"
    rb"\.rateLimit\][ \t]*$|envoy\.filters\.http\.(?:local_)?ratelimit\b|"
    rb"\bthrottling_(?:rate|burst)_limit\b|\brate_based_statement\b|\bthrottle_settings\b|\bThrottling(?:Rate|Burst)Limit\b"
    rb")",
    re.MULTILINE,
)


def throttles(data: bytes) -> tuple[Throttle, ...]:
    """The settings of one file, in order of lines; nothing of what is commented out."""
    if not any(word in data for word in _PREFILTER):
        return ()
    return tuple(Throttle(match.group(1).decode().strip().rstrip(":"), data.count(b"\n", 0, match.start(1)) + 1) for match in _SETTING.finditer(data))
