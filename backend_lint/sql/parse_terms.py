"""Sides of comparisons and keys of orders: from sqlglot's nodes to `facts.query.Term`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend_lint.facts.query import Term, TermKind
from backend_lint.facts.schema import Dialect
from backend_lint.sql.conditions import constant, expression, parameter
from backend_lint.sql.expressions import name_of, text_of, type_text
from backend_lint.sql.parameters import HOLE_NAME, MARK, is_marked
from backend_lint.sql.parse_functions import AGGREGATES, STABLE, VOLATILE
from backend_lint.sql.parse_scope import QUERIES, Frame, below
from backend_lint.sql.text import CAST_FUNCTIONS
from backend_lint.sql.types import canonical_type

MAX_TEXT = 400
_LITERALS = frozenset({"Literal", "Boolean", "Null", "National", "HexString", "BitString", "ByteString", "UnicodeString"})
_PARAMETERS = frozenset({"Placeholder", "Parameter", "SessionParameter"})
_AGGREGATE_NODES = frozenset({"GroupConcat", "JSONArrayAgg", "JSONObjectAgg", "JSONBObjectAgg", "WithinGroup", "Filter", "AnonymousAggFunc"})
_STABLE_NODES = frozenset({"CurrentTimestamp", "CurrentDate", "CurrentTime", "CurrentUser", "SessionUser", "Localtime", "Localtimestamp", "CurrentSchema"})
Subquery = Callable[[Any, Frame], int]


def term(node: Any, frame: Frame, subquery: Subquery) -> Term:
    """The term that a node is; `subquery` numbers a query inside it."""
    kind = type(node).__name__
    while kind in ("Paren", "Alias"):
        node = node.this
        kind = type(node).__name__
    if kind == "Column":
        return frame.column(node)
    if kind in _LITERALS:
        return _literal(node, frame)
    if kind == "Neg" and type(node.this).__name__ == "Literal":
        return constant(text_of(node, frame.dialect))
    if kind in _PARAMETERS:
        return parameter()
    if kind in ("Select", "Subquery", "Union", "Intersect", "Except"):
        number = subquery(node, frame)
        return Term(TermKind.SUBQUERY, number) if number >= 0 else Term(TermKind.UNKNOWN, text="(select ...)")
    if kind in ("Cast", "TryCast"):
        return _cast(node, node.this, type_text(node.args["to"], frame.dialect), frame, subquery)
    if kind == "Anonymous" and len(node.expressions) == 1 and _function_name(node) in CAST_FUNCTIONS:
        return _cast(node, node.expressions[0], canonical_type(_function_name(node)), frame, subquery)
    if kind == "Collate":
        return _collated(node, frame, subquery)
    return _expression(node, frame, subquery)


def shown(node: Any, frame: Frame) -> str:
    """The canonical text of a node, cut where it is long."""
    found = text_of(node, frame.dialect)
    return found if len(found) <= MAX_TEXT else found[:MAX_TEXT] + "..."


def _literal(node: Any, frame: Frame) -> Term:
    spelt = text_of(node, frame.dialect)
    if spelt == "?":
        inside = node.this.replace(HOLE_NAME, "?")
        return parameter("" if inside == "?" else inside)
    return constant(spelt, "boolean" if spelt in ("true", "false") else "")


def _cast(node: Any, operand: Any, type_: str, frame: Frame, subquery: Subquery) -> Term:
    if type(operand).__name__ in ("Cast", "TryCast"):
        return _expression(node, frame, subquery)
    inner = term(operand, frame, subquery)
    if inner.kind is TermKind.COLUMN and not inner.cast and not inner.collation:
        return Term(TermKind.COLUMN, inner.relation, inner.column, cast=type_)
    if inner.kind is TermKind.PARAMETER:
        return parameter(inner.text, type_)
    if inner.kind is TermKind.CONSTANT and not inner.type:
        return constant(inner.text, type_)
    if inner.kind in (TermKind.OUTER, TermKind.SUBQUERY, TermKind.UNKNOWN):
        return inner
    return _expression(node, frame, subquery)


def _collated(node: Any, frame: Frame, subquery: Subquery) -> Term:
    inner = term(node.this, frame, subquery)
    if inner.kind in (TermKind.COLUMN, TermKind.EXPRESSION):
        return Term(inner.kind, inner.relation, inner.column, inner.text, inner.columns, inner.type, inner.cast, node.expression.name)
    if inner.kind in (TermKind.CONSTANT, TermKind.PARAMETER) and frame.dialect is not Dialect.MYSQL:
        # MySQL's tables have a collation of their own, of which the schema need not speak
        return Term(inner.kind, text=inner.text, type=inner.type, collation=node.expression.name)
    return inner


def _expression(node: Any, frame: Frame, subquery: Subquery) -> Term:
    """An expression by what it reads: rows of one relation, of several, or none at all."""
    relations: set[int] = set()
    columns: set[str] = set()
    run_time = uncertain = correlated = False
    for inner in below(node):
        kind = type(inner).__name__
        if kind == "Column":
            found = frame.column(inner)
            if found.kind is TermKind.COLUMN and found.column == name_of(inner.this):
                relations.add(found.relation)
                columns.add(found.column)
            elif found.kind is TermKind.OUTER:
                correlated = True
            elif found.kind is TermKind.PARAMETER:
                run_time = True
            else:
                uncertain = True
        elif kind in _PARAMETERS or kind in _STABLE_NODES:
            run_time = True
        elif kind == "Literal":
            run_time |= MARK in inner.this
        elif kind == "Anonymous":
            name = _function_name(inner)
            if name in AGGREGATES:
                return Term(TermKind.UNKNOWN, text=shown(node, frame))
            uncertain |= name in VOLATILE or (name not in STABLE and not inner.expressions)
            run_time = True
        elif kind == "Window" or kind in _AGGREGATE_NODES:
            return Term(TermKind.UNKNOWN, text=shown(node, frame))
        elif kind in QUERIES and inner is not node:
            subquery(inner, frame)
            uncertain = True
    if uncertain:
        return Term(TermKind.UNKNOWN, text=shown(node, frame))
    if not relations:
        return _constant_expression(node, frame, run_time or correlated)
    if len(relations) > 1 or correlated:
        return Term(TermKind.MIXED, text=shown(node, frame), columns=tuple(sorted(columns)))
    return expression(relations.pop(), shown(node, frame), columns)


def _function_name(node: Any) -> str:
    name = node.this if isinstance(node.this, str) else node.this.name
    return name.lower()


def _constant_expression(node: Any, frame: Frame, run_time: bool) -> Term:
    if not run_time:
        return constant(shown(node, frame))
    if any(type(inner).__name__ == "Anonymous" and _function_name(inner) not in STABLE for inner in below(node)):
        # what somebody wrote is volatile unless they said otherwise, and then no index serves it
        return Term(TermKind.UNKNOWN, text=shown(node, frame))
    return parameter(shown(node, frame))


def pattern(node: Any, frame: Frame) -> str | None:
    """What is known of the pattern of a LIKE that is put together at run time: ``?%`` for ``%s || '%'``; None if nothing is."""
    kind = type(node).__name__
    while kind in ("Paren", "Cast", "TryCast"):
        node = node.this
        kind = type(node).__name__
    if kind == "DPipe" or kind == "SafeDPipe" or kind == "Add":
        left, right = pattern(node.this, frame), pattern(node.expression, frame)
        return None if left is None and right is None else _joined([left, right])
    if kind in ("Anonymous", "Concat") and (kind == "Concat" or _function_name(node) == "concat"):
        return _joined([pattern(one, frame) for one in node.expressions])
    if kind == "Literal" and node.args.get("is_string"):
        return str(node.this).replace(HOLE_NAME, "?")
    return None


def _joined(parts: list[str | None]) -> str:
    found = "".join("?" if part is None else part for part in parts)
    while "??" in found:
        found = found.replace("??", "?")
    return found


def is_hole(node: Any) -> bool:
    """A piece of text that is put in at run time stands alone here."""
    while type(node).__name__ in ("Paren", "Cast"):
        node = node.this
    return type(node).__name__ == "Column" and node.args.get("table") is None and getattr(node.this, "name", "") == HOLE_NAME


def output_name(node: Any) -> str:
    """The name under which something selected is known outside; empty if it has none."""
    kind = type(node).__name__
    if kind in ("Alias", "Column"):
        named = node.args.get("alias") if kind == "Alias" else node.this
        name = name_of(named) if type(named).__name__ == "Identifier" else ""
        return "" if is_marked(name) else name
    if kind in ("Cast", "Paren"):
        return output_name(node.this)
    return _function_name(node) if kind == "Anonymous" else ""
