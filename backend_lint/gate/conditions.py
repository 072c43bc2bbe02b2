"""The gate: conditions over findings and measurements. What was asked for and could not be measured fails; nothing is rounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from backend_lint.api import Severity
from backend_lint.config import Settings
from backend_lint.engine.result import Condition, Reported, Result

_RANKS = {str(severity): rank for rank, severity in enumerate((Severity.INFO, Severity.WARNING, Severity.ERROR))}


def evaluate(result: Result, settings: Settings) -> Result:
    """`result` with the conditions of ``gate`` and the verdict: every condition passed, and nothing at or above `fail_on`."""
    import msgspec

    conditions = tuple(_conditions(result, settings))
    passed = all(one.status == "passed" for one in conditions) and not any(fails(one, settings.fail_on) for one in result.findings)
    return msgspec.structs.replace(result, conditions=conditions, passed=passed)


def shown(result: Result, settings: Settings) -> Result:
    """`result` with the new findings at or above `severity_threshold` only. The verdict has been made of all of them."""
    import msgspec

    least = _RANKS[settings.severity_threshold]
    return msgspec.structs.replace(result, findings=tuple(one for one in result.findings if one.new and _RANKS[one.finding.severity] >= least))


def fails(reported: Reported, fail_on: str) -> bool:
    """Whether one finding makes the exit code 1: what was there at the base revision does not."""
    return reported.new and fail_on != "never" and _RANKS[reported.finding.severity] >= _RANKS[fail_on]


def _conditions(result: Result, settings: Settings) -> Iterable[Condition]:
    gate: Mapping[str, Any] = settings.gate
    counts = _counts(result.findings, result)
    for key, allowed in gate.items():
        if key not in ("new", "coverage", "performance"):
            yield _at_most(f"findings.{key}", counts[key], allowed)
    new = _counts((one for one in result.findings if one.new), result)
    for key, allowed in gate.get("new", {}).items():
        # without a base revision nobody knows what is new
        yield _at_most(f"findings.new.{key}", new[key] if settings.diff_base or settings.diff_file else None, allowed)
    if "coverage" in gate:
        from backend_lint.gate.coverage import conditions

        yield from conditions(gate["coverage"], result.coverage)
    for key, required in gate.get("performance", {}).items():
        if key != "reports":
            yield Condition(f"performance.{key}", None, float(required), "not-measured")


def _at_most(name: str, measured: int | None, allowed: int) -> Condition:
    if measured is None:
        return Condition(name, None, float(allowed), "not-measured")
    return Condition(name, float(measured), float(allowed), "passed" if measured <= allowed else "failed")


def _counts(findings: Iterable[Reported], result: Result) -> Counter[str]:
    """Findings by severity, rule, family, tag and first half of a tag."""
    counts: Counter[str] = Counter()
    for one in findings:
        counts["ALL"] += 1
        counts[one.finding.severity.value] += 1
        counts[one.finding.rule] += 1
        card = result.cards.get(one.finding.rule)
        if card is not None:
            counts[card.family] += 1
            counts.update({*card.tags, *(tag.partition(":")[0] for tag in card.tags if ":" in tag)})
    return counts
