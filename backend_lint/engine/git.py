"""Git, asked through plumbing that runs no filter, hook, helper or pager of the repository that is checked.

Only ``ls-files`` (file system monitor off), ``rev-parse``, ``merge-base``, ``ls-tree``, ``cat-file`` and ``diff-tree`` of two trees: none of them
executes what a hostile ``.git/config`` or ``.gitattributes`` names. Nothing is fetched.
"""

# Candidates on PATH are looked at as the system does, by text.
# ruff: noqa: PTH116, PTH117, PTH118

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

TIMEOUT = 60.0
LISTING_TIMEOUT = 20.0
"""Git matches ignore rules in time that a hostile one lets explode; the directories can be read without it."""
_HARDENED = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never", "-c", "core.quotePath=false", "--no-pager")


class GitError(Exception):
    """Git could not answer; the text says why in one line."""


class TreeEntry(msgspec.Struct, frozen=True):
    """A file of a tree. `path` is relative to the asked directory; `mode` as git writes it: ``100644``, ``100755``, ``120000`` (link), ``160000`` (module)."""

    path: str
    mode: str
    blob: str


class TreeChange(msgspec.Struct, frozen=True):
    """A path that differs between two trees. `status` is ``A``, ``D``, ``M`` or ``T``; a blob is empty where the path does not exist."""

    path: str
    status: str
    old_blob: str
    new_blob: str


def executable() -> str | None:
    """The absolute path of git from PATH. Relative entries and the current directory are skipped: the checked repository may hold a program named git."""
    here = Path.cwd()
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if not folder or not os.path.isabs(folder) or Path(folder) == here:
            continue
        for name in ("git.exe",) if os.name == "nt" else ("git",):
            candidate = os.path.join(folder, name)
            try:
                if stat.S_ISREG(os.stat(candidate).st_mode) and os.access(candidate, os.X_OK):
                    return candidate
            except OSError:
                continue
    return None


def _environment(root: Path) -> dict[str, str]:
    kept = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_CONFIG_GLOBAL")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(kept)}
    environment.update(
        GIT_CONFIG_NOSYSTEM="1",
        GIT_OPTIONAL_LOCKS="0",
        GIT_TERMINAL_PROMPT="0",
        GIT_NO_LAZY_FETCH="1",
        GIT_PAGER="cat",
        LC_ALL="C",
    )
    for folder in (root, *root.parents):
        if os.path.lexists(folder / ".git"):
            # else core.worktree of the repository could show another directory than the one that is checked
            environment["GIT_WORK_TREE"] = os.fspath(folder)
            break
    return environment


def _command(root: Path, arguments: Sequence[str]) -> list[str]:
    git = executable()
    if git is None:
        raise GitError("git is not installed, or not on PATH")
    return [git, "-C", os.fspath(root), *_HARDENED, *arguments]


def _run(root: Path, *arguments: str, given: bytes = b"", statuses: tuple[int, ...] = (0,), timeout: float = TIMEOUT) -> bytes:
    import subprocess

    try:
        done = subprocess.run(_command(root, arguments), input=given, capture_output=True, env=_environment(root), timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]} took more than {timeout:.0f} s") from None
    except (OSError, ValueError) as error:
        raise GitError(f"git cannot be run: {error}") from None
    if done.returncode not in statuses:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(lines[0] if lines else f"git {arguments[0]} ended with status {done.returncode}")
    return done.stdout


def _paths(output: bytes) -> list[str]:
    return [os.fsdecode(path) for path in output.split(b"\0") if path]


def ls_files(root: Path) -> list[str]:
    """Tracked files and files that no ignore rule names, below `root` and relative to it; sub-repositories stand as ``name`` or ``name/``. Raises GitError."""
    return list(dict.fromkeys(_paths(_run(root, "ls-files", "-zco", "--exclude-standard", timeout=LISTING_TIMEOUT))))


def ignored_directories(root: Path) -> list[str]:
    """The directories below `root` in which everything is ignored, relative, without the last ``/``. Raises GitError."""
    listed = _paths(_run(root, "ls-files", "-zoi", "--exclude-standard", "--directory", timeout=LISTING_TIMEOUT))
    return [path[:-1] for path in listed if path.endswith("/")]


