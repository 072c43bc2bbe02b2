from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Dialect, TableKind
from backend_lint.project import Project
from backend_lint.project.schema.sizes import is_small
from backend_lint.sql.types import base

_GROWS = re.compile(
    r"(?:^|[_.])(?:logs?|events?|history|histories|audits?|messages?|notifications?|metrics?|measurements?|visits?|clicks?|views?|transactions?|ledger|"
    r"entries|activity|activities|records?|readings?|pings?|hits?|impressions?|deliveries|samples?|points?|changes?|results?|tokens?)$"
)
"""Last words of names of tables that only ever grow."""
_MANY = 10_000_000


class Int32PrimaryKey(ProjectRule):
    """A primary key that the database counts up has 32 bits.

    ## What it does

    Finds automatic primary keys of type `integer` or smaller in tables that only grow: events, logs, messages and their kind by their name, or more than
    ten million rows by configuration or statistics. SQLite is left out: its integers always have 64 bits.

    ## Why is this bad

    After 2,147,483,647 inserts, rolled back ones and conflicts included, every insert fails. Widening the key rewrites the table, and all that refer to it,
    under a lock.

    ## Example

    ```python
    # path: shop/models.py
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Event(Base):
        __tablename__ = "event"
        id: Mapped[int] = mapped_column(primary_key=True)
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from sqlalchemy import BigInteger
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Event(Base):
        __tablename__ = "event"
        id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ```

    ## When this is wrong

    The table will never see two thousand million inserts. That is most tables, therefore the rule is opt-in.

    ## References

    - [PostgreSQL: integer types](https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-INT)
    """

    severity, precision, since = Severity.INFO, "medium", "0.2"
    profile = Profile.ALL
    tags = ("database", "scalability")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        if project.schema.dialect is Dialect.SQLITE and project.schema.dialect_known:
            return
        for table in project.schema.tables.values():
            column = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
            if column is None or not column.auto or table.kind is not TableKind.TABLE or not table.managed:
                continue
            if (table.rows or 0) < _MANY and (is_small(table) or not _GROWS.search(table.name.lower())):
                continue
            if base(column.type) in ("integer", "smallint", "tinyint"):
                place = project.places.column(table, column.name)
                message = f"primary key `{table.name}.{column.name}` has 32 bits: after 2147483647 inserts every further one fails; make it bigint"
                yield self.finding(place.path, place, message, symbol=place.symbol)
