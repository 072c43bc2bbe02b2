"""Where in a function something stands: questions about the tree of blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from backend_lint.facts.python import LOOPS, Block, BlockKind, Body, Handler


def around(body: Body, block: int) -> Iterator[tuple[int, Block]]:
    """The block and all that enclose it, innermost first, as (index, block)."""
    while block >= 0:
        found = body.blocks[block]
        yield block, found
        block = found.parent


def inside(body: Body, block: int, outer: int) -> bool:
    """Whether `block` is `outer` or lies in it."""
    return any(index == outer for index, _ in around(body, block))


class Placed(Protocol):
    """A call, return, assignment ...: it knows its block."""

    @property
    def block(self) -> int: ...


_Placed = TypeVar("_Placed", bound=Placed)
_spans: dict[int, tuple[Sequence[Placed], list[tuple[int, int]]]] = {}
"""The last few answers of `_span_of_each`, by identity of the items: many clauses of one function ask in turn."""
_SPANS = 16


def within(body: Body, items: Sequence[_Placed], block: int) -> list[tuple[int, _Placed]]:
    """Those of a body's calls, returns, assignments ... that stand in a block or in one inside it, with their numbers.

    All blocks of a function cost no more than the function is long: only what lies between a block's first and last item is looked at.
    """
    if not items:
        return []
    known = _spans.get(id(items))
    if known is None:
        if len(_spans) >= _SPANS:
            del _spans[next(iter(_spans))]
        known = _spans[id(items)] = items, _span_of_each(body, items)
    first, last = known[1][block]
    return [(number, items[number]) for number in range(first, last + 1) if inside(body, items[number].block, block)]


def _span_of_each(body: Body, items: Sequence[Placed]) -> list[tuple[int, int]]:
    spans = [(len(items), -1)] * len(body.blocks)
    for number, item in enumerate(items):
        spans[item.block] = (min(spans[item.block][0], number), number)
    for index in range(len(spans) - 1, 0, -1):
        parent = body.blocks[index].parent
        if parent >= 0:
            spans[parent] = (min(spans[parent][0], spans[index][0]), max(spans[parent][1], spans[index][1]))
    return spans


def loop_depth(body: Body, block: int) -> int:
    """How many loops and comprehensions enclose it; a comprehension's own source counts as outside."""
    return sum(found.kind in LOOPS for _, found in around(body, block))


def enclosing_handler(body: Body, block: int) -> Handler | None:
    """The innermost ``except`` clause that it stands in."""
    for index, found in around(body, block):
        if found.kind is BlockKind.HANDLER:
            return next((handler for handler in body.handlers if handler.block == index), None)
    return None


def protecting_handlers(body: Body, block: int) -> Iterator[Handler]:
    """The ``except`` clauses that would see an exception raised there, innermost ``try`` first."""
    for index, found in around(body, block):
        if found.kind is BlockKind.TRY:
            yield from (handler for handler in body.handlers if handler.protected == index)


def is_deferred(body: Body, block: int) -> bool:
    """It stands in a lambda, so it does not run where it is written."""
    return any(found.kind is BlockKind.LAMBDA for _, found in around(body, block))
