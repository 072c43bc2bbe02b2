"""The order in which a function's calls, blocks, assignments and ways out follow each other."""

from __future__ import annotations

import enum
from typing import NamedTuple

from backend_lint.facts.python import Assign, BlockKind, Body, Return
from backend_lint.project.blocks import around
from backend_lint.project.schema.sqlalchemy_values import Value


class Loop(enum.IntEnum):
    """What a way out means for the loop around it."""

    STAYS = 0
    BREAKS = 1
    CONTINUES = 2


class Event(NamedTuple):
    """A call, a block or a return in the order of a function's text."""

    place: float
    call: int = -1
    block: int = -1
    leave: Return | None = None
    raises: bool = False
    loop: Loop = Loop.STAYS
    assign: Assign | None = None


class Left(NamedTuple):
    """The function was left with a value, or with `loop` a turn of a loop or the loop."""

    value: Value
    loop: Loop = Loop.STAYS


def events_of(body: Body) -> dict[int, list[Event]]:
    """The events of each block in order."""
    events: dict[int, list[Event]] = {}
    lines = [call.line for call in body.calls]
    first: dict[int, float] = {}
    for index, call in enumerate(body.calls):
        events.setdefault(call.block, []).append(Event(index, call=index))
        block = call.block
        while block >= 0 and block not in first:
            first[block] = index - 0.25
            block = body.blocks[block].parent
    for number, block_ in enumerate(body.blocks):
        if number and block_.kind not in (BlockKind.HANDLER, BlockKind.LAMBDA):
            place = first.get(number, behind(lines, block_.line - 1))
            events.setdefault(block_.parent, []).append(Event(place, block=number))
    for found in body.returns:
        if body.blocks[found.block].kind is not BlockKind.LAMBDA:
            events.setdefault(found.block, []).append(Event(behind(lines, found.end_line), leave=found))
    for assigned in body.assigns:
        if assigned.augmented or assigned.target.endswith("]") or assigned.value[:1] in ("[", "{"):
            events.setdefault(assigned.block, []).append(Event(behind(lines, assigned.line), assign=assigned))
    for raised in body.raises:
        events.setdefault(raised.block, []).append(Event(behind(lines, raised.end_line), raises=True))
    for line, block in body.breaks:
        events.setdefault(block, []).append(Event(behind(lines, line), loop=Loop.BREAKS))
    for line, block in body.continues:
        events.setdefault(block, []).append(Event(behind(lines, line), loop=Loop.CONTINUES))
    for block_events in events.values():
        block_events.sort(key=lambda event: event.place)
    return events


def behind(lines: list[int], line: int) -> float:
    """Between the last call that stands on `line` or before and the next one."""
    return next((index for index, one in enumerate(lines) if one > line), len(lines)) - 0.5


def escapes(body: Body, block: int, outer: int) -> bool:
    """Whether a ``break`` or ``continue`` in `block` is about `outer` or a loop around it, and not about one inside it."""
    for index, one in around(body, block):
        if index == outer:
            return True
        if one.kind in (BlockKind.FOR, BlockKind.WHILE):
            return False
    return False


def raises(body: Body, plan: dict[int, list[Event]], number: int, holds: bool) -> bool:
    """Whether an ``if``, decided so, ends in a ``raise`` of its own."""
    if not holds:
        block = body.blocks[number]
        alike = (at for at in range(number + 1, len(body.blocks)) if body.blocks[at].kind is BlockKind.ORELSE and body.blocks[at].parent == block.parent)
        number = next((at for at in alike if body.blocks[at].subject == block.subject), -1)
    return any(event.raises for event in plan.get(number, ()))
