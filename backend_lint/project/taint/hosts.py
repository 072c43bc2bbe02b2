"""Which part of an address decides whom it names."""

from __future__ import annotations

import re

from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.taint.values import parts, pieces, root_and_rest
from backend_lint.project.value_text import alternatives

_HOST = lazy_regex(r"[a-z][a-z0-9+.-]*://[^/?#]*[/?#]|/(?!/)|[?#]", re.IGNORECASE)
"""The beginning of an address whose host is fixed: with a host and what ends it, or without any."""
_SCHEME = lazy_regex(r"[a-z][a-z0-9+.-]*://\Z|//\Z", re.IGNORECASE)
_MAX_DEPTH = 6


def leading(text: str, depth: int = 0) -> tuple[str, ...]:
    """The values that decide which host an address names.

    >>> leading("f'https://{%host}/x'"), leading("f'https://api.example/{%name}'"), leading("(%base+%path)")
    (('%host',), (), ('%base',))
    """
    if depth > _MAX_DEPTH:
        return ()
    options = alternatives(text)
    if len(options) > 1:
        return tuple(value for option in options for value in leading(option, depth + 1))
    before = ""
    for piece in pieces(text):
        if not piece.is_value:
            before += piece.text
            if _HOST.match(before):
                return ()
            continue
        if before and not _SCHEME.match(before):
            return ()
        if piece.text == text:
            inner = parts(text)
            if inner is not None and text[:1] == "(":
                return tuple(value for part in inner for value in leading(part, depth + 1))
            return (text,) if root_and_rest(text)[0] or inner else ()
        return leading(piece.text, depth + 1)
    return ()


def begins_with_scheme(text: str) -> bool:
    """Whether an address is written with a constant scheme, behind which even a single word names a host.

    >>> begins_with_scheme("f'https://{%host}/x'"), begins_with_scheme("%address")
    (True, False)
    """
    first = pieces(text)[0]
    return not first.is_value and _SCHEME.match(first.text) is not None
