"""What statements say, kept by their text, so that each is analysed once: in memory during a run, on disk between runs if the engine offers it.

A key names text, dialect and the version of the analysis; a value is msgpack of `Parsed`. What cannot be read is a miss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Protocol

import msgspec

from backend_lint.facts.schema import Dialect
from backend_lint.sql.parsed import VERSION, Parsed

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Parsed)
_LONGEST = 1 << 20
"""Bytes of a value that is kept."""


class Memo(Protocol):
    """Where values lie between runs. Neither method raises."""

    def get_many(self, keys: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """The values that are there, whole."""

    def put_many(self, values: Mapping[bytes, bytes]) -> None:
        """Keeps new values."""


Analyse = Callable[[list[str], Dialect], "list[Parsed]"]
"""Analyses texts, in their order; the engine may do it in several processes."""


def key_of(text: str, dialect: Dialect) -> bytes:
    """The name of a text's analysis."""
    named = blake2b(f"sql {VERSION} {dialect} ".encode(), digest_size=20)
    named.update(text.encode("utf-8", "surrogatepass"))
    return named.digest()


def encode(parsed: Parsed) -> bytes:
    return _ENCODER.encode(parsed)


def decode(value: bytes) -> Parsed | None:
    """None for anything that `encode` did not write."""
    try:
        return _DECODER.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None


def analyse(texts: list[str], dialect: Dialect) -> list[Parsed]:
    """The analysis in this process."""
    from backend_lint.sql.parse import parse

    return [parse(text, dialect) for text in texts]


class Statements:
    """What texts say. `parsed` of one text; `prepare` before many are asked for."""

    def __init__(self, memo: Memo | None = None, analyse: Analyse = analyse) -> None:
        self._memo = memo
        self._analyse = analyse
        self._known: dict[tuple[str, Dialect], Parsed] = {}

    def parsed(self, text: str, dialect: Dialect) -> Parsed:
        """What one text says."""
        found = self._known.get((text, dialect))
        if found is None:
            self.prepare((text,), dialect)
            found = self._known[text, dialect]
        return found

    def prepare(self, texts: Iterable[str], dialect: Dialect) -> None:
        """Looks up all texts at once and analyses those that nobody has."""
        wanted = [text for text in dict.fromkeys(texts) if (text, dialect) not in self._known]
        keys = {text: key_of(text, dialect) for text in wanted}
        values = self._memo.get_many(keys.values()) if self._memo is not None and wanted else {}
        missing = []
        for text in wanted:
            value = values.get(keys[text])
            found = decode(value) if value is not None else None
            if found is None:
                missing.append(text)
            else:
                self._known[text, dialect] = found
        if not missing:
            return
        fresh: dict[bytes, bytes] = {}
        for text, parsed in zip(missing, self._analyse(missing, dialect), strict=True):
            self._known[text, dialect] = parsed
            if self._memo is not None and len(encoded := encode(parsed)) <= _LONGEST:
                fresh[keys[text]] = encoded
        if self._memo is not None:
            self._memo.put_many(fresh)


__all__ = ["Memo", "Statements", "analyse", "decode", "encode", "key_of"]
