"""New since a base revision, in a real repository, by a real run with one rule of our own."""

from __future__ import annotations

import ast
import io
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend_lint.api import Evidence, File, Finding, NodeRule
from backend_lint.card import ENGINE_CARDS, card_of
from backend_lint.config import ConfigError, Settings
from backend_lint.engine.run import run
from backend_lint.registry import Registry


class CallOfGet(NodeRule[ast.Call]):
    """A call of get."""

    severity, precision, since = "error", "high", "0.1"
    nodes = (ast.Call,)

    def visit(self, node: ast.Call, file: File) -> Iterator[Finding]:
        if isinstance(node.func, ast.Name) and node.func.id == "get":
            evidence = (Evidence("models.py", 1, "declared here"),) if node.args else ()
            yield self.finding(file.path, file.position(node), "call of get", symbol=file.symbol, evidence=evidence)


CallOfGet.name, CallOfGet.family = "call-of-get", "test"
REGISTRY = Registry({"call-of-get": CallOfGet}, {"call-of-get": card_of(CallOfGet, "call-of-get", "test"), **ENGINE_CARDS})

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    root = tmp_path / "repo"
    root.mkdir()
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str, cwd: Path = root) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main")
        return subprocess.run(["git", *identity, *words], cwd=cwd, check=True, capture_output=True, text=True).stdout.strip()

    call("init", "-q")
    (root / "app.py").write_text("import a\n\nget()\n\n\ndef f():\n    get()\n", "utf-8")
    (root / "models.py").write_text("x = 1\n", "utf-8")
    (root / "old.py").write_text("get(1)\nz = 1\nget(2)\n", "utf-8")
    call("add", ".")
    call("commit", "-qm", "base")
    call("branch", "base")
    return call


def new(root: Path, **values: Any) -> list[tuple[str, int]]:
    result = run(Settings(root=root, cache=False, jobs=1, **values), REGISTRY)
    return [(one.finding.path, one.finding.line) for one in result.findings if one.new]


def change(root: Path) -> None:
    """app.py: a line more above, one changed line, one new call; old.py unchanged; a new file."""
    (root / "app.py").write_text("import a\nimport b\n\nget()\n\n\ndef f():\n    x = 1\n    get()\n    get()\n", "utf-8")
    (root / "fresh.py").write_text("get()\n", "utf-8")


def test_without_a_base_everything_is_new(git: Git, tmp_path: Path) -> None:
    assert len(new(tmp_path / "repo")) == 4


