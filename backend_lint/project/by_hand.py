"""Code that only runs when somebody starts it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

_TIMED = lazy_regex(r"(?:^|[/_-])(?:cron\w*|jobs?|scheduled?|scheduler|workers?|daemons?|consumers?)(?:[/_.-]|$)", re.IGNORECASE)
"""Folders and modules of what runs at its times or without end."""
_NO_NAMES = frozenset({"main", "__main__", "cli", "run", "app", "commands", "manage"})
"""Modules whose name in a command line says nothing of which of their commands is meant."""


def started_by_hand(project: Project, key: FunctionKey) -> bool:
    """A command reaches the function and no request, task or consumer does; or nothing known does, and its module asks whether it is ``__main__``."""
    reached = project.reached_from(key)
    if reached is not None:
        return reached[0].kind is EntryKind.COMMAND
    blocks = project.modules[key[0]].bodies[0].blocks
    return any("__name__" in block.subject and "__main__" in block.subject for block in blocks)


def is_scheduled(project: Project, path: str) -> bool:
    """A timer or a container starts the command of this module, as far as its path or a file of the deployment says."""
    if _TIMED.search(path):
        return True
    stem = path.rpartition("/")[2].removesuffix(".py")
    if stem in _NO_NAMES:
        return False
    return any(stem in re.split(r"[\s/.]", running.process.command) for running in project.deployment.processes if running.process.command)
