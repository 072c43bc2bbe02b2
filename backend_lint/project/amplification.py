"""Retry layers on one way of calls."""

from __future__ import annotations

import collections
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.calls import Aspect, Edge, FunctionKey, Step
from backend_lint.project.retries import Retry

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
    "botocore.client": 5,
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
    first = [_layer(project, retry) for retry in project.retries.around(start) if _known(retry)]
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
                if (client := _client(project, edge)) is not None:
                    yield [*layers, client], (*way, step)
            elif project.calls.follows(edge, Aspect.ALL) and edge.target.function not in seen and len(way) < _MAX_CALLS:
                callee = edge.target.function
                seen.add(callee)
                found = [_layer(project, retry) for retry in project.retries.around(callee) if _known(retry)]
                if found:
                    yield [*layers, *found], (*way, step)
                queue.append((callee, [*layers, *found], (*way, step)))


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
