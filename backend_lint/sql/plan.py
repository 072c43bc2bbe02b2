"""Which relation of a statement is read first, and how each other one is reached: decided for large tables from schema and conditions alone.

Which relation drives a join is decided as a planner decides it: the one whose own condition leaves few rows and is served; the others are reached from
there by their join columns. Where nothing leaves few rows, tables are read whole and hashed, which is no fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from backend_lint.facts.access import Path
from backend_lint.facts.query import Comparison, TermKind
from backend_lint.facts.schema import Dialect, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.clauses import Clause, Conjunct
from backend_lint.sql.conditions import conjuncts
from backend_lint.sql.implication import alike, truth
from backend_lint.sql.join_order import rows_expected
from backend_lint.sql.match import Demand, Match, best_match, conditional_matches, index_match
from backend_lint.sql.refusals import index_name
from backend_lint.sql.scopes import Graph, Node
from backend_lint.sql.selectivity import FRACTION, SELECTIVE, Grade, grade, implicit_indexes, narrowed, small
from backend_lint.sql.settle import SMALL, UNKNOWN_LIMIT, settle, soften
from backend_lint.sql.types import base

_TO_DO = lazy_regex(
    r"(?:^|_)(?:done|processed|handled|completed|finished|sent|delivered|closed|resolved|shipped|acknowledged|acked|read|synced|exported|indexed|executed|ended|run)(?:_|$)"
)
"""Names of columns that are filled when something has been done."""
_WIDTHS = {"text": 60, "varchar": 24, "jsonb": 120, "json": 120, "tsvector": 120, "bytea": 200, "boolean": 1, "integer": 4, "smallint": 2, "date": 4}
_OFTEN = 3
"""How many times as many rows as a limit keeps must be expected for the table to be walked in order for sure."""
_FEWER = 4
"""How many rows that refer there are for each row that is referred to."""


@dataclass(slots=True)
class State:
    """What has been decided of a node. `few`: its rows are few once it is reached; `certain`: that is known for sure."""

    node: Node
    grade: Grade = Grade.NONE
    fraction: float = 1.0
    match: Match | None = None
    path: Path | None = None
    few: bool = False
    certain: bool = True
    bound: frozenset[int] = frozenset()
    joined: bool = False
    order: bool = False
    partly: bool = False
    because: str = ""

    @property
    def strong(self) -> bool:
        return self.grade >= Grade.EQUAL or self.fraction <= SELECTIVE / 4


class Plan:
    """The decisions for one graph."""

    def __init__(self, graph: Graph, dialect: Dialect, doubt: str) -> None:
        self.graph = graph
        self.dialect = dialect
        self.states = {node.number: State(node) for node in graph.nodes}
        for node in graph.nodes:
            node.doubt = node.doubt or doubt
            if node.table is not None and not node.doubt:
                node.doubt = _missing(node, node.table)

    def decide(self) -> list[State]:
        """The states of all nodes, each with its path."""
        for state in self.states.values():
            self._own(state)
        if settle(self):
            return list(self.states.values())
        self._reach()
        while True:
            open_ = [state for state in self.states.values() if state.path is None]
            if self._missed(open_):
                continue
            roots = [state for state in open_ if state.strong]
            if not roots:
                break
            chosen = self._cheapest(roots)
            if not self._driven(chosen):
                self._scanned(chosen)
            self._reach()
        self._weak()
        if self.graph.order and not any(state.order and state.path is Path.INDEX for state in self.states.values()):
            soften(self)
        return list(self.states.values())

    # -- decisions, in the order in which they are made

    def _own(self, state: State) -> None:
        """What the node's own conditions do, before anything is joined."""
        table, own = state.node.table, self.available(state.node, frozenset())
        state.grade, state.fraction = narrowed(own, table)
        if table is None:
            state.certain = False
            if state.grade >= Grade.EQUAL:
                state.path, state.few = Path.UNKNOWN, True
            return
        if small(table):
            state.path, state.because = Path.WHOLE, SMALL
            return
        demand = self.demand(state.node, own)
        state.match = best_match(demand)
        if state.match is None and Grade.NONE < state.grade <= Grade.RANGE:
            # a partial index that holds just what is asked for, whatever its keys are
            held = max((match for match in conditional_matches(demand) if self._asked(match, own)), key=lambda match: match.sure, default=None)
            state.match = replace(held, grade=state.grade) if held is not None else None
        if state.strong and state.match is not None:
            state.partly = state.match.grade < Grade.EQUAL and state.match.fraction > SELECTIVE
            if state.partly and frequent(state.match):
                state.match, state.partly = None, False
        if state.strong and state.match is not None:
            state.path, state.few = Path.INDEX, True
            state.because = "looked up by a weak condition, the others are tested row by row" if state.partly else "looked up"
        elif state.strong and self.in_order(state) is not None:
            self._walk(state)

    def _asked(self, match: Match, own: Iterable[Conjunct]) -> bool:
        """The condition of the partial index is on few values, or just what is asked."""
        if match.grade > Grade.NONE:
            return True
        parts = [part for index in match.indexes for part in conjuncts(index.where)]
        return all(any(one.predicate is not None and alike(one.predicate, part) for one in own) for part in parts)

    def _reach(self) -> None:
        """Reaches what an index leads to from rows that are at hand."""
        changed = True
        while changed:
            changed = False
            few = frozenset(state.node.number for state in self.states.values() if state.few)
            for state in self.states.values():
                if state.path is not None or state.node.table is None or not self._joined(state.node, few):
                    continue
                available = self.available(state.node, few)
                joins = [one for one in available if one.clause is not None and one.clause.others]
                match = best_match(self.demand(state.node, available))
                if match is not None and any(clause.others for clause in match.used) and match.grade >= min(Grade.EQUAL, _grade_of(joins, state)):
                    state.match, state.path, state.few, state.joined = match, Path.INDEX, True, True
                    state.bound, state.certain = few, self._certain(joins)
                    state.because = "reached by its join column"
                    changed = True

    def _missed(self, open_: list[State]) -> bool:
        """A relation that should be reached from few rows, and no index leads there. True if there was one."""
        few = frozenset(state.node.number for state in self.states.values() if state.few)
        for state in open_:
            joins = [one for one in self.available(state.node, few) if one.clause is not None and one.clause.others]
            if not joins or state.node.table is None:
                if joins:
                    state.path, state.few, state.certain = Path.UNKNOWN, True, False
                    return True
                continue
            state.bound, state.joined, state.few = few, True, True
            sure = self._certain(joins)
            if state.match is not None:
                state.path, state.because = Path.INDEX, "looked up by its own condition"
            elif max((_grade_of([one], state) for one in joins), default=Grade.NONE) < Grade.EQUAL and not state.strong:
                state.path, state.few = Path.WHOLE, False
                state.because = "its join column has few values"
            else:
                state.path = Path.SCAN if sure else Path.UNKNOWN
                state.because = "joined from few rows, and no index leads there" if sure else "how many rows lead there is not known"
            state.certain = sure
            self._reach()
            return True
        return False

    def _scanned(self, state: State) -> None:
        """The relation that must be read whole to find where the others are reached from."""
        state.few = True
        doubtful = [other for other in self.states.values() if other.path is None and other is not state and other.node.doubt]
        linked = any(clause.others & {other.node.number for other in doubtful} for clause in _join_clauses(state.node))
        if linked and self.reachable(state, frozenset(other.node.number for other in doubtful)):
            state.path, state.because = Path.UNKNOWN, "it may be reached from a table of which too little is known"
        else:
            state.path, state.because = Path.SCAN, "no index serves its condition"

    def _cheapest(self, roots: list[State]) -> State:
        """Of relations that are all unserved, the one that is read: the others are reached from it. The stronger condition goes first; referenced tables
        are smaller than those that refer, and narrow ones than wide ones."""

        def cost(state: State) -> tuple[bool, float, float, int]:
            pages = _width(state.node.table) / _FEWER ** self.level(state)
            return not self._leads_on(state), max(state.fraction, FRACTION[Grade.EQUAL]), pages, state.node.number

        return min(roots, key=cost)

    def level(self, state: State, seen: frozenset[int] = frozenset()) -> int:
        """How many references, one behind the other, lead to this relation from others of the statement."""
        here = state.node.number
        if here in seen:
            return 0
        near = {number for clause in _join_clauses(state.node) for number in clause.others}
        tables = ((other, other.node.table) for number, other in self.states.items() if number in near and number != here)
        below = [other for other, table in tables if table is not None and any(key.table == state.node.name for key in table.foreign_keys)]
        return max((1 + self.level(other, seen | {here}) for other in below), default=0)

    def _leads_on(self, state: State) -> bool:
        """From this relation another open one is reached by an index."""
        here = frozenset({state.node.number})
        return any(self.reachable(other, here) for other in self.states.values() if other.path is None and other is not state)

    def _weak(self) -> None:
        """What is left leaves many rows: a limit may still stop early, an index on few values may still help, else all is read."""
        ordered = self.states.get(self.graph.ordered)
        if ordered is not None and ordered.path is None and ordered.node.table is not None:
            self._walk_or_sort(ordered)
            self._reach()
            while self._missed([state for state in self.states.values() if state.path is None]):
                pass
        for state in self.states.values():
            if state.path is not None:
                continue
            if state.node.table is None:
                state.path = Path.UNKNOWN
            elif state.match is not None and state.match.grade > Grade.NONE:
                state.path, state.because = Path.INDEX, "looked up"
            elif state.grade > Grade.NONE and self._driven(state):
                pass
            elif Grade.NONE < state.grade <= Grade.RANGE and self._may_be_reached(state):
                state.path, state.because = Path.UNKNOWN, "it depends on another range how many rows lead there"
            elif state.grade > Grade.NONE:
                state.path, state.because = Path.SCAN, "no index serves its condition"
            else:
                state.path, state.because = Path.WHOLE, "nothing selective is asked of it"

    def _driven(self, state: State) -> bool:
        """SQLite joins row by row only: where no index leads from here to the other tables, it reads one of these and looks this one up."""
        if self.dialect is not Dialect.SQLITE or self._leads_on(state):
            return False
        others = frozenset(number for number in self.states if number != state.node.number)
        if not self.reachable(state, others):
            return False
        state.match = best_match(self.demand(state.node, self.available(state.node, others)))
        state.path, state.few, state.joined, state.bound = Path.INDEX, True, True, others
        state.because = "looked up for each row of another table, its condition is tested there"
        return True

    def _may_be_reached(self, state: State) -> bool:
        """An index leads here from a relation of which a range may leave few rows."""
        ranges = frozenset(other.node.number for other in self.states.values() if other is not state and other.grade >= Grade.RANGE)
        return bool(ranges) and self.reachable(state, ranges)

    # -- order and limit

    def in_order(self, state: State) -> Match | None:
        """The index that delivers the order, with most keys of it."""
        if state.node.number != self.graph.ordered or state.node.table is None:
            return None
        demand = self.demand(state.node, self.available(state.node, frozenset()))
        found = [match for index in implicit_indexes(demand.table, self.dialect) if (match := index_match(index, demand)) is not None and match.ordered]
        found = [match for match in found if match.sure and (match.ordered == len(self.graph.order) or self._incremental())]
        return max(found, key=lambda match: (match.sure, match.ordered, -match.fraction), default=None)

    def _incremental(self) -> bool:
        """The database sorts groups that are equal in the first keys (PostgreSQL from 13)."""
        return self.dialect is Dialect.POSTGRESQL

    def _walk(self, state: State) -> None:
        """A strong condition without an index, but an index in the order of a limit: all depends on how many rows match."""
        match, often = self.in_order(state), self._often(state)
        if match is None or often <= 1:
            return
        if often >= _OFTEN:
            state.path, state.order, state.match, state.few, state.partly = Path.INDEX, True, match, True, True
            state.because = "read in order until the limit, its condition is tested row by row"
        else:
            state.path, state.order, state.few = Path.UNKNOWN, True, True
            state.because = "it depends on the number of rows whether it is read in order or sorted"

    def _often(self, state: State) -> float:
        """How many times as many rows are expected as the limit keeps."""
        assert state.node.table is not None
        return rows_expected(self.available(state.node, frozenset()), state.node.table) / max(1, self.graph.limit if self.graph.limit >= 0 else UNKNOWN_LIMIT)

    def _walk_or_sort(self, state: State) -> None:
        match = self.in_order(state)
        if match is not None and state.grade < Grade.EQUAL and (often := self._often(state)) > 1:
            state.path, state.order, state.match = Path.INDEX if often >= _OFTEN else Path.UNKNOWN, True, match
            state.few, state.because = True, "read in order until the limit"
        elif state.match is not None and state.match.grade > Grade.NONE:
            state.path, state.because = Path.INDEX, "looked up"
        elif self._may_be_reached(state):
            state.path, state.order = Path.UNKNOWN, True
            state.because = "it depends on another range whether its rows are looked up from there"
        elif len(self.states) == 1 or self._order_alone(state):
            state.path, state.order = Path.SCAN, True
            state.because = "all rows are sorted for the few that the limit keeps"

    def _order_alone(self, state: State) -> bool:
        return bool(self.graph.order) and all(other is state or not other.strong for other in self.states.values())

    # -- questions

    def available(self, node: Node, few: frozenset[int]) -> tuple[Conjunct, ...]:
        """The conditions that can be looked up when the rows of `few` are at hand."""
        return tuple(one for one in node.conjuncts if one.clause is None or one.clause.others <= few)

    def demand(self, node: Node, available: tuple[Conjunct, ...]) -> Demand:
        assert node.table is not None
        order = self.graph.order if node.number == self.graph.ordered else ()
        return Demand(node.table, self.dialect, available, tuple(node.conjuncts), order, self.graph.extreme)

    def _joined(self, node: Node, few: frozenset[int]) -> bool:
        return any(clause.others <= few for clause in _join_clauses(node))

    def reachable(self, state: State, few: frozenset[int]) -> bool:
        if state.node.table is None or not self._joined(state.node, few):
            return False
        match = best_match(self.demand(state.node, self.available(state.node, few)))
        return match is not None and any(clause.others for clause in match.used)

    def _certain(self, joins: Iterable[Conjunct]) -> bool:
        """At least one way to get there starts at rows that are few for sure."""
        return any(one.clause is not None and all(self.states[other].certain for other in one.clause.others) for one in joins)


