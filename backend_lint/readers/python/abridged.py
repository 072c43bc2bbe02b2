"""Long strings that values are written into, short enough to be kept: how they begin and end, and every place for a value between."""

from __future__ import annotations

import ast
import re

from backend_lint.lazy_regex import lazy_regex
from backend_lint.placeholders import PERCENT

_NOWHERE = lazy_regex(r"(?!)")
_HEAD = 60
_TAIL = 20
_SHORT = 100
_LITERAL = frozenset({"%%", "{{", "}}"})


def operand(node: ast.expr, text: str, *, is_template: bool = False) -> str:
    """An operand of a string that is put together, `text` as it is; a long constant is abridged. `is_template`: `%` writes values into it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return repr(abridged(node.value, PERCENT if is_template else _NOWHERE))
    return text


def spared(text: str) -> str:
    """A constant part of an f-string."""
    return abridged(text, _NOWHERE)


def abridged(text: str, places: re.Pattern[str]) -> str:
    """The text without the words between its ends, `places` kept.

    >>> from backend_lint.placeholders import FIELD
    >>> abridged("a" * 90 + "{}" + "b" * 90, FIELD)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ... {} ... bbbbbbbbbbbbbbbbbbbb'
    """
    if len(text) <= _SHORT:
        return text
    head, tail, kept = _HEAD, len(text) - _TAIL, []
    for match in places.finditer(text):
        if match.start() < head:
            head = max(head, match.end())
        elif match.end() > tail:
            tail = min(tail, match.start())
        elif match.group() not in _LITERAL:
            kept.append(match.group())
    if "?" in text[head : max(head, tail)]:
        kept.insert(0, "?")  # an address goes on with its query
    return " ".join([text[:head], "...", *kept, *(["..."] if kept else []), text[max(head, tail) :]])
