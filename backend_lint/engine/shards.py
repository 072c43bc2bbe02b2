"""A project read in parts on several machines: each writes the readings of its files, one joins them.

A part is ``MAGIC``, the digest of the rest, and the rest in msgpack: who wrote it (version, readers, local rules), and the readings under the keys that
the cache has too. A part is believed as far as its files have the bytes that it read: whatever it lacks is read where parts are joined.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import msgspec

from backend_lint.api import LocalRule
from backend_lint.config import ConfigError, Settings
from backend_lint.engine.cache import readers_fingerprint, reading_key
from backend_lint.engine.discover import Candidate
from backend_lint.engine.foreign import holds
from backend_lint.engine.wire import decode_reading
from backend_lint.facts.file import SourceFile
from backend_lint.facts.reading import Reading

MAGIC = b"backend-lint readings 1\n"
_MOST_BYTES = 1 << 30
_LARGEST = 10_000


class Shard(NamedTuple):
    """The `number`-th of `total` parts, from 1."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Raises ConfigError for what is not such as ``1/4``."""
        number, slash, count = text.partition("/")
        if not (slash and number.isascii() and number.isdigit() and count.isascii() and count.isdigit()) or len(text) > 12:
            raise ConfigError(f"--shard {text}: it takes a part of how many, such as 1/4")
        shard = cls(int(number), int(count))
        if not 1 <= shard.number <= shard.total <= _LARGEST:
            raise ConfigError(f"--shard {text}: parts are counted from 1 to the number of parts, {_LARGEST} at most")
        return shard

    def of(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """This part's files, in their order. All parts together have each file once, and about as many bytes as one another."""
        loads = [(0, number) for number in range(1, self.total + 1)]
        ours = set()
        for candidate in sorted(candidates, key=lambda one: (-one.stamp[2], one.path)):
            load, number = loads[0]
            heapq.heapreplace(loads, (load + candidate.stamp[2], number))
            if number == self.number:
                ours.add(candidate.path)
        return [one for one in candidates if one.path in ours]


class _Part(msgspec.Struct, frozen=True, array_like=True):
    readers: bytes
    entries: dict[bytes, bytes]


_PART = msgspec.msgpack.Decoder(_Part)


class Written:
    """A `read_stage.Store` that keeps what is read for a part, and knows nothing before."""

    def __init__(self, settings: Settings, rules: Sequence[LocalRule]) -> None:
        self.readers = readers_fingerprint(settings, rules)
        self._entries: dict[bytes, bytes] = {}

    def recall(self, candidate: Candidate) -> None:
        return None

    def key(self, file: SourceFile, data: bytes) -> bytes:
        return reading_key(self.readers, file, data)

    def get(self, key: bytes) -> None:
        return None

    def put(self, key: bytes, encoded: bytes) -> None:
        self._entries[key] = encoded

    def remember(self, candidate: Candidate, file: SourceFile, key: bytes) -> None:
        """The part does not say where its files lay."""

    def encoded(self) -> bytes:
        """The bytes of the part."""
        body = msgspec.msgpack.encode(_Part(self.readers, dict(sorted(self._entries.items()))))
        return MAGIC + blake2b(body, digest_size=20).digest() + body


class Parts:
    """The readings of all parts that are joined."""

    def __init__(self, settings: Settings, rules: Sequence[LocalRule], paths: Sequence[Path]) -> None:
        """Raises ConfigError for a part that cannot be read, is damaged, or was made by another version or with other rules."""
        self.readers = readers_fingerprint(settings, rules)
        self.missing = 0
        self._entries: dict[bytes, bytes] = {}
        for path in paths:
            self._entries.update(_entries(path, self.readers))

    def get(self, file: SourceFile, data: bytes) -> Reading | None:
        """The reading of a file with these bytes; None if no part has it."""
        encoded = self._entries.get(reading_key(self.readers, file, data))
        if encoded is not None:
            try:
                reading = decode_reading(encoded, timings=False)
            except msgspec.DecodeError:
                reading = None
            if reading is not None and holds(file.kind, reading):
                return reading
        self.missing += 1
        return None


def _entries(path: Path, readers: bytes) -> dict[bytes, bytes]:
    remedy = "make it anew with `backend-lint check --shard`"
    try:
        if not path.is_file():
            raise ConfigError(f"{path}: no such file" if not path.exists() else f"{path}: is no file")
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{path}: is larger than a part may be ({_MOST_BYTES} bytes): split the project into more parts")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not data.startswith(MAGIC):
        raise ConfigError(f"{path}: is no part that `backend-lint check --shard` wrote")
    start = len(MAGIC) + 20
    body = memoryview(data)[start:]
    if blake2b(body, digest_size=20).digest() != data[len(MAGIC) : start]:
        raise ConfigError(f"{path}: is damaged or cut short; {remedy}")
    try:
        part = _PART.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise ConfigError(f"{path}: is damaged; {remedy}") from None
    if part.readers != readers:
        raise ConfigError(f"{path}: was made by another version of backend-lint or Python, or with other rules or roles; {remedy} and the options used here")
    return part.entries
