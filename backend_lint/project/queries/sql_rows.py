"""How many rows code takes of a statement's result: told by what it calls on the result or on the cursor afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Use
from backend_lint.facts.query import Query, Rows, Verb

if TYPE_CHECKING:
    from backend_lint.facts.python import Body

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
    if found is Rows.UNKNOWN:
        found = known if known is not None else _of_texts(body, number)
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
            if cursor in call.args and (named := _of_name(method)) is not Rows.UNKNOWN:
                return named
            continue
        if method.startswith("execute"):
            break
        found = _OF_RESULT.get(method)
        if found is not None:
            return found
    if any(block.subject == cursor for block in body.blocks):
        return Rows.MANY
    return Rows.UNKNOWN


def _of_name(name: str) -> Rows:
    """By the name of a function that is handed the cursor: ``dictfetchall(cursor)``."""
    lower = name.lower()
    if lower.endswith(("all", "rows", "many")):
        return Rows.MANY
    return Rows.ONE if lower.endswith(("one", "row", "first")) else Rows.UNKNOWN


def _of_texts(body: Body, number: int) -> Rows:
    """By what becomes of the result in values: ``list(result)``, ``result[0]``."""
    root = f"#{number}"
    for text in _values(body):
        if root in text:
            if f"{root}[0]" in text or f"next({root}" in text:
                return Rows.ONE
            if f"list({root})" in text or f"{root}[]" in text or f"tuple({root})" in text:
                return Rows.MANY
    return Rows.UNKNOWN


def _values(body: Body) -> Iterator[str]:
    for assign in body.assigns:
        yield assign.value
    for returned in body.returns:
        yield returned.value
    for call in body.calls:
        yield call.callee
        yield from call.args
        yield from (value for _, value in call.keywords)
    for _, _, text, _ in body.reads:
        yield text
