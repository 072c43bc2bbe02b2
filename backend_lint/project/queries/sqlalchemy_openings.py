"""Functions whose queries depend on who calls them: on ``self.model``, on ``**filters``, on a column that is handed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.facts.query import And, Not, Opaque, Or, Predicate, Query
from backend_lint.project.queries.sqlalchemy_chains import SqlalchemyChains
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.references import Ref, RefKind

_MAX_OPENINGS = 60
_MAX_HOPS = 3
_OPEN = ("**", "?", "getattr(")


class Opening(NamedTuple):
    """A function as it is called. `place` and `call` are the outermost call; the function itself and -1 for an object of a subclass that is known to exist."""

    frame: Frame
    place: Frame
    call: int


def is_open(query: Query) -> bool:
    """Whether what the query asks depends on parameters or on the class of ``self``."""
    if any(one.startswith("what ") for one in query.unknown):
        return True
    if any(_is_open(one) for one in (query.where, *(relation.on for relation in query.relations))):
        return True
    return any(is_open(one) for one in query.subqueries)


def _is_open(predicate: Predicate | None) -> bool:
    if isinstance(predicate, (And, Or)):
        return any(_is_open(part) for part in predicate.parts)
    if isinstance(predicate, Not):
        return _is_open(predicate.part)
    return isinstance(predicate, Opaque) and predicate.text.startswith(_OPEN)


class Openings:
    """Finds the calls of such functions, and the subclasses whose objects have them."""

    def __init__(self, chains: SqlalchemyChains) -> None:
        self.chains = chains
        self.project = chains.project
        self._kept: dict[tuple[str, int], tuple[Opening, ...]] = {}

    def of(self, path: str, function: int) -> tuple[Opening, ...]:
        """The ways in which a function is entered, at most sixty."""
        key = (path, function)
        if key not in self._kept:
            self._kept[key] = ()
            found = []
            for opening in self._calls(path, function, 0):
                found.append(opening)
                if len(found) >= _MAX_OPENINGS:
                    break
            self._kept[key] = tuple(found or self._subclasses(path, function))
        return self._kept[key]

    def _calls(self, path: str, function: int, hops: int) -> Iterator[Opening]:
        module = self.project.modules[path]
        head = module.functions[function]
        if not head.parameters:
            return
        for caller in self.chains.callers.of(path, function) or ():
            own = self.project.modules[caller.path].functions[caller.function]
            call = self.project.modules[caller.path].bodies[caller.function].calls[caller.call]
            passes_on = self._passes_on(call.callee, own.parameters[0].name if own.owner >= 0 and own.parameters else "", call.args, call.keywords)
            outer = list(self._calls(caller.path, caller.function, hops + 1)) if passes_on and hops < _MAX_HOPS else []
            if not outer and passes_on and own.owner >= 0:
                outer = list(self._subclasses(caller.path, caller.function))
            for opening in outer:
                receiver = opening.frame.receiver if call.callee.startswith(("%self.", "%cls.", "super")) else caller.receiver
                frame = Frame(path, function, receiver or caller.receiver, opening.frame, caller.call)
                yield Opening(frame, opening.place, opening.call) if opening.call >= 0 else Opening(frame, opening.frame, caller.call)
            if not outer:
                place = Frame(caller.path, caller.function)
                yield Opening(Frame(path, function, caller.receiver, place, caller.call), place, caller.call)

    def _passes_on(self, callee: str, own: str, args: tuple[str, ...], keywords: tuple[tuple[str, str], ...]) -> bool:
        """The call depends on its own function's object or parameters in the same way."""
        if own and callee.startswith((f"%{own}.", "super")):
            return True
        return any(name == "**" and value[:1] == "%" for name, value in keywords) or any(text[:2] == "*%" for text in args)

    def _subclasses(self, path: str, function: int) -> Iterator[Opening]:
        """The subclasses that inherit a method."""
        head = self.project.modules[path].functions[function]
        if head.owner < 0 or "staticmethod" in head.decorators:
            return
        kind = RefKind.CLASS if "classmethod" in head.decorators else RefKind.INSTANCE
        name = head.name.rpartition(".")[2]
        here = Frame(path, function)
        for subclass in self.project.resolver.classes.subclasses(path, head.owner)[:_MAX_OPENINGS]:
            member = self.project.resolver.classes.find(subclass, name)
            if member is not None and member[1] == function and member[0].path == path:
                receiver = Ref(kind, subclass.name, subclass.path, subclass.index)
                yield Opening(Frame(path, function, receiver), here, -1)
