"""Transactions: where they are open, what runs inside them and after them, which rows they lock."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from backend_lint.project.transactions.assumed import Assumed, Assumption, Assumptions
from backend_lint.project.transactions.caught import Caught, caught_inside
from backend_lint.project.transactions.commits import LoopCommit, loop_commits
from backend_lint.project.transactions.databases import Spanning, spanning
from backend_lint.project.transactions.dispatch import Dispatch, Dispatches, Sent
from backend_lint.project.transactions.dual import DualWrite, dual_writes
from backend_lint.project.transactions.early import Early, Stake, early, evidence
from backend_lint.project.transactions.held_open import HeldOpen, HeldOpens
from backend_lint.project.transactions.indexed import Indexed
from backend_lint.project.transactions.lock_places import Unkept, Wide, unkept_locks, wide_locks
from backend_lint.project.transactions.locks import Locks
from backend_lint.project.transactions.overwrites import Overwrite, Overwrites
from backend_lint.project.transactions.races import Kind, Race, Races
from backend_lint.project.transactions.raw_races import RawRace, raw_races
from backend_lint.project.transactions.reach import Inside, Open, Reach
from backend_lint.project.transactions.rows import Origin, Row, RowsAtHand
from backend_lint.project.transactions.scattered import Scattered, ScatteredWrites
from backend_lint.project.transactions.scopes import Scope, Scopes
from backend_lint.project.transactions.slow_saves import SlowSave, SlowSaves
from backend_lint.project.transactions.split_units import SplitUnit, split_units
from backend_lint.project.transactions.units import Units
from backend_lint.project.transactions.work import Work
from backend_lint.project.transactions.written import rows_written

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.calls import FunctionKey

__all__ = [
    "Assumed",
    "Assumption",
    "Caught",
    "Dispatch",
    "DualWrite",
    "Early",
    "HeldOpen",
    "Inside",
    "Kind",
    "LoopCommit",
    "Open",
    "Origin",
    "Overwrite",
    "Race",
    "RawRace",
    "Reach",
    "Row",
    "Scattered",
    "Scope",
    "Scopes",
    "Sent",
    "SlowSave",
    "Spanning",
    "SplitUnit",
    "Stake",
    "Transactions",
    "Unkept",
    "Wide",
    "Work",
    "evidence",
]


class Transactions:
    """Answers for one project; every question is answered when somebody first asks it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.reach = Reach(project)
        self.dispatches = Dispatches(project)
        self.units = Units(project)
        self.work = Work(project, self.reach)
        self.locks = Locks(project)
        self.rows = RowsAtHand(project)
        self._indexed: dict[FunctionKey, Indexed] = {}
        self._written: dict[FunctionKey, frozenset[str]] = {}

    def indexed(self, key: FunctionKey) -> Indexed:
        """The body of a function with its indexes."""
        found = self._indexed.get(key)
        if found is None:
            found = self._indexed[key] = Indexed(self._project.calls.body(key))
        return found

    def rows_written(self, key: FunctionKey) -> frozenset[str]:
        """The values of a function that it saves, makes or hands to a session."""
        found = self._written.get(key)
        if found is None:
            found = self._written[key] = rows_written(self._project.calls.body(key))
        return found

    @functools.cached_property
    def early(self) -> tuple[Early, ...]:
        """What is handed to other processes inside a transaction."""
        return tuple(early(self._project, self.reach, self.dispatches, self.units))

    @functools.cached_property
    def caught(self) -> tuple[Caught, ...]:
        """Errors of the database that are caught inside a transaction which then goes on."""
        return tuple(caught_inside(self._project, self.reach, self.work))

    @functools.cached_property
    def races(self) -> tuple[Race, ...]:
        """Updates that two requests at once lose."""
        return tuple(Races(self._project, self.locks, self.rows).all())

    @functools.cached_property
    def raw_races(self) -> tuple[RawRace, ...]:
        """The same in plain SQL."""
        return tuple(raw_races(self._project, self.locks))

    @functools.cached_property
    def overwrites(self) -> tuple[Overwrite, ...]:
        """Saves of whole rows of which others count a column."""
        return tuple(Overwrites(self._project, self.locks, self.rows).all())

    @functools.cached_property
    def slow_saves(self) -> tuple[SlowSave, ...]:
        """Saves of whole rows that were loaded before another service was waited for."""
        return tuple(SlowSaves(self._project, self.locks, self.rows).all())

    @functools.cached_property
    def dual_writes(self) -> tuple[DualWrite, ...]:
        """Changes that go to the database and to a broker, with nothing that keeps the two together."""
        return tuple(dual_writes(self._project, self.reach, self.dispatches, self.work))

    @functools.cached_property
    def scattered(self) -> tuple[Scattered, ...]:
        """Writes that belong together and are committed one by one."""
        return tuple(ScatteredWrites(self._project, self.reach, self.rows).all())

    @functools.cached_property
    def split_units(self) -> tuple[SplitUnit, ...]:
        """The same with sessions of SQLAlchemy."""
        return tuple(split_units(self._project, self.units))

    @functools.cached_property
    def held_open(self) -> tuple[HeldOpen, ...]:
        """Calls to other services inside a transaction that has written or locked rows."""
        return tuple(HeldOpens(self._project, self.reach, self.work, self.locks).all())

    @functools.cached_property
    def unkept_locks(self) -> tuple[Unkept, ...]:
        """Row locks outside of any transaction."""
        return tuple(unkept_locks(self._project, self.reach))

    @functools.cached_property
    def wide_locks(self) -> tuple[Wide, ...]:
        """Row locks that take joined rows as well."""
        return tuple(wide_locks(self._project))

    @functools.cached_property
    def spanning(self) -> tuple[Spanning, ...]:
        """Blocks that write two databases."""
        return tuple(spanning(self._project, self.reach))

    @functools.cached_property
    def loop_commits(self) -> tuple[LoopCommit, ...]:
        """Commits once an item."""
        return tuple(loop_commits(self._project))

    @functools.cached_property
    def assumptions(self) -> tuple[Assumed, ...]:
        """Inserts that believe what a query said before."""
        return tuple(Assumptions(self._project, self.locks, self.rows).all())
