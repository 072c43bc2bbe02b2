"""Reads texts as the engine would: by the kind that their path gives them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from backend_lint.facts.deployment import Manifest
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.reading import Reading
from backend_lint.project import Project
from backend_lint.readers import deployment, wanted
from backend_lint.readers.python import read as read_python


def reading(path: str, text: str | bytes) -> tuple[SourceFile, Reading]:
    data = text.encode() if isinstance(text, str) else text
    kind = wanted(path)
    assert kind is not None, path
    file = SourceFile(path, kind, Role.APPLICATION, len(data))
    return file, read_python(data, file, []) if kind is Kind.PYTHON else deployment.read(data, file)


def manifest(path: str, text: str | bytes) -> Manifest:
    found = reading(path, text)[1]
    assert not found.unchecked, found.unchecked
    return msgspec.msgpack.decode(found.facts, type=Manifest)


def project(files: Mapping[str, str]) -> Project:
    return Project.link({path: reading(path, text) for path, text in files.items()})
