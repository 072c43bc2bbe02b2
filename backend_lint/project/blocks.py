"""Where in a function something stands: questions about the tree of blocks."""

from __future__ import annotations

from collections.abc import Iterator

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
