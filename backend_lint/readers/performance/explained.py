"""What auto_explain writes into PostgreSQL's log: plans as text or JSON, in a log of text, or of one JSON object a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from backend_lint.facts.performance import StatementTime
from backend_lint.readers.performance.bounds import MAX_LINE, UnreadableError, lines, milliseconds, texts

HEAD = re.compile(r"duration: (\d{1,12}\.\d{1,6}) ms {1,4}plan:")
_SCAN = re.compile(r"\bSeq Scan on (?:\"?\w{1,63}\"?\.)?\"?(\w{1,63})\"?")
_NODE = re.compile(r"^\s*(?:->\s{1,4})?[A-Z][A-Za-z -]{1,60}(?: on | using |\s{2}\().*\(cost=|^\s*(?:->\s{1,4})?[A-Z][A-Za-z -]{1,60}\s{2}\(cost=")
_VALUE = re.compile(r"'(?:[^']|'')*'|(?<![\w$.])\d[\d.]{0,40}\b")
_TEXT = "Query Text: "
_MAX_ENTRY = 2_000
"""Lines of one plan."""
_MAX_STATEMENTS = 200_000
_MAX_TEXT = 100_000
_PERCENT = 95


class _Times:
    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line
        self.times: list[float] = []
        self.scanned: set[str] = set()


def of_text_log(stream: BinaryIO, path: str) -> tuple[StatementTime, ...]:
    """A log of text: an entry begins with a prefix and goes on with lines behind a tab. Raises UnreadableError."""
    return _joined(_entries(lines(stream)), path)


def _entries(given: Iterable[tuple[int, str]]) -> Iterator[tuple[int, float, list[str]]]:
    begun: tuple[int, float, list[str]] | None = None
    for number, line in given:
        if begun is not None and line.startswith("\t"):
            if len(begun[2]) < _MAX_ENTRY:
                begun[2].append(line[1:])
            continue
        if begun is not None:
            yield begun
            begun = None
        if (match := HEAD.search(line)) is not None:
            begun = number, milliseconds(match[1]), []
    if begun is not None:
        yield begun


class _Message(msgspec.Struct):
    message: str = ""


def of_json_log(stream: BinaryIO, path: str) -> tuple[StatementTime, ...]:
    """A log of JSON objects (``log_destination = jsonlog``). Raises UnreadableError."""
    decoder = msgspec.json.Decoder(_Message)

    def entries() -> Iterator[tuple[int, float, list[str]]]:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            try:
                message = decoder.decode(line).message
            except msgspec.DecodeError as error:
                raise UnreadableError(f"is broken or cut off in line {number}: {error}"[:300]) from None
            if (match := HEAD.match(message)) is not None:
                yield number, milliseconds(match[1]), message.split("\n")[1:]

    return _joined(entries(), path)


def _joined(entries: Iterable[tuple[int, float, list[str]]], path: str) -> tuple[StatementTime, ...]:
    """One of each statement, with the mean and the 95 % of those of its executions that were slow enough to be logged."""
    found: dict[str, _Times] = {}
    for line, ms, body in entries:
        text, scanned = _of_json(body) if body and body[0].strip() == "{" else _of_text(body)
        if not text:
            raise UnreadableError(f"is cut off, or of a format other than text and JSON, in line {line}")
        # a program that writes values into its statements sends one statement, not thousands
        shape = _VALUE.sub("?", text)
        if shape not in found and len(found) >= _MAX_STATEMENTS:
            raise UnreadableError(f"has more than {_MAX_STATEMENTS:,} statements")
        kept = found.setdefault(shape, _Times(text, line))
        kept.times.append(ms)
        kept.scanned.update(scanned)
    if not found:
        raise UnreadableError("has no plan of auto_explain: load it, and set auto_explain.log_min_duration")
    made = []
    for kept in found.values():
        ordered = sorted(kept.times)
        p95 = ordered[max(-(-len(ordered) * _PERCENT // 100) - 1, 0)]
        mean = sum(ordered) / len(ordered)
        made.append(StatementTime(kept.text, len(ordered), mean, p95, path, kept.line, True, tuple(sorted(kept.scanned))))
    return tuple(made)


def _of_text(body: list[str]) -> tuple[str, set[str]]:
    if not body or not body[0].startswith(_TEXT):
        return "", set()
    statement = [body[0][len(_TEXT) :]]
    at = 1
    while at < len(body) and not _NODE.match(body[at][:300]):
        statement.append(body[at])
        at += 1
    if at == len(body):
        return "", set()
    return "\n".join(statement)[:_MAX_TEXT], {match[1] for line in body[at:] for match in _SCAN.finditer(line[:300])}


def _of_json(body: list[str]) -> tuple[str, set[str]]:
    try:
        document = texts(msgspec.json.decode("\n".join(body)))
    except msgspec.DecodeError:
        return "", set()
    scanned: set[str] = set()
    waiting = [document.get("Plan")]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if node.get("Node Type") == "Seq Scan" and isinstance(node.get("Relation Name"), str):
                scanned.add(node["Relation Name"])
            inner = node.get("Plans")
            waiting += inner if isinstance(inner, list) else []
    text = document.get("Query Text")
    return (text[:_MAX_TEXT] if isinstance(text, str) else ""), scanned
