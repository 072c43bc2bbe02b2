"""The server that the tests of the planner, the schema and the ORMs stand on."""

from __future__ import annotations

import postgres_server


def test_a_database_is_new_each_time_it_is_asked_for() -> None:
    with postgres_server.database("fresh once") as connection:
        connection.execute("CREATE TABLE left_behind (a int)")
    with postgres_server.database("fresh once") as connection:
        assert connection.execute("SELECT to_regclass('left_behind')").fetchone() == (None,)


def test_a_prefix_pattern_needs_an_index_made_for_it() -> None:
    """The databases sort like production's: not by bytes. Else the oracle would say that any index serves LIKE."""
    with postgres_server.database("sorted") as connection:
        connection.execute("CREATE TABLE word (plain text, made text)")
        connection.execute("INSERT INTO word SELECT md5(i::text), md5(i::text) FROM generate_series(1, 5000) AS i")
        connection.execute("CREATE INDEX ON word (plain)")
        connection.execute("CREATE INDEX ON word (made text_pattern_ops)")
        connection.execute("ANALYZE word")
        plans = {}
        for column in ("plain", "made"):
            rows = connection.execute(f"EXPLAIN SELECT * FROM word WHERE {column} LIKE 'abc%'").fetchall()
            plans[column] = "\n".join(line for (line,) in rows)
    assert "Seq Scan" in plans["plain"], plans["plain"]
    assert "Index Cond" in plans["made"], plans["made"]
