"""SQL text to changes of a schema.

What has no effect on tables (grants, comments, functions, settings, queries) gives no change. What could not be read and may have one gives a
`facts.ddl.Forget` for the tables it names, and is named in the second part of the answer. Nothing raises, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, Implicit, Index, IndexKey, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql import ddl_blocks, ddl_tables
from backend_lint.sql.ddl_alter import Alteration, alter_index, alter_view
from backend_lint.sql.ddl_indexes import create_index
from backend_lint.sql.split import Statement, statements
from backend_lint.sql.tokens import Cursor, NotUnderstoodError, literal

__all__ = ["NotUnderstood", "Reading", "changes", "is_declaration"]


class NotUnderstood(NamedTuple):
    """A statement that could not be read: its line, its beginning, and why."""

    line: int
    text: str
    why: str


_WITHOUT_EFFECT = frozenset(
    "grant revoke comment show begin commit rollback start end analyze vacuum lock unlock pragma reindex cluster refresh call exec delete update with explain "
    "values notify listen unlisten discard checkpoint security import load copy prepare execute deallocate declare fetch close move reassign print abort "
    "savepoint release use merge replace truncate optimize flush kill reset describe desc attach detach delimiter source connect prompt spool whenever define "
    "alter_system repair check go".split()
)
_DECLARING = frozenset({"create", "alter", "drop", "rename", "do", "exec", "execute"})
_FIRST = lazy_regex(r"(?:/\*!\d*\s*)?\(*\s*([A-Za-z_]+)")
_HYPERTABLE = lazy_regex(r"select\s+(?:public\.)?create_hypertable\s*\(\s*'([\w.\"]+)'\s*,\s*(?:by_range\s*\(\s*)?'(\w+)'", re.I)
_INTO = lazy_regex(r"\binto\s+(?:table\s+|unlogged\s+)?((?:\w+\.)?\w+)\s+from\b", re.I)
_SEARCH_PATH = lazy_regex(r"set\s+(?:local\s+|session\s+)?search_path\s*(?:=|to)\s*(.+)", re.I | re.S)
_INSERT = lazy_regex(r"(?:insert|replace)\s+(?:ignore\s+|low_priority\s+|or\s+\w+\s+)?into\s+((?:[`\"\[]?[\w$]+[`\"\]]?\.)?[`\"\[]?[\w$]+[`\"\]]?)", re.I)
_ROW = lazy_regex(r"\)\s*,\s*\(")
_HOLE = r"(?:\$\{[^}\n]{0,200}\}|\{\{[^}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}|\{[A-Za-z_]\w{0,60}\})"
_PLACEHOLDER = lazy_regex(rf"\"{_HOLE}\"\.|{_HOLE}\.")
_OBJECT = lazy_regex(
    r"create\s+(?:or\s+(?:replace|alter)\s+)?(?:definer\s*=\s*\S+\s+)?(?:sql\s+security\s+\w+\s+)?(?:algorithm\s*=\s*\w+\s+)?(?:force\s+|noforce\s+|editionable\s+|"
    r"recursive\s+|trusted\s+|constraint\s+|event\s+)*(\w+)",
    re.I,
)
_TABLE_NAMED = lazy_regex(r"(?:create|alter)\s+(?:\w+\s+){0,3}?table\s+(?:if\s+(?:not\s+)?exists\s+)?(?:only\s+)?([\w.\"`$]+)", re.I)
_INDEX_NAMED = lazy_regex(r"create\s+(?:\w+\s+)*?index\b[^(]*?\bon\s+(?:only\s+)?([\w.\"`$]+)", re.I)
_CREATED = frozenset(
    "table unique index fulltext spatial clustered nonclustered view materialized type domain temp temporary global local unlogged foreign virtual "
    "bitmap".split()
)
_TEMPORARY = frozenset({"temp", "temporary", "#"})
_STRING = lazy_regex(r"'(?:[^']|'')*'")
_LONGEST = 400_000
"""Characters of a statement; a longer one is data."""


def changes(text: str, dialect: Dialect = Dialect.POSTGRESQL, path: str = "", line: int = 1) -> tuple[tuple[ddl.Change, ...], tuple[NotUnderstood, ...]]:
    """The changes of all statements of a text in order, and the statements that were not understood. `path`, `line`: where the text stands.

    >>> changes("CREATE TABLE a (id int PRIMARY KEY); DROP TABLE b;")[0][1]
    DropTable(name='b', if_exists=False)
    """
    reading = Reading(dialect, path)
    found: list[ddl.Change] = []
    missed: list[NotUnderstood] = []
    for statement in statements(reading.prepared(text), dialect, line):
        made, why = reading.read(statement)
        found += made
        if why:
            missed.append(NotUnderstood(statement.line, " ".join(statement.text[:200].split()), why))
    return tuple(found), tuple(missed)


def is_declaration(text: str) -> bool:
    """Whether a statement changes tables or may do so, told by its first word."""
    first = _FIRST.match(text)
    return first is not None and first.group(1).lower() in _DECLARING


class Reading:
    """Reads the statements of one text in order: the schema that is set and the temporary tables so far are remembered."""

    def __init__(self, dialect: Dialect, path: str) -> None:
        self.dialect = dialect
        self.path = path
        self.schema = ""
        self.dump = False
        self.temporary: set[str] = set()

    def prepared(self, text: str) -> str:
        """The text without the placeholders of a template that stand for a schema."""
        self.dump = "database dump" in text[:2000] or "MySQL dump" in text[:2000] or "MariaDB dump" in text[:2000]
        return _PLACEHOLDER.sub("", text) if "{" in text else text

    def read(self, statement: Statement) -> tuple[list[ddl.Change], str]:
        """The changes of one statement, and why it was not understood if it was not."""
        try:
            found = self._statement(statement.text, statement.line, statement.rows)
        except NotUnderstoodError as error:
            return self._forgotten(statement, str(error)), str(error)
        except (RecursionError, IndexError, ValueError) as error:
            why = f"the reader failed: {type(error).__name__}"
            return self._forgotten(statement, why), why
        return [change for change in found if not self._is_temporary(change)], ""

    def _is_temporary(self, change: ddl.Change) -> bool:
        name = change.table.name if isinstance(change, ddl.CreateTable) else getattr(change, "table", "") or getattr(change, "name", "")
        return name in self.temporary

    def _forgotten(self, statement: Statement, why: str) -> list[ddl.Change]:
        text = statement.text[:2000]
        if not is_declaration(text):
            return []
        named = _TABLE_NAMED.match(text)
        name = _plain_name(named.group(1), self.dialect) if named else ""
        if named and text[:6].lower() == "create":
            return [ddl.CreateTable(Table(name, (), source="ddl", unknown=(f"it was not understood: {why}",), path=self.path, line=statement.line))]
        if named:
            return [ddl.Forget(name, "all", f"it was not understood: {why}", self.path, statement.line)]
        indexed = _INDEX_NAMED.match(text)
        if indexed:
            return [ddl.Forget(_plain_name(indexed.group(1), self.dialect), "indexes", f"an index was not understood: {why}", self.path, statement.line)]
        return []

    # -- statements

    def _statement(self, text: str, line: int, rows: int) -> list[ddl.Change]:
        first = _FIRST.match(text)
        word = first.group(1).lower() if first else ""
        if word in ("insert", "replace"):
            return self._insert(text, rows)
        if word == "select":
            return self._select(text, line)
        if word == "set":
            return self._set(text)
        if word == "copy":
            return self._copy(text, rows)
        if word == "create":
            return self._create(text, line)
        readers: dict[str, Callable[[Cursor], list[ddl.Change]]] = {
            "alter": self._alter,
            "drop": ddl_tables.drop,
            "rename": ddl_tables.rename,
            "do": lambda cursor: ddl_blocks.do_block(cursor, lambda inner, at: self._statement(inner, at, 0), self.path, line),
        }
        reader = readers.get(word)
        if reader is None:
            if word not in _WITHOUT_EFFECT and not text.startswith(("/*!", "\\")):
                raise NotUnderstoodError(f"{word or text[:10]} is no statement that is known")
            return self._renamed_by_procedure(text) if word == "exec" else []
        cursor = self._cursor(text, line)
        cursor.take("do" if word == "do" else word)
        return reader(cursor)

    def _cursor(self, text: str, line: int) -> Cursor:
        if len(text) > _LONGEST:
            raise NotUnderstoodError("the statement is too long")
        return Cursor(text, self.dialect, self.schema, line)

    def _create(self, text: str, line: int) -> list[ddl.Change]:
        made = _OBJECT.match(text[1:] if text[0] == "(" else text)
        what = made.group(1).lower() if made else ""
        if what in ("function", "procedure", "trigger", "event", "package", "rule"):
            return self._routine(text, line) if what != "rule" else []
        if what not in _CREATED:
            return []
        cursor = self._cursor(text, line)
        if "index" in [token.lower for token in cursor.tokens[:6]] and "table" not in [token.lower for token in cursor.tokens[:3]]:
            cursor.take("create")
            return create_index(cursor, self.path)
        while not cursor.done() and cursor.token.lower not in ("table", "view", "type", "domain"):
            temporary = cursor.token.lower in _TEMPORARY
            virtual = cursor.token.lower == "virtual"
            cursor.at += 1
            if temporary and cursor.take("table"):
                cursor.take("if", "not", "exists")
                self.temporary.add(cursor.name())
                return []
            if temporary or virtual:
                return self._virtual(cursor, line) if virtual else []
        what = cursor.token.lower
        cursor.at += 1
        if what == "table":
            if cursor.token.text == "#" or cursor.token.text.startswith("#"):
                return []
            return ddl_tables.create_table(cursor, self.path, line)
        if what == "view":
            return ddl_tables.create_view(cursor, self.path, line, materialized="materialized" in text[:60].lower())
        return ddl_tables.create_type(cursor) if what == "type" else ddl_tables.create_domain(cursor)

    def _virtual(self, cursor: Cursor, line: int) -> list[ddl.Change]:
        """SQLite's modules: full text search keeps its own index."""
        cursor.expect("table")
        if_not_exists = cursor.take("if", "not", "exists")
        name = cursor.qualified()
        return [ddl.CreateTable(Table(name, (), source="ddl", unknown=("it is a virtual table",), path=self.path, line=line), if_not_exists)]

    def _alter(self, cursor: Cursor) -> list[ddl.Change]:
        cursor.take_any("online", "ignore", "foreign")
        if cursor.take("table"):
            if cursor.take("all"):
                return []
            return Alteration(cursor, self.path).read()
        if cursor.take("index"):
            return alter_index(cursor)
        if cursor.take("view") or cursor.take("materialized", "view"):
            return alter_view(cursor)
        if cursor.take("type"):
            old = cursor.qualified()
            return [ddl.RenameType(old, cursor.qualified())] if cursor.take("rename", "to") else []
        if cursor.take("schema") and cursor.peek().lower == "rename":
            raise NotUnderstoodError("a schema is renamed")
        return []

    def _routine(self, text: str, line: int) -> list[ddl.Change]:
        """A function that changes tables may run at any time; it is not followed: the tables that it names are forgotten. What it builds of texts
        nobody knows; it is mostly partitions."""
        if not ddl_blocks.may_change(text):
            return []
        start = re.search(r"\$\w*\$|\bbegin\b", text, re.I)
        code = _STRING.sub("''", text[start.end() :] if start else text)
        return ddl_blocks.touched(code, self.dialect, "a function changes it", self.path, line, everything=False) if ddl_blocks.may_change(code) else []

    def _insert(self, text: str, rows: int) -> list[ddl.Change]:
        named = _INSERT.match(text)
        if named is None or self.dump:
            return []
        head = text[named.end() : named.end() + 3000].lower()
        values = re.search(r"\bvalues?\s*\(", head)
        selects = re.search(r"\bselect\b", head)
        if values is None or (selects is not None and selects.start() < values.start()):
            return []
        return [ddl.Seed(_plain_name(named.group(1), self.dialect), rows + 1 + (len(_ROW.findall(text)) if len(text) < _LONGEST else 1000))]

    def _copy(self, text: str, rows: int) -> list[ddl.Change]:
        named = re.match(r"copy\s+([\w.\"]+)", text, re.I)
        return [ddl.Seed(_plain_name(named.group(1), self.dialect), rows)] if named and rows and not self.dump else []

    def _set(self, text: str) -> list[ddl.Change]:
        given = _SEARCH_PATH.match(text)
        if given is not None and self.dialect is Dialect.POSTGRESQL:
            schema = given.group(1).split(",")[0].strip().strip("\"'").lower()
            self.schema = "" if schema in ("public", "", "default", "pg_catalog", "$user") or "$" in schema else schema
        return []

    def _select(self, text: str, line: int) -> list[ddl.Change]:
        if "search_path" in text and "set_config" in text:
            self.schema = ""
        if hyper := _HYPERTABLE.match(text):
            table, column = _plain_name(hyper.group(1), self.dialect), hyper.group(2)
            name = f"{table.rpartition('.')[2]}_{column}_idx"
            index = Index(name, (IndexKey(column, descending=True),), implicit=Implicit.HYPERTABLE, path=self.path, line=line)
            return [ddl.AddIndex(table, index, if_not_exists=True)]
        into = _INTO.search(text[:2000])
        if into is None or self.dialect is Dialect.MYSQL or "'" in text[: into.start()]:
            return []
        name = into.group(1).lower() if self.dialect is Dialect.POSTGRESQL else into.group(1)
        return [ddl.CreateTable(Table(name, (), source="ddl", unknown=("its columns are those of a query",), path=self.path, line=line))]

    def _renamed_by_procedure(self, text: str) -> list[ddl.Change]:
        """SQL Server's ``EXEC sp_rename 'table.column', 'new', 'COLUMN'``."""
        if "sp_rename" not in text.lower():
            return []
        given = [literal(token) for token in Cursor(text, self.dialect).tokens if token.kind == "string"]
        if len(given) < 2:
            raise NotUnderstoodError("sp_rename without names")
        old, new, kind = given[0].replace("[", "").replace("]", "").removeprefix("dbo."), given[1], (given[2].lower() if len(given) > 2 else "")
        table, _, name = old.rpartition(".")
        if kind == "column":
            return [ddl.RenameColumn(table, name, new)]
        return [ddl.RenameIndex(name, new, table)] if kind == "index" else [ddl.RenameTable(old, new)]


def _plain_name(written: str, dialect: Dialect) -> str:
    quoted = written[:1] in '"`['
    name = re.sub(r"[\"`\[\]]", "", written)
    if dialect is Dialect.POSTGRESQL:
        name = (name if quoted else name.lower()).removeprefix("public.")
    return name


def column_of(text: str, dialect: Dialect = Dialect.POSTGRESQL) -> Column:
    """The column that a declaration such as ``email varchar(40) NOT NULL`` gives. Raises NotUnderstoodError."""
    from backend_lint.sql.ddl_columns import Declarations

    return Declarations(Cursor(text, dialect), "").column()
