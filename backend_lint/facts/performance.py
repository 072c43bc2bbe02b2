"""What load tests, databases and monitors measured: reports as their tools wrote them, and what is asked of them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import msgspec


class Endpoint(msgspec.Struct, frozen=True):
    """What a load test says of one kind of request. Times in milliseconds.

    `name` as the tool names it: a path, an address, or any text. `requests` is None if the report does not say how many there were. `quantiles`: per cent ->
    time, as the tool has it. `ok`, `bad`: the time of each answer and of each failure, unsorted, where the report has them; `rule` is then how its tool makes
    percentiles of them (`backend_lint.quantiles`).
    """

    name: str
    method: str = ""
    requests: int | None = None
    failures: int = 0
    quantiles: Mapping[float, float] = {}
    mean: float | None = None
    line: int = 1
    ok: array[float] | None = None
    bad: array[float] | None = None
    rule: str = ""


class LoadReport(msgspec.Struct, frozen=True):
    """One report of a load test. `users`: the most users, threads or connections at a time. `seconds`: how long it ran. `finished`: seconds since 1970.

    `note`: what is to be known of its numbers. `errors`: what failed, by (method, name) of the endpoint, with how often.
    """

    path: str
    tool: str
    endpoints: tuple[Endpoint, ...] = ()
    users: int | None = None
    seconds: float | None = None
    finished: float | None = None
    note: str = ""
    errors: tuple[tuple[str, str, str, int], ...] = ()
    doubtful: tuple[str, ...] = ()


class StatementTime(msgspec.Struct, frozen=True):
    """How long one statement takes, in milliseconds. `partial`: only its slow executions are known. `scanned`: tables that its plan reads whole."""

    text: str
    calls: int
    mean_ms: float
    p95_ms: float | None = None
    path: str = ""
    line: int = 1
    partial: bool = False
    scanned: tuple[str, ...] = ()


class Uptime(msgspec.Struct, frozen=True):
    """How much of the time a service answered, in per cent. `probes`: how many checks the number is of, None if the report does not say."""

    name: str
    percent: float
    path: str = ""
    line: int = 1
    probes: int | None = None


class Run(msgspec.Struct, frozen=True):
    """What one run of a load test said of an endpoint: per cent -> (low, high), between which the percentile lies for all that the sample tells."""

    requests: int
    bands: Mapping[float, tuple[float, float]]


class Targets(msgspec.Struct, frozen=True):
    """What is asked for. `asked`: the names of the conditions that the gate has. Times in milliseconds, rates and shares in per cent."""

    asked: tuple[str, ...] = ()
    quantiles: Mapping[float, float] = msgspec.field(default_factory=lambda: {95.0: 200.0})
    query_ms: float = 100.0
    error_rate: float = 1.0
    connections: float = 10_000.0
    availability: float = 99.95
    requests_per_second: float = 0.0
    routes: float = 100.0
    regression: float = 10.0
    min_requests: int = 200
    min_calls: int = 20
    max_age_days: float = 30.0
    endpoints: Mapping[str, float] = {}
    """Glob of a route's method and path, or of an endpoint's name -> the p95 that it is allowed."""
    names: Mapping[str, str] = {}
    """Name of an endpoint, or path of a report with one nameless endpoint -> ``GET /orders/{number}``."""


class Measurements(msgspec.Struct, frozen=True):
    """All reports together. `problem`: why there are none, with the way out; empty if there are. `refused`: reports that cannot be used, each with why.

    `baseline`: earlier runs by endpoint, None without one. `built`: when the code was last committed, in seconds since 1970; None if nobody knows.
    """

    loads: tuple[LoadReport, ...] = ()
    statements: tuple[StatementTime, ...] = ()
    uptimes: tuple[Uptime, ...] = ()
    problem: str = ""
    refused: tuple[str, ...] = ()
    targets: Targets = Targets()
    baseline: Mapping[str, tuple[Run, ...]] | None = None
    baseline_path: str = ""
    built: float | None = None
