"""The short cut prints what a run would print, or stands aside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Git = Callable[..., str]
OLD = time.time() - 86_400

PROGRAM = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from backend_lint.engine import unchanged
arguments = sys.argv[1:]
code = unchanged.replay(arguments)
if code is not None:
    heavy = {{"click", "msgspec", "sqlite3", "json", "re2", "ast", "subprocess", "pathlib", "inspect", "typing"}} & set(sys.modules)
    sys.stderr.write(f"REPLAYED {{sorted(heavy)}}")
    sys.exit(code)
import os
from engine_rules import Registry
from pathlib import Path
import msgspec
from backend_lint.config import Settings
from backend_lint.engine.recording import Watch
from backend_lint.engine.run import run
exec(os.environ.get("BEFORE_RUN", ""))
options = eval(os.environ.get("OPTIONS", "{{}}"))
settings = Settings(root=Path(arguments[0]), jobs=1, **options)
watch = Watch()
registry = Registry()
result = run(settings, registry, watch)
exec(os.environ.get("AFTER_RUN", ""))
out = msgspec.json.encode(result) + b"\\n"
err = b"".join(note.encode() + b"\\n" for note in result.notes)
sys.stdout.buffer.write(out)
sys.stdout.flush()
sys.stderr.buffer.write(err)
sys.stderr.flush()
saved = watch.save(settings, registry, out, err, 1)
sys.stderr.write(f"RAN {{saved}}")
sys.exit(1)
"""


class Run:
    """Calls the program and says how the answer came about."""

    def __init__(self, root: Path, **environment: str) -> None:
        command = [sys.executable, "-S", "-c", _with_site(PROGRAM), str(root)]
        done = subprocess.run(command, capture_output=True, env={**os.environ, **environment}, cwd=root, timeout=60, check=False)
        self.out, self.code, err = done.stdout, done.returncode, done.stderr.decode()
        assert self.code == 1, err
        self.err, _, verdict = err.rpartition("REPLAYED" if "REPLAYED" in err else "RAN")
        self.replayed = "REPLAYED" in err
        self.verdict = verdict.strip()


def _with_site(program: str) -> str:
    # the interpreter's own start-up is kept free of what a test environment hooks in, so that imports can be told apart
    return f"import sys; sys.path += {[path for path in sys.path if path.endswith('site-packages')]!r}\n{program}"


@pytest.fixture
def tree(project: Path) -> Path:
    (project / "pkg" / "empty").mkdir(parents=True)
    (project / "a.py").write_text("forbidden()\n")
    (project / "pkg" / "b.py").write_text("x = 1\n")
    (project / ".gitignore").write_text("ignored/\n")
    age(project)
    return project


def age(root: Path) -> None:
    for path in [*root.rglob("*"), root]:
        os.utime(path, (OLD, OLD))


def until_recorded(root: Path, **environment: str) -> Run:
    """The change time of a file cannot be set: what was made just now becomes old by waiting."""
    for _ in range(60):
        run = Run(root, **environment)
        if run.replayed:
            return run
        time.sleep(0.1)
    raise AssertionError("never recorded")


def test_the_second_run_prints_the_same_bytes_and_imports_nothing_heavy(tree: Path) -> None:
    first = Run(tree)
    assert not first.replayed
    again = until_recorded(tree)
    assert (again.out, again.err, again.code) == (first.out, first.err, first.code)
    assert again.verdict == "[]"


CHANGES: dict[str, Callable[[Path], Any]] = {
    "edited": lambda root: (root / "a.py").write_text("allowed()\n"),
    "same size and time": lambda root: ((root / "a.py").write_text("permitted()\n"[:12]), os.utime(root / "a.py", (OLD, OLD))),
    "replaced": lambda root: ((root / "n").write_text("permitte()\n"), (root / "n").replace(root / "a.py")),
    "removed": lambda root: (root / "a.py").unlink(),
    "added": lambda root: (root / "pkg" / "c.py").write_text("forbidden()\n"),
    "added in an empty directory": lambda root: (root / "pkg" / "empty" / "c.py").write_text("forbidden()\n"),
    "new directory": lambda root: ((root / "new").mkdir(), (root / "new" / "c.py").write_text("forbidden()\n")),
    "renamed": lambda root: (root / "a.py").rename(root / "z.py"),
    "made a link": lambda root: ((root / "a.py").rename(root / "pkg" / "a2.py"), (root / "a.py").symlink_to("pkg/a2.py")),
    "gitignore edited": lambda root: (root / ".gitignore").write_text("pkg/\n"),
    "gitignore added": lambda root: (root / "pkg" / ".gitignore").write_text("b.py\n"),
}


