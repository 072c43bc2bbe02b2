"""Reads templates of Django and Jinja: what they loop over and read of each item."""

from __future__ import annotations

import msgspec

from backend_lint.facts.file import Role, SourceFile
from backend_lint.facts.reading import Reading
from backend_lint.readers.templates.scan import read_template

__all__ = ["VERSION", "read"]

VERSION = "1"
"""Part of the cache key: raise it when the facts of unchanged bytes change."""

_ENCODED = msgspec.msgpack.Encoder()
_MOST_BYTES = 2_000_000


def read(data: bytes, file: SourceFile) -> Reading:
    """The facts of one file as `facts.template.Template`; none for one that reads nothing. Raises nothing."""
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if file.role is Role.TEST or len(data) > _MOST_BYTES or not (b"{%" in data or b"{{" in data):
        return Reading(msgspec.Raw(b""), lines)
    found = read_template(data.decode("utf-8", "replace"))
    return Reading(msgspec.Raw(_ENCODED.encode(found)) if found.reads or found.loops or found.includes else msgspec.Raw(b""), lines)
