"""Checks the tree of a base revision as git's objects hold it: nothing is checked out or written, no filter and no hook runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from backend_lint.config import ConfigError, Settings
from backend_lint.engine import git
from backend_lint.engine.discover import printable
from backend_lint.readers import wanted

if TYPE_CHECKING:
    from backend_lint.registry import Registry


class BaseFindings(msgspec.Struct, frozen=True):
    """What the base revision had. `places` are (digest of the file's lines, rule, line, column): a file that was copied has its findings where they were.

    `gone`: the lines of files that are not on disk any more, by path."""

    fingerprints: frozenset[str]
    paths: frozenset[str]
    places: frozenset[tuple[bytes, str, int, int]]
    gone: dict[str, list[str]]


def digest(lines: Sequence[str]) -> bytes:
    """Identity of a file's content, line ends aside."""
    return hashlib.blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def base_findings(settings: Settings, registry: Registry, revision: str) -> BaseFindings:
    """All findings at `revision`, checked with the settings of this run but without its baseline. Raises ConfigError."""
    from backend_lint.engine.difference import MOST_GONE
    from backend_lint.engine.run import check_contents
    from backend_lint.engine.triage import triage
    from backend_lint.source import UndecodableError, decode, split_lines

    contents = tree_contents(settings, revision)
    there = replace(settings, paths=("",), explicit_paths=False, diff_base=None, diff_file=None, baseline=None, baseline_data=None, timings=False)
    readings, judged = check_contents(there, registry, contents)
    digests: dict[str, bytes] = {}

    def read_lines(path: str) -> list[str] | None:
        try:
            lines = split_lines(decode(contents[path]))
        except (KeyError, UndecodableError):
            return None
        digests[path] = digest(lines)
        return lines

    plain = {path: reading for path, (_, reading) in readings.items()}
    reported, _, _ = triage(judged.findings, plain, there, registry.cards, registry.enabled(there) - judged.failed, read_lines)
    found = [one.finding for one in reported]
    places = frozenset((digests[one.path], one.rule, one.line, one.column) for one in found if one.path in digests)
    with_findings = sorted({one.path for one in found if not os.path.lexists(settings.root / one.path)})
    gone = {path: lines for path in with_findings[:MOST_GONE] if (lines := read_lines(path))}
    return BaseFindings(frozenset(one.fingerprint for one in reported), frozenset(contents), places, gone)


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
