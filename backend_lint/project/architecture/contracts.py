"""Contracts: which chains of imports break them, and which of their exceptions match nothing any more."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from backend_lint.facts.architecture import Allowed, Contract, ContractKind, Row
from backend_lint.project.architecture import siblings
from backend_lint.project.architecture.import_graph import Arrow, ImportGraph
from backend_lint.project.modules import SourceModule
from backend_lint.wildcards import fits


class Breach(NamedTuple):
    """A chain of imports that a contract forbids; its last arrow may lead out of the project. `source`, `target`: the names of the contract."""

    contract: Contract
    chain: tuple[Arrow, ...]
    source: str
    target: str


class Stale(NamedTuple):
    """An exception of a contract that no import needs."""

    contract: Contract
    exception: Allowed


class _Bound(NamedTuple):
    """A name of a contract with the modules that it stands for."""

    name: str
    paths: frozenset[str]


MAX_STEPS = 30_000_000
"""Comparisons and imports followed for all contracts of a run, some ten seconds: a contract file may bind every module against every other."""
_MAX_KEPT = 3_000_000


class TooManyChainsError(Exception):
    """Contracts that nobody can check in bearable time; the text names the one at which it showed."""


class Contracts:
    """What becomes of every contract. Modules are told by their dotted names; a package stands for all that lies below it."""

    def __init__(self, graph: ImportGraph, modules: Mapping[str, SourceModule], contracts: Iterable[Contract]) -> None:
        self._graph = graph
        self._modules = modules
        self.contracts = tuple(contracts)
        self._below: dict[str, list[str]] = {}
        self._matching: dict[str, list[str]] = {}
        self._left = MAX_STEPS
        for name, path in sorted(graph.paths.items()):
            parts = name.split(".")
            for depth in range(1, len(parts) + 1):
                self._below.setdefault(".".join(parts[:depth]), []).append(path)

    @property
    def known(self) -> AbstractSet[str]:
        """Names of all modules and packages."""
        return self._below.keys()

    def matching(self, name: str) -> list[str]:
        """The modules and packages that a name stands for, which may hold ``*`` and ``**``."""
        if "*" not in name:
            return [name] if name in self._below else []
        if name not in self._matching:
            self._step(len(self._below), name)
            matches = _pattern(name)
            self._matching[name] = [known for known in self._below if matches(known)]
        return self._matching[name]

    def _step(self, steps: int, where: str) -> None:
        self._left -= steps
        if self._left < 0:
            raise TooManyChainsError(f"{where[:100]}: more than {MAX_STEPS:,} imports and names would be compared: name packages, not each of their modules")

    def breaches(self, contract: Contract) -> list[Breach]:
        """The chains that break a contract, one for each import that leads out of what is bound, in order of places."""
        keeps, _ = self._kept(contract)
        ways = _Ways(keeps)
        found: list[Breach] = []
        for source, targets, blocked in self._pairs(contract):
            for target in targets:
                found += self._exits(contract, source, target, blocked, ways)
        if contract.kind in (ContractKind.ACYCLIC, ContractKind.PRIVATE):
            found += self._beside(contract, keeps)
        unique = {(one.chain[0].importer, one.chain[0].imported, one.target): one for one in reversed(found)}
        return sorted(unique.values(), key=lambda one: (one.chain[0].importer, one.chain[0].line))

    def undeclared(self, contract: Contract) -> list[siblings.Undeclared]:
        """What is in no layer of a contract that is to name all that its containers hold."""
        return siblings.undeclared(contract, [match for name in contract.containers for match in self.matching(name)], self._below)

    def home(self, name: str) -> str:
        """The path of a module, or of the first one in a package."""
        return self._graph.paths.get(name, self._below[name][0])

    def stale(self, contract: Contract) -> list[Stale]:
        """The exceptions of a contract that match no import of the project."""
        _, unused = self._kept(contract)
        return [Stale(contract, one) for one in unused]

    def _kept(self, contract: Contract) -> tuple[dict[str, dict[str, Arrow]], list[Allowed]]:
        """Importer -> imported -> the import, of those that the contract looks at; and exceptions that match none."""
        names = self._graph.names
        exact: dict[str, list[tuple[Allowed, Callable[[str], bool]]]] = {}
        patterns = []
        for one in contract.allowed:
            if "*" in one.importer:
                patterns.append((one, _pattern(one.importer), _pattern(one.imported)))
            else:
                exact.setdefault(one.importer, []).append((one, _pattern(one.imported)))
        used: set[Allowed] = set()
        roots = tuple(f"{root}." for root in contract.roots)
        kept: dict[str, dict[str, Arrow]] = {}
        for path, targets in self._graph.arrows.items():
            name = names[path]
            if roots and not f"{name}.".startswith(roots):
                continue
            self._step(len(targets) + len(patterns) + 1, contract.name)
            mine = [*exact.get(name, ()), *((one, second) for one, first, second in patterns if first(name))]
            inner = kept[path] = {}
            for to, arrows in targets.items():
                arrow = next((one for one in arrows if contract.type_checking or not one.type_checking), None)
                if arrow is None or (roots and not f"{names[to]}.".startswith(roots)):
                    continue
                self._step(len(mine), contract.name)
                allowing = [one for one, second in mine if second(names[to])]
                used.update(allowing)
                if not allowing:
                    inner[to] = arrow
            unused = [(one, second) for one, second in mine if one not in used]
            externals = [external for external, _ in self._externals(path)] if unused else []
            self._step(len(unused) * len(externals), contract.name)
            used.update(one for one, second in unused if any(map(second, externals)))
        return kept, [one for one in contract.allowed if one not in used]

    def _bound(self, name: str, contract: Contract) -> list[_Bound]:
        found = []
        for match in self.matching(name):
            paths = self._below[match] if contract.packages else [self._graph.paths[match]] if match in self._graph.paths else []
            found.append(_Bound(match, frozenset(paths)))
        return found

    def _pairs(self, contract: Contract) -> Iterator[tuple[_Bound, list[_Bound], frozenset[str]]]:
        """Who must not reach whom, and through which modules no chain is followed."""
        nothing: frozenset[str] = frozenset()
        bound = [one for name in contract.modules for one in self._bound(name, contract)]
        if contract.kind is ContractKind.FORBIDDEN:
            targets = [one for name in contract.others for one in self._bound(name, contract) or [_Bound(name, nothing)]]
            for one in bound:
                yield one, [other for other in targets if not contract.overlaps or one.paths.isdisjoint(other.paths)], nothing
        elif contract.kind is ContractKind.INDEPENDENCE:
            for one in bound:
                yield one, [other for other in bound if other is not one], nothing
        elif contract.kind is ContractKind.PROTECTED:
            inside = frozenset(path for one in bound for path in one.paths)
            trusted = frozenset(path for name in contract.others for one in self._bound(name, contract) for path in one.paths)
            for path in self._graph.names.keys() - inside - trusted:
                yield _Bound(self._graph.names[path], frozenset({path})), bound, nothing
        elif contract.kind is ContractKind.LAYERS:
            for container in [match for name in contract.containers for match in self.matching(name)] or [""]:
                yield from self._layer_pairs(contract, container)

    def _layer_pairs(self, contract: Contract, container: str) -> Iterator[tuple[_Bound, list[_Bound], frozenset[str]]]:
        rows = [(row, list(self._row(row, container))) for row in contract.rows]
        everything = frozenset(path for _, bound in rows for one in bound for path in one.paths)
        for index, (row, bound) in enumerate(rows):
            for one in bound:
                higher = [other for _, upper in rows[:index] for other in upper]
                beside = [other for other in bound if other is not one] if row.independent else []
                for target in (*higher, *beside):
                    yield one, [target], everything - one.paths - target.paths

    def _row(self, row: Row, container: str) -> Iterator[_Bound]:
        for module in row.modules:
            name = f"{container}.{module}" if container else module
            if name in self._below:
                yield _Bound(name, frozenset(self._below[name]))

    def _exits(self, contract: Contract, source: _Bound, target: _Bound, blocked: frozenset[str], ways: _Ways) -> Iterator[Breach]:
        kept = ways.kept
        self._step(1, contract.name)
        goal = target.paths - source.paths
        onward: dict[str, Arrow] = {} if target.paths else self._importers_of(target.name, contract, kept)
        direct = contract.kind is ContractKind.PROTECTED or not contract.indirect
        self._step(len(goal) + len(source.paths), contract.name)
        if not direct:
            starts = [*sorted(goal), *(path for path in onward if path not in source.paths)]
            reaching, steps = ways.reaching(target.name, [*target.paths, *onward])
            self._step(steps, contract.name)
            if reaching.isdisjoint(source.paths):
                return
            queue = collections.deque(starts)
            while queue:
                before = ways.importers[queue.popleft()]
                self._step(len(before), contract.name)
                for arrow in before:
                    path = arrow.importer
                    if path not in onward and path not in goal and path not in source.paths and path not in blocked:
                        onward[path] = arrow
                        queue.append(path)
        for path in sorted(source.paths):
            if not target.paths and path in onward:
                yield Breach(contract, (onward[path],), source.name, target.name)
            for imported, arrow in kept.get(path, {}).items():
                if imported in goal or (imported in onward and imported not in source.paths and not direct):
                    chain = (arrow, *_follow(imported, onward, goal))
                    self._step(len(chain), contract.name)
                    yield Breach(contract, chain, source.name, target.name)

    def _importers_of(self, external: str, contract: Contract, kept: Mapping[str, Mapping[str, Arrow]]) -> dict[str, Arrow]:
        """The modules that import something outside the project, each with the import."""
        patterns = [(_pattern(one.importer), _pattern(one.imported)) for one in contract.allowed]
        found = {}
        for path in kept:
            externals = list(self._externals(path))
            self._step(len(externals) + 1, external)
            for name, arrow in externals:
                outside = name == external or name.startswith(external + ".")
                if outside and (contract.type_checking or not arrow.type_checking) and path not in found:
                    top = name.partition(".")[0]
                    self._step(len(patterns), external)
                    if not any(first(self._graph.names[path]) and (second(name) or second(top)) for first, second in patterns):
                        found[path] = arrow
        return found

    def _externals(self, path: str) -> Iterator[tuple[str, Arrow]]:
        inside = {(arrow.line, arrow.name) for arrows in self._graph.arrows[path].values() for arrow in arrows}
        for fact in self._modules[path].facts.imports:
            name = f"{fact.module}.{fact.member}".rstrip(".*") if fact.member else fact.module
            if not fact.level and (fact.line, name) not in inside:
                yield name, Arrow(path, "", fact.line, name, fact.function > 0, fact.type_checking)

    def _beside(self, contract: Contract, kept: Mapping[str, Mapping[str, Arrow]]) -> Iterator[Breach]:
        """What breaks a contract on siblings, or on private modules."""
        self._step(len(self._below) + sum(map(len, kept.values())), contract.name)
        named = [match for name in contract.modules for match in self.matching(name)]
        if contract.kind is ContractKind.PRIVATE:
            pairs = list(siblings.privacy(kept, self._graph.names, named))
        else:
            skipped = {match for name in contract.others for match in self.matching(name)}
            pairs = list(siblings.circles(kept, self._graph.names, siblings.within(named, self._below, contract.depth, skipped)))
        self._step(len(pairs), contract.name)
        for one in pairs:
            yield Breach(contract, one.chain, one.source, one.target)


class _Ways:
    """The imports that a contract looks at: importer -> imported -> the import, and the other way round."""

    def __init__(self, kept: Mapping[str, Mapping[str, Arrow]]) -> None:
        self.kept = kept
        self._reaching: dict[str, frozenset[str]] = {}
        self._size = 0

    @functools.cached_property
    def importers(self) -> dict[str, list[Arrow]]:
        found: dict[str, list[Arrow]] = collections.defaultdict(list)
        for targets in self.kept.values():
            for arrow in targets.values():
                found[arrow.imported].append(arrow)
        return found

    def reaching(self, name: str, starts: Iterable[str]) -> tuple[frozenset[str], int]:
        """All from which a chain leads to `starts`, which `name` stands for, with themselves; and the steps it took to find them."""
        if name in self._reaching:
            return self._reaching[name], 1
        pending = list(starts)
        found = set(pending)
        steps = 0
        while pending:
            before = self.importers.get(pending.pop(), ())
            steps += len(before) + 1
            for arrow in before:
                if arrow.importer not in found:
                    found.add(arrow.importer)
                    pending.append(arrow.importer)
        self._size += len(found)
        if self._size > _MAX_KEPT:
            self._reaching.clear()
            self._size = len(found)
        self._reaching[name] = frozenset(found)
        return self._reaching[name], steps


def _follow(path: str, onward: Mapping[str, Arrow], goal: AbstractSet[str]) -> Iterator[Arrow]:
    while path and path not in goal and path in onward:
        yield onward[path]
        path = onward[path].imported


def _pattern(name: str) -> Callable[[str], bool]:
    """Whether a dotted name fits, in time that grows with pattern times name: contract files are written by the checked project.

    ``*`` stands for one part, ``**`` for one or more.
    """
    if "*" not in name:
        return name.__eq__
    wanted: list[str] = []
    for part in name.split("."):
        # one part, and then any number of them
        wanted += ["*", "**"] if part == "**" else [part]

    return lambda known: fits(wanted, known.split("."), "**", lambda one, part: one in ("*", part))
