"""Calls of named library functions and classes, wherever and under whatever name they are imported."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint import api
from backend_lint.facts.file import Role
from backend_lint.facts.python import Assign, Call
from backend_lint.project.modules import SourceModule
from backend_lint.project.value_text import entries
from backend_lint.project.web.values import Place, keyword

if TYPE_CHECKING:
    from backend_lint.project import Project

SERVING = frozenset({Role.APPLICATION, Role.SETTINGS})


class LibraryCall(NamedTuple):
    """A call, and the dotted name of what it calls."""

    module: SourceModule
    function: int
    number: int
    call: Call
    name: str

    @property
    def symbol(self) -> str:
        """The enclosing function; empty on module level."""
        return self.module.functions[self.function].name if self.function else ""

    def place(self, text: str) -> Place:
        """A value of the call, where it stands."""
        return Place(self.module.path, self.function, text)


def place_of(at: Call | Assign) -> api.Place:
    """A call, or the target of an assignment, as findings show it."""
    return api.Place(at.line, at.column, at.end_line, at.end_column) if isinstance(at, Call) else api.Place.at(at.line, at.column, len(at.target))


def calls_to(project: Project, names: Collection[str], roles: Collection[Role] = SERVING) -> Iterator[LibraryCall]:
    """Calls of what has one of the dotted `names`, in modules of these roles."""
    wanted = frozenset(names)
    lasts = {name.rpartition(".")[2] for name in wanted}
    lasts.update(other for name in wanted for other in project.named_calls.renamed.get(name, ()))
    for module, function, number, call in project.guards.values.calls_named(*lasts):
        if module.role in roles:
            target = project.value(module.path, function, call.callee)
            if target is not None and target.is_external and target.name in wanted:
                yield LibraryCall(module, function, number, call, target.name)


def entry(project: Project, place: Place, key: str) -> Place | None:
    """What a dictionary that is displayed, named or made by ``dict(...)`` has under a constant key; None if it has none or that is unknown."""
    values = project.guards.values
    found = values.follow(place)
    call = values.call(found)
    if call is not None and call.callee == "dict":
        held = keyword(call, key)
        return found._replace(text=held) if held else None
    return next((found._replace(text=held) for name, held in entries(found.text) if name == key), None)
