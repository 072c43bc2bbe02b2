"""What a database holds: tables, columns, keys and indexes, whoever declared them. Names are as the database spells them."""

from __future__ import annotations

import enum

from backend_lint.facts.python import Fact
from backend_lint.facts.query import Predicate


class Dialect(enum.StrEnum):
    """The database product; it decides what is indexed implicitly and what an index can serve."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    """MariaDB too."""
    SQLITE = "sqlite"
    ORACLE = "oracle"
    MSSQL = "mssql"


class Column(Fact, frozen=True):
    """A column. `type` is the canonical name of `sql.types` (``bigint``, ``varchar(40)``, ``timestamptz``, ``integer[]``), empty if unknown.

    `nullable` is None if unknown. `default` is the SQL text of the default, None if there is none. `auto`: the database numbers it (serial, identity,
    auto_increment). `closed`: only a few values are possible (boolean, enum, ``choices``). `path`, `line`: where it was declared last.
    """

    name: str
    type: str
    nullable: bool | None = True
    default: str | None = None
    auto: bool = False
    closed: bool = False
    generated: bool = False
    collation: str = ""
    path: str = ""
    line: int = 0


class IndexKey(Fact, frozen=True):
    """A part of an index: a column, or an expression in the canonical text of `sql.text` with bare column names (then `column` is empty).

    `nulls_first` is None for the dialect's default. `length`: only so many characters are indexed (MySQL).
    """

    column: str
    expression: str = ""
    descending: bool = False
    nulls_first: bool | None = None
    opclass: str = ""
    collation: str = ""
    length: int = 0


class Implicit(enum.StrEnum):
    """Why an index exists that nobody wrote as an index."""

    NO = ""
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"
    FOREIGN_KEY = "foreign key"
    EXCLUSION = "exclusion"
    HYPERTABLE = "hypertable"


class Index(Fact, frozen=True):
    """An index. `where` is the condition of a partial one, with bare columns of relation 0; `where_text` as written (canonical), empty for a whole index.

    `name` is empty if the database chooses it. `constraint`: it belongs to a constraint. `deferrable`: the uniqueness is checked late, so ON CONFLICT and the
    planner's proofs of uniqueness cannot use it. `usable`: False for an index whose condition or expression was not understood: it may serve, nobody knows.
    """

    name: str
    keys: tuple[IndexKey, ...]
    unique: bool = False
    where: Predicate | None = None
    where_text: str = ""
    include: tuple[str, ...] = ()
    method: str = "btree"
    implicit: Implicit = Implicit.NO
    constraint: bool = False
    deferrable: bool = False
    nulls_distinct: bool = True
    usable: bool = True
    path: str = ""
    line: int = 0


class ForeignKey(Fact, frozen=True):
    """A reference. `on_delete` is lower case (``cascade``, ``set null``, ``restrict``, ``no action``), empty if unknown; for Django what the database does.

    `orm_on_delete`: what the ORM does instead (Django's ``CASCADE`` is done in Python). `enforced` is False where only the model knows it.
    """

    name: str
    columns: tuple[str, ...]
    table: str
    to_columns: tuple[str, ...]
    on_delete: str = ""
    orm_on_delete: str = ""
    enforced: bool = True
    path: str = ""
    line: int = 0


class TableKind(enum.StrEnum):
    """What stands behind the name."""

    TABLE = "table"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    PARTITION = "partition"


class Table(Fact, frozen=True):
    """A table after all that is known was applied. `name` has a schema in front if it is not the default one (``audit.event``).

    `unknown`: why something about it may be missing (a dynamic migration, SQL that was not understood); a rule that needs to know all indexes asks that it be
    empty. `source`: ``django``, ``django migrations``, ``sqlalchemy``, ``alembic``, ``ddl``, ``prisma``. `model`: path and class index of the model, or None.
    `rows`: how many rows there are, from configuration or statistics. `seeded`: a migration fills it with constants, or its rows are choices: it stays small.
    `parents`: tables it inherits from or is a partition of. `partitioned`: its rows lie in partitions, and its indexes serve all of them.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    kind: TableKind = TableKind.TABLE
    managed: bool = True
    source: str = ""
    unknown: tuple[str, ...] = ()
    model: tuple[str, int] | None = None
    rows: int | None = None
    seeded: bool = False
    path: str = ""
    line: int = 0
    parents: tuple[str, ...] = ()
    partitioned: bool = False

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)
