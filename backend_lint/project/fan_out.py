"""Coroutines that are started all at once, one for each item of something."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.facts.route import EntryKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around
from backend_lint.project.calls import Aspect, Edge, FunctionKey, Step
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids, split

if TYPE_CHECKING:
    from backend_lint.project import Project, SourceModule

_GATHER = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
_LIMITERS = lazy_regex(r"sem|limit|throttl|bucket|bulkhead|pool|slots?\b", re.IGNORECASE)
_BOUNDED = lazy_regex(r"chunk|batch|page|slice|islice|window|limit|top_|\[:|max_", re.IGNORECASE)
_LISTS = lazy_regex(r"^(?:get_all|list_|find_all|fetch_all|query_|all_)|_all$")
_ROWS = frozenset({"all", "fetchall", "scalars", "fetch", "to_list"})
_REMOTE = Effect.HTTP | Effect.DATABASE | Effect.QUEUE | Effect.MAIL | Effect.SUBPROCESS


class FanOut(msgspec.Struct, frozen=True):
    """A ``gather`` over coroutines; `source` is the value they are made from, `way` leads from the coroutine to a remote call."""

    path: str
    function: int
    call: Call
    source: str
    way: tuple[Step, ...]


def fan_outs(project: Project) -> Iterator[FanOut]:
    """Unlimited fan-outs to another machine, in the order of paths and lines."""
    limits = functools.cache(functools.partial(_limits, project))
    for module, index, _, body in project.functions("async"):
        by_line: dict[int, list[Edge]] = {}
        for call in body.calls:
            if call.callee.rpartition(".")[2] not in ("gather", "wait", "as_completed") or not call.args:
                continue
            target = project.value(module.path, index, call.callee)
            if target is None or target.name not in _GATHER:
                continue
            by_line = by_line or _by_line(project.calls.edges((module.path, index)))
            for started, source in _started(module, index, body, call):
                way = _remote(project, (module.path, index), started, by_line)
                if way and not _limited((module.path, index), body, started, way, limits):
                    yield FanOut(module.path, index, call, source, way)
                    break


def _by_line(edges: Iterable[Edge]) -> dict[int, list[Edge]]:
    found: dict[int, list[Edge]] = {}
    for edge in edges:
        found.setdefault(edge.call.line, []).append(edge)
    return found


def _started(module: SourceModule, index: int, body: Body, call: Call) -> Iterator[tuple[Call, str]]:
    """The calls whose coroutines are gathered, with what they iterate over."""
    for argument in call.args[:1]:
        bound = [assign.value for assign in reversed(module.assigns_to(index, argument.lstrip("*")))]
        for number in call_ids(" ".join([argument, *bound])):
            if number < len(body.calls) and (source := _source(body, body.calls[number])):
                yield body.calls[number], source
        name = argument.lstrip("*")
        if name.startswith("%") and name[1:].isidentifier():
            for other in body.calls:
                if other.callee == f"{name}.append" and other.args and (source := _source(body, other)):
                    yield from ((body.calls[number], source) for number in call_ids(other.args[0]) if number < len(body.calls))


def _source(body: Body, call: Call) -> str:
    """What the innermost loop or comprehension around a call iterates over."""
    return next((block.subject for _, block in around(body, call.block) if block.kind in (BlockKind.COMPREHENSION, BlockKind.FOR)), "")


def _remote(project: Project, key: FunctionKey, started: Call, by_line: dict[int, list[Edge]]) -> tuple[Step, ...]:
    edges = [edge for edge in by_line.get(started.line, ()) if edge.call is started or _wraps(started)]
    return project.calls.reaches(key, _REMOTE, Aspect.ALL, edges) if edges else ()


def _wraps(call: Call) -> bool:
    return call.callee.rpartition(".")[2] in ("create_task", "ensure_future", "wait_for", "shield")


def _limited(key: FunctionKey, body: Body, started: Call, way: tuple[Step, ...], limits: Callable[[FunctionKey], bool]) -> bool:
    """A semaphore or the like stands around the start, or in a function on the way."""
    given = [body.calls[number].callee for number in call_ids(" ".join(started.args)) if number < len(body.calls)]
    if any(_LIMITERS.search(text) for text in (started.callee, *started.args, *given, *(f"{name}={value}" for name, value in started.keywords))):
        return True
    return any(map(limits, (key, *(step.edge.target.function for step in way if not step.edge.target.is_external))))


def _limits(project: Project, function: FunctionKey) -> bool:
    for block in project.calls.body(function).blocks:
        if block.kind is BlockKind.WITH and _LIMITERS.search(_subject(project, function, block.subject)):
            return True
    return any(_LIMITERS.search(edge.target.name) and edge.call.callee.endswith(".acquire") for edge in project.calls.edges(function))


def _subject(project: Project, function: FunctionKey, text: str) -> str:
    calls = project.calls.body(function).calls
    return " ".join([text, *(calls[number].callee for number in call_ids(text) if number < len(calls))])


def is_bounded(project: Project, fan_out: FanOut) -> bool:
    """What is iterated is written down, cut into pieces, or counted by a constant."""
    source = fan_out.source
    for wrapper in ("enumerate(", "zip(", "list(", "set(", "sorted(", "tuple("):
        if source.startswith(wrapper):
            source = split(source[len(wrapper) : -1])[0]
    if source[:1] in "[{'\"" or source.startswith("range(") or source.replace(".", "").replace("_", "").isupper():
        return not source.startswith("[*")
    loops = [block.subject + block.target for _, block in around(project.calls.body((fan_out.path, fan_out.function)), fan_out.call.block)]
    return any(_BOUNDED.search(text) for text in (source, *loops)) or _is_constant(project, fan_out, source)


def _is_constant(project: Project, fan_out: FanOut, source: str) -> bool:
    root = re.match(r"\w+", source)
    if root is None:
        return False
    kind, number = project.modules[fan_out.path].names.get(root.group(), ("", 0))
    return (kind == "assign" and project.modules[fan_out.path].bodies[0].assigns[number].value[:1] in "[{") or kind == "class"


def is_from_request(project: Project, fan_out: FanOut) -> bool:
    """The items are part of what a request brings: a parameter of a handler, or a field of one."""
    key = (fan_out.path, fan_out.function)
    if not any(entry.kind in (EntryKind.ROUTE, EntryKind.WEBSOCKET) for entry in project.entries.of(key)):
        return False
    root = re.match(r"(?:list\(|set\(|enumerate\()?%(\w+)", fan_out.source)
    names = {parameter.name for parameter in project.calls.head(key).parameters if not parameter.default.startswith("#")}
    return root is not None and root.group(1) in names - {"request", "self", "db", "session"}


def origin_of(project: Project, fan_out: FanOut) -> Edge | None:
    """The call that gave the items, if they are rows of a database: then nobody knows how many there are."""
    for number in call_ids(fan_out.source):
        for edge in project.calls.edges((fan_out.path, fan_out.function)):
            if edge.number == number:
                name = edge.target.name.rpartition(".")[2]
                if edge.target.is_external and (project.calls.effect(edge.target) & Effect.DATABASE or name in _ROWS):
                    return edge
                if edge.target.kind is RefKind.FUNCTION and _LISTS.search(name) and project.calls.summary(edge.target.function, Aspect.ALL) & Effect.DATABASE:
                    return edge
    return None
