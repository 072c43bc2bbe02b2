"""Every rule against its samples. A new rule needs no edit here: ``samples.py`` says how samples are written."""

from __future__ import annotations

from pathlib import Path

import pytest
import samples
from samples import Sample

from backend_lint.engine.mend import mend

BAD = samples.samples("bad")
FIXED = [sample for sample in BAD if sample.fixed.exists()]


def sample_id(sample: Sample) -> str:
    return sample.id


@pytest.mark.parametrize("sample", BAD, ids=sample_id)
def test_bad_sample_is_reported_where_it_is_marked(sample: Sample, tmp_path: Path) -> None:
    marks = samples.lay_out(sample.path, tmp_path)
    result = samples.check(tmp_path)
    rules = sorted({sample.rule, *(rule for _, _, rule in marks.expected)})
    assert sample.rule in {rule for _, _, rule in marks.expected}, f"{sample.id} marks no line with `# expect: {sample.rule}`"
    assert not result.unchecked, f"{sample.id} could not be checked: {result.unchecked}"
    assert samples.reported(result, rules) == marks.expected, f"{sample.id}: on the left what was reported, on the right what is marked\n" + samples.show(
        [one for one in result.findings if one.finding.rule in rules]
    )
    pointed = {(at.path, at.line, one.finding.rule) for one in result.findings for at in one.finding.evidence}
    missing = sorted(set(marks.evidence) - pointed)
    assert not missing, f"{sample.id}: no evidence points at {missing}; it points at {sorted(pointed)}"


@pytest.mark.parametrize("sample", samples.samples("good"), ids=sample_id)
def test_good_sample_gets_no_finding_of_any_rule(sample: Sample, tmp_path: Path) -> None:
    marks = samples.lay_out(sample.path, tmp_path)
    result = samples.check(tmp_path)
    assert not marks.expected, f"{sample.id} marks lines to report: that belongs into a bad sample"
    assert not result.unchecked, f"{sample.id} could not be checked: {result.unchecked}"
    assert not result.findings, f"{sample.id} must be silent, but:\n{samples.show(result.findings)}"


@pytest.mark.parametrize("sample", FIXED, ids=sample_id)
def test_fix_makes_the_fixed_sample_of_the_bad_one(sample: Sample, tmp_path: Path) -> None:
    bad, fixed = tmp_path / "bad", tmp_path / "fixed"
    samples.lay_out(sample.path, bad)
    samples.lay_out(sample.fixed, fixed)
    settings = samples.settings(bad, select=(sample.rule,))
    outcome = mend(settings, samples.registry(), unsafe=True, diff=False)
    assert not outcome.reverted, f"{sample.id}: the fix did not take: {outcome.reverted}"
    assert samples.contents(bad) == samples.contents(fixed)
    again = mend(settings, samples.registry(), unsafe=True, diff=False)
    assert not again.changed, f"{sample.id}: a second run changes {again.changed} once more"


@pytest.mark.parametrize("sample", FIXED, ids=sample_id)
def test_fix_leaves_its_own_result_alone(sample: Sample, tmp_path: Path) -> None:
    samples.lay_out(sample.fixed, tmp_path)
    before = samples.contents(tmp_path)
    outcome = mend(samples.settings(tmp_path, select=(sample.rule,)), samples.registry(), unsafe=True, diff=False)
    assert not outcome.changed
    assert samples.contents(tmp_path) == before


@pytest.mark.parametrize("name", sorted(samples.registry().rules))
def test_rule_has_the_samples_it_needs(name: str) -> None:
    card = samples.registry().card(name)
    folder = samples.FIXTURES / card.family / name
    there = {sample.kind for sample in samples.samples("bad", "good", "fixed") if sample.path.parent == folder}
    needed = {"bad", "good"} | ({"fixed"} if card.fix in ("safe", "unsafe") else set())
    assert needed <= there, f"{folder.relative_to(samples.TREE)} lacks samples: {', '.join(sorted(needed - there))}"


def test_samples_belong_to_rules() -> None:
    known = {(card.family, name) for name, card in samples.registry().cards.items()}
    strays = {sample.id for sample in samples.samples("bad", "good", "fixed") if (sample.family, sample.rule) not in known}
    assert not strays, f"samples of rules that do not exist: {sorted(strays)}"


def test_mended_samples_have_a_bad_twin() -> None:
    twins = {sample.fixed for sample in BAD}
    assert not [sample.id for sample in samples.samples("fixed") if sample.path not in twins]


class TestTheSamplesThemselves:
    """The reading of samples is code as well: were it wrong, every test above could pass for nothing."""

    def test_marks_are_read_and_removed(self, tmp_path: Path) -> None:
        sample = tmp_path / "bad.py"
        sample.write_text("a = 1  # expect: one, two-three\nb = 2  # why  # evidence: one\nc = '# expect: x y'\n")
        marks = samples.lay_out(sample, tmp_path / "project")
        assert marks.expected == (("app/sample.py", 1, "one"), ("app/sample.py", 1, "two-three"))
        assert marks.evidence == (("app/sample.py", 2, "one"),)
        assert samples.contents(tmp_path / "project") == {"app/sample.py": "a = 1\nb = 2  # why\nc = '# expect: x y'\n"}

    def test_expect_txt_stands_for_marks(self, tmp_path: Path) -> None:
        sample = tmp_path / "bad"
        sample.mkdir()
        (sample / "data.json").write_text("{}")
        (sample / "expect.txt").write_text("data.json:1 one\n")
        marks = samples.lay_out(sample, tmp_path / "project")
        assert marks.expected == (("data.json", 1, "one"),)
        assert samples.contents(tmp_path / "project") == {"data.json": "{}"}
        (sample / "expect.txt").write_text("data.json one\n")
        with pytest.raises(ValueError, match=r"path:line rule-name"):
            samples.lay_out(sample, tmp_path / "other")

    def test_examples_of_a_page_become_files(self) -> None:
        page = "Summary.\n\n## Example\n\n```python\n# path: app/a.py\nx = 1\n# path: app/b.py\n## Not a heading\n```\n"
        page += "\n## Use instead\n\n```sql\nSELECT 1\n```\n"
        sections = samples.sections(page)
        assert list(sections) == ["Example", "Use instead"]
        assert samples.example_files(sections["Example"]) == {"app/a.py": "x = 1\n", "app/b.py": "## Not a heading\n"}
        assert samples.example_files(sections["Use instead"]) == {"app/sample.sql": "SELECT 1\n"}
