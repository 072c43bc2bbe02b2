"""The Python reader: bytes in, `facts.python.Module` and the findings of node rules out."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

import msgspec

from backend_lint.api import Finding, NodeRule
from backend_lint.facts.file import SourceFile, Unchecked
from backend_lint.facts.reading import Reading
from backend_lint.readers.python.node_file import NodeFile
from backend_lint.readers.python.parse import NotParsedError, parse
from backend_lint.readers.python.scan import Scanner

__all__ = ["VERSION", "read"]

VERSION = "py-22"
"""Changed whenever the same bytes give other facts: it is part of every cache key."""

_ENCODER = msgspec.msgpack.Encoder()


_PARSER_ROOM = 1000
_SCANNER_ROOM = 5000
"""Calls inside calls, a few for each level of the tree; the parser takes at most some 3,000 levels, in far fewer bytes of stack than there are."""


def read(data: bytes, file: SourceFile, rules: Sequence[NodeRule[Any]] = (), *, timed: bool = False) -> Reading:
    """The facts of one file. Raises nothing: what could not be read stands in `Reading.unchecked`.

    How deep a tree may be does not depend on who asks: a worker and the main process give the same answer.
    """
    limit = sys.getrecursionlimit()
    depth = _depth()
    try:
        sys.setrecursionlimit(depth + _PARSER_ROOM)
        return _read(data, file, rules, timed, depth)
    finally:
        sys.setrecursionlimit(limit)


def _depth() -> int:
    depth = 0
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        depth += 1
        frame = frame.f_back
    return depth


def _read(data: bytes, file: SourceFile, rules: Sequence[NodeRule[Any]], timed: bool, depth: int) -> Reading:
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    try:
        tree, data = parse(data)
    except NotParsedError as error:
        return Reading(facts=msgspec.Raw(), lines=lines, unchecked=(Unchecked(path=file.path, reason=error.reason, line=error.line),))
    if file.syntax_only:
        return Reading(facts=msgspec.Raw(), lines=lines)
    speaking = [rule for rule in rules if file.role in rule.roles and (not rule.triggers or any(trigger in data for trigger in rule.triggers))]
    node_file = NodeFile(file.path, file.role, data)
    scanner = Scanner(data, node_file, speaking, timed)
    unchecked: tuple[Unchecked, ...] = ()
    try:
        sys.setrecursionlimit(depth + _SCANNER_ROOM)
        facts = _ENCODER.encode(scanner.module(tree, lines))
    except (RecursionError, MemoryError):
        return Reading(facts=msgspec.Raw(), lines=lines, unchecked=(Unchecked(path=file.path, reason="is nested too deeply to be analysed"),))
    findings: list[Finding] = scanner.findings
    if scanner.failures:
        unchecked = tuple(Unchecked(path=file.path, reason=f"rule {name} failed: {reason}", line=line) for name, reason, line in scanner.failures)
    return Reading(facts=msgspec.Raw(facts), lines=lines, findings=tuple(findings), unchecked=unchecked, timings=dict(scanner.timings))


def clock() -> float:
    """CPU seconds of this process."""
    return time.process_time()
