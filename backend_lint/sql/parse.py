"""SQL text to what it asks and changes. Whatever the text, nothing is raised: what is not understood is said."""

from __future__ import annotations

from backend_lint.facts.ddl import Change
from backend_lint.facts.query import Query
from backend_lint.facts.schema import Dialect
from backend_lint.sql.parameters import Statement, UnreadableError, statements
from backend_lint.sql.parse_grammar import NotParsedError, release, syntax_tree, with_room
from backend_lint.sql.parsed import Parsed

QUERIES = frozenset("SELECT WITH INSERT UPDATE DELETE REPLACE VALUES TABLE MERGE".split())
CHANGES = frozenset("CREATE ALTER DROP COMMENT RENAME TRUNCATE".split())
__all__ = ["Parsed", "parse", "query"]


def parse(text: str, dialect: Dialect = Dialect.POSTGRESQL) -> Parsed:
    """What a text says.

    >>> parse("SELECT * FROM users WHERE email = %s").queries[0].relations[0].table
    'users'
    """
    queries: list[Query] = []
    changes: list[Change] = []
    failed: list[str] = []
    others = 0
    declares = False
    try:
        for statement in statements(text, dialect):
            if statement.first in QUERIES:
                found = query(statement, dialect)
                if isinstance(found, Query):
                    queries.append(found)
                else:
                    failed.append(found)
            elif statement.first in CHANGES:
                declares = True
            else:
                others += 1
    except UnreadableError as error:
        failed.append(str(error))
    if declares:
        from backend_lint.sql.ddl import changes as changes_of

        found_changes, missed = changes_of(text, dialect)
        changes += found_changes
        failed += (one.why for one in missed)
    return Parsed(tuple(queries), tuple(changes), tuple(failed), others)


def query(statement: Statement, dialect: Dialect) -> Query | str:
    """What a statement asks, or why that is not known."""
    try:
        tree = syntax_tree(statement.text, dialect, statement.depth)
        try:
            found: Query = with_room(lambda: _built(tree, dialect), statement.depth)
        finally:
            release(tree)
    except NotParsedError as error:
        return str(error)
    if statement.notes:
        from msgspec.structs import replace

        return replace(found, unknown=(*found.unknown, *statement.notes))
    return found


def _built(tree: object, dialect: Dialect) -> Query:
    from backend_lint.sql.parse_query import Builder

    return Builder(dialect).query(tree, None)
