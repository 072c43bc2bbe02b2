"""In which order rules are asked: first those that ask the model little, so that whoever waits sees the first answers early.

The order is the same in every run: an answer inside a circle of questions may depend on who asked first. What a name is listed for is measured,
`tests/engine/test_asking_order.py` holds the list to it. A rule that is not listed is asked between the two, in order of name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from backend_lint.api import Rule

Asked = TypeVar("Asked", bound=Rule)

_FIRST = frozenset((
    "assertionless-test availability-budget branch-coverage-disabled captive-dependency commit-outside-unit-of-work concrete-client-in-constructor "
    "concurrency-capacity cookie-flags cors-wildcard-with-credentials coverage-config-hides-code coverage-diff-floor coverage-file-floor "
    "coverage-total-floor credential-in-url debug-or-docs-exposed declared-layer-violation default-allow-any domain-imports-framework "
    "dual-write-without-outbox endless-link-token error-rate-budget external-call-in-transaction fat-interface feature-slice-leak fire-and-forget-task "
    "graphql-depth-unlimited graphql-resolver-n-plus-one hardcoded-secret hardcoded-signing-key http-concern-in-service import-cycle "
    "jwt-claims-unchecked jwt-secret-claim jwt-verification latency-p95-budget layer-import-violation lock-held-across-await lock-scope-too-wide "
    "log-injection log-without-traceback migration-edited-after-merge mixed-responsibility-class override-breaks-contract password-storage "
    "performance-evidence-missing-or-stale performance-regression request-state-in-singleton response-not-checked retry-amplification "
    "retry-non-idempotent retry-without-backoff sensitive-data-in-log service-locator session-fixation session-held-across-slow-await "
    "slow-query-budget swallowed-exception task-dispatch-in-transaction tls-verification-disabled transaction-spans-databases "
    "type-switch-on-own-hierarchy unbounded-concurrency unhandled-background-failure unsafe-upstream-consumption untested-error-path weak-crypto"
).split())
"""They ask for no route, no table and no query."""
_LAST = frozenset((
    "app-level-uniqueness count-or-load-misuse get-or-create-without-unique index-column-order isolation-assumption lazy-load-in-loop "
    "migration-add-required-column migration-constraint-validates-inline migration-drops-referenced-column migration-index-not-concurrent "
    "migration-rename migration-unbatched-backfill non-sargable-predicate query-in-loop read-modify-write-race save-in-loop unbounded-materialisation "
    "unindexed-filter unindexed-foreign-key unindexed-list-filter unindexed-order-limit unpaginated-list-endpoint"
).split())
"""They ask for every query."""


def in_order(rules: Sequence[Asked]) -> list[Asked]:
    """The rules as they are to be asked."""
    return sorted(rules, key=lambda rule: (0 if rule.name in _FIRST else 2 if rule.name in _LAST else 1, rule.name))
