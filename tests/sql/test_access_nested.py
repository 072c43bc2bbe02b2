"""Which conditions reach into which query: grouped, windowed and united subqueries, common table expressions, HAVING, outer joins, rows that come along."""

from __future__ import annotations

import pytest
from planner.schemas import read

from backend_lint.facts.schema import Dialect
from backend_lint.sql.advice import advise
from backend_lint.sql.parse import parse
from backend_lint.sql.serve import accesses

SCHEMA = """
CREATE TABLE depot (id bigint PRIMARY KEY, name text NOT NULL, city text, pos point, net inet, embedding vector(3), opened timestamp, code char(8));
CREATE TABLE van (id bigint PRIMARY KEY, depot_id bigint NOT NULL REFERENCES depot (id), plate text NOT NULL, vin text, boss_id bigint, day date);
CREATE INDEX depot_name ON depot (name);
CREATE INDEX depot_pos ON depot USING gist (pos);
CREATE INDEX depot_net ON depot (net);
CREATE INDEX depot_embedding ON depot USING hnsw (embedding vector_cosine_ops);
CREATE INDEX van_depot ON van (depot_id);
CREATE INDEX van_boss ON van (boss_id);
"""
ANSWERS = {
    # common table expressions
    "WITH gone AS (DELETE FROM van WHERE vin = %s RETURNING *) SELECT count(*) FROM gone": "van scan",
    "WITH gone AS (DELETE FROM van WHERE depot_id = %s RETURNING *) SELECT count(*) FROM gone": "van van_depot",
    "WITH few AS MATERIALIZED (SELECT * FROM depot WHERE city = %s) SELECT * FROM van v JOIN few ON few.id = v.depot_id": "depot scan, van van_depot",
    "WITH few AS MATERIALIZED (SELECT * FROM depot WHERE city = %s) SELECT * FROM van v JOIN few ON few.id = v.depot_id WHERE v.vin = %s":
        "depot scan, van van_depot",
    "WITH RECURSIVE tree AS (SELECT * FROM van WHERE vin = %s UNION ALL SELECT v.* FROM van v JOIN tree ON v.boss_id = tree.id) SELECT * FROM tree":
        "van scan, van van_boss",
    # conditions from around
    "SELECT * FROM (SELECT vin FROM van UNION ALL SELECT name FROM depot) u WHERE u.vin = %s": "van scan, depot depot_name",
    "SELECT * FROM (SELECT van.*, row_number() OVER (PARTITION BY vin ORDER BY id) AS n FROM van) w WHERE w.vin = %s AND w.n = 1": "van scan",
    "SELECT * FROM (SELECT van.*, row_number() OVER (ORDER BY id) AS n FROM van) w WHERE w.vin = %s": "van whole",
    "SELECT * FROM (SELECT van.*, row_number() OVER (PARTITION BY depot_id ORDER BY id) AS n FROM van) w WHERE w.depot_id = %s": "van van_depot",
    "SELECT * FROM (SELECT vin, count(*) AS n FROM van GROUP BY vin) g WHERE g.vin = %s": "van scan",
    "SELECT * FROM (SELECT vin, count(*) AS n FROM van GROUP BY vin) g WHERE g.n = %s": "van whole",
    "SELECT * FROM (SELECT * FROM van ORDER BY id LIMIT 5) g WHERE g.vin = %s": "van van_pkey",
    "SELECT vin, count(*) FROM van GROUP BY vin HAVING vin = %s": "van scan",
    "SELECT depot_id, count(*) FROM van GROUP BY depot_id HAVING depot_id = %s AND count(*) > 1": "van van_depot",
    "SELECT vin, count(*) FROM van GROUP BY vin HAVING count(*) = %s": "van whole",
    "SELECT * FROM depot d JOIN (SELECT depot_id, count(*) AS n FROM van GROUP BY depot_id) g ON g.depot_id = d.id WHERE d.city = %s": "depot scan, van whole",
    # outer joins
    "SELECT * FROM van v FULL JOIN depot d ON d.id = v.depot_id WHERE v.vin = %s": "van scan, depot depot_pkey",
    "SELECT * FROM van v FULL JOIN depot d ON d.id = v.depot_id WHERE d.city = %s": "van van_depot, depot scan",
    # rows that come with the statement
    "SELECT v.* FROM van v JOIN (VALUES (1), (2)) AS x (id) ON x.id = v.depot_id": "van van_depot",
    "SELECT v.* FROM unnest(%s::text[]) AS x (vin) JOIN van v ON v.vin = x.vin": "van scan",
    "SELECT * FROM van WHERE depot_id IN (SELECT unnest(%s::bigint[]))": "van van_depot",
    "SELECT * FROM van WHERE depot_id IN (SELECT unnest(%s::bigint[])) OR vin = %s": "van unknown",
    "SELECT * FROM depot WHERE id = ANY(ARRAY(SELECT depot_id FROM van WHERE vin = %s))": "depot depot_pkey, van scan",
    # beside an OR every row is asked: the subquery is run once
    "SELECT * FROM depot d WHERE d.city LIKE '%%x%%' OR EXISTS (SELECT 1 FROM van v WHERE v.depot_id = d.id AND v.vin = %s)": "depot whole, van scan",
    # conditions that were not understood
    "SELECT * FROM van WHERE depot_id BETWEEN SYMMETRIC %s AND %s": "van van_depot",
    "SELECT * FROM van WHERE (%s IS NULL OR depot_id = %s)": "van van_depot",
    "SELECT * FROM van WHERE (%s IS NULL OR vin = %s)": "van scan",
    "SELECT * FROM depot WHERE net << %s": "depot depot_net",
    "SELECT * FROM depot WHERE net <<= inet '10.0.0.0/8'": "depot depot_net",
    "SELECT * FROM depot WHERE pos <@ box '((0,0),(1,1))' AND pos ~= %s": "depot depot_pos",
    "SELECT * FROM depot ORDER BY pos <-> point '(1,2)' LIMIT 5": "depot depot_pos",
    "SELECT * FROM depot ORDER BY embedding <=> %s LIMIT 5": "depot depot_embedding",
    "SELECT * FROM depot ORDER BY embedding <#> %s LIMIT 5": "depot scan",
    "SELECT * FROM depot WHERE name = %s COLLATE \"C\"": "depot scan",
    "SELECT * FROM van WHERE position(%s IN vin) > 0": "van scan",
    "MERGE INTO depot d USING (SELECT * FROM van WHERE vin = %s) s ON s.depot_id = d.id WHEN MATCHED THEN DO NOTHING": "depot depot_pkey, van scan",
}  # fmt: skip


