"""Signs of life for whoever waits longer than a second at a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FIRST = 1.0
_CLEAR = b"\r\x1b[K"
_STAGES = {"discover": "looking for files", "read": "reading files", "link": "joining them", "coverage": "reading coverage", "triage": "sorting findings"}


@contextmanager
def progress(verbosity: int) -> Iterator[None]:
    """Counts the seconds on standard error while the body runs, if somebody looks at it; the line is gone afterwards."""
    if verbosity < 0 or sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") in (None, "dumb"):
        yield
        return
    import threading
    import time

    from backend_lint.engine.judge import Clock

    done = threading.Event()
    descriptor = sys.stderr.fileno()
    started = time.monotonic()

    def count() -> None:
        while not done.wait(FIRST):
            # unbuffered: a worker that is forked meanwhile must not inherit a locked stream
            doing = _STAGES.get(Clock.doing) or ("asking " + Clock.doing if Clock.doing else "checking")
            os.write(descriptor, _CLEAR + f"{doing} ... {time.monotonic() - started:.0f} s"[:78].encode("ascii", "replace"))

    thread = threading.Thread(target=count, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        if time.monotonic() - started >= FIRST:
            os.write(descriptor, _CLEAR)
