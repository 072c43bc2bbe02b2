"""A migration and its steps."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import NamedTuple

from backend_lint.facts.requirements import Version
from backend_lint.project.schema.history import Done, Node
from backend_lint.project.schema.places import Place
from backend_lint.sql.locks import Cost, Lock


class Runner(enum.StrEnum):
    """Who applies a migration; it decides what is in a transaction."""

    DJANGO = "django"
    ALEMBIC = "alembic"
    FLYWAY = "flyway"
    GOLANG_MIGRATE = "golang-migrate"
    DBMATE = "dbmate"
    GOOSE = "goose"
    SQLX = "sqlx"
    PRISMA = "prisma"
    DIESEL = "diesel"
    UNKNOWN = "sql"
    """Numbered files of SQL, whoever applies them."""

    @property
    def is_python(self) -> bool:
        return self in (Runner.DJANGO, Runner.ALEMBIC)


class Step(NamedTuple):
    """A change of a migration. `transaction`: whether it runs inside of one; None if nobody knows. `fresh`: its table is made by the same set of migrations.

    `held`: the strongest lock on each of its tables while it runs: its own, or what an earlier step of the same transaction took and still holds.
    """

    done: Done
    transaction: bool | None
    fresh: bool
    held: Mapping[str, Lock]

    @property
    def place(self) -> Place:
        return Place(self.done.path, self.done.line)

    @property
    def blocking(self) -> tuple[Cost, ...]:
        """What somebody waits for as long as all rows take, under the locks that are held."""
        costs = (cost._replace(lock=max(cost.lock, self.held.get(cost.table, Lock.NONE))) for cost in self.done.costs)
        return tuple(cost for cost in costs if cost.blocks_writes)


def _unknown(_: Version) -> None:
    return None


class Migration(NamedTuple):
    """A migration that is to be judged. `transaction`: whether its runner wraps it into one; None if nobody knows.

    `beside`: paths of the set that it is deployed with. `several`: it runs on other database products as well. `late`: it
    is applied when no old code runs any more. `django`: whether its Django is a version or a later one; None if nothing tells.
    """

    node: Node
    runner: Runner
    transaction: bool | None
    beside: frozenset[str]
    steps: tuple[Step, ...]
    several: bool = False
    late: bool = False
    django: Callable[[Version], bool | None] = _unknown

    @property
    def path(self) -> str:
        return self.node.path

    @property
    def symbol(self) -> str:
        """The name of what holds the steps."""
        return {Runner.DJANGO: "Migration", Runner.ALEMBIC: "upgrade"}.get(self.runner, "")
