"""Row locks that are taken where no transaction keeps them, and locks that take more rows than they are meant for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import is_deferred
from backend_lint.project.calls import FunctionKey
from backend_lint.project.queries.django_names import ENDING, ENDING_ASYNC, REFINING
from backend_lint.project.references import RefKind
from backend_lint.project.transactions.locks import NO_ROWS
from backend_lint.project.transactions.reach import Open, Reach
from backend_lint.project.value_text import parse

if TYPE_CHECKING:
    from backend_lint.project import Project

_LOCK = "select_for_update"
_FOR_UPDATE = lazy_regex(r"\bfor\s+(?:no\s+key\s+)?update\b", re.IGNORECASE)
_FARTHEST = 30
"""Calls after a lock among which the one that runs it is looked for."""
_PLAIN_BASES = ("django.", "rest_framework.", "object", "typing.", "abc.", "celery.")
_FETCHES = ("fetch", "fetchrow", "fetchval", "execute")
_ACQUIRES = ("acquire", "connect")


class Unkept(msgspec.Struct, frozen=True):
    """`call` locks rows where no transaction is open. `raises`: Django refuses to run it; else the lock ends with the statement."""

    key: FunctionKey
    call: Call
    raises: bool


class Wide(msgspec.Struct, frozen=True):
    """`call` locks the rows of `joined` as well."""

    key: FunctionKey
    call: Call
    joined: Call


def unkept_locks(project: Project, reach: Reach) -> Iterator[Unkept]:
    """In order of path and line."""
    for key, numbers in project.named_calls.functions((_LOCK, *_FETCHES)).items():
        module = project.modules[key[0]]
        if module.role not in (Role.APPLICATION, Role.COMMAND) or not key[1]:
            continue
        body = module.bodies[key[1]]
        loops: dict[str, int] | None = None
        for number in numbers:
            call = body.calls[number]
            if is_deferred(body, call.block):
                continue
            if call.callee.endswith(f".{_LOCK}"):
                loops = {block.subject: block.parent for block in body.blocks if block.kind is BlockKind.FOR} if loops is None else loops
                run = _run_at(body, number, loops)
                if run is not None and _is_queryset(project, key, number) and reach.state(key, run) is Open.NO and not _may_be_wrapped(project, key):
                    yield Unkept(key, call, raises=True)
            elif call.args and _FOR_UPDATE.search(call.args[0]) and _is_alone(project, reach, key, body, call):
                yield Unkept(key, call, raises=False)


def _may_be_wrapped(project: Project, key: FunctionKey) -> bool:
    """A class of some library stands above the method's class, and may open the transaction around it."""
    owner = project.calls.head(key).owner
    bases = project.resolver.classes.ancestors(key[0], owner) if owner >= 0 else ()
    return any(base.kind is RefKind.EXTERNAL and not base.name.startswith(_PLAIN_BASES) for base in bases)


def _is_queryset(project: Project, key: FunctionKey, number: int) -> bool:
    loads = project.loads
    return loads.uses_django and any(True for _ in loads.django.of(*key, f"#{number}"))


def _run_at(body: Body, number: int, loops: dict[str, int]) -> int | None:
    """The block in which a queryset is run by a method or a loop of the same function; None if it is handed on, or never run."""
    chain = {number}
    for index in range(number + 1, min(len(body.calls), number + _FARTHEST)):
        call = body.calls[index]
        parsed = parse(call.callee)
        if parsed is None or parsed.root[:1] != "#" or int(parsed.root[1:]) not in chain or len(parsed.steps) != 1:
            continue
        method = call.callee.rpartition(".")[2]
        method = ENDING_ASYNC.get(method, method)
        if method in REFINING:
            chain.add(index)
        elif method in ENDING and method not in NO_ROWS and method != "update_or_create":  # which opens a transaction around its own lock
            return call.block
    return next((max(loops[f"#{index}"], 0) for index in sorted(chain) if f"#{index}" in loops), None)


def _is_alone(project: Project, reach: Reach, key: FunctionKey, body: Body, call: Call) -> bool:
    """A statement of asyncpg outside of ``conn.transaction()``, on a connection that the function has taken itself; one of Django's outside of ``atomic``."""
    receiver, _, method = call.callee.rpartition(".")
    target = project.value(*key, call.callee)
    if target is not None and target.name == "django.db.backends.utils.CursorWrapper.execute":
        return reach.state(key, call.block) is Open.NO
    if target is None or not target.name.startswith("asyncpg.") or method not in _FETCHES:
        return False
    if next(project.transactions.reach.scopes.around(key, call.block), None) is not None:
        return False
    if target.name.startswith("asyncpg.Pool."):
        return True
    root = parse(receiver)
    if root is None or root.root[:1] != "#":
        return False
    taken = body.calls[int(root.root[1:])]
    started = any(one.callee.endswith((".start", ".transaction")) for one in body.calls)
    return taken.callee.endswith(_ACQUIRES) and not started


def wide_locks(project: Project) -> Iterator[Wide]:
    """``select_for_update()`` without ``of=`` on a queryset that joins other tables by ``select_related``."""
    for key, numbers in project.named_calls.functions((_LOCK,)).items():
        module = project.modules[key[0]]
        if module.role is not Role.APPLICATION or not key[1]:
            continue
        body = module.bodies[key[1]]
        for number in numbers:
            call = body.calls[number]
            if "." not in call.callee or any(name in ("of", "**") for name, _ in call.keywords):
                continue
            joined = _joined(body, number)
            if joined is not None and _is_queryset(project, key, number):
                yield Wide(key, call, joined)


def _joined(body: Body, number: int) -> Call | None:
    """The ``select_related`` of the same chain, before or after."""
    chain = {number}
    parsed = parse(body.calls[number].callee)
    while parsed is not None and parsed.root[:1] == "#" and parsed.root[1:].isdigit() and int(parsed.root[1:]) not in chain:
        chain.add(int(parsed.root[1:]))
        parsed = parse(body.calls[int(parsed.root[1:])].callee)
    for index in range(number + 1, min(len(body.calls), number + _FARTHEST)):
        parsed = parse(body.calls[index].callee)
        if parsed is not None and parsed.root[:1] == "#" and int(parsed.root[1:]) in chain and int(parsed.root[1:]) >= number:
            chain.add(index)
    found = [body.calls[index] for index in sorted(chain) if body.calls[index].callee.endswith(".select_related")]
    return next((call for call in found if call.args[:1] != ("None",)), None)
