"""Where something is called by a name: one pass over all calls, for everyone who looks for calls of certain names."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.modules import SourceModule

CallPlace = tuple[str, int, int]
"""Path, number of the function, number of the call in it."""


class NamedCalls:
    """The calls of all modules by the last part of the callee: ``commit`` for ``db.session.commit()``."""

    def __init__(self, modules: Mapping[str, SourceModule]) -> None:
        self._modules = modules

    @functools.cached_property
    def by_name(self) -> dict[str, list[CallPlace]]:
        """All calls, those of each name in order of path, function and line."""
        table: dict[str, list[CallPlace]] = {}
        for path, module in self._modules.items():
            for function, body in enumerate(module.bodies):
                for number, call in enumerate(body.calls):
                    name = call.callee.rpartition(".")[2]
                    if name in table:
                        table[name].append((path, function, number))
                    else:
                        table[name] = [(path, function, number)]
        return table

    @functools.cached_property
    def renamed(self) -> dict[str, set[str]]:
        """The names that imports give to members of modules instead of their own, by the dotted name of the member: a callee may end with them."""
        renamed: dict[str, set[str]] = {}
        for module in self._modules.values():
            for found in module.facts.imports:
                if found.aliased and found.member:
                    renamed.setdefault(f"{found.module}.{found.member}", set()).add(found.name)
        return renamed

    def places(self, names: Iterable[str]) -> list[CallPlace]:
        """Where any of the names is called, in order of path, function and line."""
        by_name = self.by_name
        lists = [by_name[name] for name in dict.fromkeys(names) if name in by_name]
        return lists[0] if len(lists) == 1 else sorted(place for places in lists for place in places)

    def calls(self, *names: str, without: Collection[Role] = ()) -> Iterator[tuple[SourceModule, int, int, Call]]:
        """The same with module and call, as (module, function, number, call), modules of the roles `without` left out."""
        for path, function, number in self.places(names):
            module = self._modules[path]
            if module.role not in without:
                yield module, function, number, module.bodies[function].calls[number]

    def functions(self, names: Iterable[str]) -> dict[tuple[str, int], list[int]]:
        """The functions that call any of the names, each with the numbers of those calls, in order of path and line."""
        found: dict[tuple[str, int], list[int]] = {}
        for path, function, number in self.places(names):
            found.setdefault((path, function), []).append(number)
        return found
