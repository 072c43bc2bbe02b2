"""What a statement becomes step by step: unrun, rows, objects, one object, one of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import FLASK_HELPERS, ONE, RUNNERS
from backend_lint.project.schema.mapping import ClassKey

MAX_VARIANTS = 8


class ChainStep(NamedTuple):
    """A call of a chain: its method, its arguments as value texts of function `function` of the module at `path`, its number there.

    `frame` says who called that function; `call` is -1 for what is no call (a slice: ``[]``, its text the only argument).
    """

    method: str
    args: tuple[str, ...]
    keywords: tuple[tuple[str, str], ...]
    path: str
    function: int
    call: int
    frame: Frame


class Chain(NamedTuple):
    """A statement or query and what was done with it.

    `entities`: what it selects, one for each argument: a mapped class, or None for columns and functions. `steps`: the calls, the first of them begins it
    (``select``, ``query``, ``update``, ``get``; ``relationship`` for a dynamic one: receiver and name). `complete`: False if a step was not understood
    or may be repeated.

    `fetched`: ``statement`` and ``query`` are not run yet (a query is run by iterating); ``rows``, ``row``: tuples; ``entities``, ``entity``: the values of
    column `column`; ``value``: a number, a truth; ``page``; ``part``: a subquery, a CTE; empty: unknown.
    """

    entities: tuple[ClassKey | None, ...]
    steps: tuple[ChainStep, ...]
    complete: bool = True
    fetched: str = "statement"
    column: int = 0

    @property
    def entity(self) -> ClassKey | None:
        """The class of the objects that ``entity`` and ``entities`` are."""
        return self.entities[self.column] if self.column < len(self.entities) else None

    def then(self, step: ChainStep, fetched: str | None = None, complete: bool = True) -> Chain:
        """The chain with one step more."""
        return Chain(self.entities, (*self.steps, step), self.complete and complete, self.fetched if fetched is None else fetched, self.column)

    def giving(self, fetched: str, column: int = 0) -> Chain:
        """The same chain, of whose result another part is looked at."""
        return Chain(self.entities, self.steps, self.complete, fetched, column)


def executed(chain: Chain, step: ChainStep) -> Chain:
    """The result of running a statement."""
    method = step.method
    if method in ("scalars", "stream_scalars"):
        return chain.then(step, "entities")
    if method in ("scalar", "fetch_val"):
        return chain.then(step, "entity")
    if method == "fetch_one":
        return chain.then(step, "row")
    if method == "exec" and len(chain.entities) == 1:
        return chain.then(step, "entities")
    if method in FLASK_HELPERS:
        return chain.then(step, RUNNERS[method])
    return chain.then(step, "rows")


def iterated(chain: Chain) -> Chain:
    """What going through a query or result gives, as a list."""
    if chain.fetched == "query":
        return chain.giving("entities" if len(chain.entities) < 2 else "rows")
    return chain


def item_of(chain: Chain) -> Iterable[Chain]:
    """One element of a result."""
    chain = iterated(chain)
    if chain.fetched == "page":
        return (chain.giving("entity", chain.column),)
    if chain.fetched in ("entities", "rows"):
        return (chain.giving("entity" if chain.fetched == "entities" else "row", chain.column),)
    return ()


def picked(chain: Chain, name: str) -> Iterable[Chain]:
    """One column of a row, by position or by the name of its class."""
    if name.isdigit():
        return (chain.giving("entity", int(name)),) if int(name) < len(chain.entities) else ()
    if name in ("_mapping", "_tuple", "tuple", "t"):
        return (chain,)
    for position, entity in enumerate(chain.entities):
        if entity is not None:
            written = chain.steps[0].args
            shown = written[position].rpartition(".")[2] if position < len(written) else ""
            if name == shown:
                return (chain.giving("entity", position),)
    return ()


def fetched_by(chain: Chain, step: ChainStep) -> Iterable[Chain]:
    method, fetched = step.method, chain.fetched
    rows = fetched == "rows"
    if method in ("unique", "yield_per", "freeze", "tuples", "mappings", "columns"):
        return (chain.then(step),)
    if method in ("all", "fetchall", "fetchmany"):
        return (chain.then(step),)
    if method == "partitions":
        return (chain.then(step),)
    if method == "scalars":
        column = int(step.args[0]) if step.args and step.args[0].isdigit() else 0
        return (chain.then(step).giving("entities", column),)
    if method in ("scalar", "scalar_one", "scalar_one_or_none"):
        return (chain.then(step).giving("entity", chain.column),)
    if method in ONE:
        return (chain.then(step, "row" if rows else "entity"),)
    return ()


def pruned(chains: Sequence[Chain]) -> tuple[Chain, ...]:
    """At most eight different ones: the shortest and the longest stay."""
    if len(chains) < 2:
        return tuple(chains)
    if len(chains) <= MAX_VARIANTS:
        # few are compared sooner than they are hashed with all that they hold
        few: list[Chain] = []
        for chain in chains:
            if chain not in few:
                few.append(chain)
        return tuple(few)
    found = tuple(dict.fromkeys(chains))
    if len(found) <= MAX_VARIANTS:
        return found
    ordered = sorted(range(len(found)), key=lambda position: len(found[position].steps))
    kept = {ordered[0], ordered[-1], *ordered[1 : MAX_VARIANTS - 1]}
    return tuple(chain for position, chain in enumerate(found) if position in kept)
