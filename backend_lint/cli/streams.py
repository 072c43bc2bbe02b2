"""Standard output holds the report and nothing else; all else goes to standard error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from backend_lint.config import ConfigError
from backend_lint.report.escape import visible


class Transcript:
    """What this run printed, so that an unchanged run can print it again. `whole`: all of it went out."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self.whole = True


transcript = Transcript()


def warn(message: str, label: str = "warning") -> None:
    """One line on standard error; what comes from the checked project cannot steer the terminal."""
    say(f"backend-lint: {label}: {visible(message)}")


def say(text: str) -> None:
    """`text` as it is on standard error, if there is one."""
    if sys.stderr is not None:
        try:
            sys.stderr.write(text + "\n")
            transcript.err += (text + "\n").encode(sys.stderr.encoding or "utf-8", "backslashreplace")
            return
        except (OSError, ValueError):
            pass
    transcript.whole = False


def write_report(text: str) -> None:
    """Writes to standard output. A reader that went away is no error; a full disk is one."""
    data = text.encode("utf-8", "backslashreplace")
    encoding = (sys.stdout.encoding or "utf-8").lower()
    if encoding not in ("utf-8", "utf8") and sys.stdout.isatty():
        data = text.encode(encoding, "backslashreplace")
    try:
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(text)
        else:
            sys.stdout.flush()
            buffer.write(data)
        sys.stdout.flush()
        transcript.out += data
    except BrokenPipeError:
        abandon_stdout()
    except (OSError, ValueError) as error:
        abandon_stdout()
        raise ConfigError(f"the report cannot be written to standard output: {getattr(error, 'strerror', None) or error}") from None


def write_file(path: Path, text: str) -> None:
    """Writes a report to a file, whole or not at all. Raises ConfigError."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file, whole or not at all. Raises ConfigError."""
    try:
        if path.exists() and not path.is_file():
            # a device or a named pipe cannot be replaced
            with path.open("wb") as stream:
                stream.write(data)
            return
        target = path.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            draft.write_bytes(data)
            if target.exists():
                draft.chmod(target.stat().st_mode & 0o777)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None


def abandon_stdout() -> None:
    """Points standard output to nowhere, so that the interpreter's last flush cannot fail."""
    transcript.whole = False
    if sys.stdout is None:
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        sys.stdout = None


def wants_color(choice: str) -> bool:
    """Whether the text report is coloured. ``--color``, then ``NO_COLOR``, then ``FORCE_COLOR``, then whether somebody looks at it."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0", "false"):
        return True
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal that the report goes to; 0 if it goes to none, or to one that knows no columns."""
    if sys.stdout is None or not sys.stdout.isatty() or os.environ.get("TERM") in (None, "", "dumb"):
        return 0
    import shutil

    return shutil.get_terminal_size((0, 0)).columns
