"""Whether a handler, or anything it calls, speaks of something: bounded, by the names and texts in the functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts.python import Body
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_MOST = 60
"""Functions that are looked at from one handler: what it decides it decides near by."""


def speaks_of(project: Project, start: FunctionKey, pattern: re.Pattern[str]) -> bool:
    """Whether the pattern is found in what the function, or one that it calls, calls, tests, reads or returns. True as well if that is too much to look at."""
    keys = near(project, start)
    if keys is None:
        return True
    return any(pattern.search(project.calls.head(key).name) or any(pattern.search(text) for text in texts(project.calls.body(key))) for key in keys)


def near(project: Project, start: FunctionKey) -> list[FunctionKey] | None:
    """The function and those that it calls, directly or not, nearest first; None if that is too much to look at."""
    found = [start]
    for key in found:
        for edge in project.calls.edges(key):
            if edge.target.kind is RefKind.FUNCTION and edge.target.function not in found:
                if len(found) >= _MOST:
                    return None
                found.append(edge.target.function)
    return found


def texts(body: Body) -> list[str]:
    """Everything that a function evaluates."""
    found = [block.subject for block in body.blocks if block.subject]
    for call in body.calls:
        found.append(call.callee)
        found.extend(call.args)
        for name, value in call.keywords:
            found.extend((name, value))
    found.extend(assign.value for assign in body.assigns)
    found.extend(one.value for one in body.returns)
    found.extend(one.value for one in body.raises)
    found.extend(text for _, text, _ in body.conditions)
    found.extend(text for _, _, text, _ in body.reads)
    return found
