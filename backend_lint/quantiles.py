"""Percentiles as the tools compute them that made the samples. Standard library only."""

from __future__ import annotations

import math
from collections.abc import Sequence


def nearest(ordered: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` of all reach: the nearest rank.

    >>> nearest([1.0, 2.0, 3.0, 4.0], 50), nearest([1.0, 2.0, 3.0, 4.0], 95)
    (2.0, 4.0)
    """
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def linear(ordered: Sequence[float], percent: float) -> float:
    """Between the two values around the rank, as k6 has it.

    >>> linear([1.0, 2.0], 50)
    1.5
    """
    at = percent / 100 * (len(ordered) - 1.0)
    low = ordered[math.floor(at)]
    return low + (ordered[math.ceil(at)] - low) * (at - math.floor(at))


def rounded(ordered: Sequence[float], percent: float) -> float:
    """The value at the rank rounded half up, as JMeter's aggregate report has it.

    >>> rounded([1.0, 2.0, 3.0], 50)
    2.0
    """
    return ordered[max(math.floor(len(ordered) * (percent / 100) + 0.5) - 1, 0)]


def above(ordered: Sequence[float], percent: float) -> float:
    """The first value with `percent` of all below it, as hey has it.

    >>> above([1.0, 2.0, 3.0, 4.0], 50)
    3.0
    """
    return ordered[min(math.ceil(len(ordered) * percent / 100), len(ordered) - 1)]


RULES = {"nearest": nearest, "linear": linear, "rounded": rounded, "above": above}


def percentile(ordered: Sequence[float], percent: float, rule: str) -> float:
    """The percentile of sorted values by one of `RULES`. Raises IndexError if there are none."""
    return RULES[rule](ordered, percent)


def spread(count: int, percent: float, z: float = 2.0) -> tuple[float, float]:
    """Between which percentiles of other samples of this size the percentile of this one lies, but for one time in twenty: the binomial interval.

    >>> spread(10000, 50)
    (49.0, 51.0)
    """
    share = percent / 100
    error = z * math.sqrt(share * (1 - share) / count) * 100 if count else 100.0
    return max(percent - error, 0.0), min(percent + error, 100.0)
