"""A row of SQLAlchemy that is committed before the row that belongs to it is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import LOOPS, Body, Call
from backend_lint.project.blocks import around, is_deferred
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import Framework, Mapped
from backend_lint.project.transactions.scattered import RECORDS
from backend_lint.project.transactions.units import Units, in_exclusive_branch

if TYPE_CHECKING:
    from backend_lint.project import Project

_MOST = 12
"""Rows of one function that are looked at."""


class SplitUnit(msgspec.Struct, frozen=True):
    """`commit` keeps a row of `first`; `second` refers to it and is committed afterwards, at `last`."""

    key: FunctionKey
    commit: Call
    first: Mapped
    second: Mapped
    made: Call
    last: Call


def split_units(project: Project, units: Units) -> Iterator[SplitUnit]:
    """One for each function, in order of path and line."""
    if not project.loads.sqlalchemy.used:
        return
    for key, numbers in project.named_calls.functions(("commit",)).items():
        if project.modules[key[0]].role is not Role.APPLICATION or not key[1]:
            continue
        body = project.calls.body(key)
        commits = [number for number in numbers if "." in body.calls[number].callee and not body.calls[number].args]
        if len(commits) < 2 or is_aside(project, key) or not project.entries.is_served(key):
            continue
        found = _in_function(project, units, key, body, commits)
        if found is not None:
            yield found


def _in_function(project: Project, units: Units, key: FunctionKey, body: Body, commits: list[int]) -> SplitUnit | None:
    rows = [(number, mapped) for number, call in enumerate(body.calls) if (mapped := _made(project, key, call)) is not None][:_MOST]
    for position, (number, first) in enumerate(rows):
        commit = next((one for one in commits if one > number), None)
        if commit is None or RECORDS.search(first.name) or not units.is_session(key, body.calls[commit].callee.rpartition(".")[0]):
            continue
        for other, second in rows[position + 1 :]:
            last = next((one for one in commits if one > other), None)
            if other < commit or last is None or first.table == second.table or RECORDS.search(second.name):
                continue
            together = _on_one_way(body, commit, other) and body.calls[commit].callee == body.calls[last].callee
            if together and _refers(project, body.calls[other], second, first, f"#{number}"):
                return SplitUnit(key, body.calls[commit], first, second, body.calls[other], body.calls[last])
    return None


def _made(project: Project, key: FunctionKey, call: Call) -> Mapped | None:
    if not call.callee.rpartition(".")[2][:1].isupper() or is_deferred(project.calls.body(key), call.block):
        return None
    ref = project.value(*key, call.callee)
    mapped = project.schema.of(ref) if ref is not None and ref.kind is RefKind.CLASS else None
    return mapped if mapped is not None and mapped.framework is Framework.SQLALCHEMY else None


def _on_one_way(body: Body, one: int, other: int) -> bool:
    first, second = body.calls[one].block, body.calls[other].block
    if in_exclusive_branch(body, first, second) or in_exclusive_branch(body, second, first):
        return False
    return not any(block.kind in LOOPS for _, block in around(body, first))


def _refers(project: Project, made: Call, model: Mapped, other: Mapped, row: str) -> bool:
    """A key of the row that is made is the other row, or its primary key."""
    names = {one.name for one in model.relationships.values() if one.target == other.key and not one.many}
    table = project.schema.table(model.table)
    columns = {column for key in (table.foreign_keys if table is not None else ()) if key.table == other.table for column in key.columns}
    names |= {field.name for field in model.fields.values() if field.column in columns}
    return any(name in names and (text == row or (text.startswith(f"{row}.") and text.count(".") == 1)) for name, text in made.keywords)
