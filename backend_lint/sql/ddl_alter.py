"""ALTER TABLE and its like."""

from __future__ import annotations

import itertools
import re

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, Implicit, Index
from backend_lint.lazy_regex import lazy_regex
from backend_lint.sql.ddl_columns import NULL, Declarations
from backend_lint.sql.retyping import is_known
from backend_lint.sql.tokens import Cursor, NotUnderstoodError
from backend_lint.sql.types import canonical_type, is_closed

_WITHOUT_EFFECT = frozenset(
    "owner enable disable force cluster replica validate engine auto_increment comment convert default charset character collate row_format algorithm lock "
    "order discard import nocheck checksum pack_keys stats_persistent key_block_size analyze check optimize rebuild repair truncate coalesce reorganize "
    "exchange remove partition with without options reset tablespace stats_auto_recalc delay_key_write max_rows min_rows avg_row_length union insert_method "
    "secondary_load compression encryption connection data password depends split merge logged unlogged".split()
)


PLAIN_CAST = lazy_regex(r"[(\s]*\"?\w+\"?[)\s]*::[\w\s\"(),.\[\]]+", re.ASCII)
"""``USING column::type`` says no more than the type itself."""


class Alteration:
    """The actions of one ALTER TABLE."""

    def __init__(self, cursor: Cursor, path: str) -> None:
        self.cursor = cursor
        self.path = path
        self.changes: list[ddl.Change] = []
        self.table = ""

    def read(self) -> list[ddl.Change]:
        """The changes, with the cursor behind TABLE."""
        cursor = self.cursor
        cursor.take("if", "exists")
        only = cursor.take("only")
        self.table = cursor.qualified()
        cursor.take("*")
        while not cursor.done():
            if cursor.take("with") and not cursor.take_any("check", "nocheck"):
                raise NotUnderstoodError("ALTER TABLE ... WITH")
            self._action(only)
            if not cursor.done() and not cursor.take(","):
                if cursor.token.lower in _WITHOUT_EFFECT:  # MySQL's options of a table follow one another without commas
                    cursor.until(",")
                    cursor.take(",")
                    continue
                raise NotUnderstoodError(f"{cursor.token.text} behind an action of ALTER TABLE")
        return self.changes

    def _action(self, only: bool) -> None:
        cursor = self.cursor
        if cursor.take("add"):
            self._add(only)
        elif cursor.take("drop"):
            self._drop()
        elif cursor.take("alter"):
            self._alter()
        elif cursor.take_any("modify"):
            cursor.take("column")
            cursor.take("if", "exists")
            if cursor.is_next("(") and cursor.dialect is Dialect.ORACLE:
                raise NotUnderstoodError("MODIFY (...)")
            self._redeclare("")
        elif cursor.take("change"):
            cursor.take("column")
            cursor.take("if", "exists")
            self._redeclare(cursor.name())
        elif cursor.take("rename"):
            self._rename()
        elif cursor.take("set", "schema"):
            self.changes.append(ddl.RenameTable(self.table, f"{cursor.name()}.{self.table.rpartition('.')[2]}"))
        elif cursor.take("inherit"):
            self.changes.append(ddl.Attach(cursor.qualified(), self.table, partition=False))
        elif cursor.take("no", "inherit"):
            self.changes.append(ddl.Attach(cursor.qualified(), self.table, detach=True, partition=False))
        elif cursor.take("attach", "partition"):
            self.changes.append(ddl.Attach(self.table, cursor.qualified()))
            cursor.rest()
        elif cursor.take("detach", "partition"):
            other = cursor.qualified()
            self.changes.append(ddl.Attach(self.table, other, detach=True, concurrently=bool(cursor.take_any("concurrently", "finalize"))))
        elif cursor.take("no", "force") or cursor.take("not", "of") or cursor.take("set") or cursor.token.lower in _WITHOUT_EFFECT:
            cursor.until(",")
        else:
            raise NotUnderstoodError(f"ALTER TABLE ... {cursor.token.text}")

    # -- ADD

    def _add(self, only: bool) -> None:
        cursor = self.cursor
        if cursor.take("partition"):
            cursor.rest()
            return
        declarations = Declarations(cursor, self.path)
        if self._of_index():
            return
        before = cursor.at
        if cursor.token.lower != "column" and declarations.constraint():
            if cursor.at == before:
                raise NotUnderstoodError(f"ADD {cursor.token.text}")
            while cursor.take("not", "valid") or cursor.take("enable") or cursor.take("validate") or cursor.take("no", "inherit"):
                pass
            words = [token.lower for token in cursor.tokens[before : cursor.at]]
            self._declared(declarations, only, valid=("not", "valid") not in itertools.pairwise(words))
            return
        cursor.take("column")
        if_not_exists = cursor.take("if", "not", "exists")
        if cursor.is_next("("):
            cursor.at += 1
            while not cursor.take(")"):
                if not cursor.take(",") and not declarations.constraint():
                    declarations.column()
        else:
            declarations.column()
        cursor.take("first")
        self.changes += (ddl.AddColumn(self.table, column, if_not_exists) for column in declarations.draft.columns)
        if not if_not_exists:
            self._declared(declarations, only, inline=True)
        else:
            self._declared_if_new(declarations)

    def _declared(self, declarations: Declarations, only: bool, valid: bool = True, inline: bool = False) -> None:
        """What the declarations say beside columns."""
        draft = declarations.draft
        for index in draft.indexes:
            if index.implicit is Implicit.PRIMARY_KEY:
                self.changes.append(ddl.SetPrimaryKey(self.table, tuple(key.column for key in index.keys), index))
            else:
                self.changes.append(ddl.AddIndex(self.table, index, only=only))
        self.changes += (ddl.AddCheck(self.table, text, name, valid) for name, text in draft.checks)
        self.changes += (ddl.AddForeignKey(self.table, key, valid, inline) for key in draft.foreign_keys)

    def _declared_if_new(self, declarations: Declarations) -> None:
        """With ADD COLUMN IF NOT EXISTS the constraints come only with the column; nobody repeats a migration, so they are taken as new."""
        self._declared(declarations, False, inline=True)

    def _of_index(self) -> bool:
        """``ADD [CONSTRAINT name] UNIQUE | PRIMARY KEY USING INDEX name``."""
        cursor = self.cursor
        start = cursor.at
        name = ""
        if cursor.take("constraint"):
            name = cursor.name()
        primary = cursor.take("primary", "key")
        if (primary or cursor.take("unique")) and cursor.take("using", "index"):
            using = cursor.name()
            deferrable = cursor.take("deferrable")
            cursor.until(",")
            index = Index(name, (), unique=True, constraint=True, deferrable=deferrable, implicit=Implicit.PRIMARY_KEY if primary else Implicit.UNIQUE)
            if primary:
                self.changes.append(ddl.SetPrimaryKey(self.table, (), index, using))
            else:
                self.changes.append(ddl.AddIndex(self.table, index, using=using))
            return True
        cursor.at = start
        return False

    # -- DROP

    def _drop(self) -> None:
        cursor = self.cursor
        if cursor.take("primary", "key"):
            self.changes.append(ddl.SetPrimaryKey(self.table, ()))
        elif cursor.take("partition"):
            cursor.rest()
        elif word := self._drops_named("index", "key", "foreign", "check", "constraint"):
            if word == "foreign":
                cursor.expect("key")
            if_exists = cursor.take("if", "exists")
            name = cursor.name()
            if word in ("index", "key"):
                self.changes.append(ddl.DropIndex(name, self.table, if_exists=if_exists))
            else:
                self.changes.append(ddl.DropConstraint(self.table, name, if_exists=if_exists))
        else:
            cursor.take("column")
            if_exists = cursor.take("if", "exists")
            names = cursor.names() if cursor.is_next("(") else (cursor.name(),)
            self.changes += (ddl.DropColumn(self.table, name, if_exists) for name in names)
        cursor.take_any("cascade", "restrict")

    def _drops_named(self, *words: str) -> str:
        """One of these words if a name follows it: ``DROP key`` alone drops a column."""
        cursor = self.cursor
        word = cursor.token.lower
        if word not in words or cursor.peek().kind not in ("word", "name", "string") or cursor.peek().lower in ("cascade", "restrict"):
            return ""
        cursor.at += 1
        return word

    # -- ALTER COLUMN

    def _alter(self) -> None:
        cursor = self.cursor
        if (cursor.take("index") or cursor.is_next("constraint") or cursor.is_next("check")) and not cursor.is_next("set"):
            cursor.until(",")
            return
        cursor.take("column")
        cursor.take("if", "exists")
        name = cursor.name()
        change = ddl.AlterColumn(self.table, name)
        if cursor.take("set", "data", "type") or cursor.take("type"):
            change = self._typed(change)
        elif cursor.take("set", "not", "null"):
            change = replace(change, nullable=False)
        elif cursor.take("drop", "not", "null"):
            change = replace(change, nullable=True)
        elif cursor.take("set", "default"):
            value = Declarations(cursor, self.path).default()
            change = replace(change, default="" if NULL.match(value) else value, auto=True if value.lower().startswith("nextval(") else None)
        elif cursor.take("drop", "default"):
            change = replace(change, default="")
        elif cursor.take("drop", "identity"):
            cursor.take("if", "exists")
            change = replace(change, auto=False)
        elif cursor.take("add", "generated"):
            cursor.until(",")
            change = replace(change, auto=True)
        elif cursor.take_any("set", "reset", "restart", "options"):
            cursor.until(",")
            return
        elif cursor.take("drop", "expression"):
            cursor.take("if", "exists")
            return
        elif cursor.dialect in (Dialect.MSSQL, Dialect.MYSQL):
            change = self._typed(change)
            not_null = cursor.take("not", "null")
            change = replace(change, nullable=not not_null if not_null or cursor.take("null") or cursor.dialect is Dialect.MSSQL else None)
        else:
            raise NotUnderstoodError(f"ALTER COLUMN ... {cursor.token.text}")
        self.changes.append(change)

    def _typed(self, change: ddl.AlterColumn) -> ddl.AlterColumn:
        cursor = self.cursor
        type_ = canonical_type(Declarations(cursor, self.path).type_text(), cursor.dialect)
        if not type_:
            raise NotUnderstoodError("a type expected")
        if cursor.take("collate"):
            cursor.qualified()
        using = cursor.take("using")
        if using:
            written = cursor.until(",")
            using = not (PLAIN_CAST.fullmatch(written) and is_known(type_))
        return replace(change, type=type_, using=using)

    def _redeclare(self, old: str) -> None:
        """MySQL's MODIFY and CHANGE: the whole declaration anew. Keys stay unless new ones are declared."""
        declarations = Declarations(self.cursor, self.path)
        column: Column = declarations.column()
        if self.cursor.take("after"):
            self.cursor.name()
        if old and old != column.name:
            self.changes.append(ddl.RenameColumn(self.table, old, column.name))
        self.changes.append(ddl.AlterColumn(self.table, column.name, column=replace(column, closed=is_closed(column.type))))
        self._declared(declarations, False)

    # -- RENAME

    def _rename(self) -> None:
        cursor = self.cursor
        word = cursor.token.lower
        if word in ("constraint", "index", "key") and cursor.peek(2).lower == "to":
            cursor.at += 1
            old = cursor.name()
            cursor.expect("to")
            self.changes.append(ddl.RenameIndex(old, cursor.name(), self.table))
        elif (word in ("to", "as") and cursor.peek().kind in ("word", "name", "string")) or (cursor.dialect is Dialect.MYSQL and cursor.peek().kind == "end"):
            cursor.take_any("to", "as")
            new = cursor.qualified()
            schema = self.table.rpartition(".")[0]
            self.changes.append(ddl.RenameTable(self.table, new if "." in new or not schema else f"{schema}.{new}"))
            self.table = new
        else:
            cursor.take("column")
            cursor.take("if", "exists")
            old = cursor.name()
            cursor.expect("to")
            self.changes.append(ddl.RenameColumn(self.table, old, cursor.name()))


def alter_index(cursor: Cursor) -> list[ddl.Change]:
    """``ALTER INDEX`` with the cursor behind INDEX."""
    if_exists = cursor.take("if", "exists")
    if cursor.take("all"):
        return []
    old = cursor.qualified()
    return [ddl.RenameIndex(old, cursor.qualified().rpartition(".")[2], if_exists=if_exists)] if cursor.take("rename", "to") else []


def alter_view(cursor: Cursor) -> list[ddl.Change]:
    """``ALTER [MATERIALIZED] VIEW`` with the cursor behind VIEW."""
    cursor.take("if", "exists")
    old = cursor.qualified()
    if cursor.take("rename", "to"):
        return [ddl.RenameTable(old, cursor.qualified())]
    if cursor.take("set", "schema"):
        return [ddl.RenameTable(old, f"{cursor.name()}.{old.rpartition('.')[2]}")]
    return []
