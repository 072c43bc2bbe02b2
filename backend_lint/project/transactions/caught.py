"""Database errors that are caught inside a transaction, which goes on although the database has given it up.

PostgreSQL refuses every statement of a transaction after an error, up to the rollback to a savepoint; Django marks the block for rollback; a session of
SQLAlchemy wants a rollback. Source: https://docs.djangoproject.com/en/stable/topics/db/transactions/#controlling-transactions-explicitly
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, BlockKind, Body, Call, Handler
from backend_lint.project.blocks import around, inside, is_deferred, within
from backend_lint.project.calls import FunctionKey
from backend_lint.project.chosen_branches import rules_out
from backend_lint.project.failures import Breadth, breadth, caught
from backend_lint.project.libraries import Effect
from backend_lint.project.transactions.reach import Inside, Reach
from backend_lint.project.transactions.scopes import LEFT_OUT
from backend_lint.project.transactions.work import Work

if TYPE_CHECKING:
    from backend_lint.project import Project

_INTEGRITY = frozenset(
    (
        "django.db.IntegrityError django.db.utils.IntegrityError django.db.DatabaseError django.db.utils.DatabaseError django.db.Error "
        "django.db.DataError django.db.utils.DataError django.db.OperationalError django.db.utils.OperationalError django.db.utils.Error "
        "sqlalchemy.exc.IntegrityError sqlalchemy.exc.DBAPIError sqlalchemy.exc.SQLAlchemyError sqlalchemy.exc.DataError "
        "psycopg.Error psycopg.IntegrityError psycopg.errors.UniqueViolation psycopg2.Error psycopg2.IntegrityError psycopg2.errors.UniqueViolation "
        "asyncpg.UniqueViolationError asyncpg.exceptions.UniqueViolationError asyncpg.PostgresError asyncpg.IntegrityConstraintViolationError "
        "asyncpg.exceptions.PostgresError psycopg.DatabaseError psycopg2.DatabaseError"
    ).split()
)
_MOST = 40
"""Calls after a clause among which the next one of the database is looked for."""
_LINKS = (".add", ".remove", ".clear")
"""Of related rows: what is linked already is passed over by the statement."""
_DELETES = (".delete", ".adelete")
"""What still points at a row is found at the commit: foreign keys of Django are deferred, on PostgreSQL and SQLite."""
_ROLLS_BACK = ("set_rollback", "savepoint_rollback", "rollback", "clean_savepoints")


class Caught(msgspec.Struct, frozen=True):
    """`handler` of a function keeps an error of the database that call `failing` raises from the transaction around; `after` is what then fails, or is lost."""

    key: FunctionKey
    handler: Handler
    failing: Call
    after: Call
    inside: Inside
    name: str
    mild: bool = False
    """No error of the database is expected: all are caught, around what hardly fails, or where a person sees that it did."""


def caught_inside(project: Project, reach: Reach, work: Work) -> Iterator[Caught]:
    """The first clause of each ``try``, in order of path and line."""
    for module, index, _, body in project.functions("except"):
        if module.role in LEFT_OUT or not index or not body.handlers:
            continue
        key = module.path, index
        told: set[int] = set()
        for position, handler in enumerate(body.handlers):
            if handler.raises or handler.protected in told or is_deferred(body, handler.block):
                continue
            outer = body.blocks[handler.protected].parent
            found = reach.inside(key, outer)
            if found is None:
                continue
            names = set(caught(project, module.path, index, handler))
            explicit = next((name for name in sorted(names) if name in _INTEGRITY), "")
            broad = breadth(project, module.path, index, handler) >= Breadth.BROAD
            if (explicit or broad) and (one := _judge(project, key, body, handler, found, work, explicit, outer, max(0, position - 8))) is not None:
                told.add(handler.protected)
                yield one


def _judge(project: Project, key: FunctionKey, body: Body, handler: Handler, found: Inside, work: Work, explicit: str, outer: int, first: int) -> Caught | None:
    if any(call.callee.endswith(_ROLLS_BACK) for _, call in within(body, body.calls, handler.block)):
        return None
    may_fail = [number for number, _ in within(body, body.calls, handler.protected) if _fails(project, key, body, handler, number, work, explicit)]
    if not may_fail:
        return None
    writes = work.of(key)
    deferred = {number for number in may_fail if found.scope.django and body.calls[number].callee.endswith(_DELETES)}
    may_fail.sort(key=lambda number: number in deferred)
    failing = next((number for number in may_fail if writes.get(number, Effect.NONE) & Effect.DATABASE_WRITE), may_fail[0])
    after = _after(project, key, body, handler, found, work, outer, first)
    if after is None:
        return None
    aside = found.scope.what.startswith("the admin") or project.modules[key[0]].role is Role.COMMAND
    minor = aside or body.calls[failing].callee.endswith(_LINKS) or _asks_others(project, key, body, handler)
    mild = failing in deferred or (not explicit and minor)
    return Caught(key, handler, body.calls[failing], after, found, explicit.rpartition(".")[2] or (handler.types[0] if handler.types else "everything"), mild)


def _asks_others(project: Project, key: FunctionKey, body: Body, handler: Handler) -> bool:
    """The ``try`` sends a request to another service: whoever catches everything means its errors, and a savepoint would take back what is noted of it."""
    inner = {id(call) for _, call in within(body, body.calls, handler.protected)}
    return any(id(edge.call) in inner and bool(project.calls.effect(edge.target) & Effect.HTTP) for edge in project.calls.edges(key))


def _fails(project: Project, key: FunctionKey, body: Body, handler: Handler, number: int, work: Work, explicit: str) -> bool:
    """The call is made in the ``try`` itself, and its error would reach the transaction that the ``try`` stands in."""
    reach = project.transactions.reach
    for index, block in around(body, body.calls[number].block):
        if index == handler.protected:
            break
        if block.kind is BlockKind.LAMBDA or index in project.transactions.indexed(key).protected:
            return False
        scope = reach.scopes.of(key).get(index)
        if scope is not None and (scope.savepoint or scope.session):
            return False
    return work.breaks_transaction(key, number, reads=bool(explicit) and "Integrity" not in explicit and "Unique" not in explicit)


def _after(project: Project, key: FunctionKey, body: Body, handler: Handler, found: Inside, work: Work, outer: int, first: int) -> Call | None:
    """What asks the database next in the same transaction: in the clause, behind it, in the next round of a loop, or where the function was called from."""
    numbers = work.numbers(key)
    scopes = project.transactions.reach.scopes
    scope_block = found.scope.block if not found.way else 0

    def in_transaction(number: int) -> bool:
        return inside(body, body.calls[number].block, scope_block)

    asking = work.of(key)
    for number, call in within(body, body.calls, handler.block):
        if number in asking and not is_deferred(body, call.block):
            nested = next(iter(scopes.around(key, call.block)), None)
            if nested is None or not inside(body, nested.block, handler.block):
                return call
    if _leaves(body, handler):
        return None
    stop = _raised_behind(body, handler, outer, scope_block)
    here = {index for index, _ in around(body, outer)}
    ends = max(one.end_line for one in body.handlers[first : first + _MOST] if one.protected == handler.protected)
    start = bisect.bisect_left(numbers, ends + 1, key=lambda number: body.calls[number].line)
    for number in numbers[start : start + _MOST]:
        call = body.calls[number]
        if stop and call.line >= stop:
            return None
        if call.line > ends and in_transaction(number) and not _excluded(body, call.block, here) and not _ruled_out(project, found, call.block):
            return call
    if stop:
        return None
    loop = next((index for index, block in around(body, outer) if block.kind in LOOPS and index != scope_block and inside(body, index, scope_block)), None)
    if loop is not None:
        return next((body.calls[number] for number in numbers[max(0, start - _MOST) : start + _MOST] if inside(body, body.calls[number].block, loop)), None)
    return None


def _excluded(body: Body, block: int, here: set[int]) -> bool:
    """The call stands in another branch than the ``try``, or in a handler or branch that need not be run."""
    for index, found in around(body, block):
        if index in here:
            return False
        if found.kind in (BlockKind.HANDLER, BlockKind.ORELSE, BlockKind.ELSE):
            return True
    return False


def _leaves(body: Body, handler: Handler) -> bool:
    """The clause ends the function, or the loop that it stands in."""
    if handler.shape in ("return", "break"):
        return True
    if any(one.block == handler.block for one in body.returns):
        return True
    return any(one == handler.block for _, one in body.breaks)


def _raised_behind(body: Body, handler: Handler, outer: int, scope: int) -> int:
    """The line behind the ``try`` in which the code raises whatever happens, out of the transaction: nothing is asked any more. 0 if there is none."""
    line = handler.end_line
    raising = {one.block for one in body.raises}
    for index, block in around(body, outer):
        behind = next((one.line for one in body.raises if one.block == index and one.line > line), 0) if index in raising else 0
        if behind:
            return behind if index == scope or not any(found.kind is BlockKind.TRY for _, found in around(body, index)) else 0
        if index == scope or block.kind in LOOPS:
            return 0
        line = block.end_line
    return 0


def _ruled_out(project: Project, found: Inside, block: int) -> bool:
    """The call by which the function is inside the transaction does not come to a block."""
    return bool(found.way) and rules_out(project, found.way[-1].edge, block)
