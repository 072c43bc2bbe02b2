"""What equalities say about each other: ``a.id = b.a_id and a.id = 5`` asks ``b.a_id = 5`` too, and a chain of joins may be entered anywhere."""

from __future__ import annotations

from backend_lint.facts.query import Comparison, Term, TermKind
from backend_lint.sql.clauses import Clause, Conjunct
from backend_lint.sql.scopes import Node

Member = tuple[int, str]
MOST_MEMBERS = 40
"""Of one class; a statement with more tables equal to each other is left as it was written."""


def spread(nodes: list[Node]) -> None:
    """Adds to the nodes what follows from equalities between them."""
    by_number = {node.number: node for node in nodes}
    joins: dict[Member, list[tuple[Member, Term]]] = {}
    for node in nodes:
        for conjunct in node.conjuncts:
            clause = conjunct.clause
            if (
                clause is not None
                and clause.operator == "="
                and len(clause.others) == 1
                and clause.column
                and clause.value.kind is TermKind.COLUMN
                and not clause.value.cast
            ):
                other = (next(iter(clause.others)), clause.value.column)
                joins.setdefault((node.number, clause.column), []).append((other, clause.term))
    if not joins:
        return
    mutual = {(one, other) for one, found in joins.items() for other, _ in found if any(back == one for back, _ in joins.get(other, ()))}
    classes = _classes(mutual)
    for members in classes:
        if len(members) <= MOST_MEMBERS:
            _within(members, by_number)
    # the rows that an outer join adds are found by the same constant as the rows it keeps
    for member, found in joins.items():
        for other, _ in found:
            if (member, other) not in mutual and other[0] in by_number:
                _copy_constants(other, member, by_number)


def _classes(pairs: set[tuple[Member, Member]]) -> list[list[Member]]:
    leader: dict[Member, Member] = {}

    def find(member: Member) -> Member:
        while leader.setdefault(member, member) != member:
            member = leader[member]
        return member

    for one, other in sorted(pairs):
        leader[find(one)] = find(other)
    classes: dict[Member, list[Member]] = {}
    for member in sorted(leader):
        classes.setdefault(find(member), []).append(member)
    return list(classes.values())


def _within(members: list[Member], by_number: dict[int, Node]) -> None:
    for member in members:
        for other in members:
            if other[0] == member[0] or member[0] not in by_number or other[0] not in by_number:
                continue
            node = by_number[member[0]]
            others = frozenset({other[0]})
            if not any(one.clause is not None and one.clause.column == member[1] and one.clause.others == others for one in node.conjuncts):
                term, value = _term(member, by_number), _term(other, by_number)
                node.conjuncts.append(Conjunct(Comparison(term, "=", value), Clause(term, "=", value, others=others)))
            _copy_constants(other, member, by_number)


def _copy_constants(source: Member, target: Member, by_number: dict[int, Node]) -> None:
    node = by_number[target[0]]
    for conjunct in list(by_number[source[0]].conjuncts):
        clause = conjunct.clause
        if clause is None or clause.operator != "=" or clause.others or clause.column != source[1]:
            continue
        if any(one.clause is not None and one.clause.column == target[1] and one.clause.operator == "=" and not one.clause.others for one in node.conjuncts):
            continue
        term = _term(target, by_number)
        node.conjuncts.append(Conjunct(Comparison(term, "=", clause.value), Clause(term, "=", clause.value)))


def _term(member: Member, by_number: dict[int, Node]) -> Term:
    return Term(TermKind.COLUMN, by_number[member[0]].relation, member[1])
