"""What a `.sql` file says: changes of a schema and named queries, in order."""

from __future__ import annotations

from backend_lint.facts.act import Act
from backend_lint.facts.ddl import Change
from backend_lint.facts.python import Fact
from backend_lint.facts.query import Query


class SqlStatement(Fact, frozen=True):
    """A statement. `name`: from ``-- name: x`` (aiosql, sqlc, HugSQL, yesql), empty if it has none; `marker`: what follows the name (``^``, ``:one``, ``!``).

    One of `changes` and `query` is filled, or neither and there are only `acts`. `not_understood`: why nothing is. `text`: one line, at most 500 characters.
    """

    line: int
    end_line: int
    text: str
    name: str = ""
    marker: str = ""
    changes: tuple[Change, ...] = ()
    query: Query | None = None
    not_understood: str = ""
    acts: tuple[Act, ...] = ()


class SqlFile(Fact, frozen=True):
    """`dialect` is empty if nothing in the file tells. `sections`: for dbmate and goose the line where the way down begins, else 0 (only the way up
    is read). `runs_bare`: a comment tells the runner to run the file outside a transaction. `runner`: whose marks stand in it (``dbmate``, ``goose``).
    `includes`: files that psql runs in its place, as written."""

    statements: tuple[SqlStatement, ...]
    dialect: str = ""
    down: int = 0
    runs_bare: bool = False
    runner: str = ""
    includes: tuple[str, ...] = ()
