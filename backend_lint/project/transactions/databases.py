"""Transactions in which two databases are written: each is committed for itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Body, Call
from backend_lint.project.blocks import inside, is_deferred
from backend_lint.project.calls import FunctionKey
from backend_lint.project.transactions.reach import Reach
from backend_lint.project.transactions.scopes import Scope
from backend_lint.project.value_text import constant_string, parse

if TYPE_CHECKING:
    from backend_lint.project import Project

_WRITES = frozenset(
    "create acreate save asave update aupdate delete adelete bulk_create abulk_create bulk_update get_or_create update_or_create".split()
)
_ADDS = frozenset({"add", "add_all", "delete", "merge", "execute", "flush"})


class Spanning(msgspec.Struct, frozen=True):
    """`first` writes the database `one`, `second` the database `other`, in the block of `scope`."""

    key: FunctionKey
    scope: Scope
    first: Call
    second: Call
    one: str
    other: str


def spanning(project: Project, reach: Reach) -> Iterator[Spanning]:
    """One for each outermost block, in order of path and line."""
    for key, scopes in reach.scopes.all.items():
        body = project.calls.body(key)
        outermost = [scope for block, scope in scopes.items() if not any(other != block and inside(body, block, other) for other in scopes)]
        for scope in outermost:
            found = _in_django(body, scope) if scope.django else _in_sessions(project, key, body, scope, scopes)
            if found is not None:
                yield Spanning(key, scope, *found)


def _in_django(body: Body, scope: Scope) -> tuple[Call, Call, str, str] | None:
    written: dict[str, Call] = {}
    for number, call in enumerate(body.calls):
        base, _, method = call.callee.rpartition(".")
        if method not in _WRITES or not base or not inside(body, call.block, scope.block) or is_deferred(body, call.block):
            continue
        alias = _alias(body, number)
        if alias is not None:
            written.setdefault(alias, call)
    return _two(written)


def _alias(body: Body, number: int) -> str | None:
    """The database that a write names: ``using("other")`` in its chain, ``using=``; ``default`` for none, None if it is not a constant."""
    call = body.calls[number]
    keyword = dict(call.keywords).get("using")
    if keyword is not None:
        return constant_string(keyword) if keyword != "None" else "default"
    for _ in range(20):
        parsed = parse(call.callee)
        if call.callee.rpartition(".")[2] in ("using", "db_manager") and call.args:
            return constant_string(call.args[0])
        if parsed is None or parsed.root[:1] != "#" or not parsed.root[1:].isdigit() or int(parsed.root[1:]) >= number:
            return "default"
        number = int(parsed.root[1:])
        call = body.calls[number]
    return None


def _in_sessions(project: Project, key: FunctionKey, body: Body, scope: Scope, scopes: object) -> tuple[Call, Call, str, str] | None:
    """Two sessions or connections that are begun in one another, each made by another factory or engine, and both written."""
    begun = {
        one.session: body.calls[number].callee.rpartition(".")[0]
        for one in project.transactions.reach.scopes.of(key).values()
        if one.session.startswith("#")
        and inside(body, one.block, scope.block)
        and (number := _number(one.session)) is not None
        and body.calls[number].callee.endswith(".begin")
    }
    written: dict[str, Call] = {}
    for call in body.calls:
        base, _, method = call.callee.rpartition(".")
        if method in _ADDS and base in begun and "." not in begun[base].lstrip("%#"):
            written.setdefault(begun[base], call)
    return _two(written)


def _number(session: str) -> int | None:
    root = session[1:].partition(".")[0]
    return int(root) if root.isdigit() else None


def _two(written: dict[str, Call]) -> tuple[Call, Call, str, str] | None:
    if len(written) < 2:
        return None
    (one, first), (other, second) = list(written.items())[:2]
    return first, second, one, other