def _width(table: Table | None) -> int:
    """How wide a row is, in bytes, as far as types tell."""
    widths = [_WIDTHS.get(base(column.type), 8) for column in table.columns] if table is not None else []
    return 24 + sum(widths)


def frequent(match: Match) -> bool:
    """The match is for what most rows are: false flags, and partial indexes without the rows that are gone (``WHERE active``, ``deleted_at IS NULL``). What
    is still to be done (``processed = false``, ``sent_at IS NULL``) is rare."""
    if match.by_condition:
        parts = [part for index in match.indexes for part in conjuncts(index.where) if isinstance(part, Comparison)]
        tests = [part for part in parts if part.operator in ("is null", "is true", "is false") or truth(part) is not None]
        return bool(tests) and not any(_TO_DO.search(part.left.column) and part.operator != "is true" and truth(part) is not True for part in tests)
    return bool(match.used) and all(
        clause.operator in ("=", "is false") and clause.value.text in ("false", "null") and not _TO_DO.search(clause.column) for clause in match.used
    )


def _grade_of(joins: Iterable[Conjunct], state: State) -> Grade:
    return max((grade(one.clause, state.node.table) for one in joins if one.clause is not None), default=Grade.NONE)


def _join_clauses(node: Node) -> list[Clause]:
    return [one.clause for one in node.conjuncts if one.clause is not None and one.clause.others]


def _missing(node: Node, table: Table) -> str:
    """What is not known of the table that could change the answer."""
    if table.unknown:
        return table.unknown[0]
    for index in table.indexes:
        if not index.usable:
            return f"index {index_name(index)} was not understood"
    if table.columns:
        for conjunct in node.conjuncts:
            clause = conjunct.clause
            if clause is not None and clause.term.kind is TermKind.COLUMN and table.column(clause.term.column) is None:
                return f"column {clause.term.column} of {table.name} is not known"
    return ""