def test_by_findings_of_the_working_tree(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    assert new(root, diff_base="base") == []
    change(root)
    assert new(root, diff_base="base") == [("app.py", 10), ("fresh.py", 1)]


def test_by_findings_of_commits_since_the_branch_left(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    git("checkout", "-q", "base")
    (root / "other.py").write_text("get()\n", "utf-8")
    git("add", ".")
    git("commit", "-qm", "the base moves on")
    git("checkout", "-q", "main")
    change(root)
    git("add", ".")
    git("commit", "-qm", "change")
    assert new(root, diff_base="base") == [("app.py", 10), ("fresh.py", 1)]


def test_old_findings_stay_in_the_result_for_the_gate(git: Git, tmp_path: Path) -> None:
    result = run(Settings(root=tmp_path / "repo", cache=False, diff_base="base"), REGISTRY)
    assert [one.new for one in result.findings] == [False] * 4


def test_by_lines(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    change(root)
    assert new(root, diff_base="base", diff_mode="lines") == [("app.py", 9), ("fresh.py", 1)]


def test_by_lines_line_ends_do_not_count(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    data = (root / "app.py").read_bytes()
    (root / "app.py").write_bytes(data.replace(b"\n", b"\r\n"))
    assert new(root, diff_base="base", diff_mode="lines") == []
    assert new(root, diff_base="base", diff_mode="findings") == []


def test_by_files_with_evidence_in_a_changed_file(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    (root / "app.py").write_text("get()\n", "utf-8")
    assert new(root, diff_base="base", diff_mode="files") == [("app.py", 1)]
    (root / "models.py").write_text("x = 2\n", "utf-8")
    assert new(root, diff_base="base", diff_mode="files") == [("app.py", 1), ("old.py", 1), ("old.py", 3)]


def test_a_project_below_the_top_of_the_repository(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    (root / "service").mkdir()
    (root / "service" / "app.py").write_text("get()\n", "utf-8")
    git("add", ".")
    git("commit", "-qm", "service")
    (root / "service" / "app.py").write_text("get()\nget(1)\n", "utf-8")
    for mode in ("findings", "lines"):
        assert new(root / "service", diff_base="HEAD", diff_mode=mode) == [("app.py", 2)]


@pytest.mark.parametrize("mode", ["findings", "lines", "files"])
def test_nothing_of_the_repository_is_executed(mode: str, git: Git, tmp_path: Path) -> None:
    root, marker = tmp_path / "repo", tmp_path / "executed"
    program = tmp_path / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n", "utf-8")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "core.pager"):
        git("config", key, str(program))
    (root / ".gitattributes").write_text("*.py filter=evil diff=evil\n", "utf-8")
    change(root)
    assert ("fresh.py", 1) in new(root, diff_base="base", diff_mode=mode)
    assert not marker.exists()


@pytest.mark.parametrize("mode", ["findings", "lines", "files"])
def test_a_missing_base_says_which_command_fetches_it(mode: str, git: Git, tmp_path: Path) -> None:
    for reference, command in {
        "origin/main": "git fetch origin +refs/heads/main:refs/remotes/origin/main",
        "refs/remotes/upstream/a/b": "git fetch upstream +refs/heads/a/b:refs/remotes/upstream/a/b",
        "release": "git fetch origin release:release",
        "HEAD~3": "git fetch",
        "main^": "git fetch",
        "a1b2c3d4e5": "git fetch origin a1b2c3d4e5",
        "--output=x": "git fetch origin --output=x:--output=x",
    }.items():
        with pytest.raises(ConfigError) as raised:
            new(tmp_path / "repo", diff_base=reference, diff_mode=mode)
        assert str(raised.value).endswith(f"fetch it first: {command}")


def test_a_shallow_clone_says_which_command_deepens_it(git: Git, tmp_path: Path) -> None:
    change(tmp_path / "repo")
    git("add", ".")
    git("commit", "-qm", "change")
    clone = tmp_path / "clone"
    git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{tmp_path / 'repo'}", str(clone), cwd=tmp_path)
    with pytest.raises(ConfigError, match="too shallow") as raised:
        new(clone, diff_base="origin/base")
    assert str(raised.value).endswith("git fetch --unshallow origin +refs/heads/base:refs/remotes/origin/base")
    git("fetch", "-q", "--unshallow", "origin", "+refs/heads/base:refs/remotes/origin/base", cwd=clone)
    assert new(clone, diff_base="origin/base") == [("app.py", 10), ("fresh.py", 1)]


def test_no_repository_and_no_commit_are_clear_errors(tmp_path: Path, git: Git) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(ConfigError, match=r"--diff-base 'main'.*not a git repository"):
        new(tmp_path / "plain", diff_base="main")
    (tmp_path / "unborn").mkdir()
    git("init", "-q", cwd=tmp_path / "unborn")
    with pytest.raises(ConfigError, match="no commit yet"):
        new(tmp_path / "unborn", diff_base="main")


def test_histories_without_a_common_commit(git: Git, tmp_path: Path) -> None:
    git("checkout", "-q", "--orphan", "island")
    git("commit", "-qm", "island")
    with pytest.raises(ConfigError, match="no commit in common"):
        new(tmp_path / "repo", diff_base="base")


def test_a_patch_instead_of_a_revision(git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "repo"
    change(root)
    git("add", ".")
    patch = git("diff", "--cached", "base") + "\n"
    file = tmp_path / "x.patch"
    file.write_text(patch, "utf-8")
    found = new(root, diff_file=file)
    assert found == [("app.py", 9), ("fresh.py", 1)]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(patch.encode())))
    assert new(root, diff_file=Path("-")) == found
    assert new(root, diff_file=file, diff_mode="files") == [("app.py", 4), ("app.py", 9), ("app.py", 10), ("fresh.py", 1)]


def test_a_patch_that_cannot_be_read_is_a_clear_error(git: Git, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--diff-file .*gone\.patch: No such file"):
        new(tmp_path / "repo", diff_file=tmp_path / "gone.patch")
    (tmp_path / "bad.patch").write_text("+++ b/x\n@@ bad\n", "utf-8")
    with pytest.raises(ConfigError, match=r"bad\.patch, line 2"):
        new(tmp_path / "repo", diff_file=tmp_path / "bad.patch")


def test_a_link_in_the_base_tree_is_not_followed(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    (root / "link.py").symlink_to("/etc/passwd")
    git("add", ".")
    git("commit", "-qm", "link")
    assert new(root, diff_base="HEAD") == []


@pytest.mark.parametrize("mode", ["findings", "lines", "files"])
def test_a_name_that_is_no_utf8_is_found_again(mode: str, git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    odd = root / os.fsdecode(b"caf\xe9 \n.py")
    odd.write_text("get()\n", "utf-8")
    git("add", ".")
    git("commit", "-qm", "odd name")
    assert new(root, diff_base="HEAD", diff_mode=mode) == []
    odd.write_text("get()\nget()\n", "utf-8")
    assert [line for _, line in new(root, diff_base="HEAD", diff_mode=mode)] == ([1, 2] if mode == "files" else [2])


def test_a_patch_names_files_from_the_top_of_the_repository(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo" / "service"
    root.mkdir()
    (root / "app.py").write_text("get()\nget(1)\n", "utf-8")
    file = tmp_path / "x.patch"
    file.write_text("--- a/app.py\n+++ b/app.py\n@@ -0,0 +1 @@\n+get()\n--- a/service/app.py\n+++ b/service/app.py\n@@ -1 +1,2 @@\n get()\n+get(1)\n", "utf-8")
    assert new(root, diff_file=file) == [("app.py", 2)]
    file.write_text(
        "--- a/serviceapp.py\n+++ b/serviceapp.py\n@@ -0,0 +1 @@\n+get()\n--- a/xxxxxxx/app.py\n+++ b/xxxxxxx/app.py\n@@ -0,0 +1 @@\n+get()\n", "utf-8"
    )
    assert new(root, diff_file=file) == []


def test_a_file_that_only_moved_brings_nothing_new(git: Git, tmp_path: Path) -> None:
    root = tmp_path / "repo"
    (root / "moved").mkdir()
    (root / "app.py").rename(root / "moved" / "app.py")
    assert new(root, diff_base="base") == []
    (root / "moved" / "app.py").write_text((root / "moved" / "app.py").read_text("utf-8") + "get()\n", "utf-8")
    assert new(root, diff_base="base") == [("moved/app.py", 8)], "what was edited in the same change is new, and nothing else"
    (root / "old.py").write_text("get(9)\n" + (root / "old.py").read_text("utf-8"), "utf-8")
    assert ("old.py", 1) in new(root, diff_base="base")
