"""The fix of every rule in files that are written otherwise, with CRLF or a comment on every line: what comes out parses and keeps comments and line ends."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest
import samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend_lint.engine.mend_file import mend_file

FIXED = [sample for sample in samples.samples("bad") if sample.fixed.exists()]
_PLACE = samples.TREE / "benchmarks" / "fixes.py"
_SPEC = importlib.util.spec_from_file_location("benchmark_fixes", _PLACE)
assert _SPEC is not None and _SPEC.loader is not None
fixes = importlib.util.module_from_spec(_SPEC)
sys.modules["benchmark_fixes"] = fixes
_SPEC.loader.exec_module(fixes)


@pytest.mark.parametrize("sample", FIXED, ids=lambda sample: sample.id)
def test_a_fix_holds_in_every_spelling(sample: samples.Sample, tmp_path: Path) -> None:
    samples.lay_out(sample.path, tmp_path)
    tree = fixes.Tree(tmp_path, "all")
    outcome = fixes.Outcome()
    outcome.play(tmp_path, tree)
    assert not outcome.wrong
    samples.lay_out(sample.fixed, tmp_path / "fixed")
    if any((tmp_path / "fixed" / path).read_bytes() != data for path, data in tree.contents.items()):
        assert outcome.applied[sample.rule] >= 4, "the fix is applied to each of the four spellings"
    assert not outcome.refused


def test_every_rule_with_a_fix_is_tried() -> None:
    cards = samples.registry().cards.values()
    assert {card.name for card in cards if card.fix in ("safe", "unsafe")} == {sample.rule for sample in FIXED}


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine says nothing of the property
@given(st.lists(st.sampled_from(["x = 1", "if x:\n    pass", "s = '''\n# no comment\n'''", "y = [\n    1,\n]", "z = 1 + \\\n    2", "# own", ""]), max_size=12))
def test_comments_are_put_where_they_change_nothing(parts: list[str]) -> None:
    data = ("\n".join(parts) + "\n").encode()
    after = fixes.with_comments(data)
    assert not fixes.flaws(data, after)
    assert [token[:1] for token in fixes.comments(data).items()] == [token[:1] for token in fixes.comments(after).items() if token[0] in fixes.comments(data)]


@pytest.mark.parametrize(
    ("before", "after", "flaw"),
    [
        (b"x = 1  # why\n", b"x = 2\n", "lost comments"),
        (b"x = 1\r\n", b"x = 2\n", "mixes line ends"),
        (b"x = 1\n", b"x = (\n", "does not parse"),
    ],
)
def test_flaws_are_seen(before: bytes, after: bytes, flaw: str) -> None:
    assert any(flaw in one for one in fixes.flaws(before, after))


def test_a_fix_is_not_made_twice() -> None:
    assert mend_file(b"x = 1\n", [], {}) == (b"x = 1\n", [])
    assert Counter(fixes.comments(b"x = 1  # a\n# a\n")) == {"# a": 2}


def test_results_of_several_runs_add_up() -> None:
    one = {"trees": 1, "by rule": {"a": 2}, "wrong": []}
    two = {"trees": 2, "by rule": {"a": 1, "b": 1}, "wrong": ["x"]}
    assert fixes.joined([one, two]) == {"trees": 3, "by rule": {"a": 3, "b": 1}, "wrong": ["x"]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("requests.get(url, timeout=5)\n", "requests.get(url, timeout=None, verify=False)\n"),
        ("logger.exception('x')\n", "logger.error('x')\n"),
        ("if rows.exists():\n    pass\n", "if rows.count() > 0:\n    pass\n"),
        ("rows = A.objects.select_related('b').filter(c=1)\n", "rows = A.objects.filter(c=1)\n"),
        ("def f():\n    with transaction.atomic():\n        a()\n", "def f():\n    if True:\n        a()\n"),
        ("answer.raise_for_status()\n", "pass\n"),
        ("x = hmac.compare_digest(a, b)\n", "x = (a == b)\n"),
        ("x = (\n", "x = (\n"),
    ],
)
def test_real_code_is_made_worse_and_keeps_its_lines(before: str, after: str) -> None:
    assert fixes.seeded(before.encode()).decode() == after
