"""Puts the cheapest join order of a statement of PostgreSQL, all of whose tables are known, into the states of its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.access import Path
from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.join_order import MOST_TABLES, Assumed, Choice, Chosen, Order, joins_of
from backend_lint.sql.match import best_match
from backend_lint.sql.selectivity import Grade
from backend_lint.sql.types import is_integer

if TYPE_CHECKING:
    from backend_lint.sql.plan import Plan, State

SMALL = "the table stays small"
_MADE = lazy_regex(
    r"(?:^|_)(?:created|inserted|added|made|logged|registered|submitted|joined)(?:_(?:at|on|date|time))?$|^(?:date|time)_(?:created|added|joined)$"
)
UNKNOWN_LIMIT = 20
"""What a limit is taken for that the code computes."""
FEW = 1000
"""Rows from which an index should lead on."""
ASSUMED = (Assumed(), Assumed(served=0.15))
"""Ranges of usual width, and narrow ones."""


def settle(plan: Plan) -> bool:
    """Whether it could be told; then each state has its path."""
    ordered = plan.states.get(plan.graph.ordered)
    if not _known(plan) or (plan.graph.order and (ordered is None or _order_decides(plan, ordered))):
        return False
    orders = _orders(plan)
    answers = [order.cheapest() for order in orders]
    if ordered is not None and plan.in_order(ordered) is not None:
        limit = plan.graph.limit if plan.graph.limit >= 0 else UNKNOWN_LIMIT
        if orders[0].walked(ordered.node.number, limit, as_they_came=_as_they_came(plan, ordered)) < orders[0].cost:
            return False
    for state in plan.states.values():
        if state.path is None:
            _put(plan, state, [answer[state.node.number] for answer in answers])
    _joined_from_few(plan, orders[0])
    return True


def _order_decides(plan: Plan, ordered: State) -> bool:
    """Nothing strong is asked, and but for the table that is sorted hardly anything: all of it is sorted, or read in order."""
    return not ordered.strong and all(state.grade < Grade.RANGE for state in plan.states.values() if state is not ordered)


def _as_they_came(plan: Plan, state: State) -> bool:
    """Rows lie in the order of a number that counts them, or of when they were made."""
    table, key = state.node.table, plan.graph.order[0].term.column
    column = table.column(key) if table is not None else None
    if table is None or column is None:
        return False
    return (table.primary_key == (key,) and is_integer(column.type)) or _MADE.search(key.lower()) is not None


def soften(plan: Plan) -> None:
    """Takes back that a table is read whole for an order under a limit, where it may be cheaper to look its rows up from another one."""
    scanned = [state for state in plan.states.values() if state.path is Path.SCAN]
    if not scanned or not _known(plan):
        return
    answers = [order.cheapest() for order in _orders(plan)]
    for state in scanned:
        if not state.joined and any(answer[state.node.number].choice is Choice.REACHED for answer in answers):
            state.path, state.because = Path.UNKNOWN, "it depends on sizes whether its rows are looked up from another table"


def _known(plan: Plan) -> bool:
    nodes = plan.graph.nodes
    return plan.dialect is Dialect.POSTGRESQL and 2 <= len(nodes) <= MOST_TABLES and all(node.table is not None and not node.doubt for node in nodes)


def _orders(plan: Plan) -> list[Order]:
    levels = {number: plan.level(state) for number, state in plan.states.items()}
    own = {number: state.match if not state.joined and not state.order else None for number, state in plan.states.items()}
    return [Order(plan.graph.nodes, own, levels, assumed, plan.dialect) for assumed in ASSUMED]


def _put(plan: Plan, state: State, chosen: list[Chosen]) -> None:
    first = chosen[0]
    if any(one.choice is Choice.REACHED for one in chosen):
        if any(one.choice is not Choice.REACHED for one in chosen) and state.match is None and state.grade > Grade.NONE:
            state.path, state.because = Path.UNKNOWN, "it depends on sizes which of the tables is read first"
            return
        first = next(one for one in chosen if one.choice is Choice.REACHED)
        state.match = best_match(plan.demand(state.node, plan.available(state.node, first.before)))
        state.path, state.few, state.joined, state.bound = Path.INDEX, True, True, first.before
        state.because = "reached by its join column"
    elif state.match is not None and state.match.grade > Grade.NONE:
        state.path, state.because = Path.INDEX, "looked up"
    elif state.grade is Grade.FEW_VALUES and not state.strong and _may_be_reached(plan, state):
        state.path, state.because = Path.UNKNOWN, "it depends on how frequent a value is whether it is looked up from another table"
    elif state.grade > Grade.NONE:
        state.path, state.few, state.because = Path.SCAN, state.strong, "no index serves its condition"
    else:
        state.path, state.because = Path.WHOLE, "nothing selective is asked of it"


def _may_be_reached(plan: Plan, state: State) -> bool:
    """Indexes lead here, from one table to the next, from a table of which something is asked."""
    near = frozenset(number for number, other in plan.states.items() if other is not state and other.grade > Grade.NONE)
    while further := [number for number, other in plan.states.items() if number not in near and other is not state and plan.reachable(other, near)]:
        near |= frozenset(further)
    return bool(near) and plan.reachable(state, near)


def _joined_from_few(plan: Plan, order: Order) -> None:
    """Tables of which all rows are read though few rows of others are joined with them."""
    for state in plan.states.values():
        if state.path is not Path.WHOLE or state.because == SMALL:
            continue
        for side in order.beside(state.node.number):
            begun = any(plan.states[number].strong or plan.states[number].path is Path.INDEX for number in side)
            near = side & {other for clause in joins_of(state.node) for other in clause.others}
            if begun and near and order.rows_of(side) <= FEW:
                state.path, state.joined, state.few, state.bound = Path.SCAN, True, True, near
                state.because = "joined from few rows, and no index leads there"
                if plan.in_order(state) is not None:
                    state.path, state.order, state.because = Path.UNKNOWN, True, "it depends on the number of rows whether it is read in order"
                break
