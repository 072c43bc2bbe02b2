"""Who calls a function, without the whole call graph: only calls by its name are resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_MAX_NAMESAKES = 2000
"""A name that is called more often is too common to be looked through."""


class Caller(NamedTuple):
    """Call `call` of function `function` of the module at `path`; `receiver`: the object whose method is called, if it is one."""

    path: str
    function: int
    call: int
    receiver: Ref | None


class Callers:
    """Looks for callers in the application; tests do not count."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._kept: dict[tuple[str, int], tuple[Caller, ...] | None] = {}
        self._resolved: dict[str, dict[tuple[RefKind, tuple[str, int]], list[Caller]] | None] = {}

    def of(self, path: str, function: int) -> tuple[Caller, ...] | None:
        """The callers in order of path; None if too many functions have the same name."""
        key = (path, function)
        if key not in self._kept:
            self._kept[key] = ()
            self._kept[key] = self._find(path, function)
        return self._kept[key]

    def _find(self, path: str, function: int) -> tuple[Caller, ...] | None:
        module = self.project.modules[path]
        head = module.functions[function]
        name = head.name.rpartition(".")[2]
        is_constructor = name == "__init__" and head.owner >= 0
        if is_constructor:
            name = module.classes[head.owner].name.rpartition(".")[2]
        key = (path, head.owner if is_constructor else function)
        found = self._targets(name)
        return None if found is None else tuple(found.get((RefKind.CLASS if is_constructor else RefKind.FUNCTION, key), ()))

    def _targets(self, name: str) -> dict[tuple[RefKind, tuple[str, int]], list[Caller]] | None:
        """The calls by a name for each function and class that they reach: each call is resolved once, however many functions have that name."""
        if name not in self._resolved:
            modules = self.project.modules
            places = [place for place in self.project.named_calls.places((name,)) if modules[place[0]].role is not Role.TEST]
            found: dict[tuple[RefKind, tuple[str, int]], list[Caller]] = {}
            for where, index, number in places if len(places) <= _MAX_NAMESAKES else ():
                target = self.project.value(where, index, modules[where].bodies[index].calls[number].callee)
                if target is not None and target.kind in (RefKind.CLASS, RefKind.FUNCTION):
                    receiver = target if target.kind is RefKind.CLASS else target.receiver
                    found.setdefault((target.kind, target.function), []).append(Caller(where, index, number, receiver))
            self._resolved[name] = found if len(places) <= _MAX_NAMESAKES else None
        return self._resolved[name]
