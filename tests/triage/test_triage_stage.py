"""What triage does to a finding: duplicates, severities, order, frames, secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from triage_samples import Evidence, found, names, sift

from backend_lint.api import Severity
from backend_lint.config import PathOverride
from backend_lint.engine.redact import redact


def test_the_same_finding_is_reported_once() -> None:
    findings = found("get(a)\n")
    assert len(sift("get(a)\n", [*findings, *findings])[0]) == 1


def test_findings_are_sorted_by_path_line_column_and_rule() -> None:
    text = "get(a)\nget(b)\n"
    findings = [*found(text, path="b.py"), *found(text, rule="broad-except"), *found(text)]
    reported, _, _ = sift(text, findings[::-1])
    assert [(one.finding.path, one.finding.line, one.finding.rule) for one in reported] == [
        ("app.py", 1, "broad-except"),
        ("app.py", 1, "missing-timeout"),
        ("app.py", 2, "broad-except"),
        ("app.py", 2, "missing-timeout"),
        ("b.py", 1, "missing-timeout"),
        ("b.py", 2, "missing-timeout"),
    ]


def test_the_configuration_grades_findings() -> None:
    assert sift("get(a)\n", severity={"missing-timeout": "error"})[0][0].finding.severity is Severity.ERROR
    override = PathOverride("app.py", severity={"missing-timeout": "info"})
    assert sift("get(a)\n", severity={"missing-timeout": "error"}, per_path=(override,))[0][0].finding.severity is Severity.INFO


def test_a_rule_is_off_below_a_path_only() -> None:
    override = PathOverride("legacy/**", ignore=("missing-timeout",))
    assert sift("get(a)\n", path="legacy/a.py", per_path=(override,))[0] == ()
    assert names(sift("get(a)\n", path="app/a.py", per_path=(override,))[0]) == [("missing-timeout", 1)]
    assert sift("get(a)\n", per_path=(PathOverride("*.py", severity={"missing-timeout": "off"}),))[0] == ()


def test_a_suppression_of_a_rule_that_is_off_there_is_not_called_unused() -> None:
    override = PathOverride("*.py", ignore=("never-found",))
    assert sift("x = 1  # backend-lint: ignore[never-found] why\n", per_path=(override,))[0] == ()


def test_the_frame_holds_the_lines_of_the_finding_at_most_five() -> None:
    text = "a\nget(\n1,\n2,\n3,\n4,\n5,\n)\n"
    assert sift(text, found(text, end=")"))[0][0].frame == ((2, "get("), (3, "1,"), (4, "2,"), (5, "3,"), (6, "4,"))


def test_a_file_that_cannot_be_read_again_has_no_frame() -> None:
    assert sift("x\n", found("get(a)\n", path="gone.py"))[0][0].frame == ()


def test_a_long_line_is_cut() -> None:
    text = "get(a)" + " " * 100_000 + "x"
    assert len(sift(text)[0][0].frame[0][1]) == 1000


SECRETS = [
    'password = "hunter2hunter2"',
    "connect(password='hunter2hunter2')",
    '{"api_key": "hunter2hunter2"}',
    'token: str = "hunter2hunter2"',
    'os.environ["SECRET_KEY"] = "hunter2hunter2"',
    'if password == "hunter2hunter2":',
    'url = "postgres://app:hunter2hunter2@db/x"',
]
KEYS = [
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + "a1B2" * 9,
    "sk_live_" + "a1B2" * 6,
    "AIza" + "a1B2-" * 7,
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".abcdefghijklmnop",
    "xoxb-" + "123456789012-abcdef",
    "glpat-" + "a1B2c3D4e5F6g7H8i9J0",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_hidden_everywhere(text: str) -> None:
    line = f"get({text})"
    (reported,) = sift(line, found(line, message=f"x {text}", suggestion=text, evidence=(Evidence("a.py", 1, text),)))[0]
    shown = repr(reported)
    assert "hunter2" not in shown
    assert shown.count("**********") >= 4


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_provider_is_hidden_wherever_it_stands(key: str) -> None:
    shown = redact(f"before {key} after")
    assert key not in shown
    assert key[8:] not in shown
    assert shown.startswith("before ") and shown.endswith(" after")


def test_a_secret_at_the_cut_of_a_long_line_is_hidden_whole() -> None:
    line = "get(" + "a" * 980 + ' "AKIAABCDEFGHIJKLMNOP")'
    assert "AKIAAB" not in sift(line)[0][0].frame[0][1]


def test_values_without_quotes_are_hidden_outside_programs() -> None:
    assert "hunter2" not in redact("PASSWORD=hunter2", bare=True)
    assert redact("connect(password=hunter2)") == "connect(password=hunter2)"


@pytest.mark.parametrize(
    "text",
    ['name = "alice"', 'raise ValueError("token expired")', "password = settings.PASSWORD", 'password = ""', 'path = "a/b"', 'token_url = "https://x/y"'],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=200), st.booleans())
def test_redaction_keeps_columns(text: str, bare: bool) -> None:
    assert len(redact(text, bare)) == len(text)
