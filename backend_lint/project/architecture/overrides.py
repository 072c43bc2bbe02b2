"""Overrides that do not take what callers of the base pass: the method of the class, that of its base, and a call that goes through the base."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.python import Function, ParameterKind
from backend_lint.project.architecture.layers import JUDGED
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.facts.python import Body, Call
    from backend_lint.project import Project

_POSITIONAL = frozenset({ParameterKind.POSITIONAL_ONLY, ParameterKind.POSITIONAL_OR_KEYWORD})
_MOST_CALLS = 2000


class Override(NamedTuple):
    """`method` overrides `base`; `call`, in the function `caller`, calls it through the base and fails there: `why` says how. Functions are keys."""

    method: tuple[str, int]
    base: tuple[str, int]
    caller: tuple[str, int]
    call: Call
    why: str


class _Pair(NamedTuple):
    owner: Ref
    method: tuple[str, int]
    base: tuple[str, int]


def broken_overrides(project: Project) -> list[Override]:
    """The overrides that some call through a base class does not fit, each with one such call."""
    pairs: dict[str, list[_Pair]] = collections.defaultdict(list)
    for pair in _pairs(project):
        pairs[project.calls.head(pair.method).name.rpartition(".")[2]].append(pair)
    if not pairs:
        return []
    calls = _calls(project, frozenset(pairs))
    found = []
    for name, some in pairs.items():
        for pair in some:
            hit = next(_misfits(project, pair, calls.get(name, ())), None)
            if hit is not None:
                found.append(hit)
    return sorted(found, key=lambda one: one.method)


def _pairs(project: Project) -> Iterator[_Pair]:
    """Methods whose signature differs from the one that they override in a way that a caller may notice."""
    classes = project.resolver.classes
    for path, module in project.modules.items():
        if module.role not in JUDGED:
            continue
        for number, fact in enumerate(module.classes):
            if not fact.bases or not fact.methods:
                continue
            ancestors = classes.ancestors(path, number)
            for index in fact.methods:
                head = module.functions[index]
                name = head.name.rpartition(".")[2]
                if head.decorators or (name.startswith("__") and name.endswith("__")):
                    continue
                for base in ancestors[1:]:
                    if base.kind is not RefKind.CLASS:
                        break
                    methods, attributes = classes.members(base.path, base.index)
                    if name in methods:
                        other = project.modules[base.path].functions[methods[name]]
                        if any(one.kind is ParameterKind.VAR_KEYWORD for one in other.parameters):
                            break  # each class names what it needs, and who calls it knows which it is
                        if not other.decorators and (_may_differ(head, other) or _refuses(project, (path, index), (base.path, methods[name]))):
                            yield _Pair(ancestors[0], (path, index), (base.path, methods[name]))
                        break
                    if name in attributes:
                        break


def _may_differ(head: Function, base: Function) -> bool:
    return head.is_async != base.is_async or _shape(head) != _shape(base)


def _refuses(project: Project, method: tuple[str, int], base: tuple[str, int]) -> bool:
    """The method is not there in the class, although it is in the base: all that it does is to raise NotImplementedError."""
    return _only_raises(project, method) and not _only_raises(project, base) and bool(project.calls.body(base).returns or project.calls.body(base).calls)


def _only_raises(project: Project, key: tuple[str, int]) -> bool:
    body = project.calls.body(key)
    return any(one.block == 0 and one.value.partition("(")[0] in ("NotImplementedError", "#0") and _is_missing(project, key, one.value) for one in body.raises)


def _is_missing(project: Project, key: tuple[str, int], value: str) -> bool:
    body = project.calls.body(key)
    made = body.calls[0].callee if value == "#0" and body.calls else value
    return made == "NotImplementedError" and len(body.calls) <= 1 and not body.returns


def _shape(head: Function) -> list[tuple[str, int, bool]]:
    return [(one.name, one.kind, bool(one.default)) for one in head.parameters[1:]]


def _calls(project: Project, names: frozenset[str]) -> dict[str, list[tuple[str, int, Call]]]:
    found: dict[str, list[tuple[str, int, Call]]] = collections.defaultdict(list)
    for path, module in project.modules.items():
        if module.role not in JUDGED:
            continue
        for index, body in enumerate(module.bodies):
            tried = _by_hand(body) if index == 0 else frozenset()
            for call in body.calls:
                receiver, _, name = call.callee.rpartition(".")
                if receiver and name in names and len(found[name]) < _MOST_CALLS and call.block not in tried:
                    found[name].append((path, index, call))
    return found


def _by_hand(body: Body) -> frozenset[int]:
    """The blocks below ``if __name__ == "__main__"``: who runs them knows which class the object is of."""
    found: set[int] = set()
    for number, block in enumerate(body.blocks):
        if block.parent in found or "__main__" in block.subject:
            found.add(number)
    return frozenset(found)


def _misfits(project: Project, pair: _Pair, calls: list[tuple[str, int, Call]] | tuple[()]) -> Iterator[Override]:
    head, base = project.calls.head(pair.method), project.calls.head(pair.base)
    classes = project.resolver.classes
    for path, index, call in calls:
        if any(value.startswith("*") for value in call.args) or any(name == "**" for name, _ in call.keywords):
            continue
        why = _refusal(head, call) or (_awaiting(project, pair.method, base, call) if head.is_async != base.is_async else "")
        if not why and not classes.subclasses(*pair.owner.function) and _refuses(project, pair.method, pair.base):
            why = "raises NotImplementedError, and the base does not"
        if not why or _refusal(base, call):
            continue
        receiver = call.callee.rpartition(".")[0]
        if receiver.startswith("super") or not _may_be(project, pair, path, index, receiver):
            continue
        yield Override(pair.method, pair.base, (path, index), call, why)


def _may_be(project: Project, pair: _Pair, path: str, index: int, receiver: str) -> bool:
    """Whether the receiver, declared as the base or one above the class, may be an object of the class; one that is made on the spot is not."""
    ref = project.value(path, index, receiver)
    if ref is None or ref.kind is not RefKind.INSTANCE or ref.origin is not None or ref.function == pair.owner.function:
        return False
    classes = project.resolver.classes
    found = classes.find(ref, project.calls.head(pair.method).name.rpartition(".")[2])
    if found is None or found[1] != pair.base[1] or found[0].path != pair.base[0]:
        return False
    if all(one.function != ref.function for one in classes.ancestors(*pair.owner.function) if one.kind is RefKind.CLASS):
        return False
    head = project.modules[path].functions[index]
    if head.owner >= 0 and head.parameters and receiver == f"%{head.parameters[0].name}":
        # the class must not replace the method that calls
        used = classes.find(pair.owner, head.name.rpartition(".")[2])
        return used is not None and used[0].path == path and used[1] == index
    return True


def _refusal(head: Function, call: Call) -> str:
    """Why a method does not take what a call passes; empty if it does."""
    own = head.parameters[1:]
    kinds = {one.kind for one in own}
    positional = [one for one in own if one.kind in _POSITIONAL]
    if len(call.args) > len(positional) and ParameterKind.VAR_POSITIONAL not in kinds:
        return f"takes {len(positional)} positional arguments, and {len(call.args)} are passed"
    named = {one.name for one in own if one.kind in (ParameterKind.POSITIONAL_OR_KEYWORD, ParameterKind.KEYWORD_ONLY)}
    passed = {name for name, _ in call.keywords}
    if ParameterKind.VAR_KEYWORD not in kinds and (unknown := sorted(passed - named)):
        return f"has no parameter `{unknown[0]}`, which is passed"
    given = {one.name for one in positional[: len(call.args)]} | passed
    needed = [one for one in own if not one.default and one.kind in (*_POSITIONAL, ParameterKind.KEYWORD_ONLY)]
    missing = next((one.name for one in needed if one.name not in given), "")
    return f"needs `{missing}`, which is not passed" if missing else ""


def _awaiting(project: Project, method: tuple[str, int], base: Function, call: Call) -> str:
    head = project.calls.head(method)
    if base.is_async and call.awaited:
        # a plain method may hand on what can be awaited
        given = [one.value for one in project.calls.body(method).returns if one.value and one.value != "None"]
        return "is not async, and the result is awaited" if not given and not head.is_generator else ""
    if head.is_async and not head.is_generator and not call.awaited and not base.is_generator and call.use.name in ("DROPPED", "RECEIVER", "ITERATED"):
        return "is async, and the result is not awaited"
    return ""
