"""Expressions and conditions inside declarations: simple ones are read here, without sqlglot, the others by it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from backend_lint.facts.query import Opaque, Predicate, Term
from backend_lint.facts.schema import Dialect
from backend_lint.sql import conditions, text
from backend_lint.sql.tokens import Cursor, NotUnderstoodError, Token


class Condition(NamedTuple):
    """A condition over one table. `text` is canonical where `understood`, else as written. `predicate` is over relation 0."""

    text: str
    predicate: Predicate
    understood: bool


class Expression(NamedTuple):
    """An expression over one table. `text` is canonical where `understood`, else as written."""

    text: str
    understood: bool


_CONSTANTS = {"true": "boolean", "false": "boolean", "null": ""}
_COMPARISONS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_FOREIGN = frozenset(
    "and or not is in like ilike between case when then else end any all some exists select from where distinct interval at similar escape array "
    "row over current_date current_timestamp current_time localtime localtimestamp cast extract position substring trim overlay convert date "
    "timestamp time collate".split()
)
"""Words that are more than a column or a function here; what holds one of them goes to the whole parser."""


_LONGEST = 8000
"""Characters of an expression that is parsed."""


class _BeyondError(Exception):
    """More than this small reader knows."""


@lru_cache(maxsize=2048)
def expression(written: str, dialect: Dialect) -> Expression:
    """An expression such as an index key or a generated column's."""
    try:
        cursor = Cursor(written, dialect)
        small = _value(cursor)
        if not cursor.done():
            raise _BeyondError
        return Expression(small.text or text.column(small.column), True)
    except (_BeyondError, NotUnderstoodError, RecursionError):
        return _parsed_expression(written, dialect)


@lru_cache(maxsize=2048)
def condition(written: str, dialect: Dialect) -> Condition:
    """A condition such as that of a partial index or a check."""
    try:
        cursor = Cursor(written, dialect)
        predicate, canonical = _conjunction(cursor)
        if not cursor.done():
            raise _BeyondError
        return Condition(canonical, predicate, True)
    except (_BeyondError, NotUnderstoodError, RecursionError):
        return _parsed_condition(written, dialect)


# -- the small reader


def _conjunction(cursor: Cursor) -> tuple[Predicate, str]:
    parts = [_comparison(cursor)]
    while cursor.take("and"):
        parts.append(_comparison(cursor))
    joined = conditions.conjunction(part for part, _ in parts)
    assert joined is not None
    written = parts[0][1]
    for _, one in parts[1:]:
        written = text.binary(written, "and", one)
    return joined, written


def _comparison(cursor: Cursor) -> tuple[Predicate, str]:
    if cursor.is_next("("):
        start = cursor.at
        try:
            cursor.at += 1
            inside = _conjunction(cursor)
            cursor.expect(")")
            if cursor.done() or cursor.token.lower in ("and", ")"):
                return inside
        except (_BeyondError, NotUnderstoodError):
            pass
        cursor.at = start
    if cursor.take("not"):
        column = _value(cursor)
        if column.column and not column.cast and (cursor.done() or cursor.token.lower in ("and", ")")):
            return conditions.comparison(column, "=", conditions.FALSE), text.prefix("not", text.column(column.column))
        raise _BeyondError
    left = _value(cursor)
    written = left.text or text.column(left.column)
    if cursor.take("is"):
        negated = cursor.take("not")
        what = cursor.take_any("null", "true", "false")
        if not what:
            raise _BeyondError
        operator = f"is {'not ' * negated}{what}"
        return conditions.test(left, operator), f"{text.binary(written, 'is', 'null')[:-4]}{operator[3:]}"
    operator = cursor.token.lower
    if operator in _COMPARISONS:
        cursor.at += 1
        right = _value(cursor)
        operator = "<>" if operator == "!=" else operator
        return conditions.comparison(left, operator, right), text.binary(written, operator, right.text or text.column(right.column))
    if left.column and not left.cast and (cursor.done() or operator in ("and", ")")):
        return conditions.comparison(left, "=", conditions.TRUE), written
    raise _BeyondError


