"""What each format promises its readers, on an ordinary result; SARIF, GitLab and JUnit against the published schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import msgspec
import pytest
from lxml import etree
from report_samples import card, reported

from backend_lint.api import Severity
from backend_lint.config import Settings
from backend_lint.engine.result import Reported, Result
from backend_lint.report import FORMATS, render

SCHEMAS = Path(__file__).parent / "schemas"


def sarif_validator() -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text("utf-8")))


def junit_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_what_was_not_checked(name: str, ordinary: Result, settings: Settings) -> None:
    report = render(name, ordinary, settings, False, {})
    plain = report.replace("\\", "")
    assert "broken.py" in plain
    assert "invalid syntax" in plain
    assert "rule x failed: KeyError" in plain


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reports_a_run_without_findings(name: str, empty: Result, settings: Settings) -> None:
    report = render(name, empty, settings, False, {})
    assert report.endswith("\n")
    assert "unindexed-filter at" not in report


@pytest.mark.parametrize("name", FORMATS)
def test_a_rule_without_a_card_does_not_stop_the_report(name: str, ordinary: Result, settings: Settings) -> None:
    assert "unindexed-filter" in render(name, msgspec.structs.replace(ordinary, cards={}), settings, False, {}).replace("\\", "")


def test_unknown_format_is_named(ordinary: Result, settings: Settings) -> None:
    with pytest.raises(ValueError, match="unknown format 'xml'"):
        render("xml", ordinary, settings, False)


def test_text_block_has_frame_underline_evidence_and_help(ordinary: Result, settings: Settings) -> None:
    assert render("text", ordinary, settings, False).startswith(
        "warning[unindexed-filter] filter on shop_order.created has no index, add one\n"
        "  --> shop/views.py:41:12\n"
        "   |\n"
        "41 |     return Order.objects.filter(created=day)\n"
        "   |            ^^^^^^^^\n"
        "   = shop/models.py:8: column declared here, no index\n"
        "   = help: CREATE INDEX ON shop_order (created)\n"
        "\n"
    )


def test_text_shows_the_code_of_both_sides_of_a_join(settings: Settings) -> None:
    one = msgspec.structs.replace(reported(), beside=("    created = models.DateTimeField()\x1b[31m",))
    lines = render("text", Result(findings=(one,), unchecked=(), cards={}), settings, False).splitlines()
    at = lines.index("   = shop/models.py:8: column declared here, no index")
    assert lines[at + 1] == " 8 |     created = models.DateTimeField()\\x1b[31m", "what the checked file says cannot steer the terminal"


def test_many_findings_end_in_what_to_do_first(settings: Settings) -> None:
    loud = card("import-cycle", severity=Severity.ERROR, fix="none")
    findings = (*(reported(number) for number in range(9)), reported(9, rule="import-cycle", severity=Severity.ERROR, path="shop/a.py"))
    result = Result(findings=findings, unchecked=(), cards={"import-cycle": loud, "unindexed-filter": card(fix="unsafe")})
    text = render("text", result, settings, False)
    assert text.endswith(
        "what to do first\n"
        "  error       1  import-cycle      shop/a.py\n"
        "  warning     9  unindexed-filter  shop/views.py; backend-lint fix --unsafe\n"
        "\n"
        "10 findings (1 error, 9 warnings) in 0 files\n"
    )
    assert "what to do first" not in render("text", msgspec.structs.replace(result, findings=findings[:3]), settings, False)


def test_code_is_cut_to_the_terminal_and_rules_lead_to_their_pages(settings: Settings) -> None:
    base = reported(column=901, end_column=905)
    line = "a" * 900 + "BCDE" + "f" * 900
    result = Result(findings=(Reported(base.finding, "0", ((41, line),)),), unchecked=(), cards={})
    narrow = render("text", result, settings, False, terminal=60).splitlines()
    assert max(map(len, narrow[3:5])) <= 60 and "BCDE" in narrow[3], "code does not wrap, so that the underline stands below it"
    coloured = render("text", result, settings, True, terminal=60)
    found = re.findall(r"\x1b\]8;;(file://[^\x1b]*)\x1b\\([^\x1b]*)\x1b\]8;;\x1b\\", coloured)
    assert [name for _, name in found] == ["unindexed-filter"]
    assert Path(found[0][0].removeprefix("file://")).is_file()
    assert "\x1b]8" not in render("text", result, settings, True), "links are for terminals"


def test_a_difference_is_green_and_red(settings: Settings) -> None:
    result = Result(findings=(reported(suggestion="@@ -1 +1 @@\n-old()\n+new()"),), unchecked=(), cards={})
    text = render("text", result, settings, True)
    assert "\x1b[31m-old()" in text and "\x1b[32m+new()" in text


def test_text_ends_in_gate_table_and_summary(ordinary: Result, settings: Settings) -> None:
    assert render("text", ordinary, settings, False).endswith(
        "gate\n"
        "  condition       measured  required  status\n"
        "  coverage.total     84.99        85  FAILED\n"
        "  findings.error         0         0  PASSED\n"
        "  coverage.diff          -        85  NOT MEASURED\n"
        "\n"
        "2 findings (1 error, 1 warning) in 7 files; 2 not checked; 1 suppressed inline; 2 in the baseline; gate failed: 2 of 3 conditions\n"
    )


def test_underline_stands_below_wide_characters_and_tabs(settings: Settings) -> None:
    base = reported(column=5, end_column=7)
    result = Result(findings=(Reported(base.finding, "0", ((41, "\t名a ok"),)),), unchecked=(), cards={})
    lines = render("text", result, settings, False).splitlines()
    assert lines[3] == "41 |     名a ok"
    assert lines[4] == "   | " + " " * 8 + "^^"


def test_a_long_line_is_cut_around_the_finding(settings: Settings) -> None:
    base = reported(column=901, end_column=905)
    line = "a" * 900 + "BCDE" + "f" * 900
    result = Result(findings=(Reported(base.finding, "0", ((41, line),)),), unchecked=(), cards={})
    shown, under = render("text", result, settings, False).splitlines()[3:5]
    assert len(shown) < 200
    assert shown[under.index("^") : under.index("^") + 4] == "BCDE"
    assert under.count("^") == 4


def test_colour_only_when_asked(ordinary: Result, settings: Settings) -> None:
    for name in ("text", "concise"):
        plain, coloured = render(name, ordinary, settings, False), render(name, ordinary, settings, True)
        assert "\x1b" not in plain
        assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain != coloured


def test_concise_is_one_line_a_finding(ordinary: Result, settings: Settings) -> None:
    assert render("concise", ordinary, settings, False).splitlines()[:2] == [
        "shop/views.py:41:12: warning[unindexed-filter] filter on shop_order.created has no index, add one",
        "shop/views.py:42:12: error[swallowed-exception] filter on shop_order.created has no index, add one",
    ]


def test_json_has_the_documented_shape(ordinary: Result, settings: Settings) -> None:
    report = json.loads(render("json", ordinary, settings, False))
    assert list(report) == ["schema_version", "tool", "findings", "gate", "unchecked", "suppressed", "summary"]
    assert report["tool"]["name"] == "backend-lint"
    assert report["findings"][0] == {
        "rule": "unindexed-filter",
        "family": "database",
        "severity": "warning",
        "precision": "high",
        "tags": ["owasp-api:4"],
        "message": "filter on shop_order.created has no index, add one",
        "path": "shop/views.py",
        "line": 41,
        "column": 12,
        "end_line": 41,
        "end_column": 20,
        "symbol": "OrderList.get_queryset",
        "evidence": [{"path": "shop/models.py", "line": 8, "message": "column declared here, no index"}],
        "suggestion": "CREATE INDEX ON shop_order (created)",
        "fix": {"safe": False, "edits": []},
        "fingerprint": "0" * 32,
    }
    assert report["findings"][1]["fix"] is None
    assert report["findings"][1]["suggestion"] is None
    assert report["gate"]["passed"] is False
    unmeasured = {"name": "coverage.diff", "measured": None, "required": 85, "status": "not-measured", "reason": None, "details": []}
    assert report["gate"]["conditions"][2] == unmeasured
    assert report["unchecked"] == [{"path": "shop/broken.py", "reason": "line 3: invalid syntax"}, {"path": "", "reason": "rule x failed: KeyError"}]
    assert report["suppressed"] == {"inline": 1, "baseline": 2}
    assert report["summary"] == {"files": 7, "lines": 900, "error": 1, "warning": 1, "info": 0, "unknown": 4, "seconds": 0.0}


def test_jsonl_says_the_same_as_json(ordinary: Result, settings: Settings) -> None:
    lines = [json.loads(line) for line in render("jsonl", ordinary, settings, False).splitlines()]
    report = json.loads(render("json", ordinary, settings, False))
    by_type: dict[str, list[dict[str, object]]] = {}
    for line in lines:
        by_type.setdefault(line.pop("type"), []).append(line)
    assert by_type["finding"] == report["findings"]
    assert by_type["unchecked"] == report["unchecked"]
    assert by_type["condition"] == report["gate"]["conditions"]
    assert by_type["summary"][0]["files"] == 7


def test_sarif_is_valid_and_says_what_code_scanning_reads(ordinary: Result, settings: Settings) -> None:
    report = json.loads(render("sarif", ordinary, settings, False))
    sarif_validator().validate(report)
    run = report["runs"][0]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["unindexed-filter"]["properties"]["security-severity"] == "5.5"
    assert "security-severity" not in rules["swallowed-exception"]["properties"]
    assert rules["unindexed-filter"]["help"]["markdown"].startswith("A filter has no index.")
    first, second = run["results"]
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "unindexed-filter"
    assert first["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "shop/views.py", "uriBaseId": "%SRCROOT%"}
    assert first["relatedLocations"][0]["message"]["text"] == "column declared here, no index"
    assert first["partialFingerprints"]["primaryLocationLineHash"] != second["partialFingerprints"]["primaryLocationLineHash"]
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/broken.py"


def test_sarif_of_nothing_is_valid(empty: Result, settings: Settings) -> None:
    report = json.loads(render("sarif", empty, settings, False))
    sarif_validator().validate(report)
    assert report["runs"][0]["results"] == []
    assert report["runs"][0]["invocations"][0]["executionSuccessful"] is True


def test_sarif_keeps_the_limits_of_code_scanning(settings: Settings) -> None:
    warning, error = reported(), reported(severity=Severity.ERROR)
    many = Result(findings=(*(warning for _ in range(25_000)), error), unchecked=(), cards={"unindexed-filter": card(tags=tuple(f"t{n}" for n in range(40)))})
    run = json.loads(render("sarif", many, settings, False))["runs"][0]
    assert len(run["results"]) == 25_000
    assert run["results"][0]["level"] == "error"
    assert "1 findings left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    assert len(run["tool"]["driver"]["rules"][0]["properties"]["tags"]) == 20


def test_gitlab_entries_are_valid_and_unique(ordinary: Result, settings: Settings) -> None:
    twice = msgspec.structs.replace(ordinary, findings=(*ordinary.findings, ordinary.findings[0]))
    entries = json.loads(render("gitlab", twice, settings, False))
    schema = json.loads((SCHEMAS / "gitlab-codeclimate.json").read_text("utf-8"))
    for entry in entries:
        jsonschema.validate(entry, schema)
    assert len({entry["fingerprint"] for entry in entries}) == len(entries) == 7
    assert [entry["severity"] for entry in entries] == ["major", "critical", "major", "info", "info", "critical", "critical"]
    assert entries[0]["fingerprint"] == ordinary.findings[0].fingerprint


@pytest.mark.parametrize("kind", ["ordinary", "empty"])
def test_junit_is_valid(kind: str, request: pytest.FixtureRequest, settings: Settings) -> None:
    document = etree.fromstring(render("junit", request.getfixturevalue(kind), settings, False).encode())
    junit_schema().assertValid(document)
    for suite in (document, *document.iter("testsuite")):
        assert int(suite.get("tests")) == len(list(suite.iter("testcase")))
        assert int(suite.get("failures")) == len(list(suite.iter("failure")))
        assert int(suite.get("errors")) == len(list(suite.iter("error")))


def test_junit_fails_a_condition_that_was_not_measured(ordinary: Result, settings: Settings) -> None:
    document = etree.fromstring(render("junit", ordinary, settings, False).encode())
    failed = [case.get("name") for case in document.iter("testcase") if case.get("classname") == "gate" and case.find("failure") is not None]
    assert failed == ["coverage.total", "coverage.diff"]


def test_github_puts_errors_first_and_keeps_ten_of_each_kind(settings: Settings, tmp_path: Path) -> None:
    findings = [reported(n, severity=severity) for severity in (Severity.INFO, Severity.WARNING, Severity.ERROR) for n in range(15)]
    lines = render("github", Result(findings=tuple(findings), unchecked=(), cards={}), settings, False, {}).splitlines()
    commands = [line[2:].split(" ", 1)[0] for line in lines if line.startswith("::")]
    assert commands == ["error"] * 10 + ["warning"] * 10 + ["notice"] * 10
    assert "16 more lines" in lines[29]
    assert len([line for line in lines if line.startswith("- shop/views.py:")]) == 16


def test_github_annotation_is_one_command(ordinary: Result, settings: Settings) -> None:
    lines = render("github", ordinary, settings, False, {}).splitlines()
    assert lines[2] == (
        "::error file=shop/views.py,line=42,endLine=42,col=12,endColumn=20,title=swallowed-exception::filter on shop_order.created has no index, add one"
    )
    assert lines[3].endswith("no index, add one%0Ashop/models.py:8: column declared here, no index%0Ahelp: CREATE INDEX ON shop_order (created)")


def test_github_writes_the_step_summary_where_the_environment_says(ordinary: Result, settings: Settings, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", "utf-8")
    render("github", ordinary, settings, False, {"GITHUB_STEP_SUMMARY": str(summary)})
    assert summary.read_text("utf-8") == "before\n" + render("markdown", ordinary, settings, False)


def test_github_warns_if_the_step_summary_cannot_be_written(ordinary: Result, settings: Settings, tmp_path: Path) -> None:
    assert "::warning title=backend-lint::the step summary could not be written" in render(
        "github", ordinary, settings, False, {"GITHUB_STEP_SUMMARY": str(tmp_path)}
    )


def test_markdown_fits_into_a_comment(settings: Settings) -> None:
    many = Result(findings=tuple(reported(n) for n in range(2000)), unchecked=(), cards={})
    report = render("markdown", many, settings, False)
    assert report.startswith("<!-- backend-lint -->\n")
    assert len(report) < 65_536
    assert "more findings" in report


def test_markdown_ends_the_list_of_findings_before_what_was_not_checked(ordinary: Result, settings: Settings) -> None:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt().parse(render("markdown", ordinary, settings, False))
    (heading,) = [position for position, token in enumerate(tokens) if token.content.startswith("**Not checked")]
    assert tokens[heading].level == 1, "it stands inside a list"


@pytest.mark.parametrize("name", ["text", "sarif", "github", "junit", "markdown"])
def test_advice_that_the_message_gives_is_not_repeated(name: str, settings: Settings) -> None:
    one = reported(1, message="no index, write CREATE INDEX A", suggestion="CREATE INDEX A", evidence=())
    result = Result(findings=(one,), unchecked=(), cards={})
    assert "help: " not in render(name, result, settings, False)


def test_annotations_are_placed_from_the_top_of_the_checkout(ordinary: Result) -> None:
    inner = Settings(root=Path("/build/shop/services/api"))
    github = render("github", ordinary, inner, False, {"GITHUB_WORKSPACE": "/build/shop", "CI_PROJECT_DIR": "/other"})
    assert "file=services/api/shop/views.py,line=41" in github
    assert "file=services/api/shop/broken.py,line=3" in github
    gitlab = json.loads(render("gitlab", ordinary, inner, False, {"GITHUB_WORKSPACE": "/other", "CI_PROJECT_DIR": "/build/shop"}))
    assert gitlab[0]["location"]["path"] == "services/api/shop/views.py"
    run = json.loads(render("sarif", ordinary, inner, False, {"GITHUB_WORKSPACE": "/build/shop"}))["runs"][0]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "services/api/shop/views.py"
    assert run["results"][0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "services/api/shop/models.py"
    for top in ("/build/shop/services/api", "/build", "", "build", "/build/sho"):
        found = render("github", ordinary, Settings(root=Path("/build/shop/services/api")), False, {"GITHUB_WORKSPACE": top})
        assert ("file=shop/views.py" in found) == (top != "/build")


def test_a_finding_without_width_is_underlined(settings: Settings) -> None:
    result = Result(findings=(reported(column=5, end_column=5),), unchecked=(), cards={})
    assert render("text", result, settings, False).splitlines()[4] == "   |     ^"
