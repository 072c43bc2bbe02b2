"""Interfaces whose implementers refuse a good part of them: proof that they ask for more than one kind of object can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.architecture.layers import JUDGED
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_FEWEST_METHODS, _FEWEST_REFUSED, _SHARE = 4, 2, 0.25


class Refusal(NamedTuple):
    """Class `implementer` raises `NotImplementedError` in `methods` (names and lines), and works in as many as `works`."""

    implementer: Ref
    methods: tuple[tuple[str, int], ...]
    works: int


class FatInterface(NamedTuple):
    """The class `number` of the module at `path` asks for `methods`; `implementers` are all classes that stand for it."""

    path: str
    number: int
    methods: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    implementers: int


def fat_interfaces(project: Project) -> list[FatInterface]:
    """The interfaces of which some implementer refuses a quarter, and at least two methods."""
    found = []
    classes = project.resolver.classes
    for path, module in project.modules.items():
        if module.role not in JUDGED:
            continue
        for number, fact in enumerate(module.classes):
            if len(fact.methods) < _FEWEST_METHODS:
                continue
            methods, _ = classes.members(path, number)
            asked = tuple(name for name, index in methods.items() if _is_asked(project, path, index))
            if len(asked) < _FEWEST_METHODS:
                continue
            implementers = [one for one in classes.subclasses(path, number) if project.modules[one.path].role in JUDGED]
            refusals = [refusal for one in implementers if (refusal := _refusal(project, one, asked)) is not None]
            if refusals and len(implementers) > 1:
                found.append(FatInterface(path, number, asked, tuple(refusals), len(implementers)))
    return found


def _is_asked(project: Project, path: str, index: int) -> bool:
    return any(one.rpartition(".")[2].startswith("abstract") for one in project.modules[path].functions[index].decorators) or _refuses(project, path, index)


def _refusal(project: Project, one: Ref, asked: tuple[str, ...]) -> Refusal | None:
    classes = project.resolver.classes
    methods, _ = classes.members(one.path, one.index)
    heads = project.modules[one.path].functions
    refused = [name for name in asked if name in methods and _refuses(project, one.path, methods[name])]
    inherited = [classes.find(one, name) for name in asked if name not in refused]
    works = sum(1 for found in inherited if found is not None and isinstance(found[1], int) and not _is_asked(project, found[0].path, found[1]))
    if len(refused) < _FEWEST_REFUSED or len(refused) < _SHARE * len(asked) or not works or classes.subclasses(one.path, one.index):
        return None
    return Refusal(one, tuple((name, heads[methods[name]].line) for name in refused), works)


def _refuses(project: Project, path: str, index: int) -> bool:
    """The method does nothing but raise `NotImplementedError`."""
    body = project.modules[path].bodies[index]
    if len(body.raises) != 1 or len(body.blocks) != 1 or body.returns or body.yields:
        return False
    value = body.raises[0].value
    if value[:1] == "#" and value[1:].isdigit():
        if len(body.calls) != 1:
            return False
        value = body.calls[int(value[1:])].callee
    elif body.calls:
        return False
    ref = project.value(path, index, value)
    return ref is not None and ref.kind is RefKind.EXTERNAL and ref.name == "NotImplementedError"
