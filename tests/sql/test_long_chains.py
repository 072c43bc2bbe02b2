"""A chain of OR with thousands of alternatives is read as the short chain that asks the same of the indexes; chains of unlike alternatives stay whole."""

from __future__ import annotations

import pytest

from backend_lint.facts.query import Or
from backend_lint.sql.conditions import predicate_text
from backend_lint.sql.parse import parse


def arms(text: str) -> list[str]:
    (query,) = parse(text).queries
    where = query.where
    assert isinstance(where, Or)
    return [predicate_text(one) for one in where.parts]


ARMS = ("a = {0}", "(a = {0} AND b > {0})", "a = {0} AND b BETWEEN 1 AND {0}", "(a, b) = ({0}, 'x')", "a IN (SELECT x FROM s WHERE y = {0})")


@pytest.mark.parametrize("arm", ARMS)
def test_alternatives_of_one_shape_are_counted_not_read(arm: str) -> None:
    text = "SELECT * FROM t WHERE " + " OR ".join(arm.format(number) for number in range(3000))
    found = arms(text)
    assert 50 <= len(found) <= 53
    assert found[0] == arms("SELECT * FROM t WHERE " + " OR ".join(arm.format(number) for number in range(2)))[0]


def test_an_alternative_of_another_kind_is_never_lost() -> None:
    parts = [f"a = {number}" for number in range(3000)]
    for place, other in ((0, "b = 1"), (1500, "c IS NULL"), (3002, "d > 5")):
        parts.insert(place, other)
    found = arms("SELECT * FROM t WHERE " + " OR ".join(parts))
    assert {"b = 1", "c is null", "d > 5"} <= set(found)


def test_what_stands_beside_the_chain_stays() -> None:
    chain = " OR ".join(f"a = {number}" for number in range(3000))
    (query,) = parse(f"SELECT CASE WHEN x OR y OR z THEN 1 END, {'q OR ' * 3000}q FROM t WHERE k = 9 AND ({chain}) ORDER BY n LIMIT 5").queries
    assert predicate_text(query.where).startswith("k = 9 and (a = 0 or a = 1 or")
    assert (query.limit, len(query.order)) == (5, 1)
