"""The fix of every rule in files that are written otherwise, with CRLF or a comment on every line: what comes out parses and keeps comments and line ends."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path

import pytest
import samples
from hypothesis import given
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
