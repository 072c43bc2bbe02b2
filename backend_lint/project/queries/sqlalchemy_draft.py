"""A statement while it is put together: what stands in its FROM, and what its subqueries see of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import msgspec

from backend_lint.facts.query import And, Comparison, Exists, Not, Opaque, Or, OrderKey, Predicate, Query, Relation, Rows, Term, TermKind, Verb
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_sources import Source
from backend_lint.sql.conditions import conjunction

Place = tuple[TermKind, int]
"""COLUMN and the number of a relation, or OUTER and its number in the query around."""


class Draft:
    """A SELECT, UPDATE or DELETE. `outer` is the statement around it, `correlated` the keys of its relations that are not repeated here."""

    def __init__(self, outer: Draft | None = None, correlated: frozenset[Hashable] = frozenset()) -> None:
        self.verb = Verb.SELECT
        self.outer = outer
        self.correlated = correlated
        self.sources: list[Source] = []
        self.relations: list[Relation] = []
        self.numbers: dict[Hashable, int] = {}
        self.conditions: list[Predicate | None] = []
        self.subqueries: list[Query] = []
        self.placed: dict[Hashable, int] = {}
        """Subqueries in FROM by key: their numbers."""
        self.entities: list[Source | None] = []
        self.joined: list[Source] = []
        """Targets of joins in order."""
        self.labels: dict[str, Term] = {}
        self.selected: list[Term] = []
        self.names: list[str] = []
        self.order: list[OrderKey] = []
        self.group: list[Term] = []
        self.written: list[str] = []
        self.conflict: tuple[str, ...] = ()
        self.limit: int | None = None
        self.offset = self.distinct = self.grouped = self.aggregate = self.having = self.locks = self.combined = False
        self.rows = Rows.UNKNOWN
        self.unknown: list[str] = []
        self.wide = False
        """Whole rows are selected."""
        self.shown: frozenset[Hashable] | None = None
        """What the first subquery saw of this statement; None if there is none."""
        self.legacy = False
        self.future: frozenset[Hashable] = frozenset()
        """What will stand in FROM, where that is known in advance."""
        self.base: Source | None = None
        self.unknown_sources: dict[tuple[Frame, str], Source] = {}
        """Classes that nobody knows, by the value that stands for them."""
        self.groups: list[set[int]] = []
        """Relations that are joined with each other: what counts as one in FROM."""

    # -- FROM --------------------------------------------------------------------------------------

    def place(self, source: Source) -> Place:
        """Where a source stands; one that is new comes after a comma, as SQLAlchemy does it."""
        number = self.numbers.get(source.key)
        if number is not None:
            return TermKind.COLUMN, number
        if source.key in self.correlated:
            outer = self.outer
            if outer is None:
                return TermKind.OUTER, -1
            kind, number = outer.place(source)
            return TermKind.OUTER, number if kind is TermKind.COLUMN else -1
        return TermKind.COLUMN, self.add(source)

    def add(self, source: Source, join: str = "", on: Predicate | None = None, beside: int = -1) -> int:
        """A new relation, or a known one that a join now attaches to `beside`."""
        number = self.numbers.get(source.key)
        if number is not None and join and not self.relations[number].join and number != beside and number not in self._group(beside):
            self.relations[number] = msgspec.structs.replace(self.relations[number], join=join, on=on)
        else:
            number = len(self.relations)
            self.relations.append(Relation(source.table, source.alias, join, on, self.placed.get(source.key, -1), source.lateral))
            self.sources.append(source)
            self.numbers.setdefault(source.key, number)
        if join and beside >= 0:
            group = self._group(beside) | self._group(number)
            self.groups = [one for one in self.groups if not one & group] + [group]
        elif not self._group(number) - {number}:
            self.groups = [one for one in self.groups if number not in one] + [{number}]
        return number

    def _group(self, number: int) -> set[int]:
        return next((group for group in self.groups if number in group), {number} if number >= 0 else set())

    def alone(self) -> list[Hashable]:
        """The keys of relations that are joined with nothing: those that correlation takes away if the query around has them."""
        return [self.sources[number].key for number in range(len(self.sources)) if len(self._group(number)) == 1]

    def restrict(self, condition: Predicate | None) -> None:
        """One more conjunct."""
        self.conditions.append(condition)

    def query(self) -> Query:
        """The finished statement."""
        return Query(
            self.verb,
            tuple(self.relations),
            conjunction(self.conditions),
            tuple(self.order),
            self.limit,
            self.offset,
            self.distinct,
            self.grouped,
            self.aggregate,
            tuple(self.group),
            self.having,
            tuple(self.selected),
            tuple(dict.fromkeys(self.written)),
            self.conflict,
            self.locks,
            self.combined,
            tuple(self.subqueries),
            self.rows,
            tuple(dict.fromkeys(self.unknown)),
            tuple(self.names) if any(self.names) else (),
        )

    def show(self) -> None:
        """A subquery is about to look at the relations."""
        if self.shown is None:
            self.shown = frozenset(self.numbers) | self.future

    def enclose(self) -> None:
        """What there is so far becomes something that is selected: ``SELECT EXISTS (...)``."""
        inner = self.query()
        fresh = Draft(self.outer, self.correlated)
        self.__dict__.update(fresh.__dict__)
        self.subqueries.append(inner)

    def wrap(self) -> None:
        """Go on around what there is so far: it becomes the only relation."""
        inner = self.query()
        keys = list(self.numbers)
        fresh = Draft(self.outer, self.correlated)
        kept = self.entities, self.wide, self.labels
        self.__dict__.update(fresh.__dict__)
        self.entities, self.wide, self.labels = kept
        self.legacy = True
        self.subqueries.append(inner)
        self.relations.append(Relation("", subquery=0))
        self.sources.append(Source(("united", id(inner))))
        self.numbers = dict.fromkeys(keys, 0)
        self.groups.append({0})


def has_opaque(predicate: Predicate | None) -> bool:
    """Something in a condition was not understood, or is a subquery."""
    if isinstance(predicate, (And, Or)):
        return any(has_opaque(part) for part in predicate.parts)
    return isinstance(predicate, (Opaque, Exists)) or (isinstance(predicate, Not) and has_opaque(predicate.part))


def relations_of(terms: Iterable[Term | Predicate | None]) -> tuple[int, ...]:
    """The relations that terms and conditions read."""
    found: set[int] = set()
    for one in terms:
        if isinstance(one, Term):
            if one.kind in (TermKind.COLUMN, TermKind.EXPRESSION, TermKind.UNKNOWN) and one.relation >= 0:
                found.add(one.relation)
        elif isinstance(one, Comparison):
            found.update(relations_of((one.left, one.right)))
        elif isinstance(one, (And, Or)):
            found.update(relations_of(one.parts))
        elif isinstance(one, Not):
            found.update(relations_of((one.part,)))
        elif isinstance(one, Opaque):
            found.update(one.relations)
        elif isinstance(one, Exists):
            continue
    return tuple(sorted(found))
