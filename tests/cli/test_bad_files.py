"""A file that cannot be checked is named with its reason, and every other file is checked all the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command_runs import Run

_BAD: dict[str, tuple[bytes, str]] = {
    "syntax error": (b"def f(:\n", "1"),
    "later syntax error": (b"x = 1\n\n\ndef f(:\n", "4"),
    "undecodable": (b"x = 1\ns = '\xff\xfe'\n", "2"),
    "unknown encoding": (b"# -*- coding: klingon -*-\nx = 1\n", "1"),
    "NUL": (b"x = 1\n\x00\n", "2"),
    "too deep": (b"x = " + b"(" * 5000 + b")" * 5000 + b"\n", ""),
    "too large": (b"x = 1\n" * 200_000, ""),
}


@pytest.mark.parametrize("name", _BAD)
def test_a_bad_file_is_named_and_the_others_are_checked(check: Run, project: Path, name: str) -> None:
    data, line = _BAD[name]
    (project / "bad.py").write_bytes(data)
    (project / "good.py").write_text("bad_error()\n")
    done = check("--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert [one["path"] for one in report["findings"]] == ["good.py"]
    assert [one["path"] for one in report["unchecked"]] == ["bad.py"]
    assert report["unchecked"][0]["reason"]
    if line:
        assert f"bad.py:{line}" in check().stdout.replace(" line ", ":") or report["unchecked"][0].get("line") == int(line)


def test_syntax_of_a_newer_python_names_the_version(check: Run, project: Path) -> None:
    import sys

    if sys.version_info >= (3, 12):
        pytest.skip("this interpreter reads all that cannot be said in older words")
    (project / "new.py").write_text('x = f"{f"{f"{f"{f"{y}"}"}"}"}"\n')
    (project / "good.py").write_text("bad_error()\n")
    report = json.loads(check("--format", "json").stdout)
    assert [one["path"] for one in report["findings"]] == ["good.py"]
    assert "3.12" in report["unchecked"][0]["reason"]


@pytest.mark.skipif(os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(check: Run, project: Path) -> None:
    (project / "bad.py").write_text("bad_error()\n")
    (project / "bad.py").chmod(0)
    report = json.loads(check("--format", "json").stdout)
    assert [one["path"] for one in report["unchecked"]] == ["bad.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
@pytest.mark.parametrize("named", [True, False])
def test_a_named_pipe_is_not_waited_for(check: Run, project: Path, named: bool) -> None:
    os.mkfifo(project / "pipe.py")
    (project / "good.py").write_text("bad_error()\n")
    done = check("--format", "json", *(["pipe.py", "good.py"] if named else []))
    report = json.loads(done.stdout)
    assert [one["path"] for one in report["findings"]] == ["good.py"]
    assert [one["path"] for one in report["unchecked"]] == ["pipe.py"]


def test_a_library_in_the_working_directory_is_not_imported(check: Run, project: Path) -> None:
    for name in ("click", "msgspec", "libcst", "tomllib", "json", "difflib", "sqlite3", "ast"):
        (project / f"{name}.py").write_text("open('ran', 'a').write(__name__)\nraise SystemExit(99)\n")
    (project / "good.py").write_text("bad_error()\n")
    done = check()
    assert done.returncode == 1, done.stderr
    assert not (project / "ran").exists()


_AUDIT = """
import os, sys
log = os.open(os.environ["AUDIT_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
root = os.getcwd()

def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        os.write(log, f"write {os.path.abspath(os.fsdecode(arguments[0]))}\\n".encode())
    elif event in ("subprocess.Popen", "os.posix_spawn"):
        os.write(log, f"start {arguments[0]}\\n".encode())
    elif event in ("os.system", "os.exec") or event.startswith("socket."):
        os.write(log, f"{event}\\n".encode())
    elif event == "import" and arguments[1] and str(arguments[1]).startswith(root):
        os.write(log, f"import {arguments[1]}\\n".encode())

sys.addaudithook(hook)
"""


def test_a_run_starts_git_and_nothing_else_writes_to_its_cache_and_opens_no_socket(
    check: Run, project: Path, tmp_path: Path, home: Path, bytecode: Path, environment: dict[str, str]
) -> None:
    import shutil
    import subprocess

    git = shutil.which("git")
    assert git is not None
    subprocess.run([git, "init", "-q"], cwd=project, check=True)
    (project / "app.py").write_text("import settings\nbad_error()\n")
    (project / "settings.py").write_text("X = 1\n")
    (project / "compose.yaml").write_text("services: {}\n")
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "sitecustomize.py").write_text(_AUDIT)
    log = tmp_path / "audit.log"
    paths = f"{tmp_path / 'audit'}{os.pathsep}{environment['PYTHONPATH']}"
    assert check(env={"PYTHONPATH": paths, "AUDIT_LOG": str(log)}).returncode == 1
    seen = log.read_text().splitlines()
    assert {line.partition(" ")[2] for line in seen if line.startswith("start ")} == {git}, "the audit hook saw the run"
    allowed = (f"start {git}", f"write {home / 'cache'}", f"write {bytecode}", "write /dev/null")
    assert [line for line in seen if not line.startswith(allowed)] == []


def test_nothing_of_the_checked_repository_runs(check: Run, project: Path) -> None:
    ran = "import pathlib\npathlib.Path('ran').write_text('')\n"
    for name in ("conftest.py", "setup.py", "manage.py", "settings.py", "sitecustomize.py", "rules/house/evil.py", "backend_lint_rules/__init__.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(ran)
    (project / ".coveragerc").write_text("[run]\nplugins = conftest\n")
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n[project.entry-points.'backend_lint.rules']\nevil = 'conftest'\n")
    assert check("--profile", "all").returncode == 0
    assert not (project / "ran").exists()


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
@pytest.mark.parametrize("below", [b"caf\xe9.py", b"caf\xe9/app.py"])
def test_a_file_whose_name_is_no_utf8_is_checked_when_it_is_named(below: bytes, check: Run, project: Path) -> None:
    path = project / os.fsdecode(below)
    path.parent.mkdir(exist_ok=True)
    path.write_text("bad_error()\n")
    (project / "backend-lint.toml").write_text("")
    named = os.fsdecode(below.partition(b"/")[0])
    done = check(named, "--format", "concise")
    assert done.returncode == 1 and "error[called-error]" in done.stdout, "a hook that names the file must not pass because of its name"
    assert "caf\\xe9" in check("--show-files", named).stdout
