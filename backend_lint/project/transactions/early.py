"""Work that is handed to other processes before the transaction that it belongs to is committed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.project.blocks import around
from backend_lint.project.blocks import inside as lies_in
from backend_lint.project.calls import FunctionKey
from backend_lint.project.transactions.dispatch import Dispatch, Dispatches
from backend_lint.project.transactions.reach import Inside, Reach
from backend_lint.project.transactions.scopes import Scope
from backend_lint.project.transactions.units import Units
from backend_lint.project.transactions.written import given_written, writes_inside

if TYPE_CHECKING:
    from backend_lint.project import Project


class Early(msgspec.Struct, frozen=True):
    """A dispatch inside a transaction. `derived`: what is handed over comes from a row that the transaction writes."""

    dispatch: Dispatch
    inside: Inside
    derived: bool


def early(project: Project, reach: Reach, dispatches: Dispatches, units: Units) -> Iterator[Early]:
    """Each dispatch once, in order of path and line."""
    blocks = _Blocks(project)
    for key in dispatches.functions:
        for dispatch in dispatches.of(key):
            found = reach.inside(key, dispatch.call.block)
            if found is None:
                found = _pending(key, dispatch, units)
            if found is None or _never_there(project, dispatch, found):
                continue
            derived = given_written(project, key, dispatch.call, found)
            if derived or blocks.write(dispatch.key, found):
                yield Early(dispatch, found, derived)


def _never_there(project: Project, dispatch: Dispatch, inside: Inside) -> bool:
    """The admin saves whole rows: what is done for certain ``update_fields`` alone is not done for it."""
    if not inside.scope.what.startswith("the admin"):
        return False
    body = project.calls.body(dispatch.key)
    subjects = [block.subject for _, block in around(body, dispatch.call.block)]
    if any("%update_fields" in subject and not subject.startswith("(not ") for subject in subjects):
        return True
    left = {one.block for one in body.returns}
    return any(
        index in left and block.end_line < dispatch.call.line and _WITHOUT_FIELDS.search(block.subject) is not None for index, block in enumerate(body.blocks)
    )


_WITHOUT_FIELDS = re.compile(r"not %update_fields\b|not in %update_fields\b")


def _pending(key: FunctionKey, dispatch: Dispatch, units: Units) -> Inside | None:
    pending = units.pending(key, dispatch.edge)
    if pending is None:
        return None
    session = pending.session.replace("%", "")
    name = session if session.replace(".", "").replace("_", "").isalnum() else "the session"
    return Inside(Scope(0, key[0], pending.write.line, f"{name}, committed in line {pending.commit.line}", session=pending.session))


class _Blocks:
    """Which transactions write something, each asked once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[FunctionKey, int], bool] = {}

    def write(self, key: FunctionKey, inside: Inside) -> bool:
        """Something is written in the transaction by the function that opens it; by `key`, if that does not know."""
        opener = inside.way[0].function if inside.way else key
        state = opener, inside.scope.block
        if state not in self._known:
            body = self._project.calls.body(opener)
            blocks = None
            if inside.scope.block:
                blocks = frozenset(index for index in range(len(body.blocks)) if lies_in(body, index, inside.scope.block))
            self._known[state] = writes_inside(self._project, opener, blocks)
        return self._known[state]


def evidence(project: Project, inside: Inside) -> tuple[Evidence, ...]:
    """Where the transaction is opened, and the calls from there."""
    scope = inside.scope
    return (Evidence(scope.path, scope.line, f"the transaction is opened here: {scope.what}"), *project.calls.evidence(inside.way))
