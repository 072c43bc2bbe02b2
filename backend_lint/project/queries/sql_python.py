"""SQL in Python code: statements handed to cursors, connections, sessions and functions of the project that pass them on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from backend_lint.facts.file import Role
from backend_lint.facts.query import Query, QuerySource, Rows, Site, Verb
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.blocks import loop_depth
from backend_lint.project.libraries import Effect, external_bases
from backend_lint.project.queries.sql_place import after
from backend_lint.project.queries.sql_rows import rows_of
from backend_lint.project.queries.sql_templates import MAX_VARIANTS
from backend_lint.project.queries.sql_values import Strings
from backend_lint.project.references import RefKind
from backend_lint.project.schema.source import Unread
from backend_lint.sql.parameters import CUT, HOLE, LIST

if TYPE_CHECKING:
    from backend_lint.facts.python import Body, Call, Function
    from backend_lint.project import Project, SourceModule

_LEFT_OUT = frozenset({Role.TEST, Role.MIGRATION, Role.GENERATED})
_RUNS = frozenset(
    (
        "execute executemany executescript exec_driver_sql scalar scalars fetch fetchrow fetchval fetchone fetchall fetch_one fetch_all fetch_val iterate "
        "prepare cursor raw read_sql read_sql_query execute_async from_statement query mogrify copy_expert stream stream_scalars execute_sql"
    ).split()
)
_SURE = frozenset("execute executemany executescript exec_driver_sql fetchrow fetchval fetch_one fetch_all fetch_val read_sql read_sql_query".split())
"""Methods that run SQL whoever's they are, if they are handed a statement."""
_MAKES = frozenset({"text", "DDL", "RawSQL", "SQL"})
_TEXTS = frozenset(
    {"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlmodel.text", "sqlalchemy.DDL", "django.db.models.expressions.RawSQL"}
)
_STATEMENT = lazy_regex(
    r"[\s(]*(?:/\*[^*]*\*/\s*|--[^\n]*\n\s*)*(?:select\b|with\s+(?:recursive\s+)?[\w\"]+|insert\s+(?:or\s+\w+\s+|ignore\s+|overwrite\s+)?into\b|update\s+\S+|"
    r"delete\s+\S+|replace\s+into\b|merge\s+into\b|values\s*\(|create\s|alter\s|drop\s|truncate\s|vacuum\b|explain\b|copy\s|call\s|refresh\s|"
    r"set\s|begin\b|lock\s|grant\s|do\s+\$)",
    re.IGNORECASE,
)
_ASKS = lazy_regex(r"[\s(]*(?:/\*[^*]*\*/\s*|--[^\n]*\n\s*)*(?:select|with|insert|update|delete|replace|merge|values)\b", re.IGNORECASE)
_OWNERS = ("cursor", "connection", "session", "database", "engine", "pool", "manager", "objects", ".db", "pandas")
_KEYWORDS = frozenset({"sql", "query", "statement", "stmt", "operation", "clause"})
_MAX_LEVELS = 3


class Found(NamedTuple):
    """A place where SQL is run or made. `texts`: all that the statement may be; `call`: index in the body; `runs`: it is run there, not only made."""

    module: SourceModule
    function: int
    call: int
    texts: tuple[str, ...]
    runs: bool
    rows: Rows = Rows.UNKNOWN


def sites(project: Project) -> Iterator[Site]:
    """The queries in order of path and line."""
    found = [one for one in places(project) if any(_ASKS.match(text) for text in one.texts)]
    project.texts.prepare([text for one in found for text in one.texts if _ASKS.match(text)], project.product[0])
    for one in found:
        yield from _sites(project, one)


def places(project: Project, left_out: bool = False) -> list[Found]:
    """Every place where Python code hands SQL to a database, in order of path; with `left_out` those of tests, migrations and generated files alone."""
    modules = [module for module in project.modules.values() if (module.role in _LEFT_OUT) is left_out]
    return _Finder(project).found(modules)


