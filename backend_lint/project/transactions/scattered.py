"""Writes that belong together and are committed one by one.

Django commits after each statement unless a transaction is open; a session of SQLAlchemy at each `commit()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, BlockKind, Body, Call
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, inside, is_deferred
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Mapped
from backend_lint.project.transactions.healed import heals
from backend_lint.project.transactions.indexed import Indexed
from backend_lint.project.transactions.reach import Open, Reach
from backend_lint.project.transactions.rows import Origin, RowsAtHand, written_fields
from backend_lint.project.transactions.units import in_exclusive_branch
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

RECORDS = lazy_regex(
    r"log|audit|histor|event|activit|notif|session|token|metric|statistic|cache|message|report|trace|seen|visit|view(?:s|ed)?$|stat$|status", re.IGNORECASE
)
"""Words of tables that keep what happened: a missing row spoils nothing."""
_MAKES = frozenset({"create", "acreate", "create_user"})
_SAVES = frozenset({"save", "asave"})
_DELETES = frozenset({"delete", "adelete"})
_OUTSIDE = Effect.HTTP | Effect.MAIL | Effect.QUEUE
_MOST = 12
"""Writes after a write that are looked at."""
_TIMES = lazy_regex(r"modified|updated|changed|_at$|^last_|_on$|date|time", re.IGNORECASE)
_ERRORS = ("DatabaseError", "DataError", "IntegrityError", "OperationalError", "ProgrammingError")
_NAMES = tuple(f".{name}" for name in (*_MAKES, *_SAVES, *_DELETES))


class Write(msgspec.Struct, frozen=True):
    """Call `number` makes, changes or deletes a row of `model`. `row`: its value; `is_new`: it was made by this function."""

    number: int
    call: Call
    model: Mapped
    row: str
    is_new: bool


class Scattered(msgspec.Struct, frozen=True):
    """If `second` fails, `first` stays. `count`: how many writes there are. `outside`: between the two something is called that cannot be rolled back.

    `last`: the last of further writes that belong to the first. `caught`: a write in the same transaction whose error is passed over: it aborts all of it.
    """

    key: FunctionKey
    first: Write
    second: Write
    count: int
    outside: Call | None = None
    caught: Call | None = None
    last: Write | None = None


class ScatteredWrites:
    """Answers for one project."""

    def __init__(self, project: Project, reach: Reach, rows: RowsAtHand) -> None:
        self._project = project
        self._reach = reach
        self._rows = rows

    def all(self) -> Iterator[Scattered]:
        """One for each function, and for each job, in order of path and line."""
        found = list(self._in_functions()) if self._project.loads.uses_django else []
        own = {one.key for one in found}
        jobs: set[FunctionKey] = set()
        for one in found:
            reached = self._project.reached_from(one.key)
            job = (reached[0].module, reached[0].function) if reached is not None and reached[0].kind is EntryKind.TASK else None
            if job is None or job == one.key or (job not in own and job not in jobs):
                yield one
            if job is not None:
                jobs.add(job)

    def _in_functions(self) -> Iterator[Scattered]:
        for module, index, _, body in self._project.functions():
            if module.role is not Role.APPLICATION or not index or sum(call.callee.endswith(_NAMES) for call in body.calls) < 2:
                continue
            key = module.path, index
            if is_aside(self._project, key) or self._reach.scopes.of(key):
                continue
            writes = list(self._writes(key, body))
            found = self._unhealed(key, writes)
            if found is not None and self._project.entries.is_served(key) and self._reach.state(key) is Open.NO:
                yield Scattered(key, *found, len(writes), self._outside_between(key, *found), _caught(body, *found), self._last(key, writes, *found))

    def _last(self, key: FunctionKey, writes: list[Write], first: Write, second: Write) -> Write | None:
        indexed = self._project.transactions.indexed(key)
        for one in reversed(writes):
            if one.number > second.number and not _apart(indexed.body, first, one) and _is_about(indexed, first, one):
                alone = self._outside_between(key, first, one) is None and _caught(indexed.body, first, one) is None
                return one if alone else None
        return None

    def _unhealed(self, key: FunctionKey, writes: list[Write]) -> tuple[Write, Write] | None:
        """The first pair that the next call does not make good; behind a row that is found again, two that both belong to it."""
        indexed = self._project.transactions.indexed(key)
        healed: dict[str, list[Write]] = {}
        for first, second in _pairs(indexed, writes):
            if self._is_made_by_save(first, second):
                continue
            if not heals(self._project, key, indexed, first, second):
                return first, second
            healed.setdefault(first.row, []).append(second)
        pairs = ((one, other) for made in healed.values() for position, one in enumerate(made) for other in made[position + 1 : position + _MOST])
        return next(((one, other) for one, other in pairs if one.model.table != other.model.table and not _apart(indexed.body, one, other)), None)

    def _is_made_by_save(self, first: Write, second: Write) -> bool:
        """The first row's own ``save`` makes such a row already: the second write adds to it."""
        methods, _ = self._project.resolver.classes.members(*first.model.key)
        if "save" not in methods:
            return False
        save = first.model.key[0], methods["save"]
        calls = self._project.calls.body(save).calls
        made = (self._project.loads.django.instance(*save, f"#{number}") for number, call in enumerate(calls) if call.callee.endswith((".create", ".acreate")))
        return any(model == second.model.key for model in made)

    def _outside_between(self, key: FunctionKey, first: Write, second: Write) -> Call | None:
        """A call to another service or a queue between the two, which does not belong into their transaction."""
        for edge in self._project.calls.edges(key):
            if first.number < edge.number < second.number:
                if edge.target.is_external and self._project.calls.effect(edge.target) & _OUTSIDE:
                    return edge.call
                if edge.target.kind is RefKind.FUNCTION and self._project.calls.summary(edge.target.function) & _OUTSIDE:
                    return edge.call
        return None

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
        if any(block.kind is BlockKind.HANDLER for _, block in around(body, first.call.block)):
            continue  # what failed is noted down
        for second in writes[position + 1 : position + _MOST]:
            if first.model.table == second.model.table or _apart(body, first, second):
                continue
            if _is_about(indexed, first, second) and not _may_fail(body, first, second):
                yield first, second


