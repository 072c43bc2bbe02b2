"""What another tool measured, as it lies on disk."""

from __future__ import annotations

import msgspec


class Report(msgspec.Struct, frozen=True):
    """A report file. `path` is relative to the project root with `/`; `data` are its bytes, unparsed and not to be trusted."""

    path: str
    data: bytes
