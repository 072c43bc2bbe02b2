"""coverage.py's data file, ``.coverage``: lines and jumps that ran. Its own ``CoverageData`` must know it. Nothing of the project's configuration is read."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from backend_lint.facts.coverage import CoverageReport, Executed
from backend_lint.readers.coverage.records import MAX_FILES, MAX_LINE, Records, UnreadableError
from backend_lint.readers.coverage.statements import INSTALL, is_installed

_TABLES = frozenset({"arc", "context", "coverage_schema", "file", "line_bits", "meta", "tracer"})
_MAX_BITS = 400_000
_MAX_PATH = 4096
_STEPS = 50_000_000
"""Instructions of SQLite's machine: a data file of a million lines needs fewer."""


def read_data(data: bytes) -> CoverageReport:
    """Raises UnreadableError, also where coverage.py is not installed beside backend-lint."""
    if not is_installed():
        raise UnreadableError(f"is read by coverage.py, which is not installed here: {INSTALL}, or name a report of `coverage xml`")
    with tempfile.TemporaryDirectory(prefix="backend-lint-") as folder:
        path = Path(folder) / "data"
        path.write_bytes(data)
        try:
            _verify(path)
            return _read(path)
        except sqlite3.Error as error:
            raise UnreadableError(f"is a broken data file: {error}") from None


def _verify(path: Path) -> None:
    """The file holds the tables of coverage.py and nothing that computes: no views, triggers or generated columns."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_progress_handler(lambda: 1, _STEPS)
        for kind, name, table, text in connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"):
            if kind == "index" and text is None and table in _TABLES:
                continue
            if kind != "table" or name not in _TABLES or "virtual" in str(text).lower() or _computes(connection, name):
                raise UnreadableError(f"holds a {kind} {str(name)[:60]!r} that no data file of coverage.py has")
        if (connection.execute("SELECT max(length(CAST(path AS BLOB))) FROM file").fetchone()[0] or 0) > _MAX_PATH:
            raise UnreadableError(f"holds a path of more than {_MAX_PATH:,} bytes")
        if not connection.execute("SELECT count(*) FROM file").fetchone()[0]:
            raise UnreadableError("holds no file: nothing was measured")
        # a blob holds a bit a line: what it unfolds to is many times its size
        if (connection.execute("SELECT max(length(numbits)) FROM line_bits").fetchone()[0] or 0) > _MAX_BITS // 8:
            raise UnreadableError(f"names lines above {_MAX_BITS:,}")
        if connection.execute("SELECT count(*) FROM file").fetchone()[0] > MAX_FILES:
            raise UnreadableError(f"names more than {MAX_FILES:,} files")
    finally:
        connection.close()


def _computes(connection: sqlite3.Connection, table: str) -> bool:
    """Whether a column is generated: its expression would run when it is read. However its definition is written, SQLite marks it as hidden."""
    return any(hidden for *_, hidden in connection.execute(f'PRAGMA table_xinfo("{table}")'))


def _read(path: Path) -> CoverageReport:
    from coverage import CoverageData
    from coverage.exceptions import CoverageException

    try:
        known = CoverageData(basename=str(path))
        known.read()
        arcs_measured = known.has_arcs()
        known.close()
    except CoverageException as error:
        raise UnreadableError(f"cannot be read by coverage.py: {error}"[:300]) from None
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        connection.set_progress_handler(lambda: 1, _STEPS)
        found = tuple(_files(connection, arcs_measured))
    finally:
        connection.close()
    return CoverageReport("coverage.py data", branches=arcs_measured, combined=True, executed=found)


def _files(connection: sqlite3.Connection, arcs_measured: bool) -> Iterator[Executed]:
    """The files as `CoverageData.lines` and `arcs` give them, in one pass: those ask for each file anew and unfold the bits of each context by themselves."""
    records = Records()
    paths: dict[int, str] = {}
    for number, name in connection.execute("SELECT id, path FROM file"):
        if not isinstance(name, str):
            raise UnreadableError("holds a path that is no text")
        paths[number] = name
    bits: dict[int, int] = {}
    arcs: dict[int, set[tuple[int, int]]] = {}
    if arcs_measured:
        for number, start, end in connection.execute("SELECT DISTINCT file_id, fromno, tono FROM arc"):
            records.count()
            if not (isinstance(start, int) and isinstance(end, int) and max(abs(start), abs(end)) <= MAX_LINE):
                raise UnreadableError(f"holds the jump {str(start)[:20]} -> {str(end)[:20]}")
            arcs.setdefault(number, set()).add((start, end))
    else:
        for number, held in connection.execute("SELECT file_id, numbits FROM line_bits"):
            if not isinstance(held, bytes):
                raise UnreadableError("holds lines that are no bits")
            bits[number] = bits.get(number, 0) | int.from_bytes(held, "little")
    for number, name in sorted(paths.items(), key=lambda one: one[1]):
        if arcs_measured:
            lines = tuple(sorted({line for arc in arcs.get(number, ()) for line in arc if line > 0}))
            jumps = tuple(sorted(arcs.get(number, ())))
            yield Executed(name, lines, jumps)
            continue
        text = bin(bits.get(number, 0))[:1:-1]
        records.count(text.count("1"))
        yield Executed(name, tuple(place for place, bit in enumerate(text) if bit == "1"), None)
