"""What wrk, wrk2, hey and ab print at the end of a run, and hey's CSV."""

from __future__ import annotations

import re
from typing import BinaryIO

from backend_lint.facts.performance import Endpoint, LoadReport
from backend_lint.readers.performance.bounds import Samples, UnreadableError, count, endpoint, milliseconds, numeric, whole
from backend_lint.readers.performance.tables import rows

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0, "h": 3_600_000.0}
_TIME = r"(\d{1,12}(?:\.\d{1,6})?)(us|ms|s|m|h)"
_WRK = re.compile(r"^Running .{1,60}? test @ (\S{1,2000})$", re.MULTILINE)
_WRK_SIZE = re.compile(r"^ {1,10}\d{1,9} threads and (\d{1,9}) connections$", re.MULTILINE)
_WRK_PERCENT = re.compile(rf"^ {{1,10}}(\d{{1,3}}(?:\.\d{{1,6}})?)% {{1,10}}{_TIME}$", re.MULTILINE)
_WRK_SPECTRUM = re.compile(r"^ {1,20}(\d{1,12}\.\d{1,6}) {1,20}0\.950000 {1,20}\d{1,12} {1,20}\d{1,12}\.\d\d$", re.MULTILINE)
"""wrk2's, in milliseconds."""
_WRK_TOTAL = re.compile(rf"^ {{1,10}}(\d{{1,12}}) requests in {_TIME}, ", re.MULTILINE)
_WRK_REFUSED = re.compile(r"^ {1,10}Non-2xx or 3xx responses: (\d{1,12})$", re.MULTILINE)
_WRK_LOST = re.compile(r"^ {1,10}Socket errors: connect (\d{1,12}), read (\d{1,12}), write (\d{1,12}), timeout (\d{1,12})$", re.MULTILINE)
_HEY_PERCENT = re.compile(r"^ {1,10}(\d{1,2})%+ in (\d{1,9}\.\d{1,6}) secs$", re.MULTILINE)
_HEY_CODE = re.compile(r"^ {1,10}\[(\d{1,9})\]\t(.{1,2000})$", re.MULTILINE)
_AB_PERCENT = re.compile(r"^ {1,10}(\d{1,2})% {1,20}(\d{1,12})$", re.MULTILINE)
_AB_FIELD = re.compile(r"^([A-Z][A-Za-z0-9 -]{1,40}?): {1,40}(.{1,2000}?)$", re.MULTILINE)
_AB_KINDS = re.compile(r"^ {1,10}\(Connect: (\d{1,12}), Receive: (\d{1,12}), Length: (\d{1,12}), Exceptions: (\d{1,12})\)$", re.MULTILINE)


def text_of(stream: BinaryIO) -> str:
    """What was printed. Raises UnreadableError."""
    try:
        return whole(stream).decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise UnreadableError("is no UTF-8") from None


def _the(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    match = pattern.search(text)
    if match is None:
        raise UnreadableError(f"is cut off, or not all that was printed: {what} is not there")
    return match


def of_wrk(text: str, path: str) -> LoadReport:
    """wrk and wrk2, one run or several. Raises UnreadableError."""
    starts = [match.start() for match in _WRK.finditer(text)]
    endpoints, users, seconds = [], 0, 0.0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        part = text[start:end]
        total = _the(_WRK_TOTAL, part, "the number of requests")
        users = max(users, count(_the(_WRK_SIZE, part, "the number of connections")[1]))
        seconds += float(total[2]) * _UNITS[total[3]] / 1000
        lost = sum(count(one) for one in match.groups()) if (match := _WRK_LOST.search(part)) is not None else 0
        refused = count(match[1]) if (match := _WRK_REFUSED.search(part)) is not None else 0
        quantiles = {float(one[1]): milliseconds(one[2], _UNITS[one[3]]) for one in _WRK_PERCENT.finditer(part) if float(one[1]) < 100}
        if not quantiles:
            raise UnreadableError("has no percentiles: run wrk with --latency")
        if (spectrum := _WRK_SPECTRUM.search(part)) is not None:
            quantiles[95.0] = milliseconds(spectrum[1])
        # requests that got no answer are not among those that wrk counts
        line = text.count("\n", 0, start) + 1
        address = _the(_WRK, part, "the address")[1]
        endpoints.append(endpoint(Endpoint(address, "", count(total[1]) + lost, refused + lost, quantiles, line=line)))
    return LoadReport(path, "wrk", tuple(endpoints), users, seconds, note="" if any(95.0 in one.quantiles for one in endpoints) else "wrk prints no 95 %")


def of_hey(text: str, path: str) -> LoadReport:
    """hey's summary. Raises UnreadableError."""
    quantiles = {float(one[1]): milliseconds(one[2], 1000.0) for one in _HEY_PERCENT.finditer(text)}
    answers, _, errors = text.partition("Status code distribution:")[2].partition("Error distribution:")
    if not quantiles or not answers:
        raise UnreadableError("is cut off, or not all that was printed: the distributions of latency and of status codes are not there")
    codes = {one[1]: count(one[2].partition(" ")[0]) for one in _HEY_CODE.finditer(answers)}
    lost = sum(count(one[1]) for one in _HEY_CODE.finditer(errors))
    refused = sum(number for code, number in codes.items() if code >= "400")
    seconds = numeric(_the(re.compile(r"^ {1,10}Total:\t(\d{1,9}\.\d{1,6}) secs$", re.MULTILINE), text, "the time it took")[1])
    made = endpoint(Endpoint("", "", sum(codes.values()) + lost, refused + lost, quantiles))
    return LoadReport(path, "hey", (made,), None, seconds, note="it names no address")


def of_hey_csv(stream: BinaryIO, path: str, warm_up: float) -> LoadReport:
    """``hey -o csv``; requests without an answer are not in it. Raises UnreadableError."""
    samples = Samples("above", warm_up)
    for _, row in rows(stream, ","):
        samples.add("", "all requests", milliseconds(row["response-time"], 1000.0), count(row["status-code"]) < 400, numeric(row["offset"]))
    (made,) = samples.endpoints()
    nameless = Endpoint("", "", made.requests, made.failures, made.quantiles, made.mean, 1, made.ok, made.bad, made.rule)
    return LoadReport(path, "hey CSV", (nameless,), None, samples.seconds, note="it names no address, and requests without an answer are not in it")


def of_ab(text: str, path: str) -> LoadReport:
    """ApacheBench. Answers of another length than the first are no failures. Raises UnreadableError."""
    fields = {match[1]: match[2].strip() for match in _AB_FIELD.finditer(text)}
    missing = [name for name in ("Complete requests", "Failed requests", "Concurrency Level", "Document Path", "Time taken for tests") if name not in fields]
    quantiles = {float(one[1]): milliseconds(one[2]) for one in _AB_PERCENT.finditer(text)}
    if missing or not quantiles:
        raise UnreadableError(f"is cut off, or not all that was printed: {missing[0] if missing else 'the table of percentages'} is not there")
    failed = count(fields["Failed requests"])
    if (kinds := _AB_KINDS.search(text)) is not None:
        failed -= count(kinds[3])
    refused = count(fields.get("Non-2xx responses", 0))
    seconds = numeric(fields["Time taken for tests"].partition(" ")[0])
    method = "POST" if "Total body sent" in fields else ""
    made = endpoint(Endpoint(fields["Document Path"], method, count(fields["Complete requests"]), max(failed, 0) + refused, quantiles))
    return LoadReport(path, "ab", (made,), count(fields["Concurrency Level"]), seconds, note="ab prints whole milliseconds")
