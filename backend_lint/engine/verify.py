"""Asks a real PostgreSQL what it would do: plans of queries before and after an index, by EXPLAIN alone. Nothing it does outlives its transactions."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backend_lint.config import ConfigError

if TYPE_CHECKING:
    import psycopg

_OLDEST = 160000
_MANY_ROWS = 1_000_000
_SETTINGS = ("set local statement_timeout = '60s'", "set local lock_timeout = '2s'", "set local plan_cache_mode = force_generic_plan")


class Outcome(enum.StrEnum):
    """What the planner does with an index."""

    USED = "used"
    WOULD = "would"
    """Used as soon as reading the whole table is made dear: there are too few rows here for the planner to care."""
    UNUSED = "unused"
    SERVED = "served"
    """An index that is there serves the query already."""
    FAILED = "failed"


class Plan(NamedTuple):
    """The outcome for one query, with the planner's node for the table, or what the server said."""

    outcome: Outcome
    node: str


class Server:
    """A connection. Raises ConfigError if there is none, or the server is too old to plan without values."""

    def __init__(self, dsn: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise ConfigError("--verify needs psycopg: pip install 'backend-lint[postgres]'") from None
        self._error = psycopg.Error
        try:
            self._connection: psycopg.Connection[Any] = psycopg.connect(dsn, connect_timeout=10)
        except (psycopg.Error, ValueError) as error:
            raise ConfigError(f"--verify: no connection: {str(error).strip().splitlines()[0] if str(error).strip() else 'refused'}") from None
        if self._connection.info.server_version < _OLDEST:
            raise ConfigError("--verify needs PostgreSQL 16 or later: older ones cannot plan a statement without its values")
        self._hypothetical = bool(self._rows("select 1 from pg_extension where extname = 'hypopg'"))
        self._connection.rollback()

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def check(self, index: str, name: str, table: str, statements: Sequence[str], before_it: Sequence[str] = ()) -> list[Plan]:
        """What becomes of each statement with the index, given as SQL without CONCURRENTLY, that is to be called `name`; it needs `before_it`.

        The index is hypothetical where the extension hypopg is installed; else it is made in a transaction that is rolled back, for tables up to a
        million rows.
        """
        plans = []
        try:
            for setting in _SETTINGS:
                self._rows(setting)
            before = [self._plan(statement) for statement in statements]
            for preparation in before_it:
                self._rows(preparation)
            if self._hypothetical:
                made = self._rows("select indexname from hypopg_create_index(%s)", (index,))
                name = str(made[0][0]) if made else name
            elif self._estimated_rows(table) > _MANY_ROWS:
                return [Plan(Outcome.FAILED, f"{table} has over a million rows: install hypopg there to try an index without making it")] * len(statements)
            else:
                self._rows(index)
            for statement, plan in zip(statements, before, strict=True):
                plans.append(self._compare(statement, plan, name, table))
        except self._error as error:
            plans += [Plan(Outcome.FAILED, _first_line(error))] * (len(statements) - len(plans))
        finally:
            self._connection.rollback()
        return plans

    def _compare(self, statement: str, before: Any, name: str, table: str) -> Plan:
        if isinstance(before, str):
            return Plan(Outcome.FAILED, before)
        after = self._plan(statement)
        if (node := _using(after, name)) is not None:
            return Plan(Outcome.USED, node)
        self._rows("set local enable_seqscan = off")
        dear = self._plan(statement)
        self._rows("set local enable_seqscan = on")
        if (node := _using(dear, name)) is not None:
            return Plan(Outcome.WOULD, node)
        served = _on(before, table)
        return Plan(Outcome.SERVED if served is not None and "Index" in served else Outcome.UNUSED, served or "")

    def _plan(self, statement: str) -> Any:
        """The plan as EXPLAIN's JSON, or what the server said against the statement."""
        try:
            with self._connection.transaction():
                return self._rows("explain (generic_plan, format json) " + statement)[0][0]
        except self._error as error:
            return _first_line(error)

    def _estimated_rows(self, table: str) -> float:
        found = self._rows("select reltuples from pg_class where oid = to_regclass(%s)", (table,))
        return float(found[0][0]) if found else 0.0

    def _rows(self, statement: str, values: Sequence[Any] | None = None) -> list[Any]:
        # a statement without values is sent as it is: its own signs of percent mean nothing. It is prepared first, which takes one statement and no more,
        # so that nothing in a checked query can end it, commit, and run another one
        raw = statement.encode("utf-8", "replace").replace(b"\0", b"")
        if values is None:
            from psycopg.errors import error_from_result

            prepared = self._connection.pgconn.prepare(b"", raw)
            if prepared.error_message:
                raise error_from_result(prepared)
        cursor = self._connection.execute(raw, values)
        return cursor.fetchall() if cursor.description is not None else []


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    waiting = [one["Plan"] for one in (json.loads(plan) if isinstance(plan, str) else plan) if "Plan" in one] if not _is_message(plan) else []
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.get("Plans", [])


def _is_message(plan: Any) -> bool:
    return isinstance(plan, str) and not plan.startswith("[")


def _using(plan: Any, name: str) -> str | None:
    """The node that reads the index; PostgreSQL cuts hypothetical names."""
    return next((str(node["Node Type"]) for node in _nodes(plan) if str(node.get("Index Name", "")) == name), None)


def _on(plan: Any, table: str) -> str | None:
    short = table.rpartition(".")[2]
    return next((str(node["Node Type"]) for node in _nodes(plan) if node.get("Relation Name") == short), None)


def _first_line(error: Exception) -> str:
    lines: Iterable[str] = str(error).strip().splitlines()
    return next(iter(lines), type(error).__name__)
