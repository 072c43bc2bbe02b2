"""CREATE and DROP of whole things: tables, views, types."""

from __future__ import annotations

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, Table, TableKind
from backend_lint.sql.ddl_columns import Declarations, Draft
from backend_lint.sql.tokens import Cursor, NotUnderstoodError
from backend_lint.sql.types import canonical_type


def create_table(cursor: Cursor, path: str, line: int) -> list[ddl.Change]:
    """``CREATE TABLE`` with the cursor behind TABLE."""
    if_not_exists = cursor.take("if", "not", "exists")
    name = cursor.qualified()
    unknown: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    kind = TableKind.TABLE
    declarations = Declarations(cursor, path)
    if cursor.take("partition", "of"):
        parents, kind = (cursor.qualified(),), TableKind.PARTITION
    elif cursor.take("of"):
        unknown = (f"its columns are those of the type {cursor.qualified()}",)
    elif cursor.take("like"):
        return [_like(name, cursor.qualified(), True, if_not_exists, path, line)]
    elif cursor.take("clone") or cursor.take("shallow", "clone"):
        unknown = ("it is a clone",)
    if cursor.is_next("(") and cursor.peek().lower != "select":
        if cursor.is_next("(", "like") and cursor.dialect is Dialect.MYSQL:
            cursor.at += 2
            return [_like(name, cursor.qualified(), True, if_not_exists, path, line)]
        elements(declarations, typed=not parents and not unknown)
    partitioned = False
    while not cursor.done():
        if cursor.take("inherits"):
            parents = _tables(cursor)
        elif cursor.take("partition", "by"):
            partitioned = cursor.dialect is Dialect.POSTGRESQL
            cursor.at += 1
        elif cursor.is_next("as") or cursor.is_next("select") or cursor.is_next("(", "select"):
            unknown = ("its columns are those of a query",)
            break
        elif cursor.is_next("without", "rowid"):
            cursor.at += 2
            _without_rowid(declarations.draft)
        elif cursor.is_next("("):
            cursor.group()
        else:
            cursor.at += 1
    draft = declarations.draft
    table = Table(
        name,
        tuple(draft.columns),
        primary_key=draft.primary_key,
        indexes=tuple(draft.indexes),
        foreign_keys=tuple(draft.foreign_keys),
        checks=tuple(text for _, text in draft.checks),
        kind=kind,
        source="ddl",
        unknown=unknown,
        path=path,
        line=line,
        parents=parents,
        partitioned=partitioned,
    )
    like, indexes, defaults, checks = draft.likes[0] if draft.likes else ("", True, True, True)
    if len(draft.likes) > 1:
        table = replace(table, unknown=(*table.unknown, "it takes after several tables"))
    names = tuple(check for check, _ in draft.checks)
    return [ddl.CreateTable(table, if_not_exists, like, indexes, defaults, checks, names)]


def _like(name: str, like: str, copied: bool, if_not_exists: bool, path: str, line: int) -> ddl.Change:
    return ddl.CreateTable(Table(name, (), source="ddl", path=path, line=line), if_not_exists, like, copied)


def elements(declarations: Declarations, typed: bool = True) -> None:
    """``(column, constraint, LIKE ...)``. Of a partition the columns are only mentioned, with constraints of their own."""
    cursor = declarations.cursor
    cursor.expect("(")
    while not cursor.take(")"):
        if cursor.take(","):
            continue
        if cursor.is_next("like") and cursor.peek().kind in ("word", "name") and cursor.peek(2).lower in (",", ")", ".", "including", "excluding"):
            cursor.at += 1
            declarations.draft.likes.append(_pattern(cursor))
        elif declarations.constraint() or _period(cursor):
            cursor.until(",")
        elif typed:
            declarations.column()
        else:
            _mentioned(declarations)


def _pattern(cursor: Cursor) -> tuple[str, bool, bool, bool]:
    name = cursor.qualified()
    copied: dict[str, bool] = {}
    while word := cursor.take_any("including", "excluding"):
        what = cursor.token.lower
        cursor.at += 1
        copied |= dict.fromkeys(("indexes", "defaults", "constraints") if what == "all" else (what,), word == "including")
    return name, copied.get("indexes", False), copied.get("defaults", False), copied.get("constraints", False)


def _period(cursor: Cursor) -> bool:
    return cursor.take("period", "for")


def _mentioned(declarations: Declarations) -> None:
    """``name [WITH OPTIONS] constraints`` of a partition."""
    cursor = declarations.cursor
    if cursor.peek().lower == "with" and cursor.peek(2).lower == "options":
        del cursor.tokens[cursor.at + 1 : cursor.at + 3]
    declarations.column()


def _without_rowid(draft: Draft) -> None:
    """No column is the rowid of a table without one."""
    draft.columns = [replace(column, auto=False, nullable=False if column.name in draft.primary_key else column.nullable) for column in draft.columns]


