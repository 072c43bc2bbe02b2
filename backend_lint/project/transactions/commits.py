"""Commits in a loop: a failure leaves the first part of one operation done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Block, BlockKind, Body, Call
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, inside
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.reach import is_aside

if TYPE_CHECKING:
    from backend_lint.project import Project

_BATCH = lazy_regex(r"batch|chunk|backfill|import|migrat|sync|page|process_all|worker|poll|consume|cleanup|purge|drain|stream", re.IGNORECASE)
_CHANGES = frozenset({"add", "add_all", "delete", "merge", "execute", "update", "insert"})


class LoopCommit(msgspec.Struct, frozen=True):
    """`commit` is called once for each item of `loop`, after `write`."""

    key: FunctionKey
    commit: Call
    loop: Block
    write: Call


def loop_commits(project: Project) -> Iterator[LoopCommit]:
    """The first of each loop, in order of path and line."""
    for key, numbers in project.named_calls.functions(("commit",)).items():
        if project.modules[key[0]].role is not Role.APPLICATION or not key[1] or _BATCH.search(project.calls.head(key).name) or is_aside(project, key):
            continue
        body = project.calls.body(key)
        told: set[int] = set()
        for call in (body.calls[number] for number in numbers):
            if "." not in call.callee or call.args:
                continue
            found = _loop(body, call)
            if found is None or found[0] in told:
                continue
            write = _write(body, call, found[0])
            if write is not None and _is_session(project, key, call) and _is_asked_for(project, key):
                told.add(found[0])
                yield LoopCommit(key, call, found[1], write)


def _loop(body: Body, call: Call) -> tuple[int, Block] | None:
    """The loop whose every round commits; a commit under a condition keeps batches apart."""
    for index, block in around(body, call.block):
        if block.kind is BlockKind.FOR:
            return index, block
        if block.kind not in (BlockKind.TRY, BlockKind.WITH):
            return None
    return None


def _write(body: Body, commit: Call, loop: int) -> Call | None:
    receiver = commit.callee.rpartition(".")[0]
    for call in body.calls:
        base, _, method = call.callee.rpartition(".")
        if base == receiver and method in _CHANGES and inside(body, call.block, loop):
            return call
    return None


def _is_session(project: Project, key: FunctionKey, call: Call) -> bool:
    target = project.value(*key, call.callee)
    return target is not None and target.is_external and target.name.startswith(("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.", "psycopg", "sqlite3."))


def _is_asked_for(project: Project, key: FunctionKey) -> bool:
    """A request waits for all of it."""
    found = project.reached_from(key)
    return found is not None and found[0].kind is EntryKind.ROUTE
