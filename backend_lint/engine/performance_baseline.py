"""Earlier runs of load tests by endpoint, as ``backend-lint baseline performance`` keeps them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from backend_lint.config import ConfigError
from backend_lint.engine.discover import read_regular
from backend_lint.facts.performance import Run

MOST_RUNS = 10
"""More of the past than these say nothing of how much today's runs scatter."""
_MAX_BYTES = 10_000_000


def parse(data: bytes, name: str) -> dict[str, tuple[Run, ...]]:
    """Endpoint -> its runs, the oldest first. Raises ConfigError."""
    try:
        found = {str(label): tuple(_run(one) for one in runs) for label, runs in json.loads(data)["endpoints"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise ConfigError(f"{name} is no baseline of load tests; `backend-lint baseline performance --force` writes it anew") from None
    return found


def _run(given: Mapping[str, object]) -> Run:
    requests, bands = given["requests"], given["bands"]
    if not isinstance(requests, int) or isinstance(requests, bool) or requests < 1 or not isinstance(bands, dict):
        raise ValueError("no run")
    made: dict[float, tuple[float, float]] = {}
    for percent, (low, high) in bands.items():
        low, high = float(low), float(high)
        if not 0 <= low <= high < math.inf:
            raise ValueError("no band")
        made[float(percent)] = low, high
    return Run(requests, made)


def load(root: Path, name: str) -> tuple[dict[str, tuple[Run, ...]] | None, str]:
    """The baseline at a path relative to the root; None with the reason if it is not there. Raises ConfigError if it is none, or leads out of the root."""
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise ConfigError(f"gate.performance.baseline: {name} leads out of the project root")
    try:
        return parse(read_regular(path, _MAX_BYTES), name), ""
    except OSError as error:
        return None, f"{name}: {error.strerror or error}; `backend-lint baseline performance` writes it"


def allows_more(before: Sequence[Run], now: Sequence[Run]) -> bool:
    """Whether the runs of an endpoint let it be slower than those before: a percentile may be higher, or nothing is kept of it."""

    def most(runs: Sequence[Run], percent: float) -> float:
        return max((run.bands[percent][1] for run in runs if percent in run.bands), default=math.inf)

    return any(most(now, percent) > most(before, percent) for percent in {percent for run in before for percent in run.bands})


def joined(before: Mapping[str, tuple[Run, ...]] | None, now: Mapping[str, Run]) -> dict[str, tuple[Run, ...]]:
    """The runs of today behind those of before."""
    labels = sorted({*(before or {}), *now})
    return {label: (*(before or {}).get(label, ()), *((now[label],) if label in now else ()))[-MOST_RUNS:] for label in labels}


def text(endpoints: Mapping[str, tuple[Run, ...]]) -> str:
    """The file's text; the numbers are whole, so that reading gives them back as they were."""
    made = {
        label: [{"requests": run.requests, "bands": {f"{percent:g}": list(band) for percent, band in sorted(run.bands.items())}} for run in runs]
        for label, runs in sorted(endpoints.items())
    }
    return json.dumps({"version": 1, "endpoints": made}, indent=2) + "\n"
