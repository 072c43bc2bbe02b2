"""What a condition of the gate comes to."""

from __future__ import annotations

import msgspec


class Condition(msgspec.Struct, frozen=True):
    """A gate condition. `status` is ``passed``, ``failed`` or ``not-measured``."""

    name: str
    measured: float | None
    required: float
    status: str
    reason: str = ""
    """Why it was not measured and what would change that, or what the number is of; empty if the name says it all."""
    details: tuple[str, ...] = ()
    """What makes it fail, worst first: files, lines."""
