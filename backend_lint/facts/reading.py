"""What reading one file gave: the unit that is cached and sent between processes."""

from __future__ import annotations

import msgspec

from backend_lint.api import Finding
from backend_lint.facts.file import Unchecked


class Suppression(msgspec.Struct, frozen=True):
    """An inline ignore. `applies_to` is the first line it silences, 0 for the whole file, `applies_until` the last one (0: the same).

    `rules` is empty if the comment names none or cannot be understood; `reason` is empty if none was given.
    """

    line: int
    column: int
    applies_to: int
    rules: tuple[str, ...]
    reason: str
    applies_until: int = 0


class Reading(msgspec.Struct, frozen=True):
    """`facts` is the msgpack of the reader's own struct (`facts.python.Module`, `facts.deployment.Manifest` ...), empty if the file could not be read."""

    facts: msgspec.Raw
    lines: int
    findings: tuple[Finding, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    timings: dict[str, float] = {}
    """CPU seconds of local rules by name, only filled when timings are asked for."""