def _tables(cursor: Cursor) -> tuple[str, ...]:
    cursor.expect("(")
    found = [cursor.qualified()]
    while cursor.take(","):
        found.append(cursor.qualified())
    cursor.expect(")")
    return tuple(found)


def create_view(cursor: Cursor, path: str, line: int, materialized: bool) -> list[ddl.Change]:
    """``CREATE VIEW`` with the cursor behind VIEW. The columns are those that the query names; their types are not known."""
    if_not_exists = cursor.take("if", "not", "exists")
    replaced = any(token.lower == "replace" for token in cursor.tokens[:4])
    name = cursor.qualified()
    columns: tuple[str, ...] = ()
    if cursor.is_next("("):
        columns = cursor.names()
    cursor.until("as")
    cursor.take("as")
    if not columns:
        columns = selected(cursor)
    kind = TableKind.MATERIALIZED_VIEW if materialized else TableKind.VIEW
    unknown = () if columns else ("its columns are those of a query",)
    shown = tuple(Column(column, "", None, path=path, line=line) for column in columns)
    table = Table(name, shown, kind=kind, source="ddl", unknown=unknown, path=path, line=line)
    drop: list[ddl.Change] = [ddl.DropTable(name, if_exists=True)] if replaced else []
    return [*drop, ddl.CreateTable(table, if_not_exists)]


def selected(cursor: Cursor) -> tuple[str, ...]:
    """The names of a query's columns; empty if one of them has none that shows."""
    if cursor.is_next("("):
        cursor.at += 1
    if not cursor.take("select"):
        return ()
    if cursor.take("distinct") and cursor.take("on"):
        cursor.group()
    cursor.take("all")
    names: list[str] = []
    while True:
        first = cursor.at
        cursor.until(",", "from", "where", "union", "limit", "order", "group")
        if cursor.at == first:
            return ()
        last = cursor.tokens[cursor.at - 1]
        before = cursor.tokens[cursor.at - 2] if cursor.at - first > 1 else None
        plain = cursor.at - first == 1 or (before is not None and (before.text == "." or before.lower == "as" or before.kind in ("word", "name")))
        if last.kind not in ("word", "name") or not (plain or (before is not None and before.text in (")", "]"))) or last.lower == "end":
            return ()
        names.append(last.lower if last.kind == "word" and cursor.dialect is Dialect.POSTGRESQL else last.text)
        if not cursor.take(","):
            return tuple(names)


def create_type(cursor: Cursor) -> list[ddl.Change]:
    """``CREATE TYPE`` with the cursor behind TYPE."""
    cursor.take("if", "not", "exists")
    name = cursor.qualified()
    return [ddl.CreateType(name, closed=True)] if cursor.take("as", "enum") else [ddl.CreateType(name)]


def create_domain(cursor: Cursor) -> list[ddl.Change]:
    """``CREATE DOMAIN`` with the cursor behind DOMAIN."""
    name = cursor.qualified()
    cursor.take("as")
    written = Declarations(cursor, "").type_text()
    return [ddl.CreateType(name, canonical_type(written, cursor.dialect))]


def drop(cursor: Cursor) -> list[ddl.Change]:
    """``DROP ...`` with the cursor behind DROP: tables, views, indexes and schemas; the rest has no effect on tables."""
    cursor.take_any("materialized", "foreign", "temporary", "temp")
    what = cursor.take_any("table", "view", "index", "schema", "database")
    if not what:
        return []
    concurrently = cursor.take("concurrently")
    if_exists = cursor.take("if", "exists")
    names = [cursor.qualified()]
    while cursor.take(","):
        names.append(cursor.qualified())
    if what == "index":
        table = cursor.qualified() if cursor.take("on") else ""
        if cursor.dialect is Dialect.MSSQL and not table and "." in names[0]:
            table, _, names[0] = names[0].rpartition(".")
        return [ddl.DropIndex(name, table, if_exists=if_exists, concurrently=concurrently) for name in names]
    if what in ("schema", "database"):
        schemas = [name.rpartition(".")[2] for name in names] if what == "schema" else []
        return [ddl.DropTable(f"{schema}.*", if_exists=True) for schema in schemas]
    return [ddl.DropTable(name, if_exists=if_exists) for name in names]


def rename(cursor: Cursor) -> list[ddl.Change]:
    """MySQL's ``RENAME TABLE a TO b, c TO d`` with the cursor behind RENAME."""
    cursor.take_any("table", "tables")
    cursor.take("if", "exists")
    changes: list[ddl.Change] = []
    while not cursor.done():
        old = cursor.qualified()
        if not cursor.take("to"):
            raise NotUnderstoodError("RENAME without TO")
        changes.append(ddl.RenameTable(old, cursor.qualified()))
        cursor.take(",")
    return changes
