"""What a statement really does to a PostgreSQL that is in use: which locks it holds, whether others get through, what it reads and writes anew.

A statement runs in a transaction that is left open. Meanwhile a second connection looks at ``pg_locks``, and tries to read and to write each table with a
short ``lock_timeout``. What was read shows in ``pg_stat_xact_user_tables``, what was written anew in ``relfilenode``. Then all is rolled back.

What cannot run in a transaction is started beside an older transaction that uses the table: it waits for that one, with the lock that it holds or wants.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from backend_lint.sql.locks import Lock

MODES = {
    "AccessShareLock": Lock.NONE,
    "RowShareLock": Lock.NONE,
    "RowExclusiveLock": Lock.ROW_EXCLUSIVE,
    "ShareUpdateExclusiveLock": Lock.SHARE_UPDATE_EXCLUSIVE,
    "ShareLock": Lock.SHARE,
    "ShareRowExclusiveLock": Lock.SHARE_ROW_EXCLUSIVE,
    "ExclusiveLock": Lock.EXCLUSIVE,
    "AccessExclusiveLock": Lock.ACCESS_EXCLUSIVE,
}
_LOCKS = """
    SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = %s AND c.relname = ANY(%s) AND l.locktype = 'relation'
"""
_FILES = "SELECT relname, relfilenode FROM pg_class WHERE relname = ANY(%s)"
_READ = "SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)"
_READ_SO_FAR = "SELECT relname, coalesce(seq_tup_read, 0) FROM pg_stat_user_tables WHERE relname = ANY(%s)"


class Seen(NamedTuple):
    """What was seen of a table. `read`: the statement read all rows of some table; `rewritten`: this one lies in another file now."""

    lock: Lock
    reader_waits: bool
    writer_waits: bool
    read: bool
    rewritten: bool

    @property
    def blocks_reads(self) -> bool:
        """Readers wait for as long as reading or writing all rows takes."""
        return self.reader_waits and (self.read or self.rewritten)

    @property
    def blocks_writes(self) -> bool:
        return self.writer_waits and (self.read or self.rewritten)


class Refused(Exception):  # noqa: N818
    """The server did not run the statement."""


class Probe:
    """A second and a third connection that look on."""

    def __init__(self, uri: str, tables: dict[str, str], rows: int) -> None:
        self.tables = tables
        self.rows = rows
        self.main = psycopg.connect(uri, autocommit=True)
        self.other = psycopg.connect(uri, autocommit=True)
        self.older = psycopg.connect(uri, autocommit=True)
        self.other.execute("SET lock_timeout = '15ms'")
        self.pid = self.main.info.backend_pid

    def waits(self, statement: str) -> bool:
        """Whether a statement of somebody else has to wait."""
        try:
            self.other.execute(statement, prepare=False)  # a plan that is kept would not look at the indexes again
        except psycopg.errors.LockNotAvailable:
            return True
        return False

    def _seen(self, read: bool, files: dict[str, int], now: dict[str, int]) -> dict[str, Seen]:
        locks: dict[str, Lock] = {}
        for name, mode in self.other.execute(_LOCKS, (self.pid, list(self.tables))).fetchall():
            locks[name] = max(MODES[mode], locks.get(name, Lock.NONE))
        seen = {}
        for name, write in self.tables.items():
            lock = locks.get(name, Lock.NONE)
            # the catalog's word is enough where nothing strong is held; where something is, it must be true
            reader = lock >= Lock.SHARE and self.waits(f"SELECT 1 FROM {name} LIMIT 1")
            writer = lock >= Lock.SHARE and self.waits(write)
            assert reader or lock is not Lock.ACCESS_EXCLUSIVE, (name, lock, reader)
            assert (lock >= Lock.SHARE) == writer, (name, lock, writer)
            seen[name] = Seen(lock, reader, writer, read, name in files and now.get(name, files[name]) != files[name])
        return seen

    def _files(self) -> dict[str, int]:
        return dict(self.main.execute(_FILES, (list(self.tables),)).fetchall())

    def in_transaction(self, statements: Iterable[str]) -> dict[str, Seen]:
        """What is seen while the transaction of these statements is open."""
        files = self._files()
        self.main.execute("BEGIN")
        try:
            before = dict(self.main.execute(_READ, (list(self.tables),)).fetchall())
            for statement in statements:
                self.main.execute(statement)
            after = dict(self.main.execute(_READ, (list(self.tables),)).fetchall())
            read = any(after.get(name, 0) - before.get(name, 0) >= self.rows for name in self.tables)
            return self._seen(read, files, self._files())
        except psycopg.Error as error:
            raise Refused(str(error)) from error
        finally:
            self.main.execute("ROLLBACK")

    def alone(self, statement: str, undo: Iterable[str] = (), table: str = "t") -> dict[str, Seen]:
        """What is seen while a statement waits for an older transaction that writes to `table`."""
        files = self._files()
        read_before = self._read_so_far()
        self.older.execute("BEGIN")
        self.older.execute(self.tables[table])
        failed: list[BaseException] = []

        def work() -> None:
            try:
                self.main.execute(statement)
            except psycopg.Error as error:
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            seen = self._while_waiting(thread, files)
        finally:
            self.older.execute("ROLLBACK")
            thread.join(60)
        if failed:
            raise Refused(str(failed[0]))
        read = any(self._read_so_far().get(name, 0) - read_before.get(name, 0) >= self.rows for name in self.tables)
        now = self._files()
        for one in undo:
            self.main.execute(one)
        return {name: one._replace(read=read, rewritten=name in files and now[name] != files[name]) for name, one in seen.items()}

    def _while_waiting(self, thread: threading.Thread, files: dict[str, int]) -> dict[str, Seen]:
        end = time.monotonic() + 10
        query = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
        while time.monotonic() < end and thread.is_alive():
            row = self.other.execute(query, (self.pid,)).fetchone()
            if row is not None and row[0]:
                return self._seen(False, files, files)
            time.sleep(0.002)
        raise Refused("it did not wait for the older transaction")

    def _read_so_far(self) -> dict[str, int]:
        self.main.execute("SELECT pg_stat_force_next_flush()")
        self.other.execute("SELECT pg_stat_clear_snapshot()")
        return dict(self.other.execute(_READ_SO_FAR, (list(self.tables),)).fetchall())
