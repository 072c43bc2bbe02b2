"""oha's and autocannon's JSON: one address, its percentiles, what was answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from backend_lint.facts.performance import Endpoint, LoadReport
from backend_lint.readers.performance.bounds import UnreadableError, count, endpoint, milliseconds, numeric, texts

_PERCENT = re.compile(r"p(\d{1,2}(?:[._]\d{1,4})?)")
_DEADLINE = "aborted due to deadline"


def of_oha(document: Mapping[str, object], path: str) -> LoadReport:
    """``oha --output-format json``, times in seconds. What was still on its way when the time was up is no failure. Raises UnreadableError."""
    codes = {str(code): count(number) for code, number in texts(document["statusCodeDistribution"]).items()}
    errors = {str(text): count(number) for text, number in texts(document.get("errorDistribution", {})).items() if text != _DEADLINE}
    refused = sum(number for code, number in codes.items() if code >= "400")
    summary = texts(document["summary"])
    made = Endpoint("", "", sum(codes.values()) + sum(errors.values()), refused + sum(errors.values()), _percents(document["latencyPercentiles"], 1000.0))
    return LoadReport(path, "oha", (endpoint(made),), None, numeric(summary["total"]), note="it names no address")


def of_autocannon(document: Mapping[str, object], path: str) -> LoadReport:
    """``autocannon -j``, times in milliseconds. Raises UnreadableError."""
    latency, answers = texts(document["latency"]), texts(document["requests"])
    refused, lost = count(document["non2xx"]), count(document["errors"])
    total = count(answers["total"])
    if "totalCount" in latency and count(latency["totalCount"]) > total + lost:
        raise UnreadableError(f"does not add up: {total:,} answers and {latency['totalCount']} times")
    made = Endpoint(str(document["url"]), "", total + lost, refused + lost, _percents(latency, 1.0), milliseconds(latency["average"]))
    finished = document.get("finish")
    try:
        moment = datetime.fromisoformat(finished).timestamp() if isinstance(finished, str) else None
    except ValueError:
        raise UnreadableError(f"has {str(finished)[:60]!r} where a time must stand") from None
    return LoadReport(path, "autocannon", (endpoint(made),), count(document["connections"]), numeric(document["duration"]), moment)


def _percents(given: object, scale: float) -> dict[float, float]:
    found = {}
    for key, value in texts(given).items():
        if (match := _PERCENT.fullmatch(key)) is not None and value is not None:
            found[float(match[1].replace("_", "."))] = milliseconds(value, scale)
    return found
