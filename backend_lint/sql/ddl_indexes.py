"""CREATE INDEX, and the keys of an index wherever they stand."""

from __future__ import annotations

from backend_lint.duration import digits
from backend_lint.facts import ddl
from backend_lint.facts.schema import Dialect, Index, IndexKey
from backend_lint.sql.ddl_expressions import condition, expression
from backend_lint.sql.tokens import Cursor, NotUnderstoodError

_BEHIND = frozenset({"asc", "desc", "nulls", "with", "collate", ""})


def create_index(cursor: Cursor, path: str) -> list[ddl.Change]:
    """``CREATE [UNIQUE] INDEX`` with the cursor behind CREATE; raises NotUnderstoodError."""
    line = cursor.line_here()
    cursor.take("or", "replace")
    unique = cursor.take("unique")
    method = cursor.take_any("fulltext", "spatial")
    while cursor.take_any("clustered", "nonclustered", "bitmap", "columnstore"):
        pass
    cursor.expect("index")
    concurrently = cursor.take("concurrently")
    if_not_exists = cursor.take("if", "not", "exists")
    name = "" if cursor.is_next("on") and cursor.peek().kind in ("word", "name") and cursor.peek().lower != "on" else cursor.qualified()
    if cursor.take("using"):
        method = method or cursor.name().lower()
    cursor.expect("on")
    only = cursor.take("only")
    table = cursor.qualified()
    if cursor.dialect is Dialect.SQLITE and "." in name:
        name = name.rpartition(".")[2]
    if cursor.take("using"):
        method = method or cursor.name().lower()
    found, usable = keys(cursor)
    include: tuple[str, ...] = ()
    distinct = True
    where = None
    while not cursor.done():
        if cursor.take("include"):
            include = cursor.names()
        elif cursor.take("nulls", "not", "distinct"):
            distinct = False
        elif cursor.take("nulls", "distinct"):
            pass
        elif cursor.take("where"):
            where = condition(cursor.until("with", "tablespace", "\0"), cursor.dialect)
        elif cursor.take("with") or cursor.take("options"):
            cursor.take("parser") or cursor.group()
        elif cursor.take("using"):
            method = method or cursor.name().lower()
        elif cursor.take("on"):
            cursor.at += 1
        elif cursor.token.lower in _OPTIONS:
            cursor.at += 1
            cursor.take("=")
            cursor.at += 1
        elif cursor.take_any("compress", "parallel", "pctfree", "initrans"):
            if cursor.token.kind == "number":
                cursor.at += 1
        elif not cursor.take_any("visible", "invisible", "online", "local", "global", "reverse", "nologging", "noparallel", "logging"):
            raise NotUnderstoodError(f"index {name}: {cursor.token.text} is not known")
    index = Index(
        name.rpartition(".")[2],
        found,
        unique=unique,
        where=where.predicate if where else None,
        where_text=where.text if where else "",
        include=include,
        method=method or "btree",
        nulls_distinct=distinct,
        usable=usable and (where is None or where.understood),
        path=path,
        line=line,
    )
    return [ddl.AddIndex(table, index, if_not_exists, only, concurrently=concurrently)]


_OPTIONS = frozenset({"tablespace", "comment", "algorithm", "lock", "key_block_size", "parser", "engine_attribute"})


def keys(cursor: Cursor) -> tuple[tuple[IndexKey, ...], bool]:
    """``(a, lower(b) DESC, (c->>'d') text_ops)``: the keys, and whether all expressions among them were understood."""
    cursor.expect("(")
    found: list[IndexKey] = []
    understood = True
    while not cursor.take(")"):
        if found:
            cursor.expect(",")
        key, known = _key(cursor)
        found.append(key)
        understood = understood and known
    if not found:
        raise NotUnderstoodError("an index without keys")
    return tuple(found), understood


def _key(cursor: Cursor) -> tuple[IndexKey, bool]:
    column, written, length = _operand(cursor)
    collation = opclass = ""
    descending, nulls = False, None
    while not cursor.is_next(",") and not cursor.is_next(")"):
        if cursor.take("collate"):
            collation = cursor.collation()
        elif cursor.take("asc"):
            pass
        elif cursor.take("desc"):
            descending = True
        elif cursor.take("nulls"):
            nulls = cursor.take_any("first", "last") == "first"
        elif cursor.take("with"):
            cursor.until(",")  # the operator of an exclusion
        elif cursor.token.kind in ("word", "name") and not opclass:
            opclass = cursor.qualified().rpartition(".")[2]
            if cursor.is_next("("):
                cursor.group()
        else:
            raise NotUnderstoodError(f"{cursor.token.text or 'the end'} in the keys of an index")
    usual = descending if cursor.dialect is not Dialect.SQLITE else not descending
    nulls = None if nulls == usual else nulls
    if column:
        return IndexKey(column, descending=descending, nulls_first=nulls, opclass=opclass, collation=collation, length=length), True
    found = expression(written, cursor.dialect)
    bare = found.text if found.understood and _is_column(found.text) else ""
    if bare:
        return IndexKey(bare, descending=descending, nulls_first=nulls, opclass=opclass, collation=collation), True
    return IndexKey("", found.text, descending, nulls, opclass, collation), found.understood


def _is_column(text: str) -> bool:
    return text.replace("_", "a").isidentifier() and text not in ("true", "false", "null")


def _operand(cursor: Cursor) -> tuple[str, str, int]:
    """The column, or the text of the expression, and MySQL's length."""
    start = cursor.at
    token = cursor.token
    if token.text == "(":
        written = cursor.group()
    elif token.lower == "case":
        written = ""
    elif token.kind in ("word", "name"):
        cursor.at += 1
        if cursor.is_next("(") and cursor.peek().kind == "number" and cursor.peek(2).text == ")" and cursor.dialect is Dialect.MYSQL:
            length = digits(cursor.group()) or 0
            return token.text, "", length
        while cursor.is_next(".") and cursor.peek().kind in ("word", "name"):
            cursor.at += 2
        if cursor.is_next("("):
            cursor.group()
            written = cursor.text[token.start : cursor.tokens[cursor.at - 1].end]
        elif cursor.token.lower in _BEHIND or cursor.token.text in (",", ")") or cursor.token.kind in ("word", "name"):
            last = cursor.tokens[cursor.at - 1]
            return (last.lower if last.kind == "word" and cursor.dialect is Dialect.POSTGRESQL else last.text), "", 0
        else:
            written = ""
    elif token.kind == "string" and cursor.dialect in (Dialect.SQLITE, Dialect.MYSQL):
        cursor.at += 1
        return token.text.strip("'"), "", 0
    else:
        raise NotUnderstoodError(f"{token.text or 'the end'} is no key of an index")
    if not written or (cursor.token.kind == "sign" and cursor.token.text not in (",", ")")):
        cursor.at = start
        written = cursor.until(",", "asc", "desc", "nulls", "collate")
    return "", written, 0
