"""Findings and readings to triage, made from marked texts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from backend_lint.api import Evidence, Finding, Severity
from backend_lint.card import ENGINE_CARDS
from backend_lint.config import Settings
from backend_lint.engine.result import Card, Reported
from backend_lint.engine.suppress import read_suppressions
from backend_lint.engine.triage import triage
from backend_lint.facts.file import Kind, Unchecked
from backend_lint.facts.reading import Reading
from backend_lint.source import split_lines

RULES = ("missing-timeout", "broad-except", "never-found")


def card(name: str) -> Card:
    return Card(name, "resilience", Severity.WARNING, "high", "default", "0.1", "none", (), "", "", "node")


CARDS: dict[str, Any] = {**{name: card(name) for name in RULES}, **ENGINE_CARDS}


def found(text: str, rule: str = "missing-timeout", path: str = "app.py", needle: str = "get(", end: str = "", **values: Any) -> list[Finding]:
    """A finding at each line that holds `needle`, ending on the next line that holds `end`."""
    findings = []
    lines = split_lines(text)
    for number, line in enumerate(lines, 1):
        if needle in line and not line.lstrip().startswith("#"):
            last = number
            if end:
                last = next(at for at in range(number, len(lines) + 1) if end in lines[at - 1])
            fields: dict[str, Any] = {"message": "call without a timeout, add one", "severity": Severity.WARNING}
            fields.update(values)
            findings.append(Finding(rule, path, number, line.index(needle) + 1, last, len(lines[last - 1]) + 1, **fields))
    return findings


def sift(
    text: str,
    findings: Iterable[Finding] | None = None,
    path: str = "app.py",
    kind: Kind = Kind.PYTHON,
    ran: Iterable[str] = (*RULES, *ENGINE_CARDS),
    unchecked: tuple[Unchecked, ...] = (),
    difference: Any = None,
    **settings: Any,
) -> tuple[tuple[Reported, ...], int, int]:
    """Triage of one file."""
    reading = Reading(msgspec.Raw(), len(split_lines(text)), suppressions=read_suppressions(text, kind), unchecked=unchecked)
    chosen = found(text, path=path) if findings is None else findings
    return triage(
        chosen,
        {path: reading},
        Settings(**{"root": Path("/"), **settings}),
        CARDS,
        frozenset(ran),
        lambda asked: split_lines(text) if asked == path else None,
        difference,
    )


def names(reported: Iterable[Reported]) -> list[tuple[str, int]]:
    return [(one.finding.rule, one.finding.line) for one in reported]


__all__ = ["CARDS", "RULES", "Evidence", "card", "found", "names", "sift"]
