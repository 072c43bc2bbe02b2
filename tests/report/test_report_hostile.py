"""Nothing that stands in a checked repository leaves its place in a report: 500 hostile findings, and whatever hypothesis thinks of."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote_to_bytes

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from lxml import etree
from markdown_it import MarkdownIt
from report_samples import reported
from test_report_formats import junit_schema, sarif_validator

from backend_lint.config import Settings
from backend_lint.engine.result import Reported, Result
from backend_lint.report import FORMATS, render
from backend_lint.report.escape import annotation, annotation_property, markdown, markdown_code, uri, visible, xml

SGR = re.compile(r"\x1b\[[0-9;]*m")
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ANY = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize("name", FORMATS)
def test_is_utf8_without_control_or_bidirectional_characters(name: str, hostile: Result, settings: Settings) -> None:
    report = render(name, hostile, settings, False, {})
    report.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", report)
    assert not BIDI.search(report)


@pytest.mark.parametrize("name", ["text", "concise"])
def test_only_our_own_colours_reach_the_terminal(name: str, hostile: Result, settings: Settings) -> None:
    coloured = render(name, hostile, settings, True)
    assert SGR.sub("", coloured) == render(name, hostile, settings, False)
    assert set(SGR.findall(coloured)) <= {f"\x1b[{code}m" for code in ("0", "1", "2", "1;31", "1;33", "1;34", "34", "31", "32")}


def test_concise_has_one_line_for_each_finding(hostile: Result, settings: Settings) -> None:
    lines = render("concise", hostile, settings, False).split("\n")
    assert len(lines) == 500 + len(hostile.unchecked) + len(hostile.conditions) + 2


@pytest.mark.parametrize("name", ["json", "sarif", "gitlab"])
def test_json_reads_back_in_a_strict_parser(name: str, hostile: Result, settings: Settings) -> None:
    report = render(name, hostile, settings, False)
    assert msgspec.json.decode(report) == json.loads(report)


def test_jsonl_has_one_object_a_line(hostile: Result, settings: Settings) -> None:
    lines = [msgspec.json.decode(line) for line in render("jsonl", hostile, settings, False).split("\n")[:-1]]
    assert [line["type"] for line in lines].count("finding") == 500


def test_json_keeps_text_that_is_unicode(hostile: Result, settings: Settings) -> None:
    findings = json.loads(render("json", hostile, settings, False))["findings"]
    for item, before in zip(findings, hostile.findings, strict=True):
        if not any("\ud800" <= character <= "\udfff" for character in before.finding.message):
            assert item["message"] == before.finding.message


def test_sarif_stays_valid_and_inside_the_root(hostile: Result, settings: Settings) -> None:
    report = json.loads(render("sarif", hostile, settings, False))
    sarif_validator().validate(report)
    assert len(report["runs"][0]["results"]) == 500
    for result in report["runs"][0]["results"]:
        address = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]*", address)
        assert not re.search(r"(?<!\\)\](?=\()", result["message"]["text"])


def test_junit_stays_valid(hostile: Result, settings: Settings) -> None:
    document = etree.fromstring(render("junit", hostile, settings, False).encode(), etree.XMLParser(resolve_entities=False, recover=False))
    junit_schema().assertValid(document)
    assert {element.tag for element in document.iter()} == {"testsuites", "testsuite", "testcase", "failure", "error"}
    assert len(list(document.iter("testcase"))) == 500 + len(hostile.unchecked) + len(hostile.conditions)


def test_gitlab_has_one_entry_for_each_finding(hostile: Result, settings: Settings) -> None:
    entries = json.loads(render("gitlab", hostile, settings, False))
    assert len({entry["fingerprint"] for entry in entries}) == len(entries) == 500 + len(hostile.unchecked) + len(hostile.conditions)


def test_github_runs_no_command_of_the_repository(hostile: Result, settings: Settings) -> None:
    lines = render("github", hostile, settings, False, {}).split("\n")
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert len(commands) == 30
    assert all(re.fullmatch(r"::(error|warning|notice) [^:\n]*::.*", command) for command in commands)
    assert not any("##[" in line for line in lines)
    assert len([line for line in lines if line.startswith("- ")]) == 500 + len(hostile.unchecked) + len(hostile.conditions) - 29


def test_markdown_renders_no_markup_of_the_repository(hostile: Result, settings: Settings) -> None:
    report = render("markdown", hostile, settings, False)
    tokens = [child for token in MarkdownIt("commonmark").enable("table").parse(report) for child in (token, *(token.children or []))]
    kinds = {token.type for token in tokens}
    assert "link_open" not in kinds and "image" not in kinds and "html_inline" not in kinds
    assert [token.content for token in tokens if token.type == "html_block"] == ["<!-- backend-lint -->\n"]
    assert not re.search(r"@[a-z]", re.sub(r"`+[^`]*`+", "", report))


@given(ANY)
def test_visible_text_is_one_line_that_any_format_may_hold(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not BIDI.search(shown)
    assert etree.fromstring(f'<a b="{xml(text)}">{xml(text)}</a>'.encode()).tag == "a"


@given(ANY)
def test_an_annotation_is_one_line(text: str) -> None:
    for escaped in (annotation(text), annotation_property(text)):
        assert len(escaped.splitlines()) <= 1
        assert "##[" not in escaped
    assert not re.search(r"[:,\r\n]", annotation_property(text))


@given(st.binary(max_size=40))
def test_a_uri_holds_the_bytes_of_the_path(raw: bytes) -> None:
    path = raw.decode("utf-8", "surrogateescape")
    assert unquote_to_bytes(uri(path)) == (raw[2:] if raw.startswith(b"./") else raw)


@given(ANY)
def test_markdown_text_and_code_hold_no_markup(text: str) -> None:
    tokens = MarkdownIt("commonmark").parseInline(f"x {markdown(text)} {markdown_code(text)} y")[0].children or []
    assert {token.type for token in tokens} <= {"text", "code_inline", "text_special"}
    assert [token.type for token in tokens].count("code_inline") == 1


@limits(max_examples=50)
@given(path=ANY, message=ANY, suggestion=ANY, frame=ANY, start=st.integers(1, 80), end=st.integers(0, 80), lines=st.integers(0, 3))
def test_no_text_and_no_place_breaks_a_report(path: str, message: str, suggestion: str, frame: str, start: int, end: int, lines: int) -> None:
    from pathlib import Path

    base = reported(path=path, message=message, suggestion=suggestion, column=start, end_column=end, end_line=41 + lines).finding
    result = Result(findings=(Reported(base, "f", ((41, frame), (42, message))),), unchecked=(), cards={})
    for name in FORMATS:
        report = render(name, result, Settings(root=Path("/")), False, {})
        report.encode("utf-8")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", report)


def test_what_is_encoded_already_is_encoded_again() -> None:
    assert annotation("a%0A::error::b") == "a%250A::error::b"
    assert annotation_property("a%3A") == "a%253A"
    assert xml("&lt;") == "&amp;lt;"
    assert uri("%41") == "%2541"
    assert markdown("&lt;<b>") == "&amp;lt;&lt;b\\>"
