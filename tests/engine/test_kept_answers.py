"""What the rules said last time is said again only where they would say it: after any edit a run with the cache gives the bytes of one without."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from random_edits import edits, laid_out

from backend_lint.api import Finding, ProjectRule
from backend_lint.config import Settings
from backend_lint.engine import judge, kept_answers
from backend_lint.engine.run import run
from backend_lint.registry import Registry


@pytest.fixture(scope="module")
def rules() -> Registry:
    return Registry.load(entry_points=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A number for each time that rules were asked."""
    seen: list[int] = []
    real = judge._ask

    def spy(readings: Any, asking: Any, *rest: Any) -> Any:
        seen.append(len(asking))
        return real(readings, asking, *rest)

    monkeypatch.setattr(judge, "_ask", spy)
    return seen


@pytest.fixture
def backend(project: Path) -> Path:
    return laid_out(project)


def answer(root: Path, registry: Any, **options: Any) -> bytes:
    return msgspec.json.encode(run(Settings(root=root, **{"jobs": 1, "profile": "all", **options}), registry))


@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_edit_the_cache_changes_no_byte(backend: Path, rules: Registry, seed: int) -> None:
    for _, edit in zip(range(14), edits(random.Random(seed), backend), strict=False):
        edit()
        assert answer(backend, rules) == answer(backend, rules, cache=False)


def test_an_edit_that_no_rule_can_see_asks_no_rule(backend: Path, rules: Registry, asked: list[int]) -> None:
    expected = answer(backend, rules, profile="default")
    assert b"read-modify-write-race" in expected and len(asked) == 1
    (backend / "tests" / "test_views.py").write_text("def test_one():\n    assert 2\n")
    target = backend / "part3" / "views.py"
    lines = target.read_text().splitlines()
    target.write_text("\n".join([*lines[:-1], lines[-1] + "  # a remark"]) + "\n")
    remarked = [msgspec.json.encode(text)[1:-1] for text in (lines[-1], lines[-1] + "  # a remark")]
    assert answer(backend, rules, profile="default") == expected.replace(*remarked)
    assert len(asked) == 1
    target.write_text("\n".join(lines[:-1]) + "\n")
    answer(backend, rules, profile="default")
    assert len(asked) == 2


def test_other_rules_settings_and_readers_of_the_clock_are_asked_anew(backend: Path, rules: Registry, asked: list[int]) -> None:
    for options in ({}, {"profile": "strict"}, {"select": ("queries",)}, {"severity": {"unindexed-filter": "info"}}, {"timings": True}):
        answer(backend, rules, **options)
    assert len(asked) == 5
    answer(backend, rules)
    assert len(asked) == 5
    answer(backend, rules, timings=True)
    assert len(asked) == 6


class Fails(ProjectRule):
    severity, precision, since = "info", "high", "0.1"
    left = 1

    def check(self, project: Any) -> Iterator[Finding]:
        if self.left:
            Fails.left -= 1
            raise MemoryError("none left")
        yield Finding("fails", next(iter(project.modules)), 1, 1, 1, 2, "all is well", self.severity)


def test_the_answer_of_a_rule_that_failed_is_not_kept(project: Path) -> None:
    from engine_rules import Registry as Few

    (project / "m.py").write_text("x = 1\n")
    registry = Few(Fails("fails", "testing"))
    first = run(Settings(root=project), registry)  # type: ignore[arg-type]
    assert not first.findings and "none left" in first.unchecked[0].reason
    assert run(Settings(root=project), registry).findings  # type: ignore[arg-type]


def test_another_state_of_the_tool_makes_another_name(backend: Path, rules: Registry, asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    answer(backend, rules)
    monkeypatch.setattr(kept_answers, "_tool", lambda registry: b"changed")
    answer(backend, rules)
    assert len(asked) == 2


def test_coverage_by_numbers_of_lines_is_named_too(tmp_path: Path) -> None:
    """Keys that are numbers are no reason to end with an internal error, and another count of one line is another answer."""
    from backend_lint.engine.kept_answers import digest_of
    from backend_lint.facts.coverage import FileCoverage

    one, other = (digest_of(b"", (), {}, [FileCoverage("a.py", {1: hits, 2: 0})]) for hits in (1, 0))
    assert one != other
