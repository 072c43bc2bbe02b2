"""What all readers of measurements share: bounded numbers and lines, samples by endpoint. A record that cannot be true makes the whole report unusable."""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import BinaryIO

from backend_lint.facts.performance import Endpoint
from backend_lint.lazy_regex import lazy_regex
from backend_lint.quantiles import percentile

MAX_DOCUMENT = 32_000_000
"""Bytes of a report that is decoded whole."""
MAX_LINE = 1_000_000
MAX_SAMPLES = 6_000_000
MAX_ENDPOINTS = 20_000
_MANY_ENDPOINTS = 1_000
_MAX_NAME = 500
_NUMBERS = frozenset({int, float, str})
_MAX_MS = 1e9
_MAX_COUNT = 10**12
PERCENTS = (50.0, 75.0, 90.0, 95.0, 99.0)
_NUMBERED = lazy_regex(r"(?<=/)(?:\d{1,30}|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,64})(?=[/?#]|$)")


class UnreadableError(Exception):
    """A report cannot be used; the text says why."""


class UnknownFormatError(UnreadableError):
    """It is no report of a tool that anybody here knows."""


def milliseconds(value: object, scale: float = 1.0) -> float:
    """A time in milliseconds; `value` is given in `scale` of them. Raises UnreadableError for what no clock shows."""
    number = numeric(value)
    if scale != 1.0:
        # moved by decimal places, so that no digit changes
        number = float(Decimal(repr(number)) * _decimal(scale))
    if not 0 <= number < _MAX_MS:
        raise UnreadableError(f"has a time of {value!r}, which no request takes"[:200])
    return number


@functools.cache
def _decimal(scale: float) -> Decimal:
    return Decimal(repr(scale))


def numeric(value: object) -> float:
    """A finite number. Raises UnreadableError."""
    if value.__class__ in _NUMBERS:
        try:
            number = float(value)  # type: ignore[arg-type]
        except (ValueError, OverflowError):
            number = math.nan
        if number - number == 0.0:  # neither infinite nor no number; asked for millions of samples
            return number
    raise UnreadableError(f"has {str(value)[:60]!r} where a number must stand")


def count(value: object) -> int:
    """How many. Raises UnreadableError for a number that is not whole, negative, or larger than any test."""
    number = numeric(value)
    if number != int(number) or not 0 <= number <= _MAX_COUNT:
        raise UnreadableError(f"has a count of {str(value)[:60]}, which cannot be")
    return int(number)


def endpoint(made: Endpoint) -> Endpoint:
    """`made`, if what it says can be true of one sample. Raises UnreadableError."""
    before = -1.0
    for percent, value in sorted(made.quantiles.items()):
        if value < before:
            raise UnreadableError(f"says of {made.name[:100]!r} that its {percent:g} % are faster than a smaller share of it")
        before = value
    if made.requests is not None and made.failures > made.requests:
        raise UnreadableError(f"has {made.failures:,} failures of {made.requests:,} requests to {made.name[:100]!r}")
    return made


def unique(endpoints: list[Endpoint], doubtful: list[str]) -> tuple[Endpoint, ...]:
    """Endpoints that come once; of one that a summary has twice nothing is believed but what is worse."""
    kept: dict[tuple[str, str], Endpoint] = {}
    for one in endpoints:
        key = one.method, one.name
        known = kept.get(key)
        if known is None:
            kept[key] = one
            continue
        doubtful.append(f"{one.method} {one.name} is there twice: the slower one counts".strip()[:300])
        worse = {percent: max(known.quantiles.get(percent, 0.0), one.quantiles.get(percent, 0.0)) for percent in {*known.quantiles, *one.quantiles}}
        counts = [made.requests for made in (known, one) if made.requests is not None]
        failures = max(known.failures, one.failures)
        requests = max(min(counts), failures) if len(counts) == 2 else None
        kept[key] = Endpoint(one.name, one.method, requests, failures, worse, None, known.line)
        if len(kept) > MAX_ENDPOINTS:
            raise UnreadableError(f"has more than {MAX_ENDPOINTS:,} endpoints")
    return tuple(kept.values())


