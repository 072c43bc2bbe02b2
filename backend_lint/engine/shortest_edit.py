"""The shortest way from one list of lines to another, as git looks for it (Myers, An O(ND) difference algorithm, 1986)."""

from __future__ import annotations

from collections.abc import Sequence


def added(before: Sequence[str], after: Sequence[str], most: int) -> list[int] | None:
    """The indexes of `after` that a shortest edit adds, in order; None if it takes more than `most` additions and removals.

    >>> added(["a", "b", "c"], ["b", "x", "c"], 10)
    [1]
    """
    old, new = len(before), len(after)
    furthest = {1: 0}
    trace: list[dict[int, int]] = []
    for edits in range(min(old + new, most) + 1):
        trace.append(dict(furthest) if edits else {1: 0})
        for diagonal in range(-edits, edits + 1, 2):
            if diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]):
                x = furthest[diagonal + 1]
            else:
                x = furthest[diagonal - 1] + 1
            y = x - diagonal
            while x < old and y < new and before[x] == after[y]:
                x += 1
                y += 1
            furthest[diagonal] = x
            if x >= old and y >= new:
                return _back(trace, old, new)
    return None


def _back(trace: list[dict[int, int]], x: int, y: int) -> list[int]:
    """The additions on the way back to the start."""
    found = []
    for edits in range(len(trace) - 1, 0, -1):
        furthest, diagonal = trace[edits], x - y
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        came = diagonal + 1 if down else diagonal - 1
        x = furthest[came]
        y = x - came
        if down:
            found.append(y)
    return found[::-1]
