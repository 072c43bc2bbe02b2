"""References to rows that serializers take from callers without asking whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.project.ownership.unscoped import Finder, Unscoped


def references(finder: Finder) -> Iterator[Unscoped]:
    """Fields of serializers that any row of an owned table is accepted for."""
    yield from ()
