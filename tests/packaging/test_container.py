"""The Dockerfile, step by step without a container: what it copies suffices to build, what it installs runs as an ordinary user in somebody else's folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from clones import TREE

NOBODY = 65534
BAD = """
import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def rate():
    return requests.get("https://rates.example", timeout=5).json()
"""


def instructions() -> list[tuple[str, str]]:
    """Word and rest of each instruction of the Dockerfile, lines that go on joined."""
    text = re.sub(r"\\\n\s*", "", "".join(line for line in (TREE / "Dockerfile").open(encoding="utf-8") if not line.startswith("#")))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def copied(target: Path) -> None:
    """What `.dockerignore` lets into the build."""
    lines = (TREE / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in lines, "everything would be sent to the builder"
    for name in (line[1:] for line in lines if line.startswith("!")):
        if (TREE / name).is_dir():
            shutil.copytree(TREE / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(TREE / name, target / name)


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """A folder for everybody with the environment that the steps fill."""
    folder = Path(tempfile.mkdtemp(prefix="backend-lint-image-"))
    folder.chmod(0o755)
    try:
        venv.create(folder / "environment", with_pip=True)
        (folder / "source").mkdir()
        copied(folder / "source")
        python = f"{folder}/environment/bin/python"
        for word, rest in instructions():
            steps = [step.strip() for step in rest.rpartition("target=/wheels")[2].split("&&")] if word == "RUN" else []
            for step in steps:
                if step.startswith("python "):
                    command = [part.replace("/wheels", f"{folder}/wheels") for part in shlex.split(step)]
                    done = subprocess.run([python, *command[1:]], cwd=folder / "source", capture_output=True, text=True, timeout=300)
                    assert done.returncode == 0, f"{step}: {done.stderr}"
        shutil.rmtree(folder / "source")
        yield folder
    finally:
        shutil.rmtree(folder)


def test_names_what_it_starts_as_and_with() -> None:
    said = dict(instructions())
    assert said["USER"] not in ("root", "0")
    assert said["ENTRYPOINT"] == '["backend-lint"]'
    assert [word for word, _ in instructions()].count("FROM") == 2, "what builds is not what runs"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become somebody else")
def test_checks_a_folder_of_somebody_else_and_writes_nothing(image: Path) -> None:
    project = image / "project"
    project.mkdir()
    (project / "main.py").write_text(BAD)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    home = image / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    environment = {"PATH": f"{image}/environment/bin:{os.environ['PATH']}", "HOME": str(home)}
    done = subprocess.run(["backend-lint"], cwd=project, env=environment, user=NOBODY, group=NOBODY, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "blocking-call-in-async" in done.stdout
    assert [line for line in done.stderr.splitlines() if "git does not list the project" not in line] == []
    assert sorted(path.name for path in project.iterdir()) == [".git", "main.py"]
