"""Text of a checked file: decoding, lines, positions, comments. Standard library only.

Lines end at LF, CRLF or CR, as the Python tokenizer has it; form feeds and Unicode separators do not end a line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_NO_TEXT = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})
"""Codecs for something else than files; the first needs time in the square of the size."""
_BLANK = re.compile(rb"^[ \t\f]*(?:#[^\r\n]*)?$")
_NEWLINE = re.compile(r"\r\n|\r|\n")


class UndecodableError(ValueError):
    """The bytes are no text in the encoding that the file declares. `line` is 1-based, 0 if unknown."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def declared_encoding(data: bytes) -> str | None:
    """The encoding a byte order mark or a PEP 263 cookie declares; None if there is neither.

    >>> declared_encoding(b"# -*- coding: latin-1 -*-")
    'latin-1'
    """
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for line in data[:2000].splitlines()[:2]:
        if match := _COOKIE.match(line):
            return match.group(1).decode("ascii", "replace")
        if not _BLANK.match(line):
            return None
    return None


def decode(data: bytes, default: str = "utf-8") -> str:
    """The text of `data`. Raises UndecodableError naming the encoding and the line."""
    encoding = declared_encoding(data) or default
    if encoding.replace("_", "-").lower() in _NO_TEXT:
        raise UndecodableError(f"declares the encoding {encoding!r}, in which nobody writes files", 1)
    if b"\0" in data and encoding != "utf-16":
        raise UndecodableError("holds NUL bytes: not a text file", data[: data.index(b"\0")].count(b"\n") + 1)
    try:
        return data.decode(encoding)
    except LookupError:
        raise UndecodableError(f"declares the unknown encoding {encoding!r}", 1) from None
    except UnicodeDecodeError as error:
        raise UndecodableError(f"is not valid {encoding}", data[: error.start].count(b"\n") + 1) from None
    except (UnicodeError, ValueError) as error:
        raise UndecodableError(f"cannot be decoded as {encoding}: {error}") from None


def split_lines(text: str) -> list[str]:
    """Lines without their ends.

    >>> split_lines("a\\r\\nb\\x0cc\\rd")
    ['a', 'b\\x0cc', 'd']
    """
    return _NEWLINE.split(text)


def character_column(line: bytes, byte_offset: int) -> int:
    """The 1-based code point column of a 0-based UTF-8 byte offset.

    >>> character_column("ä = 1".encode(), 3)
    3
    """
    return len(line[:byte_offset].decode("utf-8", "replace")) + 1


def comments(text: str) -> Iterator[tuple[int, int, str]]:
    """The ``#`` comments of a Python text as (line, column, comment), found without a tokenizer: strings are skipped, all else is not looked at.

    >>> list(comments("a = '#'  # why\\n"))
    [(1, 10, '# why')]
    """
    line = 1
    start = 0
    for match in _LEXEME.finditer(text):
        found = match.group()
        if found[0] == "#":
            newline = text.rfind("\n", start, match.start())
            if newline >= 0:
                line += text.count("\n", start, newline + 1)
                start = newline + 1
            before = text.rfind("\r", start, match.start())
            yield line, match.start() - max(start, before + 1) + 1, found


# An unterminated string runs to the end of its line or of the text, so that no place is looked at twice: the scan is linear.
_LEXEME = re.compile(
    r"#[^\r\n]*"
    r"|[\"]{3}(?:[^\\\"]|\\(?:.|\Z)|\"(?!\"\"))*(?:[\"]{3}|\Z)"
    r"|[']{3}(?:[^\\']|\\(?:.|\Z)|'(?!''))*(?:[']{3}|\Z)"
    r"|\"(?:[^\\\"\r\n]|\\(?:\r\n|.|\Z))*\"?"
    r"|'(?:[^\\'\r\n]|\\(?:\r\n|.|\Z))*'?",
    re.DOTALL,
)
