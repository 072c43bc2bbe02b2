"""Modules that cannot be imported first: in a circle of imports they meet a module that is half loaded, and the name that they want is not there yet."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import BlockKind
from backend_lint.project.architecture.import_graph import Arrow
from backend_lint.project.architecture.import_uses import Use, is_used, names_of, use_of
from backend_lint.project.architecture.layers import JUDGED
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.facts.python import Import
    from backend_lint.project import Project
    from backend_lint.project.modules import SourceModule

_CONDITIONS = frozenset({BlockKind.IF, BlockKind.ORELSE, BlockKind.TRY, BlockKind.HANDLER, BlockKind.ELSE, BlockKind.CASE})
_MOST_MODULES = 60
"""Of one knot, those that are tried first."""
_MOST_STEPS = 20_000
_DEEPEST = 200


class Failure(NamedTuple):
    """Whoever imports `first` before all others gets an ImportError: `arrow` wants `name`, and its target has only come to line `waiting` when it binds that
    at `bound`. `chain` leads from `first` to `arrow`, with it."""

    first: str
    arrow: Arrow
    name: str
    bound: int
    waiting: int
    chain: tuple[Arrow, ...]


class HalfLoaded(NamedTuple):
    """A knot of imports and the shortest of its failures.

    `missing`: the names of the import that are not there yet, in its order. `failing`: the modules of the knot that fail there if they come first;
    `elsewhere`: how many fail at other imports. `detour`: an import on the way that takes a name from a module that has it from elsewhere, with the name and
    the module outside of the knot that defines it. `cut`: the import of the circle
    without which the module loads, rather one whose names are needed late, and first the one that fails where it could load the module without taking a
    name; None if it takes more than one. `outside`: somebody outside of the knot imports a failing module, or nobody does, as with a program.
    """

    failure: Failure
    missing: tuple[str, ...]
    failing: tuple[str, ...]
    elsewhere: int
    knot: tuple[str, ...]
    detour: tuple[Arrow, str, str] | None
    cut: tuple[Arrow, Use] | None
    outside: bool


class _Statement(NamedTuple):
    line: int
    arrows: tuple[tuple[Arrow, str], ...]
    """Each with the name that must be there in the target; empty if it is the module itself."""
    conditional: bool


class _HalfLoadedError(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.name)
        self.failure = failure


def half_loaded(project: Project) -> list[HalfLoaded]:
    """One finding for each knot of modules some of which cannot come first.

    Where all of them fail the code was not understood, since the application starts. Models of Django are loaded before all else, in an order of their own:
    knots with one are left out.
    """
    modules = project.modules

    def counts(arrow: Arrow) -> bool:
        return arrow.runs and modules[arrow.importer].role in JUDGED and modules[arrow.imported].role in JUDGED

    found = []
    for knot in project.architecture.graph.loaded_together(counts):
        if any(_holds_django_models(project, path) for path in knot):
            continue
        failing = _failures(project, knot)
        if not failing or len(failing) == len(knot):
            continue
        most = collections.Counter((one.arrow.importer, one.arrow.line, one.name) for one in failing).most_common(1)[0][0]
        alike = [one for one in failing if (one.arrow.importer, one.arrow.line, one.name) == most]
        shortest, read = min(alike, key=lambda one: len(one.chain)), _Reader(project, frozenset(knot))
        firsts = tuple(one.first for one in alike)
        met = any(_is_met(project, path, read.members) for path in firsts)
        missing, elsewhere = _missing(shortest, read), len(failing) - len(firsts)
        found.append(HalfLoaded(shortest, missing, firsts, elsewhere, knot, _detour(project, shortest, read), _cut(project, shortest, read), met))
    return found


def _missing(failure: Failure, read: _Reader) -> tuple[str, ...]:
    bound = read.bound(failure.arrow.imported) or {}
    taken = [name for one in read.statements(failure.arrow.importer) if one.line == failure.arrow.line for arrow, name in one.arrows if name]
    late = [name for name in taken if bound.get(name, 0) > failure.waiting]
    return tuple(dict.fromkeys((failure.name, *late)))


def _is_met(project: Project, path: str, knot: frozenset[str]) -> bool:
    importers = {importer for importer, found in project.architecture.graph.arrows.items() if path in found}
    return not importers or not importers <= knot


def _loads_without(project: Project, failure: Failure, read: _Reader, cut: Arrow) -> bool:
    return _Run(project, read, failure.first, False, (cut.importer, cut.line)).outcome() is None


def _cut(project: Project, failure: Failure, read: _Reader) -> tuple[Arrow, Use] | None:
    own = failure.arrow
    if _only_loads(project, own) and _Run(project, read, failure.first, False, unnamed=(own.importer, own.line)).outcome() is None:
        return own, Use.NOTHING
    start = next((number for number, step in enumerate(failure.chain) if step.importer == failure.arrow.imported), 0)
    enough = (step for step in reversed(failure.chain[start:]) if _loads_without(project, failure, read, step))
    found = [(step, use_of(project.modules[step.importer], step.line)) for step in enough]
    return min(found, key=lambda one: one[1], default=None)


def _only_loads(project: Project, arrow: Arrow) -> bool:
    """Nobody needs the names that an import takes: it is made for what the module does while it is loaded, such as to register tasks."""
    module = project.modules[arrow.importer]
    taken = names_of(module, arrow.line)
    if not taken or module.is_package or not {*taken}.isdisjoint(module.facts.exports) or any(is_used(module, name) for name in taken):
        return False
    graph = project.architecture.graph
    asked = {one.name.rpartition(".")[2] for path in graph.importers(arrow.importer) for one in graph.arrows[path][arrow.importer]}
    return asked.isdisjoint((*taken, "*"))


def _detour(project: Project, failure: Failure, read: _Reader) -> tuple[Arrow, str, str] | None:
    graph, knot = project.architecture.graph, read.members
    for step in failure.chain[:-1]:
        wanted = _wanted(project.modules[step.importer].facts.imports, step, graph.names[step.imported])
        if not wanted or len([one for one in graph.arrows[step.importer][step.imported] if one.runs]) > 1:
            continue
        home = _home(project, step.imported, wanted)
        if home and knot.isdisjoint((home, *graph.packages_around(home))) and _loads_without(project, failure, read, step):
            return step, wanted, home
    return None


def _home(project: Project, path: str, name: str) -> str:
    """The module that makes what a module hands on under the same name; empty if that is not known."""
    ref = project.resolver.export(path, name)
    if ref is not None and ref.kind in (RefKind.CLASS, RefKind.FUNCTION):
        return ref.path
    seen = {path}
    while (fact := _import_of(project.modules[path], name)) is not None and fact.member == name:
        written = f"{fact.module}.{name}".strip(".")
        found = (to for to, some in project.architecture.graph.arrows[path].items() if any((one.line, one.name) == (fact.line, written) for one in some))
        path = next(found, "")
        if not path or path in seen:
            return ""
        seen.add(path)
    kind, _ = project.modules[path].names.get(name, ("", 0))
    return path if kind in ("assign", "class", "function") else ""


def _import_of(module: SourceModule, name: str) -> Import | None:
    kind, index = module.names.get(name, ("", 0))
    return module.facts.imports[index] if kind == "import" else None


def _holds_django_models(project: Project, path: str) -> bool:
    parts = project.architecture.graph.names[path].split(".")
    return "models" in parts and any(fact.module.startswith("django.") for fact in project.modules[path].facts.imports)


def _failures(project: Project, knot: tuple[str, ...]) -> list[Failure]:
    """The modules of a knot that fail if they come first, whether imports that stand under a condition are made or not."""
    read = _Reader(project, frozenset(knot))
    found = []
    for first in knot[:_MOST_MODULES]:
        outcome = _Run(project, read, first, False).outcome()
        if outcome is not None and _Run(project, read, first, True).outcome() is not None:
            found.append(outcome)
    return found


class _Reader:
    """What the modules of a knot do while they are loaded: their imports in order, and where names are bound."""

    def __init__(self, project: Project, members: frozenset[str]) -> None:
        self._project = project
        self.members = members
        self._statements: dict[str, list[_Statement]] = {}
        self._bound: dict[str, Mapping[str, int] | None] = {}

    def statements(self, path: str) -> list[_Statement]:
        if path not in self._statements:
            module = self._project.modules[path]
            blocks = [(one.line, one.end_line) for one in module.bodies[0].blocks if one.kind in _CONDITIONS]
            at: dict[int, list[tuple[Arrow, str]]] = {}
            for target, arrows in self._project.architecture.graph.arrows[path].items():
                for arrow in arrows if target in self.members else ():
                    if arrow.runs:
                        at.setdefault(arrow.line, []).append((arrow, _wanted(module.facts.imports, arrow, self._project.architecture.graph.names[target])))
            self._statements[path] = [
                _Statement(line, tuple(some), any(start <= line <= end for start, end in blocks)) for line, some in sorted(at.items())
            ]
        return self._statements[path]

    def bound(self, path: str) -> Mapping[str, int] | None:
        """Name -> the first line that binds it, on module level; None if not all of them are known."""
        if path not in self._bound:
            module = self._project.modules[path]
            lines: dict[str, int] = {}
            everything = [(one.name, one.line) for one in module.functions[1:] if one.owner < 0 and one.scope == 0]
            everything += [(one.name, one.line) for one in module.classes if one.scope == 0]
            everything += [(one.target, one.line) for one in module.bodies[0].assigns]
            everything += [(one.name, one.line) for one in module.facts.imports if one.function == 0]
            for name, line in everything:
                lines[name] = min(line, lines.get(name, line))
            unknown = "__getattr__" in lines or any(one.member == "*" and one.function == 0 for one in module.facts.imports)
            self._bound[path] = None if unknown else lines
        return self._bound[path]


class _Run:
    """A Python that imports one module of a knot before all the others.

    `without`: an import that is left out, by its module and line; `unnamed`: one that takes no name.
    """

    def __init__(
        self,
        project: Project,
        read: _Reader,
        first: str,
        conditional: bool,
        without: tuple[str, int] | None = None,
        unnamed: tuple[str, int] | None = None,
    ) -> None:
        self._graph = project.architecture.graph
        self._read = read
        self._first = first
        self._conditional = conditional
        self._without = without
        self._unnamed = unnamed
        self._at: dict[str, int] = {}
        """Modules that are being loaded -> the line that they have come to."""
        self._done: set[str] = set()
        self._way: list[Arrow] = []
        self._steps = 0

    def outcome(self) -> Failure | None:
        try:
            self._import(self._first)
        except _HalfLoadedError as error:
            return error.failure
        return None

    def _import(self, path: str) -> None:
        if path in self._at or path in self._done:
            return  # and so are the packages around it
        for package in self._graph.packages_around(path):
            if package in self._read.members:
                self._load(package)
        self._load(path)

    def _load(self, path: str) -> None:
        if path in self._at or path in self._done or len(self._at) > _DEEPEST:
            return
        self._at[path] = 0
        for statement in self._read.statements(path):
            if (statement.conditional and not self._conditional) or (path, statement.line) == self._without:
                continue
            self._at[path] = statement.line
            for arrow, wanted in statement.arrows:
                self._steps += 1
                if self._steps > _MOST_STEPS:
                    return
                self._way.append(arrow)
                self._import(arrow.imported)
                if not statement.conditional and (path, statement.line) != self._unnamed:
                    self._demand(arrow, wanted)
                self._way.pop()
        del self._at[path]
        self._done.add(path)

    def _demand(self, arrow: Arrow, wanted: str) -> None:
        waiting = self._at.get(arrow.imported)
        if waiting is None or not wanted:
            return
        bound = self._read.bound(arrow.imported)
        if bound is None or bound.get(wanted, 0) <= waiting:
            return
        raise _HalfLoadedError(Failure(self._first, arrow, wanted, bound[wanted], waiting, tuple(self._way)))


def _wanted(imports: tuple[Import, ...], arrow: Arrow, target: str) -> str:
    """The name that the import takes out of the module; empty for the module itself and for all that it has."""
    for fact in imports:
        if fact.line == arrow.line and fact.member and arrow.name == f"{fact.module}.{fact.member}".strip("."):
            is_module = target == arrow.name or target.endswith(f".{arrow.name}")
            return "" if fact.member == "*" or is_module else fact.member
    return ""
