"""Whether a report was made of the sources as they are now. A clock alone deceives: a checkout writes every file anew."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from backend_lint.engine import git
from backend_lint.engine.discover import read_regular

_TOLERANCE_NS = 2_000_000_000
_MAX_BYTES = 20_000_000


def newer_source(root: Path, report: str, paths: Iterable[str]) -> str:
    """A file that changed after the report was written; empty if none did.

    A file that is as the last commit has it, and that commit is older than the report, was only checked out later.
    """
    try:
        written = (root / report).stat().st_mtime_ns
    except OSError:
        return ""
    later = [path for path in sorted(paths) if _modified(root / path) > written + _TOLERANCE_NS]
    return _first_changed(root, later, written) if later else ""


def _modified(path: Path) -> int:
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0


def _first_changed(root: Path, later: list[str], written: int) -> str:
    try:
        committed = git.committed_at(root)
        blobs = {entry.path: entry.blob for entry in git.tree(root, "HEAD")}
    except git.GitError:
        return later[0]
    if committed * 1_000_000_000 > written + _TOLERANCE_NS:
        return later[0]
    return next((path for path in later if not _is(root / path, blobs.get(path, ""))), "")


def _is(path: Path, blob: str) -> bool:
    """Whether the content is that of git's object; line ends that git converts make another one."""
    try:
        return git.names_content(blob, read_regular(path, _MAX_BYTES))
    except OSError:
        return False
