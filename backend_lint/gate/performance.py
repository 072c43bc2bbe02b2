"""Conditions over targets: what the model says of each that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from backend_lint.config_keys import PERFORMANCE
from backend_lint.facts.condition import Condition


def conditions(asked: Mapping[str, Any], targets: Sequence[Condition]) -> Iterator[Condition]:
    """One for each target of the table ``gate.performance``, in its order."""
    unseen = [Condition(key, None, float(asked[key]), "not-measured", "nobody looked for reports") for key in asked if key in PERFORMANCE]
    for made in targets or unseen:
        yield replace(made, name=f"performance.{made.name}")
