"""Whatever the text, nothing is raised and nothing is invented: random text, random statements of known meaning, and SQL's three truth values."""

from __future__ import annotations

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lint.facts.query import And, Comparison, Not, Or, Predicate
from backend_lint.facts.schema import Dialect
from backend_lint.sql import conditions
from backend_lint.sql.conditions import column, comparison, conjunction, conjuncts, constant, disjunction, is_in, negate, parameter
from backend_lint.sql.parameters import HOLE, LIST
from backend_lint.sql.parse import Parsed, parse

_WORDS = (
    "SELECT FROM WHERE AND OR NOT IN ( ) ( ) , . ; = < > <> * a b t u 'x' 1 2.5 %s :n ? $1 NULL IS LIKE BETWEEN JOIN LEFT ON USING WITH AS UPDATE SET DELETE "
    "INSERT INTO VALUES ORDER BY GROUP LIMIT OFFSET UNION ALL EXISTS CASE WHEN THEN END CAST :: int [ ] ARRAY ANY -> ->> @> && || - + ~ \" ' ` -- /* */ $$ "
    "LATERAL RETURNING CONFLICT ON DO DISTINCT OVER PARTITION INTERVAL COLLATE FOR MERGE CREATE TABLE {x} %% @v \\ #"
).split()
_TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from([*_WORDS, HOLE, LIST]), st.text(max_size=3)), max_size=30).map(" ".join),
    st.lists(st.sampled_from(_WORDS), max_size=25).map(lambda words: "SELECT * FROM t WHERE " + " ".join(words)),
)


@settings(max_examples=400, deadline=None)
@given(_TEXTS, st.sampled_from(list(Dialect)))
def test_any_text_is_read_or_said_not_to_be(text: str, dialect: Dialect) -> None:
    found = parse(text, dialect)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Parsed) == found
    for query in found.queries:
        assert all(relation.subquery < len(query.subqueries) for relation in query.relations)


# -- statements of known meaning

_COLUMNS = st.sampled_from(["a", "b", "c", "created", "e_1"])
_VALUES = st.one_of(
    st.integers(0, 9).map(lambda n: (str(n), constant(str(n)))),
    st.sampled_from(["%s", "%(n)s", ":n", "$1", "?"]).map(lambda sign: (sign, parameter())),
    st.just(("'x'", constant("'x'"))),
)
Written = tuple[str, Predicate]


def _compared(parts: tuple[str, str, tuple[str, Any], bool]) -> Written:
    name, operator, (sql, term), swapped = parts
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
    return (f"{sql} {turned} t.{name}" if swapped else f"{name.upper()} {operator} {sql}"), comparison(column(0, name), operator, term)


_LEAVES = st.one_of(
    st.tuples(_COLUMNS, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), _VALUES, st.booleans()).map(_compared),
    _COLUMNS.map(lambda name: (f"{name} IS NULL", conditions.test(column(0, name), "is null"))),
    st.tuples(_COLUMNS, st.lists(st.integers(0, 9), min_size=2, max_size=3)).map(
        lambda parts: (f"{parts[0]} in ({','.join(map(str, parts[1]))})", is_in(column(0, parts[0]), [constant(str(n)) for n in parts[1]]))
    ),
)


def _joined(inner: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def conjoined(parts: list[Written]) -> Written:
        return " AND ".join(f"({sql})" for sql, _ in parts), conjunction([one for _, one in parts])  # type: ignore[return-value]

    def disjoined(parts: list[Written]) -> Written:
        return "\n OR ".join(f"({sql})" for sql, _ in parts), disjunction([one for _, one in parts])  # type: ignore[return-value]

    lists = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(lists.map(conjoined), lists.map(disjoined), inner.map(lambda one: (f"NOT /* */ ({one[0]})", negate(one[1]))))


@settings(max_examples=200, deadline=None)
@given(st.recursive(_LEAVES, _joined, max_leaves=8), _COLUMNS, st.booleans(), st.integers(1, 99))
def test_a_statement_means_what_it_was_made_to_mean(condition: Written, key: str, descending: bool, limit: int) -> None:
    sql, expected = condition
    parsed = parse(f"select *\nfrom T -- all\nwhere {sql} ORDER BY {key}{' DESC' if descending else ''} LIMIT {limit};")
    assert not parsed.not_understood
    (query,) = parsed.queries
    assert query.relations[0].table == "t"
    assert query.where == expected
    assert query.limit == limit
    assert (query.order[0].term, query.order[0].descending) == (column(0, key), descending)
    assert not query.unknown


# -- three truth values

Row = dict[str, int | None]


def truth(predicate: Predicate, row: Row) -> bool | None:
    """What a condition over integers is for a row: true, false or null."""
    if isinstance(predicate, And):
        found = [truth(part, row) for part in predicate.parts]
        return False if False in found else None if None in found else True
    if isinstance(predicate, Or):
        found = [truth(part, row) for part in predicate.parts]
        return True if True in found else None if None in found else False
    if isinstance(predicate, Not):
        inner = truth(predicate.part, row)
        return None if inner is None else not inner
    assert isinstance(predicate, Comparison)
    value = row[predicate.left.column]
    operator = predicate.operator
    if operator in ("is null", "is not null"):
        return (value is None) is (operator == "is null")
    if operator.endswith("in"):
        if value is None:
            return None
        return (str(value) in predicate.right.text.strip("()").split(", ")) is (operator == "in")
    other = None if predicate.right.text == "null" else int(predicate.right.text)
    if operator in ("is distinct from", "is not distinct from"):
        return (value == other) is (operator == "is not distinct from")
    if value is None or other is None:
        return None
    return {"=": value == other, "<>": value != other, "<": value < other, "<=": value <= other, ">": value > other, ">=": value >= other}[operator]


_OPERATORS = ["=", "<>", "<", "<=", ">", ">=", "is distinct from", "is not distinct from"]
_SIMPLE = st.one_of(
    st.tuples(st.sampled_from("ab"), st.sampled_from(_OPERATORS), st.sampled_from(["1", "2", "null"])).map(
        lambda parts: comparison(column(0, parts[0]), parts[1], constant(parts[2]))
    ),
    st.sampled_from("ab").map(lambda name: conditions.test(column(0, name), "is null")),
    st.sampled_from("ab").map(lambda name: is_in(column(0, name), [constant("1"), constant("2")])),
)
_TREES = st.recursive(
    _SIMPLE,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=6,
)
_ROWS: list[Row] = [{"a": a, "b": b} for a in (None, 1, 2, 3) for b in (None, 1, 2)]


@settings(max_examples=200, deadline=None)
@given(_TREES)
def test_a_negation_is_true_where_the_condition_is_false_and_null_where_it_is_null(predicate: Predicate) -> None:
    negated = negate(predicate)
    for row in _ROWS:
        found = truth(predicate, row)
        assert truth(negated, row) is (None if found is None else not found)


@settings(max_examples=100, deadline=None)
@given(st.lists(_TREES, min_size=1, max_size=3))
def test_a_conjunction_is_its_conjuncts(predicates: list[Predicate]) -> None:
    whole = conjunction(predicates)
    assert whole is not None
    assert conjunction(conjuncts(whole)) == whole
    for row in random.Random(1).sample(_ROWS, 6):
        assert truth(whole, row) is truth(And(tuple(predicates)), row)
