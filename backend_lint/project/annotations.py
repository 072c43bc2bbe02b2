"""Annotations as light types: what an object annotated so is an instance of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import alternatives, parse, split

if TYPE_CHECKING:
    from backend_lint.project.resolver import Resolver

_TRANSPARENT = {"Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "Awaitable", "Coroutine", "Mapped"}
_CONTAINERS = {
    "list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "Sequence", "Iterable", "Iterator", "Collection", "Generator",
    "AsyncIterator", "AsyncGenerator", "AsyncIterable", "AbstractContextManager", "AbstractAsyncContextManager", "ContextManager", "AsyncContextManager",
    "QuerySet", "Manager", "deque",
}  # fmt: skip
_MAX_DEPTH = 8


def instance_of(resolver: Resolver, path: str, function: int, text: str, depth: int = 0) -> Ref | None:
    """A reference to an instance of what the annotation names; None if that is unknown, ``Any`` or a type variable."""
    if depth > _MAX_DEPTH or not text or text == "None":
        return None
    options = [option for option in alternatives(text) if option != "None"]
    if len(options) > 1:
        for option in options:
            if (found := instance_of(resolver, path, function, option, depth + 1)) is not None:
                return found
        return None
    text = options[0] if options else text
    parsed = parse(text)
    if parsed is None:
        return None
    if parsed.steps and parsed.steps[-1].startswith("["):
        return _subscripted(resolver, path, function, text[: -len(parsed.steps[-1])], parsed.steps[-1][1:-1], depth)
    return _named(resolver, path, function, text, depth)


def _subscripted(resolver: Resolver, path: str, function: int, base: str, inner: str, depth: int) -> Ref | None:
    if inner.startswith("[") and inner.endswith("]") and base.rpartition(".")[2] in ("Annotated", "Union"):
        inner = inner[1:-1]
    items = split(inner)
    if not items:
        return _named(resolver, path, function, base, depth)  # ``tuple[()]``
    name = base.rpartition(".")[2]
    if name == "Annotated":
        found = instance_of(resolver, path, function, items[0], depth + 1)
        for extra in items[1:]:
            injected = resolver.injected(path, function, int(extra[1:])) if extra[:1] == "#" else None
            if injected is not None and (found is None or injected.name == found.name):
                return injected
        return found
    if name == "Coroutine":
        return instance_of(resolver, path, function, items[-1], depth + 1)
    if name in _TRANSPARENT or name == "Union":
        return next((option for item in items if (option := instance_of(resolver, path, function, item, depth + 1)) is not None), None)
    if name in ("type", "Type"):
        found = instance_of(resolver, path, function, items[0], depth + 1)
        if found is None:
            return None
        return Ref(RefKind.EXTERNAL if found.is_external else RefKind.CLASS, found.name, found.path, found.index)
    if name in ("dict", "Dict", "Mapping", "MutableMapping", "defaultdict"):
        return Ref(RefKind.EXTERNAL_INSTANCE, "dict", item=instance_of(resolver, path, function, items[-1], depth + 1))
    found = _named(resolver, path, function, base, depth)
    if found is not None and name in _CONTAINERS:
        element = instance_of(resolver, path, function, items[0], depth + 1)
        container = "list" if found.name in ("list", "typing.List") else found.name
        return Ref(found.kind, container, found.path, found.index, item=element)
    return found


def _named(resolver: Resolver, path: str, function: int, text: str, depth: int) -> Ref | None:
    module = resolver.modules[path]
    kind, number = module.names.get(text, ("", 0))
    if kind == "assign":
        assign = module.bodies[0].assigns[number]
        if "[" in assign.value or "|" in assign.value:
            return instance_of(resolver, path, 0, assign.value, depth + 1)
        return _instance(resolver.value(path, 0, assign.value))
    if kind == "import" and depth < _MAX_DEPTH:
        found = module.facts.imports[number]
        origin = resolver.index.relative(path, found.level, found.module) if found.level else resolver.index.find(found.module, path)
        if origin is not None and origin in resolver.modules and resolver.modules[origin].names.get(found.member, ("",))[0] in ("assign", "import"):
            return _named(resolver, origin, 0, found.member, depth + 1)
    return _instance(resolver.value(path, function, text))


def _instance(target: Ref | None) -> Ref | None:
    if target is None or target.name in ("typing.Any", "object", "typing.TypeVar"):
        return None
    if target.kind is RefKind.CLASS:
        return Ref(RefKind.INSTANCE, target.name, target.path, target.index)
    if target.kind is RefKind.EXTERNAL:
        return Ref(RefKind.EXTERNAL_INSTANCE, target.name)
    return None
