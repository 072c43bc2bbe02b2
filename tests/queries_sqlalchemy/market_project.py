"""The market as a linked project, and what real SQLAlchemy sends for its questions."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.query import Site
from backend_lint.project import Project
from backend_lint.readers.python import read

FOLDER = Path(__file__).parent / "market"
THROUGH = {
    "moves.repository_by_city": "moves.Accounts.by_city",
    "moves.repository_by_name": "moves.Accounts.by_name",
    "moves.repository_by_nickname": "moves.Accounts.by_nickname",
}
"""Questions that a method of a repository asks."""


def linked(sources: dict[str, str]) -> Project:
    """A project of files given as text."""
    readings = {}
    for path, text in sources.items():
        file = SourceFile(path, Kind.PYTHON, Role.APPLICATION, len(text))
        readings[path] = file, read(text.encode(), file, ())
    return Project.link(readings)


@functools.cache
def project() -> Project:
    """The market, linked."""
    return linked({f"market/{path.name}": path.read_text() for path in sorted(FOLDER.glob("*.py"))})


@functools.cache
def asked() -> dict[str, list[Site]]:
    """The queries that each function runs, as we read them."""
    from backend_lint.project.queries.sqlalchemy import sites

    found: dict[str, list[Site]] = {}
    for site in sites(project()):
        if site.evaluated:
            found.setdefault(f"{site.path[len('market/') : -len('.py')]}.{site.symbol}", []).append(site)
    return found


@functools.cache
def sent() -> dict[str, tuple[str, dict[str, Any]]]:
    """The statement that each function sends, with its values."""
    done = subprocess.run([sys.executable, str(FOLDER.parent / "record.py")], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return {name: tuple(statements[0]) for name, statements in json.loads(done.stdout).items()}
