"""A file of SQL: a migration, a schema, a dump, or queries under names."""

from __future__ import annotations

import re

from backend_lint.facts.file import Role, SourceFile
from backend_lint.facts.schema import Dialect
from backend_lint.facts.sql_file import SqlFile, SqlStatement
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.acts import acts_of
from backend_lint.sql.ddl import Reading, is_declaration
from backend_lint.sql.dialects import guess, is_foreign, named
from backend_lint.sql.split import Statement, statements

_SECTION = lazy_regex(
    r"^[ \t]*--[ \t]*(?://[ \t]*)?(?:(?P<up>migrate:up|\+(?:goose|migrate|micrate)[ \t]+up|up migration)|"
    r"(?P<down>migrate:down|\+(?:goose|migrate|micrate)[ \t]+down|@undo|down migration|={2,}[ \t]*down))\b[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_RUNNER = lazy_regex(r"^[ \t]*--[ \t]*(migrate:|\+goose)[ \t]*up\b", re.IGNORECASE | re.MULTILINE)
_RUNNERS = {"migrate:": "dbmate", "+goose": "goose"}
_BARE = lazy_regex(
    r"^[ \t]*--[ \t]*(?:migrate:up\b[^\n]*\btransaction:\s*false|\+goose[ \t]+no[ \t]+transaction|no-transaction\b|"
    r"(?:flyway:)?executeInTransaction\s*=\s*false|transactional:\s*false|disable_ddl_transaction)",
    re.IGNORECASE | re.MULTILINE,
)
_INCLUDED = lazy_regex(r"^[ \t]*\\(?:i|ir|include|include_relative)[ \t]+'?([^'\s;]+)", re.MULTILINE)
_NAME = lazy_regex(r"--\s*:?name\s*:?\s*([A-Za-z_][\w.-]*)\s*([\^!*#$<]{1,2})?\s*(\(.*?\))?\s*(:\S+)?|--!\s*([A-Za-z_]\w*)", re.IGNORECASE)
_QUERY = frozenset({"select", "with", "insert", "update", "delete", "replace", "merge", "values"})
_MOST = 20_000
"""Statements of one file that are kept; what follows is said not to be understood."""


def read_statements(text: str, file: SourceFile) -> SqlFile:
    """What a file of SQL says; nothing for one of a product that is not known here."""
    if is_foreign(text, file.path):
        return SqlFile(())
    dialect = guess(text) or _by_place(file.path)
    runner = found.group(1).lower() if (found := _RUNNER.search(text)) else ""
    includes = tuple(_INCLUDED.findall(text)) if "\\i" in text else ()
    text, down = _way_up(text)
    reading = Reading(dialect or Dialect.POSTGRESQL, file.path)
    text = reading.prepared(text)
    parsed = [(statement, is_declaration(statement.text)) for statement in statements(text, dialect)]
    asks = file.role is not Role.MIGRATION and not any(declares for _, declares in parsed)
    said: list[SqlStatement] = []
    bare = file.role is Role.MIGRATION and _BARE.search(text) is not None
    for statement, _ in parsed[:_MOST]:
        if (kept := _kept(statement, reading, asks)) is not None:
            said.append(kept)
    if len(parsed) > _MOST:
        first = parsed[_MOST][0]
        said.append(SqlStatement(first.line, first.line, "", not_understood=f"only {_MOST} statements of a file are read"))
    return SqlFile(tuple(said), dialect.value if dialect else "", down, bare, _RUNNERS.get(runner, ""), includes)


def _by_place(path: str) -> Dialect | None:
    """``migrations/postgres/001.sql``, ``schema.mysql.sql``."""
    for word in reversed(re.split(r"[/._-]", path)[:-1]):
        if (dialect := named(word)) is not None:
            return dialect
    return None


def _way_up(text: str) -> tuple[str, int]:
    """The text without the sections that take a migration back (their lines stay, empty), and the line of the first of them, 0 if there is none."""
    if "--" not in text:
        return text, 0
    marks = list(_SECTION.finditer(text))
    first = next((mark for mark in marks if mark["down"]), None)
    if first is None:
        return text, 0
    pieces: list[str] = []
    at = 0
    for number, mark in enumerate(marks):
        if not mark["down"]:
            continue
        until = next((later.start() for later in marks[number + 1 :] if later["up"]), len(text))
        if mark.start() < at:
            continue
        pieces += (text[at : mark.start()], "\n" * text.count("\n", mark.start(), until))
        at = until
    return "".join((*pieces, text[at:])), text.count("\n", 0, first.start()) + 1


def _kept(statement: Statement, reading: Reading, asks: bool) -> SqlStatement | None:
    """The facts of a statement; None if it says nothing of schema or rows."""
    name, marker = _name(statement.comments)
    word = statement.text.lstrip("( \n\t")[:8].lower().split(maxsplit=1)
    if (name or asks) and word and word[0] in _QUERY:
        return _query(statement, name, marker, reading.dialect)
    changes, why = reading.read(statement)
    done = () if asks else acts_of(statement.text, reading.dialect, statement.line)
    if not changes and not why and not done:
        return None
    return SqlStatement(statement.line, statement.end_line, _line(statement.text, 120), name, marker, tuple(changes), not_understood=why, acts=done)


def _query(statement: Statement, name: str, marker: str, dialect: Dialect) -> SqlStatement:
    from backend_lint.sql.parse import parse

    parsed = parse(statement.text, dialect)
    text = _line(statement.text, 500)
    if len(parsed.queries) == 1:
        return SqlStatement(statement.line, statement.end_line, text, name, marker, query=parsed.queries[0])
    why = parsed.not_understood[0] if parsed.not_understood else "it is no query"
    return SqlStatement(statement.line, statement.end_line, text, name, marker, not_understood=why)


def _name(comments: str) -> tuple[str, str]:
    found = None
    for found in _NAME.finditer(comments):  # noqa: B007 - the last one counts
        pass
    if found is None:
        return "", ""
    return found.group(1) or found.group(5), found.group(2) or found.group(4) or ""


def _line(text: str, most: int) -> str:
    return " ".join(text[: most * 2].split())[:most]
