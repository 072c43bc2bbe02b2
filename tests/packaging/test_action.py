"""The GitHub Action, without GitHub: its file is safe by its text, and its scripts run for real against a repository and a `gh` of ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from clones import TREE

BAD = "import requests\n\n\ndef fetch(url):\n    return requests.get(url)\n"
ACTION = yaml.safe_load((TREE / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]

GH = r"""#!/bin/sh
# a `gh api` that keeps comments in a file and notes what it was asked
echo "$@" >>"$GH_LOG"
case "$*" in
    *--method*) ;;
    *) cat "$GH_COMMENTS" 2>/dev/null || true ;;
esac
"""


def test_other_actions_are_named_by_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert len(used) == 2 and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", one) for one in used)


def test_nothing_from_outside_becomes_part_of_a_script() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 3 and not any("${{" in script for script in scripts)


def test_the_token_is_seen_by_the_comment_only() -> None:
    assert ["GH_TOKEN" in step.get("env", {}) for step in STEPS] == ["comment.sh" in step.get("run", "") for step in STEPS]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "old.py").write_text(BAD)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "old")
    git(root, "update-ref", "refs/remotes/origin/main", "HEAD")
    (root / "new.py").write_text(BAD.replace("fetch", "fetch_more"))
    (root / "backend-lint.toml").write_text("ignore = ['outbound-call-without-timeout']\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "new")
    return root


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def check(root: Path, scratch: Path, **environment: str) -> tuple[dict[str, str], subprocess.CompletedProcess[str]]:
    scratch.mkdir()
    (scratch / "bin").mkdir()
    program = scratch / "bin" / "backend-lint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backend_lint "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "CI"))}
    given = {"SKIP_INSTALL": "1", "ACTION": str(TREE), "ARGUMENTS": "", "EXTRAS": "", "BASE": ""}
    given |= {"RUNNER_TEMP": str(scratch), "GITHUB_OUTPUT": str(scratch / "outputs")}
    search = {"PATH": f"{scratch / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(TREE), "BACKEND_LINT_CACHE_DIR": str(scratch / "cache")}
    script = ["bash", str(TREE / "action" / "check.sh")]
    done = subprocess.run(script, cwd=root, env={**kept, **given, **search, **environment}, capture_output=True, text=True, timeout=120)
    lines = (scratch / "outputs").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines), done


def test_a_pull_request_is_judged_by_its_base(repository: Path, tmp_path: Path) -> None:
    outputs, done = check(repository, tmp_path / "run", BASE="main", ARGUMENTS="--fail-on warning")
    assert (done.returncode, outputs["exit-code"]) == (0, "1"), done.stderr
    assert "file=new.py" in done.stdout and "old.py" not in done.stdout, "what the change brings is reported, though it switches the rule off"
    sarif = json.loads(Path(outputs["sarif-file"]).read_text())
    assert [one["ruleId"] for one in sarif["runs"][0]["results"]] == ["outbound-call-without-timeout"]
    assert Path(outputs["comment-file"]).read_text().startswith("<!-- backend-lint -->\n")


def test_what_could_not_be_judged_is_no_pass(repository: Path, tmp_path: Path) -> None:
    outputs, done = check(repository, tmp_path / "run", BASE="gone")
    assert outputs == {"exit-code": "2"}
    assert "gone" in done.stderr


def test_arguments_are_words_and_nothing_is_run(repository: Path, tmp_path: Path) -> None:
    outputs, _ = check(repository, tmp_path / "run", ARGUMENTS="$(touch owned) `touch owned` ; touch owned")
    assert outputs["exit-code"] == "2" and not (repository / "owned").exists()


def test_arguments_on_several_lines_all_count(repository: Path, tmp_path: Path) -> None:
    """Only those of the first line were passed on: a block of YAML that ends in `--profile strict` was checked without it."""
    outputs, done = check(repository, tmp_path / "run", BASE="gone", ARGUMENTS="--isolated\n--exit-zero\n--diff-base main\n")
    assert outputs["exit-code"] == "0", done.stderr


@pytest.mark.parametrize(("there", "method"), [("", "POST"), ("4711\n4712\n", "PATCH")])
def test_the_comment_is_written_once_and_then_replaced(there: str, method: str, tmp_path: Path) -> None:
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "comments").write_text(there)
    (tmp_path / "body.md").write_text("<!-- backend-lint -->\n")
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "GH_LOG": str(tmp_path / "log"),
        "GH_COMMENTS": str(tmp_path / "comments"),
        "REPOSITORY": "shop/shop",
        "NUMBER": "12",
        "BODY": str(tmp_path / "body.md"),
    }
    done = subprocess.run(["bash", str(TREE / "action" / "comment.sh")], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    asked, written = (tmp_path / "log").read_text().splitlines()
    assert "repos/shop/shop/issues/12/comments" in asked and '.user.type == "Bot"' in asked
    assert f"--method {method}" in written and f"body=@{tmp_path}/body.md" in written
    assert ("issues/comments/4711" in written) == (method == "PATCH")
    environment["NUMBER"] = "1; touch owned"
    assert subprocess.run(["bash", str(TREE / "action" / "comment.sh")], env=environment, capture_output=True, cwd=tmp_path, timeout=60).returncode == 0
    assert len((tmp_path / "log").read_text().splitlines()) == 2 and not (tmp_path / "owned").exists()


def test_the_image_holds_what_it_needs_and_runs_as_nobody_special() -> None:
    text = (TREE / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER (?!root)\w+$", text, re.MULTILINE) and 'ENTRYPOINT ["backend-lint"]' in text
    taken = (TREE / ".dockerignore").read_text(encoding="utf-8").splitlines()
    needed = {line.removeprefix("!") for line in taken if line.startswith("!")}
    assert {"backend_lint", "rules", "pyproject.toml", "README.md", "LICENSE"} == needed and all((TREE / one).exists() for one in needed)
