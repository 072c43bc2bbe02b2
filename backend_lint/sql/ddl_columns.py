"""Declarations of columns and constraints, as they stand in CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from msgspec.structs import replace

from backend_lint.facts.schema import Column, Dialect, ForeignKey, Implicit, Index, IndexKey
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.ddl_expressions import condition, expression
from backend_lint.sql.tokens import Cursor, NotUnderstoodError
from backend_lint.sql.types import canonical_type, is_closed, is_serial

_AFTER_TYPE = frozenset(
    "constraint not null default primary unique check references generated collate auto_increment autoincrement comment on as identity first after visible "
    "invisible storage compression deferrable initially key stored virtual persisted charset column_format srid using encode options sparse rowguidcol with "
    "hidden masked enable disable novalidate rely".split()
)
_AFTER_DEFAULT = _AFTER_TYPE - {"as", "key", "using", "with", "identity", "charset", "storage", "options"} | {"auto_increment", "on", "with"}
_IN_TYPES = frozenset(
    "varying precision unsigned signed big zerofill binary with without local time zone array large object long raw character char varchar int integer to year "
    "month day hour minute second set".split()
)
_SILENT = frozenset(
    "deferrable enforced first visible invisible stored virtual persisted sparse rowguidcol enable disable values hidden validate rely novalidate".split()
)
NULL = lazy_regex(r"\(*null\)*(?:::.*)?$", re.IGNORECASE)
_CONSTRAINTS = frozenset({"primary", "unique", "foreign", "check", "exclude"})


@dataclass
class Draft:
    """What the declarations read so far say of a table."""

    columns: list[Column] = field(default_factory=list)
    primary_key: tuple[str, ...] = ()
    indexes: list[Index] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    checks: list[tuple[str, str]] = field(default_factory=list)
    likes: list[tuple[str, bool, bool, bool]] = field(default_factory=list)
    """A pattern, and whether its indexes, its defaults and its checks are copied."""


class Declarations:
    """Reads declarations from a cursor into a draft. `path` is where they stand."""

    def __init__(self, cursor: Cursor, path: str) -> None:
        self.cursor = cursor
        self.dialect = cursor.dialect
        self.path = path
        self.draft = Draft()

    # -- columns

    def column(self) -> Column:
        """``name type constraints``; what the constraints say goes into the draft."""
        cursor = self.cursor
        line = cursor.line_here()
        name = cursor.name()
        written = self.type_text()
        column = self._typed(Column(name, "", path=self.path, line=line), written)
        if self.dialect is Dialect.MYSQL and written.lower() == "serial":
            column = replace(column, nullable=False)
            self._unique("", (name,), line)
        column = self._column_constraints(column, written)
        self.draft.columns.append(column)
        return column

    def type_text(self) -> str:
        """A type as written, up to the first constraint."""
        cursor = self.cursor
        if cursor.token.lower in _AFTER_TYPE or cursor.token.kind not in ("word", "name"):
            return ""
        start = cursor.at
        while not cursor.done():
            token = cursor.token
            if token.text in (",", ")") or (token.kind == "word" and cursor.at > start and token.lower in _AFTER_TYPE and not self._in_type(start)):
                break
            if cursor.is_next("character", "set") or token.kind == "string":
                break
            if token.text == "(":
                cursor.group()
                continue
            inside = cursor.at == start or token.text in ("[", "]", ".") or cursor.tokens[cursor.at - 1].text in (".", "[")
            if not inside and not (token.kind == "word" and (token.lower in _IN_TYPES or self.dialect is Dialect.SQLITE)):
                break
            cursor.at += 1
        return cursor.text[cursor.tokens[start].start : cursor.tokens[cursor.at - 1].end]

    def _in_type(self, start: int) -> bool:
        """``timestamp WITH time zone`` goes on; ``x WITH (...)`` does not."""
        cursor = self.cursor
        return cursor.token.lower == "with" and cursor.peek().lower in ("time", "local")

    def _typed(self, column: Column, written: str) -> Column:
        type_ = canonical_type(written, self.dialect)
        auto = is_serial(written) and self.dialect in (Dialect.POSTGRESQL, Dialect.MYSQL)
        return replace(column, type=type_, auto=column.auto or auto, nullable=False if auto else column.nullable, closed=is_closed(type_))

    def _column_constraints(self, column: Column, written: str) -> Column:
        cursor = self.cursor
        name = ""
        while not cursor.done():
            line = cursor.line_here()
            if cursor.is_next(",") or cursor.is_next(")"):
                break
            if cursor.take("constraint"):
                name = cursor.name()
                continue
            if cursor.take("not", "null"):
                column = replace(column, nullable=False)
                cursor.take("no", "inherit")
                cursor.take("enable")
            elif cursor.take("null"):
                column = replace(column, nullable=True)
            elif cursor.take("default"):
                value = self.default()
                column = replace(column, default=None if NULL.match(value) else value, auto=column.auto or value.lower().startswith("nextval("))
            elif cursor.take("primary", "key") or (self.dialect is Dialect.MYSQL and cursor.take("key")):
                descending = cursor.take_any("asc", "desc") == "desc"
                cursor.take_any("clustered", "nonclustered")
                column = replace(column, nullable=False if self.dialect is not Dialect.SQLITE else column.nullable)
                if self.dialect is Dialect.SQLITE and written.strip().lower() == "integer" and not descending:
                    column = replace(column, auto=True, nullable=False)
                self._primary(name, (column.name,), line)
            elif cursor.take("unique"):
                cursor.take_any("key", "clustered", "nonclustered")
                self._unique(name, (column.name,), line)
            elif cursor.take("check"):
                column = self._check(name, column)
            elif cursor.take("references"):
                self._references(name, (column.name,), line, self.dialect is not Dialect.MYSQL)
            elif cursor.take("foreign", "key"):
                continue
            elif cursor.take("generated") or cursor.is_next("as", "(") or cursor.is_next("identity"):
                column = self._generated(column)
            elif cursor.take_any("auto_increment", "autoincrement"):
                column = replace(column, auto=True)
            elif cursor.take("collate"):
                cursor.take("=")
                column = replace(column, collation=cursor.collation())
            elif not self._passed_over():
                raise NotUnderstoodError(f"column {column.name}: {cursor.token.text} is not known")
            name = ""
        return column

    def default(self) -> str:
        """The text of a default."""
        cursor = self.cursor
        if cursor.token.text == "(":
            start = cursor.at
            cursor.group()
        else:
            start = cursor.at
            cursor.at += 1
        cursor.until(",", *_AFTER_DEFAULT)
        return cursor.text[cursor.tokens[start].start : cursor.tokens[cursor.at - 1].end] if cursor.at > start else ""

    def _generated(self, column: Column) -> Column:
        cursor = self.cursor
        if cursor.take("identity"):
            if cursor.is_next("("):
                cursor.group()
            return replace(column, auto=True, nullable=False)
        by_default = cursor.take("by", "default")
        if by_default:
            cursor.take("on", "null")
        else:
            cursor.take("always")
        cursor.expect("as")
        if cursor.take("identity"):
            if cursor.is_next("("):
                cursor.group()
            return replace(column, auto=True, nullable=False)
        if cursor.take("row"):
            cursor.take_any("start", "end")
            return column
        written = cursor.group()
        cursor.take_any("stored", "virtual", "persisted")
        return replace(column, generated=True, default=expression(written, self.dialect).text)

    def _passed_over(self) -> bool:
        """Takes what says nothing of the schema."""
        cursor = self.cursor
        if cursor.take("on", "update"):
            cursor.at += 1
            if cursor.is_next("("):
                cursor.group()
        elif cursor.take("on", "conflict") or cursor.take("storage") or cursor.take("compression") or cursor.take("column_format") or cursor.take("srid"):
            cursor.at += 1
        elif cursor.take("comment") or cursor.take("character", "set") or cursor.take("charset"):
            cursor.take("=")
            cursor.at += 1
        elif cursor.take("not", "deferrable") or cursor.take("not", "enforced") or cursor.take("no", "inherit") or cursor.take("not", "valid"):
            pass
        elif cursor.take("initially"):
            cursor.at += 1
        elif cursor.take("using", "index"):
            cursor.until(",", *(_AFTER_TYPE - {"using"}))
        elif cursor.take("options") or (cursor.take("with") and cursor.is_next("(")):
            cursor.group()
        elif cursor.take("after"):
            cursor.name()
        else:
            return bool(cursor.take_any(*_SILENT))
        return True

    # -- constraints

    def constraint(self) -> bool:
        """A constraint of the table if one comes next: ``CONSTRAINT name ...``, ``PRIMARY KEY (...)``, MySQL's ``KEY name (...)``."""
        cursor = self.cursor
        line = cursor.line_here()
        name = ""
        if cursor.take("constraint") and (cursor.token.lower not in _CONSTRAINTS or cursor.peek().lower in _CONSTRAINTS):
            name = cursor.name()
        if cursor.take("primary", "key"):
            cursor.take_any("clustered", "nonclustered")
            self._key(name, line, primary=True)
        elif cursor.take("unique"):
            cursor.take_any("key", "index", "clustered", "nonclustered")
            if self.dialect is Dialect.MYSQL and cursor.token.kind in ("word", "name") and not cursor.is_next("using"):
                name = cursor.name()
            self._key(name, line, primary=False)
        elif cursor.take("foreign", "key"):
            if self.dialect is Dialect.MYSQL and not cursor.is_next("("):
                cursor.take("if", "not", "exists")
                name = name or cursor.name()
            columns = cursor.names()
            cursor.expect("references")
            self._references(name, columns, line, True)
        elif cursor.is_next("check", "(") and cursor.take("check"):
            self._check(name, None)
        elif (cursor.is_next("exclude", "(") or cursor.is_next("exclude", "using")) and cursor.take("exclude"):
            self._exclude(name, line)
        elif self.dialect is Dialect.MYSQL or (self.dialect is Dialect.MSSQL and cursor.is_next("index")):
            return self._mysql_index(line)
        elif name and cursor.take("not", "null"):
            cursor.name()
            cursor.take("no", "inherit")
        else:
            return bool(name)
        return True

    def _mysql_index(self, line: int) -> bool:
        from backend_lint.sql.ddl_indexes import keys

        cursor = self.cursor
        method = cursor.take_any("fulltext", "spatial")
        if not cursor.take_any("index", "key") and not method:
            return False
        cursor.take("if", "not", "exists")
        name = cursor.name() if cursor.token.kind in ("word", "name", "string") and not cursor.is_next("using") else ""
        if cursor.take("using") or cursor.take("type"):
            method = method or cursor.name().lower()
        cursor.take_any("clustered", "nonclustered")
        found, usable = keys(cursor)
        index = Index(name, found, method=method or "btree", usable=usable, path=self.path, line=line)
        self.draft.indexes.append(self._options(index))
        return True

    def _key(self, name: str, line: int, primary: bool) -> None:
        from backend_lint.sql.ddl_indexes import keys

        cursor = self.cursor
        if cursor.take("using", "index"):
            raise NotUnderstoodError("a constraint of an index stands only in ALTER TABLE")
        if cursor.take("using"):
            cursor.name()
        distinct = True
        if cursor.take("nulls", "not", "distinct"):
            distinct = False
        cursor.take("nulls", "distinct")
        found, usable = keys(cursor)
        implicit = Implicit.PRIMARY_KEY if primary else Implicit.UNIQUE
        index = Index(name, found, unique=True, implicit=implicit, constraint=True, nulls_distinct=distinct, usable=usable, path=self.path, line=line)
        self.draft.indexes.append(self._options(index))
        if primary:
            self.draft.primary_key = tuple(key.column for key in found)

    def _options(self, index: Index) -> Index:
        """INCLUDE, DEFERRABLE and what else may stand behind the keys."""
        cursor = self.cursor
        while not cursor.done() and not cursor.is_next(",") and not cursor.is_next(")"):
            if cursor.take("include"):
                index = replace(index, include=cursor.names())
            elif cursor.take("deferrable"):
                index = replace(index, deferrable=True)
            elif cursor.take("using", "btree") or cursor.take("using", "hash"):
                pass
            elif cursor.take("where"):
                written = cursor.group() if cursor.is_next("(") else cursor.until(",")
                found = condition(written, self.dialect)
                index = replace(index, where=found.predicate, where_text=found.text, usable=index.usable and found.understood)
            elif cursor.take("key_block_size") or cursor.take("parser") or cursor.take("with", "parser"):
                cursor.take("=")
                cursor.at += 1
            elif not cursor.is_next("on", "conflict") and (cursor.take("on") or cursor.take("tablespace")):
                cursor.at += 1
            elif not self._passed_over():
                raise NotUnderstoodError(f"{cursor.token.text} behind a key is not known")
        return index

    def _primary(self, name: str, columns: tuple[str, ...], line: int) -> None:
        keys = tuple(IndexKey(column) for column in columns)
        self.draft.primary_key = columns
        index = Index(name, keys, unique=True, implicit=Implicit.PRIMARY_KEY, constraint=True, path=self.path, line=line)
        self.draft.indexes.append(self._column_options(index))

    def _unique(self, name: str, columns: tuple[str, ...], line: int) -> None:
        cursor = self.cursor
        keys = tuple(IndexKey(column) for column in columns)
        distinct = not cursor.take("nulls", "not", "distinct")
        cursor.take("nulls", "distinct")
        index = Index(name, keys, unique=True, implicit=Implicit.UNIQUE, constraint=True, nulls_distinct=distinct, path=self.path, line=line)
        self.draft.indexes.append(self._column_options(index))

    def _column_options(self, index: Index) -> Index:
        cursor = self.cursor
        if cursor.take("include"):
            index = replace(index, include=cursor.names())
        return replace(index, deferrable=True) if cursor.take("deferrable") else index

    def _check(self, name: str, column: Column | None) -> Column:
        written = self.cursor.group()
        found = condition(written, self.dialect)
        self.draft.checks.append((name, found.text))
        column = column or Column("", "")
        while self.cursor.take("no", "inherit") or self.cursor.take("not", "valid") or self.cursor.take("not", "enforced") or self.cursor.take("enforced"):
            pass
        lowered = found.text.lower()
        few = lowered.startswith((f"{column.name.lower()} in (", f"{column.name.lower()} = any (array["))
        return replace(column, closed=True) if column.name and few and lowered.count("'") <= 60 else column

    def _references(self, name: str, columns: tuple[str, ...], line: int, enforced: bool) -> None:
        cursor = self.cursor
        table = cursor.qualified()
        to_columns = cursor.names() if cursor.is_next("(") else ()
        on_delete = "no action"
        while not cursor.done():
            if cursor.take("match"):
                cursor.at += 1
            elif cursor.take("on", "delete"):
                on_delete = self._action()
            elif cursor.take("on", "update"):
                self._action()
            elif not (cursor.take("not", "valid") or cursor.take("not", "deferrable") or cursor.take("deferrable") or cursor.take("not", "enforced")):
                if not cursor.take("initially"):
                    break
                cursor.at += 1
        key = ForeignKey(name, columns, table, to_columns, on_delete=on_delete, enforced=enforced, path=self.path, line=line)
        self.draft.foreign_keys.append(key)

    def _action(self) -> str:
        cursor = self.cursor
        word = cursor.take_any("cascade", "restrict", "no", "set")
        if word == "no":
            cursor.expect("action")
            return "no action"
        if word == "set":
            what = cursor.take_any("null", "default")
            if cursor.is_next("("):
                cursor.group()
            return f"set {what}"
        if not word:
            raise NotUnderstoodError(f"{cursor.token.text or 'the end'} is no action of a foreign key")
        return word

    def _exclude(self, name: str, line: int) -> None:
        from backend_lint.sql.ddl_indexes import keys

        cursor = self.cursor
        method = cursor.name() if cursor.take("using") else "btree"
        found, usable = keys(cursor)
        index = Index(name, found, implicit=Implicit.EXCLUSION, constraint=True, method=method, usable=usable, path=self.path, line=line)
        self.draft.indexes.append(self._options(index))
