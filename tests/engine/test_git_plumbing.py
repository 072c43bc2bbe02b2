"""Git is asked without running anything that the checked repository names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_lint.engine import git as plumbing
from backend_lint.engine.git import GitError, TreeChange, TreeEntry

Git = Callable[..., str]


@pytest.fixture
def repository(project: Path, git: Git) -> Path:
    git(project, "init", "-q")
    (project / "a.py").write_text("a = 1\n")
    (project / "sub").mkdir()
    (project / "sub" / "b.py").write_text("b = 1\n")
    git(project, "add", ".")
    git(project, "commit", "-qm", "one")
    return project


def make_hostile(root: Path, marker: Path) -> None:
    """Every hook, helper, filter and monitor that a repository's own configuration can name leaves a marker."""
    program = root / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    program.chmod(0o755)
    hooks = root / ".git" / "evil-hooks"
    hooks.mkdir()
    for name in ("post-checkout", "post-index-change", "fsmonitor-watchman", "reference-transaction", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (hooks / name).chmod(0o755)
    with (root / ".git" / "config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = {program}\n\thooksPath = {hooks}\n'
            f'\tpager = {program}\n\tsshCommand = {program}\n\taskPass = {program}\n\teditor = {program}\n'
            f'[diff]\n\texternal = {program}\n[diff "evil"]\n\ttextconv = {program}\n\tcommand = {program}\n'
            f'[filter "evil"]\n\tclean = {program}\n\tsmudge = {program}\n\tprocess = {program}\n\trequired = true\n'
            f'[pager]\n\tls-files = {program}\n\tls-tree = {program}\n\tdiff-tree = {program}\n[credential]\n\thelper = {program}\n'
            f'[alias]\n\tls-files = !{program}\n\trev-parse = !{program}\n[uploadpack]\n\tpackObjectsHook = {program}\n'
        )
    (root / ".gitattributes").write_text("* filter=evil diff=evil\n")


def test_a_hostile_repository_runs_nothing_of_its_own(repository: Path, git: Git, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    first = git(repository, "rev-parse", "HEAD")
    (repository / "a.py").write_text("a = 2\n")
    git(repository, "commit", "-qam", "two")
    make_hostile(repository, marker)
    (repository / "a.py").write_text("a = 3\n")
    os.utime(repository / "sub" / "b.py", (1, 1))
    (repository / "new.py").write_text("n = 1\n")
    assert {"a.py", "sub/b.py", "new.py"} <= set(plumbing.ls_files(repository))
    plumbing.ignored_directories(repository)
    head = plumbing.rev_parse(repository, "HEAD")
    assert plumbing.merge_base(repository, first) == first
    entries = plumbing.tree(repository, "HEAD")
    assert [entry.path for entry in entries] == ["a.py", "sub/b.py"]
    assert list(plumbing.read_blobs(repository, [entry.blob for entry in entries])) == [b"a = 2\n", b"b = 1\n"]
    assert plumbing.read_blob(repository, first, "a.py") == b"a = 1\n"
    assert [change.path for change in plumbing.diff_tree(repository, first, head)] == ["a.py"]
    assert plumbing.top_level(repository).samefile(repository)
    assert not marker.exists()


def test_the_trap_of_the_hostile_repository_is_live(repository: Path, git: Git, tmp_path: Path) -> None:
    """Without this the test above could pass with a trap that never springs."""
    marker = tmp_path / "executed"
    make_hostile(repository, marker)
    subprocess.run(["git", "-C", str(repository), "ls-files", "-m"], capture_output=True, check=False)
    assert marker.exists()


@pytest.mark.parametrize("revision", ["--output=pwned", "-h", "--all", "no-such", "", "a\0b", "HEAD:a.py"])
def test_a_revision_is_never_an_option_and_always_a_commit(repository: Path, revision: str) -> None:
    with pytest.raises(GitError):
        plumbing.rev_parse(repository, revision)
    assert not (repository / "pwned").exists()


def test_trees_and_blobs_are_relative_to_the_asked_directory(repository: Path, git: Git) -> None:
    sub = repository / "sub"
    assert [entry.path for entry in plumbing.tree(sub, "HEAD")] == ["b.py"]
    assert plumbing.read_blob(sub, "HEAD", "b.py") == b"b = 1\n"
    assert plumbing.read_blob(sub, "HEAD", "missing.py") is None
    assert plumbing.read_blob(repository, "HEAD", "sub") is None
    assert plumbing.prefix(sub) == "sub/"
    old = git(repository, "rev-parse", "HEAD")
    (sub / "b.py").unlink()
    (sub / "c.py").write_text("c = 1\n")
    (repository / "a.py").write_text("a = 5\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "two")
    changes = plumbing.diff_tree(sub, old, "HEAD")
    assert [(change.path, change.status) for change in changes] == [("b.py", "D"), ("c.py", "A")]
    assert changes[0].new_blob == "" and changes[1].old_blob == ""
    assert isinstance(changes[0], TreeChange)


def test_contents_come_back_byte_for_byte_and_a_missing_object_is_none(repository: Path, git: Git) -> None:
    odd = b"x = 1\r\n\0\xff\n\n"
    (repository / "odd.bin").write_bytes(odd)
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "odd")
    blobs = [entry.blob for entry in plumbing.tree(repository, "HEAD") if entry.path == "odd.bin"]
    assert list(plumbing.read_blobs(repository, [*blobs, "0" * 40, *blobs])) == [odd, None, odd]
    with pytest.raises(GitError):
        list(plumbing.read_blobs(repository, ["--batch-all-objects"]))


def test_names_with_newlines_and_foreign_bytes_survive(repository: Path, git: Git) -> None:
    name = os.fsdecode(b"caf\xe9\n.py")
    (repository / name).write_text("x = 1\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "odd")
    assert name in plumbing.ls_files(repository)
    assert TreeEntry(name, "100644", "") in [TreeEntry(entry.path, entry.mode, "") for entry in plumbing.tree(repository, "HEAD")]


def test_a_git_in_the_current_directory_is_not_run(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = repository / "git"
    fake.write_text(f"#!/bin/sh\ntouch {tmp_path}/executed\n")
    fake.chmod(0o755)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{repository}{os.pathsep}{os.environ['PATH']}")
    plumbing.ls_files(repository)
    assert not (tmp_path / "executed").exists()


def test_without_git_the_error_says_so(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="not installed"):
        plumbing.ls_files(repository)


def test_the_environment_cannot_redirect_git(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert plumbing.ls_files(repository) == ["a.py", "sub/b.py"]


@pytest.mark.parametrize("format_", ["sha1", "sha256"])
def test_an_object_name_is_known_for_that_of_its_content(format_: str, project: Path, git: Git) -> None:
    git(project, "init", "-q", f"--object-format={format_}")
    (project / "a.py").write_bytes(b"a = 1\n")
    name = git(project, "hash-object", "a.py").strip()
    assert plumbing.names_content(name, b"a = 1\n")
    assert not plumbing.names_content(name, b"a = 2\n")
