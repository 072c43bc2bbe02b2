"""Fan-outs: one awaitable for each element of something, all started at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.project.blocks import around
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import Effect
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import call_ids, parse

if TYPE_CHECKING:
    from backend_lint.project import Project

_GATHER = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
_START = frozenset({"asyncio.create_task", "asyncio.ensure_future", "asyncio.TaskGroup.create_task", "anyio.TaskGroup.start_soon"})
_LIMITERS = frozenset(
    "asyncio.Semaphore asyncio.BoundedSemaphore asyncio.Lock anyio.Semaphore anyio.CapacityLimiter trio.Semaphore aiolimiter.AsyncLimiter".split()
)
_LIMITER_NAME = re.compile(r"sem|limit|throttl|lock|slot|pool", re.IGNORECASE)
_PIECE = re.compile(r"batch|chunk|page|window|slice|top|limit|group", re.IGNORECASE)
_QUERY_RESULTS = re.compile(r"\.(all|fetchall|scalars|fetch|find|filter|exclude|json|mappings)$")
_LIMITS = re.compile(r"\.(limit|first|one|fetchone|fetchmany|paginate|slice|one_or_none|scalar_one)$")
_MAX_DEPTH = 4


class FanOut(msgspec.Struct, frozen=True):
    """In `function`, call `gather` waits for as many runs of call `each` as `source` has elements; `unbounded` says why there may be any number."""

    function: FunctionKey
    gather: Call
    each: Call
    target: FunctionKey | None
    source: str
    unbounded: str
    effect: Effect


def fan_outs(project: Project, effects: Effect) -> Iterator[FanOut]:
    """Fan-outs over something of unknown size whose elements each have one of `effects`, with nothing that limits how many run at once."""
    for module, index, function, body in project.functions("async"):
        if not function.is_async:
            continue
        key = (module.path, index)
        for gather in body.calls:
            target = project.value(*key, gather.callee) if gather.args and gather.callee.endswith(("gather", "wait", "as_completed")) else None
            if target is None or target.name not in _GATHER:
                continue
            each, source = _each(project, key, body, gather)
            if each is None:
                continue
            started = project.value(*key, each.callee)
            effect = _effect(project, started)
            reason = _unbounded(project, key, body, source)
            if not reason:
                project.note_unknown("unbounded-concurrency")
            elif effect & effects and not _limited(project, key, body, each, started):
                runs = started.function if started is not None and started.kind is RefKind.FUNCTION else None
                yield FanOut(key, gather, each, runs, source, reason, effect & effects)


def _effect(project: Project, started: Ref | None) -> Effect:
    if started is None:
        return Effect.NONE
    return project.calls.summary(started.function) if started.kind is RefKind.FUNCTION else project.calls.effect(started)


def _each(project: Project, key: FunctionKey, body: Body, gather: Call) -> tuple[Call | None, str]:
    """The call that runs for each element, and what the elements are of."""
    given = gather.args[0].removeprefix("*")
    texts = [given] if given[:1] == "[" else [assign.value for assign in body.assigns if assign.target == given]
    for text in texts:
        if text.startswith("[*#"):
            for number in call_ids(text)[:1]:
                call = body.calls[number]
                found = next((block for _, block in around(body, call.block) if block.kind is BlockKind.COMPREHENSION), None)
                if found is not None:
                    return _started(project, key, body, call), found.subject
    for call in body.calls:
        if call.callee == f"{given}.append" and call.args and call.args[0][:1] == "#":
            loop = next((block for _, block in around(body, call.block) if block.kind is BlockKind.FOR), None)
            if loop is not None and call.args[0][1:].isdigit():
                return _started(project, key, body, body.calls[int(call.args[0][1:])]), loop.subject
    return None, ""


def _started(project: Project, key: FunctionKey, body: Body, call: Call) -> Call:
    target = project.value(*key, call.callee)
    if target is not None and target.name in _START and call.args and call.args[0][:1] == "#" and call.args[0][1:].isdigit():
        return body.calls[int(call.args[0][1:])]
    return call


def _unbounded(project: Project, key: FunctionKey, body: Body, source: str) -> str:
    """Why the source may have any number of elements; empty if that is not known."""
    text = source
    seen = 0
    while text[:1] == "#" and seen < _MAX_DEPTH:
        seen += 1
        parsed = parse(text)
        if parsed is None or any(step.startswith("[") for step in parsed.steps):
            return ""
        call = body.calls[int(parsed.root[1:])]
        if _LIMITS.search(call.callee) or _PIECE.search(call.callee):
            return ""
        if _QUERY_RESULTS.search(call.callee) and _limits_nowhere(body, call):
            target = project.value(*key, call.callee)
            if target is not None and target.is_external and ("Query" in target.name or "sqlalchemy" in target.name or "asyncpg" in target.name):
                return "the rows of a query without a limit"
        text = call.callee.rpartition(".")[0]
    if source[:1] == "%":
        return _given_by_request(project, key, source)
    return ""


def _limits_nowhere(body: Body, call: Call) -> bool:
    texts = [call.callee, *call.args]
    seen: set[int] = set()
    while texts:
        text = texts.pop()
        if _LIMITS.search(text) or ".limit" in text:
            return False
        for number in call_ids(text):
            if number not in seen:
                seen.add(number)
                texts += [body.calls[number].callee, *body.calls[number].args]
    return True


def _given_by_request(project: Project, key: FunctionKey, source: str) -> str:
    parsed = parse(source)
    if parsed is None or any(not step.startswith(".") for step in parsed.steps):
        return ""
    name = parsed.root[1:]
    head = project.calls.head(key)
    if not any(parameter.name == name for parameter in head.parameters) or not project.routes.by_handler(key):
        return ""
    return "a list that the caller sends"


def _limited(project: Project, key: FunctionKey, body: Body, each: Call, started: Ref | None) -> bool:
    if any(block.kind is BlockKind.WITH and block.is_async and _is_limiter(project, key, block.subject) for _, block in around(body, each.block)):
        return True
    pending = [(started.function, 0)] if started is not None and started.kind is RefKind.FUNCTION else []
    while pending:
        current, depth = pending.pop()
        inner = project.calls.body(current)
        if any(block.kind is BlockKind.WITH and block.is_async and _is_limiter(project, current, block.subject) for block in inner.blocks):
            return True
        if depth < 2:
            pending += [(edge.target.function, depth + 1) for edge in project.calls.edges(current) if edge.target.kind is RefKind.FUNCTION]
    return False


def _is_limiter(project: Project, key: FunctionKey, subject: str) -> bool:
    ref = project.value(*key, subject)
    return ref.name in _LIMITERS if ref is not None and ref.kind is RefKind.EXTERNAL_INSTANCE else bool(_LIMITER_NAME.search(subject))
