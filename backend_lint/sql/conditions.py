"""Conditions as trees, with SQL's three truth values: what is built here is true for the rows for which the original is true, and null where it is null.

(A WHERE clause keeps a row only if the condition is true; ``NOT (a = 1)`` is null, not true, where a is null, as is ``a <> 1``.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, Predicate, Term, TermKind

NEGATED = {
    "=": "<>",
    "<": ">=",
    "<=": ">",
    "in": "not in",
    "is null": "is not null",
    "is true": "is not true",
    "is false": "is not false",
    "is distinct from": "is not distinct from",
    "like": "not like",
    "ilike": "not ilike",
    "~": "!~",
    "~*": "!~*",
}
NEGATED |= {negative: positive for positive, negative in NEGATED.items()}
MIRRORED = {
    **{operator: operator for operator in ("=", "<>", "is distinct from", "is not distinct from", "&&", "overlaps")},
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
    "@>": "<@",
    "<@": "@>",
    "<<": ">>",
    ">>": "<<",
    "<<=": ">>=",
    ">>=": "<<=",
    "~=": "~=",
    "<%": "%>",
    "%>": "<%",
    "%": "%",
    "@@": "@@",
}
"""The operator when the sides are exchanged."""
_OF_ROWS = (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.MIXED)
NOTHING = Term(TermKind.CONSTANT, text="null")
"""The right side of operators that have none (``is null``, ``is true``)."""
TRUE = Term(TermKind.CONSTANT, text="true", type="boolean")
FALSE = Term(TermKind.CONSTANT, text="false", type="boolean")


def column(relation: int, name: str, cast: str = "", collation: str = "") -> Term:
    """Column `name` of a relation."""
    return Term(TermKind.COLUMN, relation, name, cast=cast, collation=collation)


def expression(relation: int, text: str, columns: Iterable[str]) -> Term:
    """A canonical expression over columns of one relation."""
    return Term(TermKind.EXPRESSION, relation, text=text, columns=tuple(sorted(set(columns))))


def constant(text: str, type_: str = "") -> Term:
    """A literal in SQL's spelling."""
    return Term(TermKind.CONSTANT, text=text, type=type_)


def parameter(text: str = "", type_: str = "") -> Term:
    """A value known only at run time."""
    return Term(TermKind.PARAMETER, text=text, type=type_)


def comparison(left: Term, operator: str, right: Term, values: int = -1) -> Comparison:
    """``left operator right``, turned round where only the right side reads the rows. ``<> true`` is ``= false``, as for null they are both null.

    >>> comparison(constant("5"), "<", column(0, "a")).operator
    '>'
    """
    if right.kind in _OF_ROWS and (left.kind not in _OF_ROWS or (right.kind is TermKind.COLUMN and left.kind is not TermKind.COLUMN)):
        mirrored = MIRRORED.get(operator)
        if mirrored is not None:
            left, operator, right = right, mirrored, left
    if operator == "<>" and right.kind is TermKind.CONSTANT and right.text in ("true", "false"):
        return Comparison(left, "=", FALSE if right.text == "true" else TRUE)
    return Comparison(left, operator, right, values)


def test(left: Term, operator: str) -> Comparison:
    """``left is null`` and its like, which have no right side."""
    return Comparison(left, operator, NOTHING)


def between(left: Term, low: Term, high: Term) -> Predicate:
    """``left BETWEEN low AND high``."""
    return And((comparison(left, ">=", low), comparison(left, "<=", high)))


def is_in(left: Term, items: Iterable[Term]) -> Comparison:
    """``left IN (items)``; the list is one constant if all items are."""
    terms = tuple(items)
    if terms and all(term.kind is TermKind.CONSTANT for term in terms):
        return Comparison(left, "in", constant(f"({', '.join(term.text for term in terms)})", terms[0].type), len(terms))
    return Comparison(left, "in", parameter(), len(terms) if terms else -1)


def conjunction(parts: Iterable[Predicate | None]) -> Predicate | None:
    """All of `parts`; None if there are none."""
    found = tuple(_flat(parts, And))
    return None if not found else found[0] if len(found) == 1 else And(found)


def disjunction(parts: Iterable[Predicate | None]) -> Predicate | None:
    """Any of `parts`; None if there are none."""
    found = tuple(_flat(parts, Or))
    return None if not found else found[0] if len(found) == 1 else Or(found)


