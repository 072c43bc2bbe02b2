"""A worker process: takes batches of files from a channel, answers one reading a file, in order.

A frame is a length of four bytes, big-endian, and as many bytes. One batch frame (`wire.encode_tasks`) is answered with one frame
(`wire.encode_reading`) for each of its files as soon as it is read, so whoever listens knows which file is being read when the worker dies.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from backend_lint.api import LocalRule
from backend_lint.engine.limits import SECONDS_PER_FILE, WORKER_BYTES
from backend_lint.engine.read_file import read_file
from backend_lint.engine.wire import decode_blobs, decode_tasks, encode_blobs, encode_reading

_VERSIONS: dict[tuple[tuple[str, str, str], ...], bytes] = {}


class OtherVersionError(Exception):
    """What reads here is not what asks: its facts would be another's."""


def version(rules: Sequence[LocalRule]) -> bytes:
    """Names our own source, these rules and the Python: the same on two machines that read alike."""
    from backend_lint.config import Settings
    from backend_lint.engine.cache import readers_fingerprint

    names = tuple(sorted((rule.name, rule.severity, repr(sorted(rule._options.items()))) for rule in rules))
    if names not in _VERSIONS:
        _VERSIONS[names] = readers_fingerprint(Settings(root=Path("/")), rules)
    return _VERSIONS[names]


def read_batch(batch: bytes, rules: Sequence[LocalRule], timed: bool = False, asker: bytes = b"") -> bytes:
    """The whole map stage as a function of bytes, for any `concurrent.futures.Executor`: `wire.encode_tasks` in, `wire.encode_blobs` of readings out.

    Raises OtherVersionError if `asker`, the `version` of whoever asks, is not ours.
    """
    if asker and asker != version(rules):
        raise OtherVersionError("the worker has another version of backend-lint or Python, or other rules")
    return encode_blobs(tuple(encode_reading(read_file(task.file, task.data, rules, timed)) for task in decode_tasks(batch)))


__all__ = ["decode_blobs", "read_batch", "serve"]


def serve(channel: socket.socket, rules: Sequence[LocalRule], timed: bool) -> NoReturn:
    """Serves until the channel is closed, then ends the process. Called in the child of a fork."""
    status = 1
    try:
        _harden()
        while (batch := _receive(channel)) is not None:
            for task in decode_tasks(batch):
                _grant_time()
                answer = encode_reading(read_file(task.file, task.data, rules, timed))
                channel.sendall(len(answer).to_bytes(4, "big") + answer)
        status = 0
    except OSError:
        pass
    finally:
        os._exit(status)


def _receive(channel: socket.socket) -> bytes | None:
    head = _exactly(channel, 4)
    return None if head is None else _exactly(channel, int.from_bytes(head, "big"))


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = channel.recv(min(size - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def _harden() -> None:
    """Ctrl-C is the parent's to handle; a crash prints and dumps nothing; memory and time have an end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if "faulthandler" in sys.modules:
        sys.modules["faulthandler"].disable()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    import resource

    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, WORKER_BYTES)):
        try:
            hard = resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
        except (OSError, ValueError):
            continue


def _grant_time() -> None:
    """The kernel ends this process when one file takes too long: CPU time, so a loaded machine changes nothing."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    wanted = int(time.process_time()) + 1 + SECONDS_PER_FILE
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
