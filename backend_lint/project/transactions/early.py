"""Work that is handed to other processes before the transaction that it belongs to is committed."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.blocks import inside as lies_in
from backend_lint.project.calls import FunctionKey
from backend_lint.project.transactions.dispatch import Dispatch, Dispatches, Sent
from backend_lint.project.transactions.framework import HOOKS
from backend_lint.project.transactions.looked_up import looks_up, tables_of
from backend_lint.project.transactions.reach import Inside, Reach
from backend_lint.project.transactions.rows import Origin, Row
from backend_lint.project.transactions.scopes import Scope
from backend_lint.project.transactions.units import Units, in_exclusive_branch
from backend_lint.project.transactions.written import MAKES, Given, given_written, is_write_by_name, writes_inside

if TYPE_CHECKING:
    from backend_lint.project import Project

_DELETION = ("pre_delete", "post_delete")
_HANDED = ("self", "instance", "obj", "serializer", "form")
_ROOT = lazy_regex(r"#(\d+)")
_SAVES = frozenset("save asave create acreate delete set add bulk_create bulk_update".split())
_LATER = frozenset({"countdown", "eta"})
_SOON = frozenset({"None", "0", "1", "2", "3", "4"})
"""The worker waits: by then it is committed, unless it waits for a moment only."""


class Stake(enum.Enum):
    """What a worker that is quicker than the commit meets."""

    NEW = "new"
    """No row, where it looks for one."""
    EITHER = "either"
    """No row, or its old values: it is not known whether the row is new."""
    CHANGED = "changed"
    """The old values of a row."""
    GONE = "gone"
    """The row that is being deleted, or not: what it finds is left to chance."""
    NOTHING = "nothing"
    """Nothing that differs; but it acts on what may still be rolled back."""


class Early(msgspec.Struct, frozen=True):
    """A dispatch inside a transaction. `is_aside`: a person at the command line waits for it, no request."""

    dispatch: Dispatch
    inside: Inside
    stake: Stake
    is_aside: bool = False
    is_by_hand: bool = False
    """Django's admin opens the transaction, or a hook of it does: one person at a time saves there."""

    @property
    def is_bound(self) -> bool:
        """A message goes through what the function has opened for it: a channel, a connection."""
        return self.dispatch.sent is Sent.MESSAGE and _ROOT.match(self.dispatch.call.callee) is not None


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
            stake = _stake(project, dispatch, found)
            if stake is Stake.NOTHING and not (_matters(project, dispatch, found) and blocks.write(dispatch.key, found)):
                continue
            opener = found.way[0].function if found.way else key
            entry = project.reached_from(opener)
            is_aside = project.modules[opener[0]].role is Role.COMMAND or (entry is not None and entry[0].kind is EntryKind.COMMAND)
            if stake is not Stake.NOTHING or not is_aside:
                by_hand = found.scope.what.startswith("the admin") or project.calls.head(opener).name.rpartition(".")[2] in HOOKS
                yield Early(dispatch, found, stake, is_aside, by_hand)


def _stake(project: Project, dispatch: Dispatch, inside: Inside) -> Stake:
    given = given_written(project, dispatch.key, dispatch.call, inside)
    if given is None or any(name in _LATER and text not in _SOON for name, text in dispatch.call.keywords):
        return Stake.NOTHING
    row = project.transactions.rows.row(given.key, given.row)
    if row is None and project.loads.uses_django and next(iter(project.loads.django.of(*given.key, given.row)), None) is not None:
        return Stake.NOTHING  # many rows, deleted or changed by one statement
    tables = tables_of(project, row.model.key) if row is not None else frozenset()
    if inside.scope.what.startswith(_DELETION):
        return Stake.GONE if looks_up(project, dispatch, given.text, tables, own=True) else Stake.NOTHING
    if _is_made(project, given) or (row is not None and row.origin is Origin.FRESH):
        if looks_up(project, dispatch, given.text, frozenset()) is False:
            return Stake.NOTHING
        return Stake.EITHER if given.row.endswith("[0]") else Stake.NEW
    if looks_up(project, dispatch, given.text, tables, own=True) is False:
        return Stake.NOTHING
    if _was_there(project, dispatch, given, row, inside):
        return Stake.CHANGED
    handed = [parameter.name for parameter in project.calls.head(given.key).parameters if parameter.name not in _HANDED]
    return Stake.EITHER if row is None and given.row[1:] in handed else Stake.NEW


def _is_made(project: Project, given: Given) -> bool:
    root = _ROOT.match(given.row)
    calls = project.calls.body(given.key).calls
    return root is not None and int(root.group(1)) < len(calls) and calls[int(root.group(1))].callee.endswith(MAKES)


def _was_there(project: Project, dispatch: Dispatch, given: Given, row: Row | None, inside: Inside) -> bool:
    """The row is certainly one that was made before, and is changed."""
    head = project.calls.head(given.key)
    body = project.calls.body(given.key)
    if any("%created" in block.subject for block in body.blocks):
        call = dispatch.call if given.key == dispatch.key else inside.way[-1].edge.call
        return not project.transactions.indexed(given.key).is_under(call.block, ("created",))
    if row is None or inside.scope.what.startswith("the admin"):
        return False
    return row.origin in (Origin.LOADED, Origin.GIVEN) or (row.origin is Origin.SELF and head.name.rpartition(".")[2] not in ("save", "asave"))


def _matters(project: Project, dispatch: Dispatch, inside: Inside) -> bool:
    """Something can still fail behind a dispatch that depends on no row: not in what Django itself does next, nor where nothing follows."""
    scope = inside.scope
    if scope.alias or len(inside.way) > 1 or dispatch.task == dispatch.key or scope.what.startswith(("the admin", *_DELETION)):
        return False
    own = 0 if inside.way else scope.block
    if _goes_on(project, dispatch.key, dispatch.edge.number, own):
        return True
    return bool(inside.way) and _goes_on(project, inside.way[0].function, inside.way[0].edge.number, scope.block)


def _goes_on(project: Project, key: FunctionKey, number: int, scope: int) -> bool:
    body = project.calls.body(key)
    call = body.calls[number]
    for index, block in around(body, call.block):
        if index == scope:
            break
        if block.kind in LOOPS:
            return True
    working = project.transactions.work.of(key)
    later = range(number + 1, len(body.calls))
    following = [other for other in later if other in working or is_write_by_name(project, key, body.calls[other], _SAVES)]
    return any(lies_in(body, body.calls[other].block, scope) and not in_exclusive_branch(body, body.calls[other].block, call.block) for other in following)


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


_WITHOUT_FIELDS = lazy_regex(r"not %update_fields\b|not in %update_fields\b")


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
