"""Calls to other services while a transaction is open that has written or locked rows: they wait as long as the service takes to answer."""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call, Use
from backend_lint.project.blocks import around, inside
from backend_lint.project.calls import Edge, FunctionKey, Step
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.locks import Locks
from backend_lint.project.transactions.reach import Inside, Reach
from backend_lint.project.transactions.units import in_exclusive_branch
from backend_lint.project.transactions.work import Work
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project

_FARTHEST = 3
"""Calls from the transaction to the other service: further away nobody would look for it."""
_MOST = 40
"""Writes before a call that are looked at."""
_SLOW = Effect.HTTP | Effect.MAIL
_QUEUED_MAIL = ("celery", "post_office", "mailer", "console", "locmem", "dummy", "anymail_queue", "django_ses_queue")

_SENDING_MAIL = ("django.core.mail.", "anymail.", "django_ses.", "sendgrid", "django_mailgun", "sgbackend", "postmarker", "storages")


class HeldOpen(msgspec.Struct, frozen=True):
    """The call of `edge` leads along `way` to another service while `inside` is open; `before` has written, or locked, rows in it.

    `taken_back`: the call is the last thing in the transaction, and the function goes on if it fails, the rows being as they were. `meant`: the lock may be
    there for the call: rows are claimed without waiting for others, or what the other side answers is looked at before the commit.
    """

    key: FunctionKey
    edge: Edge
    way: tuple[Step, ...]
    inside: Inside
    before: Call
    taken_back: bool = False
    meant: bool = False


