"""Conditions over targets: what the model says of each that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backend_lint.config_keys import PERFORMANCE
from backend_lint.engine.result import Condition
from backend_lint.facts.performance import Verdict


def conditions(asked: Mapping[str, Any], verdicts: Sequence[Verdict]) -> Iterator[Condition]:
    """One for each target of the table ``gate.performance``, in its order."""
    unseen = [Verdict(key, None, float(asked[key]), "not-measured", "nobody looked for reports") for key in asked if key in PERFORMANCE]
    for made in verdicts or unseen:
        yield Condition(f"performance.{made.name}", made.measured, made.required, made.status, made.reason, made.details)
