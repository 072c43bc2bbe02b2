"""The real command on small projects: a fresh process, its own home, rules of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_runs import Run

TREE = Path(__file__).parents[2]

_RULE = '''
import ast
from backend_lint.api import NodeRule

class Calls(NodeRule[ast.Call]):
    """A call that a test wants reported.

    ## What it does

    Reports it.

    ## Why is this bad

    It is not.

    ## Example

    SEVERITY()

    ## Use instead

    Nothing.

    ## When this is wrong

    Always.
    """

    severity, precision, since = "SEVERITY", "high", "0.1"
    nodes = (ast.Call,)

    def visit(self, node, file):
        if isinstance(node.func, ast.Name) and node.func.id == "bad_SEVERITY":
            yield self.finding(file.path, file.position(node), "a call that must go, remove it", symbol=file.symbol)
'''


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rules called-error, called-warning and called-info: each reports calls of bad_error() and so on."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "house").mkdir()
    for severity in ("error", "warning", "info"):
        (folder / "house" / f"called_{severity}.py").write_text(_RULE.replace("SEVERITY", severity))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all runs share what they compile."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def environment(home: Path, bytecode: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "SYSTEMROOT", "TEMP", "TMPDIR")}
    return {
        **kept,
        "PYTHONPATH": str(TREE),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PYTHONPYCACHEPREFIX": str(bytecode),
    }


@pytest.fixture
def run(project: Path, environment: dict[str, str]) -> Run:
    """``run(*arguments)``: the command in the project's folder; never waits longer than a minute."""

    def start(*arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, given: str | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "backend_lint", *arguments],
            cwd=cwd or project,
            env={**environment, **(env or {})},
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return start


@pytest.fixture
def check(run: Run, rules: Path) -> Run:
    """``check(*arguments)``: `run` with the rules of the tests and no others."""

    def start(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        return run("--rules-dir", str(rules), "--select", "house", *arguments, **more)

    return start
