"""Durations and counts as configuration files and command lines write them. Standard library only."""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex

_PART = lazy_regex(r"(\d{1,9}(?:\.\d{1,6})?)\s?(ms|milliseconds?|msecs?|s|secs?|seconds?|min|minutes?|m|hours?|hrs?|h|days?|d)?")
_SCALE = {"m": 60.0, "h": 3600.0, "d": 86400.0, "s": 1.0}
_DEFAULTED = lazy_regex(r"\$\{(\w{1,200}):?[-=]([^}]{1,40})\}")
_REFERENCE = lazy_regex(r"\$\{?(\w{1,200})\}?")


def seconds(text: str) -> tuple[float | None, bool]:
    """(seconds, whether they are only the default of a variable); None if the text is no duration.

    >>> [seconds(text)[0] for text in ("30", "1m30s", "500ms", "${T:-45}", "$T", "forever")]
    [30.0, 90.0, 0.5, 45.0, None, None]
    """
    text = text.strip().strip("'\"")
    if match := _DEFAULTED.fullmatch(text):
        return seconds(match.group(2))[0], True
    total = 0.0
    position = 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            return None, False
        unit = part.group(2) or "s"
        total += float(part.group(1)) * (0.001 if unit.startswith(("ms", "milli")) else _SCALE[unit[0]])
        position = part.end()
        while position < len(text) and text[position] == " ":
            position += 1
    return (total if text else None), False


def digits(text: str) -> int | None:
    """The number that decimal digits write; None for anything else, and for more digits than any count has: Python refuses thousands of them.

    >>> digits("30"), digits("9" * 5000), digits("²"), digits("")
    (30, None, None, None)
    """
    return int(text) if text.isdecimal() and len(text) <= 18 else None


def whole(text: str | None) -> int | None:
    """A whole number, or the default of a variable that stands for one; None if it is not known.

    >>> whole("3"), whole("${N:-4}"), whole("max")
    (3, 4, None)
    """
    if text is None:
        return None
    text = text.strip()
    if match := _DEFAULTED.fullmatch(text):
        text = match.group(2)
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def referenced(text: str) -> str | None:
    """The variable that a text consists of, ``$NAME``, ``${NAME}`` or ``${NAME:-default}``; None for any other text.

    >>> referenced("${TIMEOUT:-30}"), referenced("30")
    ('TIMEOUT', None)
    """
    match = _DEFAULTED.fullmatch(text.strip()) or _REFERENCE.fullmatch(text.strip())
    return match.group(1) if match else None
