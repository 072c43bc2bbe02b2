"""A change that loosens its own judges is reported; one that tightens them is not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from backend_lint.cli.start import main

STRICT = """ignore = ["log-injection"]
profile = "strict"
fail-on = "warning"

[per-path]
"legacy/**" = ["ALL"]

[gate]
error = 0
new = { warning = 0 }

[gate.coverage]
total = 85
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "backend-lint.toml").write_text(STRICT)
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "base"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def weakened(capsys: pytest.CaptureFixture[str], *options: str) -> list[tuple[int, str]]:
    main(["check", "--no-cache", "--format", "json", "--diff-base", "main", *options])
    found = json.loads(capsys.readouterr().out)["findings"]
    return [(one["line"], one["message"].partition(" since main")[0]) for one in found if one["rule"] == "weakened-gate"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('["log-injection"]', '["log-injection", "swallowed-exception"]', [(1, "`ignore` has swallowed-exception more")]),
        ('profile = "strict"', 'profile = "default"', [(2, "`profile` went from strict to default")]),
        ('fail-on = "warning"', 'fail-on = "never"', [(3, "`fail-on` went from warning to never")]),
        ('"legacy/**" = ["ALL"]', '"**" = ["ALL"]', [(6, "`per-path.**` ignores ALL more")]),
        ('"legacy/**" = ["ALL"]', '"legacy/**" = { severity = { ALL = "off" } }', [(6, "`per-path.legacy/**` ignores ALL more")][:0]),
        ('"legacy/**" = ["ALL"]', '"legacy/**" = ["ALL"]\n"app/**" = { severity = { security = "info" } }', [(7, "`per-path.app/**` makes security info")]),
        ('"legacy/**" = ["ALL"]', '"legacy/old/**" = ["ALL"]', [(6, "`per-path.legacy/old/**` ignores ALL more")]),
        ("[per-path]", '[roles]\ntest = ["app/**"]\n\n[per-path]', [(6, "`roles.test` takes app/** out of the application")]),
        ("[per-path]", '[severity]\nsecurity = "off"\n\n[per-path]', [(6, "`severity.security` went from the default to off")]),
        ("[per-path]", '[severity]\nsecurity = "error"\n\n[per-path]', []),
        ('["log-injection"]', '["log-injection"]\nexclude = ["worker/**"]', [(2, "`exclude` has worker/** more")]),
        ('["log-injection"]', '["log-injection"]\nselect = ["security"]', [(2, "`select` narrows the rules that run")]),
        ("error = 0", "error = 0\nweakened-gate = 9", [(10, "`gate.weakened-gate` lets 9 of these pass")]),
        ("total = 85", "total = 85\nlayers = { domain = 90 }", []),
        ("error = 0", "error = 3", [(9, "`gate.error` went from 0 to 3")]),
        ("new = { warning = 0 }\n", "", [(8, "`gate.new.warning` is gone")]),
        ("total = 85", "total = 84.5", [(13, "`gate.coverage.total` went from 85.0 to 84.5")]),
        ("total = 85", "total = 90", []),
        ('profile = "strict"', 'profile = "all"', []),
        ('ignore = ["log-injection"]\n', "", []),
        ("error = 0", "error = 0\n# why", []),
    ],
)
def test_what_lets_more_pass_is_reported(
    project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, expected: list[tuple[int, str]]
) -> None:
    assert old in STRICT
    (project / "backend-lint.toml").write_text(STRICT.replace(old, new))
    assert weakened(capsys) == expected


def test_it_cannot_be_switched_off_by_the_change(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "backend-lint.toml").write_text('ignore = ["ALL"]\n')
    assert "`ignore` has ALL more" in [message for _, message in weakened(capsys)]


