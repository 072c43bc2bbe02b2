"""Which files there are. Nothing is opened but ``.gitignore`` files; what cannot be checked is said, with the reason."""

# pathlib costs more than the calls it wraps, and this runs for every file.
# ruff: noqa: PTH112, PTH116, PTH118, PTH122

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.config import Settings
from backend_lint.engine import git
from backend_lint.engine.unchanged import cache_directory
from backend_lint.facts.file import Kind, Unchecked
from backend_lint.readers import wanted

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Stamp = tuple[int, int, int, int, int]
"""mtime_ns, ctime_ns, size, inode, mode: equal for two looks at a file that nobody touched between them."""

_EXCLUDED = """.git .hg .svn .bzr .jj .venv venv .virtualenv virtualenv node_modules bower_components jspm_packages __pycache__ __pypackages__ site-packages
    .tox .nox .eggs .mypy_cache .ruff_cache .pytest_cache .hypothesis .ipynb_checkpoints .direnv .pants.d .pyenv .idea .vscode .terraform .serverless
    _vendor _vendored third_party thirdparty buck-out"""
EXCLUDED_FOLDERS = frozenset(_EXCLUDED.split())
# Names that a package of the project may bear as well: left out only if they are none.
EXCLUDED_UNLESS_PACKAGE = frozenset({"build", "dist", "vendor", "env", "ENV"})
_MAX_GITIGNORE = 1_000_000
_PYTHON_SUFFIXES = frozenset({"", ".pyw", ".wsgi", ".cgi", ".py3", ".tac"})


class Candidate(NamedTuple):
    """A file to be read. `path` is how it is reported, always encodable; `name` is its name on disk relative to the root,
    bytes that are not UTF-8 surrogate-escaped."""

    path: str
    name: str
    kind: Kind
    stamp: Stamp


class Discovery(NamedTuple):
    """`candidates` are sorted by path. `directories` are those whose listing decided what was found, with their stamps from before they were listed;
    empty if git told, see `watched_directories`. `ignore_files` are the ``.gitignore`` files that were read, `repositories` those below the root."""

    candidates: list[Candidate]
    unchecked: list[Unchecked]
    notes: list[str]
    by_git: bool
    directories: dict[str, Stamp]
    ignore_files: list[str]
    repositories: list[str]


def stamp_of(status: os.stat_result) -> Stamp:
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode)


def printable(name: str) -> str:
    """The name with each byte that is not UTF-8 written as ``\\xNN``, so that every format and cache can hold it."""
    if name.isascii():
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def asked_for(paths: Iterable[str]) -> Callable[[str], bool]:
    """Whether a file, by the name that findings call it, is one of the `paths` of a run or lies below one; all do below the empty path."""
    asked = tuple(printable(path.rstrip("/")) for path in paths)
    if "" in asked or "." in asked:
        return lambda path: True
    exact = frozenset(asked)
    below = tuple(path + "/" for path in asked)
    return lambda path: path in exact or path.startswith(below)


def discover(settings: Settings) -> Discovery:
    """All files of the project that some reader understands, and those that were asked for by name."""
    return _Search(settings).result()


def given(settings: Settings, contents: Mapping[str, bytes]) -> Discovery:
    """Of the files of a revision, path -> bytes, those that a check of a checkout of it would read."""
    search = _Search(settings)
    verdicts: dict[str, bool] = {}
    for name in sorted(contents):
        kind = wanted(name)
        if kind is None or not search.folder_kept(name.rpartition("/")[0], verdicts, contents.__contains__) or search.excluded(printable(name)):
            continue
        if len(contents[name]) > settings.max_file_size:
            search.skip(name, too_large(len(contents[name]), settings))
        else:
            search.found[name] = Candidate(printable(name), name, kind, (0, 0, 0, 0, 0))
    return search.outcome()


