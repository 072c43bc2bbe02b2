"""Verdicts of people on findings, and the precision that is made of them: a table that counts wrong praises the linter for nothing."""

from __future__ import annotations

import collections
import json
from pathlib import Path

import samples
from benchmark_modules import benchmark

from backend_lint.cli.rules import described, measured

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"
corpus = benchmark("corpus")


def test_every_verdict_stands_on_a_pinned_commit_and_an_existing_rule() -> None:
    pinned = {one.name: one.commit for one in corpus.projects()}
    judged = corpus.verdicts(pinned)
    assert len(pinned) >= 20 and len(judged) >= 250
    assert {one.rule for one in judged} <= set(samples.registry().rules), "a rule that was renamed loses its verdicts"
    assert len({(one.project, one.rule, one.path, one.line) for one in judged}) == len(judged), "one finding counts once"


def test_only_what_is_still_reported_counts() -> None:
    judged = [corpus.Verdict("a/b", "r", "x.py", line, "s", verdict) for line, verdict in ((1, "right"), (2, "wrong"), (3, "close"), (4, "wrong"))]
    judged += [corpus.Verdict("not/run", "r", "x.py", 1, "s", "wrong")]
    said = {("r", "x.py", 1, "s"), ("r", "x.py", 3, "s"), ("r", "x.py", 4, "s"), ("r", "x.py", 2, "other"), ("s", "x.py", 2, "s")}
    counts = corpus.still(judged, {"a/b": said})
    assert counts == {"r": collections.Counter({"right": 1, "close": 1, "wrong": 1, "gone wrong": 1})}
    row = corpus.table(counts, {"r": 7, "s": 2}).splitlines()
    assert row[1].split() == ["r", "7", "4", "1", "1", "1", "1", "33.3", "66.7"]
    assert row[2].split() == ["s", "2", "0", "0", "0", "0", "0", "-", "-"]
    assert row[3].split()[:3] == ["all", "9", "4"]


def test_a_verdict_is_on_what_was_said() -> None:
    finding = {"severity": "error", "message": "m", "suggestion": "s", "evidence": [{"path": "a.py", "line": 3, "message": "e"}], "line": 1}
    assert corpus.digest(finding) == corpus.digest({**finding, "line": 2, "evidence": [{"path": "a.py", "line": 9, "message": "e"}]})
    for change in ({"severity": "info"}, {"message": "n"}, {"suggestion": None}, {"evidence": []}):
        assert corpus.digest(finding) != corpus.digest({**finding, **change}), "another advice, severity or evidence is to be judged anew"


def test_pages_and_listing_show_what_was_measured() -> None:
    kept = json.loads(corpus.MEASURED.read_text())
    assert kept, "numbers of benchmarks/corpus.py precision --save"
    name, counts = next(iter(kept.items()))
    shown = measured(name)
    assert shown == {"judged": sum(counts.values()), "right": counts["right"], "true": counts["right"] + counts["close"]}
    registry = samples.registry()
    assert described(registry.cards[name], registry)["measured"] == shown
    page = (BENCHMARKS.parent / "docs" / "rules" / f"{name}.md").read_text()
    assert f"of {shown['judged']} findings that were judged against the code, {shown['right']} right in every detail" in page
    assert measured("no-such-rule") is None
