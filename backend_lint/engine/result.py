"""The outcome of a run: everything that a report needs, and nothing that needs the disk."""

from __future__ import annotations

import msgspec

from backend_lint.api import Finding
from backend_lint.card import Card as Card
from backend_lint.facts.condition import Condition as Condition
from backend_lint.facts.coverage import Measured
from backend_lint.facts.file import Unchecked


class Reported(msgspec.Struct, frozen=True):
    """A finding that survived triage. `fingerprint` is stable through edits elsewhere; `frame` holds the source lines of the finding.

    `frame` is a tuple of (line number, text without its end), at most five lines, secrets redacted; empty if the file could not be read.
    """

    finding: Finding
    fingerprint: str
    frame: tuple[tuple[int, str], ...] = ()
    new: bool = True
    """Not there at the base revision; True without one."""
    beside: tuple[str, ...] = ()
    """The source line of each evidence, secrets redacted; empty where it is not known. There for reports that show code only."""


class Timing(msgspec.Struct, frozen=True):
    """CPU seconds that a stage or a rule took, over all workers."""

    name: str
    seconds: float


class Result(msgspec.Struct, frozen=True):
    """`findings` are sorted by path, line, column, rule. `unknown` counts questions that rules could not answer. `cards` are the rules that ran, by name."""

    findings: tuple[Reported, ...]
    unchecked: tuple[Unchecked, ...]
    cards: dict[str, Card]
    conditions: tuple[Condition, ...] = ()
    passed: bool = True
    suppressed_inline: int = 0
    suppressed_baseline: int = 0
    files: int = 0
    lines: int = 0
    unknown: dict[str, int] = {}
    """Per rule: how often it could not tell."""
    seconds: float = 0.0
    """Wall time; 0.0 unless timings were asked for, so that the same input gives the same bytes."""
    timings: tuple[Timing, ...] = ()
    notes: tuple[str, ...] = ()
    """Warnings that are no findings: an unusable cache, nothing to check."""
    not_understood: tuple[Unchecked, ...] = ()
    """Statements and operations of migrations that were not understood; counted, and named with -v."""
    checked: tuple[str, ...] = ()
    """Paths of the files that were checked, for --show-files."""
    coverage: Measured | None = None
    """What coverage reports say; None if neither a rule nor the gate asked."""
    weakenings: int | None = None
    """How many warnings of `weakened-gate` may be there; None if nobody compares the gate with that of a base revision."""
    targets: tuple[Condition, ...] = ()
    """What the targets of the gate come to, each by its key in ``gate.performance``."""
