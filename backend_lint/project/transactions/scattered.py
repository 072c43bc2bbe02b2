"""Writes that belong together and are committed one by one.

Django commits after each statement unless a transaction is open; a session of SQLAlchemy at each `commit()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, Body, Call
from backend_lint.facts.route import EntryKind
from backend_lint.project.blocks import around, inside, is_deferred
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.schema.mapping import ClassKey, Mapped
from backend_lint.project.transactions.indexed import Indexed
from backend_lint.project.transactions.reach import Open, Reach
from backend_lint.project.transactions.rows import Origin, RowsAtHand, written_fields
from backend_lint.project.transactions.units import in_exclusive_branch
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

RECORDS = re.compile(
    r"log|audit|histor|event|activit|notif|session|token|metric|statistic|cache|message|report|trace|seen|visit|view(?:s|ed)?$|stat$|status", re.IGNORECASE
)
"""Words of tables that keep what happened: a missing row spoils nothing."""
_MAKES = frozenset({"create", "acreate", "create_user"})
_SAVES = frozenset({"save", "asave"})
_DELETES = frozenset({"delete", "adelete"})
_MOST = 12
"""Writes after a write that are looked at."""
_TIMES = re.compile(r"modified|updated|changed|_at$|^last_|_on$|date|time", re.IGNORECASE)
_NAMES = tuple(f".{name}" for name in (*_MAKES, *_SAVES, *_DELETES))


class Write(msgspec.Struct, frozen=True):
    """Call `number` makes, changes or deletes a row of `model`. `row`: its value; `is_new`: it was made by this function."""

    number: int
    call: Call
    model: Mapped
    row: str
    is_new: bool


class Scattered(msgspec.Struct, frozen=True):
    """If `second` fails, `first` stays. `all`: how many writes there are."""

    key: FunctionKey
    first: Write
    second: Write
    count: int


class ScatteredWrites:
    """Answers for one project."""

    def __init__(self, project: Project, reach: Reach, rows: RowsAtHand) -> None:
        self._project = project
        self._reach = reach
        self._rows = rows

    def all(self) -> Iterator[Scattered]:
        """One for each function, in order of path and line."""
        if not self._project.loads.uses_django:
            return
        for module, index, _, body in self._project.functions():
            if module.role is not Role.APPLICATION or not index or sum(call.callee.endswith(_NAMES) for call in body.calls) < 2:
                continue
            key = module.path, index
            if is_aside(self._project, key) or self._reach.scopes.of(key):
                continue
            writes = list(self._writes(key, body))
            found = next(_pairs(self._project.transactions.indexed(key), writes), None)
            if found is not None and self._is_served(key) and self._reach.state(key) is Open.NO:
                yield Scattered(key, *found, len(writes))

    def _is_served(self, key: FunctionKey) -> bool:
        found = self._project.reached_from(key)
        return found is not None and found[0].kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET, EntryKind.TASK, EntryKind.CONSUMER)

    def _writes(self, key: FunctionKey, body: Body) -> Iterator[Write]:
        for number, call in enumerate(body.calls):
            base, _, method = call.callee.rpartition(".")
            if not base or is_deferred(body, call.block) or not call.callee.endswith(_NAMES):
                continue
            if method in _MAKES:
                model = self._of(self._project.loads.django.instance(*key, f"#{number}"))
                row, is_new = f"#{number}", True
            else:
                found = self._rows.row(key, base)
                model, row, is_new = (found.model, base, found.origin is Origin.FRESH) if found is not None else (None, base, False)
            if model is not None and not RECORDS.search(model.name) and model.framework == "django":
                yield Write(number, call, model, row, is_new)

    def _of(self, model: ClassKey | None) -> Mapped | None:
        return self._project.schema.mapped.get(model) if model is not None else None


def _pairs(indexed: Indexed, writes: list[Write]) -> Iterator[tuple[Write, Write]]:
    """Two writes of different tables, the one after the other on the same way, that are about the same thing."""
    body = indexed.body
    for position, first in enumerate(writes):
        for second in writes[position + 1 : position + _MOST]:
            if first.model.table == second.model.table or (in_exclusive_branch(body, second.call.block, first.call.block) and not _nested(body, first, second)):
                continue
            if in_exclusive_branch(body, first.call.block, second.call.block) or _in_other_loop(body, first, second):
                continue
            if _is_about(indexed, first, second):
                yield first, second


def _nested(body: Body, first: Write, second: Write) -> bool:
    return inside(body, second.call.block, first.call.block)


def _in_other_loop(body: Body, first: Write, second: Write) -> bool:
    return any(block.kind in LOOPS and not inside(body, second.call.block, index) for index, block in around(body, first.call.block))


def _is_about(indexed: Indexed, first: Write, second: Write) -> bool:
    """A key of the one is set to the other: one without the other is half of something."""
    return not _only_touches(second) and (_mentions(indexed, second, first) or _mentions(indexed, first, second))


def _only_touches(write: Write) -> bool:
    fields = written_fields(write.call)
    return bool(fields) and all(_TIMES.search(field) for field in fields or ())


def _mentions(indexed: Indexed, holder: Write, held: Write) -> bool:
    """A key of the one is set to the other, where it is made or afterwards."""
    relations = {name for name, one in holder.model.relationships.items() if one.target == held.model.key and not one.many and not one.reverse}
    if not relations:
        return False
    columns = relations | {f"{name}_id" for name in relations}
    own = {holder.number, *([] if holder.row[:1] != "#" else call_ids(holder.row)[:1])} if holder.is_new else set()
    for number in own:
        if any(name in columns and _is_row(text, held.row) for name, text in indexed.body.calls[number].keywords):
            return True
    targets = {f"{holder.row}.{name}" for name in columns}
    return any(_is_row(value, held.row) for target in targets for value in indexed.values.get(target, ()))


def _is_row(text: str, row: str) -> bool:
    return text == row or (text.startswith(row) and text[len(row) :] in (".pk", ".id"))
