"""0: nothing to report; 1: findings or a failed gate; 2: it could not judge, and says why on standard error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import Run

ALL = "bad_error()\nbad_warning()\nbad_info()\n"


@pytest.mark.parametrize(
    ("source", "arguments", "code"),
    [
        ("x = 1\n", [], 0),
        ("bad_info()\nbad_warning()\n", [], 0),
        (ALL, [], 1),
        (ALL, ["--exit-zero"], 0),
        (ALL, ["--fail-on", "never"], 0),
        ("bad_warning()\n", ["--fail-on", "warning"], 1),
        ("bad_info()\n", ["--fail-on", "warning"], 0),
        ("bad_info()\n", ["--fail-on", "info"], 1),
        ("bad_info()\n", ["--fail-on", "info", "--severity-threshold", "error"], 1),
        (ALL, ["--ignore", "called-error"], 0),
        (ALL, ["--config", "gate.error=1"], 0),
        (ALL, ["--config", "gate.error=0"], 1),
        (ALL, ["--config", "gate.error=1", "--config", "gate.house=2"], 1),
        (ALL, ["--config", "severity.called-error='info'"], 0),
        ("x = 1\n", ["--config", "gate.coverage.total=85"], 1),
    ],
)
def test_verdict(check: Run, project: Path, source: str, arguments: list[str], code: int) -> None:
    (project / "app.py").write_text(source)
    done = check("--no-cache", *arguments)
    assert done.returncode == code, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "a path is empty"),
        (["--select", ","], "--select names nothing"),
        (["--selekt", "x"], "No such option"),
        (["check", "--profile", "strickt"], "'strickt' is not one of 'default', 'strict', 'all'"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--select", "called-eror"], "unknown rule, family or tag 'called-eror'; did you mean 'called-error'?"),
        (["--ignore", "hous"], "unknown rule, family or tag 'hous'; did you mean 'house'?"),
        (["missing.py"], "missing.py: no such file or directory"),
        (["chekc"], "chekc: no such file, directory or command; did you mean 'check'?"),
        (["--config", "profil='x'"], "unknown key 'profil'; did you mean 'profile'?"),
        (["--config", "missing.toml"], "missing.toml: no such file"),
        (["--output", "json"], "'json' is not FORMAT=PATH"),
        (["--output", "jsn=x"], "'jsn' is none of"),
        (["--output", "json=no/such/folder.json"], "lies in a folder that does not exist"),
        (["--diff-file", "missing.diff"], "missing.diff: no such file"),
        (["--diff-base", "main", "--diff-file", "-"], "both say what is new"),
        (["--diff-mode", "lines"], "name what to compare with"),
        (["--isolated", "--config-from", "main"], "leave one of them out"),
        (["--stdin-filename", "../out.py"], "outside the project"),
        (["-", "app.py"], "standard input is checked alone"),
        (["--jobs", "many"], "'many' is not a valid integer"),
        (["explain", "called-eror"], "unknown rule"),
        (["explain"], "Missing argument"),
        (["map", "tables"], "'tables' is not one of"),
        (["map", "calls", "--statistics"], "only packages are measured"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
        (["--rules-dir", "nowhere"], "nowhere"),
        (["--config-from", "no-such-revision"], "--config-from no-such-revision: "),
        (["baseline", "prune"], "does not exist; `baseline create` writes it"),
    ],
)
def test_bad_usage_is_a_message_and_2(run: Run, rules: Path, project: Path, home: Path, arguments: list[str], message: str) -> None:
    (project / "app.py").write_text("x = 1\n")
    (home / "config" / "backend-lint").mkdir(parents=True)
    (home / "config" / "backend-lint" / "backend-lint.toml").write_text(f"rules-dir = ['{rules}']\n")
    done = run(*arguments)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert done.stderr.startswith("backend-lint: error: ")
    assert done.stdout == ""


def test_a_broken_configuration_is_named_and_nothing_is_reported(run: Run, project: Path) -> None:
    (project / "backend-lint.toml").write_text('profile = "default"\nselct = []\n')
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "backend-lint: error: backend-lint.toml:2: unknown key 'selct'; did you mean 'select'?\n"


@pytest.mark.skipif(os.name != "posix", reason="a folder in use cannot be removed elsewhere")
def test_a_working_directory_that_is_gone(environment: dict[str, str], project: Path) -> None:
    command = f"mkdir gone && cd gone && rmdir ../gone && '{sys.executable}' -m backend_lint"
    done = subprocess.run(["bash", "-c", command], cwd=project, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "backend-lint: error: the working directory does not exist any more\n")


def test_a_message_cannot_steer_the_terminal(run: Run, project: Path) -> None:
    done = run("\x1b]0;owned\x07.py")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr and "\\x1b" in done.stderr


def test_nothing_to_check_is_a_warning_and_0(check: Run, project: Path) -> None:
    (project / "notes.txt").write_text("")
    done = check()
    assert done.returncode == 0
    assert "nothing to check" in done.stderr


def test_an_internal_error_is_no_traceback(run: Run, project: Path, environment: dict[str, str], tmp_path: Path) -> None:
    sabotage = tmp_path / "sabotage"
    sabotage.mkdir()
    (sabotage / "sitecustomize.py").write_text("import backend_lint.config_load as m\ndef broken(*a): raise KeyError('kaput')\nm.locate = broken\n")
    done = run(env={"PYTHONPATH": f"{sabotage}{os.pathsep}{environment['PYTHONPATH']}"})
    assert done.returncode == 2
    assert "internal error: KeyError: 'kaput'" in done.stderr


def test_an_interrupt_is_130(run: Run, project: Path, tmp_path: Path) -> None:
    rule = tmp_path / "rules" / "house" / "interrupts.py"
    rule.parent.mkdir(parents=True)
    rule.write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    done = run("--rules-dir", str(tmp_path / "rules"))
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "backend-lint: interrupted")
