"""Reads what load tests, databases and monitors write: a stream of bytes in, `facts.performance` out. The format is told by the content.

Reports come from the checked project and are not to be trusted: each is read as a stream, or decoded whole if it is small, and one record that cannot be true
makes it unusable. Nothing is guessed, so that a broken report never gives a better number than a whole one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import BinaryIO

import msgspec

from backend_lint.facts.performance import LoadReport, StatementTime, Uptime
from backend_lint.readers.performance.bounds import UnknownFormatError, UnreadableError, texts, whole

__all__ = ["FORMATS", "UnknownFormatError", "UnreadableError", "read"]

Read = LoadReport | tuple[StatementTime, ...] | tuple[Uptime, ...]
FORMATS = (
    "k6 (summary, --out json), Locust (CSV, JSON), JMeter (JTL as CSV or XML, statistics.json), Gatling (simulation.log, stats.json), "
    "vegeta (report and encode), wrk, wrk2, oha, hey, autocannon, ab; pg_stat_statements, auto_explain, MySQL digests, pt-query-digest; "
    "Prometheus, UptimeRobot, Pingdom, Uptime Kuma, CSV"
)
_HEAD = 1 << 16
_GATLING = re.compile(r"(?:ASSERTION\t[^\n]{0,2000}\n){0,50}RUN\t")
_VEGETA = re.compile(r"\d{18,20},\d{1,3},\d{1,20},")


def read(stream: BinaryIO, path: str, warm_up: float = 0.0) -> Read:
    """What one report says. `warm_up`: so many seconds of single requests are left out. Raises UnreadableError with the reason."""
    head = stream.read(_HEAD)
    stream.seek(0)
    if not head.strip(b"\xef\xbb\xbf \r\n\t"):
        raise UnreadableError("is empty")
    try:
        return _read(stream, head, path, warm_up)
    except UnreadableError:
        raise
    except (ValueError, OverflowError, RecursionError, LookupError, TypeError, msgspec.MsgspecError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
        raise UnreadableError(f"is broken: {what}"[:300]) from None


def _read(stream: BinaryIO, head: bytes, path: str, warm_up: float) -> Read:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"<":
        from backend_lint.readers.performance.jmeter import of_xml

        return of_xml(stream, path, warm_up)
    if start[:1] in b"{[":
        return _of_json(stream, start, path, warm_up)
    return _of_text(stream, start.decode("utf-8", "replace"), path, warm_up)


def _of_json(stream: BinaryIO, start: bytes, path: str, warm_up: float) -> Read:
    first = start.split(b"\n", 1)[0]
    if start[:1] == b"{" and _is_object(first):
        if b'"metric"' in first and b'"type"' in first and b'"data"' in first:
            from backend_lint.readers.performance.k6 import of_samples

            return of_samples(stream, path, warm_up)
        if b'"latency"' in first and b'"timestamp"' in first and b'"code"' in first:
            from backend_lint.readers.performance.vegeta import of_json_lines

            return of_json_lines(stream, path, warm_up)
        if b'"error_severity"' in first and b'"message"' in first:
            from backend_lint.readers.performance.explained import of_json_log

            return of_json_log(stream, path)
    data = whole(stream)
    document = msgspec.json.decode(data)
    if isinstance(document, list):
        if document and isinstance(document[0], dict) and "response_times" in document[0]:
            from backend_lint.readers.performance.locust import of_json

            return of_json(data, path)
        if document and isinstance(document[0], dict) and {key.lower() for key in document[0]} & {"query", "digest_text"}:
            from backend_lint.readers.performance.statements import of_rows

            return of_rows(document, path)
        raise UnknownFormatError(f"is in none of the known formats: {FORMATS}")
    return _of_object(texts(document), data, path)


def _is_object(line: bytes) -> bool:
    """The first line is an object of its own. A line that is longer than the head is none that we stream."""
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except msgspec.DecodeError:
        return False


def _of_object(document: Mapping[str, object], data: bytes, path: str) -> Read:
    from backend_lint.readers.performance import gatling, jmeter, k6, summaries, uptime, vegeta

    keys = document.keys()
    if "metrics" in keys and "root_group" in keys:
        return k6.of_summary(document, path)
    if {"latencies", "requests", "success"} <= keys:
        return vegeta.of_report(document, path)
    if {"latencyPercentiles", "statusCodeDistribution", "summary"} <= keys:
        return summaries.of_oha(document, path)
    if {"latency", "requests", "connections", "non2xx"} <= keys:
        return summaries.of_autocannon(document, path)
    if "numberOfRequests" in keys or ("stats" in keys and "contents" in keys):
        return gatling.of_statistics(document, path)
    if "classes" in keys and "global" in keys:
        from backend_lint.readers.performance.statements import of_pt_json

        return of_pt_json(data, path)
    if "data" in keys and "status" in keys:
        return uptime.of_prometheus(document, path)
    if "monitors" in keys:
        return uptime.of_uptimerobot(document, path)
    if "heartbeatList" in keys:
        return uptime.of_kuma(document, path)
    if isinstance(document.get("summary"), dict) and "status" in texts(document["summary"]):
        return uptime.of_pingdom(document, path)
    first = next(iter(document.values()), None)
    if isinstance(first, dict) and "pct2ResTime" in first:
        return jmeter.of_statistics(document, path)
    if isinstance(first, list) and first and isinstance(first[0], dict):
        from backend_lint.readers.performance.statements import of_rows

        if {key.lower() for key in first[0]} & {"query", "digest_text"}:
            return of_rows(first, path)
    raise UnknownFormatError(f"is in none of the known formats: {FORMATS}")


def _of_text(stream: BinaryIO, start: str, path: str, warm_up: float) -> Read:
    from backend_lint.readers.performance import explained, printed

    first = start.split("\n", 1)[0].rstrip("\r")
    if first.startswith("Running ") and " test @ " in first:
        return printed.of_wrk(printed.text_of(stream), path)
    if first.startswith("This is ApacheBench"):
        return printed.of_ab(printed.text_of(stream), path)
    if first == "Summary:" and "Requests/sec:" in start:
        return printed.of_hey(printed.text_of(stream), path)
    if _GATLING.match(start):
        from backend_lint.readers.performance.gatling import of_log

        return of_log(stream, path, warm_up)
    if _VEGETA.match(first):
        from backend_lint.readers.performance.vegeta import of_csv

        return of_csv(stream, path, warm_up)
    if explained.HEAD.search(start) or " LOG:  " in start:
        return explained.of_text_log(stream, path)
    return _of_table(stream, first, path, warm_up)


def _of_table(stream: BinaryIO, head: str, path: str, warm_up: float) -> Read:
    separator = max(",\t;|", key=head.count)
    columns = [name.strip().strip('"') for name in head.split(separator)]
    known = {name.lower() for name in columns}
    if columns[:2] == ["response-time", "DNS+dialup"]:
        from backend_lint.readers.performance.printed import of_hey_csv

        return of_hey_csv(stream, path, warm_up)
    if {"elapsed", "label"} <= known:
        from backend_lint.readers.performance.jmeter import of_csv

        return of_csv(stream, path, warm_up)
    if {"query", "calls"} <= known or "digest_text" in known:
        from backend_lint.readers.performance.statements import of_table as of_statements

        return of_statements(stream, path, separator)
    from backend_lint.readers.performance import locust, uptime

    kind = locust.HEADS.get(tuple(columns[:4]))
    if kind == "statistics":
        return locust.of_statistics(stream, path)
    if kind == "history":
        return locust.of_history(stream, path)
    if kind == "failures":
        return locust.of_failures(stream, path)
    if known & set(uptime.SHARES) or ("total" in known and known & {"up", "good"}):
        return uptime.of_table(stream, path, separator)
    raise UnknownFormatError(f"is in none of the known formats: {FORMATS}")
