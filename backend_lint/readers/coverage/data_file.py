"""coverage.py's data file, ``.coverage``, through its own ``CoverageData``: lines and jumps that ran. Nothing of the project's configuration is read."""

from __future__ import annotations

import importlib.util
import sqlite3
import tempfile
from pathlib import Path

from backend_lint.facts.coverage import CoverageReport, Executed
from backend_lint.readers.coverage.records import MAX_FILES, Records, UnreadableError

_TABLES = frozenset({"arc", "context", "coverage_schema", "file", "line_bits", "meta", "tracer"})
_MAX_BITS = 400_000
_STEPS = 50_000_000
"""Instructions of SQLite's machine: a data file of a million lines needs fewer."""


def read_data(data: bytes) -> CoverageReport:
    """Raises UnreadableError, also where coverage.py is not installed beside backend-lint."""
    if any(importlib.util.find_spec(name) is None for name in ("coverage", "re2")):
        raise UnreadableError("is read by coverage.py, which is not installed here: pip install 'backend-lint[coverage]', or name a report of `coverage xml`")
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
            if kind != "table" or name not in _TABLES or " as (" in " ".join(str(text).lower().replace("(", " (").split()) or "virtual" in str(text).lower():
                raise UnreadableError(f"holds a {kind} {str(name)[:60]!r} that no data file of coverage.py has")
        if not connection.execute("SELECT count(*) FROM file").fetchone()[0]:
            raise UnreadableError("holds no file: nothing was measured")
        # a blob holds a bit a line: what it unfolds to is many times its size
        if (connection.execute("SELECT max(length(numbits)) FROM line_bits").fetchone()[0] or 0) > _MAX_BITS // 8:
            raise UnreadableError(f"names lines above {_MAX_BITS:,}")
        if connection.execute("SELECT count(*) FROM file").fetchone()[0] > MAX_FILES:
            raise UnreadableError(f"names more than {MAX_FILES:,} files")
    finally:
        connection.close()


def _read(path: Path) -> CoverageReport:
    from coverage import CoverageData
    from coverage.exceptions import CoverageException

    records = Records()
    found = []
    try:
        known = CoverageData(basename=str(path))
        known.read()
        arcs_measured = known.has_arcs()
        for name in sorted(known.measured_files()):
            lines = tuple(known.lines(name) or ())
            arcs = tuple(known.arcs(name) or ()) if arcs_measured else None
            records.count(len(lines) + len(arcs or ()))
            found.append(Executed(name, lines, arcs))
        known.close()
    except CoverageException as error:
        raise UnreadableError(f"cannot be read by coverage.py: {error}"[:300]) from None
    return CoverageReport("coverage.py data", branches=arcs_measured, combined=True, executed=tuple(found))
