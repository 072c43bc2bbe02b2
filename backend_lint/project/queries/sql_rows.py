"""How many rows code takes of a statement's result: told by what it calls on the result or on the cursor afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import Use
from backend_lint.facts.query import Query, Rows, Verb

if TYPE_CHECKING:
    from backend_lint.facts.python import Body, Call

_BY_METHOD = {
    **dict.fromkeys("fetchrow fetchval fetch_one fetch_val fetchone scalar query_one query_row query_single".split(), Rows.ONE),
    **dict.fromkeys("fetch fetch_all fetchall iterate raw read_sql read_sql_query scalars cursor query_all".split(), Rows.MANY),
    **dict.fromkeys("executemany executescript".split(), Rows.NONE),
}
_OF_RESULT = {
    **dict.fromkeys("fetchone first one one_or_none scalar scalar_one scalar_one_or_none fetchval fetchrow".split(), Rows.ONE),
    **dict.fromkeys("fetchall all fetchmany partitions yield_per fetch".split(), Rows.MANY),
}
_STEPS = frozenset("mappings scalars tuples unique columns".split())


def rows_of(body: Body, number: int, query: Query) -> Rows:
    """How many rows call `number`, which runs `query`, yields."""
    if query.rows is not Rows.UNKNOWN:
        return query.rows
    call = body.calls[number]
    owner, _, method = call.callee.rpartition(".")
    known = _BY_METHOD.get(method)
    if known is not None and method != "scalars":
        return known
    if call.use is Use.ITERATED:
        return Rows.MANY
    found = _of_result(body, number)
    if found is Rows.UNKNOWN and owner and method == "execute":
        found = _of_cursor(body, number, owner)
    if found is Rows.UNKNOWN and known is not None:
        return known
    return Rows.NONE if found is Rows.UNKNOWN and query.verb is not Verb.SELECT and call.use is Use.DROPPED else found


def _of_result(body: Body, number: int) -> Rows:
    """By what is called on the result: ``conn.execute(...).fetchone()``, ``result = ...; result.all()``."""
    root = f"#{number}"
    results = {root, f"{root}.__enter__()"}
    for later, call in enumerate(body.calls[number + 1 :], number + 1):
        owner, _, method = call.callee.rpartition(".")
        if owner in results:
            found = _OF_RESULT.get(method)
            if found is not None:
                return found
            if method in _STEPS:
                results.add(f"#{later}")
    for block in body.blocks:
        if block.subject in results:
            return Rows.MANY
    return Rows.UNKNOWN


def _of_cursor(body: Body, number: int, cursor: str) -> Rows:
    """By what is fetched from the cursor before it runs something else."""
    for call in body.calls[number + 1 :]:
        owner, _, method = call.callee.rpartition(".")
        if owner != cursor:
            continue
        if method.startswith("execute"):
            break
        found = _OF_RESULT.get(method)
        if found is not None:
            return found
    if any(block.subject == cursor for block in body.blocks):
        return Rows.MANY
    return Rows.UNKNOWN


def is_drop(call: Call) -> bool:
    """Nothing is done with the result."""
    return call.use is Use.DROPPED
