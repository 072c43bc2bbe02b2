"""Long chains of OR made short: ten thousand alternatives that differ only in their literals say no more of the indexes that serve them than fifty do."""

from __future__ import annotations

from collections import Counter

from backend_lint.sql.parameters import Token

_MANY_TOKENS = 4000
_KEPT = 50
"""Alternatives of one shape."""
_VALUES = frozenset({"string", "number", "parameter", "hole"})
_ENDS = frozenset(
    "SELECT FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH UNION INTERSECT EXCEPT JOIN ON USING SET VALUES RETURNING WINDOW CASE WHEN THEN ELSE END".split()
)
"""Words beside which OR may join something else than whole alternatives."""


def shortened(tokens: list[Token]) -> list[Token]:
    """The same without the alternatives of a chain after the fiftieth of a shape; the first and the last of a chain stay.

    >>> from backend_lint.sql.parameters import statements
    >>> text = "SELECT 1 FROM t WHERE " + " OR ".join(f"(a = {number} AND b > 'x')" for number in range(2000))
    >>> next(statements(text)).text.count(" OR ")
    51
    """
    if len(tokens) < _MANY_TOKENS:
        return tokens
    kept: list[Token] = []
    opened: list[tuple[int, Counter[tuple[str, ...]]]] = [(-1, Counter())]
    for token in tokens:
        word = token.upper if token.kind == "word" else ""
        start, shapes = opened[-1]
        if token.text == "(":
            opened.append((-1, Counter()))
        elif token.text == ")":
            if len(opened) > 1:
                opened.pop()
        elif word == "OR":
            if start >= 0:
                shape = tuple("?" if one.kind in _VALUES else one.upper or one.text for one in kept[start + 1 :])
                shapes[shape] += 1
                if shapes[shape] > _KEPT:
                    del kept[start:]
            opened[-1] = len(kept), shapes
        elif word in _ENDS or token.text in (",", ";"):
            opened[-1] = -1, shapes
        kept.append(token)
    return kept
