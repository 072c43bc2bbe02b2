"""What PostgreSQL's planner does for each table of a statement: the oracle of the matcher and of the ORMs' queries.

    uses = explain(connection, "SELECT * FROM item AS i WHERE i.sku = %s", ("x",))
    uses["i"].kind                      # "index" | "order" | "skip" | "walk" | "scan" | "whole"
    share(connection, uses["i"])        # part of the table that its filter leaves, None if it cannot be counted

Values are bound by the client, so that the planner sees them as constants, as with psycopg2 and in the first executions of a prepared statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

SCANS = frozenset({"scan", "whole", "walk", "skip", "probe"})
"""Kinds that do not serve a condition: all of a table or of an index is read, or all rows of another table lead there."""
MANY = 1000
SMALL_PART = 0.2
"""The part of a table up to which a partial index is a way to its rows, even if it is read from end to end."""
_ORDER_BY = re.compile(r"\border\s+by\b", re.IGNORECASE)
_BLOCKING = frozenset({"Sort", "Hash", "Aggregate", "Materialize", "WindowAgg", "HashAggregate", "SetOp", "Unique", "Incremental Sort"})


@dataclass(frozen=True)
class Use:
    """How one alias is read.

    `kind`: ``index`` a condition leads to the rows, or a small partial index holds just them; ``order`` read in the order of an index under a limit;
    ``skip`` the condition is on a column that is not the index's first, so that all of the index is read (or skipped through, from PostgreSQL 18); ``walk``
    all of an index is read in place of the table; ``probe`` more than `MANY` rows of another table are tried in an index, with a filter on what is found
    (cheap where few keys repeat); ``scan`` the table is read whole with a filter; ``whole`` without one.
    `few`: the other side of the join that reads it is thought to give at most so many rows; None if it is not joined.
    """

    alias: str
    table: str
    kind: str
    indexes: tuple[str, ...] = ()
    filter: str = ""
    few: float | None = None
    plan: str = ""


def explain(connection: psycopg.Connection[Any], sql: str, params: Sequence[object] | None = None) -> dict[str, Use]:
    """How each alias (or table without one) is read. An alias that is read more than once is given by its worst use."""
    cursor = psycopg.ClientCursor(connection)
    row = cursor.execute("EXPLAIN (FORMAT JSON, VERBOSE false, COSTS true) " + sql, params).fetchone()  # type: ignore[arg-type]
    assert row is not None
    found: dict[str, Use] = {}
    ordered = _ORDER_BY.search(sql) is not None
    for use in _uses(connection, row[0][0]["Plan"], limited=False, few=None, ordered=ordered):
        held = found.get(use.alias)
        if held is None or (held.kind not in SCANS and use.kind in SCANS):
            found[use.alias] = use
    return found


def text_plan(connection: psycopg.Connection[Any], sql: str, params: Sequence[object] | None = None) -> str:
    """The plan for people."""
    cursor = psycopg.ClientCursor(connection)
    return "\n".join(line for (line,) in cursor.execute("EXPLAIN " + sql, params).fetchall())  # type: ignore[arg-type]


def share(connection: psycopg.Connection[Any], use: Use) -> float | None:
    """The measured part of the table that the filter of a scan leaves."""
    if not use.filter or "SubPlan" in use.filter or "InitPlan" in use.filter or re.search(r"\$\d", use.filter):
        return None
    try:
        row = connection.execute(
            f'SELECT avg(CASE WHEN {use.filter.replace("%", "%%")} THEN 1.0 ELSE 0 END) FROM "{use.table}" AS "{use.alias}"'.replace("%%", "%")
        ).fetchone()
    except psycopg.Error:
        return None
    return float(row[0]) if row and row[0] is not None else None


def _uses(connection: psycopg.Connection[Any], plan: dict[str, Any], limited: bool, few: float | None, ordered: bool) -> Iterator[Use]:
    kind = plan["Node Type"]
    if kind == "Limit":
        limited = ordered  # without an order wanted, an index is read from end to end until something is found
    elif kind in _BLOCKING and kind != "Incremental Sort":
        limited = limited and kind == "Unique"
    table = plan.get("Relation Name")
    if table is not None and kind != "Bitmap Index Scan" and kind != "ModifyTable":
        alias = plan.get("Alias", table)
        if kind == "Seq Scan":
            yield Use(alias, table, "scan" if plan.get("Filter") else "whole", (), plan.get("Filter", ""), few)
        elif kind in ("Index Scan", "Index Only Scan"):
            found = _index_kind(connection, plan, limited)
            if found == "index" and plan.get("Filter") and few is not None and few > MANY and not plan.get("_outer"):
                found = "probe"
            yield Use(alias, table, found, (plan["Index Name"],), plan.get("Filter", ""), few)
        elif kind == "Bitmap Heap Scan":
            leaves = list(_bitmaps(connection, plan["Plans"][0]))
            worst = "index" if all(found == "index" for found, _ in leaves) else "skip"
            yield Use(alias, table, worst, tuple(name for _, name in leaves), plan.get("Filter", ""), few)
            return
        elif kind.startswith("Tid"):
            yield Use(alias, table, "index", (), "", few)
    children = plan.get("Plans", [])
    joins = kind in ("Hash Join", "Nested Loop", "Merge Join")
    for number, child in enumerate(children):
        inner = few
        if joins and len(children) >= 2 and number < 2:
            inner = float(children[1 - number]["Plan Rows"])
            child = {**child, "_outer": number == 0 or kind != "Nested Loop"}
        elif child.get("Parent Relationship") != "Outer":
            inner = None
        else:
            child = {**child, "_outer": plan.get("_outer")}
        yield from _uses(connection, child, limited and (number == 0 or kind != "Hash Join"), inner, ordered)


def _bitmaps(connection: psycopg.Connection[Any], plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = plan["Node Type"]
    if kind == "Bitmap Index Scan":
        yield _index_kind(connection, plan, False), plan["Index Name"]
        return
    found = [list(_bitmaps(connection, child)) for child in plan.get("Plans", [])]
    if kind == "BitmapAnd":
        served = [leaves for leaves in found if all(one == "index" for one, _ in leaves)]
        found = served or found
    for leaves in found:
        yield from leaves


def _index_kind(connection: psycopg.Connection[Any], plan: dict[str, Any], limited: bool) -> str:
    method, partial, leading, alone = _index_facts(connection, plan["Index Name"])
    condition = plan.get("Index Cond", "") or ""
    if method != "btree":
        return "index"
    if condition:
        if alone or _speaks_of(condition, leading):
            return "index"
        return "order" if limited else "index" if partial else "skip"
    if plan.get("Order By"):
        return "order"
    return "index" if partial else "order" if limited else "walk"


def _index_facts(connection: psycopg.Connection[Any], name: str) -> tuple[str, bool, str, bool]:
    """Method, whether it is partial and holds a small part of the table, its first key as SQL, whether that is its only one."""
    row = connection.execute(
        "SELECT am.amname, i.indpred IS NOT NULL AND c.reltuples <= t.reltuples * %s, pg_get_indexdef(i.indexrelid, 1, true), i.indnkeyatts = 1 "
        "FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
        "JOIN pg_class AS t ON t.oid = i.indrelid JOIN pg_am AS am ON am.oid = c.relam WHERE c.relname = %s",
        (SMALL_PART, name),
    ).fetchone()
    assert row is not None, name
    return row[0], row[1], row[2], row[3]


def _speaks_of(condition: str, key: str) -> bool:
    if re.fullmatch(r'\w+|"[^"]+"', key):
        return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", condition) is not None
    return _bare(key) in _bare(condition)


def _bare(text: str) -> str:
    return re.sub(r"""[()\s"']|::\w+( varying)?""", "", text)
