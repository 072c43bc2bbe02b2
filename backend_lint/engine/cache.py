"""Readings of earlier runs, by content, in the user's cache directory.

One SQLite file: `entries` holds encoded readings under a hash of bytes, path, kind, role, readers and local rules; `projects` holds for each project
which entry each file had when it was last looked at, so that an untouched file need not be opened. All of it may be lost, damaged or foreign at any
time: every value bears a checksum, nothing in it can execute, and any failure makes a note and an uncached run.
"""

from __future__ import annotations

import functools
import os
import sys
import time
import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from backend_lint.api import LocalRule
from backend_lint.config import Settings
from backend_lint.engine.discover import Candidate, Stamp
from backend_lint.engine.own_source import python_files, update
from backend_lint.engine.unchanged import SETTLED_NS, cache_directory
from backend_lint.engine.wire import decode_reading
from backend_lint.facts.file import Asked, Kind, Role, SourceFile
from backend_lint.facts.reading import Reading

if TYPE_CHECKING:
    import sqlite3

LAYOUT = "1"
MAX_BYTES = 512 << 20
"""Above this size the older half of the entries goes."""
_READS = ("", "facts", "readers", "sql")
_READS_TOO = ("read_file.py", "wire.py", "suppress.py", "roles.py")
"""All of ours that reading a file can run: folders, all of them but the first with those below, and modules of the engine."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, born INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS projects (key BLOB PRIMARY KEY, born INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
"""


class _Known(msgspec.Struct, frozen=True, array_like=True, gc=False):
    kind: Kind
    role: Role
    stamp: Stamp
    key: bytes


_KNOWN = msgspec.msgpack.Decoder(dict[str, _Known])
_ENCODER = msgspec.msgpack.Encoder()


def reading_key(readers: bytes, file: SourceFile, data: bytes) -> bytes:
    """Names content, path, kind, role, readers and local rules (`readers_fingerprint`)."""
    named = blake2b(readers, digest_size=20)
    named.update(f"{file.path}\0{file.kind}\0{file.role}\0{file.syntax_only}\0{file.asked:d}\0{len(data)}\0".encode())
    named.update(data)
    return named.digest()


def cache_dir(settings: Settings) -> Path:
    """``--cache-dir``, else $BACKEND_LINT_CACHE_DIR, else ``backend-lint`` in the user's cache directory."""
    return settings.cache_dir or Path(cache_directory())


