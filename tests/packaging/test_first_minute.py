"""A stranger's first minute, from nothing: install, the first finding, `init`, the hook. Each step is run as it is told, and its output looks finished."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
from clones import TREE, copy_tree


class Stranger:
    """Somebody with a Python, a git and an empty home. Nothing of this machine's is used but the package index."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        venv.create(folder / "environment", with_pip=True, symlinks=os.name != "nt")
        self.scripts = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
        self.wheels = folder / "wheels"
        source = copy_tree(folder / "source")
        self.say([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(self.wheels), str(source)], TREE)

    def say(self, command: list[str], cwd: Path, status: int = 0) -> str:
        """Runs a command; gives all that it printed."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GIT_", "XDG_", "GITHUB_", "CI", "VIRTUAL_ENV"))}
        own = {
            "HOME": str(self.home),
            "PATH": f"{self.scripts}{os.pathsep}{os.environ['PATH']}",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PRE_COMMIT_HOME": str(self.home / "pre-commit"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        done = subprocess.run(command, cwd=cwd, env={**kept, **own}, capture_output=True, text=True, timeout=300)
        assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    return Stranger(tmp_path_factory.mktemp("stranger"))


def test_from_nothing_to_a_hook_that_holds(stranger: Stranger, tmp_path: Path) -> None:
    project = tmp_path / "shop"
    (project / "shop").mkdir(parents=True)
    for path in sorted((TREE / "docs" / "example" / "shop").glob("*.py")):
        (project / "shop" / path.name).write_bytes(path.read_bytes())
    (project / "requirements.txt").write_text("fastapi\nrequests\n")
    (project / "shop" / "notify.py").write_text("import requests\n\n\ndef notify(order):\n    requests.post('https://warehouse.example', json=order)\n")
    route = "from fastapi import APIRouter\n\nfrom shop.notify import notify\n\nrouter = APIRouter()\n\n\n"
    route += "@router.post('/paid')\ndef paid(order: dict):\n    notify(order)\n"
    (project / "shop" / "hooks.py").write_text(route)
    git = ["git", "-c", "user.name=Stranger", "-c", "user.email=stranger@example.org"]
    stranger.say(["git", "init", "-q"], project)

    started = time.monotonic()
    stranger.say([str(stranger.scripts / "pip"), "install", "--quiet", "backend-lint"], project)
    installed = time.monotonic() - started

    started = time.monotonic()
    first = stranger.say(["backend-lint"], project)
    found = time.monotonic() - started
    assert "warning[outbound-call-without-timeout]" in first and "--> shop/notify.py:5:5" in first and "^^^^" in first
    assert first.rstrip().endswith("files"), "the last line is the summary"
    assert found < 10, "the first finding stands on the screen at once"

    done = stranger.say(["backend-lint", "init"], project)
    assert "frameworks    fastapi" in done and "wrote backend-lint.toml" in done and "wrote .pre-commit-config.yaml" in done
    after = stranger.say(["backend-lint"], project)
    assert "no findings" in after and "in the baseline" in after

    stranger.say([*git, "add", "-A"], project)
    stranger.say([*git, "commit", "-qm", "All"], project)
    stranger.say([str(stranger.scripts / "pip"), "install", "--quiet", "pre-commit"], project)
    assert "Passed" in stranger.say(["pre-commit", "run", "--all-files"], project)
    # one key of what init wrote is changed, as its comment says
    settings = (project / "backend-lint.toml").read_text()
    (project / "backend-lint.toml").write_text(settings.replace('fail-on = "error"', 'fail-on = "warning"'))
    (project / "shop" / "more.py").write_text(
        "import requests\nfrom fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n"
        "@router.get('/rate')\ndef rate():\n    return requests.get('https://bank.example', params={'a': 1}).json()\n"
    )
    stranger.say([*git, "add", "-A"], project)
    refused = stranger.say(["pre-commit", "run"], project, status=1)
    assert "shop/more.py" in refused and "outbound-call-without-timeout" in refused and "Failed" in refused
    print(f"installed in {installed:.1f} s, first finding after {found:.1f} s")  # noqa: T201 - shown with -s


def test_it_runs_without_being_installed(stranger: Stranger, tmp_path: Path) -> None:
    stranger.say([str(stranger.scripts / "pip"), "install", "--quiet", "pipx"], tmp_path)
    (tmp_path / "app.py").write_text("import requests\n\n\ndef balance():\n    return requests.get('https://bank.example')\n")
    wheel = next(stranger.wheels.glob("*.whl"))
    shown = stranger.say(["pipx", "run", "--spec", str(wheel), "backend-lint", "--format", "concise"], tmp_path)
    assert "app.py:5:12: warning[outbound-call-without-timeout]" in shown
