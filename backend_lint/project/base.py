"""The revision that a change is compared with, as far as rules may ask of it. The engine answers; nothing is read before it is asked for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.project import Project


class Base:
    """A base revision. `reference`: how the user named it. `paths`: the files that it has, relative to the project's root."""

    def __init__(self, reference: str, paths: frozenset[str], edited: Callable[[str], bool], link: Callable[[], Project]) -> None:
        self.reference = reference[:12] if len(reference) >= 40 and reference.isalnum() else reference
        self.paths = paths
        self._edited = edited
        self._link = link

    def edited(self, path: str) -> bool:
        """Whether the file is there now, was there, and reads differently (ends of lines aside)."""
        return path in self.paths and self._edited(path)

    @functools.cached_property
    def project(self) -> Project:
        """The linked model of the base revision: the code that still runs while the change is deployed."""
        return self._link()
