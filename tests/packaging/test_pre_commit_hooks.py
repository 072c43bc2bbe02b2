"""The hooks, run by the real pre-commit on a repository made for the purpose. It installs backend-lint with its dependencies from the package index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clones import copy_tree

BAD = "import requests\n\n\ndef fetch(url):\n    return requests.get(url)\n"
GOOD = "import requests\n\n\ndef fetch(url):\n    return requests.get(url, timeout=5)\n"


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--no-verify", "--message", "All")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environment of the hooks: one for both."""
    return tmp_path_factory.mktemp("pre-commit-home")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with our hooks, and its revision."""
    repository = copy_tree(tmp_path_factory.mktemp("hooks") / "backend-lint")
    return repository, commit(repository)


def run_hook(hook: str, project: Path, hooks: tuple[Path, str], home: Path) -> subprocess.CompletedProcess[str]:
    repository, revision = hooks
    entry = f"- repo: {repository}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n    args: [--fail-on, warning, --no-cache]\n"
    (project / ".pre-commit-config.yaml").write_text("repos:\n" + entry)
    git(project, "add", "--all")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GIT_"))}
    environment["PRE_COMMIT_HOME"] = str(home)
    return subprocess.run([sys.executable, "-m", "pre_commit", "run", hook], cwd=project, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("hook", ["backend-lint", "backend-lint-project"])
def test_hook_finds_and_passes_after_mending(hook: str, tmp_path: Path, hooks: tuple[Path, str], home: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "client.py").write_text(BAD)
    (tmp_path / "shop" / "untouched.py").write_text(BAD.replace("fetch", "fetch_again"))
    commit(tmp_path)
    (tmp_path / "shop" / "client.py").write_text(BAD + "\n\nTOUCHED = True\n")

    found = run_hook(hook, tmp_path, hooks, home)
    assert found.returncode == 1, found.stdout + found.stderr
    assert "shop/client.py:5" in found.stdout
    assert "outbound-call-without-timeout" in found.stdout
    assert ("shop/untouched.py:5" in found.stdout) == (hook == "backend-lint-project")

    (tmp_path / "shop" / "client.py").write_text(GOOD)
    (tmp_path / "shop" / "untouched.py").write_text(GOOD.replace("fetch", "fetch_again"))
    passed = run_hook(hook, tmp_path, hooks, home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
