"""SQL that somebody wrote to be slow, deep or long. What it costs is counted in calls of functions, not in seconds."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from backend_lint.sql.parameters import statements
from backend_lint.sql.parse import parse

SHAPES: dict[str, Callable[[int], str]] = {
    "alternatives": lambda n: "SELECT * FROM t WHERE " + " OR ".join(f"a = {i}" for i in range(n)),
    "conditions": lambda n: "SELECT * FROM t WHERE " + " AND ".join(f"a{i} = %s" for i in range(n)),
    "brackets": lambda n: "SELECT * FROM t WHERE " + "(" * n + "a = 1" + ")" * n,
    "joins": lambda n: "SELECT * FROM t " + " ".join(f"JOIN t{i} ON t{i}.a = t.a" for i in range(n)),
    "unions": lambda n: " UNION ALL ".join(["SELECT a FROM t WHERE b = 1"] * n),
    "concatenations": lambda n: "SELECT * FROM t WHERE x = " + " || ".join(["a"] * n),
    "columns": lambda n: "SELECT " + ", ".join(["lower(a)"] * n) + " FROM t",
    "values that are no literals": lambda n: "SELECT * FROM t WHERE a IN (" + ", ".join(["b + 1"] * n) + ")",
    "arrays in arrays": lambda n: "SELECT " + "array[" * n + "1" + "]" * n,
    "calls in calls": lambda n: "SELECT * FROM t WHERE " + "f(" * n + "a" + ")" * n + " = 1",
    "cases in cases": lambda n: "SELECT " + "CASE WHEN " * n + "1 " + "THEN 1 END " * n,
    "negations": lambda n: "SELECT * FROM t WHERE " + "NOT " * n + "a",
    "expressions read once": lambda n: (
        "WITH c0 AS (SELECT * FROM t)" + "".join(f", c{i} AS (SELECT * FROM c{i - 1})" for i in range(1, n)) + f" SELECT * FROM c{n - 1}"
    ),
    "comments that do not end": lambda n: "SELECT 1 " + "/* " * n,
    "quotes": lambda n: "'" * (2 * n + 1),
    "dollars": lambda n: "$a$" * (2 * n + 1),
    "statements": lambda n: "SELECT 1 FROM t;" * n,
    "brackets that may be types": lambda n: "SELECT " + "( UNION " * n,
}


def _work(task: Callable[[], object]) -> int:
    count = 0

    def profile(frame: Any, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(profile)
    try:
        task()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("shape", SHAPES)
def test_cost_grows_with_length(shape: str) -> None:
    make = SHAPES[shape]
    parse(make(2))
    small, large = (_work(functools.partial(parse, make(n))) for n in (40, 160))
    assert large <= 6 * small + 20_000


DEEP: dict[str, tuple[str, int]] = {
    "400 brackets": ("SELECT * FROM t WHERE " + "(" * 400 + "a = 1" + ")" * 400, 1),
    "5,000 brackets": ("SELECT * FROM t WHERE " + "(" * 5000 + "a = 1" + ")" * 5000, 0),
    "400 queries": ("SELECT * FROM t WHERE a IN (" * 400 + "SELECT 1" + ")" * 400, 1),
    "5,000 negations": ("SELECT * FROM t WHERE " + "NOT " * 5000 + "a", 0),
    "20,000 names": ("SELECT " + "a." * 20_000 + "b FROM t", 0),
    "20,000 casts": ("SELECT a" + "::int" * 20_000 + " FROM t", 0),
    "expressions that double": (
        "WITH c0 AS MATERIALIZED (SELECT 1 a)" + "".join(f", c{i} AS (SELECT * FROM c{i - 1} x, c{i - 1} y)" for i in range(1, 60)) + " SELECT * FROM c59",
        0,
    ),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_text_is_read_or_refused(name: str) -> None:
    text, queries = DEEP[name]
    limit = sys.getrecursionlimit()
    found = parse(text)
    assert len(found.queries) == queries
    assert bool(found.not_understood) is not bool(queries)
    assert sys.getrecursionlimit() == limit


def test_long_lists_of_literals_are_counted_before_they_are_parsed() -> None:
    text = "SELECT * FROM t WHERE a IN (" + ",".join(map(str, range(10_000))) + ") AND b = ANY(ARRAY[" + ",".join(["'x'"] * 500) + "])"
    (statement,) = statements(text)
    assert statement.tokens < 30
    (query,) = parse(text).queries
    first, second = query.where.parts  # type: ignore[union-attr]
    assert (first.operator, first.values) == ("in", 10_000)  # type: ignore[union-attr]
    assert (second.operator, second.values) == ("in", 500)  # type: ignore[union-attr]
    (insert,) = statements("INSERT INTO t (a) VALUES " + ", ".join(["(1, 'x')"] * 5000))
    assert insert.tokens < 200


def test_ten_thousand_alternatives_are_bounded() -> None:
    (query,) = parse("SELECT * FROM t WHERE " + " OR ".join(f"a = {i}" for i in range(10_000))).queries
    assert len(query.where.parts) <= 501  # type: ignore[union-attr]


def test_a_text_that_is_too_long_is_refused() -> None:
    assert parse("SELECT * FROM t WHERE a = '" + "x" * (5 << 20) + "'").not_understood == ("the text is too long",)
    assert not parse("SELECT " + "a, " * 100_000 + "b FROM t").queries


def test_trees_are_taken_apart() -> None:
    """The collector is off while a run lasts: what is left in circles stays until its end."""
    import gc

    text = "SELECT a, lower(b) FROM t JOIN u ON t.id = u.id WHERE a = 1 AND EXISTS (SELECT 1 FROM v)"
    parse(text)
    gc.collect()
    gc.disable()
    try:
        parse(text)
        from sqlglot.expressions import Expression

        alive = [one for one in gc.get_objects() if issubclass(type(one), Expression) and type(one).__name__ in ("Select", "Join", "Exists")]
        assert not alive
    finally:
        gc.enable()
