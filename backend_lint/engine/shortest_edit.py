"""The shortest way from one list of lines to another, as git looks for it (Myers, An O(ND) difference algorithm, 1986)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def added(before: Sequence[str], after: Sequence[str], most: int) -> list[int] | None:
    """The indexes of `after` that a shortest edit adds, in order; None if it takes more than `most` additions and removals.

    >>> added(["a", "b", "c"], ["b", "x", "c"], 10)
    [1]
    """
    changed = edit(before, after, most)
    return None if changed is None else changed[1]


def edit(before: Sequence[str], after: Sequence[str], most: int) -> tuple[list[int], list[int]] | None:
    """The indexes of `before` that a shortest edit removes and those of `after` that it adds, each in order; None like `added`.

    >>> edit(["a", "b", "c"], ["b", "x", "c"], 10)
    ([0], [1])
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
                steps = list(_back(trace, old, new))[::-1]
                return [x for x, _, adds in steps if not adds], [y for _, y, adds in steps if adds]
    return None


def _back(trace: list[dict[int, int]], x: int, y: int) -> Iterator[tuple[int, int, bool]]:
    """The additions and removals on the way back to the start: where each stands, and whether it is an addition."""
    for edits in range(len(trace) - 1, 0, -1):
        furthest, diagonal = trace[edits], x - y
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        came = diagonal + 1 if down else diagonal - 1
        x = furthest[came]
        y = x - came
        yield x, y, down