class _Search:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = os.fspath(settings.root).rstrip(os.sep) + os.sep
        self.real_root = os.path.realpath(settings.root)
        self.excluded = _matcher(settings.exclude)
        # a cache inside the project changes with every run
        self.cache = os.fspath(settings.cache_dir or cache_directory())
        self.found: dict[str, Candidate] = {}
        self.unchecked: list[Unchecked] = []
        self.notes: list[str] = []
        self.directories: dict[str, Stamp] = {}
        self.ignore_files: list[str] = []
        self.repositories: list[str] = []
        self.by_git = False

    def result(self) -> Discovery:
        if _in_repository(self.settings.root):
            self.by_git = self._ask_git("")
        if not self.by_git:
            self._walk("")
        for path in self.settings.paths:
            if path not in ("", "."):
                self._explicit(path.removesuffix("/"))
        return self.outcome()

    def outcome(self) -> Discovery:
        candidates = sorted(self.found.values())
        return Discovery(candidates, sorted(set(self.unchecked)), self.notes, self.by_git, self.directories, self.ignore_files, self.repositories)

    # git

    def _ask_git(self, below: str) -> bool:
        """Takes what git lists below a directory; False if git has no answer and the disk must be walked."""
        try:
            listed = git.ls_files(self.settings.root / below)
        except git.GitError as error:
            self.notes.append(f"git does not list {below or 'the project'} ({error}); read the directories and their .gitignore files instead")
            return False
        if not listed:
            return False
        names = [below + name for name in listed if not name.startswith("/") and ".." not in name.split("/")]
        known = set(names)
        verdicts: dict[str, bool] = {}
        for name in names:
            folder = name.rstrip("/").rpartition("/")[0]
            if not self.folder_kept(folder, verdicts, known.__contains__):
                continue
            if name.endswith("/"):
                self._sub_repository(name)
            elif (kind := wanted(name)) is not None:
                self._take(name, kind)
            elif not os.path.splitext(name)[1] and self._is_folder(name):
                self._sub_repository(name + "/")
        return True

    def folder_kept(self, folder: str, verdicts: dict[str, bool], exists: Callable[[str], bool]) -> bool:
        if not folder:
            return True
        kept = verdicts.get(folder)
        if kept is None:
            above, _, name = folder.rpartition("/")
            kept = self.folder_kept(above, verdicts, exists) and not (
                name in EXCLUDED_FOLDERS
                or name.endswith(".egg-info")
                # what git tracks is no build artefact, but it may be a copy of other people's code
                or (name == "vendor" and not exists(folder + "/__init__.py"))
                or self.excluded(printable(folder))
            )
            verdicts[folder] = kept
        return kept

    def _is_folder(self, name: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self.root + name).st_mode)
        except OSError:
            return False

    def _sub_repository(self, below: str) -> None:
        folder = below.rstrip("/")
        name = folder.rpartition("/")[2]
        if name in EXCLUDED_FOLDERS or self.excluded(printable(folder)):
            return
        self.repositories.append(folder)
        if not (os.path.lexists(self.root + folder + "/.git") and self._ask_git(below)):
            self._walk(folder)

    # directories

    def _walk(self, top: str) -> None:
        """Reads directories from `top` down. Links to directories are not followed; ``.gitignore`` files count from `top` on."""
        pending: list[tuple[str, tuple[tuple[str, GitIgnoreSpec], ...]]] = [(top, ())]
        while pending:
            folder, specs = pending.pop()
            where = self.root + folder
            try:
                self.directories[folder] = stamp_of(os.stat(where))
                with os.scandir(where) as listing:
                    entries = list(listing)
            except OSError as error:
                self.skip(folder or ".", f"the directory cannot be read: {_why(error)}")
                continue
            names = {entry.name for entry in entries}
            start = folder + "/" if folder else ""
            if ".gitignore" in names and (spec := self._gitignore(start + ".gitignore")) is not None:
                specs = (*specs, (start, spec))
            for entry in entries:
                name = start + entry.name
                if entry.is_dir(follow_symlinks=False):
                    if not self._left_out(entry) and not self.excluded(printable(name)) and not _ignored(specs, name + "/"):
                        pending.append((name, specs))
                elif (kind := wanted(name)) is not None:
                    if not _ignored(specs, name):
                        self._take(name, kind)
                elif entry.is_symlink() and os.path.isdir(entry.path) and entry.name not in EXCLUDED_FOLDERS and not _ignored(specs, name):
                    self._link(name)

    def _left_out(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name
        if entry.path == self.cache:
            return True
        if name in EXCLUDED_UNLESS_PACKAGE:
            return not os.path.lexists(os.path.join(entry.path, "__init__.py"))
        return name in EXCLUDED_FOLDERS or name.endswith(".egg-info") or os.path.lexists(os.path.join(entry.path, "pyvenv.cfg"))

    def _gitignore(self, name: str) -> GitIgnoreSpec | None:
        from backend_lint.engine.gitignore import specification

        self.ignore_files.append(name)
        try:
            text = read_regular(self.root + name, _MAX_GITIGNORE).decode("utf-8", "replace")
            spec, left_out = specification(text)
            if left_out:
                self.notes.append(f"{printable(name)} is not used whole: {left_out[0][:80]!r} has too many wildcards without google-re2 installed")
            return spec
        except Exception as error:
            self.notes.append(f"{printable(name)} is not used: {_why(error)}")
            return None

    # single files

    def _explicit(self, path: str) -> None:
        """A path of the command line counts though nothing else would find it; only `exclude` is stronger."""
        if path.startswith("/") or ".." in path.split("/"):
            self.skip(path, "lies outside the project root")
        elif self.excluded(printable(path)) or path in self.found:
            return
        elif self._is_folder(path):
            if not any(name.startswith(path + "/") for name in self.found):
                self._walk(path)
        elif path.endswith(".pyi"):
            return
        elif (kind := wanted(path) or (Kind.PYTHON if os.path.splitext(path)[1].lower() in _PYTHON_SUFFIXES else None)) is not None:
            if path == self.settings.stdin_filename:
                return
            self._take(path, kind, followed=True)
        elif os.path.lexists(self.root + path):
            self.skip(path, "no reader for this kind of file")

    def _take(self, name: str, kind: Kind, followed: bool = False) -> None:
        path = printable(name)
        if self.excluded(path):
            return
        target = name
        try:
            status = os.lstat(self.root + name)
            if stat.S_ISLNK(status.st_mode):
                if not followed:
                    self._link(name)
                    return
                if not self._inside(name):
                    self.skip(name, "a symbolic link out of the project")
                    return
                target = os.path.relpath(os.path.realpath(self.root + name), self.real_root)
                status = os.lstat(self.root + target)
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            self.skip(name, _why(error))
            return
        if not stat.S_ISREG(status.st_mode):
            if not stat.S_ISDIR(status.st_mode):
                self.skip(name, f"not a regular file but {_TYPES.get(stat.S_IFMT(status.st_mode), 'something else')}")
            return
        if status.st_size > self.settings.max_file_size:
            self.skip(name, too_large(status.st_size, self.settings))
            return
        self.found[name] = Candidate(path, target, kind, stamp_of(status))

    def _link(self, name: str) -> None:
        """A link into the project is silent, its target is found on its own."""
        try:
            os.stat(self.root + name)
        except OSError as error:
            self.skip(name, f"a symbolic link that leads nowhere: {_why(error)}")
            return
        if not self._inside(name):
            self.skip(name, "a symbolic link out of the project")

    def _inside(self, name: str) -> bool:
        target = os.path.realpath(self.root + name)
        return target == self.real_root or target.startswith(self.real_root.rstrip(os.sep) + os.sep)

    def skip(self, name: str, reason: str) -> None:
        self.unchecked.append(Unchecked(printable(name), reason))


def watched_directories(settings: Settings, discovery: Discovery, limit: int = 20_000) -> Iterable[str] | None:
    """The directories in which a new file would be found, relative; None if they are more than `limit`.

    Git names files, not directories, and says nothing of empty ones; so the disk is asked, without what git ignores as a whole.
    """
    if not discovery.by_git:
        return list(discovery.directories) if len(discovery.directories) <= limit else None
    try:
        pruned = {*git.ignored_directories(settings.root)}
    except git.GitError:
        return None
    found = dict.fromkeys(discovery.directories)
    pending = [""]
    while pending:
        folder = pending.pop()
        found[folder] = None
        if len(found) > limit:
            return None
        try:
            with os.scandir(settings.root / folder) as listing:
                for entry in listing:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False) and entry.name not in EXCLUDED_FOLDERS and name not in pruned:
                        pending.append(name)
        except OSError:
            continue
    return found


