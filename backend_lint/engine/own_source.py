"""Our own source as a part of names in the cache: what another version of it wrote is another entry."""

# hundreds of files at each start: pathlib costs more than reading them
# ruff: noqa: PTH118, PTH208

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b


def python_files(folder: str | os.PathLike[str], deep: bool = True) -> Iterator[str]:
    """The Python files in a folder and, if `deep`, below it, always in the same order; none if it cannot be read."""
    top = os.fspath(folder)
    try:
        names = sorted(os.listdir(top))
    except OSError:
        return
    for name in names:
        if name.endswith(".py"):
            yield os.path.join(top, name)
        elif deep and "." not in name and name != "__pycache__":
            yield from python_files(os.path.join(top, name))


def update(named: blake2b, source: str | os.PathLike[str]) -> None:
    """Adds what a file holds to a digest."""
    try:
        with open(source, "rb") as file:
            named.update(file.read())
    except OSError:
        named.update(b"missing")