def _flat(parts: Iterable[Predicate | None], kind: type[And] | type[Or]) -> Iterator[Predicate]:
    for part in parts:
        if part is None:
            continue
        if isinstance(part, kind):
            yield from _flat(part.parts, kind)
        else:
            yield part


def conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    """What must all hold; empty for no condition."""
    return () if predicate is None else tuple(_flat((predicate,), And))


def disjuncts(predicate: Predicate) -> tuple[Predicate, ...]:
    """Of which one must hold."""
    return tuple(_flat((predicate,), Or))


def negate(predicate: Predicate) -> Predicate:
    """``NOT predicate``, pushed down to the comparisons.

    >>> negate(test(column(0, "a"), "is null")).operator
    'is not null'
    """
    if isinstance(predicate, And):
        return Or(tuple(_flat((negate(part) for part in predicate.parts), Or)))
    if isinstance(predicate, Or):
        return And(tuple(_flat((negate(part) for part in predicate.parts), And)))
    if isinstance(predicate, Not):
        return predicate.part
    if isinstance(predicate, Exists):
        return Exists(predicate.subquery, not predicate.negated)
    if isinstance(predicate, Comparison):
        if predicate.operator == "=" and predicate.right.kind is TermKind.CONSTANT and predicate.right.text in ("true", "false"):
            return Comparison(predicate.left, "=", FALSE if predicate.right.text == "true" else TRUE)
        operator = NEGATED.get(predicate.operator)
        return Not(predicate) if operator is None else Comparison(predicate.left, operator, predicate.right, predicate.values)
    return Opaque(f"not ({predicate.text})", predicate.relations)


def required(predicate: Predicate | None) -> Iterator[Comparison]:
    """The comparisons that must all hold, whatever else must."""
    return (part for part in conjuncts(predicate) if isinstance(part, Comparison))


def comparisons(predicate: Predicate | None) -> Iterator[Comparison]:
    """Every comparison in a condition, at any depth."""
    waiting = [predicate]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Comparison):
            yield one
        elif isinstance(one, (And, Or)):
            waiting += reversed(one.parts)
        elif isinstance(one, Not):
            waiting.append(one.part)


def mapped(predicate: Predicate, change: Callable[[Term], Term], relations: Callable[[int], int] | None = None) -> Predicate:
    """The same condition with other terms; `relations` renumbers what opaque parts name."""
    if isinstance(predicate, Comparison):
        left, right = change(predicate.left), change(predicate.right)
        return predicate if left is predicate.left and right is predicate.right else comparison(left, predicate.operator, right, predicate.values)
    if isinstance(predicate, And):
        return And(tuple(mapped(part, change, relations) for part in predicate.parts))
    if isinstance(predicate, Or):
        return Or(tuple(mapped(part, change, relations) for part in predicate.parts))
    if isinstance(predicate, Not):
        return Not(mapped(predicate.part, change, relations))
    if isinstance(predicate, Opaque) and relations is not None:
        return Opaque(predicate.text, tuple(relations(relation) for relation in predicate.relations))
    return predicate


def term_text(term: Term) -> str:
    """A side as SQL, for messages; ``?`` for what is known only at run time."""
    if term.kind is TermKind.COLUMN or term.kind is TermKind.OUTER:
        return f"{term.column}::{term.cast}" if term.cast else term.column
    if term.kind is TermKind.SUBQUERY:
        return "(select ...)"
    return term.text or "?"


def predicate_text(predicate: Predicate | None) -> str:
    """A condition as SQL, for messages."""
    if predicate is None:
        return ""
    if isinstance(predicate, Comparison):
        left = term_text(predicate.left)
        if predicate.operator.startswith("is ") and not predicate.operator.endswith("from"):
            return f"{left} {predicate.operator}"
        if predicate.operator in ("in", "not in") and predicate.right.kind is not TermKind.SUBQUERY and not predicate.right.text.startswith("("):
            return f"{left} {predicate.operator} (...)"
        return f"{left} {predicate.operator} {term_text(predicate.right)}"
    if isinstance(predicate, And):
        return " and ".join(f"({predicate_text(part)})" if isinstance(part, Or) else predicate_text(part) for part in predicate.parts)
    if isinstance(predicate, Or):
        return " or ".join(f"({predicate_text(part)})" if isinstance(part, And) else predicate_text(part) for part in predicate.parts)
    if isinstance(predicate, Not):
        return f"not ({predicate_text(predicate.part)})"
    if isinstance(predicate, Exists):
        return f"{'not ' * predicate.negated}exists (...)"
    return predicate.text
