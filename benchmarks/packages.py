"""The public packages that the benchmarks run on: pinned, downloaded as wheels from PyPI, unpacked as text, never installed and never run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PACKAGES = {
    "apache_superset": "6.1.0",
    "label_studio": "1.23.2",
    "wagtail": "8.0.1",
    "django_oscar": "4.2.1",
    "open_webui": "0.12.4",
}
TEXT = frozenset([".py", ".sql", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".json", ".sh", ".txt", ".md", ".html"])
LARGEST = 1_000_000
"""Bytes; a bigger file is data, not source."""


def fetch(cache: Path) -> dict[str, Path]:
    """The unpacked trees by package name; downloads what `cache` lacks. Raises CalledProcessError when pip fails."""
    wheels = cache / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    trees = {}
    for name, version in PACKAGES.items():
        tree = cache / "src" / f"{name}-{version}"
        if not tree.is_dir():
            if not any(wheels.glob(f"{name}-{version}-*.whl")):
                options = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--python-version", "3.11"]
                subprocess.run(
                    [sys.executable, "-m", "pip", "download", "--quiet", *options, "--dest", str(wheels), f"{name.replace('_', '-')}=={version}"], check=True
                )
            unpack(next(wheels.glob(f"{name}-{version}-*.whl")), tree)
        trees[name] = tree
    return trees


def unpack(wheel: Path, tree: Path) -> None:
    """Write the text files of a wheel below `tree`; members that would leave it are skipped."""
    partial = tree.with_name(tree.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            path = PurePosixPath(member.filename)
            if member.is_dir() or path.is_absolute() or ".." in path.parts or path.suffix not in TEXT or member.file_size > LARGEST:
                continue
            target = partial / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))
    partial.rename(tree)


def python_files(tree: Path) -> Iterator[Path]:
    """The Python files below `tree`, in a stable order."""
    return iter(sorted(tree.rglob("*.py")))


def line_count(tree: Path) -> int:
    """Lines of Python below `tree`."""
    return sum(path.read_bytes().count(b"\n") for path in python_files(tree))


def assemble(trees: dict[str, Path], lines: int, target: Path) -> int:
    """Make a tree of about `lines` lines of Python out of the packages, whole files, repeated in numbered copies if need be. Returns the lines it holds."""
    written = copy = 0
    while written < lines:
        for name, tree in trees.items():
            for path in python_files(tree):
                if written >= lines:
                    return written
                place = target / f"copy{copy}" / name / path.relative_to(tree)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
                written += path.read_bytes().count(b"\n")
        copy += 1
    return written
