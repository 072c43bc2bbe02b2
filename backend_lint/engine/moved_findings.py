"""Accepted findings whose file is gone: whoever renames a file, or moves its code into new ones, does not meet them again."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from backend_lint.api import Finding
from backend_lint.config import Settings
from backend_lint.engine.baseline import Entry
from backend_lint.engine.fingerprint import anchor, fingerprints
from backend_lint.engine.result import Reported, Result

_MOST_PAIRS = 250_000
"""Findings times old paths: each is a digest."""


class Homeless:
    """The entries of a baseline whose files are gone. Each accepts one finding of the same rule, symbol and text elsewhere.

    `is_there` tells whether a path is a file of the run; the disk below `root` says whether it is one that was left out.
    """

    def __init__(self, entries: Iterable[Entry], root: Path, is_there: Callable[[str], bool]) -> None:
        by_path: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_path[entry.path].append(entry)
        self._left: dict[str, dict[str, set[str]]] = defaultdict(dict)
        """Rule -> old path -> fingerprints that have not been found again."""
        for path, ones in sorted(by_path.items()):
            if not is_there(path) and is_gone(root, path):
                for entry in ones:
                    self._left[entry.rule].setdefault(path, set()).add(entry.fingerprint)
        self._pairs = 0

    def found_again(self, group: Sequence[Finding], lines: Sequence[str] | None, unknown: Iterable[Finding]) -> frozenset[Finding]:
        """Those of the `unknown` findings of a file that were accepted under another path. `group`: all of the file, in the order of their places."""
        asked = [finding for finding in unknown if self._left.get(finding.rule)]
        if not asked or lines is None:
            return frozenset()
        found: set[Finding] = set()
        for path in sorted({path for finding in asked for path in self._left[finding.rule]}):
            self._pairs += len(group)
            if self._pairs > _MOST_PAIRS:
                break
            before = dict(zip(group, fingerprints(anchor(finding, lines, path) for finding in group), strict=True))
            for finding in asked:
                left = self._left[finding.rule].get(path, set())
                if finding not in found and before.get(finding, "") in left:
                    left.discard(before[finding])
                    found.add(finding)
        return frozenset(found)


def moved_in(result: Result, entries: Iterable[Entry], settings: Settings) -> list[Reported]:
    """The findings of a run without a baseline that a baseline accepts under another path."""
    by_path: dict[str, list[Reported]] = defaultdict(list)
    for one in result.findings:
        by_path[one.finding.path].append(one)
    accepted = tuple(entries)
    known = frozenset(entry.fingerprint for entry in accepted)
    homeless = Homeless(accepted, settings.root, lambda path: path in by_path)
    moved: list[Reported] = []
    for path, ones in sorted(by_path.items()):
        group = [one.finding for one in ones]
        again = homeless.found_again(group, _lines(settings, path), (one.finding for one in ones if one.fingerprint not in known))
        moved += [one for one in ones if one.finding in again]
    return moved


def _lines(settings: Settings, path: str) -> list[str] | None:
    from backend_lint.engine.discover import read_regular
    from backend_lint.source import UndecodableError, decode, split_lines

    try:
        return split_lines(decode(read_regular(settings.root / path, settings.max_file_size)))
    except (OSError, ValueError, UndecodableError):
        return None


def is_gone(root: Path, path: str) -> bool:
    """Whether nothing stands below `root` where a baseline, which anybody may have written, says that a file is."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\0" not in path and not os.path.lexists(root / path)
