"""Notes what a run looks at, so that `unchanged` can tell whether its answer still holds."""

# Watched paths are texts, as the record holds them.
# ruff: noqa: PTH100, PTH118

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from backend_lint.config import Settings
from backend_lint.engine import unchanged

if TYPE_CHECKING:
    from backend_lint.engine.discover import Candidate, Discovery
    from backend_lint.registry import Registry

MAX_RECORDS = 64
_TICK_NS = 20_000_000
"""A file written just after the start may bear a time just before it: kernels round down to their tick."""
_CONFIG_NAMES = ("backend-lint.toml", ".backend-lint.toml", "pyproject.toml", ".git")
_NAMED_IN_GIT = re.compile(rb"^\s*(?:excludes[fF]ile|path)\s*=\s*\"?([^\"\r\n]{1,1000}?)\"?\s*$", re.MULTILINE)


class Watch:
    """What one run looked at. Hand it to `run`, add configuration files with `add`, then call `save` with what was printed."""

    def __init__(self) -> None:
        self.possible = True
        self._files: dict[str, tuple[int, int, int, int, int]] = {}
        self._digests: dict[str, str] = {}
        self._others: set[str] = set()

    def add(self, *paths: str | os.PathLike[str]) -> None:
        """Files or directories, there or not, on which the outcome depends."""
        self._others.update(os.path.abspath(path) for path in paths)

    def refuse(self) -> None:
        """The outcome depends on more than files: there will be no record."""
        self.possible = False

    def loaded(self, root: str, candidate: Candidate, data: bytes) -> None:
        """The bytes of a file that changed so shortly before the run that its stamp does not tell enough."""
        if max(candidate.stamp[:2]) > unchanged.started_ns - unchanged.SETTLED_NS:
            self._digests[root + candidate.name] = unchanged.blake2b(data, digest_size=16).hexdigest()

    def discovered(self, settings: Settings, discovery: Discovery) -> None:
        """Everything that decided which files were found, and the files."""
        try:
            self._discovered(settings, discovery)
        except (OSError, RuntimeError, ValueError):
            self.refuse()  # a directory that cannot be read, or no home directory

    def _discovered(self, settings: Settings, discovery: Discovery) -> None:
        from backend_lint.engine.discover import watched_directories

        root = os.fspath(settings.root).rstrip(os.sep) + os.sep
        self._files = {root + candidate.name: candidate.stamp for candidate in discovery.candidates}
        folders = watched_directories(settings, discovery)
        if folders is None:
            self.refuse()
            return
        self.add(*(root + name for name in folders), *(root + name for name in discovery.ignore_files))
        self.add(*(root + skipped.path for skipped in discovery.unchecked))
        if discovery.by_git:
            # a new one changes its directory
            self.add(*(path for name in folders if os.path.lexists(path := f"{root}{name}/.gitignore")))
            for repository in (settings.root, *(settings.root / name for name in discovery.repositories)):
                self.add(*_git_files(repository))
        for folder in (settings.root, *settings.root.parents):
            self.add(*(folder / name for name in _CONFIG_NAMES))
        user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "backend-lint"
        self.add(user, *(user / name for name in _CONFIG_NAMES[:2]))
        self.add(*(one for one in (settings.config_file, settings.baseline) if one is not None))

    def paths(self) -> list[bytes]:
        """Every file and directory that was looked at, there or not."""
        return [os.fsencode(name) for name in (*self._files, *sorted(self._others - self._files.keys()))]

    def save(self, settings: Settings, registry: Registry, out: bytes, err: bytes, code: int) -> bool:
        """Writes the record under the arguments that `unchanged.replay` was asked for; `out` and `err` are all that was printed.

        Nothing is written, and False returned, if the outcome depends on more than watched files or one of them changed meanwhile.
        """
        if unchanged.invocation is None or not self.possible or not _eligible(settings) or "GITHUB_STEP_SUMMARY" in os.environ:
            return False
        self.add(*tool_files(registry))
        paths = self.paths()
        names = [os.fsdecode(path) for path in paths]
        stamps = unchanged.stamps_of(paths)
        digests = []
        for index, (name, line) in enumerate(zip(names, stamps.decode("ascii").split("\n"), strict=True)):
            if line == "-":
                if name in self._files:
                    return False
                continue
            stamp = tuple(map(int, line.split()))
            seen = self._files.get(name)
            if seen is not None and seen != stamp:
                return False
            changed = max(stamp[:2])
            if changed <= unchanged.started_ns - unchanged.SETTLED_NS:
                continue
            if seen is None and changed >= unchanged.started_ns - _TICK_NS:
                return False
            try:
                digest = self._digests.get(name) if seen is not None else unchanged.digest_of(paths[index])
            except OSError:
                return False
            if digest is None:
                return False
            digests.append(f"{index} {digest}")
        return _put(unchanged.invocation, code, (b"\0".join(paths), stamps, "\n".join(digests).encode("ascii"), out, err))


