"""Inline suppressions: where they stand, what they silence, and what is said of the comments themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triage_samples import found, names, sift

from backend_lint.engine.suppress import read_suppressions
from backend_lint.facts.file import Kind, Unchecked
from backend_lint.source import comments

IGNORE = "backend-lint: ignore[missing-timeout]"


@pytest.mark.parametrize(
    "text",
    [
        f"get(u)  # {IGNORE} the session has one\n",
        f"get(u)  # noqa  # {IGNORE} the session has one\n",
        f"# {IGNORE} the session has one\nget(u)\n",
        f"# {IGNORE} the session has one\n# and another comment\nget(u)\n",
        f"# {IGNORE} the session has one\r\nget(u)\r\n",
        f"# {IGNORE} the session has one\rget(u)\r",
        f"get(  # {IGNORE} the session has one\n    u,\n)\n",
        f"get(\n    u,\n)  # {IGNORE} the session has one\n",
        f"x = [\n    get(u),\n    2,\n]  # {IGNORE} the session has one\n",
        f"# {IGNORE} the session has one\nx = [\n    2,\n    get(u),\n]\n",
        f"x = 1 + \\\n    get(u)  # {IGNORE} the session has one\n",
        f"x = [\n    # {IGNORE} the session has one\n    get(u),\n    2,\n]\n",
        f"get(u, '''\n# not a comment (\n''')  # {IGNORE} the session has one\n",
        f"x = 1\ny = 2  # why\nget(u)\n# backend-lint: ignore-file[missing-timeout] legacy\n# {IGNORE} x",
        f"# {IGNORE} the session has one\n@route(\n  1,\n)\n# and\n@guard\nasync def get(\n  x,\n):\n  pass\n",
        "# backend-lint: ignore-file[missing-timeout] legacy client\nget(u)\nget(v)\n",
        "get(u)  # backend-lint: ignore[broad-except, missing-timeout] both\n",
        "get(u)  #backend-lint:ignore[missing-timeout]: spelled tightly\n",
    ],
)
def test_a_comment_silences_its_statement(text: str) -> None:
    reported, inline, _ = sift(text, ran=("missing-timeout",))
    assert names(reported) == []
    assert inline >= 1


@pytest.mark.parametrize(
    "text",
    [
        f"s = '# {IGNORE} in a string'; get(u)\n",
        f'"""\n# {IGNORE} in a docstring\n"""\nget(u)\n',
        f"get(u)\n# {IGNORE} below\n",
        f"# {IGNORE} above\nx = 1\nget(u)\n",
        "get(u)  # backend-lint: ignore[broad-except] another rule\n",
        "get(u)  # backend-lint: ignore\n",
        "get(u)  # backend-lint: ignore[] none\n",
        "get(u)  # see backend-lint: ignore[missing-timeout] in prose\n",
        f"x = [\n    2,  # {IGNORE} a middle line speaks for itself\n    get(u),\n]\n",
        f"if x:  # {IGNORE} only the head\n    get(u)\n",
        f"# {IGNORE} only the head\n@route\ndef f():\n    get(u)\n",
    ],
)
def test_a_comment_elsewhere_silences_nothing(text: str) -> None:
    reported, inline, _ = sift(text, ran=("missing-timeout",))
    assert [rule for rule, _ in names(reported)] == ["missing-timeout"]
    assert inline == 0


def test_the_last_line_of_a_finding_counts_where_the_statement_is_compound() -> None:
    text = f"try:\n    get(u)\nexcept E:\n    pass  # {IGNORE} best effort\n"
    reported, inline, _ = sift(text, found(text, needle="try:", end="pass"))
    assert (names(reported), inline) == ([], 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("the session has one", "the session has one"),
        ("-- why", "why"),
        (": why", "why"),
        ("- why", "why"),
        ("— why", "why"),
        ("", ""),
        ("   ", ""),
        (" --", ""),
    ],
)
def test_the_reason_may_be_led_by_a_sign(text: str, reason: str) -> None:
    (suppression,) = read_suppressions(f"get(u)  # {IGNORE} {text}\n", Kind.PYTHON)
    assert suppression.reason == reason


