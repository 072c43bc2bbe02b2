"""Contracts: which chains of imports break them, and which of their exceptions match nothing any more."""

from __future__ import annotations

import collections
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from backend_lint.facts.architecture import Allowed, Contract, ContractKind, Row
from backend_lint.project.architecture.import_graph import Arrow, ImportGraph
from backend_lint.project.modules import SourceModule


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


class Contracts:
    """What becomes of every contract. Modules are told by their dotted names; a package stands for all that lies below it."""

    def __init__(self, graph: ImportGraph, modules: Mapping[str, SourceModule], contracts: Iterable[Contract]) -> None:
        self._graph = graph
        self._modules = modules
        self.contracts = tuple(contracts)
        self._below: dict[str, list[str]] = {}
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
        pattern = _pattern(name)
        return [known for known in self._below if pattern.fullmatch(known)]

    def breaches(self, contract: Contract) -> list[Breach]:
        """The chains that break a contract, one for each import that leads out of what is bound, in order of places."""
        keeps, _ = self._kept(contract)
        found: list[Breach] = []
        for source, targets, blocked in self._pairs(contract):
            for target in targets:
                found += self._exits(contract, source, target, blocked, keeps)
        if contract.kind is ContractKind.ACYCLIC:
            found += self._circles(contract, keeps)
        unique = {(one.chain[0].importer, one.chain[0].imported, one.target): one for one in reversed(found)}
        return sorted(unique.values(), key=lambda one: (one.chain[0].importer, one.chain[0].line))

    def stale(self, contract: Contract) -> list[Stale]:
        """The exceptions of a contract that match no import of the project."""
        _, unused = self._kept(contract)
        return [Stale(contract, one) for one in unused]

    def _kept(self, contract: Contract) -> tuple[dict[str, dict[str, Arrow]], list[Allowed]]:
        """Importer -> imported -> the import, of those that the contract looks at; and exceptions that match none."""
        names = self._graph.names
        patterns = [(one, _pattern(one.importer), _pattern(one.imported)) for one in contract.allowed]
        used: set[Allowed] = set()
        roots = tuple(f"{root}." for root in contract.roots)
        kept: dict[str, dict[str, Arrow]] = {}
        for path, targets in self._graph.arrows.items():
            name = names[path]
            if roots and not f"{name}.".startswith(roots):
                continue
            mine = [(one, second) for one, first, second in patterns if first.fullmatch(name)]
            inner = kept[path] = {}
            for to, arrows in targets.items():
                arrow = next((one for one in arrows if contract.type_checking or not one.type_checking), None)
                if arrow is None or (roots and not f"{names[to]}.".startswith(roots)):
                    continue
                allowing = [one for one, second in mine if second.fullmatch(names[to])]
                used.update(allowing)
                if not allowing:
                    inner[to] = arrow
            for one, second in mine:
                if one not in used and any(second.fullmatch(external) for external, _ in self._externals(path)):
                    used.add(one)
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
                yield one, targets, nothing
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

    def _exits(
        self, contract: Contract, source: _Bound, target: _Bound, blocked: frozenset[str], kept: Mapping[str, Mapping[str, Arrow]]
    ) -> Iterator[Breach]:
        goal = target.paths - source.paths
        onward: dict[str, Arrow] = {} if target.paths else self._importers_of(target.name, contract, kept)
        direct = contract.kind is ContractKind.PROTECTED or not contract.indirect
        if not direct:
            importers: dict[str, list[Arrow]] = collections.defaultdict(list)
            for found in kept.values():
                for arrow in found.values():
                    importers[arrow.imported].append(arrow)
            queue = collections.deque([*goal, *(path for path in onward if path not in source.paths)])
            while queue:
                for arrow in importers[queue.popleft()]:
                    path = arrow.importer
                    if path not in onward and path not in goal and path not in source.paths and path not in blocked:
                        onward[path] = arrow
                        queue.append(path)
        for path in sorted(source.paths):
            if not target.paths and path in onward:
                yield Breach(contract, (onward[path],), source.name, target.name)
            for imported, arrow in kept.get(path, {}).items():
                if imported in goal or (imported in onward and imported not in source.paths and not direct):
                    yield Breach(contract, (arrow, *_follow(imported, onward, goal)), source.name, target.name)

    def _importers_of(self, external: str, contract: Contract, kept: Mapping[str, Mapping[str, Arrow]]) -> dict[str, Arrow]:
        """The modules that import something outside the project, each with the import."""
        patterns = [(_pattern(one.importer), _pattern(one.imported)) for one in contract.allowed]
        found = {}
        for path in kept:
            for name, arrow in self._externals(path):
                outside = name == external or name.startswith(external + ".")
                if outside and (contract.type_checking or not arrow.type_checking) and path not in found:
                    top = name.partition(".")[0]
                    if not any(first.fullmatch(self._graph.names[path]) and (second.fullmatch(name) or second.fullmatch(top)) for first, second in patterns):
                        found[path] = arrow
        return found

    def _externals(self, path: str) -> Iterator[tuple[str, Arrow]]:
        inside = {(arrow.line, arrow.name) for arrows in self._graph.arrows[path].values() for arrow in arrows}
        for fact in self._modules[path].facts.imports:
            name = f"{fact.module}.{fact.member}".rstrip(".*") if fact.member else fact.module
            if not fact.level and (fact.line, name) not in inside:
                yield name, Arrow(path, "", fact.line, name, fact.function > 0, fact.type_checking)

    def _circles(self, contract: Contract, kept: Mapping[str, Mapping[str, Arrow]]) -> Iterator[Breach]:
        for ancestor in (match for name in contract.modules for match in self.matching(name)):
            depth = ancestor.count(".") + 2
            child = {path: ".".join(self._graph.names[path].split(".")[:depth]) for path in self._below[ancestor] if self._graph.names[path] != ancestor}
            between: dict[tuple[str, str], Arrow] = {}
            for path, targets in kept.items():
                for to, arrow in targets.items():
                    if path in child and to in child and child[path] != child[to]:
                        between.setdefault((child[path], child[to]), arrow)
            for (one, other), arrow in sorted(between.items()):
                back = between.get((other, one)) or _way_back(other, one, between)
                if back is not None:
                    yield Breach(contract, (arrow, back), one, other)


def _way_back(start: str, goal: str, between: Mapping[tuple[str, str], Arrow]) -> Arrow | None:
    """The first import on a way from `start` to `goal`; None if there is none."""
    first: dict[str, Arrow] = {}
    queue = collections.deque([start])
    while queue:
        current = queue.popleft()
        for (one, other), arrow in between.items():
            if one == current and other not in first and other != start:
                first[other] = first.get(current, arrow)
                if other == goal:
                    return first[other]
                queue.append(other)
    return None


def _follow(path: str, onward: Mapping[str, Arrow], goal: AbstractSet[str]) -> Iterator[Arrow]:
    while path and path not in goal and path in onward:
        yield onward[path]
        path = onward[path].imported


def _pattern(name: str) -> re.Pattern[str]:
    parts = itertools.chain.from_iterable((r"\.", _part(part)) for part in name.split("."))
    return re.compile("".join(itertools.islice(parts, 1, None)))


def _part(part: str) -> str:
    return r"[^.]+" if part == "*" else r"[^.]+(?:\.[^.]+)*" if part == "**" else re.escape(part)