class Samples:
    """The times of single requests while a report is read, by endpoint. `rule`: how the tool makes percentiles of them (`backend_lint.quantiles`)."""

    def __init__(self, rule: str, warm_up: float = 0.0) -> None:
        self.rule = rule
        self.total = 0
        self.first = math.inf
        self.last = -math.inf
        self._warm_up = warm_up
        self._times: dict[tuple[str, str], tuple[array[float], array[float], array[float], array[float]]] = {}

    def add(self, method: str, name: str, ms: float, ok: bool, at: float | None = None) -> None:
        """One request that began at `at`, in seconds since 1970. Raises UnreadableError when there are more than can be."""
        self.total += 1
        if self.total > MAX_SAMPLES:
            raise UnreadableError(f"has more than {MAX_SAMPLES:,} requests: name the summary that its tool makes of it")
        key = method, name
        kept = self._times.get(key)
        if kept is None:
            kept = self._new(key)
        kept[0 if ok else 1].append(ms)
        if at is not None:
            if at < self.first:
                self.first = at
            if at + ms / 1000 > self.last:
                self.last = at + ms / 1000
            if self._warm_up:
                kept[2 if ok else 3].append(at)

    def _new(self, key: tuple[str, str]) -> tuple[array[float], array[float], array[float], array[float]]:
        method, name = key
        if not name or len(name) > _MAX_NAME:
            raise UnreadableError(f"has a request named {name[:60]!r}, of {len(name):,} characters")
        if len(self._times) >= _MANY_ENDPOINTS:
            # one name for each row of a table: the numbers in them are parameters
            key = method, _NUMBERED.sub("{number}", name)
            if key in self._times:
                return self._times[key]
            if len(self._times) >= MAX_ENDPOINTS:
                raise UnreadableError(f"has more than {MAX_ENDPOINTS:,} names of requests: give those to one route one name")
        return self._times.setdefault(key, (array("d"), array("d"), array("d"), array("d")))

    @property
    def seconds(self) -> float | None:
        return self.last - self.first if self.last >= self.first else None

    def endpoints(self) -> tuple[Endpoint, ...]:
        """What the samples are of, by name; those of the time in which the service warmed up are left out. Raises UnreadableError if none are left."""
        made = []
        for (method, name), (ok, bad, ok_at, bad_at) in sorted(self._times.items()):
            if self._warm_up:
                begin = self.first + self._warm_up
                ok = array("d", (ms for ms, at in zip(ok, ok_at, strict=True) if at >= begin)) if ok_at else ok
                bad = array("d", (ms for ms, at in zip(bad, bad_at, strict=True) if at >= begin)) if bad_at else bad
            if ok or bad:
                made.append(of_samples(name, method, ok, bad, self.rule))
        if not made:
            raise UnreadableError("has no request" + (f" after the first {self._warm_up:g} seconds" if self._warm_up and self._times else ""))
        return tuple(made)


def of_samples(name: str, method: str, ok: array[float], bad: array[float], rule: str) -> Endpoint:
    """The endpoint that the samples are of; failures count as their tool counts them: as any other."""
    ordered = sorted([*ok, *bad])
    quantiles = {percent: percentile(ordered, percent, rule) for percent in PERCENTS}
    return Endpoint(name, method, len(ordered), len(bad), quantiles, math.fsum(ordered) / len(ordered), 1, ok, bad, rule)


def whole(stream: BinaryIO) -> bytes:
    """All bytes of a report that is decoded at once. Raises UnreadableError if they are too many."""
    data = stream.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise UnreadableError(f"is larger than {MAX_DOCUMENT:,} bytes: name the summary that its tool makes of it")
    return data.removeprefix(b"\xef\xbb\xbf")


def lines(stream: BinaryIO, ends: bool = False) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, and with their `ends` if that is asked for. Raises UnreadableError for one that is too long or no UTF-8."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise UnreadableError(f"has more than {MAX_LINE:,} bytes in line {number}")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield number, line.decode("utf-8") if ends else line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise UnreadableError(f"is no UTF-8 in line {number}") from None


def texts(value: object) -> Mapping[str, object]:
    """A table of JSON. Raises UnreadableError."""
    if not isinstance(value, dict):
        raise UnreadableError(f"has {str(value)[:60]!r} where an object must stand")
    return value
