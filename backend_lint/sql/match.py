"""What an index of a table does for a set of conditions, and which index does most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from backend_lint.facts.query import And, Comparison, Or, OrderKey, Predicate, TermKind
from backend_lint.facts.schema import Dialect, Index, Table
from backend_lint.sql.clauses import Clause, Conjunct, clauses_of, key_text
from backend_lint.sql.conditions import conjuncts
from backend_lint.sql.fits import Fit, fitting, plain_column
from backend_lint.sql.implication import implied
from backend_lint.sql.nearest import delivered
from backend_lint.sql.ordering import ordered_keys
from backend_lint.sql.selectivity import FRACTION, Grade, grade, implicit_indexes, key_grades, unique_keys

ORDERED_METHODS = frozenset({"btree", "", "rowid"})
"""Whose keys stand in order."""
MOST_ORS = 40
"""ORs of one statement of which each is asked whether indexes serve all of its ways."""
_MOST_BESIDE = 60
"""Conditions beside an OR that may help to serve its ways."""


@dataclass(frozen=True, slots=True)
class Match:
    """How conditions are served. `indexes`: one, or one for each way of an OR. `used`: the conditions that it looks up. `ordered`: how many keys of the
    order it delivers. `sure`: False if that depends on values or on what is not known. `by_condition`: only the partial index's own condition narrows it."""

    indexes: tuple[Index, ...]
    used: tuple[Clause, ...]
    grade: Grade
    fraction: float
    equal: frozenset[str] = frozenset()
    ordered: int = 0
    sure: bool = True
    by_condition: bool = False

    @property
    def rank(self) -> tuple[bool, float, int]:
        """The better match has the higher rank."""
        return self.sure, -self.fraction, self.ordered


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a table: conditions that hold, those whose values are at hand, and an order."""

    table: Table
    dialect: Dialect
    available: tuple[Conjunct, ...]
    proofs: tuple[Conjunct, ...]
    order: tuple[OrderKey, ...] = ()
    extreme: bool = False
    asked: frozenset[str] = field(init=False)
    """The keys of the conditions."""

    def __post_init__(self) -> None:
        keys = (clause.column or plain_column(clause.key, self.table) or clause.key for clause in clauses_of(self.available))
        object.__setattr__(self, "asked", frozenset(keys))


def best_match(demand: Demand) -> Match | None:
    """The index, or for an OR the indexes, that narrow the table down most."""
    found = [match for index in implicit_indexes(demand.table, demand.dialect) if (match := index_match(index, demand)) is not None and match.used]
    alternatives = [conjunct for conjunct in demand.available if conjunct.arms]
    found += [match for conjunct in alternatives[:MOST_ORS] if (match := _union(conjunct, demand)) is not None]
    found += [match for match in conditional_matches(demand) if match.grade > Grade.NONE and match.sure]
    return max((match for match in found if match.grade > Grade.NONE), key=lambda match: match.rank, default=None)


def conditional_matches(demand: Demand) -> Iterable[Match]:
    """Partial indexes whose condition follows from the query: they hold the rows that are asked for, whatever their keys are."""
    for index in demand.table.indexes:
        if index.where is None or not index.usable:
            continue
        proven = _implied(index, demand)
        if proven is False:
            continue
        grades = [condition_grade(part, demand.table) for part in conjuncts(index.where)]
        # a fixed bound says nothing of how many rows lie beyond it
        grades = [Grade.NONE if found is Grade.RANGE else found for found in grades]
        consumed = [one.clause for one in demand.available if one.clause is not None and _touches(index, one.clause)]
        yield Match((index,), tuple(consumed), max(grades), _product(grades), sure=proven is True, by_condition=True)


def condition_grade(predicate: Predicate, table: Table) -> Grade:
    """How few rows a partial index holds, by its condition."""
    if isinstance(predicate, Comparison) and predicate.left.kind in (TermKind.COLUMN, TermKind.EXPRESSION):
        if predicate.operator in ("<>", "not in"):
            return Grade.FEW_VALUES  # whoever leaves out a value by an index leaves out the frequent one
        return grade(Clause(predicate.left, predicate.operator, predicate.right, predicate.values), table)
    if isinstance(predicate, Or):
        return min(condition_grade(part, table) for part in predicate.parts)
    if isinstance(predicate, And):
        return max(condition_grade(part, table) for part in predicate.parts)
    return Grade.NONE


def index_match(index: Index, demand: Demand) -> Match | None:
    """What one index does; None if its condition does not follow or nothing of it can be used."""
    if not index.usable or not index.keys or not _concerned(index, demand):
        return None
    proven = _implied(index, demand) if index.where is not None or index.where_text else True
    if proven is False:
        return None
    if index.method.lower() in ORDERED_METHODS or (demand.dialect is not Dialect.POSTGRESQL and index.method.lower() == "hash"):
        return _in_order(index, demand, proven is True)
    return _in_any_order(index, demand, proven is True)


def _concerned(index: Index, demand: Demand) -> bool:
    """A cheap question first: something is asked of a key that could lead into the index."""
    if delivered(index, demand.order, demand.dialect):
        return True
    keys = index.keys[:1] if index.method.lower() in ORDERED_METHODS else index.keys
    held = {key.column or plain_column(key.expression, demand.table) or key.expression for key in keys}
    if not held.isdisjoint(demand.asked):
        return True
    return bool(demand.order) and index.method.lower() in ORDERED_METHODS and not held.isdisjoint(key_text(key.term) for key in demand.order)


def _in_order(index: Index, demand: Demand, sure: bool) -> Match | None:
    used: list[Clause] = []
    fits: list[Fit] = []
    equal: set[str] = set()
    clauses = [conjunct.clause for conjunct in demand.available if conjunct.clause is not None]
    for key in index.keys:
        best, best_clauses = Fit.NO, []
        certain = False
        for clause in clauses:
            found = fitting(index, key, clause, demand.table, demand.dialect)
            if found.fit > best or (found.fit == best and found.sure and not certain):
                best, best_clauses, certain = found.fit, [clause], found.sure
            elif found.fit == best == Fit.RANGE:
                best_clauses.append(clause)
        if best == Fit.NO or (best == Fit.NOT_NULL and used):
            break
        sure = sure and certain
        used += best_clauses
        fits.append(best)
        if best == Fit.EQUAL and best_clauses[0].single:
            equal.add(key.column or key.expression)
        if best < Fit.IN:
            break
    constant = equal | {clause.key for clause in clauses if clause.single and not clause.others}
    ordered = ordered_keys(index, constant, demand.order, demand.table, demand.dialect, extreme=demand.extreme) if demand.order else 0
    if not used and not ordered:
        return None
    grades = list(key_grades(used, demand.table).values())
    found_grade = max(grades, default=Grade.NONE)
    if unique_keys(index, frozenset(equal)) and index.where is None:
        found_grade = Grade.UNIQUE
        grades = [Grade.UNIQUE]
    return Match((index,), tuple(used), found_grade, _product(grades), frozenset(equal), ordered, sure)


def _in_any_order(index: Index, demand: Demand, sure: bool) -> Match | None:
    used = []
    certain = False
    for position, key in enumerate(index.keys):
        if index.method.lower() == "hash" and position:
            break
        for conjunct in demand.available:
            if conjunct.clause is None:
                continue
            found = fitting(index, key, conjunct.clause, demand.table, demand.dialect)
            if found.fit > Fit.NOT_NULL:
                used.append(conjunct.clause)
                certain = certain or found.sure
    ordered = delivered(index, demand.order, demand.dialect)
    if not used and not ordered:
        return None
    grades = list(key_grades(used, demand.table).values())
    return Match((index,), tuple(used), max(grades, default=Grade.NONE), _product(grades), ordered=ordered, sure=sure and (certain or not used))


def _union(conjunct: Conjunct, demand: Demand) -> Match | None:
    """An OR: each way must have an index of its own."""
    indexes: list[Index] = []
    used: list[Clause] = []
    weakest, fraction, sure = Grade.UNIQUE, 0.0, True
    others, known = beside(conjunct, demand.available), beside(conjunct, demand.proofs)
    for arm in conjunct.arms:
        own = tuple(one for one in arm if one.clause is None or not one.clause.others)
        match = way_match(own, others, known, demand)
        if match is None:
            return None
        for index in match.indexes:
            if index not in indexes:
                indexes.append(index)
        used += match.used
        weakest, fraction, sure = min(weakest, match.grade), fraction + match.fraction, sure and match.sure
    return Match(tuple(indexes), tuple(used), weakest, min(1.0, fraction), sure=sure)


def beside(conjunct: Conjunct, among: Sequence[Conjunct]) -> tuple[Conjunct, ...]:
    """The conditions that hold as well, of very many the first."""
    return tuple(one for one in among[: _MOST_BESIDE + 1] if one is not conjunct)


def way_match(arm: tuple[Conjunct, ...], others: tuple[Conjunct, ...], known: tuple[Conjunct, ...], demand: Demand) -> Match | None:
    """The best index for one way of an OR: some condition of that way must be looked up; the conditions beside the OR may help."""
    own = {id(one.clause) for one in arm if one.clause is not None}
    plain = tuple(one for one in others if one.clause is not None)
    inside = Demand(demand.table, demand.dialect, (*arm, *plain), (*arm, *known))
    found = [match for index in implicit_indexes(demand.table, demand.dialect) if (match := index_match(index, inside)) is not None]
    found = [match for match in found if any(id(clause) in own for clause in match.used)]
    alone = Demand(demand.table, demand.dialect, arm, (*arm, *known))
    found += [match for match in conditional_matches(alone) if match.used and match.sure and match.grade > Grade.NONE]
    found += [match for one in arm if one.arms and (match := _union(one, alone)) is not None]
    return max(found, key=lambda match: match.rank, default=None)


def _implied(index: Index, demand: Demand) -> bool | None:
    if index.where is None:
        return None if index.where_text else True
    return implied(index.where, [one.predicate for one in demand.proofs if one.predicate is not None], demand.dialect is not Dialect.SQLITE)


def _touches(index: Index, clause: Clause) -> bool:
    return bool(clause.key) and clause.key.lower() in index.where_text.lower()


def _product(grades: Sequence[Grade]) -> float:
    result = 1.0
    for found in grades:
        result *= FRACTION[found]
    return result
