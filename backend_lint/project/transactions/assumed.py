"""What a query has said is taken to hold when the next statement runs: a row that was not there, a count, the largest number.

At READ COMMITTED another transaction may insert between the two. Source: https://www.postgresql.org/docs/current/transaction-iso.html
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.facts.query import Query, Rows, Site, Verb
from backend_lint.project.blocks import around, protecting_handlers
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.locks import Locks
from backend_lint.project.transactions.rows import RowsAtHand
from backend_lint.project.uniqueness import equality_columns, results_of, sees_conflicts
from backend_lint.project.value_text import call_ids
from backend_lint.sql.keys import unique_within

if TYPE_CHECKING:
    from backend_lint.project import Project

_FARTHEST = 40
"""Calls after a query among which the insert is looked for."""
_MAKES = frozenset({"create", "acreate"})


class Assumption(enum.Enum):
    """What is assumed."""

    ABSENT = "absent"
    """No such row: the loser of two requests fails on the unique constraint, or makes a second row."""
    COUNT = "count"
    """There are no more rows than these."""
    NEXT = "next"
    """The largest number is still the largest."""


class Assumed(msgspec.Struct, frozen=True):
    """`asked` was asked, and `made` inserts a row of `table` in the belief that it still holds."""

    key: FunctionKey
    kind: Assumption
    asked: Site
    made: Call
    table: str


class Assumptions:
    """Answers for one project."""

    def __init__(self, project: Project, locks: Locks, rows: RowsAtHand) -> None:
        self._project = project
        self._locks = locks
        self._rows = rows

    def all(self) -> Iterator[Assumed]:
        """The first insert after each query, in order of path and line."""
        if self._locks.is_serializable:
            return
        told: set[tuple[FunctionKey, int]] = set()
        for site in self._project.queries.sites:
            key = site.path, site.function
            if site.query.verb is not Verb.SELECT or site.function <= 0 or site.call < 0 or site.query.locks or (key, site.call) in told:
                continue
            if site.query.rows not in (Rows.ONE, Rows.NONE) and not site.query.aggregate:
                continue
            if self._project.modules[site.path].role is not Role.APPLICATION or not site.query.relations:
                continue
            found = self._after(key, site)
            if found is not None and not is_aside(self._project, key) and self._project.entries.may_run_at_once(key):
                told.add((key, site.call))
                yield found

    def _after(self, key: FunctionKey, site: Site) -> Assumed | None:
        body = self._project.calls.body(key)
        table = site.query.relations[0].table
        if not table:
            return None
        results = results_of(body, site.call)
        start = max(results) + 1
        for number in range(start, min(len(body.calls), start + _FARTHEST)):
            call = body.calls[number]
            if self._made(key, number, call) != table:
                continue
            kind = _kind(body, site.query, results, call)
            if kind is None or self._locks.held(key, number) or self._is_caught(body, call):
                return None
            if kind is Assumption.ABSENT and not self._is_one_row(site):
                return None
            return Assumed(key, kind, site, call, table)
        return None

    def _is_one_row(self, site: Site) -> bool:
        """What was looked for can be there once only. Where nothing in the schema says so, `app-level-uniqueness` judges whether it should."""
        table = self._project.schema.table(site.query.relations[0].table)
        columns = equality_columns(site.query)
        return table is not None and columns is not None and unique_within(table, columns) is not None

    def _made(self, key: FunctionKey, number: int, call: Call) -> str:
        """The table of the row that a call makes; empty if it makes none."""
        name = call.callee.rpartition(".")[2]
        if name in _MAKES and self._project.loads.uses_django:
            model = self._project.loads.django.instance(*key, f"#{number}")
            mapped = self._project.schema.mapped.get(model) if model is not None else None
            return mapped.table if mapped is not None else ""
        if not name[:1].isupper():
            return ""
        ref = self._project.value(*key, call.callee)
        mapped = self._project.schema.of(ref) if ref is not None and ref.kind is RefKind.CLASS else None
        return mapped.table if mapped is not None else ""

    @staticmethod
    def _is_caught(body: Body, call: Call) -> bool:
        return any(sees_conflicts(handler) for handler in protecting_handlers(body, call.block)) or any(
            one.callee.endswith(("on_conflict_do_nothing", "on_conflict_do_update", "begin_nested")) for one in body.calls
        )


def _kind(body: Body, query: Query, results: set[int], made: Call) -> Assumption | None:
    texts = [*made.args, *(text for _, text in made.keywords)]
    if query.aggregate and any(results.intersection(call_ids(text)) and "+" in text for text in texts):
        return Assumption.NEXT
    for _, block in around(body, made.block):
        if block.kind in (BlockKind.IF, BlockKind.ORELSE) and results.intersection(call_ids(block.subject)):
            if query.aggregate and any(sign in block.subject for sign in "<>"):
                return Assumption.COUNT
            return Assumption.ABSENT if _says_missing(block.subject) is (block.kind is BlockKind.IF) else None
        if block.kind is BlockKind.HANDLER:
            handler = next((one for one in body.handlers if body.blocks[one.block] is block), None)
            missing = handler is not None and any(kind.endswith(("DoesNotExist", "NoResultFound")) for kind in handler.types)
            if missing and handler is not None and any(body.calls[number].block == handler.protected for number in results):
                return Assumption.ABSENT
    here = {index for index, _ in around(body, made.block)}
    for index, block in enumerate(body.blocks):
        if block.kind is not BlockKind.IF or block.parent not in here or block.end_line >= made.line or not results.intersection(call_ids(block.subject)):
            continue
        if any(one.block == index for one in body.returns) or any(one.block == index for one in body.raises):
            if query.aggregate and any(sign in block.subject for sign in "<>"):
                return Assumption.COUNT
            return None if _says_missing(block.subject) else Assumption.ABSENT
    return None


def _says_missing(test: str) -> bool:
    """The test is true where nothing was found."""
    return "is None" in test or test.startswith("(not ") or "==0" in test