def _put(arguments: list[str], code: int, parts: tuple[bytes, bytes, bytes, bytes, bytes]) -> bool:
    from backend_lint.engine.cache import prepare

    try:
        where = Path(unchanged.record_path(arguments))
        prepare(where.parent.parent)
        where.parent.mkdir(mode=0o700, exist_ok=True)
        unchanged.write(str(where), code, parts)
        records = sorted(where.parent.iterdir(), key=lambda one: one.stat().st_mtime_ns)
        for old in records[:-MAX_RECORDS]:
            old.unlink(missing_ok=True)
    except (OSError, AttributeError, ValueError):
        return False
    return True


def _eligible(settings: Settings) -> bool:
    told_by_files = settings.diff_base is None and settings.diff_file is None and settings.stdin is None
    return told_by_files and settings.cache and not settings.timings and all(path is None for _, path in settings.formats)


def tool_files(registry: Registry) -> Iterable[str]:
    """Our own source, that of the rules, and the directories in which a rule or an installed rule pack would appear."""
    package = Path(__file__).parent.parent
    tops = {package, *(Path(folder) for folder in _rule_folders(registry))}
    for top in tops:
        for folder, names, files in os.walk(top):
            names[:] = [name for name in names if name != "__pycache__"]
            yield folder
            yield from (os.path.join(folder, file) for file in files if file.endswith(".py"))
    yield from (entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages")))


def _rule_folders(registry: Registry) -> Iterable[str]:
    """The packs: two levels above each rule's file, FAMILY/NAME.py."""
    return map(str, registry.folders)


def _git_files(root: Path) -> Iterable[Path]:
    """The files from which git knows what is tracked and what is ignored."""
    home = Path.home()
    base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    pending = [home / ".gitconfig", base / "config"]
    yield base / "ignore"
    for folder in (root, *root.parents):
        entry = folder / ".git"
        if entry.exists():
            yield from _repository_files(entry, pending)
            break
    seen: set[Path] = set()
    while pending and len(seen) < 50:
        config = pending.pop()
        if config in seen:
            continue
        seen.add(config)
        yield config
        try:
            text = config.read_bytes()[:1_000_000]
        except OSError:
            continue
        for match in _NAMED_IN_GIT.finditer(text):
            named = config.parent / Path(os.fsdecode(match.group(1))).expanduser()
            yield named
            pending.append(named)


def _repository_files(entry: Path, pending: list[Path]) -> Iterable[Path]:
    yield entry
    directory = entry
    if entry.is_file():
        text = entry.read_bytes()[:4096]
        directory = entry.parent / os.fsdecode(text.removeprefix(b"gitdir:").strip())
    common = directory
    pointer = directory / "commondir"
    if pointer.is_file():
        common = directory / os.fsdecode(pointer.read_bytes()[:4096].strip())
    yield directory / "index"
    yield common / "info" / "exclude"
    pending.append(common / "config")
    pending.append(directory / "config.worktree")
