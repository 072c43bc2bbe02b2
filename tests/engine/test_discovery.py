"""Which files are found, and what is said of those that cannot be checked."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend_lint.config import Settings
from backend_lint.engine.discover import Discovery, discover, read_regular, watched_directories
from backend_lint.engine.result import Result

Git = Callable[..., str]
Check = Callable[..., Result]


def found(root: Path, **options: Any) -> Discovery:
    return discover(Settings(root=root, **options))


def paths(discovery: Discovery) -> list[str]:
    return [candidate.path for candidate in discovery.candidates]


def reasons(discovery: Discovery) -> dict[str, str]:
    return {skipped.path: skipped.reason for skipped in discovery.unchecked}


def write(root: Path, *names: str, text: str = "x = 1\n") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def test_default_exclusions_do_not_hide_packages_of_the_same_name(project: Path) -> None:
    write(project, "a.py", "node_modules/x.py", ".venv/x.py", "lib/site-packages/x.py", "build/x.py", "dist/x.py")
    write(project, "x.egg-info/x.py", "myenv/pyvenv.cfg", "myenv/x.py")
    write(project, "shop/vendor/__init__.py", "shop/vendor/models.py", "shop/build/__init__.py", "old/vendor/copy.py", "a.pyi", "notes.txt")
    assert paths(found(project)) == ["a.py", "shop/build/__init__.py", "shop/vendor/__init__.py", "shop/vendor/models.py"]


def test_nested_gitignore_files_count_without_git(project: Path) -> None:
    write(project, "a.py", "gen/a.py", "gen/keep.py", "sub/b.py", "sub/skip.py", "deep/er/skip.py", "out/x.py")
    (project / ".gitignore").write_text("gen/*\n!gen/keep.py\nout/\n")
    (project / "sub" / ".gitignore").write_text("skip.py\n")
    assert paths(found(project)) == ["a.py", "deep/er/skip.py", "gen/keep.py", "sub/b.py"]


def test_a_gitignore_that_hangs_regular_expressions_is_answered(project: Path) -> None:
    write(project, "a" * 60 + ".py")
    (project / ".gitignore").write_text("*a" * 12 + "b\n")
    assert paths(found(project)) == ["a" * 60 + ".py"]


def test_exclude_globs_are_stronger_than_an_explicit_path(project: Path) -> None:
    write(project, "legacy/a.py", "legacy/sub/b.py", "c.py")
    assert paths(found(project, exclude=("legacy",))) == ["c.py"]
    assert paths(found(project, exclude=("legacy/",), paths=("legacy/a.py",), explicit_paths=True)) == ["c.py"]


def test_an_explicit_file_is_read_though_nothing_else_finds_it(project: Path) -> None:
    write(project, "a.py", "node_modules/x.py", "tool", "notes.md")
    (project / ".gitignore").write_text("a.py\n")
    discovery = found(project, paths=("a.py", "node_modules/x.py", "tool", "notes.md", "missing.py", "../outside.py"))
    assert paths(discovery) == ["a.py", "node_modules/x.py", "tool"]
    assert reasons(discovery) == {"notes.md": "no reader for this kind of file", "../outside.py": "lies outside the project root"}


def test_an_explicit_folder_that_is_left_out_by_default_is_walked(project: Path) -> None:
    write(project, "a.py", "node_modules/pkg/x.py")
    assert paths(found(project, paths=("node_modules/pkg/",))) == ["a.py", "node_modules/pkg/x.py"]


def test_links_are_not_followed_and_links_out_of_the_project_are_named(project: Path, tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.py")
    write(project, "real/a.py")
    (project / "inside.py").symlink_to("real/a.py")
    (project / "passwd.py").symlink_to("/etc/passwd")
    (project / "memory.py").symlink_to("/proc/self/mem")
    (project / "broken.py").symlink_to("nowhere.py")
    (project / "loop.py").symlink_to("loop.py")
    (project / "here").symlink_to("there")
    (project / "there").symlink_to("here")
    (project / "folder").symlink_to(tmp_path / "outside")
    (project / "real" / "cycle").symlink_to("..")
    discovery = found(project)
    assert paths(discovery) == ["real/a.py"]
    told = reasons(discovery)
    assert told["passwd.py"] == told["memory.py"] == told["folder"] == "a symbolic link out of the project"
    assert told["broken.py"].startswith("a symbolic link that leads nowhere") and told["loop.py"].startswith("a symbolic link that leads nowhere")
    assert set(told) == {"passwd.py", "memory.py", "folder", "broken.py", "loop.py"}


def test_an_explicit_link_is_followed_inside_the_project_only(project: Path) -> None:
    write(project, "real/a.py")
    (project / "inside.py").symlink_to("real/a.py")
    (project / "passwd.py").symlink_to("/etc/passwd")
    discovery = found(project, paths=("inside.py", "passwd.py"))
    assert paths(discovery) == ["inside.py", "real/a.py"]
    assert reasons(discovery) == {"passwd.py": "a symbolic link out of the project"}


def test_an_explicit_link_is_read(project: Path, check: Check) -> None:
    write(project, "real/a.py", text="forbidden()\n")
    (project / "inside.py").symlink_to("real/a.py")
    result = check(project, paths=("inside.py",))
    assert not result.unchecked
    assert "forbidden-call" in {reported.finding.rule for reported in result.findings}


def test_what_is_no_regular_file_is_named_and_never_opened(project: Path, check: Check) -> None:
    write(project, "a.py")
    os.mkfifo(project / "pipe.py")
    (project / "folder.py").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(project)
        try:
            listener.bind("socket.py")
        finally:
            os.chdir(here)
        result = check(project)
    assert {skipped.path: skipped.reason for skipped in result.unchecked} == {
        "pipe.py": "not a regular file but a FIFO",
        "socket.py": "not a regular file but a socket",
    }
    assert result.checked == ("a.py",)


def test_a_file_above_the_size_limit_is_named(project: Path) -> None:
    write(project, "big.py", text="x" * 2000)
    assert reasons(found(project, max_file_size=1000)) == {"big.py": "larger than max-file-size, 2,000 of 1,000 bytes"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_is_named(project: Path, check: Check) -> None:
    write(project, "a.py", "closed.py", "folder/b.py")
    (project / "closed.py").chmod(0)
    (project / "folder").chmod(0)
    try:
        result = check(project)
    finally:
        (project / "folder").chmod(0o755)
    assert {skipped.path for skipped in result.unchecked} == {"closed.py", "folder"}


def test_odd_names_are_found_and_every_name_can_be_encoded(project: Path, check: Check) -> None:
    names = ["a b.py", "q'uote\".py", "new\nline.py", "esc\x1b[31m.py", "[red].py", "%0A::error.py", "-rf.py", "ünï.py", "x\u202ey.py"]
    for name in names:
        (project / name).write_text("forbidden()\n")
    Path(os.fsdecode(os.fsencode(project) + b"/caf\xe9.py")).write_text("forbidden()\n")
    result = check(project, cache=True)
    assert set(result.checked) == {*names, "caf\\xe9.py"}
    assert len([one for one in result.findings if one.finding.rule == "forbidden-call"]) == 10
    for path in result.checked:
        path.encode()


def test_read_regular_stops_at_its_limit_and_at_links(project: Path) -> None:
    (project / "a.py").write_bytes(b"x" * 100)
    (project / "link.py").symlink_to("a.py")
    assert read_regular(project / "a.py", 100) == b"x" * 100
    with pytest.raises(OSError, match="larger"):
        read_regular(project / "a.py", 99)
    with pytest.raises(OSError):
        read_regular(project / "link.py", 100)
    with pytest.raises(OSError, match="not a regular file"):
        read_regular("/dev/zero", 100)


# git


def test_inside_git_ignored_files_are_left_out_and_untracked_ones_are_not(project: Path, git: Git) -> None:
    git(project, "init", "-q")
    write(project, "a.py", "untracked.py", "ignored.py", "tracked_but_ignored.py", "gone.py", "node_modules/tracked.py", "build/tracked.py")
    (project / ".gitignore").write_text("*ignored.py\n")
    git(project, "add", "-f", "a.py", "tracked_but_ignored.py", "gone.py", "node_modules", "build")
    (project / "gone.py").unlink()
    discovery = found(project)
    assert discovery.by_git
    assert paths(discovery) == ["a.py", "build/tracked.py", "tracked_but_ignored.py", "untracked.py"]


@pytest.mark.parametrize("form", ["unborn", "subdirectory", "worktree", "bare-parent", "submodule", "nested", "detached", "sparse"])
def test_every_form_of_repository_is_listed(project: Path, git: Git, tmp_path: Path, form: str) -> None:
    git(project, "init", "-q")
    write(project, "a.py", "sub/b.py", "skip.log.py")
    (project / ".gitignore").write_text("*.log.py\n")
    root, expected = project, ["a.py", "sub/b.py"]
    if form != "unborn":
        git(project, "add", ".")
        git(project, "commit", "-qm", "one")
    if form == "subdirectory":
        root, expected = project / "sub", ["b.py"]
    elif form == "worktree":
        git(project, "worktree", "add", "-q", str(tmp_path / "tree"))
        root = tmp_path / "tree"
    elif form == "bare-parent":
        git(tmp_path, "clone", "-q", "--bare", str(project), str(tmp_path / "bare.git"))
        git(tmp_path / "bare.git", "worktree", "add", "-q", str(tmp_path / "tree"), "main")
        root = tmp_path / "tree"
    elif form == "submodule":
        git(tmp_path, "clone", "-q", str(project), str(tmp_path / "other"))
        git(project, "submodule", "add", "-q", str(tmp_path / "other"), "module")
        expected = ["a.py", "module/a.py", "module/sub/b.py", "sub/b.py"]
    elif form == "nested":
        git(tmp_path, "clone", "-q", str(project), str(project / "inner"))
        expected = ["a.py", "inner/a.py", "inner/sub/b.py", "sub/b.py"]
    elif form == "detached":
        git(project, "checkout", "-q", "--detach")
    elif form == "sparse":
        git(project, "sparse-checkout", "set", "--no-cone", "/a.py")
        expected = ["a.py"]
    discovery = found(root)
    assert discovery.by_git and not discovery.notes
    assert paths(discovery) == expected


def test_a_repository_that_git_refuses_is_walked_with_a_note(project: Path, git: Git) -> None:
    git(project, "init", "-q")
    (project / ".git" / "config").write_text("[core\nbroken")
    write(project, "a.py", "ignored.py")
    (project / ".gitignore").write_text("ignored.py\n")
    discovery = found(project)
    assert paths(discovery) == ["a.py"] and not discovery.by_git
    assert "git does not list the project" in discovery.notes[0]


def test_a_repository_without_git_installed_is_walked_with_a_note(project: Path, git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    git(project, "init", "-q")
    write(project, "a.py")
    monkeypatch.setenv("PATH", str(tmp_path))
    discovery = found(project)
    assert paths(discovery) == ["a.py"]
    assert "not installed" in discovery.notes[0]


def test_a_folder_that_its_repository_ignores_is_still_checked(project: Path, git: Git) -> None:
    git(project, "init", "-q")
    write(project, "scratch/a.py")
    (project / ".gitignore").write_text("scratch\n")
    assert paths(found(project / "scratch")) == ["a.py"]


def test_a_work_tree_named_by_the_repository_leads_nowhere_else(project: Path, git: Git, tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/secret.py")
    git(project, "init", "-q")
    write(project, "a.py")
    git(project, "config", "core.worktree", str(tmp_path / "elsewhere"))
    assert paths(found(project)) == ["a.py"]


def test_empty_directories_are_watched_and_ignored_ones_are_not(project: Path, git: Git) -> None:
    git(project, "init", "-q")
    write(project, "a.py", "data/x/y/z.txt", "node_modules/x/a.js")
    (project / "empty" / "inner").mkdir(parents=True)
    (project / ".gitignore").write_text("data/\n")
    settings = Settings(root=project)
    assert sorted(watched_directories(settings, discover(settings)) or ()) == ["", "empty", "empty/inner"]


@pytest.mark.filterwarnings("error")
def test_an_odd_pattern_of_the_project_warns_nobody(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.log.py")
    (tmp_path / ".gitignore").write_text("[[a-z]*.log.py\n")
    discovery = found(tmp_path)
    assert "a.py" in paths(discovery)
    assert not discovery.notes
