"""Named queries of SQL files, as aiosql, sqlc and their like read them, at the calls that run them where Python code does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.file import Role
from backend_lint.facts.query import Query, QuerySource, Rows, Site, Verb
from backend_lint.facts.sql_file import SqlStatement
from backend_lint.project.blocks import loop_depth

if TYPE_CHECKING:
    from backend_lint.project import Project

_LEFT_OUT = frozenset({Role.TEST, Role.MIGRATION, Role.GENERATED})
_LOADERS = ("aiosql.", "anosql.", "pugsql.", "sqlacodegen.")
_ROWS = {
    **dict.fromkeys(("^", "$", "<!", ":one", ":scalar", ":insert"), Rows.ONE),
    **dict.fromkeys(("!", "*!", "#", ":exec", ":execrows", ":execresult", ":execlastid", ":batchexec", ":copyfrom", ":affected"), Rows.NONE),
    ":many": Rows.MANY,
}
Named = tuple[str, SqlStatement, Query]


def sites(project: Project) -> Iterator[Site]:
    """The queries that have a name: where Python code calls them, else in their file."""
    found = list(_named(project))
    if not found:
        return
    names = Counter(name for name, _ in found)
    called: set[str] = set()
    for name, site in _calls(project, {name: one for name, one in found if names[name] == 1}):
        called.add(name)
        yield site
    for name, (path, statement, query) in found:
        if name not in called:
            last = len(statement.text) + 1 if statement.end_line == statement.line else 1
            yield Site(query, QuerySource.FILE, path, statement.line, 1, statement.end_line, last, -1, statement.name, -1, statement.text[:500])


def _named(project: Project) -> Iterator[tuple[str, Named]]:
    """Queries by the name under which Python knows them."""
    for path, facts in project.sql_files.items():
        file = project.files.get(path)
        if file is not None and file.role in _LEFT_OUT:
            continue
        for statement in facts.statements:
            if statement.name and statement.query is not None:
                yield statement.name.replace("-", "_"), (path, statement, _with_rows(statement, statement.query))


def _with_rows(statement: SqlStatement, query: Query) -> Query:
    default = Rows.MANY if query.verb is Verb.SELECT and not statement.marker else query.rows
    rows = _ROWS.get(statement.marker.split(" ")[0], default)
    return replace(query, rows=rows) if query.rows is Rows.UNKNOWN and rows is not Rows.UNKNOWN else query


def _calls(project: Project, named: dict[str, Named]) -> Iterator[tuple[str, Site]]:
    """``queries.get_user(connection, ...)`` of what ``aiosql.from_path`` gave."""
    if not any(name.partition(".")[0] in project.imported for name in _LOADERS):
        return
    for module, index, function, body in project.functions():
        if module.role in _LEFT_OUT:
            continue
        for number, call in enumerate(body.calls):
            method = call.callee.rpartition(".")[2]
            name = method if method in named else method.removesuffix("_cursor")
            if name not in named:
                continue
            target = project.value(module.path, index, call.callee)
            if target is None or not target.is_external or not target.name.startswith(_LOADERS):
                continue
            _, statement, query = named[name]
            yield (
                name,
                Site(
                    query,
                    QuerySource.FILE,
                    module.path,
                    call.line,
                    call.column,
                    call.end_line,
                    call.end_column,
                    index,
                    function.name if index else "",
                    number,
                    statement.text[:500],
                    loop_depth(body, call.block),
                ),
            )
