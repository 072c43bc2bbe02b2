"""Linked projects of a few lines, with a Django model at hand."""

from __future__ import annotations

from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.project import Project
from backend_lint.readers.python import read

HEAD = "from django.db import models, transaction\nclass M(models.Model):\n    n = models.IntegerField()\n"


def link(texts: dict[str, str]) -> Project:
    readings = {}
    for path, text in texts.items():
        file = SourceFile(path, Kind.PYTHON, Role.SETTINGS if path.endswith("settings.py") else Role.APPLICATION, len(text))
        readings[path] = file, read(text.encode(), file)
        assert not readings[path][1].unchecked
    return Project.link(readings)


def one(text: str) -> Project:
    return link({"a.py": HEAD + text})
