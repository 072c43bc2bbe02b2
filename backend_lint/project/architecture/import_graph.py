"""The import graph: which module of the project imports which, with the place of every import."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from backend_lint.facts.python import Import
from backend_lint.project.modules import ModuleIndex, SourceModule


class Arrow(NamedTuple):
    """An import of one module by another. `name`: what is imported, as it is written, without the dots of a relative import.

    `deferred`: it stands in a function, so nothing is loaded with the importer. `type_checking`: it is never run.
    """

    importer: str
    imported: str
    line: int
    name: str
    deferred: bool
    type_checking: bool

    @property
    def runs(self) -> bool:
        """The import is made while the importer is loaded."""
        return not self.deferred and not self.type_checking


Keeps = Callable[[Arrow], bool]


class ImportGraph:
    """Nodes are paths of modules. An import of what a package re-exports leads to the package; the chain goes on from there.

    `arrows`: importer -> imported -> the imports, in the order of lines. `names`: dotted names, from the folder that imports start at.
    """

    def __init__(self, modules: Mapping[str, SourceModule], index: ModuleIndex) -> None:
        self._index = index
        self.arrows: dict[str, dict[str, list[Arrow]]] = {path: {} for path in modules}
        roots: collections.Counter[str] = collections.Counter()
        starts: collections.Counter[tuple[str, str]] = collections.Counter()
        for path, module in modules.items():
            found = self.arrows[path]
            for fact in module.facts.imports:
                target, dotted = self._target(path, fact)
                if target is None or target == path:
                    continue
                if not fact.level:
                    root = _root_of(target, dotted)
                    roots[root] += 1
                    starts[target.rpartition("/")[0], root] += 1
                written = f"{fact.module}.{fact.member}".strip(".") if fact.member else fact.module
                found.setdefault(target, []).append(Arrow(path, target, fact.line, written, fact.function > 0, fact.type_checking))
        above = _Roots(modules, roots, starts, index.import_roots)
        self.names = {path: _name(path, above.of(path.rpartition("/")[0])) for path in modules}
        self.paths = {name: path for path, name in reversed(self.names.items())}
        self._importers: dict[str, list[str]] | None = None

    def root(self, path: str) -> str:
        """The folder that the name of a module starts at."""
        return _stem(path).removesuffix(self.names[path].replace(".", "/")).rstrip("/")

    def _target(self, path: str, fact: Import) -> tuple[str | None, str]:
        """The module that an import loads last, and its dotted name: a member that is a module, else the module that has the member."""
        index = self._index
        member = "" if fact.member == "*" else fact.member
        if fact.level:
            dotted = fact.module
            if member:
                inner = index.relative(path, fact.level, f"{dotted}.{member}" if dotted else member)
                if inner is not None and not inner.endswith("/"):
                    return inner, dotted
            found = index.relative(path, fact.level, dotted)
        else:
            dotted = fact.module
            found = index.find(dotted, path)
            if found is not None and _is_namesake(found, dotted, path):
                return None, dotted
            if found is None:
                # `import a.b.c` of an attribute of a.b, or of a module that is made when the project is built
                dotted = dotted.rpartition(".")[0]
                found = index.find(dotted, path) if dotted and not member else None
            elif member and found.endswith(("/__init__.py", "/")):
                inner = index.submodule(found, member)
                if inner is not None and not inner.endswith("/"):
                    return inner, f"{dotted}.{member}"
        return (None if found is None or found.endswith("/") or found not in self.arrows else found), dotted

    def importers(self, path: str) -> list[str]:
        """The modules that import a module, in order of their paths."""
        if self._importers is None:
            table: dict[str, list[str]] = {}
            for importer, found in self.arrows.items():
                for imported in found:
                    table.setdefault(imported, []).append(importer)
            self._importers = table
        return self._importers.get(path, [])

    def chain(self, start: str, goals: frozenset[str], keeps: Keeps, avoid: frozenset[str] = frozenset()) -> tuple[Arrow, ...]:
        """The shortest chain of imports from a module to one of others, through none of `avoid`; empty if there is none."""
        before: dict[str, Arrow | None] = {start: None}
        queue = collections.deque([start])
        while queue:
            path = queue.popleft()
            for imported, arrows in self.arrows.get(path, {}).items():
                if imported in before or imported in avoid:
                    continue
                arrow = next(filter(keeps, arrows), None)
                if arrow is None:
                    continue
                before[imported] = arrow
                if imported in goals:
                    return _walk_back(before, imported)
                queue.append(imported)
        return ()

    def cycles(self, keeps: Keeps) -> list[tuple[str, ...]]:
        """The groups of modules that reach each other through imports that `keeps` accepts, each of two or more, in order of their first path."""
        onward = {path: [to for to, arrows in found.items() if any(map(keeps, arrows))] for path, found in self.arrows.items()}
        return sorted(tuple(sorted(group)) for group in _components(onward) if len(group) > 1)

    def loaded_together(self, keeps: Keeps) -> list[tuple[str, ...]]:
        """The same for what Python loads: with a module come the packages that it lies in."""
        around = {path: list(self.packages_around(path)) for path in self.names}
        onward = {}
        for path, found in self.arrows.items():
            direct = [to for to, arrows in found.items() if any(map(keeps, arrows))]
            onward[path] = list(dict.fromkeys([*around[path], *(package for to in direct for package in around[to]), *direct]))
        return sorted(tuple(sorted(group)) for group in _components(onward) if len(group) > 1)

    def packages_around(self, path: str) -> Iterator[str]:
        """The packages that a module lies in, the outermost first."""
        name = self.names[path]
        at = name.find(".")
        while at > 0:
            package = self.paths.get(name[:at])
            if package is not None and package != path:
                yield package
            at = name.find(".", at + 1)


def _walk_back(before: Mapping[str, Arrow | None], goal: str) -> tuple[Arrow, ...]:
    way: list[Arrow] = []
    arrow = before[goal]
    while arrow is not None:
        way.append(arrow)
        arrow = before[arrow.importer]
    return tuple(reversed(way))


def _components(onward: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Tarjan's strongly connected components, without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    waiting: set[str] = set()
    groups: list[list[str]] = []
    for start in onward:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        open_.append(start)
        waiting.add(start)
        work = [(start, iter(onward[start]))]
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while True:
                        member = open_.pop()
                        waiting.discard(member)
                        group.append(member)
                        if member == node:
                            break
                    groups.append(group)
            elif following not in index:
                index[following] = low[following] = len(index)
                open_.append(following)
                waiting.add(following)
                work.append((following, iter(onward.get(following, ()))))
            elif following in waiting:
                low[node] = min(low[node], index[following])
    return groups


def _is_namesake(found: str, dotted: str, importer: str) -> bool:
    """A file in a folder that has nothing to do with the importer, and only bears the name of the library that is meant: ``templates/duckdb.py``."""
    folder = found.rpartition("/")[0]
    if "." in dotted or found.endswith("__init__.py") or folder in ("", "src"):
        return False
    return found.endswith(".py") and not importer.startswith(f"{folder}/")


def _stem(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__")


def _name(path: str, root: str) -> str:
    stem = _stem(path)
    return (stem[len(root) + 1 :] if root else stem).replace("/", ".")


def _root_of(path: str, dotted: str) -> str:
    stem = _stem(path)
    inside = dotted.replace(".", "/")
    return stem.removesuffix(inside).rstrip("/") if stem.endswith(inside) else ""


class _Roots:
    """The folders that the names of modules start at. `roots`: how many imports start at a folder; `starts`: the same for each folder of modules."""

    def __init__(
        self, modules: Mapping[str, SourceModule], roots: Mapping[str, int], starts: Mapping[tuple[str, str], int], forced: AbstractSet[str]
    ) -> None:
        self._modules = modules
        self._roots = roots
        self._starts = starts
        self._forced = forced
        self._known: dict[str, str] = {}
        self._inside: dict[str, collections.Counter[str]] | None = None

    def of(self, folder: str) -> str:
        found = self._known.get(folder)
        if found is None:
            found = self._known[folder] = self._find(folder)
        return found

    def _find(self, folder: str) -> str:
        """Above the topmost package, or a namespace around it from which it is imported; of a folder in no package, where the most imports start."""
        parts = folder.split("/") if folder else []
        top = self._top(parts)
        if top is None:
            folders = ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
            return max(folders, key=lambda one: (self._roots.get(one, 0), -len(one)))
        package, above = top
        if not above or package == above:
            return above
        if self._inside is None:
            self._inside = collections.defaultdict(collections.Counter)
            for (inside, root), count in self._starts.items():
                owner = self._top(inside.split("/")) if inside else None
                if owner is not None:
                    self._inside[owner[0]][root] += count
        counts = self._inside[package]
        around = [root for root in counts if not root or f"{above}/".startswith(f"{root}/")]
        return max(around, key=lambda root: (counts[root], len(root)), default=above)

    def _top(self, parts: list[str]) -> tuple[str, str] | None:
        """The topmost package around a folder, and the folder above it; twice the same for a folder that imports start at although it is one."""
        for depth in range(1, len(parts) + 1):
            folder, above = "/".join(parts[:depth]), "/".join(parts[: depth - 1])
            inner = folder in self._forced and self._roots.get(folder, 0) > self._roots.get(above, 0)
            if inner and depth < len(parts):
                return folder, folder
            if not inner and f"{folder}/__init__.py" in self._modules:
                return folder, above
        return None
