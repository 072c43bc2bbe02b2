"""Lines that a change adds are those of a shortest edit, and a file that moved is told from a new one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from backend_lint.engine.difference import changed_lines
from backend_lint.engine.renames import moved
from backend_lint.engine.shortest_edit import added

LINES = st.lists(st.sampled_from("abcd"), max_size=12)


def common(one: list[str], other: list[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(other) + 1)
    for line in one:
        last, row = row, [0]
        for index, there in enumerate(other):
            row.append(last[index] + 1 if line == there else max(last[index + 1], row[-1]))
    return row[-1]


@given(LINES, LINES)
def test_what_is_not_added_was_there_in_order_and_no_edit_is_shorter(before: list[str], after: list[str]) -> None:
    lines = added(before, after, 100)
    assert lines is not None
    assert lines == sorted(set(lines))
    left = iter(before)
    assert all(any(line == old for old in left) for index, line in enumerate(after) if index not in lines)
    assert len(lines) == len(after) - common(before, after)


def test_a_rewrite_is_given_up_soon() -> None:
    made = random.Random(1)
    before, after = ([str(made.random()) for _ in range(1500)] for _ in range(2))
    assert added(before, after, 100) is None
    assert changed_lines(before, after) == ((1, 1500),)


def test_the_more_similar_file_is_the_one_that_moved() -> None:
    text = [f"line {number}" for number in range(40)]
    gone = {"a/orders.py": text, "b/prices.py": [*text[:25], *("x" * 6 for _ in range(15))]}
    assert moved({"c/orders.py": text, "d/prices.py": text[:30]}, gone) == {"c/orders.py": "a/orders.py", "d/prices.py": "b/prices.py"}
    assert moved({"c/new.py": ["other"] * 40}, gone) == {}
    assert moved({"c/short.py": text[:10]}, gone) == {}
