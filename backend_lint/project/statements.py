"""SQL statements wherever Python code hands them to a database: each once, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.project.libraries import Effect, external_bases
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import alternatives, constant_string

if TYPE_CHECKING:
    from backend_lint.facts.python import Body, Call
    from backend_lint.project import Project, SourceModule

_TEXT = frozenset({"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlalchemy.DDL", "django.db.models.expressions.RawSQL"})
_RUNS = frozenset("execute executemany executescript exec_driver_sql scalar scalars fetch fetchrow fetchval raw callproc".split())
_FIRST_WORDS = frozenset(
    "select insert update delete with create alter drop merge truncate begin set vacuum copy explain call do grant refresh replace".split()
)


class Statement(msgspec.Struct, frozen=True):
    """A statement as text. `line` to `end_column`: the place of the call that runs it, in function number `function`; `parameters`: its second argument."""

    text: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: int
    symbol: str
    parameters: str = ""


def statements(project: Project) -> Iterator[Statement]:
    """Constant statements at DB-API cursors, SQLAlchemy ``text`` and ``exec_driver_sql``, asyncpg, psycopg and Django's ``raw``, in order of path and line.

    A statement that is put together at run time is not among them: what it says is unknown.
    """
    for module, index, function, body in project.functions():
        for call in body.calls:
            method = call.callee.rpartition(".")[2]
            if (method in _RUNS or method in ("text", "DDL", "RawSQL")) and call.args and (text := _sql(project, module, index, body, call)):
                parameters = call.args[1] if len(call.args) > 1 else ""
                symbol = "" if index == 0 else function.name
                yield Statement(text, module.path, call.line, call.column, call.end_line, call.end_column, index, symbol, parameters)


def _sql(project: Project, module: SourceModule, index: int, body: Body, call: Call) -> str:
    text = constant_string(_bound(project, module, index, body, call.args[0]))
    if text is None or text.strip("( \t\r\n").partition(" ")[0].split("\n")[0].lower() not in _FIRST_WORDS:
        return ""
    target = project.value(module.path, index, call.callee)
    if target is None:
        return text if call.callee.rpartition(".")[2] != "text" else ""
    if target.name in _TEXT:
        return text
    owner = target.name.rpartition(".")[0]
    known = target.kind is RefKind.EXTERNAL and (project.calls.effect(target) & Effect.DATABASE or "django.db.models.Manager" in external_bases(owner))
    return text if known or "cursor" in owner.lower() or "connection" in owner.lower() else ""


def _bound(project: Project, module: SourceModule, index: int, body: Body, value: str) -> str:
    """The constant behind a local or a name of the module, else the value itself."""
    if value[:1] == "%":
        found = [assign.value for assign in body.assigns if assign.target == value]
        return found[0] if len(found) == 1 and len(alternatives(found[0])) == 1 else value
    kind, number = module.names.get(value, ("", 0))
    return module.bodies[0].assigns[number].value if kind == "assign" else value
