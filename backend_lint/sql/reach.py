"""Which conditions on a subquery in FROM are tested inside it: on what it groups by, on what its windows are partitioned by, and in each member of a UNION."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from backend_lint.facts.query import And, Comparison, Exists, Or, Predicate, Query, Term, TermKind, Verb
from backend_lint.sql.conditions import comparisons, conjunction, conjuncts, mapped
from backend_lint.sql.outer_joins import conditions

MOST_MEMBERS = 50
"""Members of UNIONs, also of nested ones, into which one condition is put."""


class _KeptOutError(Exception):
    """The condition cannot be tested there."""


def pushed(query: Query) -> Query:
    """The query with its conditions on subqueries in FROM also inside these."""
    numbers = [relation.subquery for relation in query.relations if 0 <= relation.subquery < len(query.subqueries)]
    if not numbers:
        return query
    subqueries = list(query.subqueries)
    for number, relation in enumerate(query.relations):
        if relation.subquery not in numbers or numbers.count(relation.subquery) > 1 or relation.fenced or relation.lateral:
            continue
        sub = subqueries[relation.subquery]
        if asked := [part for part in _conditions_on(query, number) if _enters(sub, part)]:
            subqueries[relation.subquery] = _narrowed(sub, asked, sub)
    return replace(query, subqueries=tuple(subqueries))


def reached(query: Query, number: int) -> bool:
    """Whether something that is asked of the subquery `number` around it may narrow it down in a way that is not known here."""
    sub = query.subqueries[number]
    if not _open(sub):
        return False
    for position, relation in enumerate(query.relations):
        if relation.subquery != number or relation.fenced:
            continue
        asked = [part for predicate in (query.where, *(one.on for one in query.relations)) for part in conjuncts(predicate) if _mentions(part, position)]
        # groups are made before they are joined, the members of a UNION ALL may be looked up for each row of the other side
        joins = sub.combined and not sub.distinct
        if relation.lateral or any(_alone(part, position) and _inner(sub) and not _enters(sub, part) for part in asked):
            return True
        if joins and any(not _alone(part, position) for part in asked):
            return True
    return False


def hashed(query: Query, number: int) -> Query:
    """Subquery `number`; if it is an EXISTS beside an OR, without what compares it with the rows around it: the other ways of the OR let every row come here,
    so that PostgreSQL runs it once and keeps what it finds."""
    parts = conjuncts(query.where)
    if any(isinstance(part, Comparison) and part.operator in ("=", "in") for part in parts) or not any(_tests(part, number) for part in parts):
        return query.subqueries[number]
    sub = query.subqueries[number]
    kept = [part for part in conjuncts(sub.where) if not (isinstance(part, Comparison) and TermKind.OUTER in (part.left.kind, part.right.kind))]
    return replace(sub, where=conjunction(kept)) if not _correlated(kept) else sub


def _tests(part: Predicate, number: int) -> bool:
    return isinstance(part, Or) and any(isinstance(one, Exists) and one.subquery == number and not one.negated for way in part.parts for one in conjuncts(way))


def _correlated(parts: list[Predicate]) -> bool:
    return any(term.kind is TermKind.OUTER for part in parts for one in comparisons(part) for term in (one.left, one.right))


def plentiful(sub: Query) -> bool:
    """Nothing in a subquery keeps its rows few, so that no other table is looked up row by row from them."""
    return (
        sub.verb is Verb.SELECT
        and sub.where is None
        and sub.limit is None
        and not (sub.aggregate and not sub.grouped)
        and not sub.unknown
        and bool(sub.relations)
        and all(bool(one.table) and not one.given for one in sub.relations)
    )


def _conditions_on(query: Query, number: int) -> list[Predicate]:
    found: list[Predicate] = []
    for predicate, allowed in conditions(query):
        if allowed is None or number in allowed:
            found += [part for part in conjuncts(predicate) if _alone(part, number)]
    return found


def _mentions(part: Predicate, number: int) -> bool:
    return any(term.kind in (TermKind.COLUMN, TermKind.EXPRESSION) and term.relation == number for one in comparisons(part) for term in (one.left, one.right))


def _alone(part: Predicate, number: int) -> bool:
    """The condition compares plain columns of that relation with values."""
    stack = [part]
    seen = False
    while stack:
        one = stack.pop()
        if isinstance(one, (And, Or)):
            stack += one.parts
        elif isinstance(one, Comparison):
            for term in (one.left, one.right):
                if term.kind is TermKind.COLUMN and term.relation == number and not term.cast:
                    seen = True
                elif term.kind not in (TermKind.CONSTANT, TermKind.PARAMETER):
                    return False
        else:
            return False
    return seen


def _open(sub: Query) -> bool:
    return sub.verb is Verb.SELECT and sub.limit is None and not sub.offset and not (sub.aggregate and not sub.grouped)


def _inner(sub: Query) -> bool:
    """Its columns are not known well enough to say that a condition stays outside."""
    return not sub.selected and len(sub.relations) > 1


def _enters(sub: Query, part: Predicate) -> bool:
    """The condition on what the subquery selects is tested inside, in each member of a UNION."""
    waiting, left = [sub], MOST_MEMBERS
    try:
        while waiting:
            member = waiting.pop()
            left -= 1
            if left < 0 or not _open(member):
                return False
            _meant(part, member, sub)
            waiting += [member.subqueries[number] for number in member.members]
    except _KeptOutError:
        return False
    return True


def _meant(part: Predicate, sub: Query, named: Query) -> Predicate:
    """The condition as a member of a UNION sees it. `named`: the first one, whose names the columns have. Raises _KeptOutError."""
    return mapped(part, lambda term: _column(sub, term.column, named) if term.kind is TermKind.COLUMN else term)


def _narrowed(sub: Query, parts: list[Predicate], named: Query) -> Query:
    subqueries = list(sub.subqueries)
    for member in sub.members:
        subqueries[member] = _narrowed(subqueries[member], parts, named)
    return replace(sub, where=conjunction([sub.where, *(_meant(part, sub, named) for part in parts)]), subqueries=tuple(subqueries))


def _column(sub: Query, name: str, named: Query) -> Term:
    if named.selected:
        if name not in named.names or len(sub.selected) != len(named.selected):
            raise _KeptOutError
        found = sub.selected[named.names.index(name)]
    elif len(sub.relations) == 1 and not sub.selected:
        found = Term(TermKind.COLUMN, 0, name)
    else:
        raise _KeptOutError
    if found.kind not in (TermKind.COLUMN, TermKind.EXPRESSION):
        raise _KeptOutError
    if not (sub.combined and sub.members) and not _testable(found, sub):
        raise _KeptOutError
    return found


def _testable(term: Term, sub: Query) -> bool:
    within: Sequence[Term] | None = sub.pushable
    if within is None and sub.grouped:
        within = sub.group
    return within is None or term in within