def _value(cursor: Cursor) -> Term:
    """A column, a constant, or a call of a function with such arguments."""
    token = cursor.token
    if token.kind == "number":
        cursor.at += 1
        return conditions.constant(token.text)
    if token.kind == "string" and token.text[0] == "'" and "\\" not in token.text:
        cursor.at += 1
        return _cast_constant(cursor, token)
    if token.kind == "word" and token.lower in _CONSTANTS:
        cursor.at += 1
        return conditions.constant(token.lower, _CONSTANTS[token.lower])
    if token.kind == "sign" and token.text == "(":
        cursor.at += 1
        inside = _value(cursor)
        cursor.expect(")")
        return _beyond_casts(cursor, inside)
    if token.kind == "name" or (token.kind == "word" and token.lower not in _FOREIGN):
        return _beyond_casts(cursor, _named(cursor))
    raise _BeyondError


def _beyond_casts(cursor: Cursor, term: Term) -> Term:
    if cursor.token.kind == "sign" and cursor.token.text not in (*_COMPARISONS, ")", ","):
        raise _BeyondError
    return term


def _cast_constant(cursor: Cursor, token: Token) -> Term:
    """``'a'::text`` of pg_dump: a text constant."""
    if cursor.take("::"):
        kind = cursor.take_any("text", "varchar", "bpchar") or ("varchar" if cursor.take("character", "varying") else "")
        if not kind or (cursor.token.kind == "sign" and cursor.token.text in ("(", "[", "::")):
            raise _BeyondError
    return conditions.constant(token.text)


def _named(cursor: Cursor) -> Term:
    quoted = cursor.token.kind == "name"
    name = cursor.name()
    if not cursor.is_next("("):
        if cursor.is_next(".") or cursor.is_next("["):
            raise _BeyondError
        return conditions.column(0, name if quoted else name.lower() if cursor.dialect is Dialect.POSTGRESQL else name)
    if quoted:
        raise _BeyondError
    cursor.at += 1
    arguments: list[Term] = []
    while not cursor.take(")"):
        if arguments:
            cursor.expect(",")
        arguments.append(_value(cursor))
    called = text.call(name, *(term.text or text.column(term.column) for term in arguments))
    columns = [column for term in arguments for column in ((term.column,) if term.column else term.columns)]
    if "::" in called or not columns:
        raise _BeyondError
    return conditions.expression(0, called, columns)


# -- the whole parser


def _parsed_expression(written: str, dialect: Dialect) -> Expression:
    from backend_lint.sql.parse_grammar import NotParsedError, syntax_tree

    try:
        if len(written) > _LONGEST:
            raise NotParsedError("too long")
        tree = syntax_tree(f"SELECT {written} FROM t", dialect, _depth(written))
        selected: list[Any] = list(tree.args.get("expressions") or ())
        if len(selected) == 1 and type(selected[0]).__name__ not in ("Alias", "Star"):
            return Expression(text.canonical(selected[0], dialect), True)
    except (NotParsedError, RecursionError):
        pass
    return Expression(_plain(written), False)


def _parsed_condition(written: str, dialect: Dialect) -> Condition:
    from backend_lint.sql.parse import parse
    from backend_lint.sql.parse_grammar import NotParsedError, syntax_tree

    try:
        if len(written) > _LONGEST:
            raise NotParsedError("too long")
        where = syntax_tree(f"SELECT 1 FROM t WHERE {written}", dialect, _depth(written)).args.get("where")
        queries = parse(f"SELECT 1 FROM t WHERE {written}", dialect).queries
        if where is not None and len(queries) == 1 and queries[0].where is not None:
            return Condition(text.canonical(where.this, dialect), queries[0].where, not queries[0].unknown)
    except (NotParsedError, RecursionError):
        pass
    plain = _plain(written)
    return Condition(plain, Opaque(plain, (0,)), False)


def _plain(written: str) -> str:
    return " ".join(written.split())


def _depth(written: str) -> int:
    depth = deepest = 0
    for sign in written:
        if sign in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in ")]":
            depth -= 1
    return deepest
