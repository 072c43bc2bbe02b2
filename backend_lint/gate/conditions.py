"""The gate: conditions over findings and measurements. What was asked for and could not be measured fails; nothing is rounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend_lint.api import Severity
from backend_lint.config import Settings
from backend_lint.engine.result import Condition, Reported, Result

_WEAKENED = "weakened-gate"
_MOST = 20
"""Findings of a condition that are named."""
_MOST_RULES = 5
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

    return msgspec.structs.replace(result, findings=threshold(result.findings, settings))


def threshold(findings: Iterable[Reported], settings: Settings) -> tuple[Reported, ...]:
    """The findings that `shown` leaves."""
    least = _RANKS[settings.severity_threshold]
    return tuple(one for one in findings if one.new and _RANKS[one.finding.severity] >= least)


def fails(reported: Reported, fail_on: str) -> bool:
    """Whether one finding makes the exit code 1: what was there at the base revision does not."""
    return reported.new and fail_on != "never" and _RANKS[reported.finding.severity] >= _RANKS[fail_on]


def _conditions(result: Result, settings: Settings) -> Iterable[Condition]:
    gate: Mapping[str, Any] = settings.gate
    for key, allowed in gate.items():
        if key not in ("new", "coverage", "performance", _WEAKENED):
            yield _at_most(f"findings.{key}", _of(result.findings, result, key), allowed)
    compared = bool(settings.diff_base or settings.diff_file)
    for key, allowed in gate.get("new", {}).items():
        # without a base revision nobody knows what is new
        yield _at_most(f"findings.new.{key}", _of([one for one in result.findings if one.new], result, key) if compared else None, allowed)
    if result.weakenings is not None or _WEAKENED in gate:
        # by what the base allows: a change does not say how much weaker it may make its judge
        found = [one for one in _of(result.findings, result, _WEAKENED) if one.finding.severity is not Severity.INFO]
        known = settings.diff_base is not None
        yield _at_most(f"findings.{_WEAKENED}", found if known else None, gate.get(_WEAKENED, 0) if result.weakenings is None else result.weakenings)
    if "coverage" in gate:
        from backend_lint.gate.coverage import conditions

        yield from conditions(gate["coverage"], result.coverage)
    if "performance" in gate:
        from backend_lint.gate import performance

        yield from performance.conditions(gate["performance"], result.targets)


def _at_most(name: str, found: Sequence[Reported] | None, allowed: int) -> Condition:
    if found is None:
        return Condition(name, None, float(allowed), "not-measured", "name what the change is compared with: --diff-base origin/main")
    if len(found) <= allowed:
        return Condition(name, float(len(found)), float(allowed), "passed")
    rules = Counter(one.finding.rule for one in found)
    reason = ", ".join(f"{count} of {rule}" for rule, count in rules.most_common(_MOST_RULES))
    more = f" and of {len(rules) - _MOST_RULES} more rules" if len(rules) > _MOST_RULES else ""
    # the report has the findings themselves; what weakens the gate is few and stands where nobody looks
    details = [f"{one.finding.path}:{one.finding.line}: {one.finding.message}" for one in found[:_MOST]] if set(rules) == {_WEAKENED} else []
    return Condition(name, float(len(found)), float(allowed), "failed", reason + more, tuple(details))


def _of(findings: Iterable[Reported], result: Result, key: str) -> list[Reported]:
    """The findings that a key of the gate speaks of: a severity, rule, family, tag, first half of a tag, or ``ALL``."""
    return [one for one in findings if key == "ALL" or key in (one.finding.severity.value, one.finding.rule) or key in _groups(result, one.finding.rule)]


def _groups(result: Result, rule: str) -> frozenset[str]:
    card = result.cards.get(rule)
    return frozenset() if card is None else frozenset({card.family, *card.tags, *(tag.partition(":")[0] for tag in card.tags if ":" in tag)})
