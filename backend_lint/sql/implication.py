"""Whether a query's condition proves the condition of a partial index, as PostgreSQL proves it: by simple steps, and from constants only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from backend_lint.facts.query import And, Comparison, Not, Opaque, Or, Predicate, Term, TermKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.clauses import key_text, unquoted

MOST_ARMS = 500
"""A longer OR proves nothing: PostgreSQL gives up at 100 in a list."""
_TESTS = frozenset({"is true", "is false", "is not true", "is not false"})
_NOT_STRICT = frozenset({"is null", "is distinct from", "is not distinct from"}) | _TESTS
_TRUTHS = {"true": True, "false": False, "t": True, "f": False}
_BOUNDS = frozenset({"<", "<=", ">", ">="})
_NOT_STRICT_TEXT = lazy_regex(r"\b(?:coalesce|case|concat|concat_ws|nullif|num_nulls|is)\b|\b(?:greatest|least|format|row|array)\b")
_PLAIN = lazy_regex(r"[a-z]+\Z")
"""Letters that every collation sorts alike."""
_DATE = lazy_regex(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?\Z")

Value = Decimal | str


def implied(condition: Predicate, known: Sequence[Predicate], constants: bool = True) -> bool | None:
    """Whether `known`, which all hold, prove `condition`. None: only for some values of a parameter. Columns of both are those of one
    relation. `constants`: the database compares constants with each other (SQLite does not)."""
    if isinstance(condition, And):
        return _all(implied(part, known, constants) for part in condition.parts)
    if any(alike(one, condition) for one in known):
        return True
    found: bool | None = False
    if isinstance(condition, Or):
        found = _any([*(implied(part, known, constants) for part in condition.parts), *(_each_value(one, condition, constants) for one in known)])
    elif isinstance(condition, Comparison):
        found = _any(_proves(one, condition, constants) for one in known if isinstance(one, Comparison))
    if found:
        return True
    for one in known:
        if isinstance(one, Or) and len(one.parts) <= MOST_ARMS:
            others = [other for other in known if other is not one and not isinstance(other, Or)]
            arms = _all(implied(condition, [*_conjuncts(arm), *others], constants) for arm in one.parts)
            if arms:
                return True
            found = None if arms is None else found
    return found


def _each_value(known: Predicate, condition: Or, constants: bool) -> bool:
    """Every value of an IN list proves some way of the OR."""
    if not isinstance(known, Comparison) or known.operator != "in" or known.right.kind is not TermKind.CONSTANT:
        return False
    items = _items(known.right.text)
    singles = [Comparison(known.left, "=", Term(TermKind.CONSTANT, text=item)) for item in items[:MOST_ARMS]]
    return bool(items) and len(items) <= MOST_ARMS and all(_any(implied(part, [single], constants) for part in condition.parts) for single in singles)


def _conjuncts(predicate: Predicate) -> Sequence[Predicate]:
    return predicate.parts if isinstance(predicate, And) else (predicate,)


def _all(answers: object) -> bool | None:
    doubt = False
    for answer in answers:  # type: ignore[attr-defined]
        if answer is False:
            return False
        doubt = doubt or answer is None
    return None if doubt else True


def _any(answers: object) -> bool | None:
    doubt = False
    for answer in answers:  # type: ignore[attr-defined]
        if answer:
            return True
        doubt = doubt or answer is None
    return None if doubt else False


def alike(one: Predicate, other: Predicate) -> bool:
    """The same condition, whatever number its relation has."""
    if isinstance(one, Comparison) and isinstance(other, Comparison):
        return (
            one.operator == other.operator
            and one.left.collation == other.left.collation
            and key_text(one.left) == key_text(other.left)
            and (one.right == other.right or _constant_text(one) == _constant_text(other) is not None)
        )
    if isinstance(one, Not) and isinstance(other, Not):
        return alike(one.part, other.part)
    if isinstance(one, (And, Or)) and type(one) is type(other) and isinstance(other, (And, Or)):
        return len(one.parts) == len(other.parts) and all(map(alike, one.parts, other.parts))
    return isinstance(one, Opaque) and isinstance(other, Opaque) and one.text == other.text


def _constant_text(comparison: Comparison) -> str | None:
    return comparison.right.text if comparison.right.kind is TermKind.CONSTANT else None


def _proves(known: Comparison, wanted: Comparison, constants: bool) -> bool | None:
    if wanted.operator == "is not null" and _speaks_of(known, key_text(wanted.left)):
        return True
    if (
        key_text(known.left) != key_text(wanted.left)
        or known.left.collation != wanted.left.collation
        or known.left.kind not in (TermKind.COLUMN, TermKind.EXPRESSION)
    ):
        return False
    if known.operator in _TESTS or wanted.operator in _TESTS:
        return False  # PostgreSQL does not know that IS TRUE is = true; only the same test proves a test
    told, asked = truth(known), truth(wanted)
    if told is not None and asked is not None:
        return told == asked
    if wanted.right.kind is not TermKind.CONSTANT or not constants:
        return False
    if known.right.kind is not TermKind.CONSTANT:
        # a value that comes at run time may be the one; that it lies beyond a bound is not to be expected, unless all texts but the empty one do
        compared = ("=", "in", "<>", "not in", ">") if wanted.right.text == "''" else ("=", "in", "<>", "not in")
        fits = known.right.kind is TermKind.PARAMETER and known.operator in ("=", "in", "<>") and wanted.operator in compared
        return None if fits else False
    return _constants_prove(known, wanted)


def truth(comparison: Comparison) -> bool | None:
    """What an equality says of a boolean: true, false, or nothing of the kind."""
    if comparison.operator in ("=", "<>") and comparison.right.kind is TermKind.CONSTANT:
        text = comparison.right.text.lower().strip("'")
        if text in _TRUTHS:
            return _TRUTHS[text] == (comparison.operator == "=")
    return None


def _speaks_of(known: Comparison, key: str) -> bool:
    """The comparison is not true where `key` is null."""
    if known.operator in _NOT_STRICT or truth(known) is False:
        return False
    for term in (known.left, known.right):
        if term.kind in (TermKind.COLUMN, TermKind.EXPRESSION) and key_text(term) == key:
            return True
        inside = term.columns if term.kind is TermKind.EXPRESSION else (term.column,) if term.kind is TermKind.COLUMN else ()
        if key in inside and not _NOT_STRICT_TEXT.search(term.text):
            return True
    return False


def _constants_prove(known: Comparison, wanted: Comparison) -> bool:
    given, asked = _values(known), _values(wanted)
    if not given or not asked:
        return False
    if known.operator in ("=", "in"):
        return all(_holds(value, wanted.operator, asked) for value in given)
    if known.operator in ("<>", "not in"):
        return wanted.operator in ("<>", "not in") and set(asked) <= set(given)
    if known.operator in _BOUNDS and wanted.operator in (*_BOUNDS, "<>", "not in"):
        return all(_bound_proves(known.operator, given[0], wanted.operator, value) for value in asked)
    return False


def _holds(value: Value, operator: str, asked: list[Value]) -> bool:
    if operator in ("=", "in"):
        return value in asked
    if operator in ("<>", "not in"):
        return value not in asked
    order = _order(value, asked[0]) if operator in _BOUNDS else None
    if order is None:
        return False
    return order < 0 if operator == "<" else order <= 0 if operator == "<=" else order > 0 if operator == ">" else order >= 0


def _bound_proves(given: str, bound: Value, operator: str, asked: Value) -> bool:
    order = _order(bound, asked)
    if order is None:
        return False
    if operator in ("<>", "not in"):
        return (given[0] == "<" and (order < 0 or (order == 0 and given == "<"))) or (given[0] == ">" and (order > 0 or (order == 0 and given == ">")))
    if given[0] != operator[0]:
        return False
    if order == 0:
        return given == operator or len(operator) == 2
    return order < 0 if given[0] == "<" else order > 0


def _order(one: Value, other: Value) -> int | None:
    """-1, 0 or 1; None where the order depends on a collation."""
    if one == other:
        return 0
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return -1 if one < other else 1
    if isinstance(one, str) and isinstance(other, str) and _DATE.match(one) and _DATE.match(other):
        return -1 if one.replace("T", " ") < other.replace("T", " ") else 1
    if isinstance(one, str) and isinstance(other, str) and _PLAIN.match(one) and _PLAIN.match(other):
        return -1 if one < other else 1
    return None


def _values(comparison: Comparison) -> list[Value]:
    """The constants on the right; empty if they are not understood."""
    text = comparison.right.text
    if comparison.operator in ("in", "not in"):
        texts = _items(text)
    else:
        texts = [text]
    found = [_value(one) for one in texts]
    return [] if any(one is None for one in found) else [one for one in found if one is not None]


def _value(text: str) -> Value | None:
    if text.lower() == "null":
        return None
    string = unquoted(text)
    if string is not None:
        return string
    try:
        return Decimal(text.partition("::")[0].strip("()"))
    except InvalidOperation:
        return None


def _items(text: str) -> list[str]:
    """The texts in ``(1, 'a, b')``."""
    return [item.strip() for item in re.findall(r"\s*('(?:[^']|'')*'(?:::\w+)?|[^',()\s][^',()]*)\s*", text[1:-1])] if text[:1] == "(" else []
