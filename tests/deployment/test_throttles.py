"""Limits of proxies: a project whose gateway limits requests must not be told that its login does not."""

from __future__ import annotations

import pytest

from backend_lint.readers.deployment.throttles import throttles


@pytest.mark.parametrize(
    "text",
    [
        "location /login {\n    limit_req zone=login burst=3;\n}",
        "metadata:\n  annotations:\n    nginx.ingress.kubernetes.io/limit-rps: '5'",
        "plugins:\n  - name: rate-limiting\n    config: {minute: 5}",
        "labels:\n  - traefik.http.middlewares.slow.ratelimit.average=5",
        "spec:\n  rateLimit:\n    average: 5",
        'settings {\n  throttling_rate_limit = 5\n}',
        "      ThrottlingRateLimit: 5",
        "  - name: envoy.filters.http.local_ratelimit",
    ],
)
def test_a_limit_is_seen(text: str) -> None:
    assert len(throttles(text.encode())) == 1, f"a gateway that limits requests is taken for one that does not:\n{text}"


@pytest.mark.parametrize(
    "text",
    [
        "# limit_req zone=login burst=3;",
        "limit_req_zone $binary_remote_addr zone=login:10m rate=1r/s;",
        "rateLimit:\n  type: integer",
        "resources:\n  limits:\n    memory: 1Gi",
        "nav:\n  - guides/rate-limiting.md",
    ],
)
def test_what_limits_nothing_is_no_limit(text: str) -> None:
    assert throttles(text.encode()) == (), f"a login without a limit would be left alone because of:\n{text}"
