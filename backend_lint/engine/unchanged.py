"""The short cut for a run in which nothing changed: print what the last one printed.

Imports next to nothing, for it runs before everything else. A record (written by `recording`) names every file and directory that the run looked at,
the tool's own source included, with its stamp; if one differs, or the record is damaged or of another invocation, there is no short cut.

A record is ``MAGIC``, the digest of the rest, and the rest: a line of decimal numbers (exit code, then the sizes of the parts), then the parts:
paths (NUL between them), stamps (a line each), digests of paths that changed so shortly before the run that their stamps say little
(index and digest a line), standard output, standard error.
"""

# Path objects cost more than the whole of this module.
# ruff: noqa: PTH100, PTH105, PTH108, PTH109, PTH111, PTH112, PTH117, PTH118, PTH208

from __future__ import annotations

import os
import sys
import time

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

__all__ = ["SETTLED_NS", "blake2b", "cache_directory", "digest_of", "record_path", "replay", "stamps_of", "write"]

MAGIC = b"backend-lint run 1\n"
SETTLED_NS = 2_000_000_000
"""The coarsest clock of a file system that is reckoned with."""
started_ns = time.time_ns()
"""When this run began to look at files."""
invocation: list[str] | None = None
"""The arguments that `replay` was asked for: those under which this run can be recorded."""
_ENVIRONMENT = (
    "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS", "CI",
    "CI_PROJECT_DIR", "HOME", "USERPROFILE", "PATH", "PYTHONPATH", "LANG",
)
_PREFIXES = ("BACKEND_LINT_", "GITHUB_", "XDG_", "LC_", "GIT_")


def replay(arguments: list[str]) -> int | None:
    """Prints what the same invocation printed when all was as it is now, and returns its exit code; None if that is not known."""
    global started_ns, invocation
    started_ns, invocation = time.time_ns(), list(arguments)
    try:
        record = _read(record_path(arguments))
        if record is None:
            return None
        code, parts = record
        paths, stamps, digests, out, err = parts
        names = paths.split(b"\0")
        if stamps_of(names) != stamps or not _verified(names, digests):
            return None
        streams = sys.stdout.buffer, sys.stderr.buffer
        if digests:
            _settle(record_path(arguments), code, parts)
    except (OSError, ValueError, AttributeError, IndexError, OverflowError):
        return None
    for stream, text in zip(streams, (out, err), strict=True):
        if text:
            stream.write(text)
            stream.flush()
    return code


def record_path(arguments: list[str]) -> str:
    """Where the record of an invocation lies: arguments, directory, environment, streams and Python decide."""
    environment = sorted((name, value) for name, value in os.environ.items() if name in _ENVIRONMENT or name.startswith(_PREFIXES))
    streams = [(stream.isatty(), stream.encoding, stream.errors) for stream in (sys.stdout, sys.stderr)]
    columns = os.get_terminal_size(sys.stdout.fileno()).columns if streams[0][0] else 0
    named = repr((arguments, os.getcwd(), environment, streams, columns, sys.version, sys.prefix, __file__)).encode("utf-8", "surrogateescape")
    return os.path.join(cache_directory(arguments), "runs", blake2b(named, digest_size=16).hexdigest())


def cache_directory(arguments: list[str] = []) -> str:  # noqa: B006 - never changed
    """The directory of all caches: ``--cache-dir`` if it stands in `arguments`, else $BACKEND_LINT_CACHE_DIR, else the user's cache directory."""
    for index, argument in enumerate(arguments):
        if argument == "--cache-dir" and index + 1 < len(arguments):
            return os.path.abspath(arguments[index + 1])
        if argument.startswith("--cache-dir="):
            return os.path.abspath(argument[12:])
    if named := os.environ.get("BACKEND_LINT_CACHE_DIR"):
        return os.path.abspath(named)
    if (base := os.environ.get("XDG_CACHE_HOME")) and os.path.isabs(base):
        return os.path.join(base, "backend-lint")
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        return os.path.join(os.devnull, "backend-lint")  # nobody's home: a directory that cannot be, rather than one in the checked project
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local"), "backend-lint", "Cache")
    return os.path.join(home, "Library/Caches" if sys.platform == "darwin" else ".cache", "backend-lint")


def stamps_of(paths: list[bytes]) -> bytes:
    """A line for each path: times, size, inode and mode; ``-`` if nothing is there."""
    stat = os.stat
    lines = []
    for path in paths:
        try:
            now = stat(path)
        except (OSError, ValueError):
            lines.append("-")
        else:
            lines.append(f"{now.st_mtime_ns} {now.st_ctime_ns} {now.st_size} {now.st_ino} {now.st_mode}")
    return "\n".join(lines).encode("ascii")


def digest_of(path: bytes) -> str:
    """The digest of what a file holds, or of the names in a directory. Raises OSError."""
    if os.path.isdir(path):
        return blake2b(b"\0".join(sorted(os.listdir(path))), digest_size=16).hexdigest()
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(handle, "rb") as file:
        return blake2b(file.read(), digest_size=16).hexdigest()


def write(path: str, code: int, parts: tuple[bytes, bytes, bytes, bytes, bytes]) -> None:
    """Puts a record in place of the one that is there. Raises OSError."""
    body = b" ".join(b"%d" % number for number in (code, *map(len, parts))) + b"\n" + b"".join(parts)
    unfinished = f"{path}.{os.getpid()}"
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(MAGIC + blake2b(body, digest_size=16).digest() + body)
        os.replace(unfinished, path)
    except OSError:
        os.unlink(unfinished)
        raise


def _read(path: str) -> tuple[int, tuple[bytes, bytes, bytes, bytes, bytes]] | None:
    with open(path, "rb") as file:
        data = file.read()
    start = len(MAGIC) + 16
    body = data[start:]
    if not data.startswith(MAGIC) or blake2b(body, digest_size=16).digest() != data[len(MAGIC) : start]:
        return None
    at = body.index(b"\n") + 1
    code, *sizes = map(int, body[:at].split())
    parts = []
    for size in sizes:
        parts.append(body[at : at + size])
        at += size
    paths, stamps, digests, out, err = parts
    return code, (paths, stamps, digests, out, err)


def _verified(paths: list[bytes], digests: bytes) -> bool:
    for line in digests.splitlines():
        index, digest = line.split(b" ")
        if digest_of(paths[int(index)]) != digest.decode("ascii"):
            return False
    return True


def _settle(path: str, code: int, parts: tuple[bytes, bytes, bytes, bytes, bytes]) -> None:
    """What was read again just now and is old enough by now is known by its stamp from here on."""
    paths, stamps, digests, out, err = parts
    lines = stamps.splitlines()
    kept = []
    for line in digests.splitlines():
        changed = max(map(int, lines[int(line.split(b" ")[0])].split(b" ")[:2]))
        if changed > started_ns - SETTLED_NS:
            kept.append(line)
    if len(kept) < digests.count(b"\n") + 1:
        try:
            write(path, code, (paths, stamps, b"\n".join(kept), out, err))
        except OSError:
            return
