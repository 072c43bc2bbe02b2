"""FastAPI's dependency injection: which functions run before a function and hand in its parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import RefKind
from backend_lint.project.value_text import parse, split

if TYPE_CHECKING:
    from backend_lint.project import Project

_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security"})
_MAX_DEPTH = 6


def providers(project: Project, key: FunctionKey) -> list[tuple[str, FunctionKey]]:
    """The parameters that are injected, with the function that provides each: ``Depends(f)`` as default, in ``Annotated`` or behind an alias of it."""
    path, index = key
    head = project.modules[path].functions[index]
    found = []
    for parameter in head.parameters:
        provider = _from_default(project, path, head.scope, parameter.default) or _from_annotation(project, path, head.scope, parameter.annotation)
        if provider is not None:
            found.append((parameter.name, provider))
    return found


def all_providers(project: Project, key: FunctionKey) -> set[FunctionKey]:
    """The functions that provide parameters, theirs included."""
    found: set[FunctionKey] = set()
    pending = [(key, 0)]
    while pending:
        current, depth = pending.pop()
        for _, provider in providers(project, current):
            if provider not in found and depth < _MAX_DEPTH:
                found.add(provider)
                pending.append((provider, depth + 1))
    return found


def _from_default(project: Project, path: str, scope: int, text: str) -> FunctionKey | None:
    if text[:1] != "#" or not text[1:].isdigit():
        return None
    call = project.modules[path].bodies[scope].calls[int(text[1:])]
    callee = project.value(path, scope, call.callee)
    if callee is None or callee.name not in _DEPENDS:
        return None
    given = call.args[0] if call.args else dict(call.keywords).get("dependency", "")
    target = project.value(path, scope, given) if given else None
    if target is not None and target.kind is RefKind.CLASS:
        member = project.resolver.classes.find(target, "__init__")
        return (member[0].path, member[1]) if member is not None and isinstance(member[1], int) else None
    return target.function if target is not None and target.kind is RefKind.FUNCTION else None


def _from_annotation(project: Project, path: str, scope: int, text: str, depth: int = 0) -> FunctionKey | None:
    parsed = parse(text) if text and depth < _MAX_DEPTH else None
    if parsed is None:
        return None
    if parsed.root.rpartition(".")[2] == "Annotated" or (parsed.steps and parsed.steps[0] == ".Annotated"):
        inner = parsed.steps[-1][1:-1]
        inner = inner[1:-1] if inner.startswith("[") and inner.endswith("]") else inner
        for item in split(inner)[1:]:
            if (found := _from_default(project, path, scope, item)) is not None:
                return found
        return None
    if parsed.steps:
        return None
    return _from_alias(project, path, parsed.root, depth)


def _from_alias(project: Project, path: str, name: str, depth: int) -> FunctionKey | None:
    module = project.modules.get(path)
    kind, number = module.names.get(name, ("", 0)) if module is not None else ("", 0)
    if module is None or not kind:
        return None
    if kind == "assign":
        return _from_annotation(project, path, 0, module.bodies[0].assigns[number].value, depth + 1)
    if kind == "import":
        found = module.facts.imports[number]
        origin = project.resolver.index.relative(path, found.level, found.module) if found.level else project.resolver.index.find(found.module, path)
        if origin is not None and found.member and depth < _MAX_DEPTH:
            return _from_alias(project, origin, found.member, depth + 1)
    return None
