"""Standard output holds the report and nothing else; it may be coloured, closed, full or left by its reader."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import Run

FINDINGS = "bad_error()\nbad_warning()\n"
posix = pytest.mark.skipif(os.name != "posix", reason="devices and descriptors of POSIX")


@pytest.mark.parametrize(
    ("arguments", "env", "coloured"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--format", "concise"], {"FORCE_COLOR": "1"}, True),
        (["--format", "json"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(check: Run, project: Path, arguments: list[str], env: dict[str, str], coloured: bool) -> None:
    (project / "app.py").write_text(FINDINGS)
    assert ("\x1b[" in check(*arguments, env=env).stdout) is coloured


def _at_terminal(stream: str, project: Path, environment: dict[str, str], rules: Path) -> bytes:
    """What the command writes to ``stdout`` or ``stderr`` if that is a terminal."""
    import pty

    main, terminal = pty.openpty()
    command = [sys.executable, "-m", "backend_lint", "--rules-dir", str(rules), "--select", "house"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: terminal}
    subprocess.run(command, cwd=project, env=environment, stdin=subprocess.DEVNULL, timeout=60, **streams)  # type: ignore[call-overload]
    os.close(terminal)
    text = b""
    try:
        while part := os.read(main, 65536):
            text += part
    except OSError:  # the other end is closed
        pass
    os.close(main)
    return text


@posix
def test_colour_on_a_terminal_that_is_not_dumb(project: Path, rules: Path, environment: dict[str, str]) -> None:
    (project / "app.py").write_text(FINDINGS)
    assert b"\x1b[" in _at_terminal("stdout", project, {**environment, "TERM": "xterm"}, rules)
    assert b"\x1b[" not in _at_terminal("stdout", project, {**environment, "TERM": "dumb"}, rules)


@posix
def test_progress_past_a_second_at_a_terminal_and_nowhere_else(project: Path, tmp_path: Path, rules: Path, environment: dict[str, str]) -> None:
    slow = tmp_path / "slow"
    (slow / "house").mkdir(parents=True)
    text = (rules / "house" / "called_info.py").read_text()
    sleeps = "    def visit(self, node, file):\n        import time; time.sleep(1.3)\n        return iter(())\n\n    def _("
    (slow / "house" / "slow.py").write_text(text.replace("    def visit(", sleeps, 1))
    (project / "app.py").write_text("f()\n")
    assert b"reading files ... " in _at_terminal("stderr", project, {**environment, "TERM": "xterm"}, slow)
    assert _at_terminal("stderr", project, {**environment, "TERM": "dumb"}, slow) == b""


def test_all_that_is_not_the_report_is_on_standard_error(check: Run, project: Path) -> None:
    (project / "app.py").write_text(FINDINGS)
    done = check("--format", "json", "--statistics", "--timings", "-v")
    assert {one["rule"] for one in json.loads(done.stdout)["findings"]} == {"called-error", "called-warning"}
    assert "called-error" in done.stderr and "CPU seconds" in done.stderr
    assert f"note: root {project} (" in done.stderr


def test_several_reports_of_one_run(check: Run, project: Path) -> None:
    (project / "app.py").write_text(FINDINGS)
    done = check("--format", "concise", "--output", "json=report.json", "--output", "sarif=report.sarif")
    assert done.stdout.count("called-") == 2
    assert len(json.loads((project / "report.json").read_text())["findings"]) == 2
    assert json.loads((project / "report.sarif").read_text())["version"] == "2.1.0"
    assert sorted(path.name for path in project.iterdir()) == ["app.py", "report.json", "report.sarif"], "a draft stayed behind"
    done = check("--output", "json=-")
    assert len(json.loads(done.stdout)["findings"]) == 2


def test_a_report_goes_through_a_pipe_and_keeps_the_mode_of_a_file(check: Run, project: Path) -> None:
    (project / "app.py").write_text(FINDINGS)
    report = project / "report.json"
    report.write_text("old")
    report.chmod(0o600)
    check("--output", "json=report.json")
    assert report.stat().st_mode & 0o777 == 0o600
    assert report.read_text() != "old"


def test_quiet_says_nothing_where_there_is_nothing_to_say(check: Run, project: Path) -> None:
    (project / "app.py").write_text("x = 1\n")
    done = check("-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (project / "app.py").write_text(FINDINGS)
    assert "called-error" in check("-q").stdout


def test_threshold_hides_and_the_verdict_stays(check: Run, project: Path) -> None:
    (project / "app.py").write_text(FINDINGS)
    done = check("--severity-threshold", "error", "--fail-on", "warning")
    assert "called-warning" not in done.stdout and "called-error" in done.stdout
    assert done.returncode == 1


@posix
def test_a_reader_that_leaves_is_no_error(project: Path, rules: Path, environment: dict[str, str]) -> None:
    (project / "app.py").write_text("bad_error()\n" * 3000)
    command = f"'{sys.executable}' -m backend_lint --rules-dir '{rules}' --select house --format jsonl | head -n 1"
    for _ in range(2):  # the second run may be the unchanged one
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=project, env=environment, capture_output=True, text=True, timeout=60)
        assert done.stdout.count("\n") == 1
        assert done.stderr == ""
        assert done.returncode == 1, "the verdict stands"
        subprocess.run(["bash", "-c", command.partition("|")[0]], cwd=project, env=environment, capture_output=True, timeout=60)


@posix
@pytest.mark.parametrize(("redirection", "message"), [(">/dev/full", "No space left"), (">&-", "standard output is closed")])
@pytest.mark.parametrize("arguments", ["--version", "rules", "--help", "--rules-dir R --select house"])
def test_a_report_that_cannot_be_written_is_2(
    project: Path, rules: Path, environment: dict[str, str], redirection: str, message: str, arguments: str
) -> None:
    if redirection == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    (project / "app.py").write_text(FINDINGS)
    command = f"'{sys.executable}' -m backend_lint {arguments.replace(' R ', f' {rules} ')} {redirection}"
    for _ in range(2):  # the second run is the unchanged one
        done = subprocess.run(["bash", "-c", command], cwd=project, env=environment, capture_output=True, text=True, timeout=60)
        assert message in done.stderr
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


@posix
def test_closed_standard_error_costs_nothing_but_the_messages(project: Path, rules: Path, environment: dict[str, str]) -> None:
    (project / "app.py").write_text(FINDINGS)
    command = f"'{sys.executable}' -m backend_lint --rules-dir '{rules}' --select house --format concise --statistics 2>&-"
    done = subprocess.run(["bash", "-c", command], cwd=project, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout.count("called-") == 2


def test_an_unchanged_run_prints_the_same_and_a_changed_one_does_not(check: Run, project: Path) -> None:
    (project / "app.py").write_text(FINDINGS)
    first, second = check("--statistics"), check("--statistics")
    assert (first.stdout, first.stderr, first.returncode) == (second.stdout, second.stderr, second.returncode)
    assert check("--statistics", "--no-cache").stdout == first.stdout
    (project / "backend-lint.toml").write_text("ignore = ['called-warning']\nseverity.called-error = 'info'\n")
    assert check("--profile", "default").returncode == 0
    (project / "app.py").write_text("x = 1\n")
    assert "called-" not in check("--statistics").stdout


def test_watching_reports_again_when_a_file_changes(rules: Path, project: Path, environment: dict[str, str]) -> None:
    (project / "app.py").write_text("x = 1\n")
    command = [sys.executable, "-m", "backend_lint", "--rules-dir", str(rules), "--select", "house", "--format", "concise", "--watch"]
    watching = subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None and watching.stderr is not None
        assert "no findings in 1 file" in watching.stdout.readline()
        assert "Ctrl-C" in watching.stderr.readline()
        (project / "app.py").write_text("bad_error()\n")
        assert "app.py:1:1: error[called-error]" in watching.stdout.readline()
        assert "1 finding" in watching.stdout.readline()
        assert "Ctrl-C" in watching.stderr.readline()
        # a file that is new, and a configuration that is broken for a while
        (project / "backend-lint.toml").write_text("nonsense = 1\n")
        assert "nonsense" in watching.stderr.readline()
        assert "Ctrl-C" in watching.stderr.readline()
        (project / "backend-lint.toml").write_text("ignore = ['called-error']\n")
        (project / "more.py").write_text("bad_warning()\n")
        assert "called-warning" in watching.stdout.readline() + watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 130
        assert "interrupted" in watching.stderr.read()
    finally:
        watching.kill()
        watching.wait()


def test_standard_input_cannot_be_watched(check: Run) -> None:
    done = check("-", "--watch", given="x = 1\n")
    assert done.returncode == 2 and "once" in done.stderr
