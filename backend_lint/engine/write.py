"""Replacing a file so that a crash leaves the old or the new one, never half of either."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Writes `data` beside `path` and moves it there; the mode of an existing file is kept. Raises OSError.

    A link is refused: the text would land where it leads to, or the link would be lost.
    """
    try:
        before = path.lstat()
    except FileNotFoundError:
        mode = 0o666 & ~_umask()
    else:
        if not stat.S_ISREG(before.st_mode):
            raise OSError(f"{path} is no regular file")
        mode = stat.S_IMODE(before.st_mode)
    handle, temporary = tempfile.mkstemp(prefix=".backend-lint-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