def test_targets_that_ask_for_less_are_reported(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def configured(targets: str, p95: float) -> None:
        (project / "backend-lint.toml").write_text(f'[gate.performance]\nbaseline = "load.json"\n{targets}\n')
        bands = {"50": [10, 20], "95": [30, p95]}
        (project / "load.json").write_text(json.dumps({"version": 1, "endpoints": {"GET /orders": [{"requests": 900, "bands": bands}]}}))

    configured("p95_ms = 200\nroutes = 90", 40)
    subprocess.run(["git", "add", "."], cwd=project, check=True)
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "targets"], cwd=project, check=True)
    configured("p95_ms = 180\nroutes = 95", 35)
    assert weakened(capsys) == []
    configured('p95_ms = 300\nroutes = 80\nendpoints = { "GET /orders" = 900 }', 41)
    assert sorted(message for _, message in weakened(capsys)) == [
        "`gate.performance.endpoints.GET /orders` gives an endpoint 900 ms",
        "`gate.performance.p95_ms` went from 200 to 300",
        "`gate.performance.routes` went from 90.0 to 80.0",
        "the baseline of load tests lets 1 endpoints be slower (GET /orders for one)",
    ]


def test_the_base_may_judge_instead(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "backend-lint.toml").write_text('ignore = ["ALL"]\n')
    assert weakened(capsys, "--config-from", "main") == []


def test_a_longer_baseline_is_reported(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"fingerprint": "0" * 32, "rule": "swallowed-exception", "path": "app.py", "message": "m"}
    (project / "accepted.json").write_text(json.dumps({"version": 1, "findings": [entry]}))
    assert weakened(capsys, "--baseline", "accepted.json") == [(1, "the baseline accepts a finding of swallowed-exception more")]


def test_a_baseline_that_follows_a_renamed_file_is_no_longer_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org"]
    entry = {"fingerprint": "0" * 32, "rule": "swallowed-exception", "path": "old.py", "message": "m"}
    (project / "accepted.json").write_text(json.dumps({"version": 1, "findings": [entry]}))
    subprocess.run([*git, "add", "accepted.json"], cwd=project, check=True)
    subprocess.run([*git, "commit", "-qm", "accept"], cwd=project, check=True)
    moved = {**entry, "fingerprint": "1" * 32, "path": "new.py"}
    (project / "accepted.json").write_text(json.dumps({"version": 1, "findings": [moved]}))
    assert weakened(capsys, "--baseline", "accepted.json") == []
    (project / "accepted.json").write_text(json.dumps({"version": 1, "findings": [moved, {**moved, "fingerprint": "2" * 32}]}))
    assert weakened(capsys, "--baseline", "accepted.json") == [(1, "the baseline accepts a finding of swallowed-exception more")]
    (project / "old.py").write_text("x = 1\n")
    (project / "accepted.json").write_text(json.dumps({"version": 1, "findings": [moved]}))
    assert len(weakened(capsys, "--baseline", "accepted.json")) == 1, "the file is still there: that is no rename"


def test_a_configuration_that_is_gone_or_overruled_by_another_file_is_reported(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "backend-lint.toml").unlink()
    gone = [(1, "`fail-on` went from warning to error"), (1, "`gate.error` is gone"), (1, "`gate.new.warning` is gone"), (1, "`gate.coverage.total` is gone")]
    assert set(gone) < set(weakened(capsys))
    (project / "pyproject.toml").write_text("[tool.backend-lint.gate.coverage]\ntotal = 10\n")
    assert "`gate.coverage.total` went from 85.0 to 10.0" in [message for _, message in weakened(capsys)]
    assert weakened(capsys, "--isolated") == []


def test_a_project_that_had_no_configuration_is_not_weakened_by_its_first_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "rm", "-q", "--cached", "backend-lint.toml"], cwd=project, check=True)
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "without"], cwd=project, check=True)
    assert weakened(capsys) == []


def test_a_new_suppression_is_told_and_does_not_fail(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app.py").write_text("try:\n    x = 1\nexcept Exception:  # backend-lint: ignore[swallowed-exception] nobody minds\n    pass\n")
    assert weakened(capsys) == [(3, "a suppression of swallowed-exception is new")]
    main(["check", "--no-cache", "--format", "json", "--diff-base", "main"])
    report = json.loads(capsys.readouterr().out)
    condition = next(one for one in report["gate"]["conditions"] if one["name"] == "findings.weakened-gate")
    assert (condition["measured"], condition["status"]) == (0, "passed")
    assert {one["severity"] for one in report["findings"] if one["rule"] == "weakened-gate"} == {"info"}
