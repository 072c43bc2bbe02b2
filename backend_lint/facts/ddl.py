"""Changes of a schema, one struct each: what migrations and DDL files say, in the order in which they say it. `sql.catalog` applies them."""

from __future__ import annotations

from backend_lint.facts.python import Fact
from backend_lint.facts.schema import Column, ForeignKey, Index, Table


class CreateTable(Fact, frozen=True, tag="create table"):
    """A new table with all that was declared with it. `like`: columns and indexes are copied from that table."""

    table: Table
    if_not_exists: bool = False
    like: str = ""


class DropTable(Fact, frozen=True, tag="drop table"):
    name: str


class RenameTable(Fact, frozen=True, tag="rename table"):
    old: str
    new: str


class AddColumn(Fact, frozen=True, tag="add column"):
    table: str
    column: Column
    if_not_exists: bool = False


class AlterColumn(Fact, frozen=True, tag="alter column"):
    """Changes of a column; None leaves as it is. `default` is SQL text, ``""`` drops it. `column`, if given, replaces the whole declaration."""

    table: str
    name: str
    type: str | None = None
    nullable: bool | None = None
    default: str | None = None
    column: Column | None = None


class DropColumn(Fact, frozen=True, tag="drop column"):
    table: str
    name: str


class RenameColumn(Fact, frozen=True, tag="rename column"):
    table: str
    old: str
    new: str


class SetPrimaryKey(Fact, frozen=True, tag="set primary key"):
    """`index` is the implicit index, with its name if one was given."""

    table: str
    columns: tuple[str, ...]
    index: Index | None = None


class AddIndex(Fact, frozen=True, tag="add index"):
    """A new index, or with `Index.constraint` a unique constraint's."""

    table: str
    index: Index
    if_not_exists: bool = False


class DropIndex(Fact, frozen=True, tag="drop index"):
    """`table` is empty where the statement does not name it. `columns`: all indexes on just these columns where no name is known; `unique`: only such."""

    name: str
    table: str = ""
    columns: tuple[str, ...] = ()
    unique: bool | None = None


class RenameIndex(Fact, frozen=True, tag="rename index"):
    old: str
    new: str
    table: str = ""


class AddForeignKey(Fact, frozen=True, tag="add foreign key"):
    table: str
    foreign_key: ForeignKey


class DropConstraint(Fact, frozen=True, tag="drop constraint"):
    """A constraint by name, with the index that it brought. `columns`: of a foreign key whose name is not known."""

    table: str
    name: str
    columns: tuple[str, ...] = ()


class AddCheck(Fact, frozen=True, tag="add check"):
    table: str
    text: str
    name: str = ""


class Seed(Fact, frozen=True, tag="seed"):
    """Constant rows are inserted: the table is filled by those who wrote the migration. `rows`: how many, -1 if unknown."""

    table: str
    rows: int


class Forget(Fact, frozen=True, tag="forget"):
    """Something happened that is not understood. `table` is empty if it may have been any. `what`: ``columns``, ``indexes`` or ``all``."""

    table: str
    what: str
    why: str
    path: str
    line: int


Change = (
    CreateTable
    | DropTable
    | RenameTable
    | AddColumn
    | AlterColumn
    | DropColumn
    | RenameColumn
    | SetPrimaryKey
    | AddIndex
    | DropIndex
    | RenameIndex
    | AddForeignKey
    | DropConstraint
    | AddCheck
    | Seed
    | Forget
)
