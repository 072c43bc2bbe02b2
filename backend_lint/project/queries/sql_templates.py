"""Templates of strings taken apart, and the texts that they may become."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from backend_lint.project.value_text import STRING
from backend_lint.sql.parameters import CUT, HOLE

MAX_VARIANTS = 8
MAX_TEXT = 60_000
Texts = tuple[str, ...]
"""All that a value may be; empty if that is not known at all."""


def keyword(text: str) -> tuple[str, str, str]:
    """An argument of an inlined call as name, sign and value; the sign is empty for a positional one."""
    match = re.match(r"([A-Za-z_]\w*)=(?!=)", text)
    return (match.group(1), "=", text[match.end() :]) if match else ("", "", text)


def product(left: Texts, right: Texts) -> Texts:
    """All combinations; if there are too many, what comes last is a hole."""
    if len(left) * len(right) > MAX_VARIANTS:
        right = (HOLE,)
    return unique(one + other for one in left for other in right if len(one) + len(other) <= MAX_TEXT)


def unique(texts: Iterable[str]) -> Texts:
    return tuple(dict.fromkeys(texts))[: 2 * MAX_VARIANTS]


def end_of_string(value: str) -> int:
    """Behind the string that a value begins with; behind the value if it does not end."""
    if (whole := STRING.match(value)) is not None:
        return whole.end()
    quote = value[0]
    position = 1
    while position < len(value) and value[position] != quote:
        position += 2 if value[position] == "\\" else 1
    return position + 1


@functools.lru_cache(maxsize=4096)
def f_string(value: str) -> tuple[tuple[tuple[bool, str], ...], int]:
    """The pieces of an f-string, each a value or text, and where it ends."""
    pieces: list[tuple[bool, str]] = []
    text: list[str] = []
    position, size = 2, len(value)
    while position < size:
        sign = value[position]
        if sign == "'":
            break
        if value.startswith(("{{", "}}"), position):
            text.append(sign)
            position += 2
        elif value.startswith("\\'", position):
            text.append("'")
            position += 2
        elif sign == "{":
            end = _closing_brace(value, position)
            pieces += ((False, "".join(text)), (True, value[position + 1 : end]))
            text = []
            position = end + 1
        else:
            text.append(sign)
            position += 1
    rest = "".join(text)
    if rest.endswith("...") and size > 400:
        rest = rest[:-3] + CUT
    return (*pieces, (False, rest)), position + 1


def _closing_brace(value: str, start: int) -> int:
    depth = 0
    position = start
    while position < len(value):
        sign = value[position]
        if sign in "'\"":
            position += 1
            while position < len(value) and value[position] != sign:
                position += 2 if value[position] == "\\" else 1
        elif sign in "{([":
            depth += 1
        elif sign in "})]":
            depth -= 1
            if not depth:
                return position
        position += 1
    return len(value)
