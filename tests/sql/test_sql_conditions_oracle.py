"""PostgreSQL says which rows a condition keeps; the condition as it was read must keep the same. Written without brackets, so that precedence counts."""

from __future__ import annotations

import itertools
import operator
import random
from collections.abc import Callable
from typing import Any

import postgres_server
import pytest

from backend_lint.facts.query import And, Comparison, Not, Opaque, Or, Predicate, Term, TermKind
from backend_lint.sql.parse import parse

Row = dict[str, Any]
ROWS: list[Row] = [
    {"id": number, "a": a, "b": b, "f": f, "s": s}
    for number, (a, b, f, s) in enumerate(itertools.product((None, 1, 2, 3), (None, 1, 3), (None, True, False), (None, "ab", "Abc", "c%")))
]
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Sentence:
    """Random conditions."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def condition(self, depth: int = 3) -> str:
        pick = self.random.random()
        if depth and pick < 0.5:
            parts = [self.condition(depth - 1) for _ in range(self.random.randint(2, 3))]
            text = f" {self.random.choice(['AND', 'OR', 'and', 'or'])} ".join(parts)
            return f"({text})" if self.random.random() < 0.3 else text
        if depth and pick < 0.65:
            return f"NOT {self.condition(depth - 1)}"
        return self.leaf()

    def leaf(self) -> str:
        number, other = self.random.choice("ab"), self.random.choice("ab123")
        compared = self.random.choice(list(_COMPARED))
        low, high = self.random.randint(0, 3), self.random.randint(0, 3)
        return self.random.choice(
            [
                f"{number} {compared} {other}",
                f"{low} {compared} {number}",
                f"{number} IS NULL",
                f"{number} IS NOT NULL",
                f"{number} IS DISTINCT FROM {other}",
                f"{number} IS NOT DISTINCT FROM {low}",
                f"{number} BETWEEN {low} AND {high}",
                f"{number} NOT BETWEEN {low} AND {high}",
                f"{number} IN ({low}, {high})",
                f"{number} NOT IN ({low}, {high})",
                f"{number} IN ({low}, {high}, NULL)",
                f"{number} = ANY(ARRAY[{low}, {high}])",
                f"{number} <> ALL('{{{low},{high}}}'::int[])",
                f"(a, b) {compared} ({low}, {high})",
                f"(a, b) IN (({low}, {high}), (1, 1))",
                "f",
                "f IS TRUE",
                "f IS NOT TRUE",
                "f IS FALSE",
                "f = true",
                "f <> true",
                "f = false",
                "s LIKE 'a%'",
                "s NOT LIKE '%c'",
                "s ILIKE 'AB%'",
                "s LIKE 'c!%' ESCAPE '!'",
                "1 = 1",
                "1 = 0",
                "true",
                "false",
            ]
        )


def _value(term: Term, row: Row) -> Any:
    if term.kind is TermKind.COLUMN:
        return row[term.column]
    assert term.kind is TermKind.CONSTANT
    if term.text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[term.text]
    return term.text[1:-1] if term.text[0] == "'" else int(term.text)


def _like(value: str, pattern: str) -> bool:
    fixed = pattern.replace("\\%", "\0")
    if fixed.endswith("%") and fixed.count("%") == 1:
        return value.startswith(fixed[:-1].replace("\0", "%"))
    if fixed.startswith("%") and fixed.count("%") == 1:
        return value.endswith(fixed[1:].replace("\0", "%"))
    return value == fixed.replace("\0", "%")


def truth(predicate: Predicate | None, row: Row) -> bool | None:
    """Whether a condition is true for a row, in SQL's logic."""
    if predicate is None:
        return True
    if isinstance(predicate, And):
        found = [truth(part, row) for part in predicate.parts]
        return False if False in found else None if None in found else True
    if isinstance(predicate, Or):
        found = [truth(part, row) for part in predicate.parts]
        return True if True in found else None if None in found else False
    if isinstance(predicate, Not):
        inner = truth(predicate.part, row)
        return None if inner is None else not inner
    if isinstance(predicate, Opaque):
        assert predicate.text == "false", predicate
        return False
    assert isinstance(predicate, Comparison)
    return _compared(predicate, row)


def _compared(predicate: Comparison, row: Row) -> bool | None:
    left, sign = _value(predicate.left, row), predicate.operator
    if sign in ("is null", "is not null"):
        return (left is None) is (sign == "is null")
    if sign in ("is true", "is not true", "is false", "is not false"):
        return (left is (sign.endswith("true"))) is ("not" not in sign)
    if sign in ("in", "not in"):
        items = [None if one == "null" else int(one.strip("'")) for one in predicate.right.text.strip("()").split(", ")]
        if left is None:
            return None
        within = True if left in items else None if None in items else False
        return within if sign == "in" or within is None else not within
    right = _value(predicate.right, row)
    if sign in ("is distinct from", "is not distinct from"):
        return (left == right) is (sign == "is not distinct from")
    if left is None or right is None:
        return None
    if sign.endswith("like"):
        found = _like(left.lower(), right.lower()) if "ilike" in sign else _like(left, right)
        return found is ("not" not in sign)
    return _COMPARED[sign](left, right)


@pytest.mark.parametrize("seed", range(5))
def test_a_condition_keeps_the_rows_that_postgresql_keeps(seed: int) -> None:
    sentence = Sentence(seed)
    with postgres_server.database("conditions") as connection:
        connection.autocommit = True
        connection.execute("DROP TABLE IF EXISTS r")
        connection.execute("CREATE TABLE r (id int, a int, b int, f bool, s text)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO r VALUES (%(id)s, %(a)s, %(b)s, %(f)s, %(s)s)", ROWS)
        checked = 0
        for _ in range(150):
            text = sentence.condition()
            sql = f"SELECT id FROM r WHERE {text}"
            try:
                kept = {row[0] for row in connection.execute(sql)}
            except Exception as error:
                assert type(error).__module__.startswith("psycopg")
                continue
            parsed = parse(sql)
            assert not parsed.not_understood, (text, parsed.not_understood)
            condition = parsed.queries[0].where
            assert {row["id"] for row in ROWS if truth(condition, row)} == kept, text
            checked += 1
        assert checked > 100
