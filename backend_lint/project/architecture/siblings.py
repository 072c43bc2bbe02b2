"""Contracts on what lies side by side: children of a package that import each other in circles, private modules, children that are in no layer."""

from __future__ import annotations

import collections
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from backend_lint.facts.architecture import Contract
from backend_lint.project.architecture.import_graph import Arrow


class Pair(NamedTuple):
    """An import that should not be there, from what is called `source` to `target`, with the first one of the way back, if that is what is wrong."""

    chain: tuple[Arrow, ...]
    source: str
    target: str


class Undeclared(NamedTuple):
    """`name`, a child of `container`, is in no layer of a contract that is to name all of them."""

    container: str
    name: str


Kept = Mapping[str, Mapping[str, Arrow]]
"""Importer -> imported -> the import that a contract looks at."""


def circles(kept: Kept, names: Mapping[str, str], packages: Collection[str]) -> Iterator[Pair]:
    """The imports between children of one of `packages` that are part of a circle among these children."""
    between: dict[str, dict[tuple[str, str], Arrow]] = collections.defaultdict(dict)
    for path, targets in kept.items():
        mine = names[path].split(".")
        for to, arrow in targets.items():
            other = names[to].split(".")
            same = next((index for index, (one, two) in enumerate(zip(mine, other, strict=False)) if one != two), -1)
            package = ".".join(mine[: max(same, 0)])
            if same > 0 and package in packages:
                between[package].setdefault((f"{package}.{mine[same]}", f"{package}.{other[same]}"), arrow)
    for arrows in between.values():
        ahead: dict[str, list[tuple[str, Arrow]]] = collections.defaultdict(list)
        for (one, other_name), arrow in arrows.items():
            ahead[one].append((other_name, arrow))
        for (one, other_name), arrow in sorted(arrows.items()):
            back = arrows.get((other_name, one)) or _way_back(other_name, one, ahead)
            if back is not None:
                yield Pair((arrow, back), one, other_name)


def within(ancestors: Iterable[str], known: Iterable[str], depth: int, skipped: Collection[str]) -> set[str]:
    """The packages whose children are looked at: `ancestors`, and what lies below them for `depth` generations, but for `skipped` and what lies in those."""
    found = set(ancestors)
    tops = dict.fromkeys(found, depth)
    for name in sorted(known):
        above = name.rpartition(".")[0]
        if above in tops and tops[above] > 0 and name not in skipped:
            tops[name] = max(tops.get(name, 0), tops[above] - 1)
            found.add(name)
    return found


def privacy(kept: Kept, names: Mapping[str, str], packages: Collection[str]) -> Iterator[Pair]:
    """The imports of private modules from outside the package that they lie in; of modules below `packages`, or of all if none are named."""
    inside = tuple(f"{package}." for package in packages)
    for path, targets in kept.items():
        importer = names[path]
        for to, arrow in targets.items():
            imported = names[to]
            home = _home(imported)
            if home and importer != home and not importer.startswith(f"{home}.") and (not inside or f"{imported}.".startswith(inside)):
                yield Pair((arrow,), importer, imported)


def is_private(name: str) -> bool:
    """Whether a part of a dotted name is."""
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def _home(name: str) -> str:
    """The package that the innermost private part of a name lies in; empty if there is none."""
    parts = name.split(".")
    return next((".".join(parts[:index]) for index in range(len(parts) - 1, 0, -1) if is_private(parts[index])), "")


def undeclared(contract: Contract, containers: Iterable[str], known: Iterable[str]) -> list[Undeclared]:
    """The children of the containers that are in no layer, where the contract is to name all of them."""
    if not contract.exhaustive:
        return []
    said = {module for row in contract.rows for module in row.modules} | contract.ignored
    inside = set(containers)
    return [Undeclared(above, name) for name in sorted(known) for above, _, last in [name.rpartition(".")] if above in inside and last not in said]


def _way_back(start: str, goal: str, ahead: Mapping[str, list[tuple[str, Arrow]]]) -> Arrow | None:
    """The first import on a way from `start` to `goal`; None if there is none."""
    first: dict[str, Arrow] = {}
    queue = collections.deque([start])
    while queue:
        current = queue.popleft()
        for other, arrow in ahead.get(current, ()):
            if other not in first and other != start:
                first[other] = first.get(current, arrow)
                if other == goal:
                    return first[other]
                queue.append(other)
    return None
