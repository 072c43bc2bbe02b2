"""Whether the program computes with a column: sums, adds, multiplies, compares or charges what it holds, or only takes it in and shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.lazy_regex import lazy_regex

if TYPE_CHECKING:
    from backend_lint.facts.python import Body
    from backend_lint.project import Project

_OUT = (Role.TEST, Role.MIGRATION)
_COMPUTES = lazy_regex(r"[-+*/<>]|==|!=|\b(?:sum|avg|min|max|round)\b", re.I)
_TAKES = lazy_regex(
    r"(?:^|\.)(?:sum|avg|min|max|f|round|abs|decimal|fsum|sorted|quantize)$|charge|pay|refund|transfer|invoice|bill|debit|credit|deposit|convert", re.I
)


def is_computed_with(project: Project, name: str) -> bool:
    """Whether anything outside tests and migrations computes with what is called so."""
    word = name.encode()
    whole = re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])")
    for module in project.modules.values():
        if module.role in _OUT or word not in bytes(module.facts.bodies):
            continue
        if any(name in text and whole.search(text) for body in module.bodies for text in _computed(body)):
            return True
    return any(name in text and whole.search(text) and _COMPUTES.search(text) for text in (one.text for one in project.queries.sites))


def _computed(body: Body) -> Iterator[str]:
    """The texts of a function that compute, and what is handed to calls that do."""
    yield from (text for text in _texts(body) if _COMPUTES.search(text))
    for assign in body.assigns:
        if assign.augmented:
            yield assign.target
            yield assign.value
    for call in body.calls:
        if _TAKES.search(call.callee):
            yield call.callee
            yield from call.args
            yield from (text for pair in call.keywords for text in pair)
        yield from (key for key, _ in call.keywords if key.endswith(("__gt", "__gte", "__lt", "__lte", "__range")))


def _texts(body: Body) -> Iterator[str]:
    for call in body.calls:
        yield from call.args
        yield from (value for _, value in call.keywords)
    yield from (one.value for one in body.assigns)
    yield from (one.value for one in body.returns)
    yield from (one.value for one in body.yields)
    yield from (one.subject for one in body.blocks)
    yield from (text for _, text, _ in body.conditions)
