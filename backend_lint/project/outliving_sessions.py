"""Request sessions that are used after the handler has returned: by a streamed response or by a background task.

FastAPI ends a ``yield`` dependency after the response is sent (before 0.106 and since 0.118) or before (between): the session is held while the client
reads, or used after its close. Source: https://fastapi.tiangolo.com/advanced/advanced-dependencies/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Call
from backend_lint.project.calls import FunctionKey
from backend_lint.project.held_sessions import SLOW_AWAITS, is_session
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project

_STREAMS = ("StreamingResponse", "EventSourceResponse", "ServerSentEvents")


class Outliving(msgspec.Struct, frozen=True):
    """Function `function` gives its injected session `session` to `user`, which runs after it has returned; `call` is where."""

    function: FunctionKey
    session: str
    call: Call
    user: FunctionKey
    streams: bool


def outliving(project: Project) -> Iterator[Outliving]:
    """Every place where a session that a ``yield`` dependency provides outlives its handler.

    A stream of rows needs its connection anyway: a generator counts only if it waits for something slow as well.
    """
    streams = [name for name in project.named_calls.by_name if name.endswith(_STREAMS)]
    for key in project.named_calls.functions(("add_task", *streams)):
        body = project.calls.body(key)
        if not project.calls.head(key).parameters:
            continue
        yielded = [f"%{name}" for name, provider in project.dependencies.providers(key) if project.calls.head(provider).is_generator]
        sessions = [session for session in yielded if is_session(project, project.value(*key, session))]
        if sessions:
            yield from _in_handler(project, key, body.calls, sessions)


def _in_handler(project: Project, key: FunctionKey, calls: tuple[Call, ...], sessions: list[str]) -> Iterator[Outliving]:
    for call in calls:
        if call.callee.endswith(".add_task") and call.args:
            task = project.value(*key, call.args[0])
            handed = [text for text in (*call.args[1:], *(value for _, value in call.keywords)) if text in sessions]
            if handed and task is not None and task.kind is RefKind.FUNCTION:
                yield Outliving(key, handed[0], call, task.function, False)
        elif call.callee.endswith(_STREAMS) and (call.args or call.keywords):
            content = call.args[0] if call.args else dict(call.keywords).get("content", "")
            for number in call_ids(content)[:1]:
                source = calls[number]
                target = project.value(*key, source.callee)
                if target is None or target.kind is not RefKind.FUNCTION or not project.calls.head(target.function).is_generator:
                    continue
                if not project.calls.summary(target.function) & SLOW_AWAITS:
                    continue
                handed = [text for text in (*source.args, *(value for _, value in source.keywords)) if text in sessions]
                closed_over = [] if handed else _closed_over(project, key, target.function, sessions)
                for session in (handed + closed_over)[:1]:
                    yield Outliving(key, session, call, target.function, True)


def _closed_over(project: Project, handler: FunctionKey, inner: FunctionKey, sessions: list[str]) -> list[str]:
    head = project.calls.head(inner)
    if inner[0] != handler[0] or head.scope != handler[1]:
        return []
    own = {f"%{parameter.name}" for parameter in head.parameters} | {assign.target for assign in project.calls.body(inner).assigns}
    used = []
    for session in sessions:
        mentions = any(
            session in (call.callee.rpartition(".")[0], *call.args, *(value for _, value in call.keywords)) for call in project.calls.body(inner).calls
        )
        if session not in own and mentions:
            used.append(session)
    return used
