"""vegeta: the JSON report, and results as ``vegeta encode`` writes them, JSON lines and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import BinaryIO

import msgspec

from backend_lint.facts.performance import Endpoint, LoadReport
from backend_lint.readers.performance.bounds import MAX_LINE, Samples, UnreadableError, count, endpoint, milliseconds, numeric, texts
from backend_lint.readers.performance.tables import records

_NANO = 1e-6
_PERCENTS = {"50th": 50.0, "90th": 90.0, "95th": 95.0, "99th": 99.0}
_NOTE = "percentiles are taken of the results, to the nearest rank; vegeta's own come from a sketch (t-digest) and may differ a little"


def of_report(document: Mapping[str, object], path: str) -> LoadReport:
    """``vegeta report -type=json``. Raises UnreadableError."""
    latencies = texts(document["latencies"])
    quantiles = {percent: milliseconds(latencies[key], _NANO) for key, percent in _PERCENTS.items() if key in latencies}
    requests = count(document["requests"])
    codes = {str(code): count(number) for code, number in texts(document.get("status_codes", {})).items()}
    if codes and sum(codes.values()) != requests:
        raise UnreadableError(f"does not add up: {requests:,} requests and {sum(codes.values()):,} answers")
    success = numeric(document["success"])
    if not 0 <= success <= 1:
        raise UnreadableError(f"has a success of {success!r}, which is no share")
    failures = sum(number for code, number in codes.items() if not "200" <= code < "400") if codes else requests - int(requests * success)
    mean = milliseconds(latencies["mean"], _NANO) if "mean" in latencies else None
    made = endpoint(Endpoint("", "", requests, failures, quantiles if requests else {}, mean))
    finished = _moment(document["end"] if "end" in document else document.get("latest"))
    seconds = numeric(document["duration"]) / 1e9 if "duration" in document else None
    return LoadReport(path, "vegeta report", (made,), None, seconds, finished, "it has all requests together: `vegeta encode` has each")


class _Result(msgspec.Struct):
    code: int
    timestamp: str
    latency: int
    error: str = ""
    method: str = ""
    url: str = ""
    attack: str = ""


def of_json_lines(stream: BinaryIO, path: str, warm_up: float) -> LoadReport:
    """``vegeta encode -to json``. Raises UnreadableError."""
    decoder = msgspec.json.Decoder(_Result)
    samples = Samples("nearest", warm_up)
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if not line.strip():
            continue
        try:
            one = decoder.decode(line)
        except msgspec.DecodeError as error:
            raise UnreadableError(f"is broken or cut off in line {number}: {error}"[:300]) from None
        ok = not one.error and 200 <= one.code < 400
        samples.add(one.method, one.url or one.attack or "unnamed", milliseconds(one.latency, _NANO), ok, _moment(one.timestamp))
    return _report(path, samples)


def of_csv(stream: BinaryIO, path: str, warm_up: float) -> LoadReport:
    """``vegeta encode -to csv``: no head; time, code, latency, bytes out and in, error, body, attack, number, method, address. Raises UnreadableError."""
    samples = Samples("nearest", warm_up)
    width = 0
    for line, record in records(stream, ","):
        width = width or len(record)
        if len(record) != width or width < 9:
            raise UnreadableError(f"is cut off in line {line}: {len(record)} fields")
        method, url = (record[9], record[10]) if width > 10 else ("", "")
        ok = not record[5] and 200 <= count(record[1]) < 400
        samples.add(method, url or record[7] or "unnamed", milliseconds(record[2], _NANO), ok, numeric(record[0]) / 1e9)
    return _report(path, samples)


def _report(path: str, samples: Samples) -> LoadReport:
    return LoadReport(path, "vegeta results", samples.endpoints(), None, samples.seconds, samples.last if samples.seconds else None, _NOTE)


def _moment(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    main, dot, rest = text.partition(".")
    if dot:  # nanoseconds, of which a datetime takes six digits
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{main}.{digits[:6]}{rest[len(digits):]}"
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise UnreadableError(f"has {text[:60]!r} where a time must stand") from None
