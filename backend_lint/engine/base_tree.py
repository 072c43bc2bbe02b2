"""Checks the tree of a base revision as git's objects hold it: nothing is checked out or written, no filter and no hook runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.config import ConfigError, Settings
from backend_lint.engine import git
from backend_lint.engine.discover import printable
from backend_lint.readers import wanted

if TYPE_CHECKING:
    from backend_lint.registry import Registry


def base_fingerprints(settings: Settings, registry: Registry, revision: str) -> frozenset[str]:
    """The fingerprints of all findings at `revision`, checked with the settings of this run but without its baseline. Raises ConfigError."""
    from backend_lint.engine.run import check_contents
    from backend_lint.engine.triage import triage
    from backend_lint.source import UndecodableError, decode, split_lines

    contents = tree_contents(settings, revision)
    there = replace(settings, paths=("",), explicit_paths=False, diff_base=None, diff_file=None, baseline=None, baseline_data=None, timings=False)
    readings, judged = check_contents(there, registry, contents)

    def read_lines(path: str) -> list[str] | None:
        try:
            return split_lines(decode(contents[path]))
        except (KeyError, UndecodableError):
            return None

    plain = {path: reading for path, (_, reading) in readings.items()}
    reported, _, _ = triage(judged.findings, plain, there, registry.cards, registry.enabled(there), read_lines)
    return frozenset(one.fingerprint for one in reported)


def tree_contents(settings: Settings, revision: str) -> dict[str, bytes]:
    """The files of `revision` that a reader wants, below the project root; links and sub-repositories are left out. Raises ConfigError."""
    try:
        entries = [entry for entry in git.tree(settings.root, revision) if entry.mode.startswith("100") and wanted(entry.path)]
        contents: dict[str, bytes] = {}
        for entry, content in zip(entries, git.read_blobs(settings.root, [entry.blob for entry in entries]), strict=True):
            if content is None:
                raise ConfigError(f"the base revision lacks the content of {entry.path!r} (a partial clone?); fetch it first: git fetch --refetch --no-filter")
            contents[printable(entry.path)] = content
    except git.GitError as error:
        raise ConfigError(f"the base revision cannot be read: {error}") from None
    return contents
