"""How much of the time a service answered: results of Prometheus, exports of UptimeRobot, Pingdom and Uptime Kuma, tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO

from backend_lint.facts.performance import Uptime
from backend_lint.readers.performance.bounds import UnreadableError, count, numeric, texts
from backend_lint.readers.performance.tables import rows

NAMES = ("name", "service", "monitor", "monitor_name", "friendly_name", "target", "job", "instance")
SHARES = ("uptime", "uptime_percent", "uptime_percentage", "uptime_ratio", "availability", "availability_percent", "uptime %", "sli")
_GOOD, _TOTAL = ("good", "up", "up_checks", "successes"), ("total", "checks", "total_checks")
_PROBES = ("probe_success", "up")
_LABELS = ("service", "instance", "target", "job", "__name__")
_PENDING_AND_DOWN = (0, 2)


def _percent(value: object) -> float:
    """A share up to 1, or per cent. Raises UnreadableError."""
    number = numeric(value.strip().removesuffix("%").strip() if isinstance(value, str) else value)
    if not 0 <= number <= 100:
        raise UnreadableError(f"has an availability of {str(value)[:60]}, which cannot be")
    return number if number > 1 or (isinstance(value, str) and "%" in value) else number * 100


def _of(name: str, up: int, total: int, path: str, line: int = 1) -> Uptime:
    if up > total or not total:
        raise UnreadableError(f"has {up:,} of {total:,} checks that succeeded")
    return Uptime(name[:200], 100.0 * up / total, path, line, total)


def of_prometheus(document: Mapping[str, object], path: str) -> tuple[Uptime, ...]:
    """An answer of ``/api/v1/query`` or ``query_range``. Raises UnreadableError."""
    if document.get("status") != "success":
        raise UnreadableError("is an answer of Prometheus that has failed")
    data = texts(document["data"])
    kind, result = data.get("resultType"), data.get("result")
    if not isinstance(result, list) or not result:
        raise UnreadableError("has no series: the query found nothing")
    if kind == "scalar":
        return (Uptime("scalar", _percent(result[1]), path),)
    return tuple(_series(texts(one), str(kind), path) for one in result)


def _series(one: Mapping[str, object], kind: str, path: str) -> Uptime:
    labels = texts(one.get("metric", {}))
    name = next((str(labels[key]) for key in _LABELS if key in labels), "service")
    given = one.get("values") if kind == "matrix" else [one.get("value")]
    if not isinstance(given, list) or not given or not all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        raise UnreadableError("has a series without values")
    values = [numeric(pair[1]) for pair in given]
    probes = labels.get("__name__") in _PROBES or (len(values) > 1 and all(value in (0, 1) for value in values))
    if probes:
        return _of(name, sum(value == 1 for value in values), len(values), path)
    # a ratio over time: the worst of it
    return Uptime(name[:200], min(_percent(value) for value in values), path)


def of_uptimerobot(document: Mapping[str, object], path: str) -> tuple[Uptime, ...]:
    """An answer of ``getMonitors``; of several spans the worst counts. Raises UnreadableError."""
    monitors = document["monitors"]
    made = []
    for given in monitors if isinstance(monitors, list) else ():
        one = texts(given)
        ratio = next((one[key] for key in ("custom_uptime_ratio", "custom_uptime_ratios", "all_time_uptime_ratio") if key in one), None)
        if ratio is None:
            raise UnreadableError("has a monitor without uptime ratio: ask with custom_uptime_ratios=30")
        # these are per cent, whatever their size
        shares = [numeric(part) for part in str(ratio).split("-")]
        if not all(0 <= share <= 100 for share in shares):
            raise UnreadableError(f"has an availability of {str(ratio)[:60]}, which cannot be")
        made.append(Uptime(str(one.get("friendly_name", one.get("id", "monitor")))[:200], min(shares), path))
    return _some(made)


def of_pingdom(document: Mapping[str, object], path: str) -> tuple[Uptime, ...]:
    """``summary.average`` with ``includeuptime``, in seconds; what is unknown counts as down. Raises UnreadableError."""
    status = texts(texts(document["summary"])["status"])
    up, down, unknown = count(status["totalup"]), count(status["totaldown"]), count(status.get("totalunknown", 0))
    one = _of("check", up, up + down + unknown, path)
    return (Uptime(one.name, one.percent, path),)


def of_kuma(document: Mapping[str, object], path: str) -> tuple[Uptime, ...]:
    """Heartbeats by monitor; those during maintenance do not count. Raises UnreadableError."""
    made = []
    for name, beats in texts(document["heartbeatList"]).items():
        states = [count(texts(beat)["status"]) for beat in beats] if isinstance(beats, list) else []
        up, down = states.count(1), sum(state in _PENDING_AND_DOWN for state in states)
        if up + down:
            made.append(_of(f"monitor {name}", up, up + down, path))
    return _some(made)


def of_table(stream: BinaryIO, path: str, separator: str) -> tuple[Uptime, ...]:
    """A table with a share, or with checks that succeeded and all of them. Raises UnreadableError."""
    made = []
    for line, given in rows(stream, separator):
        row = {key.lower(): value for key, value in given.items()}
        name = next((row[key] for key in NAMES if row.get(key)), f"row {line}")
        good, total = _first(row, _GOOD), _first(row, _TOTAL)
        share = _first(row, SHARES)
        if good is not None and total is not None:
            made.append(_of(name, count(good), count(total), path, line))
        elif share is not None:
            made.append(Uptime(name[:200], _percent(share), path, line))
        else:
            raise UnreadableError(f"has no share in line {line}: a column `uptime` in per cent, or `up` and `total`")
    return _some(made)


def _first(row: Mapping[str, str], keys: Iterable[str]) -> str | None:
    return next((row[key] for key in keys if row.get(key)), None)


def _some(made: list[Uptime]) -> tuple[Uptime, ...]:
    if not made:
        raise UnreadableError("has no service")
    return tuple(made)
