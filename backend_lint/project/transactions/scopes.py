"""Where a function opens a transaction itself: by a block, by a decorator, by a context manager or decorator of the project that does."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind, Body, Call, Function
from backend_lint.project.blocks import around, inside
from backend_lint.project.calls import FunctionKey
from backend_lint.project.libraries import external_bases
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string

if TYPE_CHECKING:
    from backend_lint.project import Project

LEFT_OUT = frozenset({Role.TEST, Role.MIGRATION, Role.GENERATED})
"""Files in which nobody looks for transactions."""
_ATOMIC = frozenset({"django.db.transaction.atomic", "django.db.transaction.Atomic", "django.db.transaction.commit_on_success", "pgtransaction.atomic"})
_OTHERS = frozenset(
    {
        "tortoise.transactions.in_transaction",
        "tortoise.transactions.atomic",
        "zope.sqlalchemy.manager",
    }
)
_SESSIONS = frozenset({"sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession"})
_BEGIN = {
    **{f"{name}.begin": False for name in (*_SESSIONS, "sqlalchemy.Connection", "sqlalchemy.ext.asyncio.AsyncConnection")},
    **{f"{name}.begin_nested": True for name in (*_SESSIONS, "sqlalchemy.Connection", "sqlalchemy.ext.asyncio.AsyncConnection")},
    **{f"{name}.begin": False for name in ("sqlalchemy.Engine", "sqlalchemy.ext.asyncio.AsyncEngine")},
    **{f"{name}.begin": False for name in ("sqlalchemy.orm.sessionmaker", "sqlalchemy.ext.asyncio.async_sessionmaker")},
    **{f"{name}.transaction": False for name in ("asyncpg.Connection", "psycopg.Connection", "psycopg.AsyncConnection", "databases.Database")},
    **{f"peewee.{name}.atomic": False for name in ("Database", "SqliteDatabase", "PostgresqlDatabase", "MySQLDatabase")},
}
"""Calls whose block is a transaction; True for a savepoint."""
_COMMITTING = frozenset({"psycopg.Connection", "psycopg.AsyncConnection", "psycopg2.connection", "sqlite3.Connection"})
"""Connections that commit at the end of ``with connection:``."""
_NAMES = frozenset({"atomic", "Atomic", "commit_on_success", "begin", "begin_nested", "transaction", "in_transaction", "connect", "manager"})
_WITH = BlockKind.WITH
_MANAGERS = frozenset({"contextmanager", "asynccontextmanager"})


class Scope(msgspec.Struct, frozen=True):
    """A transaction that is open in block `block` of a function; 0: in all of it.

    `path`, `line`: where it is opened. `what`: the text that opens it, for messages. `alias`: the database that it is on, empty for the default one.
    `savepoint`: it may be one inside another transaction. `session`: SQLAlchemy's session or the connection, as a value of the function. `durable`: it
    refuses to be nested. `django`: `transaction.on_commit` belongs to it.
    """

    block: int
    path: str
    line: int
    what: str
    alias: str = ""
    savepoint: bool = False
    session: str = ""
    durable: bool = False
    django: bool = False


class Scopes:
    """Answers for one project; the first question looks through all functions."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of(self, key: FunctionKey) -> Mapping[int, Scope]:
        """The transactions that a function opens, by block."""
        return self.all.get(key, {})

    def around(self, key: FunctionKey, block: int) -> Iterator[Scope]:
        """The transactions that the function has opened where `block` stands, innermost first."""
        scopes = self.all.get(key)
        if scopes:
            body = self._project.calls.body(key)
            for index, _ in around(body, block):
                if index in scopes:
                    yield scopes[index]

    @functools.cached_property
    def all(self) -> Mapping[FunctionKey, dict[int, Scope]]:
        """The functions that open one."""
        found: dict[FunctionKey, dict[int, Scope]] = {}
        for path, index, head, body in self._functions():
            if (scopes := self._direct((path, index), head, body)):
                found[path, index] = scopes
        managers, decorators = self._wrappers(found)
        if managers or decorators:
            for path, index, head, body in self._functions():
                for block, scope in self._through((path, index), head, body, managers, decorators):
                    found.setdefault((path, index), {}).setdefault(block, scope)
        return found

    def _functions(self) -> Iterator[tuple[str, int, Function, Body]]:
        """Those that may open one: it takes a block or a decorator."""
        for path, module in self._project.modules.items():
            if module.role in LEFT_OUT:
                continue
            for index, (head, body) in enumerate(zip(module.functions, module.bodies, strict=True)):
                if index and (len(body.blocks) > 1 or head.decorators):
                    yield path, index, head, body

    # -- blocks and decorators ---------------------------------------------------------------------

    def _direct(self, key: FunctionKey, head: Function, body: Body) -> dict[int, Scope]:
        found: dict[int, Scope] = {}
        for index, block in enumerate(body.blocks):
            if block.kind is _WITH and (scope := self._of_subject(key, body, index, block.subject)) is not None:
                found[index] = scope
        for text in head.decorators:
            if 0 not in found and (scope := self._of_decorator(key[0], head, text)) is not None:
                found[0] = scope
        return found

    def _of_subject(self, key: FunctionKey, body: Body, block: int, subject: str) -> Scope | None:
        if subject[:1] == "#" and subject[1:].isdigit():
            call = body.calls[int(subject[1:])]
            if call.callee.rpartition(".")[2] not in _NAMES:
                return None
            target = self._project.value(*key, call.callee)
            if target is None or not target.is_external:
                return None
            if (scope := _atomic(target, call, key[0], block)) is not None:
                return scope
            if target.name in _OTHERS:
                return Scope(block, key[0], call.line, f"{call.callee}()")
            savepoint = _begins(target)
            receiver = call.callee.rpartition(".")[0]
            if savepoint is not None:
                session = receiver if target.name.rpartition(".")[2] == "begin_nested" or _is_session(target) else f"{subject}.__enter__()"
                return Scope(block, key[0], call.line, f"{shown(call.callee)}()", savepoint=savepoint, session=session)
            if not _COMMITTING.isdisjoint([_connected(target.name)]):
                return Scope(block, key[0], call.line, f"with {shown(call.callee)}()", session=f"{subject}.__enter__()")
            return None
        ref = self._project.value(*key, subject) if subject[:1] in "%#" or subject.isidentifier() else None
        if ref is not None and ref.kind is RefKind.EXTERNAL_INSTANCE and not _COMMITTING.isdisjoint(external_bases(ref.name)):
            line = body.blocks[block].line
            return Scope(block, key[0], max(line - 1, 1), f"with {shown(subject)}", session=subject)
        return None

    def _of_decorator(self, path: str, head: Function, text: str, depth: int = 0) -> Scope | None:
        """``@transaction.atomic``, ``@transaction.atomic(using=...)``, ``@method_decorator(transaction.atomic)``."""
        target = self._project.resolver.decorator(path, head.scope, text)
        call = None
        if text[:1] == "#" and text[1:].isdigit():
            call = self._project.modules[path].bodies[head.scope].calls[int(text[1:])]
        if target is None or not target.is_external:
            return None
        name = target.name.removesuffix("()")
        if name in _ATOMIC or name == "tortoise.transactions.atomic":
            return _atomic(msgspec.structs.replace(target, name=name), call, path, 0, line=head.line) or Scope(0, path, head.line, "@atomic")
        if name.endswith("method_decorator") and call is not None and call.args and not depth:
            return self._of_decorator(path, head, call.args[0], 1)
        return None

    # -- what the project makes of them ------------------------------------------------------------

    def _wrappers(self, direct: Mapping[FunctionKey, dict[int, Scope]]) -> tuple[dict[str, dict[FunctionKey, Scope]], dict[str, dict[FunctionKey, Scope]]]:
        """Context managers that yield inside a transaction or return one, and decorators that call what they decorate inside one, by their last name."""
        managers: dict[str, dict[FunctionKey, Scope]] = {}
        decorators: dict[str, dict[FunctionKey, Scope]] = {}
        for key, scopes in direct.items():
            head, body = self._project.calls.head(key), self._project.calls.body(key)
            for block, scope in scopes.items():
                if any(text.rpartition(".")[2] in _MANAGERS for text in head.decorators) and any(inside(body, one.block, block) for one in body.yields):
                    managers.setdefault(head.name.rpartition(".")[2], {})[key] = scope
                outer = self._decorates(key, head, body, block)
                if outer is not None:
                    decorators.setdefault(self._project.calls.head(outer).name.rpartition(".")[2], {})[outer] = scope
        for path, function, number in self._project.named_calls.by_name.get("atomic", ()):
            handed_out = self._handed_out(path, function, number) if function > 0 else None
            if handed_out is not None:
                name = self._project.modules[path].functions[function].name
                managers.setdefault(name.rpartition(".")[2], {}).setdefault((path, function), handed_out)
        return managers, decorators

    def _handed_out(self, path: str, function: int, number: int) -> Scope | None:
        """``return transaction.atomic()``: who calls the function enters it."""
        module = self._project.modules[path]
        body = module.bodies[function]
        if module.role in LEFT_OUT or module.functions[function].decorators or not any(one.value == f"#{number}" for one in body.returns):
            return None
        target = self._project.value(path, function, body.calls[number].callee)
        return _atomic(target, body.calls[number], path, 0) if target is not None and target.is_external else None

    def _decorates(self, key: FunctionKey, head: Function, body: Body, block: int) -> FunctionKey | None:
        """The function around it whose parameter is called inside the transaction."""
        scope = head.scope
        while scope > 0:
            outer = self._project.modules[key[0]].functions[scope]
            names = {f"%{parameter.name}" for parameter in outer.parameters}
            if any(call.callee in names and inside(body, call.block, block) for call in body.calls):
                # a decorator with arguments is one more function around
                return key[0], outer.scope if outer.scope > 0 else scope
            scope = outer.scope
        return None

    def _through(
        self,
        key: FunctionKey,
        head: Function,
        body: Body,
        managers: Mapping[str, Mapping[FunctionKey, Scope]],
        decorators: Mapping[str, Mapping[FunctionKey, Scope]],
    ) -> Iterator[tuple[int, Scope]]:
        for index, block in enumerate(body.blocks):
            if block.kind is BlockKind.WITH and block.subject[:1] == "#" and block.subject[1:].isdigit():
                call = body.calls[int(block.subject[1:])]
                known = managers.get(call.callee.rpartition(".")[2])
                target = self._project.value(*key, call.callee) if known else None
                if known and target is not None and target.kind is RefKind.FUNCTION and (scope := known.get(target.function)) is not None:
                    session = f"{block.subject}.__enter__()" if scope.session else ""
                    yield index, Scope(index, key[0], call.line, f"{shown(call.callee)}()", scope.alias, scope.savepoint, session, django=scope.django)
        for text in head.decorators:
            target = self._project.resolver.decorator(key[0], head.scope, text) if decorators else None
            known = decorators.get(target.name.rpartition(".")[2]) if target is not None and target.kind is RefKind.FUNCTION else None
            if known and target is not None and (scope := known.get(target.function)) is not None:
                yield 0, Scope(0, key[0], head.line, f"@{target.name}", scope.alias, scope.savepoint, django=scope.django)


