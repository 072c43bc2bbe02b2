"""Code that only runs when somebody starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.route import EntryKind

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project


def started_by_hand(project: Project, key: FunctionKey) -> bool:
    """The function's module is a script (it asks whether it is ``__main__``), and no request, task or consumer reaches the function."""
    blocks = project.modules[key[0]].bodies[0].blocks
    if not any("__name__" in block.subject and "__main__" in block.subject for block in blocks):
        return False
    reached = project.reached_from(key)
    return reached is None or reached[0].kind is EntryKind.COMMAND
