"""Patterns with stars, matched in time that grows with pattern times text and no faster: checked projects write them. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Wanted = TypeVar("Wanted")
Part = TypeVar("Part")


def fits(wanted: Sequence[Wanted], parts: Sequence[Part], star: Wanted, one: Callable[[Wanted, Part], bool]) -> bool:
    """Whether `parts` are what a pattern wants: `star` stands for any number of them, and `one` says whether anything else stands for a part.

    Greedy with one point of return, the last star.

    >>> fits("a*b", "axxb", "*", str.__eq__), fits("a*b", "axx", "*", str.__eq__)
    (True, False)
    """
    at = token = 0
    last = mark = -1
    while at < len(parts):
        if token < len(wanted) and wanted[token] == star:
            last, mark = token, at
            token += 1
        elif token < len(wanted) and one(wanted[token], parts[at]):
            token += 1
            at += 1
        elif last >= 0:
            mark += 1
            token, at = last + 1, mark
        else:
            return False
    return all(rest == star for rest in wanted[token:])
