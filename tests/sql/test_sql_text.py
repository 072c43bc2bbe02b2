"""One spelling for every expression: two that mean the same must give one text, or an index on the one is not seen to serve the other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lint.facts.schema import Dialect
from backend_lint.sql import text
from backend_lint.sql.parse_grammar import syntax_tree


def canonical(expression: str, dialect: Dialect = Dialect.POSTGRESQL) -> str:
    return text.canonical(syntax_tree(f"SELECT {expression}", dialect, 0).expressions[0], dialect)


SAME = {
    "lower(email)": ["LOWER(email)", "lower( t.email )", "(lower((email)))", "lower(email::text)", "lower(CAST(email AS varchar))", "lower((email)::text)"],
    "created::date": ["CAST(created AS DATE)", "date(created)", "(created)::date", "t.created::date"],
    "a + b * 2": ["(a + (b * 2))", "A+B*2"],
    "(a + b) * 2": ["((a+b))*2"],
    "a || ' ' || b": ["a||' '||b", "(a || ' ') || b"],
    "data ->> 'a'": ["data->>'a'", "(data) ->> 'a'"],
    "(data ->> 'n')::integer": ["CAST(data->>'n' AS int4)"],
    "coalesce(a, '')": ["COALESCE(a, '')", "ifnull(a, '')", "coalesce(a, ''::text)"],
    "extract(year from a)": ["EXTRACT(YEAR FROM a)"],
    "a at time zone 'UTC'": ["timezone('UTC', a)", "(a AT TIME ZONE 'UTC')"],
    "to_tsvector('english', body)": ["to_tsvector('english'::regconfig, body)", "TO_TSVECTOR('english', body::text)"],
    "length(a)": ["char_length(a)", "LENGTH(a)"],
    "substring(a, 1, 3)": ["substring(a FROM 1 FOR 3)", "substr(a, 1, 3)"],
    "now()": ["now()", "CURRENT_TIMESTAMP"],
    "case when a = 1 then 'x' else 'y' end": ["CASE WHEN (a = 1) THEN 'x' ELSE 'y' END"],
    '"userId"': ['"userId"', 't."userId"'],
    "userid": ["userId", "USERID"],
    '"order"': ['"order"'],
    'a collate "C"': ['a COLLATE "C"', '(a) collate "C"'],
    "-a": ["- a", "(-a)"],
    "not a": ["NOT a", "not (a)"],
    "a is not null": ["a IS NOT NULL", "NOT a IS NULL"],
    "a not in (1, 2)": ["NOT a IN (1,2)"],
    "a[1]": ["a[1]"],
    "array['a', 'b']": ["ARRAY['a','b']"],
    "date_trunc('day', a)": ["DATE_TRUNC('day', a)"],
    "interval '1 day'": ["INTERVAL '1 day'"],
}


def test_operators_that_stand_alone_are_bracketed_on_both_sides() -> None:
    compared = text.binary(text.binary("a", "=", "a"), "<", "a")
    assert compared == "(a = a) < a"
    assert text.prefix("not", text.binary(compared, "is", "null")) == "(a = a) < a is not null"
    assert text.prefix("not", text.binary("a", "like", "b")) == "a not like b" == canonical("NOT a LIKE b")
    assert text.prefix("not", text.binary("a", "in", "(1)")) == "a not in (1)" == canonical("NOT (a IN (1))")
    assert text.binary(text.binary("a", "is", "null"), "is", "null") == "(a is null) is null" == canonical("(a IS NULL) IS NULL")
    assert text.binary(text.binary("a", "like", "b"), "like", "c") == "(a like b) like c" == canonical("(a LIKE b) LIKE c")


@pytest.mark.parametrize("expected", SAME)
def test_what_means_the_same_is_spelt_the_same(expected: str) -> None:
    assert {one: canonical(one) for one in SAME[expected]} == dict.fromkeys(SAME[expected], expected)


def test_what_is_different_stays_different() -> None:
    different = ["a - (b - c)", "a - b - c", "(a + b)::date", "a + b::date", "lower(a)", "lower(b)", "(a and b) or c", "a and (b or c)", "-(a + b)", "-a + b"]
    assert len({canonical(one) for one in different}) == len(different)


def test_builders_give_what_sql_gives() -> None:
    assert text.call("Upper", text.column("name")) == canonical("UPPER(name)")
    assert text.call("lower", text.cast("email", "text")) == canonical("lower(email)")
    assert text.cast(text.binary("data", "->>", text.literal("n")), "int") == canonical("(data->>'n')::int")
    assert text.binary(text.binary("a", "or", "b"), "and", "c") == canonical("(a OR b) AND c")
    assert text.extract("YEAR", "a") == canonical("extract(year from a)")
    assert text.collate("a", "C") == canonical('a collate "C"')
    assert text.case([("a = 1", "'x'")], "'y'") == canonical("case when a = 1 then 'x' else 'y' end")
    assert text.literal("it's") == canonical("'it''s'")
    assert text.chain("and", ["a", "b or c", "d"]) == canonical("a and (b or c) and d")


def test_functions_that_sqlglot_knows_are_read_from_any_tree() -> None:
    import sqlglot

    tree = sqlglot.parse_one("SELECT LOWER(a), DATE_TRUNC('day', b), COALESCE(c, 1), LENGTH(d), d ->> 'x', NOW()", read="postgres")
    assert [text.canonical(one) for one in tree.expressions] == ["lower(a)", "date_trunc('day', b)", "coalesce(c, 1)", "length(d)", "d ->> 'x'", "now()"]


_NAMES = st.sampled_from(["a", "b", "created", "userId", "order"])
_LITERALS = st.one_of(st.integers(0, 99), st.sampled_from(["x", "it's", ""]), st.booleans()).map(text.literal)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "||", "=", "<", ">=", "like", "and", "or"]), inner).map(lambda parts: text.binary(*parts)),
        st.tuples(st.sampled_from(["lower", "coalesce", "my_function"]), inner).map(lambda parts: text.call(*parts)),
        st.tuples(inner, st.sampled_from(["date", "integer", "varchar(40)", "timestamptz", "double precision"])).map(lambda parts: text.cast(*parts)),
        inner.map(lambda one: text.prefix("not", one)),
        inner.map(lambda one: text.binary(one, "is", "null")),
        st.tuples(inner, inner).map(lambda parts: text.case([parts])),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.one_of(_NAMES.map(text.column), _LITERALS), _larger, max_leaves=8), st.booleans())
def test_canonical_text_is_its_own_canonical_text(expression: str, bracketed: bool) -> None:
    assert canonical(f"({expression})" if bracketed else expression) == expression
