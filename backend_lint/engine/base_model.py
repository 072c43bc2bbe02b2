"""What rules may ask of the base revision: which files it has, which read differently now, and its linked model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.config import ConfigError, Settings
from backend_lint.engine import git
from backend_lint.engine.discover import printable
from backend_lint.project.base import Base
from backend_lint.source import UndecodableError, decode, split_lines

if TYPE_CHECKING:
    from backend_lint.project import Project

ReadLines = Callable[[str], list[str] | None]


def base_model(settings: Settings, read_lines: ReadLines) -> Base | None:
    """The base revision that the run is compared with; None if it is compared with none. Raises ConfigError."""
    if settings.diff_base is None:
        return None
    from backend_lint.engine.difference import base_revision

    revision = base_revision(settings.root, settings.diff_base)
    try:
        entries = git.tree(settings.root, revision)
    except git.GitError as error:
        raise ConfigError(f"the base revision {settings.diff_base!r} cannot be read: {error}") from None
    blobs = {printable(entry.path): entry.blob for entry in entries if entry.mode.startswith("100")}

    def edited(path: str) -> bool:
        lines = read_lines(path)
        if lines is None or git.names_content(blobs[path], "\n".join([*lines, ""]).encode("utf-8", "surrogatepass")):
            return False
        return _differs(settings, blobs[path], lines)

    def link() -> Project:
        from backend_lint.engine.base_tree import tree_contents
        from backend_lint.engine.run import link_contents

        there = replace(settings, paths=("",), explicit_paths=False, diff_base=None, diff_file=None, baseline=None, baseline_data=None, timings=False)
        return link_contents(there, tree_contents(settings, revision))

    return Base(settings.diff_base, frozenset(blobs), edited, link)


def _differs(settings: Settings, blob: str, lines: list[str]) -> bool:
    try:
        before = next(git.read_blobs(settings.root, [blob]))
    except git.GitError as error:
        raise ConfigError(f"the base revision cannot be read: {error}") from None
    if before is None:
        return False
    try:
        return split_lines(decode(before)) != lines
    except UndecodableError:
        return True
