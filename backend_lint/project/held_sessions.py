"""Database connections kept while something slow is awaited.

A SQLAlchemy session takes a connection from the pool at its first statement and gives it back at commit, rollback or close; a pool's ``acquire()`` holds one
until its block ends. Source: https://docs.sqlalchemy.org/en/20/orm/session_basics.html#when-do-i-construct-a-session-when-do-i-commit-it-and-when-do-i-close-it
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import BlockKind, Body, Call, ParameterKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import around, is_deferred
from backend_lint.project.calls import Aspect, Edge, FunctionKey, Step
from backend_lint.project.libraries import Effect, external_bases
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

SESSIONS = frozenset({"sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession"})
_CONNECTIONS = frozenset({"asyncpg.Connection", "psycopg.AsyncConnection", "sqlalchemy.Connection", "sqlalchemy.ext.asyncio.AsyncConnection"})
_RELEASE = ("commit", "rollback", "close", "aclose", "expunge_all", "invalidate", "release", "reset")
_LEAVE = (BlockKind.IF, BlockKind.ORELSE, BlockKind.CASE, BlockKind.HANDLER)
SLOW_AWAITS = Effect.HTTP | Effect.MAIL | Effect.SLEEP
"""A sleep counts only where it stands itself: further down it is mostly the pause between retries."""
_CHEAP = (".add", ".add_all", ".delete", ".begin", ".expunge")
_LOCKS_ROWS = (".with_for_update", ".select_for_update", ".pg_advisory_xact_lock")
"""A transaction that locks rows keeps its connection on purpose."""
_MAX_DEPTH = 4
_SUBJECT = lazy_regex(r"^(.*)\.__enter__\(\)$")


class Held(msgspec.Struct, frozen=True):
    """A connection of `session` (a value of function `function`) is kept over the call of `edge`, which leads along `way`.

    `taken`: the call that made the session take it; or None and `provider`, the dependency that ran before with the same session.
    """

    function: FunctionKey
    session: str
    edge: Edge
    way: tuple[Step, ...]
    taken: Call | None = None
    provider: FunctionKey | None = None


def is_session(project: Project, ref: Ref | None) -> bool:
    """Whether it is a SQLAlchemy session."""
    if ref is None or ref.kind not in (RefKind.EXTERNAL_INSTANCE, RefKind.INSTANCE):
        return False
    return not SESSIONS.isdisjoint(project.resolver.classes.external_names(ref))


def is_async_session(project: Project, key: FunctionKey, session: str) -> bool:
    """Whether the methods of a session, a value of function `key`, are awaited."""
    ref = project.value(key[0], key[1], session)
    return ref is not None and any(".asyncio." in name for name in project.resolver.classes.external_names(ref))


def held(project: Project) -> list[Held]:
    """The first slow await over which each async function keeps a connection. Where caller and callee both keep one over the same call, the callee."""
    found = []
    for module, index, function, body in project.functions("async"):
        if function.is_async and (one := _first(project, (module.path, index), body)) is not None:
            found.append(one)
    ends = {(one.function, *_end(one)) for one in found}
    return [one for one in found if not any((step.function, *_end(one)) in ends for step in one.way[1:])]


def _end(one: Held) -> tuple[FunctionKey, int]:
    return one.way[-1].function, one.way[-1].edge.number


def passed(project: Project, edge: Edge) -> Iterator[tuple[str, str]]:
    """The arguments of a call of a project function, as (parameter, value); what ``*`` and ``**`` unpack is left out."""
    head = project.calls.head(edge.target.function)
    names = [parameter.name for parameter in head.parameters if parameter.kind <= ParameterKind.POSITIONAL_OR_KEYWORD]
    through_class = edge.target.receiver is not None and edge.target.receiver.kind is RefKind.CLASS
    bound = head.owner >= 0 and "staticmethod" not in head.decorators
    if through_class and "classmethod" not in head.decorators and not head.name.endswith("__init__"):
        bound = False
    yield from zip(names[1:] if bound else names, (text for text in edge.call.args if text[:1] != "*"), strict=False)
    yield from edge.call.keywords


def queries_with(project: Project, key: FunctionKey, parameter: str, depth: int = 0) -> bool:
    """Whether a function runs statements on the session it is handed as `parameter`, itself or by handing it on."""
    receiver = f"%{parameter}"
    for edge in project.calls.edges(key):
        if edge.target.is_external:
            if edge.call.callee.rpartition(".")[0] == receiver and _queries(project, edge):
                return True
        elif edge.target.kind is RefKind.FUNCTION and depth < _MAX_DEPTH:
            for inner, text in passed(project, edge):
                if text == receiver and edge.target.function != key and queries_with(project, edge.target.function, inner, depth + 1):
                    return True
    return False


def _first(project: Project, key: FunctionKey, body: Body) -> Held | None:
    edges = project.calls.numbered(key)
    if not any(_slow(project, key, edge) for edge in edges.values()) or any(call.callee.endswith(_LOCKS_ROWS) for call in body.calls):
        return None
    shared = dict(_shared_with_dependency(project, key))
    taken: dict[str, int] = {}
    for number, call in enumerate(body.calls):
        edge = edges.get(number)
        if edge is None or is_deferred(body, call.block):
            continue
        for session in [session for session, since in taken.items() if _ended(body, session, call) or _apart(body, body.calls[since], call)]:
            del taken[session]
        way = _slow(project, key, edge)
        if way:
            for session, since in taken.items():
                if _still_there(body, body.calls[since], call) and not _may_release(project, edge, session):
                    return Held(key, session, edge, way, taken=body.calls[since])
            for session, provider in shared.items():
                if not _may_release(project, edge, session):
                    return Held(key, session, edge, way, provider=provider)
        _follow(project, key, edge, taken, shared)
    return None


def _shared_with_dependency(project: Project, key: FunctionKey) -> Iterator[tuple[str, FunctionKey]]:
    """Sessions among the parameters that another dependency of the same handler has queried without a commit: FastAPI hands both the same object."""
    given = project.dependencies.providers(key)
    for name, provider in given:
        if not is_session(project, project.value(key[0], key[1], "%" + name)):
            continue
        for _, other in given:
            if other != provider and provider in project.dependencies.all_providers(other):
                effects = project.calls.summary(other)
                if effects & Effect.DATABASE and not effects & Effect.COMMIT:
                    yield "%" + name, other
                    break


def _follow(project: Project, key: FunctionKey, edge: Edge, taken: dict[str, int], shared: dict[str, FunctionKey]) -> None:
    call, target = edge.call, edge.target
    receiver, _, method = call.callee.rpartition(".")
    if target.is_external:
        owner = target.name.rpartition(".")[0]
        if receiver and not SESSIONS.isdisjoint(external_bases(owner)):
            if method in _RELEASE:
                taken.pop(receiver, None)
                shared.pop(receiver, None)
            elif _queries(project, edge):
                taken.setdefault(receiver, edge.number)
        elif receiver.endswith(".__enter__()") and not _CONNECTIONS.isdisjoint(external_bases(owner)) and _queries(project, edge):
            taken.setdefault(receiver, edge.number)
        return
    if target.kind is not RefKind.FUNCTION:
        return
    commits = project.calls.summary(target.function) & Effect.COMMIT
    for parameter, text in passed(project, edge):
        if text[:1] in ("%", "#") and is_session(project, project.value(key[0], key[1], text)):
            if commits:
                taken.pop(text, None)
                shared.pop(text, None)
            elif queries_with(project, target.function, parameter):
                taken.setdefault(text, edge.number)
    if commits:
        taken.clear()
        shared.clear()


def _slow(project: Project, key: FunctionKey, edge: Edge) -> tuple[Step, ...]:
    call = edge.call
    if not (call.awaited or call.callee.endswith(".stream")):
        return ()
    if edge.target.is_external:
        effect = project.calls.effect(edge.target) & SLOW_AWAITS
        if effect & Effect.SLEEP and call.args and call.args[0] in ("0", "0.0"):
            return ()
        return (Step(key, edge, effect),) if effect else ()
    way = project.calls.reaches(key, SLOW_AWAITS & ~Effect.SLEEP, Aspect.ALL, (edge,))
    return way if all(project.calls.head(step.function).is_async for step in way) else ()


def _queries(project: Project, edge: Edge) -> bool:
    return bool(project.calls.effect(edge.target) & Effect.DATABASE) and not edge.call.callee.endswith(_CHEAP)


def _may_release(project: Project, edge: Edge, session: str) -> bool:
    """The function that is called has the session as well and commits somewhere, perhaps before its slow call."""
    target = edge.target
    if target.kind is not RefKind.FUNCTION or not project.calls.summary(target.function) & Effect.COMMIT:
        return False
    if session.startswith("%self.") and edge.call.callee.startswith("%self."):
        return True
    return any(text == session for _, text in passed(project, edge))


def _ended(body: Body, session: str, call: Call) -> bool:
    """The ``with`` block that opened the session is over."""
    match = _SUBJECT.match(session)
    if match is None:
        return False
    return not any(block.kind is BlockKind.WITH and block.subject == match.group(1) for _, block in around(body, call.block))


def _apart(body: Body, taken: Call, call: Call) -> bool:
    """The statement stood in a branch that the call is not part of, so it may not have run, or its block has left the function."""
    here = {index for index, _ in around(body, call.block)}
    return any(index not in here and block.kind in _LEAVE for index, block in around(body, taken.block))


def _still_there(body: Body, taken: Call, call: Call) -> bool:
    """No ``with session.begin()`` block, which commits at its end, has ended between the two."""
    here = {index for index, _ in around(body, call.block)}
    for index, block in around(body, taken.block):
        opened = block.subject[1:] if index not in here and block.kind is BlockKind.WITH and block.subject[:1] == "#" else ""
        if opened.isdigit() and body.calls[int(opened)].callee.endswith((".begin", ".transaction")):
            return False
    return True
