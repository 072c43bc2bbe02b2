"""What is said of locks, scans and rewrites is what a real PostgreSQL does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import postgres_server
import pytest
from measure import Probe, Refused, Seen
from statements import ALONE, FILL, IN_TRANSACTION, ROWS, SETUP, WRITES

from backend_lint.facts.act import Act
from backend_lint.facts.ddl import Change
from backend_lint.facts.schema import Dialect
from backend_lint.sql.acts import acts_of
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl import Reading, changes
from backend_lint.sql.locks import Lock, costs
from backend_lint.sql.split import statements

EXPLAINED: dict[str, str] = {
    "REINDEX TABLE t": "its lock on the table is SHARE, but ACCESS EXCLUSIVE on each index, which every query needs to be planned: readers wait",
    "REINDEX INDEX t_b": "the same",
    "TRUNCATE nokey": "the table gets a new file, but an empty one: that takes no time",
}
"""Statements of which something else is said than the server does, and why."""


class Said(NamedTuple):
    """What is said of a table: the lock, and for whom it is held while all rows are read or written."""

    lock: Lock = Lock.NONE
    blocks_reads: bool = False
    blocks_writes: bool = False
    rewrites: bool = False


def said(text: str) -> dict[str, Said]:
    """What is said of the statements of a text in one transaction, by table."""
    catalog = Catalog(Dialect.POSTGRESQL)
    catalog.apply_all(changes(SETUP)[0])
    reading = Reading(Dialect.POSTGRESQL, "")
    found: dict[str, Said] = {}
    held: dict[str, Lock] = {}
    for statement in statements(text, Dialect.POSTGRESQL):
        made: list[Change | Act] = [*acts_of(statement.text, Dialect.POSTGRESQL, 1), *reading.read(statement)[0]]
        for change in made:
            for cost in costs(change, catalog):
                held[cost.table] = max(cost.lock, held.get(cost.table, Lock.NONE))
                now, before = cost._replace(lock=held[cost.table]), found.get(cost.table, Said())
                found[cost.table] = Said(
                    max(now.lock, before.lock), now.blocks_reads or before.blocks_reads, now.blocks_writes or before.blocks_writes,
                    cost.rewrites or before.rewrites,
                )  # fmt: skip
            if not isinstance(change, Act):
                catalog.apply(change)
    return found


def differences(text: str, seen: dict[str, Seen]) -> list[str]:
    """What is said and is not so, table by table."""
    ours = said(text)
    found = []
    for table, real in seen.items():
        mine = ours.get(table, Said())
        for what, one, other in (
            ("lock", mine.lock.waited_for, real.lock.waited_for),
            ("blocks readers", mine.blocks_reads, real.blocks_reads),
            ("blocks writers", mine.blocks_writes, real.blocks_writes),
            ("rewrites", mine.rewrites, real.rewritten),
        ):
            if one != other:
                found.append(f"{table} {what}: said {one}, seen {other}")
    return found


def compared(text: str, look: Callable[[], dict[str, Seen]]) -> list[str]:
    """The differences, or why the server refused."""
    try:
        return differences(text, look())
    except Refused as error:
        return [f"refused: {error}"]


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    connection = postgres_server.database("locks")
    connection.execute(SETUP)
    connection.execute(FILL)
    connection.close()
    yield Probe(postgres_server.uri_of("locks"), WRITES, ROWS)


def test_what_is_said_of_statements_is_what_the_server_does(probe: Probe) -> None:
    texts = [line for line in IN_TRANSACTION.splitlines() if line]
    wrong: dict[str, list[str]] = {}
    for text in texts:
        if found := compared(text, lambda text=text: probe.in_transaction(text.split("; "))):  # type: ignore[misc]
            wrong[text] = found
    for text, (table, undo) in ALONE.items():
        if found := compared(text, lambda text=text, undo=undo, table=table: probe.alone(text, undo, table)):  # type: ignore[misc]
            wrong[text] = found
    count = len(texts) + len(ALONE)
    shown = "\n".join(f"{text}\n    {one}" for text, found in wrong.items() for one in found)
    assert count >= 150
    assert wrong.keys() == EXPLAINED.keys(), shown
    assert len(wrong) <= count * 0.03, shown
