"""A copy of the tree as a clone would have it, and environments to install it into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent.parent
SHIPPED = ("backend_lint", "rules", "fixtures", "docs", "tests", ".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE")


class Environment:
    """A virtual environment that sees what this interpreter has installed, apart from backend-lint itself."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        self.scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.scripts / "python"
        self.packages = Path(self.run("-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
        dependencies = folder / "dependencies"
        dependencies.mkdir()
        for entry in _installed():
            if not (dependencies / entry.name).exists():
                (dependencies / entry.name).symlink_to(entry)
        (self.packages / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")

    def run(self, *arguments: str | Path, cwd: Path | None = None, status: int = 0) -> str:
        """Standard output of its Python."""
        return self.execute(self.python, *arguments, cwd=cwd, status=status)

    def execute(self, *command: str | Path, cwd: Path | None = None, status: int = 0) -> str:
        """Standard output of a command that must end with `status`. It sees no PYTHONPATH and works in a folder of its own."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        outcome = subprocess.run(list(map(str, command)), cwd=cwd or self.scripts, env=environment, capture_output=True, text=True)
        assert outcome.returncode == status, f"{command}: exit {outcome.returncode}\n{outcome.stdout}\n{outcome.stderr}"
        return outcome.stdout

    def install(self, *arguments: str | Path) -> None:
        """pip install without dependencies and without the network."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        self.execute(*pip, "--disable-pip-version-check", "--ignore-installed", *arguments)


def _installed() -> Iterator[Path]:
    """What lies in this interpreter's site-packages, without backend-lint: however it is installed here, it must not stand in for the one under test."""
    for folder in map(Path, sys.path):
        if folder.name in ("site-packages", "dist-packages"):
            yield from (entry for entry in folder.iterdir() if "backend_lint" not in entry.name and entry.suffix != ".pth")


def copy_tree(target: Path) -> Path:
    """The tree without what is not committed."""
    target.mkdir(parents=True)
    for name in SHIPPED:
        source = TREE / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        elif source.exists():
            shutil.copyfile(source, target / name)
    return target
