"""What several formats say alike: the order of severities, places, counts and the summary."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from backend_lint.api import Finding, Severity
from backend_lint.engine.result import Card, Condition, Reported, Result
from backend_lint.facts.file import Unchecked
from backend_lint.report.escape import visible

ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def card(result: Result, rule: str) -> Card:
    """The card of `rule`; an empty one if the run knows none, so that a report never fails for it."""
    return result.cards.get(rule) or Card(rule, "", Severity.WARNING, "", "", "", "none", (), "", "")


def place(finding: Finding) -> str:
    """``path:line:column``, safe on a terminal."""
    return f"{visible(finding.path)}:{finding.line}:{finding.column}"


def help_of(finding: Finding) -> str:
    """The suggested change, unless the message says it already; empty if there is none."""
    return "" if finding.suggestion in finding.message else finding.suggestion


def unchecked_place(item: Unchecked) -> str:
    """``path:line`` of what was not checked; ``project`` if it is no single file."""
    path = visible(item.path) if item.path else "project"
    return f"{path}:{item.line}" if item.line else path


def counts(result: Result) -> dict[str, int]:
    """How many findings of each severity."""
    found = Counter(reported.finding.severity.value for reported in result.findings)
    return {severity.value: found[severity.value] for severity in Severity}


def repository_prefix(root: Path, top: str | None) -> str:
    """Where the project lies below the checkout that a CI system names, with ``/`` at the end: annotations are placed by paths from there. Empty at the top.

    >>> repository_prefix(Path("/build/shop/api"), "/build/shop"), repository_prefix(Path("/build/shop"), None)
    ('api/', '')
    """
    if not top:
        return ""
    checkout = Path(top)
    if not checkout.is_absolute() or root == checkout or not root.is_relative_to(checkout):
        return ""
    return root.relative_to(checkout).as_posix() + "/"


def plural(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary(result: Result) -> str:
    """One line: findings by severity, files, what was not checked, what was suppressed, the verdict of the gate."""
    found = counts(result)
    total = sum(found.values())
    kinds = [plural(found["error"], "error"), plural(found["warning"], "warning"), f"{found['info']} info"]
    split = ", ".join(kind for kind in kinds if not kind.startswith("0 "))
    parts = [f"{plural(total, 'finding')} ({split}) in {plural(result.files, 'file')}" if total else f"no findings in {plural(result.files, 'file')}"]
    if result.unchecked:
        parts.append(f"{len(result.unchecked)} not checked")
    if result.suppressed_inline:
        parts.append(f"{result.suppressed_inline} suppressed inline")
    if result.suppressed_baseline:
        parts.append(f"{result.suppressed_baseline} in the baseline")
    if failed := sum(condition.status != "passed" for condition in result.conditions):
        parts.append(f"gate failed: {failed} of {plural(len(result.conditions), 'condition')}")
    elif result.conditions:
        parts.append("gate passed")
    return "; ".join(parts)


def number(value: float | None) -> str:
    """A measured or required value as it is, never rounded; ``-`` for None."""
    if value is None:
        return "-"
    return str(int(value)) if value == int(value) else repr(value)


def verdict(condition: Condition) -> str:
    """``PASSED``, ``FAILED`` or ``NOT MEASURED``."""
    return condition.status.replace("-", " ").upper()


def shortfall(condition: Condition) -> str:
    """One line on a condition: both numbers, and what they are of or why there is none."""
    reason = f"; {condition.reason}" if condition.reason else ""
    return f"{condition.name} {condition.status}: measured {number(condition.measured)}, required {number(condition.required)}{reason}"


def named(condition: Condition, most: int) -> list[str]:
    """What makes a condition fail, at most so many lines, the last one saying how many more there are."""
    details = list(condition.details)
    return details if len(details) <= most else [*details[:most], f"and {len(details) - most} more"]


def by_severity(result: Result) -> list[Reported]:
    """The findings, worst first, otherwise in their order."""
    return sorted(result.findings, key=lambda reported: ORDER[reported.finding.severity])
