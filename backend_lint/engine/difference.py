"""What is new since a base revision: by findings (both trees are checked), by changed lines, or by changed files.

Git is asked through plumbing that executes nothing of the repository; the working tree is compared with the base by our own reading of both.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backend_lint.api import Finding
from backend_lint.config import ConfigError, Settings
from backend_lint.engine import git
from backend_lint.engine.discover import printable
from backend_lint.engine.patch import PatchError, Ranges, added_lines
from backend_lint.source import UndecodableError, decode, split_lines

if TYPE_CHECKING:
    from backend_lint.engine.base_tree import BaseFindings
    from backend_lint.registry import Registry

ReadLines = Callable[[str], list[str] | None]

_PATCH = 100_000_000
MOST_GONE = 2_000
"""Files of the base that are gone, of which a new file may be one."""
_EDITS = 400
"""Additions and removals of lines up to which the shortest edit is looked for."""
_STEPS = 4_000_000
"""Pairs of lines that are compared exactly; a larger rewrite counts as changed throughout."""


class Difference:
    """Tells new findings from those that were there. `prepare` is called once with every path that may be asked for."""

    def prepare(self, paths: Iterable[str]) -> None:
        """Reads what is needed of the base revision for `paths`. Raises ConfigError."""

    def is_new(self, finding: Finding, fingerprint: str, lines: list[str] | None, read_lines: ReadLines) -> bool:
        """Whether the finding was not there at the base; `lines` are those of its file. `fingerprint`: as its file was called then (`formerly`)."""
        raise NotImplementedError

    def formerly(self, path: str, read_lines: ReadLines) -> str | None:
        """What a file of now was called at the base, if findings are looked up by that name; None for the same name, or for none."""
        return None


class ByFindings(Difference):
    """New is what the base tree did not have, by fingerprint, also under the old path of a file that moved. Of equal findings the later ones are new."""

    def __init__(self, base: BaseFindings) -> None:
        self.base = base
        self.digests: dict[str, bytes] = {}
        self.new: list[str] = []
        self.moved: dict[str, str] = {}

    def prepare(self, paths: Iterable[str]) -> None:
        self.new = sorted(path for path in paths if path not in self.base.paths) if self.base.gone else []

    def formerly(self, path: str, read_lines: ReadLines) -> str | None:
        if self.new:
            from backend_lint.engine.renames import moved

            self.moved = moved({path: lines for path in self.new if (lines := read_lines(path))}, _same_kind(self.base.gone, self.new))
            self.new = []
        return self.moved.get(path)

    def is_new(self, finding: Finding, fingerprint: str, lines: list[str] | None, read_lines: ReadLines) -> bool:
        if fingerprint in self.base.fingerprints:
            return False
        if finding.path in self.base.paths or lines is None:
            return True
        from backend_lint.engine.base_tree import digest

        if finding.path not in self.digests:
            self.digests[finding.path] = digest(lines)
        return (self.digests[finding.path], finding.rule, finding.line, finding.column) not in self.base.places


def _same_kind(gone: Mapping[str, Sequence[str]], paths: Iterable[str]) -> dict[str, Sequence[str]]:
    kinds = {path.rpartition(".")[2] for path in paths}
    return {path: lines for path, lines in gone.items() if path.rpartition(".")[2] in kinds}


class ByChange(Difference):
    """New is what stands on a changed line; with `whole_files`, what stands in a changed file or whose evidence does."""

    def __init__(self, whole_files: bool) -> None:
        self.whole_files = whole_files
        self._known: dict[str, Ranges] = {}

    def changed(self, path: str, read_lines: ReadLines) -> Ranges | None:
        """The changed lines of a file as it is now; None if the file did not change."""
        raise NotImplementedError

    def is_new(self, finding: Finding, fingerprint: str, lines: list[str] | None, read_lines: ReadLines) -> bool:
        ranges = self.changed(finding.path, read_lines)
        if self.whole_files:
            return ranges is not None or any(self.changed(path, read_lines) is not None for path in {item.path for item in finding.evidence})
        last = max(finding.line, finding.end_line)
        return any(start <= last and end >= finding.line for start, end in ranges or ())


class ByPatch(ByChange):
    """The changes are those of a patch."""

    def __init__(self, whole_files: bool, ranges: dict[str, Ranges]) -> None:
        super().__init__(whole_files)
        self.ranges = ranges

    def changed(self, path: str, read_lines: ReadLines) -> Ranges | None:
        return self.ranges.get(path)


class ByBlobs(ByChange):
    """The changes are those between the blobs of the base revision and the files on the disk."""

    def __init__(self, whole_files: bool, root: Path, blobs: dict[str, str]) -> None:
        super().__init__(whole_files)
        self.root = root
        self.blobs = blobs
        self.before: dict[str, bytes | None] = {}
        self.cache: dict[str, Ranges | None] = {}
        self.new: list[str] = []

    def prepare(self, paths: Iterable[str]) -> None:
        asked = list(paths)
        self.before = self._contents(sorted(path for path in asked if path in self.blobs))
        self.new = [path for path in asked if path not in self.blobs]

    def _contents(self, wanted: list[str]) -> dict[str, bytes | None]:
        try:
            contents = list(git.read_blobs(self.root, [self.blobs[path] for path in wanted]))
        except git.GitError as error:
            raise ConfigError(f"the base revision cannot be read: {error}") from None
        for path, content in zip(wanted, contents, strict=True):
            if content is None:
                raise ConfigError(f"the base revision lacks the content of {path!r} (a partial clone?); fetch it first: git fetch --refetch --no-filter")
        return dict(zip(wanted, contents, strict=True))

    def _find_moved(self, read_lines: ReadLines) -> None:
        """What new files were called at the base, into `before`."""
        from backend_lint.engine.renames import moved

        new = {path: lines for path in self.new if (lines := read_lines(path))}
        self.new = []
        kinds = {path.rpartition(".")[2] for path in new}
        gone = [path for path in sorted(self.blobs) if path.rpartition(".")[2] in kinds and not os.path.lexists(self.root / path)]
        contents = self._contents(gone[:MOST_GONE])
        earlier = {path: lines for path, data in contents.items() if data is not None and (lines := _lines(data))}
        self.before |= {path: contents[old] for path, old in moved(new, earlier).items()}

    def changed(self, path: str, read_lines: ReadLines) -> Ranges | None:
        if self.new:
            self._find_moved(read_lines)
        if path not in self.cache:
            self.cache[path] = self._compare(path, read_lines(path))
        return self.cache[path]

    def _compare(self, path: str, after: list[str] | None) -> Ranges | None:
        before = self.before.get(path)
        if after is None:
            return None
        if before is None:
            return ((1, len(after)),)
        earlier = _lines(before)
        if earlier is None:
            return ((1, len(after)),)
        return None if earlier == after else changed_lines(earlier, after)


def _lines(data: bytes) -> list[str] | None:
    try:
        return split_lines(decode(data))
    except UndecodableError:
        return None


def changed_lines(before: list[str], after: list[str]) -> Ranges:
    """The lines of `after` (from 1, inclusive) that are new or changed.

    >>> changed_lines(["a", "b", "c"], ["a", "x", "y", "c"])
    ((2, 3),)
    """
    start = 0
    shorter = min(len(before), len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < shorter - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old, new = before[start : len(before) - tail], after[start : len(after) - tail]
    if not new:
        return ()
    if len(old) * len(new) > _STEPS:
        return ((start + 1, start + len(new)),)
    from backend_lint.engine.shortest_edit import added

    if (lines := added(old, new, _EDITS)) is not None:
        return _ranges(start + 1 + line for line in lines)
    from difflib import SequenceMatcher

    found = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return tuple((start + first + 1, start + last) for sign, _, _, first, last in found if sign in ("insert", "replace"))


def _ranges(lines: Iterable[int]) -> Ranges:
    """Lines as ranges, neighbours joined."""
    ranges: list[tuple[int, int]] = []
    for line in lines:
        if ranges and ranges[-1][1] == line - 1:
            ranges[-1] = ranges[-1][0], line
        else:
            ranges.append((line, line))
    return tuple(ranges)


def compare(settings: Settings, registry: Registry) -> Difference | None:
    """The comparison that `diff_base`, `diff_mode` and `diff_file` ask for; None if none. Raises ConfigError if it cannot be made."""
    if settings.diff_file is not None:
        return ByPatch(settings.diff_mode == "files", _patch(settings))
    if settings.diff_base is None:
        return None
    base = base_revision(settings.root, settings.diff_base)
    if settings.diff_mode == "findings":
        from backend_lint.engine.base_tree import base_findings

        return ByFindings(base_findings(settings, registry, base))
    return _by_blobs(settings, base, settings.diff_mode == "files")


def _by_blobs(settings: Settings, base: str, whole_files: bool) -> ByBlobs:
    try:
        entries = git.tree(settings.root, base)
    except git.GitError as error:
        raise ConfigError(f"the base revision {settings.diff_base!r} cannot be read: {error}") from None
    return ByBlobs(whole_files, settings.root, {printable(entry.path): entry.blob for entry in entries if entry.mode.startswith("100")})


def changed_since(settings: Settings, paths: Iterable[str], read_lines: ReadLines) -> dict[str, Ranges]:
    """The lines of files that are new or changed since `diff_base`, or in `diff_file`; files without any are left out. Raises ConfigError."""
    if settings.diff_file is not None:
        return _patch(settings)
    difference = _by_blobs(settings, base_revision(settings.root, settings.diff_base or ""), False)
    wanted = list(paths)
    difference.prepare(wanted)
    return {path: ranges for path in wanted if (ranges := difference.changed(path, read_lines))}


def base_revision(root: Path, reference: str) -> str:
    """The commit where the current branch left `reference`. Raises ConfigError with the command that fetches what is missing."""
    try:
        shallow = git.is_shallow(root)
    except git.GitError as error:
        raise ConfigError(f"--diff-base {reference!r}: {error}") from None
    try:
        base = git.merge_base(root, reference)
    except git.GitError:
        try:
            git.rev_parse(root, "HEAD")
        except git.GitError:
            raise ConfigError(f"--diff-base {reference!r}: the repository has no commit yet") from None
        raise ConfigError(f"base revision {reference!r} is not in this clone; fetch it first: {_fetch(reference, shallow)}") from None
    if base is None:
        if shallow:
            raise ConfigError(f"this clone is too shallow to find where the branch left {reference!r}; fetch the history first: {_fetch(reference, shallow)}")
        raise ConfigError(f"HEAD and {reference!r} have no commit in common; name a base revision this branch grew from")
    return base


def _fetch(reference: str, shallow: bool) -> str:
    remote, slash, branch = reference.removeprefix("refs/remotes/").partition("/")
    words = ["git", "fetch", *(["--unshallow"] if shallow else [])]
    if not reference or reference.startswith(("HEAD", "@")) or any(sign in reference for sign in "~^"):
        return shlex.join(words)  # counted from a commit that is here: only history can be missing
    if slash and remote in ("origin", "upstream"):
        words += [remote, f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}"]
    elif all(sign in "0123456789abcdef" for sign in reference.lower()) and len(reference) >= 7:
        words += ["origin", reference]
    else:
        words += ["origin", f"{reference}:{reference}"]
    return shlex.join(words)


def _patch(settings: Settings) -> dict[str, Ranges]:
    name = str(settings.diff_file)
    try:
        if name == "-":
            data = sys.stdin.buffer.read(_PATCH + 1)
        else:
            with open(name, "rb") as stream:
                data = stream.read(_PATCH + 1)
    except OSError as error:
        raise ConfigError(f"--diff-file {name}: {error.strerror or error}") from None
    if len(data) > _PATCH:
        raise ConfigError(f"--diff-file {name} is larger than {_PATCH // 1_000_000} MB")
    try:
        ranges = added_lines(data)
    except PatchError as error:
        raise ConfigError(f"--diff-file {name}, {error}") from None
    try:
        prefix = git.prefix(settings.root)
    except git.GitError:
        prefix = ""
    # git names files from the top of the working tree, findings are named from the project root
    return {printable(path[len(prefix) :]): found for path, found in ranges.items() if path.startswith(prefix)}
