"""Reads files of SQL and Prisma's schema: what they declare, and the queries that they name."""

from __future__ import annotations

import msgspec

from backend_lint.facts.file import Kind, Role, SourceFile, Unchecked
from backend_lint.facts.reading import Reading
from backend_lint.facts.sql_file import SqlFile
from backend_lint.source import UndecodableError, decode

__all__ = ["KINDS", "VERSION", "read"]

VERSION = "3"
"""Part of the cache key: raise it when the facts of unchanged bytes change."""

KINDS = frozenset({Kind.SQL, Kind.PRISMA})
_ENCODED = msgspec.msgpack.Encoder()


def read(data: bytes, file: SourceFile) -> Reading:
    """The facts of one file as `facts.sql_file.SqlFile`. Raises nothing: what cannot be read is in `Reading.unchecked`."""
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if file.role is Role.TEST or (file.syntax_only and file.role is not Role.GENERATED):
        return Reading(msgspec.Raw(b""), lines)
    try:
        return Reading(msgspec.Raw(_ENCODED.encode(_facts(_text(data), file))), lines)
    except UndecodableError as error:
        unchecked = Unchecked(file.path, error.reason, error.line)
    except (RecursionError, MemoryError):
        unchecked = Unchecked(file.path, "is nested too deeply to be read")
    except Exception as error:
        unchecked = Unchecked(file.path, f"the {file.kind.value} reader failed: {type(error).__name__}: {error}"[:300])
    return Reading(msgspec.Raw(b""), lines, unchecked=(unchecked,))


def _text(data: bytes) -> str:
    """Dumps hold text of any encoding in their data and comments; what matters is ASCII."""
    if b"\0" in data[:4000] and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return decode(data)
    if b"\0" in data:
        raise UndecodableError("holds NUL bytes: not a text file", data[: data.index(b"\0")].count(b"\n") + 1)
    text = data.decode("utf-8-sig", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\ufeff", " ") if "\ufeff" in text else text


def _facts(text: str, file: SourceFile) -> SqlFile:
    if file.kind is Kind.PRISMA:
        from backend_lint.readers.sql.prisma import read_prisma

        return read_prisma(text, file.path)
    from backend_lint.readers.sql.statements import read_statements

    return read_statements(text, file)
