"""SQLite's own EXPLAIN QUERY PLAN agrees: without statistics its planner, like ours, decides from schema and condition alone."""

from __future__ import annotations

import sqlite3

import pytest

from backend_lint.facts.access import Path
from backend_lint.facts.schema import Dialect, Table
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import changes
from backend_lint.sql.parse import parse
from backend_lint.sql.serve import accesses

TABLES = """
CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer, s text, n text COLLATE NOCASE, d datetime, v varchar(20), x numeric);
CREATE TABLE u (id integer PRIMARY KEY, t_id integer, k text);
"""
INDEXES = (
    "(a)", "(a, b)", "(s)", "(s COLLATE NOCASE)", "(n)", "(lower(s))", "(d)", "(date(d))", "(a + 1)", "(a DESC, b)", "(v)", "(a, s, b)",
    "(a) WHERE b IS NOT NULL", "(b) WHERE s = 'x'", "(a) WHERE b > 5",
)  # fmt: skip
CONDITIONS = (
    "a = 5", "a IN (1, 2)", "a > 500", "a BETWEEN 1 AND 5", "a IS NULL", "a <> 5", "b = 5", "a = 5 AND b = 6", "b = 5 AND a > 300", "a IN (1, 2) AND b = 5",
    "s = 'x'", "s LIKE 'x%'", "s LIKE '%x'", "n = 'x'", "n LIKE 'x%'", "s COLLATE NOCASE = 'x'", "lower(s) = 'x'", "upper(s) = 'X'", "a = 5 AND b IS NOT NULL",
    "a = 5 AND b > 6", "a = 5 OR b = 6", "a = 5 OR a = 6", "a = 5 OR id = 7", "d > '2020'", "date(d) = '2020-01-01'", "d BETWEEN '2020' AND '2021'",
    "a + 1 = 5", "a = '5'", "v = 'x'", "CAST(a AS text) = '5'", "x = 5", "id = 5", "id IN (1, 2)", "a IS 5", "s = 'x' AND b = 5", "(a, b) = (1, 2)",
    "a = 5 AND s = 'x' AND b > 3", "a NOT IN (1)", "a = b", "coalesce(a, 0) = 5", "a = (SELECT 5)", "id IN (SELECT t_id FROM u WHERE k = 'x')",
    "EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id AND u.k = 'q')",
)  # fmt: skip
ORDERS = ("a", "a DESC", "b", "a, b", "a DESC, b DESC", "a DESC, b", "s", "lower(s)")
LATER = {"EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id AND u.k = 'q')": (3, 51)}
"""From that version on SQLite joins what it tested row by row before."""


def read(ddl: str) -> dict[str, Table]:
    catalog = Catalog(Dialect.SQLITE)
    found, missed = changes(ddl, Dialect.SQLITE)
    assert not missed
    catalog.apply_all(found)
    return dict(catalog.tables)


def ours(tables: dict[str, Table], statement: str) -> Path:
    (query,) = parse(statement, Dialect.SQLITE).queries
    return next(found.path for found in accesses(query, tables.get, Dialect.SQLITE) if found.table == "t")


@pytest.mark.parametrize("index", INDEXES)
def test_the_planner_agrees(index: str) -> None:
    ddl = f"{TABLES} CREATE INDEX i ON t {index};"
    connection = sqlite3.connect(":memory:")
    connection.executescript(ddl)
    tables = read(ddl)
    wrong = []
    for condition in CONDITIONS:
        if sqlite3.sqlite_version_info >= LATER.get(condition, (9, 0)):
            continue
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN SELECT * FROM t WHERE {condition}")]
        # a partial index is scanned where it holds just the rows that are asked for; that it leaves out nulls is no help
        held = index.partition(" WHERE ")[2] in condition and "= 'x'" in index and "COLLATE" not in condition
        theirs = any(step.startswith(("SEARCH t", "MULTI-INDEX")) or (held and "USING INDEX i" in step) for step in plan)
        if theirs != (ours(tables, f"SELECT * FROM t WHERE {condition}") is Path.INDEX):
            wrong.append(f"{condition}: {plan}")
    for order in ORDERS:
        statement = f"SELECT * FROM t ORDER BY {order} LIMIT 5"
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        theirs = not any("TEMP B-TREE" in step for step in plan)
        if theirs != (ours(tables, statement) is Path.INDEX):
            wrong.append(f"{statement}: {plan}")
    assert not wrong, "\n".join(wrong)
