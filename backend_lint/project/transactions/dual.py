"""The same change told to two systems, a database and a broker, of which one may fail: without an outbox they part for good.

Source: https://microservices.io/patterns/data/transactional-outbox.html
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import Body, Call
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.calls import Edge, FunctionKey, Step
from backend_lint.project.loading.reach import is_aside
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.dispatch import Dispatch, Dispatches, Sent
from backend_lint.project.transactions.reach import Open, Reach
from backend_lint.project.transactions.units import in_exclusive_branch
from backend_lint.project.transactions.work import Work

if TYPE_CHECKING:
    from backend_lint.project import Project

_OUTBOX = lazy_regex(r"outbox|out_box|debezium|transactional_message|pending_?events?|event_?relay|message_?relay", re.IGNORECASE)
_ASIDE = lazy_regex(
    r"log|metric|trace|telemetry|analytic|stats|cache|invalidat|heartbeat|health|audit|monitor|notif|websocket|broadcast|progress", re.IGNORECASE
)
"""Words of messages whose loss costs nothing that must be right."""
_FLEETING = frozenset({"redis.Redis.publish", "redis.asyncio.Redis.publish"})
"""Reaches only who listens at the moment: nobody takes it for the record."""
_CONSUMER = lazy_regex(r"(?:^|_)(?:[a-z]+_)?consumer$|Consumer$")
_BY_PHONE = frozenset({"PhoneNumber", "TargetArn"})
_HOPS = 2
_MOST = 40
"""Writes of one function that are looked at."""


class DualWrite(msgspec.Struct, frozen=True):
    """Function `key` writes at `write` and publishes at `publish`, through `way` if that is not empty."""

    key: FunctionKey
    write: Call
    publish: Edge
    sent: Dispatch
    way: tuple[Step, ...]


def dual_writes(project: Project, reach: Reach, dispatches: Dispatches, work: Work) -> Iterator[DualWrite]:
    """The first of each function, in order of path and line."""
    publishing = _publishing(project, dispatches)
    if not publishing or has_outbox(project):
        return
    found = []
    for key in _candidates(project, publishing):
        if project.modules[key[0]].role is not Role.APPLICATION or is_aside(project, key) or _is_repeated(project, key):
            continue
        one = _in_function(project, key, reach, publishing, work)
        if one is not None:
            found.append(one)
    yield from sorted(found, key=lambda one: (one.key[0], one.publish.call.line))


def has_outbox(project: Project) -> bool:
    """A table or class for messages that are still to be sent, or a library that keeps one."""
    if any(_OUTBOX.search(mapped.table or mapped.name) for mapped in project.schema.mapped.values()):
        return True
    for module in project.modules.values():
        if any(_OUTBOX.search(fact.name) for fact in module.classes) or any(_OUTBOX.search(one.module) for one in module.facts.imports):
            return True
    return any(_OUTBOX.search(name) for name in project.schema.tables)


def _publishing(project: Project, dispatches: Dispatches) -> dict[FunctionKey, tuple[Dispatch, int]]:
    """The functions that publish a message, themselves (0) or through so many calls."""
    found: dict[FunctionKey, tuple[Dispatch, int]] = {}
    for key in dispatches.functions:
        for dispatch in dispatches.of(key):
            if dispatch.sent is Sent.MESSAGE and dispatch.edge.target.name not in _FLEETING and not _is_aside(project, dispatch):
                found.setdefault(key, (dispatch, 0))
    return found


def _is_aside(project: Project, dispatch: Dispatch) -> bool:
    call = dispatch.call
    keywords = dict(call.keywords)
    if _BY_PHONE & set(keywords):
        return True
    named = [text for name, text in call.keywords if name.lower() in ("topic", "topicarn", "routing_key", "exchange", "queueurl")]
    subject = " ".join((*call.args[:2], *named))
    return _ASIDE.search(f"{subject} {project.calls.head(dispatch.key).name} {dispatch.key[0]}") is not None


def _candidates(project: Project, publishing: dict[FunctionKey, tuple[Dispatch, int]]) -> Iterator[FunctionKey]:
    """The functions that publish, and those that call them."""
    found: dict[FunctionKey, None] = dict.fromkeys(publishing)
    ring = list(publishing)
    for distance in range(1, _HOPS + 1):
        following = []
        for key in ring:
            for caller, _ in project.transactions.reach.callers(key):
                if caller not in found:
                    found[caller] = None
                    publishing.setdefault(caller, (publishing[key][0], distance))
                    following.append(caller)
        ring = following
    yield from sorted(found)


def _is_repeated(project: Project, key: FunctionKey) -> bool:
    """Whoever gave the work gives it again if it is not finished, or it is looked for by the clock."""
    if any(_CONSUMER.search(one.name) for one in project.modules[key[0]].facts.imports):
        return True  # a loop of the module's own, which reads a message again until it is acknowledged
    found = project.reached_from(key)
    return found is not None and (found[0].kind in (EntryKind.CONSUMER, EntryKind.COMMAND, EntryKind.STARTUP) or project.growing.is_by_clock(key))


def _in_function(
    project: Project, key: FunctionKey, reach: Reach, publishing: dict[FunctionKey, tuple[Dispatch, int]], work: Work
) -> DualWrite | None:
    body = project.calls.body(key)
    writes = work.writes(key)
    writing = set(writes)
    for edge in project.calls.edges(key):
        way: tuple[Step, ...] = ()
        own = publishing.get(key)
        if own is not None and own[1] == 0 and edge == own[0].edge:
            sent = own[0]
        elif edge.target.kind is RefKind.FUNCTION and (other := publishing.get(edge.target.function)) is not None and other[1] < _HOPS:
            if edge.target.function == key or edge.number in writing:
                continue  # what publishes writes as well: it is told of there
            sent, way = other[0], (Step(key, edge), Step(other[0].key, other[0].edge))
        else:
            continue
        if reach.inside(key, edge.call.block) is not None or (reach.setting.value is not False and reach.state(key, edge.call.block) is not Open.NO):
            continue
        write = next((number for number in reversed(writes[: bisect.bisect_left(writes, edge.number)][-_MOST:]) if _leads(body, number, edge)), None)
        if write is not None:
            return DualWrite(key, body.calls[write], edge, sent, way)
    return None


def _leads(body: Body, number: int, edge: Edge) -> bool:
    return not in_exclusive_branch(body, body.calls[number].block, edge.call.block)
