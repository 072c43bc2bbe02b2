"""Conditions as an index sees them: a key of one relation, an operator, and a value that is at hand when the rows are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backend_lint.facts.query import And, Comparison, Or, Predicate, Term, TermKind
from backend_lint.sql.text import cast, column

EQUALITIES = frozenset({"=", "in", "is not distinct from"})
RANGES = frozenset({"<", "<=", ">", ">="})
VALUES = (TermKind.CONSTANT, TermKind.PARAMETER, TermKind.OUTER)


@dataclass(frozen=True, slots=True)
class Clause:
    """``key operator value``. `column` is empty if the key is an expression, whose canonical text is `key`.

    `others`: the nodes whose rows must be at hand first (a join); empty if the value is a constant or a parameter.
    """

    term: Term
    operator: str
    value: Term
    values: int = -1
    others: frozenset[int] = frozenset()
    column: str = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        plain = self.term.kind in (TermKind.COLUMN, TermKind.OUTER) and not self.term.cast
        object.__setattr__(self, "column", self.term.column if plain else "")
        object.__setattr__(self, "key", key_text(self.term))

    @property
    def single(self) -> bool:
        """It leaves one value of its key."""
        if self.operator == "in":
            return self.values == 1
        return self.operator in ("=", "is null", "is true", "is false", "is not distinct from")


@dataclass(frozen=True, slots=True)
class Conjunct:
    """A condition that must hold, as one relation sees it: what follows from it, and how it may be looked up.

    `predicate` speaks of this relation alone and is what partial indexes are proven from; None if it speaks of others too. One of `clause` and `arms` is
    filled, or neither if no index can be asked for it. `arms`: the ways of an OR, each the conjuncts that must hold in it.
    """

    predicate: Predicate | None
    clause: Clause | None = None
    arms: tuple[tuple[Conjunct, ...], ...] = ()


def key_text(term: Term) -> str:
    """The canonical text of what is compared."""
    if term.kind in (TermKind.COLUMN, TermKind.OUTER):
        return cast(column(term.column), term.cast) if term.cast else term.column
    return term.text


def clauses_of(conjuncts: Iterable[Conjunct]) -> Iterator[Clause]:
    """The conditions that stand alone, not in an OR."""
    return (conjunct.clause for conjunct in conjuncts if conjunct.clause is not None)


def all_clauses(conjuncts: Iterable[Conjunct]) -> Iterator[Clause]:
    """All conditions, those of the ways of an OR too."""
    for conjunct in conjuncts:
        if conjunct.clause is not None:
            yield conjunct.clause
        for arm in conjunct.arms:
            yield from all_clauses(arm)


def unquoted(text: str) -> str | None:
    """The value of a string constant; None if the text is none. A cast of the constant is dropped."""
    text = text.partition("'::")[0] + "'" if "'::" in text else text
    if len(text) >= 2 and text[0] == "'" and text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return None


def depth_of(predicate: Predicate | None) -> int:
    """How deep a condition is nested."""
    deepest, level = 0, [predicate] if predicate is not None else []
    while level:
        deepest += 1
        level = [part for one in level if isinstance(one, (And, Or)) for part in one.parts]
    return deepest


def mentions(comparison: Comparison) -> tuple[Term, Term]:
    """Both sides."""
    return comparison.left, comparison.right
