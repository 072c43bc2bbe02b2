"""SQL in Python code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.query import Site

if TYPE_CHECKING:
    from backend_lint.project import Project


def sites(project: Project) -> Iterator[Site]:
    """The queries in order of path and line."""
    yield from ()
