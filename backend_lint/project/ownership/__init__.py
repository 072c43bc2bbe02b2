"""Whose rows are whose: which keys lead from a table to users and tenants, and which handlers look rows up without asking for them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.ownership.keys import Keys
    from backend_lint.project.ownership.unscoped import Unscoped

__all__ = ["Ownership"]


class Ownership:
    """Answers who owns the rows of a table and who forgets to ask. Each question is worked out when somebody first asks it."""

    def __init__(self, project: Project) -> None:
        self._project = project

    @functools.cached_property
    def keys(self) -> Keys:
        """The columns that lead from each table to its owner."""
        from backend_lint.project.ownership.keys import Keys

        return Keys(self._project)

    @functools.cached_property
    def unscoped(self) -> tuple[Unscoped, ...]:
        """The rows that handlers look up for whoever names them."""
        from backend_lint.project.ownership.everywhere import is_limited_everywhere
        from backend_lint.project.ownership.unscoped import unscoped

        found = tuple(unscoped(self._project))
        return found if found and not is_limited_everywhere(self._project) else ()
