"""What the HTML report says, without a browser: verdict, gate, trend, and what was not checked. `tests/browser` look at the page."""

from __future__ import annotations

import json
import re

import report_samples
from msgspec.structs import replace

from backend_lint.engine.baseline import Entry
from backend_lint.engine.result import Condition, Result
from backend_lint.facts.file import Unchecked
from backend_lint.report.html import render


def text_of(page: str) -> str:
    body = page.partition("<body>")[2].partition('<script type="application/json"')[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def result(**values: object) -> Result:
    findings = tuple(report_samples.reported(number) for number in range(3))
    made = Result(findings, (), {"unindexed-filter": report_samples.card()}, files=7, lines=900)
    return replace(made, **values)


def test_a_failed_gate_says_which_condition_and_why() -> None:
    conditions = (
        Condition("coverage.total", 84.99, 85.0, "failed", "of 200 lines", ("shop/a.py: 3 lines",)),
        Condition("findings.error", 0.0, 0.0, "passed"),
        Condition("performance.p95_ms", None, 200.0, "not-measured", "no report was found"),
    )
    text = text_of(render(result(conditions=conditions, passed=False)))
    assert "Failed verdict" in text and "Passed verdict" not in text
    assert re.search(r"coverage\.total 84\.99 85 FAILED of 200 lines shop/a\.py: 3 lines", text)
    assert re.search(r"performance\.p95_ms - 200 NOT MEASURED no report was found", text)


def test_the_trend_counts_what_was_accepted_and_what_is_new() -> None:
    baseline = [Entry(f"shop/{number}.py", rule, f"{number:032x}", "old") for number, rule in enumerate(["unindexed-filter"] * 4 + ["import-cycle"] * 2)]
    text = text_of(render(result(suppressed_baseline=4), baseline=baseline))
    assert "6 accepted: 2 mended since, 4 still there. 3 new." in text.replace(" :", ":").replace(" ,", ",").replace("  ", " ")
    assert "unindexed-filter 3 4" in text and "import-cycle 0 2" in text
    assert "Against the baseline" not in text_of(render(result()))


def test_what_was_not_checked_is_named() -> None:
    text = text_of(render(result(unchecked=(Unchecked("shop/broken.py", "invalid syntax", 3),), suppressed_inline=2)))
    assert "shop/broken.py:3 : invalid syntax" in text and "1 not checked" in text and "2 silenced by comments" in text


def test_nothing_found_is_a_page_too() -> None:
    page = render(result(findings=()))
    assert "Nothing was found in 7 files" in page and "<form" not in page


def test_the_data_of_the_script_cannot_end_it() -> None:
    hostile = "</script><script>alert(1)</script><!--"
    page = render(result(findings=(report_samples.reported(0, message=hostile, path=hostile, suggestion=hostile, symbol=hostile),)))
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["findings"][0]["symbol"] == hostile
    assert page.count("<script") == 2


def test_two_findings_of_one_fingerprint_have_two_ids() -> None:
    one = report_samples.reported(0)
    ids = re.findall(r'<details class="f [a-z]+" id="([^"]+)"', render(result(findings=(one, one))))
    assert len(ids) == len(set(ids)) == 2
