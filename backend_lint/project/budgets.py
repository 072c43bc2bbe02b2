"""How long a request or task may wait for other services, against the deadline that ends it."""

from __future__ import annotations

import collections
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.api import Evidence
from backend_lint.facts.route import Entry, EntryKind
from backend_lint.project.calls import FunctionKey, Step
from backend_lint.project.libraries.outbound import Peer
from backend_lint.project.timeouts import Limit, Outbound

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.deployment import Limit as Deadline

_REQUESTS = (EntryKind.ROUTE, EntryKind.MIDDLEWARE)


class Overrun(msgspec.Struct, frozen=True):
    """A call that may outlast what it works for. `seconds` is its timeout, `attempts` how often it may be made, `deadline` the tighter one above."""

    call: Outbound
    attempts: float
    deadline: Deadline
    entry: Entry
    evidence: tuple[Evidence, ...]


def overruns(project: Project) -> Iterator[Overrun]:
    """Outbound calls whose timeout times their attempts is longer than the deadline of the request or task that reaches them."""
    for call in project.timeouts.all():
        seconds = call.seconds
        if call.limit is not Limit.GIVEN or seconds is None or call.wait.peer is Peer.PROCESS or call.wait.builds:
            continue
        reached = project.reached_from((call.path, call.function))
        if reached is None:
            continue
        entry, way = reached
        if entry.kind in _REQUESTS:
            deadline = project.deployment.request_deadline(entry.module)
        elif entry.kind is EntryKind.TASK:
            deadline = project.deployment.task_deadline(entry.module, entry.name)
        else:
            continue
        attempts, retries = _attempts(project, (call.path, call.function), way)
        if deadline is not None and deadline.seconds is not None and seconds * attempts > deadline.seconds:
            yield Overrun(call, attempts, deadline, entry, (deadline.evidence(), *retries, *project.calls.evidence(way)))


def _attempts(project: Project, last: FunctionKey, way: tuple[Step, ...]) -> tuple[float, list[Evidence]]:
    total = 1.0
    found = []
    for key in [*(step.function for step in way), last]:
        for retry in project.retries.around(key):
            if retry.kind != "celery" and retry.attempts is not None and 1 < retry.attempts < math.inf:
                total *= retry.attempts
                found.append(Evidence(retry.path, retry.line, f"repeated here, up to {retry.attempts:g} attempts"))
    return total, found


def request_entries(project: Project, key: FunctionKey) -> list[Entry]:
    """All routes and middleware from which a function is reached, in the order of files."""
    found: dict[Entry, None] = {}
    queue = collections.deque([key])
    seen = {key}
    while queue:
        current = queue.popleft()
        found.update(dict.fromkeys(entry for entry in project.entries.of(current) if entry.kind in _REQUESTS))
        for caller, _ in project.calls.callers(current):
            if caller not in seen:
                seen.add(caller)
                queue.append(caller)
    return sorted(found, key=lambda entry: (entry.module, entry.line))
