"""Retry layers on one way of calls."""

from __future__ import annotations

import collections
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.calls import Aspect, Edge, FunctionKey, Step
from backend_lint.project.retries import Retry
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_MAX_CALLS = 8
_CLIENTS = {
    "openai.OpenAI": 3,
    "openai.AsyncOpenAI": 3,
    "openai.AzureOpenAI": 3,
    "openai.AsyncAzureOpenAI": 3,
    "anthropic.Anthropic": 3,
    "anthropic.AsyncAnthropic": 3,
}
"""Attempts that clients of SDKs make by default."""


class Layer(NamedTuple):
    """A place that repeats what is below it, and how often at most."""

    path: str
    line: int
    what: str
    attempts: float


def nested_retries(project: Project) -> Iterator[tuple[Retry, list[Layer], tuple[Step, ...]]]:
    """For each outermost retried function, the way of calls with the most attempts: the retry, its layers from the outside, the way."""
    retries = project.retries
    for outer in retries.all():
        key = (outer.path, outer.function)
        if outer.kind == "urllib3" or not _known(outer) or outer not in retries.around(key)[:1]:
            continue
        best: tuple[list[Layer], tuple[Step, ...]] = ([], ())
        for layers, way in _below(project, key, outer):
            if math.prod(layer.attempts for layer in layers) > math.prod(layer.attempts for layer in best[0]):
                best = layers, way
        if len(best[0]) > 1:
            yield outer, *best


def _below(project: Project, start: FunctionKey, outer: Retry) -> Iterator[tuple[list[Layer], tuple[Step, ...]]]:
    first = [_layer(project, retry) for retry in _counted(project.retries.around(start)) if _known(retry)]
    queue: collections.deque[tuple[FunctionKey, list[Layer], tuple[Step, ...]]] = collections.deque([(start, first, ())])
    seen = {start}
    if len(first) > 1:
        yield first, ()
    while queue:
        key, layers, way = queue.popleft()
        for edge in project.calls.edges(key):
            if key == start and outer.kind == "loop" and edge.call is not outer.call:
                continue
            step = Step(key, edge)
            if edge.target.is_external:
                if (client := _client(project, edge)) is not None and _covers(project, outer, {edge.target.name.partition(".")[0]}):
                    yield [*layers, client], (*way, step)
            elif project.calls.follows(edge, Aspect.ALL) and edge.target.function not in seen and len(way) < _MAX_CALLS:
                callee = edge.target.function
                seen.add(callee)
                found = [_layer(project, retry) for retry in _inner(project, callee) if _covers(project, outer, _caught(project, retry))]
                if found:
                    yield [*layers, *found], (*way, step)
                queue.append((callee, [*layers, *found], (*way, step)))


def _counted(found: list[Retry]) -> list[Retry]:
    """The layers of one function; a task counts its retries once, however many places start one."""
    tasks = [retry for retry in found if retry.kind == "celery"]
    return [retry for retry in found if retry.kind != "celery"] + tasks[:1]


def _inner(project: Project, key: FunctionKey) -> list[Retry]:
    """The layers of a function that is called; as a task it would be sent, not called."""
    return [retry for retry in project.retries.around(key) if retry.kind != "celery" and _known(retry)]


def _covers(project: Project, outer: Retry, inner: set[str]) -> bool:
    """The outer layer repeats for failures of the inner one; true unless both name what they repeat for and share nothing."""
    caught = _caught(project, outer)
    return not caught or not inner or bool(caught & inner)


def _caught(project: Project, retry: Retry) -> set[str]:
    """The libraries (and own or builtin classes) whose exceptions a decorator repeats for; empty if it repeats for any."""
    if retry.call is None or retry.kind == "loop":
        return set()
    calls = project.modules[retry.path].bodies[retry.scope].calls
    given = [value for name, value in retry.call.keywords if name in ("retry", "exceptions", "retry_on_exception", "autoretry_for")]
    if retry.kind in ("backoff", "retry"):
        given += retry.call.args[1:2] if retry.kind == "backoff" else retry.call.args[:1]
    for number in call_ids(" ".join(given)):
        given += calls[number].args
    found = set()
    for text in given:
        for name in re.findall(r"(?<![\w.#%'])[A-Za-z_][\w.]*", text):
            target = project.value(retry.path, retry.scope, name)
            if name in ("Exception", "BaseException") or target is None:
                return set()
            found.add(target.name.partition(".")[0] if target.is_external and "." in target.name else target.name)
    return found


def _known(retry: Retry) -> bool:
    return retry.attempts is not None and 1 < retry.attempts < math.inf


def _layer(project: Project, retry: Retry) -> Layer:
    return Layer(retry.path, retry.line, f"the {retry.kind} retry of {project.calls.label((retry.path, retry.function))}", retry.attempts or 1)


def _client(project: Project, edge: Edge) -> Layer | None:
    """The attempts of an SDK's own client, where the call that made it can be seen."""
    target = edge.target
    name = next((name for name in _CLIENTS if target.name.startswith(name + ".")), "")
    if not name or target.origin is None:
        return None
    made = project.modules[target.origin.path].bodies[target.origin.function].calls[target.origin.call]
    keywords = dict(made.keywords)
    if "**" in keywords or "config" in keywords:
        return None
    attempts = float(keywords["max_retries"]) + 1 if keywords.get("max_retries", "").isdigit() else None if "max_retries" in keywords else _CLIENTS[name]
    return None if attempts is None or attempts < 2 else Layer(target.origin.path, made.line, f"the client `{name}`", attempts)
