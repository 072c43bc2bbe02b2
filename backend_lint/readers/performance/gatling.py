"""Gatling: ``simulation.log`` of the versions that write text, ``stats.json`` and ``global_stats.json`` of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from backend_lint.facts.performance import Endpoint, LoadReport
from backend_lint.readers.performance.bounds import Samples, UnreadableError, count, endpoint, lines, milliseconds, numeric, texts

_NOTE = "percentiles 50, 75, 95 and 99, as Gatling has them unless gatling.conf says otherwise"
_PERCENTS = {"percentiles1": 50.0, "percentiles2": 75.0, "percentiles3": 95.0, "percentiles4": 99.0}
_MAX_DEPTH = 20


def of_log(stream: BinaryIO, path: str, warm_up: float) -> LoadReport:
    """``simulation.log``. Raises UnreadableError."""
    samples = Samples("nearest", warm_up)
    users: list[tuple[float, int]] = []
    for number, line in lines(stream):
        kind, *rest = line.split("\t")
        if kind == "REQUEST":
            _request(samples, number, rest)
        elif kind == "USER":
            way = next((one for one in rest if one in ("START", "END")), None)
            at = rest[-1].strip() if rest else ""
            if way is None or not at.isdigit():
                raise UnreadableError(f"is broken or cut off in line {number}")
            users.append((numeric(at), 1 if way == "START" else -1))
        elif kind not in ("RUN", "GROUP", "ASSERTION", "ERROR", ""):
            raise UnreadableError(f"has a record {kind[:40]!r} in line {number}, which no Gatling writes")
    most = active = 0
    for _, step in sorted(users):
        active += step
        most = max(most, active)
    note = "percentiles are taken of the log, to the nearest rank; the report of Gatling may differ by a rank"
    return LoadReport(path, "Gatling log", samples.endpoints(), most or None, samples.seconds, samples.last if samples.seconds else None, note)


def _request(samples: Samples, number: int, fields: list[str]) -> None:
    """Name, start, end and status stand together; what is in front of them depends on the version."""
    for index in range(len(fields) - 1, 2, -1):
        if fields[index] in ("OK", "KO") and fields[index - 1].isdigit() and fields[index - 2].isdigit():
            start, end = numeric(fields[index - 2]), numeric(fields[index - 1])
            samples.add("", fields[index - 3], milliseconds(end - start), fields[index] == "OK", start / 1000)
            return
    raise UnreadableError(f"is broken or cut off in line {number}")


def of_statistics(document: Mapping[str, object], path: str) -> LoadReport:
    """``stats.json``, or ``global_stats.json`` with all requests together. Raises UnreadableError."""
    if "stats" not in document:
        return LoadReport(path, "Gatling statistics", (_endpoint("", document),), note=f"{_NOTE}; it has all requests together: stats.json has each")
    endpoints = [_endpoint(name, stats) for name, stats in _requests(document, 0)]
    if not endpoints:
        raise UnreadableError("has no request")
    return LoadReport(path, "Gatling statistics", tuple(endpoints), note=_NOTE)


def _requests(group: Mapping[str, object], depth: int) -> Iterator[tuple[str, Mapping[str, object]]]:
    if depth > _MAX_DEPTH:
        raise UnreadableError("is nested too deeply")
    for inner in texts(group.get("contents", {})).values():
        one = texts(inner)
        if one.get("type") == "REQUEST":
            yield str(one["name"]), texts(one["stats"])
        else:
            yield from _requests(one, depth + 1)


def _endpoint(name: str, stats: Mapping[str, object]) -> Endpoint:
    numbers = texts(stats["numberOfRequests"])
    quantiles = {percent: milliseconds(texts(stats[key])["total"]) for key, percent in _PERCENTS.items() if key in stats and texts(stats[key])["total"] != "-"}
    mean = texts(stats["meanResponseTime"])["total"]
    return endpoint(Endpoint(name, "", count(numbers["total"]), count(numbers["ko"]), quantiles, milliseconds(mean) if mean != "-" else None))
