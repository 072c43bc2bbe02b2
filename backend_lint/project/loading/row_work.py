"""Queries that are run about one object that is at hand: in the function that has it, in its own properties and methods, in functions that it is handed to."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence, Set
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.python import Body
from backend_lint.project.calls import FunctionKey
from backend_lint.project.loading.places import Entered, Place, Read
from backend_lint.project.loading.reads import ASKS_ANEW
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.value_text import alternatives

if TYPE_CHECKING:
    from backend_lint.project import Project

_HOPS = 2
_AT_ONCE = frozenset({"first", "last", "get", "aggregate", "latest", "earliest", "count", "exists"})
"""Methods of a related manager that run a query, not only prepare one."""


class OwnQuery(msgspec.Struct, frozen=True):
    """A query that is run for each object; `method` is what runs it, `trail` leads to it."""

    method: str
    trail: tuple[Place, ...]


class RowWork:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def of_object(self, key: FunctionKey, element: str, model: ClassKey) -> tuple[tuple[Read, ...], tuple[OwnQuery, ...]]:
        """The relations that a function reads of an object and the queries that it runs about it, ``element`` being the object's value text."""
        reads, entered = self._project.loads.reads.entering(key, element, model)
        if _has_a_look_first(self._project.calls.body(key), element):
            reads = tuple(read for read in reads if not read.conditional)  # what stands behind the look is for other lists
        return reads, tuple(self._queries((Entered(key, element, (), False), *entered), reads))

    def of_source(self, model: ClassKey, names: Sequence[str], place: Place) -> tuple[tuple[Read, ...], tuple[OwnQuery, ...]]:
        """The same of getting ``a.b.c`` of an object."""
        reads, entered = self._project.loads.reads.entering_source(model, names, place)
        return reads, tuple(self._queries(entered, reads))

    def _queries(self, entered: Sequence[Entered], reads: Sequence[Read]) -> Iterator[OwnQuery]:
        # a prefetch answers these, and where there is none the relation is what is missing
        answered = {(read.trail[-1].path, read.trail[-1].line) for read in reads if read.many and read.method not in ASKS_ANEW}
        for one in entered:
            if not one.conditional and not self._project.calls.is_cached(one.key) and not _has_a_look_first(self._project.calls.body(one.key), one.element):
                yield from self._asked(one, answered)
        for read in reads:
            # a related manager that asks anew, whatever was prefetched
            last = read.trail[-1]
            asks = read.many and not read.conditional and read.method in ASKS_ANEW
            if asks and (read.method in _AT_ONCE or (last.path, last.line) in self._runs):
                yield OwnQuery(read.method, read.trail)

    def _asked(self, at: Entered, answered: Set[tuple[str, int]]) -> Iterator[OwnQuery]:
        """The first query of a function that depends on the object, those at the places `answered` left out."""
        calls = self._project.calls
        for way in self._project.loads.repeats.asked(at.key, frozenset({at.element}), _HOPS):
            if (way[-1].function[0], way[-1].edge.call.line) in answered:
                continue
            places = []
            for step in way:
                head = calls.head(step.function)
                places.append(Place(step.function[0], step.edge.call.line, step.edge.call.column, head.name, f"{head.name}()"))
            yield OwnQuery(way[-1].edge.target.name.rpartition(".")[2], (*at.trail, *places))
            return

    @functools.cached_property
    def _runs(self) -> frozenset[tuple[str, int]]:
        """The places of queries that are run."""
        return frozenset((site.path, site.line) for site in self._project.queries.sites if site.evaluated)


def _has_a_look_first(body: Body, element: str) -> bool:
    """The function may take an answer that the object already has: ``obj.total if hasattr(obj, "total") else ...``."""
    for call in body.calls:
        if (call.callee == "getattr" and call.args and call.args[0] == element) or "prefetched" in call.callee:
            return True
    for text in (*(one.value for one in body.returns), *(one.value for one in body.assigns)):
        if len(options := alternatives(text)) > 1 and any(option.startswith(f"{element}.") for option in options):
            return True
    if any("prefetched" in block.subject and f"{element}." in block.subject for block in body.blocks):
        return True
    return any("_prefetched_objects_cache" in text or text.startswith(f"{element}.__dict__") for _, _, text, _ in body.reads)
