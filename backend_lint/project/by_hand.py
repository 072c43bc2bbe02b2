"""Code that only runs when somebody starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.route import EntryKind

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project


def started_by_hand(project: Project, key: FunctionKey) -> bool:
    """A command reaches the function and no request, task or consumer does; or nothing known does, and its module asks whether it is ``__main__``."""
    reached = project.reached_from(key)
    if reached is not None:
        return reached[0].kind is EntryKind.COMMAND
    blocks = project.modules[key[0]].bodies[0].blocks
    return any("__name__" in block.subject and "__main__" in block.subject for block in blocks)
