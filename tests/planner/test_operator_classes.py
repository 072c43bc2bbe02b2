"""Which key of an index looks up which condition: asked of PostgreSQL with sequential scans forbidden, so that only what is possible counts."""

from __future__ import annotations

import postgres_server
import psycopg
import pytest
from planner.explain import explain
from planner.judge import understood
from planner.schemas import read

from backend_lint.facts.access import Path
from backend_lint.sql.serve import accesses

COLUMNS = (
    'i integer, b bigint, n numeric(10,2), d double precision, v varchar(40), x text, xc text COLLATE "C", u uuid, day date, ts timestamp, tz timestamptz, '
    "f boolean, j jsonb, ai integer[], tv tsvector, rng int4range"
)
TABLE = f"CREATE TABLE t ({COLUMNS})"
ROWS = """
INSERT INTO t SELECT i, i, i, i, md5(i::text), md5(i::text), md5(i::text), md5(i::text)::uuid, date '2020-01-01' + i,
    timestamp '2020-01-01' + i * interval '1 h',
    timestamptz '2020-01-01' + i * interval '1 h', i % 50 = 0, jsonb_build_object('k', i, 't', 'v' || i), ARRAY[i, i + 1],
    to_tsvector('simple', 'w' || i), int4range(i, i + 2)
FROM generate_series(1, 3000) AS i
"""
NUMBER = (
    "{c} = 5", "{c} = 5.0", "{c} = 5::bigint", "{c} = 5::numeric", "{c} = 5::float8", "{c} = '5'", "{c} IN (5, 6)", "{c} IN (5.0, 6)", "{c} = ANY(ARRAY[5, 6])",
    "{c} > 2990", "{c} BETWEEN 5 AND 6", "{c} IS NULL", "{c} <> 5", "{c}::text = '5'", "{c}::bigint = 5", "{c} + 1 = 5", "{c} = 5 + 1", "-{c} = 5",
    "{c} IS DISTINCT FROM 5", "{c} IS NOT DISTINCT FROM 5", "abs({c}) = 5", "NOT ({c} <> 5)", "{c} NOT IN (5)", "5 = {c}", "2990 < {c}", "{c} = 1e1",
    "{c} % 7 = 1", "coalesce({c}, 0) = 5", "{c} = -5",
)  # fmt: skip
WORD = (
    "{c} = 'abc'", "{c} IN ('abc', 'abd')", "{c} LIKE 'abc%'", "{c} LIKE 'abc'", "{c} LIKE '%abc%'", "{c} LIKE 'a_c%'", "{c} LIKE '_bc%'", "{c} ILIKE 'abc%'",
    "{c} ILIKE '123%'", "{c} ILIKE '%abcd%'", "{c} ~ '^abc'", "{c} ~ 'abc'", "{c} ~* '^abc'", "{c} ~ '^abc$'", "{c} ~ '^abc|abd'", "{c} SIMILAR TO 'abc%'",
    "{c} > 'ff'", "{c} >= 'ff' AND {c} < 'ffa'", "lower({c}) = 'abc'", "upper({c}) = 'ABC'", "{c}::text = 'abc'", "{c}::varchar = 'abc'",
    "{c}::varchar(50) = 'abc'",
    '{c} COLLATE "C" = \'abc\'', '{c} COLLATE "C" LIKE \'abc%\'', '{c} COLLATE "C" > \'ff\'', "{c} <> 'abc'", "{c} NOT LIKE 'abc%'", "{c} IS NULL",
    "{c} || 'x' = 'abcx'", "{c} LIKE 'ab\\_c%'", "lower({c}) LIKE 'abc%'", "lower({c}) IN ('abc', 'abd')", "{c} LIKE 'abc' || '%'", "coalesce({c}, '') = 'abc'",
)  # fmt: skip
TIME = (
    "{c} = '2020-02-02'", "{c} > '2020-04-20'", "{c} >= '2020-02-02' AND {c} < '2020-02-03'", "{c} = date '2020-02-02'", "{c} = timestamp '2020-02-02'",
    "{c} = timestamptz '2020-02-02'", "{c}::date = '2020-02-02'", "date({c}) = '2020-02-02'", "date_trunc('day', {c}) = '2020-02-02'", "{c} > now()",
    "{c} > now() - interval '1 day'", "{c} IN ('2020-02-02')", "{c} + interval '1 day' > now()", "{c} IS NULL",
)  # fmt: skip
FLAG = ("f", "NOT f", "f = true", "f = false", "f IS TRUE", "f IS FALSE", "f IS NOT TRUE", "f IS NULL", "f <> true", "coalesce(f, false)")
JSON = (
    "j @> '{{\"k\": 5}}'", "j ? 'k'", "j ?| ARRAY['k']", "j @? '$.k'", "j ->> 't' = 'v5'", "(j ->> 'k')::int = 5", "j ->> 't' IN ('v5', 'v6')",
    "j ->> 't' LIKE 'v5%'", "lower(j ->> 't') = 'v5'",
)  # fmt: skip
LIST = ("{c} @> ARRAY[5]", "{c} && ARRAY[5]", "{c} <@ ARRAY[5]", "{c} = ARRAY[5]", "5 = ANY({c})", "{c} IS NULL", "array_length({c}, 1) = 2")
SEARCH = ("tv @@ to_tsquery('simple', 'w5')", "to_tsvector('simple', x) @@ to_tsquery('simple', 'w5')")
RANGE = ("rng @> 5", "rng && int4range(5, 6)", "rng = int4range(5, 7)", "lower(rng) = 5")
KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "numbers": (("i", "b", "n", "d"), ("({c})", "USING hash ({c})", "(({c} + 1))", "({c} DESC)", "(({c}::text))", "(abs({c}))"), NUMBER),
    "words": (
        ("v", "x", "xc"),
        ("({c})", "(lower({c}))", "({c} text_pattern_ops)", '({c} COLLATE "C")', "USING hash ({c})", "(lower({c}) text_pattern_ops)", "(coalesce({c}, ''))"),
        WORD,
    ),
    "trigrams": (("v", "x"), ("USING gin ({c} gin_trgm_ops)", "USING gin (lower({c}) gin_trgm_ops)", "USING gist ({c} gist_trgm_ops)"), WORD),
    "times": (("day", "ts", "tz"), ("({c})", "USING hash ({c})", "((({c} AT TIME ZONE 'UTC')::date))"), TIME),
    "flags": (("f",), ("(f)", "(f DESC)", "(coalesce(f, false))"), FLAG),
    "documents": (("j",), ("USING gin (j)", "USING gin (j jsonb_path_ops)", "((j ->> 't'))", "(((j ->> 'k')::int))", "(lower(j ->> 't'))"), JSON),
    "lists": (("ai",), ("USING gin ({c})", "({c})", "(array_length({c}, 1))"), LIST),
    "search": (("tv",), ("USING gin (tv)", "USING gist (tv)", "USING gin (to_tsvector('simple', x))"), SEARCH),
    "ranges": (("rng",), ("USING gist (rng)", "(rng)", "(lower(rng))"), RANGE),
}
VERSIONS_DIFFER = (('COLLATE "C"', "LIKE 'abc'"), ('COLLATE "C"', "~ '^abc$'"))
"""An exact pattern became an equality, which an index of another collation serves up to PostgreSQL 17."""
NEVER_CHOSEN = (("trgm", "LIKE '_bc%'"),)
"""Without three letters in a row the whole index would be read: possible, but dearer than the table."""


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_the_planner_can_use_the_same(kind: str) -> None:
    columns, keys, conditions = KEYS[kind]
    wrong = []
    with postgres_server.database(f"classes of {kind}") as connection:
        if kind == "trigrams" and not postgres_server.extension(connection, "pg_trgm"):
            pytest.skip("this PostgreSQL has no pg_trgm")
        connection.execute(TABLE)
        connection.execute(ROWS)
        connection.execute("ANALYZE t")
        connection.execute("SET enable_seqscan = off")
        for column in columns:
            for key in keys:
                wrong += _disagreements(connection, key.format(c=column), [one.format(c=column) for one in conditions])
    assert not wrong, "\n".join(wrong)


def _disagreements(connection: psycopg.Connection[object], key: str, conditions: list[str]) -> list[str]:
    index = f"CREATE INDEX one ON t {key}"
    try:
        connection.execute(index)
    except psycopg.Error:
        return []  # no such operator class for the type, or not immutable
    table = read(f"{TABLE}; {index};")["t"]
    assert table.indexes[0].usable, key
    wrong = []
    for condition in conditions:
        statement = f"SELECT * FROM t AS a WHERE {condition.replace('%', '%%')}"
        try:
            use = explain(connection, statement, ())["a"]
        except (psycopg.Error, KeyError):
            continue  # no such operator for the type, or no row can match
        query = understood(statement)
        assert query is not None, statement
        found = accesses(query, lambda name: table if name == "t" else None)[0]
        theirs, ours = use.kind in ("index", "order"), found.path is Path.INDEX
        if any(part in key and condition.endswith(end) for part, end in VERSIONS_DIFFER + NEVER_CHOSEN):
            continue
        if theirs != ours:
            wrong.append(f"index {key}, query WHERE {condition}: planner {use.kind}, we {found.path} {found.because} {[one.why for one in found.reasons]}")
    connection.execute("DROP INDEX one")
    return wrong
