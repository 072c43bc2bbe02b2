"""Results to report on: an ordinary one, and one made of everything an attacker may put into a repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings as limits
from report_samples import HOSTILE, card, reported

from backend_lint.api import Evidence, Severity
from backend_lint.config import Settings
from backend_lint.engine.result import Condition, Reported, Result
from backend_lint.facts.file import Unchecked

limits.register_profile("steady", deadline=None, database=None)
limits.load_profile("steady")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path)


@pytest.fixture
def ordinary() -> Result:
    error = reported(1, severity=Severity.ERROR, rule="swallowed-exception", evidence=(), suggestion="")
    return Result(
        findings=(reported(0), error),
        unchecked=(Unchecked("shop/broken.py", "invalid syntax", 3), Unchecked("", "rule x failed: KeyError")),
        cards={"unindexed-filter": card(), "swallowed-exception": card("swallowed-exception", tags=(), fix="none", family="errors")},
        conditions=(
            Condition("coverage.total", 84.99, 85.0, "failed"),
            Condition("findings.error", 0, 0, "passed"),
            Condition("coverage.diff", None, 85, "not-measured"),
        ),
        passed=False,
        suppressed_inline=1,
        suppressed_baseline=2,
        files=7,
        lines=900,
        unknown={"unindexed-filter": 3, "swallowed-exception": 1},
    )


@pytest.fixture
def empty() -> Result:
    return Result(findings=(), unchecked=(), cards={"unindexed-filter": card()}, files=3, lines=30)


@pytest.fixture
def hostile() -> Result:
    """500 findings: each hostile text in each field, in turn."""
    severities = list(Severity)
    findings = []
    for number in range(500):
        text = HOSTILE[number % len(HOSTILE)]
        other = HOSTILE[(number * 7 + 3) % len(HOSTILE)]
        item = reported(
            number,
            path=f"app/{text}.py" if number % 3 else text or "x",
            rule="unindexed-filter" if number % 2 else "swallowed-exception",
            message=f"{text} {other}",
            severity=severities[number % 3],
            symbol=other,
            evidence=(Evidence(f"{other}/m.py", number + 1, text), Evidence("b.py", 1, other)),
            suggestion=f"{other}\n{text}",
            column=1 + number % 30,
            end_column=40 + number,
        )
        findings.append(Reported(item.finding, item.fingerprint, ((41 + number, f"\t{text} {other}"), (42 + number, text * 40))))
    return Result(
        findings=tuple(findings),
        unchecked=tuple(Unchecked(text, f"bad {text}", number) for number, text in enumerate(HOSTILE)),
        cards={"unindexed-filter": card(), "swallowed-exception": card("swallowed-exception")},
        conditions=tuple(Condition(f"findings.{text}", 1.5, 1, "failed") for text in HOSTILE[:12]),
        passed=False,
    )
