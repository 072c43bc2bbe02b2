"""The console entry. Before anything else is imported it asks whether the last run's answer still holds."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 1, 2, or 130 after Ctrl-C. Never raises.

    Without `argv` it is the process's own command line, and the process ends here: taking its heap apart would only cost time.
    """
    if argv is not None:
        return _guarded(list(argv))
    # a short-lived process: what the collector could free is less than what it costs to look
    gc.disable()
    code = _guarded(sys.argv[1:])
    if sys.gettrace() is not None or sys.getprofile() is not None:
        return code
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except (OSError, ValueError):
        pass
    os._exit(code)


def _guarded(arguments: list[str]) -> int:
    try:
        code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("backend-lint: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        return _abandon(None)
    except OSError as error:
        return _abandon(str(error.strerror or error))


def _run(arguments: list[str]) -> int:
    if sys.stdout is None:
        return _fail("standard output is closed: there is nowhere to report to")
    if arguments in (["--version"], ["-V"]):
        from backend_lint import __version__

        sys.stdout.write(f"backend-lint {__version__}\n")
        return 0
    from backend_lint.engine.unchanged import replay

    try:
        code = replay(arguments)
    except BrokenPipeError:
        # the reader left; the verdict is still wanted
        from backend_lint.cli.streams import abandon_stdout

        abandon_stdout()
        code = None
    if code is not None:
        return code
    from backend_lint.cli.app import run

    return run(arguments)


def _abandon(message: str | None) -> int:
    from backend_lint.cli.streams import abandon_stdout

    abandon_stdout()
    return 2 if message is None else _fail(message)


def _fail(message: str) -> int:
    if sys.stderr is not None:
        sys.stderr.write(f"backend-lint: error: {message}\n")
    return 2
