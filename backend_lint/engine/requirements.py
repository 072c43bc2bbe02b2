"""Finds the manifests and lock files of a project, when a rule first asks which versions of a library it may run with."""

# pathlib costs more than the calls it wraps.
# ruff: noqa: PTH118

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from backend_lint.engine.discover import printable, read_regular
from backend_lint.facts.requirements import FOLDERS, PinFile

if TYPE_CHECKING:
    from backend_lint.engine.recording import Watch

_MOST_FOLDERS = 60
_MOST_FILES = 80
_DEEPEST = 3
_LARGEST = 8_000_000
_MOST_BYTES = 16_000_000
"""All manifests together."""
_NESTED = 2


def pin_files(root: str | os.PathLike[str], paths: Iterable[str], watch: Watch | None = None) -> Callable[[], tuple[PinFile, ...]]:
    """The manifests in the folders in which a project's files lie. `watch` learns of those that are looked at, which is not before they are asked for."""
    return lambda: tuple(_found(os.fspath(root), _folders(paths), watch))


def _folders(paths: Iterable[str]) -> list[str]:
    """The root and the folders near it that hold Python, those above first."""
    found = {""}
    for path in paths:
        if path.endswith(".py"):
            parts = path.split("/")[:-1][:_DEEPEST]
            found.update("/".join(parts[:length]) for length in range(1, len(parts) + 1))
    return sorted(found, key=lambda folder: (folder.count("/") + bool(folder), folder))[:_MOST_FOLDERS]


def _found(root: str, folders: list[str], watch: Watch | None) -> Iterator[PinFile]:
    from backend_lint.readers.requirements import read

    real, pending, seen, room = os.path.realpath(root), [name for folder in folders for name in _listed(root, folder)], set[str](), _MOST_BYTES
    while pending and len(seen) < _MOST_FILES and room > 0:
        name = pending.pop(0)
        where = os.path.join(root, name)
        if name in seen or not os.path.realpath(where).startswith(real + os.sep):
            continue
        seen.add(name)
        if watch is not None:
            watch.add(where)
        try:
            data = read_regular(where, min(_LARGEST, room))
        except (OSError, ValueError):
            continue
        room -= len(data)
        file = read(printable(name), data)
        pending += file.included
        yield file


def _listed(root: str, folder: str, below: int = 0) -> list[str]:
    """The manifests of one folder, and of those for requirements in it, with their own folders."""
    from backend_lint.readers.requirements import is_manifest

    found: list[str] = []
    try:
        with os.scandir(os.path.join(root, folder)) as listing:
            entries = sorted(listing, key=lambda one: one.name)
    except OSError:
        return found
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            if below < _NESTED and (below or entry.name in FOLDERS):
                found += _listed(root, name, below + 1)
        elif is_manifest(name):
            found.append(name)
    return found[:_MOST_FILES]
