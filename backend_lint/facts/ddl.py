"""Changes of a schema, one struct each: what migrations and DDL files say, in the order in which they say it. `sql.catalog` applies them."""

from __future__ import annotations

from backend_lint.facts.python import Fact
from backend_lint.facts.schema import Column, ForeignKey, Index, Table


class _Change(Fact, frozen=True, tag_field="change"):
    """Base of all changes."""


class CreateTable(_Change, frozen=True, tag="create table"):
    """A new table with all that was declared with it. `like`: columns are copied from that table, and its indexes, defaults and checks if so said."""

    table: Table
    if_not_exists: bool = False
    like: str = ""
    like_indexes: bool = True
    like_defaults: bool = True
    like_checks: bool = True
    check_names: tuple[str, ...] = ()
    """Of `Table.checks`, in the same order; empty for one without a name."""


class CreateType(_Change, frozen=True, tag="create type"):
    """A type by name. `base`: the type that a domain stands for, empty for others. `closed`: an enum."""

    name: str
    base: str = ""
    closed: bool = False


class RenameType(_Change, frozen=True, tag="rename type"):
    """Columns of the type follow."""

    old: str
    new: str


class DropTable(_Change, frozen=True, tag="drop table"):
    """A view too. ``audit.*`` is all of a schema."""

    name: str
    if_exists: bool = False


class RenameTable(_Change, frozen=True, tag="rename table"):
    old: str
    new: str


class AddColumn(_Change, frozen=True, tag="add column"):
    table: str
    column: Column
    if_not_exists: bool = False


class AlterColumn(_Change, frozen=True, tag="alter column"):
    """Changes of a column; None leaves as it is. `default` is SQL text, ``""`` drops it. `column`, if given, replaces the whole declaration.

    `auto`: whether the database numbers it. `using`: the values of a new type are computed by an expression.
    """

    table: str
    name: str
    type: str | None = None
    nullable: bool | None = None
    default: str | None = None
    column: Column | None = None
    auto: bool | None = None
    using: bool = False


class DropColumn(_Change, frozen=True, tag="drop column"):
    table: str
    name: str
    if_exists: bool = False


class RenameColumn(_Change, frozen=True, tag="rename column"):
    table: str
    old: str
    new: str


class SetPrimaryKey(_Change, frozen=True, tag="set primary key"):
    """`index` is the implicit index, with its name if one was given. No columns: the primary key is dropped. `using`: an index that becomes the key's."""

    table: str
    columns: tuple[str, ...]
    index: Index | None = None
    using: str = ""


class AddIndex(_Change, frozen=True, tag="add index"):
    """A new index, or with `Index.constraint` a unique constraint's. `only`: not on the partitions. `using`: an index that becomes the constraint's."""

    table: str
    index: Index
    if_not_exists: bool = False
    only: bool = False
    using: str = ""
    concurrently: bool = False


class DropIndex(_Change, frozen=True, tag="drop index"):
    """`table` is empty where the statement does not name it. `columns`: all indexes on just these columns where no name is known; `unique`: only such."""

    name: str
    table: str = ""
    columns: tuple[str, ...] = ()
    unique: bool | None = None
    if_exists: bool = False
    concurrently: bool = False


class RenameIndex(_Change, frozen=True, tag="rename index"):
    """A constraint's too, whatever its kind."""

    old: str
    new: str
    table: str = ""
    if_exists: bool = False


class AddForeignKey(_Change, frozen=True, tag="add foreign key"):
    """`valid` is False with NOT VALID: rows that are there are not looked at. `inline`: it stands in the declaration of a column that is new."""

    table: str
    foreign_key: ForeignKey
    valid: bool = True
    inline: bool = False


class DropConstraint(_Change, frozen=True, tag="drop constraint"):
    """A constraint by name, with the index that it brought. `columns`: of a foreign key whose name is not known."""

    table: str
    name: str
    columns: tuple[str, ...] = ()
    if_exists: bool = False


class Attach(_Change, frozen=True, tag="attach"):
    """A table becomes a partition of another (or inherits from it); `detach`: it stands alone from now on."""

    parent: str
    table: str
    detach: bool = False
    partition: bool = True
    concurrently: bool = False


class AddCheck(_Change, frozen=True, tag="add check"):
    """`valid` is False with NOT VALID: rows that are there are not looked at."""

    table: str
    text: str
    name: str = ""
    valid: bool = True


class Seed(_Change, frozen=True, tag="seed"):
    """Constant rows are inserted: the table is filled by those who wrote the migration. `rows`: how many, -1 if unknown."""

    table: str
    rows: int


class Forget(_Change, frozen=True, tag="forget"):
    """Something happened that is not understood. `table` is empty if it may have been any. `what`: ``columns``, ``indexes`` or ``all``."""

    table: str
    what: str
    why: str
    path: str
    line: int


Change = (
    CreateTable
    | CreateType
    | RenameType
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
    | Attach
    | AddCheck
    | Seed
    | Forget
)
