"""How a query finds the rows of each table: the planner's question, answered from schema and condition alone."""

from __future__ import annotations

import enum

from backend_lint.facts.python import Fact
from backend_lint.facts.schema import IndexKey


class Path(enum.StrEnum):
    """How the rows of one relation are found."""

    INDEX = "index"
    """An index leads to them, or delivers them in the order that a limit cuts."""
    SCAN = "scan"
    """The condition is selective and no index serves it: every row of the table is read."""
    WHOLE = "whole"
    """Nothing selective is asked of this relation: reading all of it is right."""
    UNKNOWN = "unknown"
    """Table, index or condition is not known well enough."""


class Candidate(Fact, frozen=True):
    """An index that would serve, and does not exist. `where` is the condition of a partial one as SQL."""

    table: str
    keys: tuple[IndexKey, ...]
    method: str = "btree"
    where: str = ""
    unique: bool = False


class Reason(Fact, frozen=True):
    """Why an index that exists does not serve: its name and half a sentence (``email is not its leading column``)."""

    index: str
    why: str


class Access(Fact, frozen=True):
    """The answer for relation `relation` of a query.

    `index`: the name of the serving index (its columns in brackets if it has none). `columns`: the columns whose conditions were to be served, equality
    first. `condition`: them as text for a message. `order`: the question was ORDER BY with LIMIT. `reasons`: one an index of the table. `candidate`: the
    smallest index that would serve; `further`: those that are needed beside it, for the other ways of an OR. `selective`: some equality on a column that is
    not a closed set, a range or pattern, or a join from few rows. `range_only`: nothing stronger than a range with one end is asked, so that it depends on
    the value how many rows are wanted. `joined`: the relation is reached from rows of another one. `scope`: numbers of subqueries that lead to the query in
    which `relation` counts; empty for the statement itself. `elsewhere`: an index that holds an asked column, though not in front: all of it would be read.
    `partly`: an index leads to the rows of a weak condition only, and a stronger one is tested on each of them; `candidate` would lead to the rows of
    both. `because`: what decided, in half a sentence.
    """

    relation: int
    table: str
    path: Path
    index: str = ""
    columns: tuple[str, ...] = ()
    condition: str = ""
    order: bool = False
    reasons: tuple[Reason, ...] = ()
    candidate: Candidate | None = None
    selective: bool = False
    because: str = ""
    further: tuple[Candidate, ...] = ()
    scope: tuple[int, ...] = ()
    range_only: bool = False
    joined: bool = False
    elsewhere: str = ""
    partly: bool = False
