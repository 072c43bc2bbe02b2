"""Colours of a terminal: eight of them, by the part of the report they stand for."""

from __future__ import annotations

from collections.abc import Callable

_CODES = {"error": "1;31", "warning": "1;33", "info": "1;34", "place": "1", "rail": "34", "failed": "31", "passed": "32", "dim": "2"}


def painter(color: bool) -> Callable[[str, str], str]:
    """A function of (part, text); it gives the text back unchanged without `color`. The text must be escaped already."""
    if not color:
        return lambda part, text: text
    return lambda part, text: f"\x1b[{_CODES[part]}m{text}\x1b[0m"
