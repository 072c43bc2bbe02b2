"""Every query of the project, whoever wrote it, with its place and what it is reached from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.query import Site

if TYPE_CHECKING:
    from backend_lint.project import Project

__all__ = ["Queries"]


class Queries:
    """All queries in order of path and line."""

    def __init__(self, project: Project, sites: tuple[Site, ...]) -> None:
        self.project = project
        self.sites = sites

    @classmethod
    def link(cls, project: Project) -> Queries:
        """The queries of a project, from all sources."""
        return cls(project, ())
