"""Bounds on what one file may cost, the cheap signs of a file that could exceed them, and what the machine offers."""

from __future__ import annotations

import os

SECONDS_PER_FILE = 10
"""CPU seconds that a reader may spend on one file."""
STALLED_SECONDS = 120.0
"""Wall seconds without an answer after which a worker is given up though it used no CPU."""
WORKER_BYTES = 4 << 30
"""Address space of a worker."""
INSTALL_LIBCST = "pip install 'backend-lint[fix]'"
"""How LibCST comes in: it weighs as much as all else, and most runs fix nothing."""

_NOT_BRACKETS = bytes(set(range(256)) - set(b"()[]{}"))
_OPENING = frozenset(b"([{")
_DEEP = 100
_LONG_LINE = 20_000
_LONG_CHAIN = 500
_RUNS = (b"- " * _DEEP, b"-" * _LONG_CHAIN, b"~" * _DEEP, b"not " * _DEEP, b"+" * _LONG_CHAIN, b"lambda:" * _DEEP)


def can_fork() -> bool:
    """Workers are made by fork: they start in a few milliseconds and need not import anything again."""
    return hasattr(os, "fork")


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def suspicious(data: bytes) -> bool:
    """The bytes could drive a parser into deep recursion or long loops: they are read in a process whose death costs nothing else."""
    if (data.count(b").") > _LONG_CHAIN and _densest(data, b").")) or any(run in data for run in _RUNS):
        return True
    if len(data) > _LONG_LINE and max(map(len, data.splitlines()), default=0) > _LONG_LINE:
        return True
    depth = deepest = 0
    for sign in data.translate(None, _NOT_BRACKETS):
        if sign in _OPENING:
            depth += 1
            if depth > deepest:
                deepest = depth
        elif depth:
            depth -= 1
    return deepest > _DEEP


def _densest(data: bytes, mark: bytes) -> bool:
    """More than `_LONG_CHAIN` marks follow one another within 40 bytes each: one chain of calls, no ordinary file."""
    pieces = data.split(mark)
    run = 0
    for piece in pieces:
        run = run + 1 if len(piece) <= 40 else 0
        if run > _LONG_CHAIN:
            return True
    return False
