"""Calls of hosts that stand behind a list of those that are allowed, or that are there for services of one's own and whoever sets them up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts.python import BlockKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.taint import Arrival

_LISTED = lazy_regex(r"(?:allow|whitelist|white_list|trusted|permitted|safe)\w{0,40}(?:host|domain|origin|url|server)", re.IGNORECASE)
_OF_PLATFORM = lazy_regex(r"(?<![a-z])internal(?![a-z])|test_?connection|connection_?test|check_?connection", re.IGNORECASE)


def is_listed(project: Project, found: Arrival) -> bool:
    """Whether a call stands behind a test of hosts that are allowed."""
    body = project.modules[found.key[0]].bodies[found.key[1]]
    return any(block.kind is BlockKind.IF and _LISTED.search(block.subject) for _, block in around(body, found.call.block))


def is_of_platform(path: str, symbol: str) -> bool:
    """Other services of one's own call the function, as its name or its module's says, or somebody who sets a connection up tries what he enters."""
    return _OF_PLATFORM.search(f"{path} {symbol}") is not None
