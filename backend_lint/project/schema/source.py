"""What one source of the schema gives: models, a chain of migrations, DDL files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from backend_lint.facts.schema import Table
from backend_lint.project.schema.history import History
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
    rivals: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """By name of a table: files of the other classes that are a table of that name, in a database of their own."""


class Replayed(NamedTuple):
    """What migrations leave when all are applied in order.

    `covers`: the tables whose whole life stands in the migrations, so that what they leave is the truth and not the model; a model's table that is not among
    them is taken from the model. `dropped`: tables that migrations made and took away again. `everything_unknown`: a migration did something to no table
    that could be named; then no table is known for certain. `history`: what each migration does.
    """

    tables: dict[str, Table]
    covers: frozenset[str]
    dropped: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()
    everything_unknown: str = ""
    history: History | None = None


def joined(found: Sequence[Replayed], declared: Mapping[str, Table]) -> Replayed:
    """What several environments leave together; of a table that two of them make that holds which stands nearest to the model, else the first."""
    if len(found) == 1:
        return found[0]
    tables: dict[str, Table] = {}
    covers: set[str] = set()
    dropped: set[str] = set()
    unread: list[Unread] = []
    unknown = ""
    histories = [one.history for one in found if one.history is not None]
    done = {path: steps for history in histories for path, steps in history.done.items()}
    for one in found:
        for name, table in one.tables.items():
            if name not in tables or (name in declared and nearness(table.path, declared[name].path) > nearness(tables[name].path, declared[name].path)):
                tables[name] = table
        covers |= one.covers
        dropped |= one.dropped
        unread += one.unread
        unknown = unknown or one.everything_unknown
    history = History("alembic", tuple(node for history in histories for node in history.nodes), done, tables)
    return Replayed(tables, frozenset(covers), frozenset(dropped - tables.keys()), tuple(unread), unknown, history)


def nearness(path: str, other: str) -> int:
    """How many folders two files have in common, from the root.

    >>> nearness("shop/api/models.py", "shop/api/migrations/1.py"), nearness("shop/api/models.py", "stock/models.py")
    (2, 0)
    """
    pairs = zip(path.split("/")[:-1], other.split("/")[:-1], strict=False)
    return next((at for at, (own, its) in enumerate(pairs) if own != its), min(path.count("/"), other.count("/")))


def is_nearest(path: str, kept: str, rivals: Sequence[str]) -> bool:
    """Whether a file stands nearer to `kept` than to each of its rivals."""
    return not rivals or all(nearness(path, one) < nearness(path, kept) for one in rivals)


def has_known_indexes(table: Table) -> bool:
    """Not one that the model does not manage: somebody else makes it, and with it indexes of which the model says nothing."""
    return table.managed or not table.source.startswith(("django", "sqlalchemy"))
