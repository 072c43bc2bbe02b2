"""What statements of a migration do beside changing the schema: they write rows, take locks, begin and end transactions, set limits."""

from __future__ import annotations

import enum

from backend_lint.facts.python import Fact


class ActKind(enum.StrEnum):
    """What a statement does."""

    UPDATE = "update"
    DELETE = "delete"
    INSERT = "insert"
    """Of rows that a query gives."""
    TRUNCATE = "truncate"
    BEGIN = "begin"
    COMMIT = "commit"
    """ROLLBACK too: what follows is not in the transaction."""
    SET = "set"
    VALIDATE = "validate"
    """A constraint that was added NOT VALID is checked."""
    REWRITE = "rewrite"
    """VACUUM FULL, CLUSTER, SET TABLESPACE, SET LOGGED and their like."""
    REINDEX = "reindex"
    REFRESH = "refresh"
    """Of a materialized view."""
    LOCK = "lock"
    ALONE = "alone"
    """A statement that PostgreSQL refuses inside a transaction and that changes no table: VACUUM, CREATE DATABASE."""


class Act(Fact, frozen=True):
    """One statement, or one part of an ALTER TABLE. `name`: of a constraint, a setting, a lock's mode, or what rewrites. `value`: of a setting.

    `bounded`: the statement is limited to some rows (a key, a range, a limit); `selective`: a value is compared in its condition, so that it may be about
    few rows. `columns`: those that an UPDATE sets.
    `concurrently`: it leaves readers and writers alone. `line` counts from the beginning of the file.
    """

    kind: ActKind
    table: str = ""
    name: str = ""
    value: str = ""
    bounded: bool = False
    concurrently: bool = False
    line: int = 0
    selective: bool = False
    columns: tuple[str, ...] = ()
