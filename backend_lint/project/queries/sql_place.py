"""A place in a function, for questions about what a local holds there."""

from __future__ import annotations

from typing import NamedTuple

from backend_lint.facts.python import Call


class Place(NamedTuple):
    """Before `line` and `column`, in block `block`."""

    line: int
    column: int
    block: int


END = Place(1 << 60, 0, 0)
"""The end of the function."""


def after(call: Call) -> Place:
    """Just behind a call, its arguments included."""
    return Place(call.end_line, call.end_column, call.block)
