"""Load tests compared with earlier ones, so that noise is none: what is slower must be slower than both samples can be by chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from backend_lint.facts.performance import Endpoint, Run
from backend_lint.project.performance.endpoints import Row
from backend_lint.quantiles import percentile, spread

COMPARED = (50.0, 95.0)
"""The median judges; the 95 % scatters more, and counts half."""


class Change(NamedTuple):
    """An endpoint's percentile beside its baseline: by how many per cent it is surely slower, at least 0."""

    row: Row
    percent: float
    before: float
    now: float
    slower: float

    @property
    def weight(self) -> float:
        return self.slower if self.percent == 50.0 else self.slower / 2


def run_of(row: Row) -> Run | None:
    """What the baseline keeps of a row; None for one that does not say how many requests it is of, or has no percentiles."""
    one = row.endpoint
    if not one.requests:
        return None
    bands = {percent: found for percent in COMPARED if (found := band(one, one.requests, percent)) is not None}
    return Run(one.requests, bands) if bands else None


def band(one: Endpoint, requests: int, percent: float) -> tuple[float, float] | None:
    """Between which times the percentile lies for all that a sample of this size tells; None if the report does not have it."""
    low, high = spread(requests, percent)
    if one.ok is not None and one.bad is not None:
        ordered = sorted([*one.ok, *one.bad])
        return percentile(ordered, low, one.rule), percentile(ordered, high, one.rule)
    value = one.quantiles.get(percent)
    if value is None:
        return None
    below = max((known for known in one.quantiles if known < percent), default=None)
    above = min((known for known in one.quantiles if known > percent), default=None)
    falls = (value - one.quantiles[below]) / (percent - below) if below is not None else None
    climbs = (one.quantiles[above] - value) / (above - percent) if above is not None else None
    if falls is None and climbs is None:
        return None
    # where only one side is known: no steeper towards the middle, twice as steep towards the tail
    down = falls if falls is not None else climbs or 0.0
    up = climbs if climbs is not None else 2 * (falls or 0.0)
    return max(value - down * (percent - low), 0.0), value + up * (high - percent)


def changes(rows: Iterable[Row], baseline: Mapping[str, tuple[Run, ...]], least: int) -> list[Change]:
    """Each percentile that both have, of rows with enough requests; of several earlier runs the slowest counts, so that their own scatter is allowed."""
    found = []
    for row in rows:
        now, runs = run_of(row), baseline.get(row.label, ())
        if now is None or now.requests < least:
            continue
        for percent, (low, high) in now.bands.items():
            earlier = [run.bands[percent] for run in runs if percent in run.bands and run.requests >= least]
            if earlier:
                before = max(top for _, top in earlier)
                slower = max(100.0 * (low / before - 1), 0.0) if before > 0 else 0.0
                found.append(Change(row, percent, before, row.endpoint.quantiles.get(percent, high), slower))
    return found