def prepare(folder: Path) -> None:
    """Makes the cache directory, for this user only. Raises OSError, also if the directory is somebody else's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if hasattr(os, "geteuid") and folder.stat().st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
        raise PermissionError(1, "belongs to another user")
    tag = folder / "CACHEDIR.TAG"
    if not tag.exists():
        tag.write_bytes(b"Signature: 8a477f597d28d172789f06886806bc55\n# This is a cache of backend-lint. It can be deleted at any time.\n")
        (folder / ".gitignore").write_bytes(b"*\n")


class Cache:
    """The readings of one project. Use `open_cache`; every method holds when the database fails, `notes` then says so."""

    def __init__(self, folder: Path, readers: bytes, project: bytes) -> None:
        self.folder = folder
        self.readers = readers
        self.project = project
        self.notes: list[str] = []
        self._born = int(time.time())
        self._started = time.time_ns()
        self._fresh: dict[bytes, bytes] = {}
        self._known: dict[str, _Known] = {}
        self._now: dict[str, _Known] = {}
        self._values: dict[bytes, bytes] = {}
        self._rows: dict[bytes, bytes] = {}
        self._database: sqlite3.Connection | None = None
        self._attempt(self._open)

    # what the map stage asks

    def recall(self, candidate: Candidate) -> tuple[SourceFile, Reading] | None:
        """The reading of a file that nobody touched since it was last read."""
        known = self._known.get(candidate.path)
        if known is None or known.stamp != candidate.stamp or known.kind is not candidate.kind:
            return None
        reading = self.get(known.key)
        if reading is None:
            return None
        self._now[candidate.path] = known
        return SourceFile(candidate.path, candidate.kind, known.role, candidate.stamp[2]), reading

    def key(self, file: SourceFile, data: bytes) -> bytes:
        """Names content, path, kind, role, readers and local rules."""
        return reading_key(self.readers, file, data)

    def get(self, key: bytes) -> Reading | None:
        """The reading under a key; None if there is none or it is damaged."""
        value = self._values.pop(key, None) or self._attempt(lambda: self._select("entries", key))
        if value is None or not _whole(value):
            return None
        try:
            return decode_reading(memoryview(value)[4:], timings=False)
        except msgspec.DecodeError:
            return None

    def put(self, key: bytes, encoded: bytes) -> None:
        self._fresh[key] = _sealed(encoded)

    def values(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values under many keys, as they were put; what is not there or damaged is left out."""
        asked = sorted(set(keys))
        rows: list[tuple[bytes, bytes]] = []
        for start in range(0, len(asked), 500):
            rows += self._attempt(functools.partial(self._select_many, asked[start : start + 500])) or ()
        return {key: value[4:] for key, value in rows if _whole(value)}

    def row(self, key: bytes) -> bytes | None:
        """What was last kept under the name of a project and a use of it; None if nothing is or it is damaged."""
        value = self._attempt(lambda: self._select("projects", key))
        return value[4:] if _whole(value) else None

    def keep_row(self, key: bytes, value: bytes) -> None:
        """Keeps a value in the place of the one before."""
        self._rows[key] = _sealed(value)

    def remember(self, candidate: Candidate, file: SourceFile, key: bytes) -> None:
        """Notes that a file with this stamp has this reading. One changed just now may change again within the same tick of the clock: not noted."""
        if max(candidate.stamp[:2]) < self._started - SETTLED_NS and candidate.stamp[3]:
            self._now[candidate.path] = _Known(file.kind, file.role, candidate.stamp, key)

    def close(self) -> None:
        """Writes what this run read, in one transaction."""
        if self._database is not None and (self._fresh or self._rows or self._now != self._known):
            self._attempt(self._write)
        if self._database is not None:
            self._database.close()
            self._database = None

    # the database

    @property
    def _file(self) -> Path:
        return self.folder / f"readings-{LAYOUT}.sqlite"

    def _open(self) -> None:
        import sqlite3

        prepare(self.folder)
        try:
            self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            self._replace()
            self._connect()

    def _connect(self) -> None:
        import sqlite3

        made = not self._file.exists()
        database = sqlite3.connect(self._file, timeout=10.0, isolation_level=None)
        try:
            if made:
                self._file.chmod(0o600)
            database.execute("PRAGMA trusted_schema=OFF")
            database.execute("PRAGMA synchronous=OFF")
            database.execute("PRAGMA cell_size_check=ON")
            kinds = dict(database.execute("SELECT name, type FROM sqlite_master"))
            if not {"table", "index"}.issuperset(kinds.values()):
                # a view answers with whatever it computes, without end if it likes
                raise sqlite3.DatabaseError("holds more than tables")
            if "projects" not in kinds:
                database.executescript(_SCHEMA)
            self._database = database
            state = self._select("projects", self.project)
            if state is not None and _whole(state):
                self._known = _KNOWN.decode(memoryview(state)[4:])
                self._prefetch()
        except msgspec.DecodeError:
            self._known = {}
        except BaseException:
            self._database = None
            database.close()
            raise

    def _prefetch(self) -> None:
        """All readings of the last run at once; in the order of their keys, as they lie on disk."""
        keys = sorted({known.key for known in self._known.values()})
        for start in range(0, len(keys), 500):
            self._values.update(self._select_many(keys[start : start + 500]))

    def _select_many(self, keys: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        if self._database is None:
            return []
        return self._database.execute(f"SELECT key, value FROM entries WHERE key IN ({','.join('?' * len(keys))})", keys).fetchall()

    def _select(self, table: str, key: bytes) -> bytes | None:
        if self._database is None:
            return None
        row = self._database.execute(f"SELECT value FROM {table} WHERE key = ?", (key,)).fetchone()
        return row[0] if row is not None and isinstance(row[0], bytes) else None

    def _write(self) -> None:
        database = self._database
        assert database is not None
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", [(key, self._born, value) for key, value in sorted(self._fresh.items())])
        database.executemany("INSERT OR REPLACE INTO projects VALUES (?, ?, ?)", [(key, self._born, value) for key, value in self._rows.items()])
        if self._now != self._known:
            database.execute("INSERT OR REPLACE INTO projects VALUES (?, ?, ?)", (self.project, self._born, _sealed(_ENCODER.encode(self._now))))
        pages = database.execute("PRAGMA page_count").fetchone()[0] - database.execute("PRAGMA freelist_count").fetchone()[0]
        if pages * database.execute("PRAGMA page_size").fetchone()[0] > MAX_BYTES:
            for table in ("entries", "projects"):
                middle = database.execute(f"SELECT born FROM {table} ORDER BY born LIMIT 1 OFFSET (SELECT count(*)/2 FROM {table})").fetchone()
                if middle:
                    database.execute(f"DELETE FROM {table} WHERE born <= ? AND born < ?", (middle[0], self._born))
        database.execute("COMMIT")

    def _replace(self) -> None:
        """A damaged database is no loss."""
        for suffix in ("", "-journal", "-wal", "-shm"):
            Path(f"{self._file}{suffix}").unlink(missing_ok=True)
        self._known, self._values = {}, {}

    def _attempt(self, step: Any) -> Any:
        """Runs a step that may fail for reasons of the disk; a failure ends caching for this run and is noted once."""
        import sqlite3

        try:
            return step()
        except (OSError, sqlite3.Error, ValueError, TypeError, OverflowError) as error:
            if not self.notes:
                self.notes.append(f"the cache in {self.folder} is not used: {error}; --no-cache or --cache-dir avoid this")
            database, self._database = self._database, None
            if database is not None:
                database.close()
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                try:
                    self._replace()
                except OSError:
                    return None
            return None


def open_cache(
    settings: Settings, rules: Sequence[LocalRule], on_disk: bool = True, read_roles: frozenset[Role] | None = None, asked: Asked = Asked.ALL
) -> Cache:
    """The cache of the project at `settings.root`, for these readers and local rules; not `on_disk`: of contents, whatever the project is now."""
    readers = readers_fingerprint(settings, rules)
    if not on_disk:
        return Cache(cache_dir(settings), readers, b"")
    project = blake2b(os.fsencode(settings.root) + b"\0" + readers + repr((sorted(read_roles or ()), int(asked))).encode(), digest_size=20).digest()
    return Cache(cache_dir(settings), readers, project)


def readers_fingerprint(settings: Settings, rules: Sequence[LocalRule]) -> bytes:
    """A hash of all that decides what a reading holds besides the file: our own source, local rules with their options, the Python version."""
    from backend_lint import __version__

    named = blake2b(f"{LAYOUT} {__version__} {sys.implementation.cache_tag} {sys.version_info} {msgspec.__version__}".encode(), digest_size=20)
    named.update(repr(sorted(settings.roles.items())).encode("utf-8", "backslashreplace"))
    package = Path(__file__).parent.parent
    for folder in _READS:
        for source in python_files(package / folder, deep=bool(folder)):
            update(named, source)
    for name in _READS_TOO:
        update(named, package / "engine" / name)
    packs: set[Path] = set()
    for rule in sorted(rules, key=lambda one: one.name):
        named.update(f"\0{rule.name}\0{rule.severity}\0{sorted(rule._options.items())!r}\0".encode("utf-8", "backslashreplace"))
        module = sys.modules.get(type(rule).__module__)
        if (source_file := getattr(module, "__file__", None)) is not None:
            update(named, source_file)
            if not type(rule).__module__.startswith("backend_lint.rules.") and type(rule).__module__.count(".") >= 2:
                packs.add(Path(source_file).parent.parent)
    for pack in sorted(packs):
        # a rule of an organisation may lean on modules beside it; our own may not
        for source in python_files(pack):
            update(named, source)
    return named.digest()


def _sealed(value: bytes) -> bytes:
    return zlib.crc32(value).to_bytes(4, "big") + value


def _whole(value: object) -> bool:
    """The checksum fits; a damaged database may return anything at all."""
    return isinstance(value, bytes) and len(value) >= 4 and zlib.crc32(memoryview(value)[4:]) == int.from_bytes(value[:4], "big")
