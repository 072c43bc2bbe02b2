"""How readings travel between processes and lie in the cache: msgpack, never anything that could execute."""

from __future__ import annotations

import msgspec

from backend_lint.api import Finding
from backend_lint.facts.file import SourceFile, Unchecked
from backend_lint.facts.reading import Reading, Suppression


class _Wire(msgspec.Struct, frozen=True, array_like=True, gc=False):
    facts: bytes
    lines: int
    findings: tuple[Finding, ...]
    suppressions: tuple[Suppression, ...]
    unchecked: tuple[Unchecked, ...]
    timings: dict[str, float]


class Task(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One file to be read, with its bytes."""

    file: SourceFile
    data: bytes


_ENCODER = msgspec.msgpack.Encoder()
_READING = msgspec.msgpack.Decoder(_Wire)
_TASKS = msgspec.msgpack.Decoder(tuple[Task, ...])
_BLOBS = msgspec.msgpack.Decoder(tuple[bytes, ...])


def encode_reading(reading: Reading) -> bytes:
    return _ENCODER.encode(
        _Wire(bytes(reading.facts), reading.lines, reading.findings, reading.suppressions, reading.unchecked, reading.timings)
    )


def decode_reading(data: bytes | memoryview, timings: bool = True) -> Reading:
    """The reading, its facts still encoded. Raises msgspec.DecodeError for anything that `encode_reading` did not write."""
    wire = _READING.decode(data)
    return Reading(msgspec.Raw(wire.facts), wire.lines, wire.findings, wire.suppressions, wire.unchecked, wire.timings if timings else {})


def encode_tasks(tasks: tuple[Task, ...]) -> bytes:
    return _ENCODER.encode(tasks)


def decode_tasks(data: bytes) -> tuple[Task, ...]:
    """Raises msgspec.DecodeError."""
    return _TASKS.decode(data)


def encode_blobs(blobs: tuple[bytes, ...]) -> bytes:
    return _ENCODER.encode(blobs)


def decode_blobs(data: bytes) -> tuple[bytes, ...]:
    """Raises msgspec.DecodeError."""
    return _BLOBS.decode(data)
