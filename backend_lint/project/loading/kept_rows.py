"""Rows that a loop puts into a list or dictionary of its function, and the later loops that go through that."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence

from backend_lint.facts.python import BlockKind, Body
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import inside
from backend_lint.project.loading.loops import unwrapped

_INTO = lazy_regex(r"(%\w+|#\d+)\[(.+)\]")
_GROUP = lazy_regex(r"(%\w+|#\d+)(?:\[.+\])?\.(append|add|insert|extend|update|setdefault)")
_EMPTY = frozenset({"[]", "{}", "list()", "dict()", "set()"})
_MAKES = frozenset({"defaultdict", "OrderedDict", "deque"})
_LOOPS = frozenset({BlockKind.FOR, BlockKind.COMPREHENSION, BlockKind.LAMBDA})
_MOST_BLOCKS = 300
"""A longer function keeps its rows for itself: each loop is compared with each."""


class _As(enum.Enum):
    """What a row is in its container."""

    ITEM = enum.auto()
    KEY = enum.auto()
    VALUE = enum.auto()
    GROUPED = enum.auto()
    """An item of one of its values."""


def kept_rows(body: Body, block: int, elements: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The loops behind a loop that go through rows that it has kept, with their names for a row."""
    if len(body.blocks) > _MOST_BLOCKS:
        return
    for name, kept in _containers(body, block, elements).items():
        filled = body.blocks[block]
        for number, found in enumerate(body.blocks):
            if found.kind not in _LOOPS or not found.subject or found.line <= filled.end_line or inside(body, number, block):
                continue
            if not _is_new(body, name, filled.line, found.line):
                continue
            yield from _names(body, number, name, kept)


def _containers(body: Body, block: int, elements: Sequence[str]) -> dict[str, _As]:
    """The locals that hold nothing but rows of the loop."""
    found: dict[str, _As | None] = {}

    def note(name: str, kept: _As | None) -> None:
        found[name] = kept if found.get(name, kept) is kept else None

    for call in body.calls:
        match = _GROUP.fullmatch(call.callee)
        if match is None:
            continue
        name, method = match.groups()
        here = inside(body, call.block, block) and bool(call.args) and call.args[0] in elements
        if not here:
            note(name, None)
        elif method in ("append", "add"):
            note(name, _As.ITEM if call.callee == f"{name}.{method}" else _As.GROUPED)
        else:
            note(name, _As.KEY if method == "setdefault" and call.callee == f"{name}.setdefault" else None)
    for assign in body.assigns:
        if (match := _INTO.fullmatch(assign.target)) is not None:
            name, key = match.groups()
            here = inside(body, assign.block, block)
            note(name, _As.VALUE if here and assign.value in elements else _As.KEY if here and key in elements else None)
    return {name: kept for name, kept in found.items() if kept is not None}


def _is_new(body: Body, name: str, filled: int, read: int) -> bool:
    """The container was empty before the loop, and is what the loop made of it where it is gone through."""
    if name[0] == "#":
        made = body.calls[int(name[1:])]
        return made.line < filled and made.callee.rpartition(".")[2] in _MAKES
    assigned = [assign for assign in body.assigns if assign.target == name]
    before = [assign for assign in assigned if assign.line <= filled]
    return bool(before) and before[-1].value in _EMPTY and not any(filled < assign.line < read for assign in assigned)


def _names(body: Body, number: int, name: str, kept: _As) -> Iterator[tuple[int, tuple[str, ...]]]:
    """How a loop over a container writes a row, with the loop that does: an inner one where the rows are grouped."""
    block = body.blocks[number]
    subject = unwrapped(block.subject)
    method = ""
    if subject[:1] == "#" and subject[1:].isdigit():
        receiver, _, method = body.calls[int(subject[1:])].callee.rpartition(".")
        if receiver != name or method not in ("values", "items", "keys"):
            return
    elif subject != name:
        return
    targets = block.target.split(",")
    single = (f"{subject}[]", *((f"%{targets[0]}",) if len(targets) == 1 and targets[0] else ()))
    pair = [(f"{subject}[][{position}]", *((f"%{targets[position]}",) if len(targets) == 2 else ())) for position in (0, 1)]
    if kept in (_As.ITEM, _As.KEY) and method in ("", "keys"):
        yield number, single
    elif kept is _As.KEY and method == "items":
        yield number, pair[0]
    elif kept is _As.VALUE and method in ("values", "items"):
        yield number, single if method == "values" else pair[1]
    elif kept is _As.GROUPED and method in ("values", "items"):
        groups = single if method == "values" else pair[1]
        for inner, found in enumerate(body.blocks):
            if found.kind in _LOOPS and inside(body, inner, number) and unwrapped(found.subject) in groups:
                yield inner, (f"{found.subject}[]", *((f"%{found.target}",) if found.target.isidentifier() else ()))
