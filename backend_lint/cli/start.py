"""The console entry. Before anything else is imported it asks whether the last run's answer still holds."""

from __future__ import annotations

import sys
from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 1, 2, or 130 after Ctrl-C. Never raises."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if sys.stdout is None:
            return _fail("standard output is closed: there is nowhere to report to")
        if arguments in (["--version"], ["-V"]):
            from backend_lint import __version__

            sys.stdout.write(f"backend-lint {__version__}\n")
            sys.stdout.flush()
            return 0
        from backend_lint.engine.unchanged import replay

        code = replay(arguments)
        if code is not None:
            return code
        from backend_lint.cli.app import run

        return run(arguments)
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        from backend_lint.cli.streams import abandon_stdout

        abandon_stdout()
        return 2
    except OSError as error:
        from backend_lint.cli.streams import abandon_stdout

        abandon_stdout()
        return _fail(str(error.strerror or error))


def _interrupted() -> int:
    if sys.stderr is not None:
        sys.stderr.write("backend-lint: interrupted\n")
    return INTERRUPTED


def _fail(message: str) -> int:
    if sys.stderr is not None:
        sys.stderr.write(f"backend-lint: error: {message}\n")
    return 2
