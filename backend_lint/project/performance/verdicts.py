"""What each target comes to. A number that is not known, or of too few requests, passes nothing; nothing is rounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from backend_lint.facts.condition import Condition
from backend_lint.facts.performance import Measurements, Targets
from backend_lint.project.performance.statements import shown

if TYPE_CHECKING:
    from backend_lint.project.performance import Performance
    from backend_lint.project.performance.endpoints import Row

LOAD = "make one: k6 run --summary-export load/summary.json load.js, or locust --headless --csv load/locust"
STATEMENTS = "export them: psql -c \"\\copy (SELECT * FROM pg_stat_statements) TO 'pg_stat_statements.csv' CSV HEADER\""
UPTIME = "export it: curl 'http://prometheus:9090/api/v1/query?query=100*avg_over_time(probe_success[30d])' > uptime.json"
QUANTILES = {"p50_ms": 50.0, "p90_ms": 90.0, "p95_ms": 95.0, "p99_ms": 99.0}
_DAY = 86_400.0
_MOST = 200


def verdicts(performance: Performance) -> Iterator[Condition]:
    """One for each target that is asked for."""
    known = performance.known
    for name in known.targets.asked:
        if name in QUANTILES:
            made = latency(performance, name)
        else:
            made = _OTHERS[name](performance)
        yield _doubted(made, known)


def _doubted(verdict: Condition, known: Measurements) -> Condition:
    """A report that cannot be used may be the one that would make the target fail: what passes without it is not measured."""
    if verdict.status == "failed" or not (known.refused or known.problem):
        return verdict
    if verdict.status == "not-measured" and not known.refused:
        return verdict  # there is none: its own reason says which one it would need, and what makes it
    reason = known.problem or known.refused[0]
    return Condition(verdict.name, None, verdict.required, "not-measured", reason, (*known.refused[1:], *verdict.details)[:_MOST])


def _unmeasured(name: str, required: float, reason: str, details: Iterable[str] = ()) -> Condition:
    return Condition(name, None, required, "not-measured", reason, tuple(details)[:_MOST])


def _judged(name: str, measured: float, required: float, failed: bool, reason: str, details: Iterable[str]) -> Condition:
    return Condition(name, measured, required, "failed" if failed else "passed", reason, tuple(details)[:_MOST])


def limit_of(row: Row, targets: Targets, percent: float) -> float:
    """The time that a percentile of a row must stay below: its own where the configuration gives it one for the 95 %."""
    if percent == 95.0:
        names = (row.label, row.label.partition(" ")[2] or row.label, row.endpoint.name)
        for glob, limit in targets.endpoints.items():
            if any(fnmatchcase(name, glob) for name in names):
                return limit
    return targets.quantiles[percent]


def too_few(row: Row, targets: Targets) -> str:
    """Why a row is too small to be judged; empty if it is not."""
    if row.endpoint.requests is None:
        return f"{row.report.path} does not say how many requests it is of"
    if row.endpoint.requests < targets.min_requests:
        return f"{row.endpoint.requests} requests, of which a percentile says little ({targets.min_requests} are asked for)"
    return ""


def stale(performance: Performance) -> dict[str, float]:
    """Reports that are older than the code, with the days between; a code whose age nobody knows makes none old."""
    known = performance.known
    if known.built is None:
        return {}
    ages = {report.path: (known.built - report.finished) / _DAY for report in known.loads if report.finished is not None and report.endpoints}
    return {path: days for path, days in ages.items() if days > known.targets.max_age_days}


def latency(performance: Performance, name: str) -> Condition:
    """A percentile of each endpoint."""
    targets, percent = performance.known.targets, QUANTILES[name]
    required = targets.quantiles[percent]
    endpoints = performance.endpoints
    if not endpoints.rows:
        return _unmeasured(name, required, f"no report of a load test: {LOAD}")
    if endpoints.routes and endpoints.unmapped and not any(row.route is not None for row in endpoints.rows):
        return _unmeasured(name, required, _foreign(performance), endpoints.unmapped)
    small, open_, slow, kept = [], [], [], []
    for row in endpoints.rows:
        limit = limit_of(row, targets, percent)
        low, high = row.bounds(percent, targets.error_rate)
        if why := too_few(row, targets):
            small.append(f"{row.label}: {why}")
        elif low is not None and low >= limit:
            slow.append((low, limit, row))
        elif high is None or high >= limit:
            open_.append(f"{row.label}: {_between(row, percent, low, high)}")
        else:
            kept.append((high, limit, row))
    slow.sort(key=lambda one: (one[1] - one[0], one[2].label))
    details = [f"{row.label}: {low:g} ms, below {limit:g} is asked for ({_of(row)})" for low, limit, row in slow]
    rest = [*open_, *small, *_unknown(performance)]
    if slow:
        reason = f"{len(slow)} of {len(endpoints.rows)} endpoints are too slow; the worst is {slow[0][2].label}{_noted(slow[0][2])}"
        return _judged(name, slow[0][0], slow[0][1], True, reason, [*details, *rest])
    if open_ or not kept:
        reason = open_[0] if open_ else small[0] if small else "no endpoint has enough requests"
        return _unmeasured(name, required, f"not known of {len(open_) or len(small)} endpoints; {reason}", rest)
    if old := stale(performance):
        path, days = max(old.items(), key=lambda one: one[1])
        return _unmeasured(name, required, f"{path} is {days:.0f} days older than the code: {LOAD}", rest)
    worst = max(kept, key=lambda one: (one[0] / one[1] if one[1] else one[0], one[2].label))
    missing = f"; {len(small)} endpoints have too few requests" if small else ""
    missing += f"; {len(endpoints.without)} of {endpoints.routes} routes have no evidence" if endpoints.without else ""
    whole = "; it is of all requests together" if any(not row.endpoint.name and row.route is None for row in endpoints.rows) else ""
    return _judged(name, worst[0], worst[1], False, f"the slowest of {len(kept)} endpoints is {worst[2].label}{whole}{missing}{_noted(worst[2])}", rest)


def _noted(row: Row) -> str:
    """What is to be known of the numbers of its report: how they are rounded, or of what they are."""
    return f"; {row.report.note}" if row.report.note else ""


def _of(row: Row) -> str:
    failed = f", {row.endpoint.failures} failed" if row.endpoint.failures else ""
    return f"{row.endpoint.requests} requests{failed}, {row.report.path}:{row.endpoint.line}"


def _between(row: Row, percent: float, low: float | None, high: float | None) -> str:
    bounds = [f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else ""]
    said = " and ".join(bound for bound in bounds if bound)
    failed = f", and {row.endpoint.failures} failures may hide slower answers" if row.endpoint.failures and percent in row.endpoint.quantiles else ""
    return f"the report does not say its {percent:g} %" + (f", only that it is {said} ms" if said else "") + failed


def _foreign(performance: Performance) -> str:
    count = len(performance.endpoints.unmapped)
    return f"none of the {count} paths in the reports is a route of this project: name what they are in gate.performance.names, or test this service"


def _unknown(performance: Performance) -> list[str]:
    endpoints = performance.endpoints
    found = [f"{label}: is no route of this project" for label in endpoints.unmapped] if endpoints.routes else []
    return found + [f"{route.method} {route.path}: no report has a request to it" for route in endpoints.without]


def _error_rate(performance: Performance) -> Condition:
    targets = performance.known.targets
    required = targets.error_rate
    rows = [row for row in performance.endpoints.rows if row.endpoint.requests]
    if not rows:
        return _unmeasured("error_rate", required, f"no report of a load test says how many requests failed: {LOAD}")
    errors = {(method, name): (text, times) for report in performance.known.loads for method, name, text, times in report.errors}
    judged = [row for row in rows if (row.endpoint.requests or 0) >= targets.min_requests]
    total = sum(row.endpoint.requests or 0 for row in rows)
    failures = sum(row.endpoint.failures for row in rows)
    over = sorted((row for row in judged if row.error_rate > required), key=lambda row: (-row.error_rate, row.label))
    share = 100.0 * failures / total
    details = []
    for row in over:
        text, times = errors.get((row.endpoint.method, row.endpoint.name), ("", 0))
        details.append(f"{row.label}: {row.endpoint.failures} of {row.endpoint.requests} requests failed" + (f", {times} by {text}" if text else ""))
    if over:
        reason = f"{len(over)} of {len(rows)} endpoints fail too often; the worst is {over[0].label}"
        return _judged("error_rate", over[0].error_rate, required, True, reason, details)
    if share > required:
        return _judged("error_rate", share, required, True, f"{failures} of {total} requests failed", [])
    if total < targets.min_requests:
        return _unmeasured("error_rate", required, f"{total} requests are too few ({targets.min_requests} are asked for)")
    if old := stale(performance):
        return _unmeasured("error_rate", required, f"{next(iter(old))} is older than the code: {LOAD}")
    worst = max([share, *(row.error_rate for row in judged)])
    return _judged("error_rate", worst, required, False, f"{failures} of {total} requests failed", [])


def _query(performance: Performance) -> Condition:
    targets = performance.known.targets
    required, name = targets.query_ms, "query_ms"
    if not performance.known.statements:
        return _unmeasured(name, required, f"no export of a database's statements: {STATEMENTS}")
    timed = performance.timed
    if not timed:
        return _unmeasured(name, required, f"none of the {len(performance.known.statements)} statements is of this project's tables: {STATEMENTS}")
    enough = [one for one in timed if one.time.calls >= targets.min_calls]
    slow = [one for one in enough if one.ms >= required]
    rare = [f"{shown(one.time.text)}: {one.ms:g} ms, but only {one.time.calls} calls" for one in timed if one not in enough and one.ms >= required]
    details = []
    for one in slow:
        where = ", ".join(f"{site.path}:{site.line}" for site in one.sites) or "no place in the code is known to send it"
        why = "; ".join(one.lacks) + (f": {'; '.join(one.indexes)}" if one.indexes else "")
        details.append(f"{one.ms:g} ms ({one.time.calls} calls) {shown(one.time.text)}: {where}" + (f"; {why}" if why else ""))
    if slow:
        return _judged(name, slow[0].ms, required, True, f"{len(slow)} of {len(timed)} statements are too slow", [*details, *rare])
    complete = [one for one in enough if not one.time.partial]
    if not complete:
        reason = "only slow executions are logged, and none of them is slow enough or often enough" if enough else f"no statement has {targets.min_calls} calls"
        return _unmeasured(name, required, f"{reason}: {STATEMENTS}", rare)
    more = f"; {len(rare)} slower ones have too few calls" if rare else ""
    return _judged(name, complete[0].ms, required, False, f"the slowest of {len(complete)} statements is {shown(complete[0].time.text, 60)}{more}", rare)


def _connections(performance: Performance) -> Condition:
    targets = performance.known.targets
    required, name = targets.connections, "connections"
    holder = performance.holders[0] if performance.holders else None
    limit = holder.limit if holder is not None else None
    static = f"{holder.path}:{holder.line} starts {holder.text}" if holder is not None else "no deployment file says how the service is started"
    details = [f"{one.path}:{one.line}: {one.message}" for one in holder.evidence] if holder is not None else []
    demand, overflow = performance.demand, performance.pooler_overflow
    if demand is not None:
        place = f", {demand.limit.path}:{demand.limit.line}" if demand.limit is not None else ""
        details.append(f"{demand.holder.path}:{demand.holder.line}, {demand.pool.path}:{demand.pool.line}{place}: {demand.text}")
    if overflow is not None:
        details.append("; ".join(f"{one.path}:{one.line}: {one.what} {one.number:,}" for one in overflow))
    if limit is not None and limit < required:
        return _judged(name, float(limit), required, True, f"{static}: {limit} at most", details)
    if (demand is not None and demand.exceeds) or overflow is not None:
        loaded = max((report.users or 0 for report in performance.known.loads), default=0)
        reason = f"the database refuses connections before: {details.pop()}"
        return Condition(name, float(loaded) if loaded else None, required, "failed", reason, tuple(details))
    loads = [report for report in performance.known.loads if report.users]
    if not loads:
        return _unmeasured(name, required, f"no report says how many users or connections there were at a time; {static}. {LOAD}", details)
    most = max(loads, key=lambda report: report.users or 0)
    rows = [row for row in performance.endpoints.rows if row.report.path == most.path and row.endpoint.requests]
    # a history has no endpoints of its own: what failed stands in the other files of the run
    rows = rows or [row for row in performance.endpoints.rows if row.endpoint.requests]
    total, failures = sum(row.endpoint.requests or 0 for row in rows), sum(row.endpoint.failures for row in rows)
    reached = float(most.users or 0)
    if reached < required:
        return _judged(name, reached, required, True, f"{most.path} went up to {most.users}; {static}", details)
    if not total:
        return _unmeasured(name, required, f"{most.path} says nothing of what was answered")
    if 100.0 * failures / total > targets.error_rate:
        return _unmeasured(name, required, f"{most.path} reached {most.users}, but {failures} of {total} requests failed: they were not served", details)
    return _judged(name, min(reached, float(limit)) if limit is not None else reached, required, False, f"{most.path} reached {most.users}; {static}", details)


def _availability(performance: Performance) -> Condition:
    required, name = performance.known.targets.availability, "availability"
    wants = [f"{want.path}:{want.line}: {want.what}; {want.cure}" for want in performance.wants]
    uptimes = performance.known.uptimes
    if not uptimes:
        return _unmeasured(name, required, f"no report of a monitor: {UPTIME}", wants)
    worst = min(uptimes, key=lambda one: (one.percent, one.name))
    if worst.percent < required:
        details = [f"{one.name}: {one.percent:.10g} %, {one.path}:{one.line}" for one in sorted(uptimes, key=lambda one: one.percent) if one.percent < required]
        return _judged(name, worst.percent, required, True, f"{worst.name} in {worst.path}", [*details, *wants])
    # so few checks cannot tell the target from a smaller one: a single failure would break it
    few = [one for one in uptimes if one.probes is not None and one.probes * (100.0 - required) < 100.0]
    if few:
        needed = int(100.0 / (100.0 - required)) + 1 if required < 100.0 else 0
        return _unmeasured(name, required, f"{few[0].name} in {few[0].path} is of {few[0].probes} checks, {needed or 'endless'} are needed to tell", wants)
    if wants:
        return _judged(name, worst.percent, required, True, f"it was reached, but {len(wants)} prerequisites are not there", wants)
    return _judged(name, worst.percent, required, False, f"the lowest of {len(uptimes)} services is {worst.name}", [])


def _rate(performance: Performance) -> Condition:
    required, name = performance.known.targets.requests_per_second, "requests_per_second"
    rates = {}
    for report in performance.known.loads:
        answered = sum((one.requests or 0) - one.failures for one in report.endpoints)
        if report.seconds and answered:
            rates[report.path] = answered / report.seconds
    if not rates:
        return _unmeasured(name, required, f"no report of a load test says how long it ran: {LOAD}")
    best = max(rates, key=lambda path: rates[path])
    return _judged(name, rates[best], required, rates[best] < required, f"answers without failures, {best}", [])


def _routes(performance: Performance) -> Condition:
    targets, endpoints = performance.known.targets, performance.endpoints
    required, name = targets.routes, "routes"
    if not endpoints.rows:
        return _unmeasured(name, required, f"no report of a load test: {LOAD}")
    if not endpoints.routes:
        return _unmeasured(name, required, "no route of this project is known")
    met = {(row.route.method, row.route.path) for row in endpoints.rows if row.route is not None and not too_few(row, targets)}
    without = {(route.method, route.path) for route in endpoints.without}
    few = sorted({row.label for row in endpoints.rows if row.route is not None and (row.route.method, row.route.path) not in met})
    count = endpoints.routes - len(without) - len(few)
    details = [f"{route.method} {route.path}: no report has a request to it" for route in endpoints.without]
    details += [f"{label}: too few requests" for label in few]
    share = 100.0 * max(count, 0) / endpoints.routes
    return _judged(name, share, required, share < required, f"{max(count, 0)} of {endpoints.routes} routes were measured", details if share < required else ())


def _regression(performance: Performance) -> Condition:
    known = performance.known
    required, name = known.targets.regression, "regression"
    if known.baseline is None:
        return _unmeasured(name, required, known.baseline_path or "no baseline: `backend-lint baseline performance` writes one, and `baseline` names it")
    if not performance.endpoints.rows:
        return _unmeasured(name, required, f"no report of a load test: {LOAD}")
    changes = performance.changes
    if not changes:
        return _unmeasured(name, required, f"no endpoint of {known.baseline_path} is in the reports with enough requests: {LOAD}")
    worst = max(changes, key=lambda one: (one.weight, one.row.label))
    slower = sorted((one for one in changes if one.weight > required), key=lambda one: (-one.weight, one.row.label, one.percent))
    details = [
        f"{one.row.label}: its {one.percent:g} % went from at most {one.before:.6g} to {one.now:.6g} ms, surely slower by {one.slower:.3g} %" for one in slower
    ]
    reason = f"{len(slower)} of {len(changes)} percentiles are surely slower than in {known.baseline_path}"
    return _judged(name, worst.weight, required, bool(slower), reason, details)


_OTHERS = {
    "error_rate": _error_rate,
    "query_ms": _query,
    "connections": _connections,
    "availability": _availability,
    "requests_per_second": _rate,
    "routes": _routes,
    "regression": _regression,
}
