"""Units of work of SQLAlchemy: what a function has written on a session and not committed yet.

A session begins a transaction at its first statement and ends it at commit, rollback or close.
Source: https://docs.sqlalchemy.org/en/20/orm/session_transaction.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.project.blocks import around, is_deferred
from backend_lint.project.calls import Edge, FunctionKey
from backend_lint.project.held_sessions import is_session, passed, queries_with
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.scopes import Scope

if TYPE_CHECKING:
    from backend_lint.project import Project

_WRITES = frozenset({"add", "add_all", "delete", "merge", "flush", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"})
_ENDS = frozenset({"commit", "rollback", "close", "aclose"})
_FARTHEST = 40
"""Calls before and after among which a write and its commit are looked for."""
_EXCLUSIVE = (BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE, BlockKind.HANDLER)


class Pending(msgspec.Struct, frozen=True):
    """Session `session` has written at `write` and is committed at `commit`, both calls of one function: in between the transaction is open."""

    session: str
    write: Call
    commit: Call


class Units:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def pending(self, key: FunctionKey, edge: Edge) -> Pending | None:
        """The transaction of a session that is certainly open when a call of the function is made; None if none is, or that is not known."""
        body = self._project.calls.body(key)
        following = body.calls[edge.number + 1 : edge.number + _FARTHEST]
        commits = [call for call in following if call.callee.endswith(".commit") and not is_deferred(body, call.block)]
        if not commits:
            return None
        here = [index for index, _ in around(body, edge.call.block)]
        for commit in commits:
            session = commit.callee.rpartition(".")[0]
            if commit.block not in here or not self.is_session(key, session):
                continue
            write = self._write(key, body, edge, session, set(here))
            if write is not None:
                return Pending(session, write, commit)
        return None

    def is_session(self, key: FunctionKey, session: str) -> bool:
        """Whether a value of a function is a session."""
        ref = self._project.value(*key, session)
        if is_session(self._project, ref):
            return True
        target = self._project.value(*key, f"{session}.commit")
        return target is not None and target.is_external and target.name.startswith(("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy."))

    def _write(self, key: FunctionKey, body: Body, edge: Edge, session: str, here: set[int]) -> Call | None:
        """The first write on the session that is still pending."""
        found: Call | None = None
        calls = self._project.calls.numbered(key)
        for number in range(max(0, edge.number - _FARTHEST), edge.number):
            call = body.calls[number]
            receiver, _, method = call.callee.rpartition(".")
            ends = self._ends(calls.get(number), receiver, method, session)
            if ends:
                found = None
            elif call.block in here and found is None and self._wrote(calls.get(number), receiver, method, session):
                found = call
        return found

    def _ends(self, edge: Edge | None, receiver: str, method: str, session: str) -> bool:
        if receiver == session and method in _ENDS:
            return True
        if edge is None or edge.target.kind is not RefKind.FUNCTION:
            return False
        return bool(self._project.calls.summary(edge.target.function) & Effect.COMMIT)

    def _wrote(self, edge: Edge | None, receiver: str, method: str, session: str) -> bool:
        if receiver == session:
            return method in _WRITES
        if edge is None or edge.target.kind is not RefKind.FUNCTION or not self._project.calls.summary(edge.target.function) & Effect.DATABASE_WRITE:
            return False
        return any(text == session and queries_or_writes(self._project, edge.target.function, name) for name, text in passed(self._project, edge))


def queries_or_writes(project: Project, key: FunctionKey, parameter: str) -> bool:
    """Whether a function uses the session it is handed as `parameter` for statements or changes."""
    start = f"%{parameter}."
    if any(call.callee.startswith(start) and call.callee[len(start) :] in _WRITES for call in project.calls.body(key).calls):
        return True
    return queries_with(project, key, parameter)


def committed_by_dependencies(project: Project) -> Iterator[tuple[FunctionKey, Scope]]:
    """FastAPI handlers whose session is committed by the dependency that gave it, after the handler has returned."""
    if not project.loads.sqlalchemy.used:
        return
    committing: dict[FunctionKey, int] = {}
    for module, index, head, body in project.functions("yield"):
        if head.is_generator and body.yields:
            last = max(one.line for one in body.yields)
            ends = [call.line for call in body.calls if call.callee.endswith(".commit") and call.line > last]
            begins = [block for block in body.blocks if block.kind is BlockKind.WITH and _begins(body, block.subject)]
            if ends or any(begins[0].line <= one.line <= begins[0].end_line for one in body.yields if begins):
                committing[module.path, index] = head.line
    if not committing:
        return
    for route in project.routes:
        if route.framework != "fastapi" or route.function < 0:
            continue
        key = route.module, route.function
        for name, provider in project.dependencies.providers(key):
            commits = provider in committing and is_session(project, project.value(*key, "%" + name))
            if commits and not project.calls.summary(key) & Effect.COMMIT:
                label = project.calls.label(provider)
                yield key, Scope(0, provider[0], committing[provider], f"{label}, which commits after the handler", session="%" + name)


def _begins(body: Body, subject: str) -> bool:
    return subject[:1] == "#" and subject[1:].isdigit() and body.calls[int(subject[1:])].callee.endswith(".begin")


def in_exclusive_branch(body: Body, block: int, other: int) -> bool:
    """Whether `block` stands in a branch that `other` is not part of."""
    here = {index for index, _ in around(body, other)}
    return any(index not in here and found.kind in _EXCLUSIVE for index, found in around(body, block))
