"""The verdict: what was asked for holds, to the last digit, or the gate fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend_lint.api import Finding, Severity
from backend_lint.card import Card
from backend_lint.config import Settings
from backend_lint.engine.result import Condition, Reported, Result
from backend_lint.gate.conditions import evaluate, shown

_CARD = Card("slow-call", "resilience", Severity.WARNING, "high", "default", "0.1", "none", ("owasp-api:4",), "", "")


_NAME_A_BASE = "name what the change is compared with: --diff-base origin/main"


def _reported(severity: str, rule: str = "slow-call", new: bool = True) -> Reported:
    return Reported(Finding(rule, "a.py", 1, 1, 1, 2, "wrong", Severity(severity)), "f", new=new)


def _result(*findings: Reported) -> Result:
    return Result(findings, (), {"slow-call": _CARD})


def _judge(result: Result, gate: dict[str, Any] | None = None, **settings: Any) -> Result:
    return evaluate(result, Settings(root=Path("/"), gate=gate or {}, **settings))


@pytest.mark.parametrize(
    ("severity", "fail_on", "passed"),
    [
        ("error", "error", False),
        ("warning", "error", True),
        ("warning", "warning", False),
        ("info", "warning", True),
        ("info", "info", False),
        ("error", "never", True),
    ],
)
def test_fail_on(severity: str, fail_on: str, passed: bool) -> None:
    assert _judge(_result(_reported(severity)), fail_on=fail_on).passed is passed


@pytest.mark.parametrize(
    ("key", "measured"),
    [("error", 1), ("warning", 2), ("slow-call", 3), ("resilience", 3), ("owasp-api:4", 3), ("owasp-api", 3), ("info", 0), ("ALL", 3)],
)
def test_findings_are_counted_by_severity_rule_family_and_tag(key: str, measured: int) -> None:
    result = _result(_reported("error"), _reported("warning"), _reported("warning"))
    for allowed, status in ((measured, "passed"), (measured - 1, "failed"))[: 1 + (measured > 0)]:
        judged = _judge(result, {key: allowed}, fail_on="never")
        reason = f"{measured} of slow-call" if status == "failed" else ""
        assert judged.conditions == (Condition(f"findings.{key}", float(measured), float(allowed), status, reason),)
        assert judged.passed is (status == "passed")


def test_new_findings_need_a_base_revision() -> None:
    result = _result(_reported("warning", new=False), _reported("warning"))
    gate = {"new": {"warning": 1}}
    assert _judge(result, gate).conditions == (Condition("findings.new.warning", None, 1.0, "not-measured", _NAME_A_BASE),)
    assert not _judge(result, gate).passed
    assert _judge(result, gate, diff_base="main").conditions == (Condition("findings.new.warning", 1.0, 1.0, "passed"),)


def test_what_cannot_be_measured_fails() -> None:
    judged = _judge(_result(), {"coverage": {"total": 85, "reports": ["coverage.xml"]}, "performance": {"p95_ms": 200}})
    assert [(one.name, one.measured, one.required, one.status) for one in judged.conditions] == [
        ("coverage.total", None, 85.0, "not-measured"),
        ("performance.p95_ms", None, 200.0, "not-measured"),
    ]
    assert not judged.passed


def test_the_threshold_hides_findings_and_not_the_verdict() -> None:
    settings = Settings(root=Path("/"), fail_on="info", severity_threshold="warning")
    judged = evaluate(_result(_reported("info"), _reported("warning")), settings)
    assert [one.finding.severity for one in shown(judged, settings).findings] == ["warning"]
    assert not evaluate(_result(_reported("info")), settings).passed


def test_a_change_that_weakens_the_gate_fails_by_what_the_base_allows() -> None:
    result = msgspec.structs.replace(_result(_reported("warning", "weakened-gate"), _reported("info", "weakened-gate")), weakenings=0)
    (condition,) = _judge(result, {"weakened-gate": 5}, diff_base="main").conditions
    assert condition == Condition("findings.weakened-gate", 1.0, 0.0, "failed", "1 of weakened-gate", ("a.py:1: wrong",))
    (condition,) = _judge(msgspec.structs.replace(result, weakenings=1), diff_base="main").conditions
    assert condition == Condition("findings.weakened-gate", 1.0, 1.0, "passed")
    assert _judge(msgspec.structs.replace(result, weakenings=None), diff_base="main").conditions == ()
    (condition,) = _judge(_result(), {"weakened-gate": 0}).conditions
    assert condition == Condition("findings.weakened-gate", None, 0.0, "not-measured", _NAME_A_BASE)
