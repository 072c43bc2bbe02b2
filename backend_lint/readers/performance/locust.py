"""Locust: the statistics, history and failures of ``--csv``, and ``--json``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from backend_lint.facts.performance import Endpoint, LoadReport
from backend_lint.readers.performance.bounds import MAX_ENDPOINTS, UnreadableError, count, endpoint, milliseconds, numeric, unique
from backend_lint.readers.performance.tables import rows
from backend_lint.redaction import redacted_command

_PERCENTS = {"50%": 50.0, "66%": 66.0, "75%": 75.0, "80%": 80.0, "90%": 90.0, "95%": 95.0, "98%": 98.0, "99%": 99.0, "99.9%": 99.9, "99.99%": 99.99}
_ROUNDED = "Locust keeps two digits of a time above 100 ms"
_TOTAL = "Aggregated"


def of_statistics(stream: BinaryIO, path: str) -> LoadReport:
    """``NAME_stats.csv``. Raises UnreadableError."""
    endpoints: list[Endpoint] = []
    doubtful: list[str] = []
    total: int | None = None
    for line, row in rows(stream, ","):
        requests, failures = count(row["Request Count"]), count(row["Failure Count"])
        if row["Name"] == _TOTAL and not row["Type"]:
            total = requests
            continue
        if len(endpoints) == MAX_ENDPOINTS:
            raise UnreadableError(f"has more than {MAX_ENDPOINTS:,} names of requests: give those to one route one name")
        quantiles = {percent: milliseconds(row[key]) for key, percent in _PERCENTS.items() if row.get(key, "N/A") != "N/A"}
        mean = milliseconds(row["Average Response Time"]) if requests else None
        endpoints.append(endpoint(Endpoint(row["Name"], row["Type"], requests, failures, quantiles if requests else {}, mean, line)))
    if total is None:
        raise UnreadableError("is cut off: its last row, Aggregated, is not there")
    if total != sum(one.requests or 0 for one in endpoints):
        raise UnreadableError(f"does not add up: its rows have {sum(one.requests or 0 for one in endpoints):,} requests, its total {total:,}")
    return LoadReport(path, "Locust statistics", unique(endpoints, doubtful), note=_ROUNDED, doubtful=tuple(doubtful))


def of_history(stream: BinaryIO, path: str) -> LoadReport:
    """``NAME_stats_history.csv``: how many users there were. Raises UnreadableError."""
    users, first, last = 0, None, 0.0
    for _, row in rows(stream, ","):
        users = max(users, count(row["User Count"]))
        last = numeric(row["Timestamp"])
        first = last if first is None else first
    if first is None:
        raise UnreadableError("has no row")
    return LoadReport(path, "Locust history", (), users, last - first, last)


def of_failures(stream: BinaryIO, path: str) -> LoadReport:
    """``NAME_failures.csv``: what failed. Raises UnreadableError."""
    first = itertools.islice(rows(stream, ","), 1000)
    errors = [(row["Method"], row["Name"], redacted_command(row["Error"][:200]), count(row["Occurrences"])) for _, row in first]
    return LoadReport(path, "Locust failures", errors=tuple(errors))


class _Entry(msgspec.Struct):
    name: str
    method: str | None
    num_requests: int
    num_failures: int
    response_times: dict[str, int]
    total_response_time: float = 0.0
    start_time: float | None = None
    last_request_timestamp: float | None = None
    num_none_requests: int = 0


def of_json(data: bytes, path: str) -> LoadReport:
    """``--json``. Raises UnreadableError or msgspec.DecodeError."""
    entries = msgspec.json.decode(data, type=list[_Entry])
    if not entries:
        raise UnreadableError("has no request")
    doubtful: list[str] = []
    made = []
    for entry in entries:
        times = sorted((milliseconds(time), count(times)) for time, times in entry.response_times.items())
        requests = count(entry.num_requests)
        if sum(times for _, times in times) + entry.num_none_requests != requests:
            raise UnreadableError(f"does not add up: {entry.name[:100]!r} has {requests:,} requests and {sum(times for _, times in times):,} times")
        quantiles = {percent: _percentile(times, requests, percent) for percent in _PERCENTS.values()} if times else {}
        mean = milliseconds(entry.total_response_time) / requests if requests else None
        made.append(endpoint(Endpoint(entry.name, entry.method or "", requests, count(entry.num_failures), quantiles, mean)))
    started, finished = [one.start_time for one in entries if one.start_time], [one.last_request_timestamp for one in entries if one.last_request_timestamp]
    seconds = max(finished) - min(started) if started and finished else None
    return LoadReport(path, "Locust JSON", unique(made, doubtful), None, seconds, max(finished, default=None), _ROUNDED, doubtful=tuple(doubtful))


def _percentile(times: list[tuple[float, int]], requests: int, percent: float) -> float:
    """As Locust takes it of its table of times."""
    wanted = int(requests * (percent / 100))
    seen = 0
    for time, number in reversed(times):
        seen += number
        if requests - seen <= wanted:
            return time
    return times[0][0]


HEADS: Mapping[tuple[str, ...], str] = {
    ("Type", "Name", "Request Count", "Failure Count"): "statistics",
    ("Timestamp", "User Count", "Type", "Name"): "history",
    ("Method", "Name", "Error", "Occurrences"): "failures",
}
