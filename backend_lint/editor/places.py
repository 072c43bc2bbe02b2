"""Places as editors count them: lines from 0, columns in the units of the agreed encoding, files as URIs. Knows no protocol library."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlsplit

_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def to_uri(path: Path) -> str:
    """The ``file:`` URI of an absolute path; bytes that are no UTF-8 are percent-encoded as they are.

    >>> to_uri(Path("/srv/a b#1.py"))
    'file:///srv/a%20b%231.py'
    """
    return "file://" + quote_from_bytes(os.fsencode(path.as_posix()), safe="/")


def to_path(uri: str) -> Path | None:
    """The absolute path of a ``file:`` URI of this machine; None for any other.

    >>> to_path("file:///srv/a%20b.py"), to_path("untitled:one"), to_path("file:///a%00b")
    (PosixPath('/srv/a b.py'), None, None)
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    raw = unquote_to_bytes(parts.path)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not raw.startswith(b"/") or b"\0" in raw:
        return None
    return Path(os.path.normpath(os.fsdecode(raw)))


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends, split where the protocol splits them: LF, CRLF and CR."""
    return _LINES.findall(text)


def column(line: str, number: int, encoding: str) -> int:
    """Column `number` (1-based, in code points) of `line` in the units of `encoding` (``utf-8``, ``utf-16`` or ``utf-32``), from 0.

    >>> column("x = '😀' + y", 12, "utf-16"), column("x = '😀' + y", 12, "utf-8"), column("short", 99, "utf-16")
    (12, 14, 5)
    """
    before = line.rstrip("\r\n")[: max(0, number - 1)]
    if before.isascii() or encoding == "utf-32":
        return len(before)
    if encoding == "utf-8":
        return len(before.encode("utf-8", "surrogatepass"))
    return len(before.encode("utf-16-le", "surrogatepass")) // 2
