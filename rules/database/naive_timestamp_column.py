from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Evidence, Finding, Profile, ProjectRule, Role, Severity
from backend_lint.facts.schema import Column, Dialect, Table
from backend_lint.project import Project
from backend_lint.sql.types import base


class NaiveTimestampColumn(ProjectRule):
    """A point in time is kept without its time zone.

    ## What it does

    Finds columns of type `timestamp` without time zone on PostgreSQL, one finding a table. It is a warning where other columns of the project keep the time
    zone: then the two cannot be compared.

    ## Why is this bad

    The database keeps what the clock of the writer showed, and forgets which clock. A server or a session in another zone, or the hour that summer time
    repeats, shifts values, and nothing tells afterwards which ones. Comparing such a column with an aware datetime raises an error in Python.

    ## Example

    ```python
    # path: shop/models.py
    from datetime import datetime

    from sqlalchemy import DateTime
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Order(Base):
        __tablename__ = "order"
        id: Mapped[int] = mapped_column(primary_key=True)
        placed: Mapped[datetime] = mapped_column(DateTime())
    ```

    ## Use instead

    ```python
    # path: shop/models.py
    from datetime import datetime

    from sqlalchemy import DateTime
    from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


    class Base(DeclarativeBase):
        pass


    class Order(Base):
        __tablename__ = "order"
        id: Mapped[int] = mapped_column(primary_key=True)
        placed: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ```

    ## When this is wrong

    Every writer uses UTC and every reader knows it, or the column means a time on a wall clock: opening hours, an alarm.

    ## References

    - [PostgreSQL wiki: don't use timestamp without time zone](https://wiki.postgresql.org/wiki/Don%27t_Do_This#Don.27t_use_timestamp_.28without_time_zone.29)
    """

    severity, precision, since = Severity.INFO, "high", "0.2"
    profile = Profile.STRICT
    tags = ("database", "correctness")
    roles = frozenset({Role.APPLICATION, Role.COMMAND, Role.SETTINGS, Role.MIGRATION})
    reads = frozenset({Role.MIGRATION})

    def check(self, project: Project) -> Iterator[Finding]:
        schema = project.schema
        if schema.dialect is not Dialect.POSTGRESQL:
            return
        aware = next(((table, column) for table in schema.tables.values() for column in table.columns if base(column.type) == "timestamptz"), None)
        for table in schema.tables.values():
            naive = [column for column in table.columns if base(column.type) == "timestamp"]
            if naive and table.managed:
                yield self._finding(project, table, naive, aware)

    def _finding(self, project: Project, table: Table, naive: list[Column], aware: tuple[Table, Column] | None) -> Finding:
        place = project.places.column(table, naive[0].name)
        names = ", ".join(f"`{column.name}`" for column in naive[:4]) + (" and more" if len(naive) > 4 else "")
        evidence = []
        if aware is not None:
            there = project.places.column(aware[0], aware[1].name)
            evidence.append(Evidence(there.path, there.line, f"`{aware[0].name}.{aware[1].name}` keeps its time zone"))
        are = "is a timestamp" if len(naive) == 1 else "are timestamps"
        return self.finding(
            place.path,
            place,
            f"{names} of `{table.name}` {are} without time zone: what a clock showed, not when; use timestamptz (`DateTime(timezone=True)`)",
            symbol=place.symbol,
            evidence=evidence,
            severity=Severity.WARNING if aware is not None else None,
        )
