"""Endpoints of load reports joined with the routes that answer them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from backend_lint.facts.performance import Endpoint, LoadReport, Measurements, Targets
from backend_lint.facts.route import Route
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.performance.addresses import Address, Templates, address, route_of
from backend_lint.quantiles import percentile
from backend_lint.redaction import without_credentials

_OPERATIONAL = lazy_regex(
    r"/(?:health\w*|ready\w*|live\w*|ping|metrics|status|docs|redoc|openapi\.json|favicon\.ico|robots\.txt|__debug__|static|admin)(?:/|$)"
)
_MOST_DROPPED = 2


class Row(msgspec.Struct, frozen=True):
    """What one report says of one route, or of what no route is known for. `label`: how it is named to the user."""

    label: str
    route: Route | None
    report: LoadReport
    endpoint: Endpoint

    @property
    def error_rate(self) -> float:
        """Per cent of the requests that failed."""
        return 100.0 * self.endpoint.failures / self.endpoint.requests if self.endpoint.requests else 0.0

    def bounds(self, percent: float, tolerated: float = 0.0) -> tuple[float | None, float | None]:
        """Between which times the percentile of the answers lies; None where the report does not say.

        Equal where it is known. Failures come quickly or late, so that they hide what an answer takes: with single times they are left out, if that is no
        better; without, and where more failed than is `tolerated`, the answers may be as slow as if all failures had been quick.
        """
        one = self.endpoint
        low = high = one.quantiles.get(percent)
        if low is None:
            low = max((value for known, value in one.quantiles.items() if known < percent), default=None)
        wanted = percent
        if one.requests and one.ok is None and self.error_rate > tolerated:
            failed = min(one.failures / one.requests, 1.0)
            wanted = 100.0 * (failed + percent / 100 * (1 - failed))
            high = None
        if high is None:
            high = min((value for known, value in one.quantiles.items() if known >= wanted), default=None)
        if one.ok and one.bad:
            answered = percentile(sorted(one.ok), percent, one.rule)
            low, high = max(low or 0.0, answered), max(high or 0.0, answered)
        return low, high


class Endpoints(msgspec.Struct, frozen=True):
    """All rows, slowest report order. `unmapped`: names of requests with a path that is no route; `nameless`: names that are no path at all.

    `without`: routes that no report has a request to.
    """

    rows: tuple[Row, ...]
    unmapped: tuple[str, ...]
    nameless: tuple[str, ...]
    without: tuple[Route, ...]
    routes: int


def mapped(known: Measurements, routes: Iterable[Route]) -> Endpoints:
    """The rows of all reports."""
    every = [route for route in routes if not route.is_websocket and route.method != "WEBSOCKET"]
    fitting = Templates(every)
    targets = known.targets
    found: list[tuple[LoadReport, Endpoint, Address]] = [
        (report, endpoint, _address(report, endpoint, targets)) for report in known.loads for endpoint in report.endpoints
    ]
    dropped = _prefix([asked for _, _, asked in found if asked.path], fitting)
    groups: dict[tuple[str, str], list[Row]] = {}
    unmapped, nameless = [], []
    for report, endpoint, asked in found:
        # what a query holds is of one request, and may be a secret
        name = without_credentials(endpoint.name.partition("?")[0] if asked.path else endpoint.name)
        label = f"{endpoint.method} {name}".strip() or f"all requests of {report.path}"
        route = route_of(Address(asked.method, _without(asked.path, dropped)), fitting) if asked.path else None
        if route is not None:
            label = f"{route.method} {route.path}" if route.method != "*" else f"{asked.method} {route.path}".strip()
        elif asked.path:
            unmapped.append(label)
        else:
            nameless.append(label)
        groups.setdefault((report.path, label), []).append(Row(label, route, report, endpoint))
    rows = tuple(row for group in groups.values() for row in _joined(group))
    met = {(row.route.method, row.route.path) for row in rows if row.route is not None}
    asked_for = [route for route in every if not _OPERATIONAL.search(route.path) and route.method not in ("HEAD", "OPTIONS")]
    unique = {(route.method, route.path): route for route in reversed(asked_for)}
    without = tuple(unique[key] for key in sorted(unique.keys() - met, key=lambda key: (key[1], key[0])))
    return Endpoints(rows, tuple(dict.fromkeys(unmapped)), tuple(dict.fromkeys(nameless)), without, len(unique))


def _address(report: LoadReport, endpoint: Endpoint, targets: Targets) -> Address:
    """The request that a name stands for, as the configuration says, else as the name does."""
    given: Mapping[str, str] = targets.names
    for name in (f"{endpoint.method} {endpoint.name}", endpoint.name, report.path if len(report.endpoints) == 1 else ""):
        if name and name in given:
            return address(given[name], endpoint.method)
    return address(endpoint.name, endpoint.method)


def _prefix(asked: list[Address], known: Templates) -> str:
    """The beginning that a proxy takes from all paths: looked for only where not one of them is a route as it is."""
    if not asked or any(route_of(one, known) is not None for one in asked):
        return ""
    for depth in range(1, _MOST_DROPPED + 1):
        heads = {"/".join(one.path.split("/")[: depth + 1]) for one in asked}
        if len(heads) == 1:
            head = heads.pop()
            if any(route_of(Address(one.method, _without(one.path, head)), known) is not None for one in asked):
                return head
    return ""


def _without(path: str, prefix: str) -> str:
    return path[len(prefix) :] or "/" if prefix and (path == prefix or path.startswith(prefix + "/")) else path


def _joined(group: list[Row]) -> Iterator[Row]:
    """The rows of one route in one report: of single times one row is made, and summaries stay apart, for their percentiles cannot be joined."""
    timed = [row for row in group if row.endpoint.ok is not None and row.endpoint.bad is not None]
    if len(timed) < 2:
        yield from group
        return
    yield from (row for row in group if row.endpoint.ok is None)
    first = timed[0]
    ok, bad = array("d"), array("d")
    for row in timed:
        ok.extend(row.endpoint.ok or ())
        bad.extend(row.endpoint.bad or ())
    ordered = sorted([*ok, *bad])
    quantiles = {percent: percentile(ordered, percent, first.endpoint.rule) for percent in first.endpoint.quantiles}
    made = replace(first.endpoint, requests=len(ordered), failures=len(bad), quantiles=quantiles, mean=sum(ordered) / len(ordered), ok=ok, bad=bad)
    yield replace(first, endpoint=made)