@pytest.mark.parametrize("by_git", [False, True])
def test_every_change_is_seen(tree: Path, git: Git, by_git: bool) -> None:
    if by_git:
        git(tree, "init", "-q")
        git(tree, "add", "a.py")
    last = until_recorded(tree)
    for name, change in CHANGES.items():
        if by_git and "added" not in name and "gitignore" not in name:
            continue
        (tree / "a.py").unlink(missing_ok=True)
        (tree / "a.py").write_text("forbidden()\n")
        (tree / ".gitignore").write_text("ignored/\n")
        until_recorded(tree)
        change(tree)
        now = Run(tree)
        assert not now.replayed, name
        last = now
    assert last.out == Run(tree, OPTIONS="{'cache': False}").out


@pytest.mark.parametrize("change", ["index", "info/exclude", "global excludes", "backend-lint.toml above"])
def test_what_decides_from_outside_is_watched(tree: Path, git: Git, tmp_path: Path, change: str) -> None:
    git(tree, "init", "-q")
    excludes = tmp_path / "excludes"
    excludes.write_text("nothing\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\texcludesFile = {excludes}\n")
    here = {"HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig")}
    until_recorded(tree, **here)
    if change == "index":
        git(tree, "add", "a.py")
    elif change == "info/exclude":
        (tree / ".git" / "info").mkdir(exist_ok=True)
        (tree / ".git" / "info" / "exclude").write_text("a.py\n")
    elif change == "global excludes":
        excludes.write_text("a.py\n")
    else:
        (tmp_path / "backend-lint.toml").write_text("")
    assert not Run(tree, **here).replayed


def test_what_lies_beyond_the_repository_is_watched(tree: Path, git: Git, tmp_path: Path) -> None:
    """A repository inside the project has an index and ignore rules of its own; an ignored folder that was asked for has neither."""
    git(tree, "init", "-q")
    inner = tree / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    for name in ("inner/x.py", "inner/keep.py", "ignored/y.py"):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text("forbidden()\n")
    options = {"OPTIONS": "{'paths': ('inner', 'ignored')}"}
    assert until_recorded(tree, **options).out.count(b"forbidden is called") == 3
    (inner / ".git" / "info").mkdir(exist_ok=True)
    (inner / ".git" / "info" / "exclude").write_text("x.py\n")
    assert Run(tree, **options).out.count(b"forbidden is called") == 2
    until_recorded(tree, **options)
    (tree / "ignored" / "z.py").write_text("forbidden()\n")
    assert Run(tree, **options).out.count(b"forbidden is called") == 3


def test_a_change_while_the_run_goes_on_is_not_recorded(tree: Path) -> None:
    until_recorded(tree)
    (tree / "a.py").write_text("forbidden()\nforbidden()\n")
    during = Run(tree, AFTER_RUN="Path(arguments[0], 'a.py').write_text('allowed()\\n')")
    assert during.verdict == "False"
    now = Run(tree)
    assert not now.replayed and now.out != during.out


def test_a_file_changed_just_before_is_compared_by_content(tree: Path) -> None:
    first = Run(tree)
    (tree / "a.py").write_text("forbidden(1)\n")
    stamp = (tree / "a.py").stat()
    second = Run(tree)
    assert second.out != first.out
    (tree / "a.py").write_text("permitted(1)\n")
    os.utime(tree / "a.py", ns=(stamp.st_mtime_ns, stamp.st_mtime_ns))
    third = Run(tree)
    assert third.out == Run(tree, OPTIONS="{'cache': False}").out != second.out


@pytest.mark.parametrize("name", ["NO_COLOR", "TERM", "COLUMNS", "GITHUB_ACTIONS", "CI", "BACKEND_LINT_X"])
def test_another_environment_is_another_invocation(tree: Path, name: str) -> None:
    until_recorded(tree)
    assert not Run(tree, **{name: "changed"}).replayed
    until_recorded(tree)


@pytest.mark.parametrize(
    "options",
    ["{'cache': False}", "{'timings': True}", "{'stdin': b'x', 'stdin_filename': 'a.py'}", "{'formats': (('json', Path('x')),)}"],
)
def test_runs_that_depend_on_more_than_files_are_not_recorded(tree: Path, options: str) -> None:
    time.sleep(0.05)
    assert Run(tree, OPTIONS=options).verdict == "False"
    assert not Run(tree, OPTIONS=options).replayed


def test_a_damaged_record_is_a_miss(tree: Path) -> None:
    first = until_recorded(tree)
    folder = Path(os.environ["BACKEND_LINT_CACHE_DIR"]) / "runs"
    (record,) = folder.iterdir()
    whole = record.read_bytes()
    for damaged in (b"", whole[:-1], whole[: len(whole) // 2], whole.replace(b"forbidden", b"forbiddem"), b"\0" * len(whole), whole[:20], whole + b"x"):
        record.write_bytes(damaged)
        now = Run(tree)
        assert not now.replayed and now.out == first.out
    until_recorded(tree)


def test_records_do_not_pile_up(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(os.environ["BACKEND_LINT_CACHE_DIR"]) / "runs"
    folder.mkdir()
    for index in range(100):
        (folder / f"{index:032x}").write_bytes(b"old")
    until_recorded(tree)
    assert len(list(folder.iterdir())) <= 64
