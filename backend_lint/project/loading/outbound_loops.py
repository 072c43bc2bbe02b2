"""Loops that ask another service for each item, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Use
from backend_lint.project.blocks import around, inside
from backend_lint.project.calls import Edge
from backend_lint.project.libraries import Effect
from backend_lint.project.loading.origins import Origin, origin_of
from backend_lint.project.loading.repeats import Repeat
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_LOCAL = frozenset({"generate_presigned_url", "generate_presigned_post", "get_paginator", "get_waiter", "can_paginate", "close"})
"""What a client does without asking anybody."""


class OutboundLoop(msgspec.Struct, frozen=True):
    """A call to another service once an item, and who decides how many items there are."""

    repeat: Repeat
    origin: Origin


def outbound_loops(project: Project, roles: frozenset[Role]) -> Iterator[OutboundLoop]:
    """Loops over an unknown number of items, each loop once, in order of path and line."""
    told: set[tuple[str, int, int]] = set()
    for repeat in project.loads.repeats.all(Effect.HTTP, roles, hops=3):
        state = repeat.path, repeat.function, repeat.loop.number
        body = project.calls.body(repeat.key)
        if state in told or not _is_remote(repeat.way[-1].edge) or not _waits(project, repeat) or _ends_early(body, repeat) or _carries_over(body, repeat):
            continue
        origin = origin_of(project, repeat.key, repeat.loop.source)
        if origin is not None:
            told.add(state)
            yield OutboundLoop(repeat, origin)


def _is_remote(edge: Edge) -> bool:
    name = edge.target.name
    return "()" not in name and "[]" not in name and name.rpartition(".")[2] not in _LOCAL


def _waits(project: Project, repeat: Repeat) -> bool:
    """The loop waits for each call: it is a plain one, or awaited; not a coroutine that is collected."""
    step = repeat.way[0]
    call = repeat.call
    if call.awaited or (call.use is Use.CONTEXT and repeat.way[0].edge.target.is_external):
        return True
    if step.edge.target.is_external:
        return "Async" not in step.edge.target.name and not step.edge.target.name.startswith("aiohttp.")
    head = project.calls.head(step.edge.target.function)
    return not head.is_async and not head.is_generator


def _ends_early(body: Body, repeat: Repeat) -> bool:
    """The loop looks for one that fits, or counts how many there were."""
    leaving = [block for _, block in body.breaks] + [one.block for one in body.returns]
    return any(inside(body, block, repeat.loop.number) for block in leaving)


def _carries_over(body: Body, repeat: Repeat) -> bool:
    """What one round gets is what the next one starts from."""
    number = next((index for index, call in enumerate(body.calls) if call is repeat.call), -1)
    kept = {
        assign.target
        for assign in body.assigns
        if assign.target[:1] == "%" and inside(body, assign.block, repeat.loop.number) and number in call_ids(assign.value)
    }
    before = {assign.target for assign in body.assigns if not inside(body, assign.block, repeat.loop.number) and assign.line < repeat.loop.block.line}
    return bool(kept & before) or any(block.kind is BlockKind.WHILE for _, block in around(body, repeat.call.block))
