"""Finds the manifests and lock files of a project, which say what versions of a library it may run with."""

# pathlib costs more than the calls it wraps.
# ruff: noqa: PTH116, PTH118

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from backend_lint.engine.discover import printable, read_regular, stamp_of
from backend_lint.facts.requirements import FOLDERS, PinFile

_MOST_FOLDERS = 60
_MOST_FILES = 80
_MOST_NAMES = 400
"""Looked at, also those that lead out of the project."""
_DEEPEST = 3
_LARGEST = 8_000_000
_MOST_BYTES = 16_000_000
"""All manifests together."""
_NESTED = 2


class Manifests:
    """The manifests in the folders in which a project's files lie, and those that they name. Called, it reads them all."""

    def __init__(self, root: str | os.PathLike[str], paths: Iterable[str]) -> None:
        self._root = os.fspath(root)
        self._read_already: dict[str, PinFile | None] = {}
        self._room = _MOST_BYTES
        self.names = tuple(self._found(_folders(paths)))
        """Relative to the root, also of files that turn out not to be there."""

    def __call__(self) -> tuple[PinFile, ...]:
        """What they say, those above first."""
        return tuple(file for name in self.names if (file := self._read(name)) is not None)

    def stamps(self) -> list[tuple[str, tuple[int, ...]]]:
        """The names with what a change of the file changes: an answer that rests on what they say holds as long as these do."""
        return [(name, self._stamp(name)) for name in self.names]

    def _stamp(self, name: str) -> tuple[int, ...]:
        try:
            return stamp_of(os.stat(os.path.join(self._root, name)))
        except (OSError, ValueError):
            return ()

    def _found(self, folders: list[str]) -> Iterator[str]:
        """Lists of requirements are read at once, for the files that they name; others when they are asked for."""
        real = os.path.realpath(self._root)
        pending = dict.fromkeys(name for folder in folders for name in _listed(self._root, folder))
        seen, within = set[str](), 0
        while pending and within < _MOST_FILES and len(seen) < _MOST_NAMES:
            name = next(iter(pending))
            del pending[name]
            seen.add(name)
            if not os.path.realpath(os.path.join(self._root, name)).startswith(real + os.sep):
                continue
            within += 1
            yield name
            if name.endswith((".txt", ".in", ".pip")) and (file := self._read(name)) is not None:
                pending |= dict.fromkeys(one for one in file.included[:_MOST_FILES] if one not in seen)

    def _read(self, name: str) -> PinFile | None:
        if name not in self._read_already:
            self._read_already[name] = self._read_now(name)
        return self._read_already[name]

    def _read_now(self, name: str) -> PinFile | None:
        from backend_lint.readers.requirements import read

        try:
            data = read_regular(os.path.join(self._root, name), min(_LARGEST, self._room))
        except (OSError, ValueError):
            return None
        self._room -= len(data)
        return read(printable(name), data)


def _folders(paths: Iterable[str]) -> list[str]:
    """The root and the folders near it that hold Python, those above first."""
    found = {""}
    for path in paths:
        if path.endswith(".py"):
            parts = path.split("/")[:-1][:_DEEPEST]
            found.update("/".join(parts[:length]) for length in range(1, len(parts) + 1))
    return sorted(found, key=lambda folder: (folder.count("/") + bool(folder), folder))[:_MOST_FOLDERS]


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
