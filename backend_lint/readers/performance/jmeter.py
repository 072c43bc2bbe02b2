"""JMeter: results as CSV and XML (JTL), and the ``statistics.json`` of its dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO
from xml.parsers import expat

from backend_lint.facts.performance import Endpoint, LoadReport
from backend_lint.readers.performance.bounds import Samples, UnreadableError, count, endpoint, milliseconds, numeric, texts
from backend_lint.readers.performance.tables import records

_CHUNK = 1 << 16
_MAX_DEPTH = 50
_MAX_TAG = 1_000_000
_TRUE = ("true", "false")
_DASHBOARD = (("medianResTime", 50.0), ("pct1ResTime", 90.0), ("pct2ResTime", 95.0), ("pct3ResTime", 99.0))


def of_csv(stream: BinaryIO, path: str, warm_up: float) -> LoadReport:
    """A JTL with a head. Raises UnreadableError."""
    samples = Samples("rounded", warm_up)
    users = 0
    wanted: tuple[int, int, int, int] | None = None
    threads = -1
    width = 0
    for line, record in records(stream, ","):
        if wanted is None:
            missing = [name for name in ("timeStamp", "elapsed", "label", "success") if name not in record]
            if missing:
                raise UnreadableError(f"has no column {missing[0]}: jmeter.save.saveservice.{missing[0].lower()}=true brings it")
            wanted = record.index("timeStamp"), record.index("elapsed"), record.index("label"), record.index("success")
            threads = record.index("allThreads") if "allThreads" in record else -1
            width = len(record)
            continue
        if len(record) != width:
            raise UnreadableError(f"is cut off in line {line}: {len(record)} fields where the head has {width}")
        at, elapsed, label, success = record[wanted[0]], record[wanted[1]], record[wanted[2]], record[wanted[3]]
        if success not in _TRUE:
            raise UnreadableError(f"has {success[:40]!r} in line {line}, where true or false must stand")
        samples.add("", label, milliseconds(elapsed), success == "true", _moment(at))
        if threads >= 0:
            users = max(users, count(record[threads]))
    return _report(path, "JMeter CSV", samples, users)


def _moment(text: str) -> float | None:
    """Seconds since 1970; None for a date in the format of some country."""
    return numeric(text) / 1000 if text.isdigit() else None


def _report(path: str, tool: str, samples: Samples, users: int) -> LoadReport:
    return LoadReport(path, tool, samples.endpoints(), users or None, samples.seconds, samples.last if samples.seconds else None)


class _Results:
    def __init__(self, warm_up: float) -> None:
        self.samples = Samples("rounded", warm_up)
        self.users = 0
        self.depth = 0
        self.ended = False

    def start(self, name: str, given: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise UnreadableError("is nested too deeply")
        if self.depth == 1 and name != "testResults":
            raise UnreadableError("is no XML of JMeter: its root is not `testResults`")
        if self.depth == 2 and name in ("httpSample", "sample"):
            if given.get("s") not in _TRUE or "t" not in given or "lb" not in given:
                raise UnreadableError("has a sample without time, label or success")
            at = numeric(given["ts"]) / 1000 if "ts" in given else None
            self.samples.add("", given["lb"], milliseconds(given["t"]), given["s"] == "true", at)
            if "na" in given:
                self.users = max(self.users, count(given["na"]))

    def end(self, name: str) -> None:
        self.depth -= 1
        self.ended = self.ended or self.depth == 0


def of_xml(stream: BinaryIO, path: str, warm_up: float) -> LoadReport:
    """A JTL in XML, as a stream. A document that declares anything is refused. Raises UnreadableError."""

    def refuse(*_: object) -> None:
        raise UnreadableError("declares a document type, which no report of JMeter does")

    results = _Results(warm_up)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = results.start
    parser.EndElementHandler = results.end
    parser.buffer_size = _CHUNK
    behind = 0
    try:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
            behind += len(chunk)
            # a tag that does not end is kept by the parser, and gone through again with each chunk
            if behind - parser.CurrentByteIndex > _MAX_TAG:
                raise UnreadableError(f"has a tag of more than {_MAX_TAG:,} bytes")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableError(f"is broken or cut off: {error}") from None
    return _report(path, "JMeter XML", results.samples, results.users)


def of_statistics(document: Mapping[str, object], path: str) -> LoadReport:
    """``statistics.json``, with the three percentiles of the dashboard as they are set by default. Raises UnreadableError."""
    endpoints = []
    for label, given in document.items():
        row = texts(given)
        if label == "Total" and len(document) > 1:
            continue
        times = {percent: milliseconds(row[key]) for key, percent in _DASHBOARD}
        endpoints.append(endpoint(Endpoint(label, "", count(row["sampleCount"]), count(row["errorCount"]), times, milliseconds(row["meanResTime"]))))
    if not endpoints:
        raise UnreadableError("has no request")
    return LoadReport(path, "JMeter dashboard", tuple(endpoints), note="percentiles 90, 95 and 99, as the dashboard has them unless it is told otherwise")