def _apart(body: Body, first: Write, second: Write) -> bool:
    """The second write does not follow on the first one in the same run of the code."""
    if in_exclusive_branch(body, second.call.block, first.call.block) and not _nested(body, first, second):
        return True
    return in_exclusive_branch(body, first.call.block, second.call.block) or _in_other_loop(body, first, second)


def _caught(body: Body, first: Write, second: Write) -> Call | None:
    """A write in the lines that one transaction around both takes in, whose error is caught there."""
    above = {index for index, _ in around(body, first.call.block)}
    last = max((block.end_line for index, block in around(body, second.call.block) if index not in above), default=second.call.line)
    protected = [one.protected for one in body.handlers if not one.raises and any(kind.endswith(_ERRORS) for kind in one.types)]
    for call in body.calls:
        within = first.call.line < call.line <= last and call.callee.endswith((*_NAMES, ".add", ".set", ".update", ".bulk_create", ".get_or_create"))
        if within and any(inside(body, call.block, block) and not inside(body, first.call.block, block) for block in protected):
            return call
    return None


def _may_fail(body: Body, first: Write, second: Write) -> bool:
    """A conflict of the second write is passed over: the first one is meant to stay without it."""
    return any(
        inside(body, second.call.block, handler.protected)
        and not inside(body, first.call.block, handler.protected)
        and not handler.raises
        and (handler.shape in ("pass", "continue") or any(kind.endswith("IntegrityError") for kind in handler.types))
        for handler in body.handlers
    )


def _nested(body: Body, first: Write, second: Write) -> bool:
    return inside(body, second.call.block, first.call.block)


def _in_other_loop(body: Body, first: Write, second: Write) -> bool:
    return any(block.kind in LOOPS and not inside(body, second.call.block, index) for index, block in around(body, first.call.block))


def _is_about(indexed: Indexed, first: Write, second: Write) -> bool:
    """A key of the one is set to the other: one without the other is half of something."""
    return not _only_touches(indexed, second) and not _only_touches(indexed, first) and (_mentions(indexed, second, first) or _mentions(indexed, first, second))


def _only_touches(indexed: Indexed, write: Write) -> bool:
    """It writes when something happened, and nothing else."""
    fields = written_fields(write.call)
    if fields is None and not write.is_new and write.call.callee.endswith(("save", "asave")):
        fields = frozenset(indexed.names.get(write.row, ()))
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
