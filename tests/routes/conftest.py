"""Linked models of the sample projects."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Project
from backend_lint.readers.python import read

PROJECTS = pathlib.Path(__file__).parent / "projects"


def link(files: dict[str, str]) -> Project:
    """The model of a project given as path -> text."""
    readings = {}
    for path, text in files.items():
        data = text.encode()
        file = SourceFile(path, Kind.PYTHON, Role.TEST if "test" in path else Role.APPLICATION, len(data))
        readings[path] = (file, read(data, file))
    return Project.link(readings)


@pytest.fixture
def linked() -> Callable[[dict[str, str]], Project]:
    return link


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Project]:
    """The model of a folder below ``projects``."""

    def linked_folder(name: str) -> Project:
        root = PROJECTS / name
        return link({path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*.py"))})

    return linked_folder
