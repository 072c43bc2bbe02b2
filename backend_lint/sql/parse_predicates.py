"""Conditions: from sqlglot's nodes to `facts.query.Predicate`. A condition that is always true is None."""

from __future__ import annotations

from typing import Any, cast

from backend_lint.facts.query import Comparison, Exists, Opaque, Predicate, Term, TermKind
from backend_lint.sql.conditions import (
    TRUE,
    between,
    comparison,
    conjunction,
    constant,
    disjunction,
    is_in,
    negate,
    parameter,
    test,
)
from backend_lint.sql.expressions import BINARY
from backend_lint.sql.parameters import CLAUSE, LITERALS, MARK, PARAMETER_LIST
from backend_lint.sql.parse_scope import Frame, below, literal_count
from backend_lint.sql.parse_terms import Subquery, is_hole, pattern, shown, term

MAX_NESTING = 40
MAX_PARTS = 500
"""More members of one AND or OR than that are not told apart."""
_PLAIN = frozenset({"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "NullSafeEQ", "NullSafeNEQ"})
_OTHER = frozenset(
    (
        "RegexpLike RegexpILike SimilarTo ArrayContainsAll ArrayContainedBy ArrayOverlaps JSONBContains JSONBContainsTopKey JSONBContainsAllTopKeys "
        "JSONBContainsAnyTopKeys JSONBPathExists BitwiseLeftShift BitwiseRightShift Mod Overlaps"
    ).split()
)
_NEVER = Opaque("false")
_READS_ROWS = (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.MIXED)


class Predicates:
    """Reads conditions. `subquery` numbers a query inside them."""

    def __init__(self, subquery: Subquery) -> None:
        self.subquery = subquery

    def read(self, node: Any, frame: Frame, nesting: int = 0) -> Predicate | None:
        """The condition that a node is; None if it always holds."""
        kind = type(node).__name__
        while kind == "Paren":
            node = node.this
            kind = type(node).__name__
        if kind in ("And", "Or"):
            return self._chain(node, kind, frame, nesting)
        if nesting > MAX_NESTING:
            return opaque(node, frame)
        if kind == "Not":
            inner = self.read(node.this, frame, nesting + 1)
            return _NEVER if inner is None else None if inner == _NEVER else negate(inner)
        if kind in _PLAIN:
            return self._plain(node, BINARY[kind], frame)
        reader = _READERS.get(kind)
        if reader is not None:
            return cast("Predicate | None", reader(self, node, frame))
        if kind in _OTHER:
            return self._binary(node, BINARY[kind], frame)
        return self._truth(node, frame)

    def _chain(self, node: Any, kind: str, frame: Frame, nesting: int) -> Predicate | None:
        if nesting > MAX_NESTING:
            return opaque(node, frame)
        parts: list[Any] = []
        stack = [node]
        while stack:
            current = stack.pop()
            while type(current).__name__ == "Paren":
                current = current.this
            if type(current).__name__ == kind:
                stack += (current.expression, current.this)
            else:
                parts.append(current)
        read = [self.read(part, frame, nesting + 1) for part in parts[:MAX_PARTS]]
        if len(parts) > MAX_PARTS:
            read.append(Opaque(f"{len(parts) - MAX_PARTS} more conditions", frame.relations()))
        if kind == "And":
            return _NEVER if _NEVER in read else conjunction(read)
        if any(part is None for part in read):
            return None
        return disjunction([part for part in read if part != _NEVER]) or _NEVER

    def term(self, node: Any, frame: Frame) -> Term:
        """One side of a comparison."""
        return term(node, frame, self.subquery)

    def _plain(self, node: Any, operator: str, frame: Frame) -> Predicate | None:
        left, right = node.this, node.expression
        if type(left).__name__ == "Tuple" or type(right).__name__ == "Tuple":
            return self._rows(left, right, operator, node, frame)
        for side, other in ((right, left), (left, right)):
            if type(side).__name__ in ("Any", "All") or _is_call(side, ("any", "all", "some")):
                return self._quantified(other, side, operator, node, frame, swapped=side is left)
        return self._compared(self.term(left, frame), operator, self.term(right, frame), left, right, node, frame)

    def _compared(self, left: Term, operator: str, right: Term, left_node: Any, right_node: Any, node: Any, frame: Frame) -> Predicate | None:
        if is_hole(right_node) and left.kind in _READS_ROWS:
            right = parameter()
        elif is_hole(left_node) and right.kind in _READS_ROWS:
            left = parameter()
        if left.kind is TermKind.CONSTANT and right.kind is TermKind.CONSTANT:
            return _folded(left, operator, right)
        if left.kind not in _READS_ROWS and right.kind not in _READS_ROWS and TermKind.UNKNOWN in (left.kind, right.kind):
            return opaque(node, frame)
        return comparison(left, operator, right)

    def _rows(self, left: Any, right: Any, operator: str, node: Any, frame: Frame) -> Predicate | None:
        """``(a, b) > (x, y)``; only the first column of an inequality can lead into an index, and it is said apart."""
        lefts, rights = _items(left), _items(right)
        if len(lefts) != len(rights) or not 0 < len(lefts) <= 8 or operator not in ("=", "<>", "<", "<=", ">", ">="):
            return opaque(node, frame)
        pairs = [(self.term(one, frame), self.term(other, frame)) for one, other in zip(lefts, rights, strict=True)]
        if any(TermKind.UNKNOWN in (one.kind, other.kind) for one, other in pairs):
            return opaque(node, frame)
        if operator == "=":
            return conjunction([comparison(one, "=", other) for one, other in pairs])
        if operator == "<>":
            return disjunction([comparison(one, "<>", other) for one, other in pairs])
        strict = operator[0]
        found: Predicate | None = comparison(pairs[-1][0], operator, pairs[-1][1])
        for one, other in reversed(pairs[:-1]):
            found = disjunction([comparison(one, strict, other), conjunction([comparison(one, "=", other), found])])
        return found if len(pairs) == 1 else conjunction([comparison(pairs[0][0], strict + "=", pairs[0][1]), found])

    def _quantified(self, subject: Any, side: Any, operator: str, node: Any, frame: Frame, swapped: bool) -> Predicate | None:
        """``a = ANY (list)`` is IN, ``a <> ALL (list)`` is NOT IN."""
        every = type(side).__name__ == "All" or _is_call(side, ("all",))
        held = side.expressions[0] if type(side).__name__ == "Anonymous" and side.expressions else side.this
        while type(held).__name__ == "Paren":
            held = held.this
        if not swapped and type(held).__name__ == "Column" and self.term(held, frame).kind is TermKind.COLUMN:
            return self._truth(node, frame)  # a value in an array column: computed for each row
        left = self.term(subject, frame)
        if swapped or (operator, every) not in (("=", False), ("<>", True)) or left.kind in (TermKind.UNKNOWN, TermKind.SUBQUERY):
            return opaque(node, frame)
        found = self._member(left, held, frame)
        return opaque(node, frame) if found is None else negate(found) if every else found

    def _member(self, left: Term, held: Any, frame: Frame) -> Predicate | None:
        inner = held
        while type(inner).__name__ in ("Cast", "Paren"):
            inner = inner.this
        kind = type(inner).__name__
        if (kind == "Array" or _is_call(inner, ("array",))) and [type(one).__name__ in ("Select", "Subquery", "Union") for one in inner.expressions] == [True]:
            self.term(inner.expressions[0], frame)  # ARRAY(SELECT ...) is computed once, before
            return comparison(left, "in", parameter())
        if kind in ("Array", "Tuple"):
            return self._list(left, inner.expressions, frame)
        if kind in ("Select", "Subquery", "Union"):
            return comparison(left, "in", self.term(inner, frame))
        right = parameter() if is_hole(inner) else self.term(held, frame)
        if right.kind is TermKind.PARAMETER or right.kind is TermKind.OUTER:
            return comparison(left, "in", right)
        if right.kind is TermKind.CONSTANT and right.text[:2] == "'{":
            items = right.text[2:-2].split(",")
            return comparison(left, "in", constant("(" + ", ".join(f"'{item}'" for item in items) + ")", right.type.removesuffix("[]")), len(items))
        return None

    def _list(self, left: Term, items: list[Any], frame: Frame) -> Predicate | None:
        if len(items) == 1:
            name = getattr(items[0].this, "name", "") if type(items[0]).__name__ == "Column" else ""
            if name.startswith(LITERALS):
                return comparison(left, "in", constant("(...)"), literal_count(name))
            if name == PARAMETER_LIST or is_hole(items[0]):
                return comparison(left, "in", parameter())
            if type(items[0]).__name__ == "Values":
                items = [row.expressions[0] if type(row).__name__ == "Tuple" else row for row in items[0].expressions]
        terms = [self.term(item, frame) for item in items]
        if len(terms) == 1:
            return comparison(left, "in", constant(f"({terms[0].text})", terms[0].type), 1) if terms[0].kind is TermKind.CONSTANT else _one(left, terms[0])
        if any(one.kind in _READS_ROWS or one.kind is TermKind.SUBQUERY for one in terms):
            return disjunction([comparison(left, "=", one) for one in terms])
        return is_in(left, terms)

    def _in(self, node: Any, frame: Frame) -> Predicate | None:
        subject = node.this
        query, field = node.args.get("query"), node.args.get("field")
        if type(subject).__name__ == "Tuple":
            return self._row_in(subject, node, frame)
        left = self.term(subject, frame)
        if left.kind is TermKind.UNKNOWN:
            if query is not None:
                self.term(query, frame)
            return opaque(node, frame)
        if query is not None:
            return comparison(left, "in", self.term(query, frame))
        if field is not None:
            held = parameter() if is_hole(field) else self.term(field, frame)
            return comparison(left, "in", held) if held.kind in (TermKind.PARAMETER, TermKind.SUBQUERY) else opaque(node, frame)
        items = node.expressions
        return self._list(left, items, frame) if items else opaque(node, frame)

    def _row_in(self, subject: Any, node: Any, frame: Frame) -> Predicate | None:
        query = node.args.get("query")
        if query is not None:
            first = self.term(subject.expressions[0], frame)
            inside = self.term(query, frame)
            rest = opaque(node, frame)
            return rest if first.kind is TermKind.UNKNOWN else conjunction([comparison(first, "in", inside), rest])
        rows = node.expressions
        if not rows or len(rows) > 50 or any(type(row).__name__ != "Tuple" for row in rows):
            return opaque(node, frame)
        return disjunction([self._rows(subject, row, "=", node, frame) for row in rows])

    def _between(self, node: Any, frame: Frame) -> Predicate | None:
        subject, low, high = node.this, node.args["low"], node.args["high"]
        if node.args.get("symmetric"):
            return disjunction([self._within(subject, *bounds, node, frame) for bounds in ((low, high), (high, low))])
        return self._within(subject, low, high, node, frame)

    def _within(self, subject: Any, low: Any, high: Any, node: Any, frame: Frame) -> Predicate | None:
        left = self.term(subject, frame)
        parts = [self._compared(left, operator, self.term(bound, frame), subject, bound, node, frame) for operator, bound in ((">=", low), ("<=", high))]
        if all(isinstance(part, Comparison) and part.left is left for part in parts):
            return between(left, *(part.right for part in parts if isinstance(part, Comparison)))
        return conjunction(parts)

    def _is(self, node: Any, frame: Frame) -> Predicate | None:
        left = self.term(node.this, frame)
        right = node.expression
        kind = type(right).__name__
        negated = kind == "Not"
        if negated:
            right = right.this
            kind = type(right).__name__
        if left.kind is TermKind.UNKNOWN or left.kind is TermKind.SUBQUERY:
            return opaque(node, frame)
        if kind == "Null":
            found: Predicate = test(left, "is null")
        elif kind == "Boolean":
            found = test(left, "is true" if right.this else "is false")
        else:
            other = self.term(right, frame)
            if other.kind not in (TermKind.CONSTANT, TermKind.PARAMETER, *_READS_ROWS):
                return opaque(node, frame)
            found = comparison(left, "is not distinct from", other)
        return negate(found) if negated else found

    def _like(self, node: Any, frame: Frame, escape: str = "\\") -> Predicate | None:
        operator = "like" if type(node).__name__ == "Like" else "ilike"
        if type(node.expression).__name__ in ("Any", "All", "Tuple") or _is_call(node.expression, ("any", "all", "some")):
            return opaque(node, frame)
        left, right = self.term(node.this, frame), self.term(node.expression, frame)
        if right.kind in (TermKind.PARAMETER, TermKind.UNKNOWN) and not is_hole(node.expression):
            known = pattern(node.expression, frame)
            if known is not None and (right.kind is TermKind.PARAMETER or not _reads(node.expression, frame)):
                right = parameter("" if known == "?" else known, right.type)
        if right.kind is TermKind.CONSTANT and escape != "\\":
            right = constant(right.text.replace("\\", "\\\\").replace(escape, "\\"), right.type)
        return self._compared(left, operator, right, node.this, node.expression, node, frame)

    def _escaped(self, node: Any, frame: Frame) -> Predicate | None:
        inner = node.this
        sign = node.expression
        known = type(sign).__name__ == "Literal" and len(sign.this) == 1
        if type(inner).__name__ not in ("Like", "ILike") or not known:
            return opaque(node, frame)
        return self._like(inner, frame, sign.this)

    def _binary(self, node: Any, operator: str, frame: Frame) -> Predicate | None:
        if _is_call(node.expression, ("any", "all", "some")) or type(node.expression).__name__ in ("Any", "All"):
            return opaque(node, frame)
        left, right = self.term(node.this, frame), self.term(node.expression, frame)
        return self._compared(left, operator, right, node.this, node.expression, node, frame)

    def _match(self, node: Any, frame: Frame) -> Predicate | None:
        """``vector @@ query``; MySQL's ``MATCH (a, b) AGAINST (...)`` names its columns."""
        columns = node.expressions
        right = self.term(node.this, frame)
        if len(columns) == 1:
            left = self.term(columns[0], frame)
        else:
            terms = [self.term(one, frame) for one in columns]
            relations = {one.relation for one in terms}
            if len(relations) != 1 or any(one.kind is not TermKind.COLUMN for one in terms):
                return opaque(node, frame)
            names = tuple(one.column for one in terms)
            left = Term(TermKind.EXPRESSION, relations.pop(), text=f"match({', '.join(names)})", columns=names)
        if TermKind.UNKNOWN in (left.kind, right.kind) and not is_hole(node.this):
            return opaque(node, frame)
        return comparison(left, "@@", parameter() if is_hole(node.this) else right)

    def _operator(self, node: Any, frame: Frame) -> Predicate | None:
        operator = str(node.args.get("operator") or "")
        if MARK in operator:
            return opaque(node, frame)
        if operator == "^@":
            return self._begins(node.this, node.expression, node, frame)
        return self._binary(node, operator.rpartition(".")[2].lower(), frame) if operator.rpartition(".")[2] in _OPERATORS else opaque(node, frame)

    def _begins(self, subject: Any, start: Any, node: Any, frame: Frame) -> Predicate | None:
        """``starts_with(a, 'x')`` and ``a ^@ 'x'``."""
        left, right = self.term(subject, frame), self.term(start, frame)
        known = left.kind in _READS_ROWS and right.kind in (TermKind.PARAMETER, TermKind.CONSTANT)
        return comparison(left, "^@", right) if known else opaque(node, frame)

    def _exists(self, node: Any, frame: Frame) -> Predicate | None:
        if type(node.this).__name__ not in ("Select", "Subquery", "Union", "Intersect", "Except"):
            return opaque(node, frame)
        number = self.subquery(node.this, frame)
        return Exists(number) if number >= 0 else opaque(node, frame)

    def _truth(self, node: Any, frame: Frame) -> Predicate | None:
        """An expression that is true or false by itself."""
        kind = type(node).__name__
        if kind == "Boolean":
            return None if node.this else _NEVER
        if kind == "Literal" and not node.args.get("is_string"):
            return None if node.this.strip("0.") else _NEVER
        if kind == "Column" and node.args.get("table") is None and getattr(node.this, "name", "") == CLAUSE:
            return opaque(node, frame)
        if _is_call(node, ("starts_with",)) and len(node.expressions) == 2:
            return self._begins(node.expressions[0], node.expressions[1], node, frame)
        found = self.term(node, frame)
        if found.kind in (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.OUTER, TermKind.PARAMETER):
            return Comparison(found, "=", TRUE)
        return opaque(node, frame)


def _one(left: Term, item: Term) -> Predicate:
    if item.kind in _READS_ROWS or item.kind is TermKind.SUBQUERY:
        return comparison(left, "=", item)
    return comparison(left, "in", item if item.kind is not TermKind.CONSTANT else constant(f"({item.text})"), 1)


def _folded(left: Term, operator: str, right: Term) -> Predicate | None:
    """Two constants: ``1 = 1`` holds, ``1 = 0`` does not, all else is left alone."""
    numbers = left.text.isdigit() and right.text.isdigit()
    if operator == "=" and left.text == right.text and left.text != "null":
        return None
    if operator == "=" and numbers:
        return _NEVER
    if operator == "<>" and numbers:
        return None if left.text != right.text else _NEVER
    return Opaque(f"{left.text} {operator} {right.text}")


def _items(node: Any) -> list[Any]:
    return list(node.expressions) if type(node).__name__ == "Tuple" else []


def _is_call(node: Any, names: tuple[str, ...]) -> bool:
    return type(node).__name__ == "Anonymous" and isinstance(node.this, str) and node.this.lower() in names


def _reads(node: Any, frame: Frame) -> bool:
    return any(type(inner).__name__ == "Column" and frame.column(inner).kind in _READS_ROWS for inner in below(node))


def opaque(node: Any, frame: Frame) -> Opaque:
    """A condition nobody may reason from, with the relations that it may restrict."""
    relations: set[int] = set()
    for inner in below(node):
        if type(inner).__name__ == "Column":
            found = frame.column(inner)
            relations |= {found.relation} if found.kind is TermKind.COLUMN and found.relation >= 0 else set(frame.relations())
    return Opaque(shown(node, frame), tuple(sorted(relations)))


_OPERATORS = frozenset("= <> < <= > >= ~ ~* @> <@ && @@ ? ?| ?& % @? << >> <<= >>= ~= <% %>".split())
_READERS: dict[str, Any] = {
    "In": Predicates._in,
    "Between": Predicates._between,
    "Is": Predicates._is,
    "Like": Predicates._like,
    "ILike": Predicates._like,
    "Escape": Predicates._escaped,
    "MatchAgainst": Predicates._match,
    "Operator": Predicates._operator,
    "Exists": Predicates._exists,
}
