"""Every command does what its help says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from command_runs import Run

from backend_lint import __version__
from backend_lint.cli.app import COMMANDS


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"backend-lint {__version__}\n"


@pytest.mark.parametrize("command", ["", *COMMANDS, "baseline create"])
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: backend-lint {command}".rstrip())
    if not command:
        assert not [name for name in COMMANDS if name != "schema" and f"  {name} " not in done.stdout]


def test_starting_up_imports_only_what_is_needed(environment: dict[str, str], project: Path) -> None:
    import sys

    code = "import sys\nfrom backend_lint.cli.start import main\nmain(sys.argv[1:])\nprint(*sorted(sys.modules), file=sys.stderr)"

    def imported(*arguments: str) -> set[str]:
        done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=project, env=environment, capture_output=True, text=True, timeout=60)
        return set(done.stderr.splitlines()[-1].split())

    assert not imported("--version") & {"click", "msgspec", "libcst", "yaml", "sqlite3", "backend_lint.api"}
    (project / "app.py").write_text("x = 1\n")
    assert not imported("--no-cache") & {"libcst", "yaml", "sqlglot", "sqlite3", "pathspec", "importlib.metadata", "backend_lint.cli.fix", "multiprocessing"}


def test_explain_prints_the_page(run: Run, rules: Path) -> None:
    done = run("explain", "called-error", "--rules-dir", str(rules))
    assert done.stdout.startswith("# called-error\n\nfamily house | severity error")
    assert "## When this is wrong" in done.stdout
    page = json.loads(run("explain", "called-error", "--rules-dir", str(rules), "--format", "json").stdout)
    assert (page["name"], page["kind"]) == ("called-error", "node")
    assert "unused-suppression" in run("explain", "engine").stdout


def test_rules_are_listed(run: Run, rules: Path) -> None:
    done = run("rules", "--rules-dir", str(rules))
    assert "called-error" in done.stdout and "unused-suppression" in done.stdout
    cards = json.loads(run("rules", "house", "--rules-dir", str(rules), "--format", "json").stdout)
    assert [one["name"] for one in cards] == ["called-error", "called-info", "called-warning"]
    assert {"family", "severity", "precision", "profile", "since", "fix", "tags", "roles", "options", "summary"} <= cards[0].keys()


def test_rules_dir_comes_from_the_users_own_configuration(run: Run, rules: Path, home: Path, project: Path) -> None:
    own = home / "config" / "backend-lint" / "backend-lint.toml"
    own.parent.mkdir(parents=True)
    own.write_text(f"rules-dir = ['{rules}']\n")
    (project / "app.py").write_text("bad_error()\n")
    assert "called-error" in run().stdout
    assert "called-error" in run("rules").stdout
    assert "called-error" not in run("--isolated").stdout


def test_paths_limit_what_is_reported(check: Run, project: Path) -> None:
    for name in ("a.py", "sub/b.py", "sub/c.py"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("bad_error()\n")
    (project / "backend-lint.toml").write_text("")

    def reported(*arguments: str, cwd: Path | None = None) -> list[str]:
        return [one["path"] for one in json.loads(check("--format", "json", *arguments, cwd=cwd).stdout)["findings"]]

    assert reported() == ["a.py", "sub/b.py", "sub/c.py"]
    assert reported("sub") == reported(".", cwd=project / "sub") == ["sub/b.py", "sub/c.py"]
    assert reported("b.py", "../a.py", cwd=project / "sub") == ["a.py", "sub/b.py"]
    assert reported("--exclude", "sub/b*") == ["a.py", "sub/c.py"]
    assert reported("--exclude", "sub/b*", "sub/b.py", "a.py") == ["a.py"]
    assert check("--show-files", "sub").stdout == "sub/b.py\nsub/c.py\n"


def test_a_link_that_the_user_names_is_followed(check: Run, project: Path, tmp_path: Path) -> None:
    (project / "app.py").write_text("bad_error()\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "link").symlink_to(project, target_is_directory=True)
    done = check("link", "--format", "json", cwd=tmp_path / "elsewhere")
    assert [one["path"] for one in json.loads(done.stdout)["findings"]] == ["app.py"]


def test_help_is_a_word_too(run: Run) -> None:
    assert run("help").stdout == run("--help").stdout
    assert run("help", "fix").stdout == run("fix", "--help").stdout


def test_a_folder_named_like_a_command_needs_a_path(check: Run, project: Path, rules: Path) -> None:
    (project / "rules").mkdir()
    (project / "rules" / "app.py").write_text("bad_error()\n")
    assert check("./rules").returncode == 1


def test_standard_input(check: Run, project: Path) -> None:
    (project / "app.py").write_text("x = 1\n")
    done = check("-", "--stdin-filename", "app.py", "--format", "json", given="bad_error()\n")
    assert [(one["path"], one["line"]) for one in json.loads(done.stdout)["findings"]] == [("app.py", 1)]
    assert json.loads(check("-", "--format", "json", given="bad_error()\n").stdout)["findings"][0]["path"] == "stdin.py"


def test_fix_edits_shows_and_says_what_it_did(run: Run, project: Path, rules: Path, tmp_path: Path) -> None:
    text = (rules / "house" / "called_error.py").read_text().replace("from backend_lint.api import NodeRule", "from backend_lint.api import Mends, NodeRule")
    text = text.replace("class Calls(NodeRule", "class Calls(Mends, NodeRule")
    text = text.replace("    def visit(", "    fix = 'safe'\n    mends = ('Call',)\n\n    def visit(", 1)
    text += "\n    def mend(self, node, finding):\n        import libcst\n        return node.with_changes(func=libcst.Name('dict'))\n"
    (tmp_path / "mending" / "house").mkdir(parents=True)
    (tmp_path / "mending" / "house" / "called_error.py").write_text(text)
    fix = ("fix", "--rules-dir", str(tmp_path / "mending"), "--select", "house")
    (project / "app.py").write_text("x = bad_error()  # why\n")
    shown = run("check", *fix[1:], "--show-fixes").stdout
    assert "help: @@ -1 +1 @@" in shown and "-x = bad_error()  # why" in shown and "+x = dict()  # why" in shown
    done = run(*fix, "--diff")
    assert done.returncode == 1, done.stderr
    assert "-x = bad_error()  # why\n+x = dict()  # why\n" in done.stdout
    assert (project / "app.py").read_text() == "x = bad_error()  # why\n"
    done = run(*fix)
    assert (done.returncode, done.stdout) == (0, "")
    assert "changed 1 file; 0 findings left" in done.stderr
    assert (project / "app.py").read_text() == "x = dict()  # why\n"
    assert "changed 0 files" in run(*fix).stderr
    assert run(*fix, "-").returncode == 2, "standard input is no project to edit"


def test_a_baseline_accepts_what_is_there(run: Run, rules: Path, project: Path) -> None:
    own = ("--rules-dir", str(rules), "--select", "house")
    (project / "app.py").write_text("bad_error()\n")
    done = run("baseline", "create", *own)
    assert done.returncode == 0, done.stderr
    name = "backend-lint-baseline.json"
    assert run(*own, "--baseline", name).returncode == 0
    assert run("baseline", "create", *own).returncode == 2, "it would be replaced"
    (project / "app.py").write_text("bad_error()\nbad_error(1)\n")
    assert run(*own, "--baseline", name).returncode == 1
    (project / "backend-lint.toml").write_text(f"baseline = '{name}'\n")
    assert run("baseline", "update", *own).returncode == 0
    assert run(*own).returncode == 0
    (project / "app.py").write_text("x = 1\n")
    assert run("baseline", "prune", *own).returncode == 0
    assert json.loads((project / name).read_text())["findings"] == []
    assert run(*own, "--baseline", "missing.json").returncode == 2


def test_settings_are_shown_with_their_origin(check: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text("[project]\ndependencies = ['django>=5', 'psycopg[binary]']\n[tool.backend-lint]\nprofile = 'strict'\n")
    lines = check("--show-settings", "--jobs", "2").stdout.splitlines()
    shown = {line.split()[0]: " ".join(line.split()[1:]) for line in lines}
    assert shown["profile"] == '"strict" # pyproject.toml'
    assert shown["jobs"] == "2 # command line"
    assert shown["cache"] == "true # default"
    assert shown["root"] == f"{project} # pyproject.toml lies there"
    assert shown["dialect"] == "postgresql # detected: psycopg in pyproject.toml"


def test_clean_removes_our_cache_and_nobody_elses_folder(run: Run, project: Path, home: Path) -> None:
    (project / "app.py").write_text("x = 1\n")
    run()
    assert (home / "cache" / "backend-lint").is_dir()
    assert run("clean").returncode == 0
    assert not (home / "cache" / "backend-lint").exists()
    (home / "work").mkdir()
    (home / "work" / "thesis.txt").write_text("years")
    done = run("clean", "--cache-dir", str(home / "work"))
    assert done.returncode == 2 and "nothing was removed" in done.stderr
    assert (home / "work" / "thesis.txt").exists()


def test_maps_show_what_was_understood(run: Run, project: Path) -> None:
    source = "import os\nfrom fastapi import FastAPI\napp = FastAPI()\n@app.get('/orders')\ndef orders():\n    return os.getenv('LIMIT')\n"
    (project / "app.py").write_text(source)
    (project / "bad.py").write_text("def f(:\n")
    done = run("map", "routes", "--format", "json")
    assert [(one["method"], one["path"], one["handler"]["name"]) for one in json.loads(done.stdout)["routes"]] == [("GET", "/orders", "orders")]
    assert "not read: bad.py: " in done.stderr
    assert "/orders" in run("map").stdout
    assert "LIMIT" in run("map", "config").stdout
    assert "orders" in run("map", "calls").stdout
    (project / "sub").mkdir()
    (project / "backend-lint.toml").write_text("")
    assert run("map", "routes", "sub").returncode == 2


@pytest.mark.parametrize("command", ["", "baseline"])
def test_help_fits_a_terminal_and_says_each_command_whole(run: Run, command: str) -> None:
    lines = run(*command.split(), "--help", env={"COLUMNS": "80"}).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith("...") and not line.startswith("Usage")], "what a command does is not cut off"


def test_what_is_missing_is_said_in_one_line(run: Run) -> None:
    done = run("completion")
    assert done.returncode == 2 and "Choose from: bash, zsh, fish" in done.stderr and "\\" not in done.stderr
    done = run("baseline")
    assert done.returncode == 2 and "Missing command" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("ch", "check"),
        ("--form", "--format"),
        ("explain unindexed-fil", "unindexed-filter"),
        ("rules owasp-api:1", "owasp-api:10"),
        ("--select log-injection,unindexed-fil", "log-injection,unindexed-filter"),
        ("check --format sar", "sarif"),
    ],
)
def test_a_shell_completes_commands_options_and_rules(run: Run, words: str, offered: str) -> None:
    asked = {"_BACKEND_LINT_COMPLETE": "bash_complete", "COMP_WORDS": f"backend-lint {words}", "COMP_CWORD": str(len(words.split()))}
    assert f"plain,{offered}" in run(env=asked).stdout.splitlines()


@pytest.mark.parametrize("words", ["shop/ap", "fix shop/ap", "map routes sh", "baseline create sh"])
def test_a_shell_completes_paths(run: Run, words: str) -> None:
    asked = {"_BACKEND_LINT_COMPLETE": "bash_complete", "COMP_WORDS": f"backend-lint {words}", "COMP_CWORD": str(len(words.split()))}
    assert f"file,{words.split()[-1]}" in run(env=asked).stdout.splitlines()


def test_completion_names_the_commands(run: Run) -> None:
    assert "_BACKEND_LINT_COMPLETE" in run("completion", "fish").stdout
    done = run(env={"_BACKEND_LINT_COMPLETE": "fish_complete", "COMP_WORDS": "backend-lint ", "COMP_CWORD": ""})
    assert "explain" in done.stdout


def test_configuration_from_a_revision_cannot_be_weakened_by_the_change(check: Run, project: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=project, check=True, capture_output=True)

    (project / "app.py").write_text("bad_error()\n")
    (project / "backend-lint.toml").write_text("fail-on = 'error'\n")
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "x")
    (project / "backend-lint.toml").write_text("fail-on = 'never'\n")
    assert check().returncode == 0
    done = check("--config-from", "main")
    assert done.returncode == 1
    assert "the configuration differs from the one at main" in done.stderr