def _atomic(target: Ref, call: Call | None, path: str, block: int, line: int = 0) -> Scope | None:
    if target.name not in _ATOMIC:
        return None
    keywords = dict(call.keywords) if call is not None else {}
    using = keywords.get("using", call.args[0] if call is not None and call.args else "None")
    alias = constant_string(using)
    named = alias if alias not in (None, "default") else "" if using in ("None", "'default'") or (line and call is None) else using
    what = "@transaction.atomic" if line else "transaction.atomic()"
    savepoint = keywords.get("savepoint", "True") != "False"
    return Scope(block, path, line or (call.line if call is not None else 1), what, named or "", savepoint, "", keywords.get("durable") == "True", True)


def _begins(target: Ref) -> bool | None:
    """Whether a call that opens a block of SQLAlchemy or of a driver makes a savepoint; None if it opens none."""
    owner, _, method = target.name.rpartition(".")
    for base in external_bases(owner):
        found = _BEGIN.get(f"{base}.{method}")
        if found is not None:
            return found
    return None


def _is_session(target: Ref) -> bool:
    owner = target.name.rpartition(".")[0]
    return not _SESSIONS.isdisjoint(external_bases(owner)) or owner.endswith(("Connection", "Database"))


def _connected(name: str) -> str:
    return {"psycopg.connect": "psycopg.Connection", "psycopg2.connect": "psycopg2.connection", "sqlite3.connect": "sqlite3.Connection"}.get(name, "")


def shown(text: str) -> str:
    """A value for messages: without the marks of facts."""
    shown = text.replace("%", "")
    return shown if "#" not in shown and len(shown) < 60 else shown.rpartition(".")[2]
