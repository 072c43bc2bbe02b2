"""How each relation of a query finds its rows: the planner's choice for large tables, made from schema and conditions alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backend_lint.facts.access import Access, Path
from backend_lint.facts.query import Query
from backend_lint.facts.schema import Dialect, Table
from backend_lint.sql.candidates import candidates
from backend_lint.sql.clauses import Conjunct, key_text
from backend_lint.sql.conditions import predicate_text
from backend_lint.sql.equalities import spread
from backend_lint.sql.plan import Plan, State
from backend_lint.sql.refusals import conjunct_columns, index_name, leads_elsewhere, reasons
from backend_lint.sql.scopes import Builder, Scope
from backend_lint.sql.selectivity import SELECTIVE, Grade

MOST_NESTED = 40
"""Subqueries in subqueries; deeper ones are left out."""


def accesses(query: Query, tables: Callable[[str], Table | None], dialect: Dialect = Dialect.POSTGRESQL) -> tuple[Access, ...]:
    """One answer for each table that the query and its subqueries read. `tables` gives a table by name, None if it is not known."""
    found: list[Access] = []
    waiting: list[tuple[Query, Scope, str]] = [(query, (), "")]
    while waiting:
        block, scope, doubt = waiting.pop()
        if len(scope) > MOST_NESTED:
            continue
        try:
            graph = Builder(tables, dialect).build(block, scope)
            spread(graph.nodes)
            plan = Plan(graph, dialect, doubt)
            found += [_answer(plan, state) for state in plan.decide()]
        except RecursionError:
            names = [(number, relation.table) for number, relation in enumerate(block.relations) if relation.table]
            found += [Access(number, name, Path.UNKNOWN, because="the statement is nested too deep", scope=scope) for number, name in names]
            continue
        waiting += [(sub, inner, "conditions around it may reach into it" if reached else "") for sub, inner, reached in graph.apart]
    return tuple(sorted(found, key=lambda access: (access.scope, access.relation)))


def _answer(plan: Plan, state: State) -> Access:
    node, table = state.node, state.node.table
    assert state.path is not None
    path, because = state.path, state.because
    doubt = node.doubt
    if path is Path.INDEX and state.match is not None and not state.match.sure:
        path, because = Path.UNKNOWN, f"{index_name(state.match.indexes[0])} serves it for some values only"
    elif path in (Path.SCAN, Path.WHOLE) and doubt and (path is Path.SCAN or node.conjuncts):
        path, because = Path.UNKNOWN, doubt
    elif path is Path.SCAN and state.match is not None and not state.match.sure:
        path, because = Path.UNKNOWN, f"{index_name(state.match.indexes[0])} serves it for some values only"
    few = state.bound
    asked = tuple(one for one in plan.available(node, few) if one.clause is not None or one.arms or one.predicate is not None)
    columns = conjunct_columns(asked)
    if state.order:
        columns = tuple(dict.fromkeys([*columns, *(key_text(key.term) for key in plan.graph.order)]))
    selective = state.grade >= Grade.RANGE or state.fraction <= SELECTIVE or state.joined
    if table is None or path in (Path.WHOLE, Path.UNKNOWN):
        return Access(
            node.relation,
            node.name,
            path,
            columns=columns,
            condition=_text(asked),
            order=state.order,
            selective=selective,
            because=because,
            scope=node.scope,
            joined=state.joined,
        )
    if path is Path.INDEX:
        names = " + ".join(dict.fromkeys(index_name(index) for index in state.match.indexes)) if state.match is not None else ""
        better = candidates(plan.demand(node, asked)) if state.partly and not state.order and not doubt else ()
        return Access(
            node.relation,
            node.name,
            path,
            names,
            columns,
            _text(asked),
            state.order,
            selective=selective,
            because=because,
            scope=node.scope,
            joined=state.joined,
            partly=state.partly,
            candidate=better[0] if better else None,
        )
    demand = plan.demand(node, asked)
    wanted = candidates(demand)
    return Access(
        node.relation,
        node.name,
        path,
        "",
        columns,
        _text(asked),
        state.order,
        reasons(demand),
        wanted[0] if wanted else None,
        selective,
        because,
        wanted[1:],
        node.scope,
        not state.joined and state.grade is Grade.RANGE,
        state.joined,
        leads_elsewhere(demand),
    )


def _text(asked: Iterable[Conjunct]) -> str:
    return " and ".join(text for one in asked if one.predicate is not None and (text := predicate_text(one.predicate)))[:300]