@pytest.mark.parametrize("sql", ANSWERS)
def test_answers(sql: str) -> None:
    assert said(sql) == sorted(ANSWERS[sql].split(", "))


def said(sql: str) -> list[str]:
    tables = read(SCHEMA)
    parsed = parse(sql, Dialect.POSTGRESQL)
    assert not parsed.not_understood
    found = accesses(parsed.queries[0], tables.get)
    return sorted(f"{one.table} {one.index or one.path}" for one in found)


@pytest.mark.parametrize(
    "condition",
    [
        "date_trunc('month', opened AT TIME ZONE 'UTC') = %s",
        "(opened AT TIME ZONE 'UTC')::date = %s",
        "opened::text LIKE '2020-%%'",
        "position('x' IN city) > 0",
    ],
)
def test_no_index_is_advised_that_cannot_be_made_or_used(condition: str) -> None:
    tables = read(SCHEMA)
    query = parse(f"SELECT * FROM depot WHERE {condition}", Dialect.POSTGRESQL).queries[0]
    assert not advise([(query, access) for access in accesses(query, tables.get)], tables.get)


def test_a_pattern_over_char_is_indexed_by_its_own_class() -> None:
    tables = read(SCHEMA)
    query = parse("SELECT * FROM depot WHERE code LIKE 'ab%%'", Dialect.POSTGRESQL).queries[0]
    (found,) = accesses(query, tables.get)
    assert found.candidate is not None
    assert found.candidate.keys[0].opclass == "bpchar_pattern_ops"


def test_the_nearest_rows_are_indexed_by_their_kind() -> None:
    tables = read(SCHEMA.replace("CREATE INDEX depot_pos ON depot USING gist (pos);", ""))
    query = parse("SELECT * FROM depot ORDER BY pos <-> %s LIMIT 3", Dialect.POSTGRESQL).queries[0]
    (found,) = accesses(query, tables.get)
    assert found.candidate is not None
    assert (found.candidate.method, found.candidate.keys[0].column) == ("gist", "pos")


@pytest.mark.parametrize(
    ("sql", "answers"),
    [
        ("SELECT * FROM book b JOIN writer w ON w.id = b.writer_id WHERE lower(w.name) = ?", ["book scan", "writer writer_pkey"]),
        ("SELECT * FROM writer w WHERE EXISTS (SELECT 1 FROM copy c WHERE c.writer_id = w.id AND c.shelf = ?)", ["copy copy_writer", "writer whole"]),
        ("SELECT * FROM copy WHERE shelf = ? COLLATE BINARY", ["copy scan"]),
        ("SELECT * FROM copy WHERE writer_id = ? COLLATE BINARY", ["copy copy_writer"]),
    ],
)
def test_sqlite_joins_row_by_row(sql: str, answers: list[str]) -> None:
    """What an index reaches is looked up, where no index leads back."""
    tables = read(
        "CREATE TABLE writer (id bigint PRIMARY KEY, name text); CREATE TABLE book (id bigint PRIMARY KEY, writer_id bigint);"
        "CREATE TABLE copy (id bigint PRIMARY KEY, writer_id bigint, shelf text); CREATE INDEX copy_writer ON copy (writer_id);"
    )
    query = parse(sql, Dialect.SQLITE).queries[0]
    assert sorted(f"{one.table} {one.index or one.path}" for one in accesses(query, tables.get, Dialect.SQLITE)) == answers
