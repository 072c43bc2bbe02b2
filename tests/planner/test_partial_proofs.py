"""What a query's condition proves about a partial index: every pair of conditions, asked of PostgreSQL with sequential scans forbidden."""

from __future__ import annotations

import postgres_server
import pytest
from planner.explain import explain
from planner.judge import understood
from planner.schemas import read

from backend_lint.sql.serve import accesses

TABLE = "CREATE TABLE t (id bigint, f boolean, g boolean NOT NULL, n integer, s varchar(20), w text, m timestamptz, filler text)"
ROWS = (
    "INSERT INTO t SELECT i, CASE WHEN random() < 0.1 THEN NULL ELSE random() < 0.03 END, random() < 0.02, (random() * 1000)::int, "
    "(ARRAY['a', 'b', 'c', 'd'])[1 + (random() * 3)::int], CASE WHEN random() < 0.9 THEN NULL ELSE md5(i::text) END, "
    "now() - i * interval '1 min', repeat('x', 60) FROM generate_series(1, 10000) AS i"
)
CONDITIONS = {
    "boolean": (
        "f", "f = true", "f IS TRUE", "NOT f", "f = false", "f IS FALSE", "f IS NOT TRUE", "f IS NOT FALSE", "f IS NULL", "f IS NOT NULL", "f <> true",
        "f <> false", "NOT (f IS TRUE)", "f = 't'",
    ),
    "never null": ("g", "g = true", "g IS TRUE", "NOT g", "g = false", "g IS FALSE", "g IS NOT TRUE"),
    "number": (
        "n = 5", "n > 5", "n >= 5", "n > 6", "n BETWEEN 6 AND 9", "n IN (5, 6)", "n IN (6, 7)", "n <> 5", "n <> 6", "n NOT IN (5, 6)", "n < 5",
        "n > 5 AND n < 9", "n IS NOT NULL", "n = ANY(ARRAY[6, 7])", "(n = 6 OR n = 7)", "n * 2 > 10",
    ),
    "word": (
        "s = 'a'", "s IN ('a', 'b')", "s IN ('b', 'a')", "s <> 'a'", "s IS NOT NULL", "s = 'b'", "s LIKE 'a%'", "s NOT IN ('a')", "(s = 'a' OR s = 'b')",
        "s > 'a'", "s IN ('a', 'b', 'c')",
    ),
    "null": (
        "w IS NOT NULL", "w IS NULL", "w = 'x'", "w LIKE 'x%'", "lower(w) = 'x'", "w > 'x'", "w <> 'x'", "w IN ('x', 'y')", "coalesce(w, '') = 'x'",
        "w || 'a' = 'x'", "w ~ 'x'", "(w = 'x' OR w = 'y')", "(w = 'x' OR n = 5)", "w IS DISTINCT FROM 'x'", "w ILIKE '%x'", "NOT (w = 'x')",
    ),
    "moment": ("m > '2020-01-01'", "m > '2021-01-01'", "m >= '2020-01-01'", "m BETWEEN '2021-01-01' AND '2021-02-01'", "m IS NOT NULL"),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(CONDITIONS))
def test_the_planner_proves_the_same(kind: str) -> None:
    wrong = []
    with postgres_server.database(f"proofs of {kind}") as connection:
        connection.execute(TABLE)
        connection.execute(ROWS)
        connection.execute("ANALYZE t")
        connection.execute("SET enable_seqscan = off")
        for number, wanted in enumerate(CONDITIONS[kind]):
            index = f'CREATE INDEX "part{number}" ON t (id) WHERE {wanted}'
            connection.execute(index)
            tables = read(f"{TABLE}; {index};")
            assert tables["t"].indexes[0].usable, wanted
            for known in CONDITIONS[kind]:
                statement = f"SELECT * FROM t AS a WHERE a.id = 5 AND {known.replace('%', '%%')}"
                theirs = f"part{number}" in explain(connection, statement, ())["a"].indexes
                query = understood(statement)
                assert query is not None
                found = accesses(query, tables.get)[0]
                if theirs != (found.index == f"part{number}"):
                    wrong.append(f"index WHERE {wanted}, query WHERE {known}: planner {theirs}, we {found.path} {found.because}")
            connection.execute(f'DROP INDEX "part{number}"')
    assert not wrong, "\n".join(wrong)
