"""``backend-lint check --watch``: reports again whenever a file changes that the last run looked at, until it is interrupted."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from backend_lint.cli.streams import say, transcript, warn, write_report
from backend_lint.config import ConfigError
from backend_lint.engine.git import GitError
from backend_lint.engine.recording import Watch
from backend_lint.engine.unchanged import stamps_of

_PAUSE = 0.3
_QUIET = 0.1
"""Editors and git write several files in a row."""
_CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def watch(once: Callable[[Watch], int], quiet: bool) -> int:
    """Calls `once` now and after each change. Ends with Ctrl-C, or when nobody reads the report any more."""
    looked_at: list[bytes] = []
    while True:
        seen = Watch()
        seen.refuse()  # the answer of the last round must not be replayed instead of watching
        started = time.monotonic()
        if sys.stdout.isatty() and os.environ.get("TERM") not in (None, "dumb"):
            write_report(_CLEAR)
        transcript.reset()
        try:
            once(seen)
            looked_at = seen.paths()
        except (ConfigError, GitError) as error:
            warn(str(error), "error")  # what is wrong may be mended in the next second
            looked_at = looked_at or seen.paths()
        if sys.stdout is None or not transcript.whole:
            return 2
        stamps = stamps_of(looked_at)
        if not quiet:
            say(f"backend-lint: {time.strftime('%H:%M:%S')}, {time.monotonic() - started:.1f} s; watching for changes, Ctrl-C ends")
        _wait(looked_at, stamps)


def _wait(paths: list[bytes], stamps: bytes) -> None:
    """Returns when one of the paths has changed and none of them changes any more."""
    while stamps_of(paths) == stamps:
        time.sleep(_PAUSE)
    last = b""
    while (now := stamps_of(paths)) != last:
        last = now
        time.sleep(_QUIET)
