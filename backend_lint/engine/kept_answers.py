"""What the rules said of the whole project in the last run: it still holds if they would be handed the very same again.

An edit often changes nothing that a rule can see: of a test, of a text that no fact holds, one that is taken back. Then nothing is linked and no rule is
asked. What rules are handed is named by a digest: all facts, settings, reports, and the stamps of the tool's own files; the answer lies under it in the
cache, as data that cannot execute.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from backend_lint.api import Rule
from backend_lint.config import Settings
from backend_lint.engine.judge import Judged, Kept, Readings

if TYPE_CHECKING:
    from backend_lint.engine.cache import Cache
    from backend_lint.engine.memory import Memory
    from backend_lint.registry import Registry

MAX_BYTES = 16 << 20
"""A longer answer is not kept."""
_ENCODER = msgspec.msgpack.Encoder(enc_hook=repr, order="deterministic")


class _Answer(msgspec.Struct, frozen=True, array_like=True):
    digest: bytes
    judged: Judged


_DECODER = msgspec.msgpack.Decoder(_Answer)


class KeptAnswers:
    """The last answer of the project with these settings. Whatever happens to the cache is a miss, and `notes` says why."""

    def __init__(self, settings: Settings, handed: bytes, notes: list[str]) -> None:
        self._settings = settings
        self._handed = handed
        self._row = blake2b(b"answers" + _named(settings), digest_size=20).digest()
        self.notes = notes

    def find(self) -> Judged | None:
        """What the rules said when they were last asked, if they would say it again."""
        cache = self._open()
        value = cache.row(self._row)
        self._close(cache)
        # the digest stands at a fixed place: what is out of date need not be read
        if value is None or self._handed not in value[:32]:
            return None
        try:
            answer = _DECODER.decode(value)
        except (msgspec.DecodeError, RecursionError):
            return None
        return answer.judged if answer.digest == self._handed else None

    def keep(self, judged: Judged) -> None:
        """Keeps an answer in the place of the one before. One of a rule that failed is not kept: it may have wanted for memory."""
        if judged.failures:
            return
        value = _ENCODER.encode(_Answer(self._handed, judged))
        if len(value) <= MAX_BYTES:
            cache = self._open()
            cache.keep_row(self._row, value)
            self._close(cache)

    def _open(self) -> Cache:
        from backend_lint.engine.cache import Cache, cache_dir

        return Cache(cache_dir(self._settings), b"", b"")

    def _close(self, cache: Cache) -> None:
        cache.close()
        self.notes += [note for note in cache.notes if note not in self.notes]


def kept_answers(
    settings: Settings,
    registry: Registry,
    rules: Iterable[Rule],
    readings: Readings,
    handed: Sequence[Any],
    notes: list[str],
    memory: Memory | None = None,
) -> Kept | None:
    """The place of the answer to all this; None where the rules are handed more than can be named, or somebody wants to know what they cost.

    `handed`: whatever else the rules are handed or the model is made with, as structs. `notes`: where what is to be said of the cache goes.
    """
    if settings.timings or settings.diff_base is not None:
        return None
    if memory is not None:
        return memory.place(digest_of(b"", rules, readings, handed))
    return KeptAnswers(settings, digest_of(_tool(registry), rules, readings, handed), notes) if settings.cache else None


def digest_of(tool: bytes, rules: Iterable[Rule], readings: Readings, handed: Sequence[Any]) -> bytes:
    """Names all that rules and model read. `tool`: which tool it is."""
    named = blake2b(f"{sys.implementation.cache_tag} {sys.version_info} {msgspec.__version__} ".encode(), digest_size=16)
    _add(named, tool)
    for rule in rules:
        kind = type(rule)
        _add(named, repr((kind.__module__, kind.__qualname__, rule.name, rule.severity, rule.asked, sorted(rule._options.items()))))
    for path, (file, reading) in readings.items():
        _add(named, f"{path}\0{file.kind}\0{file.role}")
        _add(named, reading.facts)
    for one in handed:
        # lines of coverage are numbers, and keys that are no strings cannot be put in order
        _add(named, _ENCODER.encode(msgspec.to_builtins(one, str_keys=True, enc_hook=repr)))
    return named.digest()


def _add(named: blake2b, part: str | bytes | msgspec.Raw) -> None:
    data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
    size = memoryview(data).nbytes
    named.update(size.to_bytes(8, "big"))
    named.update(data)


def _tool(registry: Registry) -> bytes:
    """Our own source and that of the rules, by the stamps of their files; what is installed beside us, by its folders."""
    from backend_lint.engine.recording import tool_files
    from backend_lint.engine.unchanged import stamps_of

    names = [os.fsencode(name) for name in sorted(tool_files(registry))]
    return b"\0".join(names) + stamps_of(names)


def _named(settings: Settings) -> bytes:
    """The settings, what a text on standard input holds aside: that is a file like others."""
    return repr(msgspec.structs.replace(settings, stdin=None)).encode("utf-8", "surrogatepass")
