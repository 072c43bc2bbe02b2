"""Classes with several tasks: groups of methods that share no attribute and no call, and that do different things to the world.

The measure is LCOM4 (Hitz and Montazeri, 1995): the number of groups that methods fall into when those that use the same attribute, or call each other, are
joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Body
from backend_lint.project.architecture.layers import JUDGED
from backend_lint.project.calls import Edge
from backend_lint.project.libraries import Effect
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

KINDS = {
    "the database": Effect.DATABASE | Effect.COMMIT,
    "HTTP": Effect.HTTP,
    "mail": Effect.MAIL,
    "files": Effect.FILE,
    "queues": Effect.QUEUE,
    "programs": Effect.SUBPROCESS,
}
_ALL = Effect.DATABASE | Effect.COMMIT | Effect.HTTP | Effect.MAIL | Effect.FILE | Effect.QUEUE | Effect.SUBPROCESS
_PLAIN_BASES = frozenset({"object", "abc.ABC", "typing.Generic", "typing.Protocol"})
_OWN = re.compile(r"%(?:self|cls)\.(\w+)")
_FEWEST = 4
"""Methods of a class, before it is asked."""


class Group(NamedTuple):
    """Methods that belong together, what kinds of effect they have, and for each kind the method and the call that shows it."""

    methods: tuple[str, ...]
    kinds: dict[str, tuple[int, Edge]]


class Mixed(NamedTuple):
    """The class `number` of the module at `path` and its groups that each do something the others do not."""

    path: str
    number: int
    groups: tuple[Group, ...]


def mixed_classes(project: Project) -> Iterator[Mixed]:
    """Plain classes with two groups of two or more methods, each with a kind of effect of its own."""
    for path, module in project.modules.items():
        if module.role not in JUDGED:
            continue
        for number, fact in enumerate(module.classes):
            if len(fact.methods) < _FEWEST or not _is_plain(project, path, number):
                continue
            methods = {name: index for name, index in project.resolver.classes.members(path, number)[0].items() if not name.startswith("__")}
            effects = {name: kinds for name, index in methods.items() if (kinds := _kinds(project, path, index))}
            if len({kind for kinds in effects.values() for kind in kinds}) < 2:
                continue
            groups = [_group(names, effects) for names in _joined(project, path, number, methods) if len(names) > 1 and not effects.keys().isdisjoint(names)]
            apart = tuple(one for one in groups if any(one.kinds.keys() - other.kinds.keys() and other.kinds.keys() - one.kinds.keys() for other in groups))
            if len(apart) > 1:
                yield Mixed(path, number, apart)


def _is_plain(project: Project, path: str, number: int) -> bool:
    """No base that a framework or the project gives a meaning, none that is not known, and not one itself."""
    classes = project.resolver.classes
    ancestors = classes.ancestors(path, number)[1:]
    known = all(base.kind is RefKind.EXTERNAL and base.name in _PLAIN_BASES for base in ancestors)
    written = [base for base in project.modules[path].classes[number].bases if base != "object"]
    return known and len(written) <= len(ancestors) and not classes.subclasses(path, number)


def _kinds(project: Project, path: str, index: int) -> dict[str, tuple[int, Edge]]:
    found: dict[str, tuple[int, Edge]] = {}
    for edge in project.calls.edges((path, index)):
        effect = _effect(project, edge) & _ALL
        if effect:
            for kind, asked in KINDS.items():
                if effect & asked:
                    found.setdefault(kind, (index, edge))
    return found


def _effect(project: Project, edge: Edge) -> Effect:
    """Of a library call, and of a call of a plain function with all that it does; what another object does is that object's task."""
    if edge.target.is_external:
        return project.calls.effect(edge.target)
    if edge.target.kind is RefKind.FUNCTION and project.calls.head(edge.target.function).owner < 0:
        return project.calls.summary(edge.target.function)
    return Effect.NONE


def _group(names: list[str], effects: dict[str, dict[str, tuple[int, Edge]]]) -> Group:
    kinds: dict[str, tuple[int, Edge]] = {}
    for name in names:
        for kind, shown in effects.get(name, {}).items():
            kinds.setdefault(kind, shown)
    return Group(tuple(names), kinds)


def _joined(project: Project, path: str, number: int, methods: dict[str, int]) -> list[list[str]]:
    """The groups of methods; the constructor, which touches every attribute, joins nothing."""
    module = project.modules[path]
    own = re.compile(rf"\b{re.escape(module.classes[number].name.rpartition('.')[2])}\.(\w+)")
    parent = {name: name for name in methods}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    users: dict[str, str] = {}
    for name, index in methods.items():
        text = " ".join(_texts(module.bodies[index]))
        for used in {*_OWN.findall(text), *own.findall(text)}:
            if used in methods:
                parent[root(used)] = root(name)
            parent[root(users.setdefault(used, name))] = root(name)
    groups: dict[str, list[str]] = {}
    for name in methods:
        groups.setdefault(root(name), []).append(name)
    return list(groups.values())


def _texts(body: Body) -> Iterator[str]:
    for call in body.calls:
        yield call.callee
        yield from call.args
        yield from (value for _, value in call.keywords)
    for assign in body.assigns:
        yield assign.target
        yield assign.value
    yield from (one.value for one in body.returns)
    yield from (one.value for one in body.raises)
    yield from (one.value for one in body.yields)
    yield from (block.subject for block in body.blocks)
    yield from (value for _, _, value, _ in body.reads)
    yield from (value for _, value, _ in (*body.conditions, *body.awaits))
    yield from (one[4] for one in body.sizes)
