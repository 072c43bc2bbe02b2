"""Tables of text as a stream: rows by the names in their head, each of them whole."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from backend_lint.readers.performance.bounds import UnreadableError, lines

_MAX_FIELD = 1_000_000


def records(stream: BinaryIO, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The records with the line each begins on; empty ones are passed over. Raises UnreadableError."""
    csv.field_size_limit(_MAX_FIELD)
    reader = csv.reader((line for _, line in lines(stream, ends=True)), delimiter=separator, strict=True)
    try:
        begun = 1
        for record in reader:
            if record:
                yield begun, record
            begun = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableError(f"is broken or cut off in line {reader.line_num}: {error}") from None


def rows(stream: BinaryIO, separator: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows below a head, by its names. Raises UnreadableError for a row that has more or fewer fields than the head: it is cut off."""
    head: list[str] | None = None
    for line, record in records(stream, separator):
        if head is None:
            head = [name.strip() for name in record]
            continue
        if record == head:
            raise UnreadableError(f"has its head once more in line {line}: reports were joined; name them one by one")
        if len(record) != len(head):
            raise UnreadableError(f"is cut off in line {line}: {len(record)} fields where the head has {len(head)}")
        yield line, dict(zip(head, record, strict=True))
