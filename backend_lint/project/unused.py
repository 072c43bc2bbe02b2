"""Functions that nobody calls: what they ask of the database costs nothing."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.facts.python import Body
    from backend_lint.project import Project
    from backend_lint.project.calls import FunctionKey
    from backend_lint.project.modules import SourceModule


_OUT = (Role.TEST, Role.MIGRATION)


class Unused:
    """Answers for one project, each function's worked out once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[FunctionKey, bool] = {}

    def is_unused(self, key: FunctionKey) -> bool:
        """Nothing but tests calls the function: a method of a model that takes arguments, or a plain function of a project that has routes.

        Functions with decorators, and methods of other classes, may be called by a framework; those of a library by whoever uses it.
        """
        if key not in self._known:
            module = self._project.modules.get(key[0])
            self._known[key] = False  # functions that call one another
            self._known[key] = module is not None and key[1] > 0 and self._judge(module, key)
        return self._known[key]

    def _judge(self, module: SourceModule, key: FunctionKey) -> bool:
        head = module.functions[key[1]]
        if head.owner >= 0:
            is_model = (key[0], head.owner) in self._project.schema.mapped
            return is_model and len(head.parameters) > 1 and head.name.rpartition(".")[2] not in self._called
        plain = "." not in head.name and not head.decorators and head.name not in module.facts.exports and bool(self._project.routes)
        return plain and not self._is_called(key) and not self._is_mentioned(module, head.name, key)

    def _is_called(self, key: FunctionKey) -> bool:
        """By something that is called itself."""
        callers = (caller for caller, _ in self._project.calls.callers(key) if self._project.modules[caller[0]].role not in _OUT)
        return any(caller != key and not self.is_unused(caller) for caller in callers)

    def _is_mentioned(self, module: SourceModule, name: str, key: FunctionKey) -> bool:
        """Some code names it in another way than by a call that is known to lead elsewhere."""
        word = name.encode()
        string = b"." + word + b"'"
        for path, other, bodies in self._written:
            if word not in bodies:
                continue
            if string in bodies or (path == key[0] and any(_names(text, name) for text in _held(other.bodies))):
                return True
            if path != key[0] and self._imports(other, module, name) and self._leads_here(other, name, key):
                return True
        return False

    def _imports(self, other: SourceModule, module: SourceModule, name: str) -> bool:
        own = key_name(module)
        return any(one.member in (name, "*", own) or one.module.rpartition(".")[2] == own for one in other.facts.imports)

    def _leads_here(self, other: SourceModule, name: str, key: FunctionKey) -> bool:
        for number, body in enumerate(other.bodies):
            for text in _texts([body]):
                if not _names(text, name):
                    continue
                ref = self._project.value(other.path, number, text) if text.rpartition(".")[2] == name else None
                if ref is None or ref.kind is not RefKind.FUNCTION or ref.function == key:
                    return True
        return False

    @functools.cached_property
    def _written(self) -> list[tuple[str, SourceModule, bytes]]:
        """What stands in functions outside tests, undecoded: it is looked through for each name."""
        return [(path, module, bytes(module.facts.bodies)) for path, module in self._project.modules.items() if module.role not in _OUT]

    @functools.cached_property
    def _called(self) -> frozenset[str]:
        """The last names of all that is called or handed on outside tests."""
        modules = (module for module in self._project.modules.values() if module.role not in _OUT)
        return frozenset(text.rpartition(".")[2] for module in modules for text in _texts(module.bodies))


def key_name(module: SourceModule) -> str:
    """The name by which others import a module: its file's, or its folder's for a package."""
    stem = module.path.removesuffix(".py").removesuffix("/__init__")
    return stem.rpartition("/")[2]


def _names(text: str, name: str) -> bool:
    return name in text and re.search(rf"\b{name}\b", text) is not None


def _texts(bodies: list[Body]) -> Iterator[str]:
    """What is called, handed on, assigned, returned or read."""
    yield from (call.callee for body in bodies for call in body.calls)
    yield from _held(bodies)


def _held(bodies: list[Body]) -> Iterator[str]:
    """The same without what is called."""
    for body in bodies:
        for call in body.calls:
            yield from call.args
            for _, value in call.keywords:
                yield value
        for _, _, value, _ in body.reads:
            yield value
        for assign in body.assigns:
            if assign.target != "__all__":
                yield assign.value
        for returned in body.returns:
            yield returned.value
