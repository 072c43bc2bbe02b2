"""Runs what the documentation shows. A page is a small project of its own.

Blocks whose first line is ``# path: FILE`` write that file, and so do blocks below a line ``<!-- path: FILE -->``; ``<!-- project: FOLDER -->`` starts from a
folder of this tree; lines ``$ command`` of ``console`` blocks run in the order of the page, and what follows them is what they print, errors included.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
_PART = re.compile(
    r"^<!-- project: (?P<project>\S+) -->$|^<!-- path: (?P<above>\S+) -->\n+```\w*\n(?P<content>.*?)^```$|^```(?P<language>\w+)\n(?P<block>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FAILED = re.compile(r"not checked: rule [\w-]+ failed|^  project: rule [\w-]+ failed", re.MULTILINE)
_PATH = re.compile(r"(?:#|--|//) path: (\S+)\n")


def executed(page: str) -> str:
    """The page with the real output below every command. Raises CalledProcessError for a command that could not judge, or in which a rule failed."""
    with tempfile.TemporaryDirectory(prefix="backend-lint-docs-") as scratch:
        project = Path(scratch) / "project"
        project.mkdir()
        environment = _environment(Path(scratch))
        return _PART.sub(lambda match: _replacement(match, project, environment), page)


def _replacement(match: re.Match[str], project: Path, environment: dict[str, str]) -> str:
    if match["project"]:
        shutil.copytree(TREE / match["project"], project, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    elif match["above"]:
        _write(project / match["above"], match["content"])
    elif match["language"] == "console":
        return "```console\n" + _run(match["block"], project, environment) + "```"
    elif path := _PATH.match(match["block"]):
        _write(project / path[1], match["block"][path.end() :])
    return match[0]


def _run(block: str, project: Path, environment: dict[str, str]) -> str:
    shown = []
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        outcome = subprocess.run(["sh", "-c", line[2:]], cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # a rule that is being edited must not leave its failure in the documentation
        if outcome.returncode > 1 or _FAILED.search(outcome.stdout):
            raise subprocess.CalledProcessError(outcome.returncode, line[2:], outcome.stdout)
        shown.append(f"{line}\n{outcome.stdout.replace(f'{project}{os.sep}', '')}")
    return "".join(shown)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _environment(scratch: Path) -> dict[str, str]:
    """Nothing of this machine shows in the output: neither its home, nor its configuration, nor which backend-lint is installed."""
    programs = scratch / "bin"
    programs.mkdir()
    program = programs / "backend-lint"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backend_lint "$@"\n')
    program.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PYTHON", "XDG_", "GITHUB_", "CI"))}
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a@example.org"))}
    search = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
    places = {"PATH": search, "PYTHONPATH": str(TREE), "HOME": str(scratch), "XDG_CACHE_HOME": str(scratch / "cache")}
    return {**kept, **identity, **places, "NO_COLOR": "1", "COLUMNS": "120", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