@pytest.mark.parametrize(
    ("kind", "text", "line", "applies_to"),
    [
        (Kind.SQL, "select 1;\nselect 2; -- backend-lint: ignore[a-rule] why", 2, 2),
        (Kind.SQL, "-- backend-lint: ignore[a-rule] why\nselect 2;", 1, 2),
        (Kind.YAML, "a: 1\nb: 2  # backend-lint: ignore[a-rule] why", 2, 2),
        (Kind.DOCKERFILE, "# backend-lint: ignore[a-rule] why\nCMD x", 1, 2),
        (Kind.TERRAFORM, "a = 1 // backend-lint: ignore[a-rule] why", 1, 1),
        (Kind.INI, "; backend-lint: ignore[a-rule] why\na = 1", 1, 2),
    ],
)
def test_comment_signs_of_other_languages(kind: Kind, text: str, line: int, applies_to: int) -> None:
    (suppression,) = read_suppressions(text, kind)
    assert (suppression.line, suppression.applies_to, suppression.rules, suppression.reason) == (line, applies_to, ("a-rule",), "why")


def test_a_string_of_sql_is_no_comment() -> None:
    assert read_suppressions("insert into t values ('it''s -- backend-lint: ignore[a-rule] why')", Kind.SQL) == ()


def test_a_suppression_without_reason_works_and_is_reported() -> None:
    reported, inline, _ = sift(f"get(u)  # {IGNORE}\n")
    assert names(reported) == [("suppression-without-reason", 1)]
    assert inline == 1


def test_an_unused_suppression_is_reported_once_per_rule() -> None:
    reported, _, _ = sift("x = 1\ny = 2  # backend-lint: ignore[never-found, missing-timeout] why\n")
    assert names(reported) == [("unused-suppression", 2)] * 2
    assert [one.finding.message.split()[0] for one in reported] == ["missing-timeout", "never-found"]


def test_unused_is_not_said_of_a_rule_that_did_not_run() -> None:
    assert sift("y = 2  # backend-lint: ignore[never-found] why\n", ran=("missing-timeout", "unused-suppression"))[0] == ()


def test_unused_is_not_said_of_a_file_that_could_not_be_read() -> None:
    assert sift("y = (  # backend-lint: ignore[never-found] why\n", unchecked=(Unchecked("app.py", "invalid syntax", 1),))[0] == ()


def test_an_unknown_rule_is_reported_with_the_nearest_name() -> None:
    reported, _, _ = sift("get(u)  # backend-lint: ignore[missing-timeuot] why\n")
    assert names(reported) == [("missing-timeout", 1), ("unknown-suppression", 1)]
    assert reported[1].finding.message == "there is no rule 'missing-timeuot', write 'missing-timeout'"


@pytest.mark.parametrize("text", ["ignore", "ignore[] why", "disable[missing-timeout]", "ignore-line[missing-timeout] why"])
def test_a_comment_that_silences_nothing_is_reported(text: str) -> None:
    assert names(sift(f"x = 1  # backend-lint: {text}\n")[0]) == [("unknown-suppression", 1)]


def test_findings_on_comments_can_be_switched_off_and_silenced() -> None:
    text = "x = 1  # backend-lint: ignore[never-found] why\n"
    assert sift(text, ran=("never-found",))[0] == ()
    reported, inline, _ = sift(text + "# backend-lint: ignore-file[unused-suppression] kept for another branch\n")
    assert (names(reported), inline) == ([], 1)


@given(st.text(st.sampled_from("\"'\\#\n\r([{}]) a`-;/"), max_size=80), st.sampled_from(list(Kind)))
def test_any_text_is_read(text: str, kind: Kind) -> None:
    lines = text.count("\n") + text.count("\r") + 2
    for suppression in read_suppressions(f"{text}\n# {IGNORE} why", kind):
        assert 1 <= suppression.line <= lines
    assert all(comment.startswith("#") for _, _, comment in comments(text))


@pytest.mark.parametrize(
    "text",
    ['"""' + '\\"""\n' * 150_000, '"' + '\\"' * 300_000, "# " * 300_000, f" # {IGNORE} why\n" * 20_000, "(" * 500_000, "'''\\" * 150_000, "# x\n" * 200_000],
)
@pytest.mark.parametrize("kind", [Kind.PYTHON, Kind.SQL, Kind.YAML])
def test_a_hostile_text_takes_linear_time(text: str, kind: Kind) -> None:
    """Quadratic scans would take hours here."""
    assert len(read_suppressions(f"# {IGNORE} why\n{text}", kind)) <= 1000
