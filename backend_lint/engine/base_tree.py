"""Checks the tree of a base revision, written into a temporary folder from git's objects: no checkout, no filter, no hook."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.config import ConfigError, Settings
from backend_lint.engine import git
from backend_lint.readers import wanted

if TYPE_CHECKING:
    from backend_lint.registry import Registry


def base_fingerprints(settings: Settings, registry: Registry, revision: str) -> frozenset[str]:
    """The fingerprints of all findings at `revision`, checked with the settings of this run. Raises ConfigError."""
    from backend_lint.engine.run import run

    with tempfile.TemporaryDirectory(prefix="backend-lint-base-") as folder:
        root = Path(folder).resolve()
        # a repository around the temporary folder must not say what is ignored in it
        (root / ".git").write_text("gitdir: none\n", "ascii")
        write_tree(settings, revision, root)
        there = replace(
            settings,
            root=root,
            paths=("",),
            explicit_paths=False,
            diff_base=None,
            diff_file=None,
            baseline=None,
            baseline_data=None,
            stdin=None,
            stdin_filename=None,
            timings=False,
        )
        return frozenset(reported.fingerprint for reported in run(there, registry).findings)


def write_tree(settings: Settings, revision: str, target: Path) -> None:
    """Writes the files of `revision` that a reader wants below `target`; raises ConfigError.

    Links, sub-repositories and names that lead elsewhere are left out.
    """
    try:
        entries = [entry for entry in git.tree(settings.root, revision) if entry.mode.startswith("100") and wanted(entry.path) and _is_plain(entry.path)]
        contents = git.read_blobs(settings.root, [entry.blob for entry in entries])
        for entry, content in zip(entries, contents, strict=True):
            if content is None:
                raise ConfigError(f"the base revision lacks the content of {entry.path!r} (a partial clone?); fetch it first: git fetch --refetch --no-filter")
            if len(content) <= settings.max_file_size:
                _write(target / entry.path, content)
    except git.GitError as error:
        raise ConfigError(f"the base revision cannot be read: {error}") from None
    except OSError as error:
        raise ConfigError(f"the base revision cannot be written into {target}: {error.strerror or error}") from None


def _is_plain(path: str) -> bool:
    """Stays below the folder it is written into, whatever the tree object says."""
    parts = path.split("/")
    return not any(part in ("", ".", "..") or part.lower() == ".git" for part in parts) and not (os.name == "nt" and any(sign in path for sign in "\\:"))


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return  # names that differ by case only, on a file system that does not tell them apart
