"""k6: the summary of ``--summary-export`` and of ``handleSummary``, and the samples of ``--out json``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO

import msgspec

from backend_lint.facts.performance import Endpoint, LoadReport
from backend_lint.readers.performance.bounds import MAX_LINE, Samples, UnreadableError, count, endpoint, milliseconds, numeric, texts

_SUBMETRIC = re.compile(r"([a-z_0-9]{1,100})\{(.{1,400})\}")
_TAG = re.compile(r"(name|url|method|group|scenario|expected_response|status)::?:?([^,]{1,400})")
_PERCENTILE = re.compile(r"p\((\d{1,2}(?:\.\d{1,4})?)\)")


def of_summary(document: Mapping[str, object], path: str) -> LoadReport:
    """The summary: all requests together, and those of each tag that a threshold names. Raises UnreadableError."""
    metrics = texts(document["metrics"])
    users: int | None = None
    for name in ("vus_max", "vus"):
        if name in metrics:
            values = _values(metrics[name])
            users = max(users or 0, *(count(values[key]) for key in ("value", "max") if key in values))
    endpoints = []
    for name, metric in metrics.items():
        base, tags = name, ""
        if (match := _SUBMETRIC.fullmatch(name)) is not None:
            base, tags = match.groups()
        if base == "http_req_duration" and "expected_response" not in tags:
            endpoints.append(_endpoint(metrics, tags, _values(metric)))
    if not endpoints:
        raise UnreadableError("has no `http_req_duration`: k6 sent no request")
    named = [one for one in endpoints if one.name]
    state = document.get("state")
    seconds = numeric(state["testRunDurationMs"]) / 1000 if isinstance(state, dict) and "testRunDurationMs" in state else None
    note = "" if named else "it has all requests together: give requests a `name` and each name a threshold, or use --out json"
    # all requests together are no endpoint where single ones are known
    return LoadReport(path, "k6 summary", tuple(named or endpoints), users, seconds, note=note)


def _values(metric: object) -> Mapping[str, object]:
    given = texts(metric)
    return texts(given["values"]) if "values" in given else given


def _endpoint(metrics: Mapping[str, object], tags: str, values: Mapping[str, object]) -> Endpoint:
    quantiles = {float(match[1]): milliseconds(value) for key, value in values.items() if (match := _PERCENTILE.fullmatch(key)) is not None}
    if "med" in values:
        quantiles[50.0] = milliseconds(values["med"])
    suffix = f"{{{tags}}}" if tags else ""
    requests = None
    if f"http_reqs{suffix}" in metrics:
        requests = count(_values(metrics[f"http_reqs{suffix}"])["count"])
    elif "count" in values:
        requests = count(values["count"])
    failures = 0
    if f"http_req_failed{suffix}" in metrics:
        failures, of = _failed(_values(metrics[f"http_req_failed{suffix}"]))
        requests = of if requests is None else requests
    given = dict(_TAG.findall(tags))
    name = (given.get("name") or given.get("url") or given.get("group") or tags).strip(":").strip()
    mean = milliseconds(values["avg"]) if "avg" in values else None
    return endpoint(Endpoint(name, given.get("method", "").strip().upper(), requests, failures, quantiles, mean))


def _failed(rate: Mapping[str, object]) -> tuple[int, int]:
    """How many requests failed, and of how many: of this rate, what "passes" is what failed. Raises UnreadableError if its share says something else."""
    passes, fails = count(rate["passes"]), count(rate["fails"])
    share = rate.get("rate", rate.get("value"))
    if share is not None and abs(numeric(share) * (passes + fails) - passes) > 0.5:
        raise UnreadableError(f"does not add up: {passes:,} of {passes + fails:,} requests failed, and their share is {share!r}"[:200])
    return passes, passes + fails


class _Tags(msgspec.Struct):
    name: str = ""
    url: str = ""
    method: str = ""
    status: str = ""
    expected_response: str = ""


class _Data(msgspec.Struct):
    value: float | None = None
    time: str = ""
    tags: _Tags | None = None


class _Point(msgspec.Struct):
    type: str
    metric: str = ""
    data: _Data | None = None


def of_samples(stream: BinaryIO, path: str, warm_up: float) -> LoadReport:
    """``--out json``: a line a sample. Raises UnreadableError."""
    decoder = msgspec.json.Decoder(_Point)
    samples = Samples("linear", warm_up)
    users = 0
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if b'"Point"' not in line or (b'"http_req_duration"' not in line and b'"vus' not in line):
            if not line.endswith(b"\n"):
                _whole(line, number)
            continue
        try:
            point = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise UnreadableError(f"is broken or cut off in line {number}: {error}"[:300]) from None
        data = point.data
        if point.type != "Point" or data is None or data.value is None:
            continue
        if point.metric == "http_req_duration":
            tags = data.tags or _Tags()
            failed = tags.expected_response == "false" if tags.expected_response else tags.status == "0" or tags.status >= "400"
            samples.add(tags.method, tags.name or tags.url or "unnamed", milliseconds(data.value), not failed, _moment(data.time))
        elif point.metric in ("vus", "vus_max"):
            users = max(users, count(data.value))
    return LoadReport(path, "k6 samples", samples.endpoints(), users or None, samples.seconds, samples.last if samples.seconds else None)


def _whole(line: bytes, number: int) -> None:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        raise UnreadableError(f"is cut off in line {number}") from None


def _moment(text: str) -> float | None:
    """Seconds since 1970 when a sample was taken; its request began as long before as it took, which is little enough to be left out."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
    except (ValueError, OverflowError):
        raise UnreadableError(f"has {text[:60]!r} where a time must stand") from None
