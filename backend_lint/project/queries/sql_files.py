"""Named queries of SQL files, as aiosql, sqlc and their like read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.query import QuerySource, Rows, Site, Verb
from backend_lint.facts.sql_file import SqlStatement

if TYPE_CHECKING:
    from backend_lint.project import Project

_LEFT_OUT = frozenset({Role.TEST, Role.MIGRATION, Role.GENERATED})
_ROWS = {
    "^": Rows.ONE,
    "$": Rows.ONE,
    ":one": Rows.ONE,
    ":many": Rows.MANY,
    "!": Rows.NONE,
    "*!": Rows.NONE,
    "<!": Rows.ONE,
    "#": Rows.NONE,
    ":exec": Rows.NONE,
    ":execrows": Rows.NONE,
    ":execresult": Rows.NONE,
    ":batchexec": Rows.NONE,
    ":copyfrom": Rows.NONE,
}


def sites(project: Project) -> Iterator[Site]:
    """The queries that have a name, in order of path and line."""
    for path, facts in project.sql_files.items():
        file = project.files.get(path)
        if file is not None and file.role in _LEFT_OUT:
            continue
        for statement in facts.statements:
            if statement.name and statement.query is not None:
                yield _site(path, statement)


def _site(path: str, statement: SqlStatement) -> Site:
    from msgspec.structs import replace

    query = statement.query
    assert query is not None
    rows = _ROWS.get(statement.marker.split(" ")[0], Rows.MANY if query.verb is Verb.SELECT and not statement.marker else query.rows)
    if query.rows is Rows.UNKNOWN and rows is not query.rows:
        query = replace(query, rows=rows)
    last = len(statement.text) + 1 if statement.end_line == statement.line else 1
    return Site(query, QuerySource.FILE, path, statement.line, 1, statement.end_line, last, -1, statement.name, -1, statement.text[:500])