class HeldOpens:
    """Answers for one project."""

    def __init__(self, project: Project, reach: Reach, work: Work, locks: Locks) -> None:
        self._project = project
        self._reach = reach
        self._work = work
        self._locks = locks

    def all(self) -> Iterator[HeldOpen]:
        """The first of each function that opens a transaction, in order of path and line."""
        found: list[HeldOpen] = []
        for key in self._reach.scopes.all:
            module = self._project.modules[key[0]]
            if module.role is Role.APPLICATION:
                found += self._in_function(key, module.bodies[key[1]])
        told: set[tuple[FunctionKey, int]] = set()
        for one in sorted(found, key=lambda one: (one.key[0], one.edge.call.line)):
            last = one.way[-1].function, one.way[-1].edge.number
            if last not in told:  # one call that is reached from several transactions is one thing to change
                told.add(last)
                yield one

    def _in_function(self, key: FunctionKey, body: Body) -> Iterator[HeldOpen]:
        told: set[int] = set()
        for edge in self._project.calls.edges(key):
            scope = next((one for one in self._reach.scopes.around(key, edge.call.block)), None)
            if scope is None or scope.block in told:
                continue
            way = self._slow(key, edge)
            if not way or self._is_told_inside(way) or any(block.kind is BlockKind.HANDLER for _, block in around(body, edge.call.block)):
                continue
            before = self._before(key, body, edge, scope.block)
            if before is not None:
                told.add(scope.block)
                meant = self._claims(body) or any(self._is_looked_at(step) for step in way) or any(self._refuses(step) for step in way[1:])
                yield HeldOpen(key, edge, way, Inside(scope), before, self._is_taken_back(key, body, edge, scope.block), meant)

    @staticmethod
    def _claims(body: Body) -> bool:
        """``select_for_update(nowait=True)``: the lock says that somebody is at work on the row, and nobody waits for it."""
        return any(name in ("nowait", "skip_locked") and value != "False" for call in body.calls for name, value in call.keywords)

    def _is_looked_at(self, step: Step) -> bool:
        """What a call answers, or that it fails, decides how the transaction goes on."""
        return step.edge.call.use is not Use.DROPPED

    def _refuses(self, step: Step) -> bool:
        """That a call fails is caught where it is made and raised as an error of one's own: the rows are to go with it."""
        body = self._project.calls.body(step.function)
        return any(handler.raises and inside(body, step.edge.call.block, handler.protected) for handler in body.handlers)

    def _is_told_inside(self, way: tuple[Step, ...]) -> bool:
        """A function on the way opens a transaction of its own around the call, and is told of it there."""
        for step in way[1:]:
            scope = next((one for one in self._reach.scopes.around(step.function, step.edge.call.block)), None)
            if scope is not None and self._before(step.function, self._project.calls.body(step.function), step.edge, scope.block) is not None:
                return True
        return False

    def _slow(self, key: FunctionKey, edge: Edge) -> tuple[Step, ...]:
        wanted = _SLOW if not self._is_mail_queued else Effect.HTTP
        if edge.target.is_external:
            effect = self._project.calls.effect(edge.target) & wanted
            return (Step(key, edge, effect),) if effect else ()
        if edge.target.kind is not RefKind.FUNCTION or not self._reach.runs_here(edge):
            return ()
        way = self._project.calls.reaches(key, wanted, first=(edge,))
        return way if 0 < len(way) <= _FARTHEST and all(self._reach.runs_here(step.edge) or step.effect for step in way) else ()

    @functools.cached_property
    def _is_mail_queued(self) -> bool:
        """Mail is put into a queue or a table, or shown."""
        for module in self._project.modules.values():
            for assign in module.bodies[0].assigns:
                if assign.target == "EMAIL_BACKEND" and module.role is not Role.TEST and _puts_off(assign.value):
                    return True
        return False

    def _is_taken_back(self, key: FunctionKey, body: Body, edge: Edge, scope: int) -> bool:
        outside = {index for index, _ in around(body, scope)} - {scope}
        caught = any(handler.protected in outside and not handler.raises for handler in body.handlers)
        later = (number for number in self._work.writes(key) if number > edge.number)
        return caught and edge.call.use is Use.DROPPED and not any(inside(body, body.calls[number].block, scope) for number in later)

    def _leaves_if_done(self, key: FunctionKey, number: int) -> bool:
        """The function ends if the call says so: what it wrote then is not written where it goes on."""
        indexed = self._project.transactions.indexed(key)
        return any(indexed.body.blocks[index].subject.strip("()") in (f"#{number}", f"not #{number}") for index in indexed.leaving)

    def _before(self, key: FunctionKey, body: Body, edge: Edge, scope: int) -> Call | None:
        """What has written, or locked, rows in the transaction before the call."""
        writes = self._work.writes(key)
        numbers = writes[: bisect.bisect_left(writes, edge.number)][-_MOST:]
        lock = self._locks.first(key)
        for number in sorted({*numbers, *([lock] if lock < edge.number else [])}):
            call = body.calls[number]
            if number == lock and number not in numbers and edge.call.use is Use.BOUND:
                continue  # the lock is there for the answer: only one fetches it
            if self._leaves_if_done(key, number) or _is_instead(body, number, edge.number):
                continue
            if inside(body, call.block, scope) and not in_exclusive_branch(body, call.block, edge.call.block):
                return call
        return None


def _puts_off(backend: str) -> bool:
    """A backend known to queue, or one of the project's own, which may do so."""
    name = constant_string(backend)
    return any(word in backend for word in _QUEUED_MAIL) or (name is not None and not name.startswith(_SENDING_MAIL))


def _is_instead(body: Body, number: int, other: int) -> bool:
    """``rows.select_for_update().first() or other()``: where there is no row, none is locked."""
    texts = [text for text in (*(one.value for one in body.assigns), *(one.value for one in body.returns)) if f"|#{other}" in text]
    if not texts:
        return False
    last = number
    for later in range(number + 1, other):
        if body.calls[later].callee.startswith(f"#{last}."):
            last = later
    sign = re.compile(rf"#{last}\|#{other}(?!\d)")
    return body.calls[last].callee.endswith((".first", ".last")) and any(sign.search(text) for text in texts)