def too_large(size: int, settings: Settings) -> str:
    return f"larger than max-file-size, {size:,} of {settings.max_file_size:,} bytes"


def read_regular(path: str | os.PathLike[str], limit: int, follow: bool = False) -> bytes:
    """The bytes of a regular file of at most `limit` bytes. Raises OSError; never waits for a FIFO or a device and follows no link unless told."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags if follow else flags | getattr(os, "O_NOFOLLOW", 0))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"not a regular file but {_TYPES.get(stat.S_IFMT(status.st_mode), 'something else')}")
        data = os.read(handle, min(status.st_size, limit) + 1)
        if len(data) <= status.st_size and len(data) <= limit and (more := list(_rest(handle, limit - len(data)))):
            data += b"".join(more)
        if len(data) > limit:
            raise OSError(f"larger than {limit:,} bytes")
        return data
    finally:
        os.close(handle)


def text_or_nothing(path: str | os.PathLike[str], limit: int) -> str:
    """The text of a regular file; empty if it is not there, is larger, or cannot be read."""
    try:
        return read_regular(path, limit).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def _rest(handle: int, room: int) -> Iterator[bytes]:
    while room >= 0 and (chunk := os.read(handle, min(room + 1, 1 << 20))):
        room -= len(chunk)
        yield chunk


def _in_repository(root: Path) -> bool:
    return any(os.path.lexists(folder / ".git") for folder in (root, *root.parents))


def _matcher(globs: Iterable[str]) -> Callable[[str], bool]:
    globs = tuple(globs)
    if not globs:
        return lambda path: False
    from backend_lint.engine.globs import matcher

    return matcher(globs)


def _ignored(specs: tuple[tuple[str, GitIgnoreSpec], ...], name: str) -> bool:
    for start, spec in reversed(specs):
        verdict = spec.check_file(name[len(start) :]).include
        if verdict is not None:
            return bool(verdict)
    return False


def _why(error: BaseException) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


_TYPES = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFDIR: "a directory"}
