"""SQLite's declarations against the library of Python itself."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from test_catalog_random import our_sqlite_tables, sqlite_tables

from backend_lint.facts.schema import Dialect, Implicit
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes

CASES = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL UNIQUE, b, c VARCHAR(20) DEFAULT 'x; y')",
    "CREATE TABLE t (id INT PRIMARY KEY, a integer)",
    "CREATE TABLE t (id INTEGER PRIMARY KEY DESC)",
    "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE t (id INTEGER, a TEXT, PRIMARY KEY (id, a), UNIQUE (a) ON CONFLICT REPLACE)",
    "CREATE TABLE o (id INTEGER PRIMARY KEY); CREATE TABLE t (o_id INTEGER REFERENCES o (id) ON DELETE CASCADE, FOREIGN KEY (o_id) REFERENCES o (id))",
    'CREATE TABLE "My Table" ([id] INTEGER PRIMARY KEY, `a b` text); CREATE INDEX "my ix" ON "My Table" ([a b] COLLATE NOCASE DESC)',
    "CREATE TABLE t (a, b); CREATE UNIQUE INDEX i ON t (a) WHERE b IS NOT NULL; CREATE INDEX IF NOT EXISTS j ON t (lower(a), b || a); DROP INDEX i",
    "CREATE TABLE t (a int, b int, c int); CREATE INDEX i ON t (a); ALTER TABLE t RENAME COLUMN a TO x; ALTER TABLE t DROP COLUMN c; ALTER TABLE t ADD d text",
    "CREATE TABLE t (a int UNIQUE); ALTER TABLE t RENAME TO u; CREATE TABLE t (b int UNIQUE)",
    "CREATE TABLE t (id int); CREATE TABLE n (id int NOT NULL, a int); INSERT INTO n SELECT id, 1 FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t",
    "CREATE TABLE t (a int); CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET a = 1; DELETE FROM t WHERE a = 2; END; CREATE INDEX i ON t (a)",
    "CREATE TEMP TABLE x (a int); CREATE TABLE t (a int)",
    "CREATE TABLE main.t (a int); CREATE INDEX main.i ON t (a)",
    "CREATE TABLE t (a int CHECK (a > 0), b int GENERATED ALWAYS AS (a + 1) STORED, c int AS (a * 2), CHECK (b > a)) STRICT",
    "CREATE TABLE Users (Id INTEGER PRIMARY KEY, Name TEXT); CREATE INDEX ix ON users (NAME)",
    "PRAGMA foreign_keys = ON; BEGIN; CREATE TABLE t (a int); COMMIT; ANALYZE; VACUUM",
]


@pytest.mark.parametrize("text", CASES)
def test_catalog_is_the_librarys(text: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(text)
    found, missed = changes(text, Dialect.SQLITE)
    catalog = Catalog(Dialect.SQLITE)
    catalog.apply_all(found)
    assert missed == () and catalog.missed == []
    server: dict[str, Any] = sqlite_tables(connection)
    assert our_sqlite_tables(catalog) == {name: table for name, table in server.items() if not name.startswith("sqlite_")}


def test_the_rowid_is_an_index_without_a_name() -> None:
    catalog = Catalog(Dialect.SQLITE)
    catalog.apply_all(changes("CREATE TABLE t (id INTEGER PRIMARY KEY)", Dialect.SQLITE)[0])
    (index,) = catalog.tables["t"].indexes
    assert (index.name, index.method, index.implicit, index.unique) == ("", "rowid", Implicit.PRIMARY_KEY, True)


def test_a_module_of_its_own_is_unknown() -> None:
    catalog = Catalog(Dialect.SQLITE)
    catalog.apply_all(changes("CREATE VIRTUAL TABLE docs USING fts5(title, body, tokenize = 'porter')", Dialect.SQLITE)[0])
    assert catalog.tables["docs"].unknown
