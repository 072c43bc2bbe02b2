"""Exports of what databases count by statement: ``pg_stat_statements`` of any version, MySQL's and MariaDB's digests, pt-query-digest's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import BinaryIO

import msgspec

from backend_lint.facts.performance import StatementTime
from backend_lint.readers.performance.bounds import UnreadableError, count, milliseconds, numeric, texts
from backend_lint.readers.performance.tables import rows

_PICO = 1e-9
"""Timers of MySQL's performance schema count picoseconds."""
_HIDDEN = "<insufficient privilege>"
_MAX_ROWS = 200_000
_MAX_TEXT = 100_000
_TOLERANCE = 0.02


def of_table(stream: BinaryIO, path: str, separator: str) -> tuple[StatementTime, ...]:
    """A table with a head. Raises UnreadableError."""
    return _all(((line, {key.lower(): value for key, value in row.items()}) for line, row in rows(stream, separator)), path)


def of_rows(document: Iterable[object], path: str) -> tuple[StatementTime, ...]:
    """A list of objects. Raises UnreadableError."""
    return _all(((1, {key.lower(): value for key, value in texts(row).items()}) for row in document), path)


def _all(given: Iterable[tuple[int, Mapping[str, object]]], path: str) -> tuple[StatementTime, ...]:
    made: list[StatementTime] = []
    for line, row in given:
        if len(made) >= _MAX_ROWS:
            raise UnreadableError(f"has more than {_MAX_ROWS:,} statements")
        one = _of_digest(row, path, line) if "digest_text" in row else _of_postgresql(row, path, line)
        if one is not None:
            made.append(one)
    if not made:
        raise UnreadableError("has no statement whose text and time can be read: export it as a role that is a member of pg_read_all_stats")
    return tuple(made)


def _of_postgresql(row: Mapping[str, object], path: str, line: int) -> StatementTime | None:
    """Columns were called ``total_time`` and ``mean_time`` before version 13."""
    text = row.get("query")
    if not isinstance(text, str) or not text.strip() or text.strip() == _HIDDEN:
        return None
    calls = count(row.get("calls"))
    suffix = "_exec_time" if "mean_exec_time" in row or "total_exec_time" in row else "_time"
    total = milliseconds(row[f"total{suffix}"], 1e-6) * 1e6 if row.get(f"total{suffix}") not in (None, "") else None
    if row.get(f"mean{suffix}") not in (None, ""):
        mean = milliseconds(row[f"mean{suffix}"])
    elif total is not None and calls:
        mean = total / calls
    else:
        raise UnreadableError(f"has neither mean{suffix} nor total{suffix} in line {line}: export all columns, SELECT *")
    low, high = row.get(f"min{suffix}"), row.get(f"max{suffix}")
    _add_up(text, calls, mean, total, milliseconds(low) if low not in (None, "") else None, milliseconds(high) if high not in (None, "") else None)
    return StatementTime(text[:_MAX_TEXT], calls, mean, None, path, line) if calls else None


def _of_digest(row: Mapping[str, object], path: str, line: int) -> StatementTime | None:
    text = row["digest_text"]
    if not isinstance(text, str) or not text.strip() or text.strip() == "NULL":
        return None
    calls = count(row.get("count_star"))
    if "avg_timer_wait" not in row:
        raise UnreadableError("has no column AVG_TIMER_WAIT: export all columns, SELECT *")
    mean = milliseconds(row["avg_timer_wait"], _PICO)
    total = numeric(row["sum_timer_wait"]) * _PICO if "sum_timer_wait" in row else None
    p95 = milliseconds(row["quantile_95"], _PICO) if row.get("quantile_95") not in (None, "", "NULL") else None
    _add_up(text, calls, mean, total, None, milliseconds(row["max_timer_wait"], _PICO) if "max_timer_wait" in row else None)
    return StatementTime(text.replace("(...)", "(?)")[:_MAX_TEXT], calls, mean, p95, path, line) if calls else None


def _add_up(text: str, calls: int, mean: float, total: float | None, low: float | None, high: float | None) -> None:
    """Raises UnreadableError for numbers that contradict one another: somebody or something has changed them."""
    slack = _TOLERANCE * max(mean, 0.001)
    wrong = total is not None and calls and abs(total / calls - mean) > slack
    if wrong or (low is not None and mean < low - slack) or (high is not None and mean > high + slack):
        raise UnreadableError(f"does not add up: mean, total and extremes of {text[:60]!r} contradict one another")


class _Time(msgspec.Struct):
    avg: str
    pct_95: str | None = None


class _Metrics(msgspec.Struct):
    time: _Time = msgspec.field(name="Query_time")


class _Class(msgspec.Struct):
    fingerprint: str
    query_count: int
    metrics: _Metrics


class _Digest(msgspec.Struct):
    classes: list[_Class]


def of_pt_json(data: bytes, path: str) -> tuple[StatementTime, ...]:
    """``pt-query-digest --output json`` of a slow log: it has what was slow enough to be logged, in seconds. Raises UnreadableError or msgspec.DecodeError."""
    made = []
    for one in msgspec.json.decode(data, type=_Digest).classes[:_MAX_ROWS]:
        given = one.metrics.time
        p95 = milliseconds(given.pct_95, 1000.0) if given.pct_95 is not None else None
        made.append(StatementTime(one.fingerprint[:_MAX_TEXT], count(one.query_count), milliseconds(given.avg, 1000.0), p95, path, 1, True))
    if not made:
        raise UnreadableError("has no statement")
    return tuple(made)
