"""What is known of the running database without asking it: what the configuration says, and exports of its own statistics."""

from __future__ import annotations

from backend_lint.facts.python import Fact


class TableStatistics(Fact, frozen=True):
    """A row of an export of ``pg_stat_user_tables``: `name` with its schema unless that is ``public``, live rows, scans of the whole table and of indexes.

    `path` and `line` say where the number stands; -1 is unknown.
    """

    name: str
    rows: int
    whole_scans: int = -1
    index_scans: int = -1
    path: str = ""
    line: int = 0


class StatementStatistics(Fact, frozen=True):
    """A row of an export of ``pg_stat_statements``: the normalised statement, how often it ran, and how long it took on the average in milliseconds."""

    text: str
    calls: int
    mean_ms: float
    path: str = ""
    line: int = 0


class KnownDatabase(Fact, frozen=True):
    """`dialect` is empty if the configuration does not say.

    `migrations`: which are judged where no base revision says which are new: ``heads`` (those that no other follows) or ``all``. `deploys`: ``rolling`` if old
    code runs while migrations do, ``downtime`` if nothing does.
    """

    dialect: str = ""
    tables: tuple[TableStatistics, ...] = ()
    statements: tuple[StatementStatistics, ...] = ()
    migrations: str = "heads"
    deploys: str = "rolling"