def _sites(project: Project, found: Found) -> Iterator[Site]:
    module, function = found.module, found.module.functions[found.function]
    body = module.bodies[found.function]
    call = body.calls[found.call]
    symbol = "" if found.function == 0 else function.name
    depth = loop_depth(body, call.block)
    seen: set[Query] = set()
    variant = 0
    for text in found.texts[:MAX_VARIANTS]:
        if not _ASKS.match(text):
            continue
        parsed = project.parsed(text)
        for why in dict.fromkeys(parsed.not_understood):
            project.unread.setdefault(Unread(module.path, call.line, f"{why}: {one_line(text)[:120]}"))
        for query in parsed.queries:
            rows = found.rows if query.rows is Rows.UNKNOWN and found.rows is not Rows.UNKNOWN else rows_of(body, found.call, query)
            query = query if rows is query.rows else replace(query, rows=rows)
            if query in seen:
                continue
            seen.add(query)
            shown = one_line(text)
            yield Site(
                query, QuerySource.SQL, module.path, call.line, call.column, call.end_line, call.end_column, found.function, symbol, found.call, shown, depth,
                found.runs, variant,
            )  # fmt: skip
        variant += 1


def one_line(text: str) -> str:
    """A statement for a message: on one line, at most 500 characters, ``{}`` for what is put in at run time."""
    shown = " ".join(text.replace(HOLE, "{}").replace(CUT, "...").replace(LIST, "%s, ...").split())
    return shown if len(shown) <= 500 else shown[:497] + "..."


class Wrapper(NamedTuple):
    """A function that runs a statement it is handed: position and name of the parameter, and how many rows it gives back."""

    position: int
    name: str
    rows: Rows


_ANY = Query(Verb.SELECT)


