"""Who has loaded a row that a function is handed: as ``self`` of a method of the model, or as an argument.

A method cannot know whether the row it belongs to is one that others know, or one that its caller has just made: the callers do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import ParameterKind
from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.chosen_branches import constants, rules_out
from backend_lint.project.held_sessions import passed
from backend_lint.project.transactions.rows import Origin, Row

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.transactions.locks import Locks
    from backend_lint.project.transactions.rows import RowsAtHand

_MOST_CALLERS = 12
_HOPS = 2
_SEVERAL = (ParameterKind.VAR_POSITIONAL, ParameterKind.VAR_KEYWORD)


class Holder(msgspec.Struct, frozen=True):
    """Function `key` has loaded the row, in line `line` if that is known, and hands it over by `edge`."""

    key: FunctionKey
    edge: Edge
    line: int


class Holders:
    """Answers for one project."""

    def __init__(self, project: Project, locks: Locks, rows: RowsAtHand) -> None:
        self._project = project
        self._locks = locks
        self._rows = rows
        self._handed_rows: dict[tuple[FunctionKey, str], Row | None] = {}

    def of(self, key: FunctionKey, row: Row, block: int = 0) -> Holder | None:
        """Somebody who certainly hands over a row that others know too, without a lock; None if nobody does, or if someone hands over one that is new.

        `block`: where the row is changed; calls that do not come there, by the constants that they hand over, do not count.
        """
        found: list[Holder] = []
        return found[0] if self._look(key, row, found, 0, block) and found else None

    def handed_row(self, key: FunctionKey, text: str) -> Row | None:
        """The row that a parameter without a type is: all known callers hand over rows of one model, and none a new one."""
        state = key, text
        if state not in self._handed_rows:
            self._handed_rows[state] = self._handed_row(key, text)
        return self._handed_rows[state]

    def _handed_row(self, key: FunctionKey, text: str) -> Row | None:
        head = self._project.calls.head(key)
        name = text.removeprefix("%")
        if not any(one.name == name and not one.annotation and one.kind not in _SEVERAL for one in head.parameters):
            return None
        if head.owner >= 0 and head.parameters[0].name == name:
            return None
        callers = self._project.transactions.reach.callers(key)
        found: list[Row] = []
        for caller, edge in callers[: _MOST_CALLERS + 1]:
            if self._project.modules[caller[0]].role is not Role.TEST:
                rows = [self._rows.row(caller, given) for parameter, given in passed(self._project, edge) if parameter == name]
                if len(rows) != 1 or rows[0] is None or rows[0].origin is Origin.FRESH or not rows[0].is_whole:
                    return None
                found.append(rows[0])
        if not found or len(callers) > _MOST_CALLERS or len({row.model.key for row in found}) > 1:
            return None
        return Row(text, found[0].model, Origin.GIVEN)

    def _look(self, key: FunctionKey, row: Row, found: list[Holder], depth: int, block: int) -> bool:
        """Gather the holders; False as soon as a caller is met whose row is new, or locked."""
        callers = [one for one in self._project.transactions.reach.callers(key) if self._project.modules[one[0][0]].role is not Role.TEST]
        if len(callers) > _MOST_CALLERS:
            return False
        for caller, edge in callers:
            if self._leads_past(caller, edge, block):
                continue
            if self._locks.held(caller, edge.number):
                return False
            for text in _handed(self._project, edge, row):
                given = self._rows.row(caller, text)
                if given is None or given.model.key != row.model.key:
                    continue
                if given.origin is Origin.FRESH or self._says_new(caller, edge):
                    return False
                if given.origin is Origin.LOADED:
                    if self._project.modules[caller[0]].role is Role.APPLICATION and self._project.entries.may_run_at_once(caller):
                        found.append(Holder(caller, edge, (given.loaded if given.loaded is not None and given.is_whole else edge.call).line))
                elif depth < _HOPS and caller != key and not self._look(caller, given, found, depth + 1, edge.call.block):
                    return False
        return True

    def _leads_past(self, caller: FunctionKey, edge: Edge, block: int) -> bool:
        """The call does not come to the block, by what it hands over itself, or what all who call the caller do."""
        if rules_out(self._project, edge, block):
            return True
        before = self._project.transactions.reach.callers(caller)
        outer = [one for (path, _), one in before[:_MOST_CALLERS] if self._project.modules[path].role is not Role.TEST]
        return bool(outer) and all(rules_out(self._project, edge, block, constants(self._project, one)) for one in outer) and len(before) <= _MOST_CALLERS

    def _says_new(self, caller: FunctionKey, edge: Edge) -> bool:
        """The call stands under a test that only a row that is being made passes: ``if self._state.adding``."""
        return self._project.transactions.indexed(caller).is_under(edge.call.block, ("adding", "created", "creating", "is_new"))


def _handed(project: Project, edge: Edge, row: Row) -> Iterator[str]:
    if row.origin is Origin.SELF:
        receiver = edge.call.callee.rpartition(".")[0]
        if receiver:
            yield receiver
        return
    name = row.text.lstrip("%")
    for parameter, text in passed(project, edge):
        if parameter == name:
            yield text
