"""The cheapest way to join the tables of a statement, as a planner with statistics would choose it, from what a schema lets expect of them.

Costs are PostgreSQL's (pages read in a row or at random, rows touched); how many rows a table has and a value occurs in is assumed. All orders are tried in
which each table is read on its own or looked up from the tables before it, which is what decides whether it is read whole.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

from backend_lint.facts.schema import Dialect, Table
from backend_lint.sql.clauses import RANGES, Clause, Conjunct, clauses_of
from backend_lint.sql.costs import ROW, TEST, Extent, column_width, width
from backend_lint.sql.fits import PATTERNS, plain_column
from backend_lint.sql.match import Demand, Match, best_match
from backend_lint.sql.scopes import Node
from backend_lint.sql.selectivity import COMPUTED, Grade, few_values, key_grades, known, narrowed, rows_per_value, unique_keys, usual_count

MOST_TABLES = 8
MOST_BUSHY = 6
"""Tables of a statement up to which groups of them are also joined on their own."""
_LEAST_OF_TWO = 4
"""Tables from which there are two such groups."""
_COMPARED = RANGES | {"=", "in"}


class Choice(enum.IntEnum):
    """How a table is read."""

    SCANNED = 0
    OWN = 1
    """By an index for its own condition."""
    REACHED = 2
    """By an index, from rows of tables before it."""


class Assumed(NamedTuple):
    """What no schema says. `fewer`: rows that refer to one row; `page`: a page at random, of one in a row; `ranged`: part of a table that a range with two
    ends leaves; `beyond`: with one end."""

    rows: float = 80_000
    fewer: float = 1.1
    page: float = 1.1
    ranged: float = 0.004
    beyond: float = 0.1
    served: float = 1.0
    """What is left of a range where an index serves it: the narrower it is, the more it pays to begin there."""


class Chosen(NamedTuple):
    """The choice for a table, with the tables that are at hand before it, and how many rows those leave."""

    choice: Choice
    before: frozenset[int]
    rows: float


_Way = tuple[float, tuple[tuple[int, Choice, frozenset[int]], ...]]
"""What it costs to join some tables; each in its turn, how it is read and which are at hand before it."""


@dataclass(slots=True)
class _Side:
    """A table with what is expected of it."""

    node: Node
    table: Table
    rows: float
    part: float
    extent: Extent
    scan: float
    own: float
    after: frozenset[int]
    skim: float = float("inf")
    """The cost of reading all of an index that holds a join column, though not in front."""


class Order:
    """Finds the cheapest order for the tables of one statement."""

    def __init__(self, nodes: Iterable[Node], own: Mapping[int, Match | None], levels: Mapping[int, int], assumed: Assumed, dialect: Dialect) -> None:
        self.assumed = assumed
        self.dialect = dialect
        self.sides: dict[int, _Side] = {}
        self._probes: dict[tuple[int, int], float | None] = {}
        self._rows: dict[frozenset[int], float] = {frozenset(): 1.0}
        self.cost = 0.0
        """Of the cheapest order, once it was asked for."""
        nodes = list(nodes)
        self._joins = {node.number: joins_of(node) for node in nodes}
        referring = {number: frozenset(other for clause in clauses for other in clause.others) for number, clauses in self._joins.items()}
        self._near = referring
        self._tied = {number: near | {other for other, theirs in referring.items() if number in theirs} for number, near in referring.items()}
        for node in nodes:
            assert node.table is not None
            assumed = self.assumed
            rows = float(node.table.rows or 0) or assumed.rows / assumed.fewer ** levels[node.number]
            available = tuple(one for one in node.conjuncts if one.clause is None or not one.clause.others)
            match = own.get(node.number)
            if match is not None:
                assumed = assumed._replace(ranged=assumed.ranged * assumed.served, beyond=assumed.beyond * assumed.served)
            part = max(part_of(available, node.table, rows, assumed), 1 / rows)
            after = frozenset(other for other in referring[node.number] if node.number not in referring.get(other, ()))
            side = _Side(node, node.table, rows, part, Extent(rows, width(node.table), assumed.page), 0.0, float("inf"), after)
            side.scan = self._scan(side, available)
            side.skim = self._skimmed(side, [clause for clause in self._joins[node.number] if clause.operator == "="]) + 10
            if match is not None:
                found = part_of([Conjunct(None, clause) for clause in match.used], node.table, rows, assumed) if match.used else match.fraction
                side.own = side.extent.looked_up(found * rows)
            self.sides[node.number] = side
        self._parts = self._groups(frozenset(self.sides), mutual=True)

    def cheapest(self) -> dict[int, Chosen]:
        """How each table is read."""
        best: dict[frozenset[int], _Way] = {}
        for size in range(1, len(self.sides) + 1):
            further: dict[frozenset[int], _Way] = {}
            for placed, (cost, way) in [(frozenset[int](), (0.0, ()))] if size == 1 else [one for one in best.items() if len(one[0]) == size - 1]:
                for number, choice, more in self._steps(placed):
                    grown = placed | {number}
                    total = cost + more
                    if grown not in further or total < further[grown][0]:
                        further[grown] = total, (*way, (number, choice, placed))
            if size >= _LEAST_OF_TWO and len(self.sides) <= MOST_BUSHY:
                for grown, (cost, _) in list(further.items()):
                    further[grown] = min(further[grown], *self._joined_groups(grown, best, cost), key=lambda found: found[0])
            best |= further
        self.cost, way = best[frozenset(self.sides)]
        return {number: Chosen(choice, before, self.rows_of(before)) for number, choice, before in way}

    def _joined_groups(self, grown: frozenset[int], best: Mapping[frozenset[int], _Way], limit: float) -> Iterator[_Way]:
        """Two groups of tables, each joined on its own, then with each other."""
        yield float("inf"), ()
        for one, (cost, way) in best.items():
            if len(one) < 2 or not one < grown or cost >= limit or (other := grown - one) not in best or len(other) < 2 or min(one) > min(other):
                continue
            if any(self._linked(number, other) for number in one):
                few, many = sorted((self.rows_of(one), self.rows_of(other)))
                yield cost + best[other][0] + few * (ROW + TEST) + many * TEST, (*way, *best[other][1])

    def walked(self, number: int, limit: float, *, as_they_came: bool) -> float:
        """The cost of reading a table in the order of an index until so many rows of the whole join are found. `as_they_came`: rows lie in that order."""
        side = self.sides[number]
        others = frozenset(self.sides) - {number}
        share = min(1.0, limit / self.rows_of(frozenset(self.sides)))
        rows = max(1.0, side.rows * side.part * share)
        probes = sum(self._probe(other, frozenset(self.sides) - {other}, rows) or self.sides[other].scan for other in others)
        return side.extent.walked(as_they_came=as_they_came) * share + probes

    def beside(self, number: int) -> list[frozenset[int]]:
        """The groups into which the other tables fall without this one."""
        return self._groups(frozenset(self.sides) - {number})

    def _groups(self, among: frozenset[int], *, mutual: bool = False) -> list[frozenset[int]]:
        """Tables that are tied to each other; `mutual`: but for outer joins and NOT EXISTS."""
        left = set(among)
        groups = []
        while left:
            group = {left.pop()}
            while more := {one for one in left if any(self._linked(one, {other}) and (not mutual or self._both(one, other)) for other in group)}:
                group |= more
                left -= more
            groups.append(frozenset(group))
        return groups

    def _both(self, one: int, other: int) -> bool:
        return other not in self.sides[one].after and one not in self.sides[other].after

    def _steps(self, placed: frozenset[int]) -> Iterable[tuple[int, Choice, float]]:
        linked = [number for number in self.sides if number not in placed]
        if placed:
            linked = [number for number in linked if self._linked(number, placed)] or linked
        rows = self.rows_of(placed) if placed else 1.0
        for number in linked:
            side = self.sides[number]
            alone = min(side.own, side.scan)
            if placed:
                few, many = sorted((rows, side.rows * side.part))
                alone += few * (ROW + TEST) + many * TEST if self._linked(number, placed) else few * many * ROW
            yield number, Choice.OWN if side.own < side.scan else Choice.SCANNED, alone
            if placed and rows * side.skim < alone:
                yield number, Choice.SCANNED, rows * side.skim
            probe = self._probe(number, placed, rows)
            if probe is not None:
                yield number, Choice.REACHED, probe

    def _linked(self, number: int, placed: Set[int]) -> bool:
        return not self._tied[number].isdisjoint(placed)

    def _probe(self, number: int, placed: frozenset[int], times: float) -> float | None:
        """The cost of so many look-ups from one of the tables before; None if no index leads there."""
        rows = [self._from(number, other) for other in placed & self._near[number]]
        return min((self.sides[number].extent.probed(times, found) for found in rows if found is not None), default=None)

    def _from(self, number: int, other: int) -> float | None:
        """How many rows one look-up from another table finds; None if no index leads there."""
        key = number, other
        if key not in self._probes:
            side, near = self.sides[number], frozenset({other})
            available = tuple(one for one in side.node.conjuncts if one.clause is None or one.clause.others <= near)
            match = best_match(Demand(side.table, self.dialect, available, tuple(side.node.conjuncts)))
            joined = [clause for clause in match.used if clause.others] if match is not None else []
            if match is None or not joined:
                self._probes[key] = None
            else:
                own = [Conjunct(None, clause) for clause in match.used if not clause.others]
                part = part_of(own, side.table, side.rows, self.assumed) if own else 1.0
                self._probes[key] = max(0.3, side.rows * self._joined(number, near, joined) * part)
        return self._probes[key]

    def rows_of(self, placed: frozenset[int]) -> float:
        """How many rows are expected of these tables, joined."""
        if placed in self._rows:
            return self._rows[placed]
        rows = 1.0
        for group in self._parts:
            here = sorted(group & placed)
            outward = [number for number in here if self.sides[number].after & placed]
            if outward:
                # an outer join leaves no row out, and NOT EXISTS is taken for one that leaves out none
                for number in outward:
                    part = self._joined(number, self.sides[number].after & placed, self._joins[number])
                    rows *= min(5.0, max(1.0, self.sides[number].rows * self.sides[number].part * part))
                continue
            for position, number in enumerate(here):
                seen = frozenset(here[:position])
                clauses = [clause for clause in self._joins[number] if clause.others <= seen]
                rows *= self.sides[number].rows * self.sides[number].part * self._joined(number, seen, clauses)
        self._rows[placed] = max(rows, 1.0)
        return self._rows[placed]

    def _joined(self, number: int, near: frozenset[int], clauses: Iterable[Clause]) -> float:
        """The part of the pairs that join conditions leave."""
        parts: dict[str, float] = {}
        for clause in clauses:
            if not clause.others <= near:
                continue
            if clause.operator not in ("=", "in") or len(clause.others) != 1:
                parts.setdefault(clause.key, 0.3)
                continue
            other = self.sides.get(next(iter(clause.others)))
            values = self._values(self.sides[number], clause.column)
            if other is not None:
                values = max(values, self._values(other, clause.value.column))
            parts[clause.key] = min(parts.get(clause.key, 1.0), 1 / values)
        result = 1.0
        for part in parts.values():
            result *= part
        return result

    def _values(self, side: _Side, column: str) -> float:
        """How many different values a column has."""
        if not column:
            return 200.0
        if side.table.primary_key == (column,) or any(unique_keys(index, frozenset({column})) and index.where is None for index in side.table.indexes):
            return side.rows
        for key in side.table.foreign_keys:
            if key.columns == (column,):
                target = next((one.rows for one in self.sides.values() if one.table.name == key.table), side.rows)
                return min(side.rows, target) / 1.5
        found = side.table.column(column)
        return 5.0 if found is not None and few_values(found) else side.rows / 20

    def _scan(self, side: _Side, available: tuple[Conjunct, ...]) -> float:
        tests = sum(1 for _ in clauses_of(available)) + sum(len(one.arms) for one in available)
        # all of an index may be read in place of all of the table
        return min(side.extent.scanned(tests), self._skimmed(side, clauses_of(available)) + side.extent.looked_up(side.rows * side.part))

    def _skimmed(self, side: _Side, clauses: Iterable[Clause]) -> float:
        """The cost of reading all of the narrowest index that holds a column of these conditions, though not in front; no end if there is none."""
        asked = {clause.column for clause in clauses if clause.column and clause.operator in _COMPARED}
        found = [index for index in side.table.indexes if index.method in ("btree", "") and index.where is None and not index.where_text]
        widths = [16 + sum(_key_width(side.table, key.column) for key in index.keys) for index in found if any(key.column in asked for key in index.keys[1:])]
        return side.extent.skimmed(min(widths), 1) if widths else float("inf")


def joins_of(node: Node) -> list[Clause]:
    """The conditions that tie a table to others."""
    return [one.clause for one in node.conjuncts if one.clause is not None and one.clause.others]


def _key_width(table: Table, name: str) -> float:
    column = table.column(name)
    return column_width(column.type) if column is not None else 8


def part_of(available: Iterable[Conjunct], table: Table, rows: float, assumed: Assumed) -> float:
    """The part of a table that the conditions leave, as a planner with statistics expects it."""
    available = tuple(available)
    part = 1.0
    by_key: dict[str, list[Clause]] = {}
    for clause in clauses_of(available):
        by_key.setdefault(clause.key, []).append(clause)
    for key, found in key_grades(clauses_of(available), table).items():
        part *= _part(by_key.get(key, []), found, table, rows, assumed)
    for conjunct in available:
        if conjunct.arms:
            part *= min(1.0, sum(part_of((one for one in arm if one.clause is None or not one.clause.others), table, rows, assumed) for arm in conjunct.arms))
    return part


def rows_expected(available: Iterable[Conjunct], table: Table) -> float:
    """How many rows the conditions may leave."""
    available, rows = tuple(available), float(table.rows or Assumed().rows)
    found = narrowed(available, table)[0]
    return rows_per_value(available, table) if found >= Grade.EQUAL else part_of(available, table, rows, Assumed()) * rows


def _part(clauses: list[Clause], grade: Grade, table: Table, rows: float, assumed: Assumed) -> float:
    plain = all(clause.column or plain_column(clause.key, table) for clause in clauses)
    several = max((clause.values if clause.values > 0 else 3 for clause in clauses if clause.operator == "in"), default=1)
    if grade is Grade.UNIQUE:
        return several / rows
    if grade is Grade.EQUAL:
        told = not clauses or known(clauses[0], table)
        return min(1.0, several * (max(usual_count(clauses[0], table), 3.0) / rows if told else COMPUTED))
    if grade is Grade.BOUNDED:
        operators = {clause.operator for clause in clauses}
        if operators & PATTERNS:
            contains = any(clause.value.text.startswith(("'%", "%")) for clause in clauses)
            return 10 / rows if plain or contains else COMPUTED
        return assumed.ranged if operators <= {"<", "<=", ">", ">="} else 30 / rows
    if grade is Grade.RANGE:
        return assumed.beyond
    if grade is Grade.FEW_VALUES:
        return 0.3
    return 1.0
