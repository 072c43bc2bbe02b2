"""SQL statements wherever Python code hands them to a database: each once, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.sql.parameters import CUT, HOLE, LIST

if TYPE_CHECKING:
    from backend_lint.project import Project

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
    from backend_lint.project.queries.sql_python import places

    found: list[Statement] = []
    for one in (*places(project), *places(project, left_out=True)):
        text = one.texts[0]
        first = text.strip("( \t\r\n").partition(" ")[0].split("\n")[0].lower()
        if len(one.texts) > 1 or any(sign in text for sign in (HOLE, LIST, CUT)) or first not in _FIRST_WORDS:
            continue
        call = one.module.bodies[one.function].calls[one.call]
        symbol = "" if one.function == 0 else one.module.functions[one.function].name
        parameters = call.args[1] if len(call.args) > 1 else ""
        found.append(Statement(text, one.module.path, call.line, call.column, call.end_line, call.end_column, one.function, symbol, parameters))
    yield from sorted(found, key=lambda one: (one.path, one.line, one.column))
