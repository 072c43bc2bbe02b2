"""What one source of the schema gives: models, a chain of migrations, DDL files."""

from __future__ import annotations

from typing import NamedTuple

from backend_lint.facts.schema import Table
from backend_lint.project.schema.mapping import ClassKey, Mapped


class Unread(NamedTuple):
    """A statement or an operation that was not understood, and its place. It is counted, and named with ``-v``."""

    path: str
    line: int
    what: str


class Declared(NamedTuple):
    """What models say: their tables by name, and which class is which table."""

    tables: dict[str, Table]
    mapped: dict[ClassKey, Mapped]
    unread: tuple[Unread, ...] = ()


class Replayed(NamedTuple):
    """What migrations leave when all are applied in order.

    `covers`: the tables whose whole life stands in the migrations, so that what they leave is the truth and not the model; a model's table that is not among
    them is taken from the model. `dropped`: tables that migrations made and took away again. `everything_unknown`: a migration did something to no table
    that could be named; then no table is known for certain.
    """

    tables: dict[str, Table]
    covers: frozenset[str]
    dropped: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()
    everything_unknown: str = ""
