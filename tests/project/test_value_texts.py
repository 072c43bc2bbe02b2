"""Value texts are taken apart by expressions that jump from sign to sign: they must cut where reading one character after the other would."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from backend_lint.project.queries.sql_templates import end_of_string
from backend_lint.project.value_text import closing, split


def signs(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Each sign outside of strings with its place."""
    position = start
    while position < len(text):
        sign = text[position]
        if sign in "'\"":
            position += 1
            while position < len(text) and text[position] != sign:
                position += 2 if text[position] == "\\" else 1
        else:
            yield position, sign
        position += 1


def slow_split(text: str, separator: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for position, sign in signs(text, 0):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == separator and not depth:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]] if start < len(text) else parts


def slow_closing(text: str, start: int) -> int:
    depth = 0
    for position, sign in signs(text, start):
        depth += (sign in "([{") - (sign in ")]}")
        if sign in ")]}" and not depth:
            return position + 1
    return len(text)


def test_any_text_is_cut_as_one_sign_after_the_other() -> None:
    chance = random.Random(7)
    for _ in range(20_000):
        text = "".join(chance.choices("a1'\"\\()[]{},:|+ .\nf", k=chance.randrange(18)))
        for separator in ",:|+ .":
            assert split(text, separator) == slow_split(text, separator), text
        start = chance.randrange(len(text) + 1)
        assert closing(text, start) == slow_closing(text, start), (text, start)
        if text[:1] in ("'", '"'):
            end = end_of_string(text)
            whole = [position for position, _ in signs(text[:end] + ".", 0)] == [end]
            assert whole == (end <= len(text)), text


def test_strings_that_do_not_end_cost_no_more_than_others() -> None:
    started = time.process_time()
    for text in ("'" + "\\'" * 100_000, "(" * 100_000 + "'", "'a'," * 50_000 + '"'):
        split(f"{text},", ",")
        closing(f"({text}", 0)
        end_of_string(f"'{text}")
    assert time.process_time() - started < 5
