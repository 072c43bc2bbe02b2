"""A pull request on real git: what makes it worse fails the gate, and the table says which condition; a clean one passes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONFIGURATION = """[gate]
error = 0
untested-route = 0
new = { warning = 0 }

[gate.coverage]
total = 85
diff = 85
"""
ROUTES = """from flask import Blueprint, jsonify

bp = Blueprint("stock", __name__)


@bp.route("/stock/<int:number>")
def stock(number):
    left = 10 - number
    return jsonify({"left": left})
"""
FORGOTTEN = """

@bp.route("/stock/<int:number>/taken", methods=["POST"])
def taken(number):
    return jsonify({"taken": number})
"""
LINES = "".join(f"x{number} = {number}\n" for number in range(1, 9_996))
EXECUTED = [1, 3, 6, 7, 8, 9]


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=sample", "-c", "user.email=sample@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def report(root: Path, covered: int, more: dict[int, int]) -> None:
    """A report in which `covered` of all 10,001 lines ran."""
    lines = {**dict.fromkeys(EXECUTED, 1), **more}
    ours = "".join(f'<line number="{line}" hits="{hits}"/>' for line, hits in lines.items())
    rest = covered - sum(map(bool, lines.values()))
    theirs = "".join(f'<line number="{line}" hits="{int(line <= rest)}"/>' for line in range(1, 9_996))
    classes = f'<class name="a" filename="app/stock.py"><lines>{ours}</lines></class><class name="b" filename="app/numbers.py"><lines>{theirs}</lines></class>'
    (root / "coverage.xml").write_text(f"<coverage><packages><package><classes>{classes}</classes></package></packages></coverage>")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    files = {"app/stock.py": ROUTES, "app/numbers.py": LINES, "backend-lint.toml": CONFIGURATION, ".gitignore": "coverage.xml\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "base")
    git(tmp_path, "checkout", "-qb", "change")
    report(tmp_path, 8_600, {})
    return tmp_path


def judged(root: Path) -> tuple[int, dict[str, str], str]:
    """The exit code, the status of each condition, and the report as people read it."""
    git(root, "add", "-A")
    git(root, "commit", "-qm", "change", "--allow-empty")
    command = [sys.executable, "-P", "-m", "backend_lint", "check", "--no-cache", "--diff-base", "main", "--output", "json=found.json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    found = json.loads((root / "found.json").read_text())
    return done.returncode, {one["name"]: one["status"] for one in found["gate"]["conditions"]}, done.stdout


def row(text: str, name: str) -> list[str]:
    """Measured, required and status of a row of the table."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [name])[1:]


ALL_PASSED = dict.fromkeys(
    ("findings.error", "findings.untested-route", "findings.new.warning", "findings.weakened-gate", "coverage.total", "coverage.diff"), "passed"
)


def test_a_clean_one_passes(project: Path) -> None:
    (project / "app" / "stock.py").write_text(ROUTES.replace("10 - number", "20 - number"))
    report(project, 8_600, {})
    code, statuses, text = judged(project)
    assert (code, statuses) == (0, ALL_PASSED), text


def test_coverage_that_falls_to_84_99_fails(project: Path) -> None:
    report(project, 8_500, {})
    code, statuses, text = judged(project)
    assert (code, statuses) == (1, ALL_PASSED | {"coverage.total": "failed", "findings.error": "failed"}), text
    assert row(text, "coverage.total") == ["84.99150084991501", "85", "FAILED"]


def test_a_route_without_a_test_fails(project: Path) -> None:
    (project / "app" / "stock.py").write_text(ROUTES + FORGOTTEN)
    # the decorator and the `def` run when the module is imported, so the change is covered to two thirds and more
    report(project, 8_600, {12: 1, 13: 1, 14: 0})
    code, statuses, text = judged(project)
    assert code == 1
    assert statuses["findings.untested-route"] == statuses["findings.new.warning"] == "failed"
    assert row(text, "findings.untested-route") == ["1", "0", "FAILED"]
    assert "POST /stock/<int:number>/taken" in text


def test_a_limit_that_is_lowered_fails(project: Path) -> None:
    (project / "backend-lint.toml").write_text(CONFIGURATION.replace("total = 85", "total = 80").replace("new = { warning = 0 }", "new = { warning = 9 }"))
    report(project, 8_600, {})
    code, statuses, text = judged(project)
    assert (code, statuses) == (1, ALL_PASSED | {"findings.weakened-gate": "failed"}), text
    assert row(text, "findings.weakened-gate") == ["2", "0", "FAILED"]
    assert "backend-lint.toml:7: `gate.coverage.total` went from 85.0 to 80.0" in text


def test_the_base_may_judge_a_lowered_limit(project: Path) -> None:
    (project / "backend-lint.toml").write_text(CONFIGURATION.replace("total = 85", "total = 50"))
    report(project, 8_000, {})
    git(project, "commit", "-qam", "lower")
    command = [sys.executable, "-P", "-m", "backend_lint", "check", "--no-cache", "--diff-base", "main", "--config-from", "main", "--format", "concise"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "coverage.total failed: measured 79.99200079992, required 85" in done.stdout, done.stdout[-900:]


def test_a_gate_that_is_removed_fails(project: Path) -> None:
    (project / "backend-lint.toml").unlink()
    code, statuses, text = judged(project)
    assert (code, statuses) == (1, {"findings.weakened-gate": "failed"}), text
