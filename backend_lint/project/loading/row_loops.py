"""Loops, comprehensions and key functions that go through the rows of queries, and what they read of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Block, BlockKind, Body
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.elements import items_of
from backend_lint.project.loading.kept_rows import kept_rows
from backend_lint.project.loading.loops import leaves_at_once, loop_of, unwrapped

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.loading import Rows
    from backend_lint.project.loading.places import Read

_GO_THROUGH = frozenset({BlockKind.FOR, BlockKind.COMPREHENSION, BlockKind.LAMBDA})
_FEW = 9


class RowLoop(msgspec.Struct, frozen=True):
    """A loop or comprehension over rows, with what it reads of each. `rows`: the queries that they may come from; `elements`: how it writes a row."""

    key: FunctionKey
    block: int
    rows: tuple[Rows, ...]
    elements: tuple[str, ...]
    reads: tuple[Read, ...]


def row_loops(project: Project) -> Iterator[RowLoop]:
    """All loops over objects of a query, more than a few of one class, in order of path and line."""
    reads = project.loads.reads
    for module, index, _, body in project.functions():
        if module.role in (Role.TEST, Role.MIGRATION, Role.GENERATED) or not index:
            continue
        key = module.path, index
        found: dict[tuple[int, tuple[str, ...]], tuple[Rows, ...]] = {}
        for number, block in enumerate(body.blocks):
            if block.kind in _GO_THROUGH and _may_be_rows(block.subject) and not leaves_at_once(body, loop_of(number, block)) and not _filled(body, block):
                for rows, elements in _gone_through(project, key, body, number):
                    found.setdefault((number, elements), rows)
                    for later, inner in kept_rows(body, number, elements):
                        found.setdefault((later, inner), rows)
        for (number, elements), rows in sorted(found.items(), key=lambda one: one[0]):
            yield RowLoop(key, number, rows, elements, reads.of_rows(key, number, rows[0].model, elements))


def _gone_through(project: Project, key: FunctionKey, body: Body, number: int) -> Iterator[tuple[tuple[Rows, ...], tuple[str, ...]]]:
    """The rows that a loop goes through with its names for one of them; several where each row holds objects of several classes."""
    loads = project.loads
    subject = body.blocks[number].subject
    if rows := loads.rows(*key, subject):
        if _several(rows):
            yield rows, items_of(body, number)
        return
    targets = body.blocks[number].target.split(",")
    for position, name, one in loads.tuples(*key, subject):
        if _several((one,)):
            elements = [f"{subject}[].{name}", f"{subject}[][{position}]"]
            if len(targets) == 1 and targets[0]:
                elements += [f"%{targets[0]}.{name}", f"%{targets[0]}[{position}]"]
            elif position < len(targets):
                elements.append(f"%{targets[position]}")
            yield (one,), tuple(elements)


def _filled(body: Body, block: Block) -> bool:
    """``prefetch_related_objects(rows, ...)`` stands before the loop."""
    rows = unwrapped(block.subject)
    return any(call.callee.endswith("prefetch_related_objects") and call.args and unwrapped(call.args[0]) == rows for call in body.calls)


def _may_be_rows(subject: str) -> bool:
    return bool(subject) and subject[0] not in "['\"{" and not subject.startswith("range(")


def _several(rows: Sequence[Rows]) -> bool:
    """Objects of one class, and more than a few."""
    return len({one.model for one in rows}) == 1 and all(
        one.most > _FEW and not one.loaded.plain and not one.loaded.unknown and not one.is_async for one in rows
    )
