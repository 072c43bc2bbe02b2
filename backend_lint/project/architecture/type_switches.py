"""The same question of type asked in many places: runs of `isinstance` over the subclasses of one class of the project."""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Block, BlockKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.architecture.layers import JUDGED
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_FEWEST_BRANCHES, _FEWEST_PLACES = 3, 2
_COVERED = 0.5
"""A switch asks for most of what there is of the hierarchy: a base of everything is no hierarchy that a method could be given to."""
_TEST = lazy_regex(r"isinstance\(([^(),]+),([\w.]+)\)")
_ELSEWHERE = lazy_regex(r"serial|deserial|encod|decod|pars|dump|load|compil|render|visit|__eq__|__lt__|to_json|from_json|convert|schema", re.IGNORECASE)


class Switch(NamedTuple):
    """A function that asks for several subclasses of `base`, in `classes`, from line `line`."""

    function: tuple[str, int]
    block: Block
    classes: tuple[str, ...]


class Repeated(NamedTuple):
    """A hierarchy and the switches over it, in order of places; `subclasses`: how many there are of it."""

    base: Ref
    switches: tuple[Switch, ...]
    subclasses: int


def repeated_switches(project: Project) -> list[Repeated]:
    """The hierarchies over which two or more functions switch by type."""
    classes = project.resolver.classes
    found: dict[tuple[str, int], list[Switch]] = collections.defaultdict(list)
    for path, module in project.modules.items():
        if module.role not in JUDGED:
            continue
        for number, body in enumerate(module.bodies):
            asked: dict[str, list[tuple[Block, Ref]]] = collections.defaultdict(list)
            for block in body.blocks:
                match = _TEST.fullmatch(block.subject) if block.kind is BlockKind.IF else None
                if match is None:
                    continue
                ref = project.value(path, number, match[2])
                if ref is not None and ref.kind is RefKind.CLASS:
                    asked[match[1]].append((block, ref))
            for pairs in asked.values():
                bases = {ref.function: ref for _, ref in pairs}
                if len(bases) < _FEWEST_BRANCHES or _ELSEWHERE.search(module.functions[number].name):
                    continue
                base = _common(project, list(bases.values()))
                if base is not None and len(bases) >= _COVERED * len(classes.subclasses(*base)):
                    names = tuple(ref.name for ref in bases.values())
                    found[base].append(Switch((path, number), pairs[0][0], names))
    repeated = []
    for (path, index), switches in sorted(found.items()):
        if len({switch.function for switch in switches}) >= _FEWEST_PLACES and not _is_foreign(project, path, index):
            base_ref = Ref(RefKind.CLASS, project.modules[path].classes[index].name, path, index)
            repeated.append(Repeated(base_ref, tuple(switches), len(classes.subclasses(path, index))))
    return repeated


def _common(project: Project, refs: list[Ref]) -> tuple[str, int] | None:
    """The nearest class of the project above all of them, which is none of them."""
    classes = project.resolver.classes
    chains = [[base.function for base in classes.ancestors(ref.path, ref.index)[1:] if base.kind is RefKind.CLASS] for ref in refs]
    return next((base for base in chains[0] if all(base in chain for chain in chains[1:])), None)


def _is_foreign(project: Project, path: str, index: int) -> bool:
    """Exceptions and nodes of syntax trees are told apart by type on purpose."""
    names = {base.name for base in project.resolver.classes.ancestors(path, index)}
    return bool(names & {"BaseException", "Exception", "ast.AST"}) or any(name.endswith(("Exception", "Error", "Node")) for name in names)