class _Finder:
    """Looks through modules for calls that run SQL."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.strings = Strings(project)
        self.wrappers: dict[tuple[str, int], Wrapper] = {}
        """Functions of the project that run a statement they are handed."""
        self._by_name: dict[str, Wrapper] = {}

    def found(self, modules: list[SourceModule]) -> list[Found]:
        self._learn(modules)
        names = _RUNS | _MAKES | {self._name(key) for key in self.wrappers}
        found: list[Found] = []
        for module, index, numbers in self._calling(modules, names):
            found += self._of_body(module, index, numbers)
        run = {one.texts for one in found if one.runs}
        return [one for one in found if one.runs or one.texts not in run]

    def _learn(self, modules: list[SourceModule]) -> None:
        """Finds the functions that pass a parameter on to a database, through up to three of their own kind."""
        names = set(_RUNS)
        for _ in range(_MAX_LEVELS):
            fresh: set[str] = set()
            for module, index, numbers in self._calling(modules, names):
                function = module.functions[index]
                if function.parameters and (module.path, index) not in self.wrappers and self._wraps(module, index, function, numbers):
                    fresh.add(function.name.rpartition(".")[2])
            if not fresh:
                return
            self._learn_names()
            names = fresh

    def _calling(self, modules: list[SourceModule], names: Iterable[str]) -> Iterator[tuple[SourceModule, int, list[int]]]:
        """The functions of the modules that call something of these names, each with the numbers of those calls, in order."""
        asked = {module.path for module in modules}
        for (path, index), numbers in self.project.named_calls.functions(names).items():
            if path in asked:
                yield self.project.modules[path], index, numbers

    def _wraps(self, module: SourceModule, index: int, function: Function, numbers: list[int]) -> bool:
        body = module.bodies[index]
        positions = {"%" + one.name: place for place, one in enumerate(function.parameters) if one.name not in ("self", "cls")}
        for number in numbers:
            call = body.calls[number]
            method = call.callee.rpartition(".")[2]
            for value in _handed(call):
                value = self._unwrapped(module, index, value)
                inner = self._wrapper(module, index, call) if value in positions else None
                if value in positions and (method in _SURE or inner is not None):
                    rows = inner.rows if inner is not None else rows_of(body, number, _ANY)
                    self.wrappers[module.path, index] = Wrapper(positions[value], function.parameters[positions[value]].name, rows)
                    return True
        return False

    def _unwrapped(self, module: SourceModule, index: int, value: str) -> str:
        """``text(query)`` is the query."""
        if value[:1] == "#" and value[1:].isdigit():
            call = module.bodies[index].calls[int(value[1:])]
            if call.callee.rpartition(".")[2] in _MAKES and call.args:
                return call.args[0]
        return value

    def _wrapper(self, module: SourceModule, index: int, call: Call) -> Wrapper | None:
        target = self.project.value(module.path, index, call.callee)
        if target is None:
            return self._by_name.get(call.callee.rpartition(".")[2]) if "." in call.callee else None
        return self.wrappers.get((target.path, target.index)) if target.kind is RefKind.FUNCTION else None

    def _learn_names(self) -> None:
        """The methods that pass statements on, if all functions of that name take one alike: nobody knows whose ``request.app["db"]`` is."""
        found = {self._name(key): one for key, one in self.wrappers.items() if self.project.modules[key[0]].functions[key[1]].owner >= 0}
        for module in self.project.modules.values() if found else ():
            for head in module.functions:
                one = found.get(name := head.name.rpartition(".")[2])
                if one is not None and (len(head.parameters) <= one.position or head.parameters[one.position].name != one.name):
                    del found[name]
        self._by_name = {name: one._replace(position=one.position - 1) for name, one in found.items()}

    def _name(self, key: tuple[str, int]) -> str:
        return self.project.modules[key[0]].functions[key[1]].name.rpartition(".")[2]

    def _of_body(self, module: SourceModule, index: int, numbers: list[int]) -> Iterator[Found]:
        body = module.bodies[index]
        made: dict[int, Found] = {}
        run: list[Found] = []
        for number in numbers:
            call = body.calls[number]
            method = call.callee.rpartition(".")[2]
            value = self._statement(module, index, call, method)
            if not value or value[:1] in "[{" or value in ("?", "%self") or value[:1].isdigit():
                continue
            texts = tuple(text for text in self.strings.texts(module.path, index, value, after(call)) if _STATEMENT.match(text))
            if not texts or not self._is_database(module, index, call, method, texts):
                continue
            if method in _MAKES:
                made[number] = Found(module, index, number, texts, False)
            else:
                wrapper = self._wrapper(module, index, call) if method not in _RUNS else None
                run.append(Found(module, index, number, texts, method != "prepare", wrapper.rows if wrapper is not None else Rows.UNKNOWN))
                for part in _results(value):
                    made.pop(part, None)
        if made:
            used = {part for one in run for part in _results(" ".join(body.calls[one.call].args))}
            used |= {part for one in run for part in _behind(module, index, body, body.calls[one.call])}
            run += [one for number, one in made.items() if number not in used]
        yield from sorted(run, key=lambda one: one.call)

    def _statement(self, module: SourceModule, index: int, call: Call, method: str) -> str:
        """The argument that holds the statement."""
        handed = _handed(call)
        if method in _RUNS or method in _MAKES:
            return handed[0] if handed else ""
        wrapper = self._wrapper(module, index, call)
        if wrapper is None:
            return ""
        position, name, _ = wrapper
        for keyword, value in call.keywords:
            if keyword == name:
                return value
        target = self.project.value(module.path, index, call.callee)
        bound = target is not None and target.receiver is not None
        position -= bound and self.project.modules[target.path].functions[target.index].parameters[0].name in ("self", "cls") if target is not None else 0
        return call.args[position] if 0 <= position < len(call.args) and not any(one[:1] == "*" for one in call.args[: position + 1]) else ""

    def _is_database(self, module: SourceModule, index: int, call: Call, method: str, texts: tuple[str, ...]) -> bool:
        target = self.project.value(module.path, index, call.callee)
        if method in _MAKES:
            return target is not None and target.name in _TEXTS
        if target is None:
            return method in _SURE or method in self._by_name or method in ("fetch", "scalar", "scalars", "prepare", "query", "stream", "raw")
        if not target.is_external:
            return True
        owner = target.name.rpartition(".")[0]
        if self.project.calls.effect(target) & Effect.DATABASE or "django.db.models.Manager" in external_bases(owner):
            return True
        return method in _SURE or any(word in owner.lower() for word in _OWNERS)


def _handed(call: Call) -> list[str]:
    """The values that may hold a statement: the first argument, or one with a name that says so."""
    if call.args and call.args[0][:1] != "*":
        return [call.args[0], *([call.args[1]] if len(call.args) > 1 and call.callee.rpartition(".")[2] in ("query",) else [])][:1]
    return [value for name, value in call.keywords if name in _KEYWORDS]


def _results(value: str) -> list[int]:
    return [int(part) for part in re.findall(r"#(\d+)", value)] if "#" in value else []


def _behind(module: SourceModule, index: int, body: Body, call: Call) -> list[int]:
    """Calls whose results a local holds that is handed over."""
    names = {value for value in (*call.args, *(value for _, value in call.keywords)) if value[:1] == "%"}
    return [part for name in names for assign in module.assigns_to(index, name) for part in _results(assign.value)]


__all__ = ["Found", "one_line", "places", "sites"]