def rev_parse(root: Path, revision: str) -> str:
    """The object name of the commit that `revision` names. Raises GitError if there is none."""
    if "\0" in revision or not revision:
        raise GitError(f"no such revision: {revision!r}")
    return _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}", statuses=(0, 1)).decode().strip() or _missing(revision)


def _missing(revision: str) -> str:
    raise GitError(f"no such revision: {revision!r}")


def top_level(root: Path) -> Path:
    """The top directory of the working tree that holds `root`. Raises GitError."""
    return Path(os.fsdecode(_run(root, "rev-parse", "--show-toplevel").removesuffix(b"\n")))


def prefix(root: Path) -> str:
    """Where `root` lies in its working tree: empty at the top, else with ``/`` at the end. Raises GitError."""
    return os.fsdecode(_run(root, "rev-parse", "--show-prefix").removesuffix(b"\n"))


def is_shallow(root: Path) -> bool:
    """The clone lacks older commits. Raises GitError."""
    return _run(root, "rev-parse", "--is-shallow-repository").strip() == b"true"


def merge_base(root: Path, revision: str, other: str = "HEAD") -> str | None:
    """The best common ancestor of two revisions; None if they have none. Raises GitError if one does not exist."""
    commits = [rev_parse(root, revision), rev_parse(root, other)]
    return _run(root, "merge-base", *commits, statuses=(0, 1)).decode().strip() or None


def tree(root: Path, revision: str) -> list[TreeEntry]:
    """The files of a revision below `root`, relative to it. Raises GitError."""
    output = _run(root, "ls-tree", "-rz", rev_parse(root, revision))
    entries = []
    for line in output.split(b"\0"):
        if line:
            head, _, path = line.partition(b"\t")
            mode, _, blob = head.decode("ascii").split(" ")
            entries.append(TreeEntry(os.fsdecode(path), mode, blob))
    return entries


def names_content(blob: str, data: bytes) -> bool:
    """Whether an object name is that of the content, in a repository of SHA-1 or of SHA-256."""
    import hashlib

    whole = b"blob %d\0" % len(data) + data
    return blob == (hashlib.sha256(whole) if len(blob) == 64 else hashlib.sha1(whole, usedforsecurity=False)).hexdigest()


def committed_at(root: Path, revision: str = "HEAD") -> int:
    """When a commit was made, in seconds since 1970. Raises GitError."""
    for line in _run(root, "cat-file", "commit", rev_parse(root, revision)).splitlines():
        if line.startswith(b"committer "):
            return int(line.split()[-2])
    raise GitError(f"{revision} has no date")


def read_blobs(root: Path, blobs: Sequence[str]) -> Iterator[bytes | None]:
    """The contents of objects, in the order asked; None for one that is not there. Raises GitError."""
    for start in range(0, len(blobs), 500):
        asked = blobs[start : start + 500]
        if any(not blob.isalnum() for blob in asked):
            raise GitError("not an object name")
        output = _run(root, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in asked).encode())
        at = 0
        for _ in asked:
            end = output.index(b"\n", at)
            head = output[at:end].split(b" ")
            at = end + 1
            if head[-1] == b"missing":
                yield None
                continue
            size = int(head[-1])
            yield output[at : at + size]
            at += size + 1


def read_blob(root: Path, revision: str, path: str) -> bytes | None:
    """The content of one file at a revision; `path` is relative to `root`. None if it is not there or no file. Raises GitError for an unknown revision."""
    output = _run(root, "ls-tree", "-z", rev_parse(root, revision), "--", "./" + path)
    head = output.partition(b"\t")[0].split(b" ")
    if len(head) != 3 or head[1] != b"blob" or head[0] == b"120000" or output.count(b"\0") != 1:
        return None
    return next(read_blobs(root, [head[2].decode("ascii")]))


def diff_tree(root: Path, old: str, new: str) -> list[TreeChange]:
    """The files that differ between two revisions below `root`, relative to it; renames stand as one removed and one added. Raises GitError."""
    commits = [rev_parse(root, old), rev_parse(root, new)]
    fields = _run(root, "diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--relative", *commits).split(b"\0")
    changes = []
    for head, path in zip(fields[0::2], fields[1::2], strict=False):
        _, _, old_blob, new_blob, status = head.decode("ascii").split(" ")
        changes.append(TreeChange(os.fsdecode(path), status, "" if status == "A" else old_blob, "" if status == "D" else new_blob))
    return changes
