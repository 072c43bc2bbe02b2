"""Objects that reach a function without a type: request methods and services of Pyramid, and what callers pass for a bare parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call, Function
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.value_text import constant_string, parse

if TYPE_CHECKING:
    from backend_lint.project import Project

_MAX_DEPTH = 3


class HandedOut:
    """Answers where the resolver alone knows nothing. The first question looks through all calls of the project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._resolver = project.resolver
        self._request_methods: dict[str, Ref] | None = None
        self._services: dict[str, Ref] = {}

    def value(self, path: str, function: int, text: str, depth: int = 0) -> Ref | None:
        """What a value refers to, asked of the resolver first."""
        known = self._resolver.value(path, function, text)
        if known is not None or depth > _MAX_DEPTH:
            return known
        parsed = parse(text)
        if parsed is None:
            return None
        if parsed.steps:
            base = text[: -len(parsed.steps[-1])]
            name = parsed.steps[-1]
            if name[0] == "." and base.rpartition(".")[2].lstrip("%").endswith("request") and (found := self._methods().get(name[1:])):
                return found
            if name[0] == "." and parsed.root == "%self" and len(parsed.steps) == 1:
                return self._attribute(path, function, name[1:], depth)
            return None
        if parsed.root[:1] == "#":
            return self._service(path, function, int(parsed.root[1:]))
        return self._passed(path, function, parsed.root[1:], depth) if parsed.root[:1] == "%" else None

    def _attribute(self, path: str, function: int, name: str, depth: int) -> Ref | None:
        owner = self._resolver.value(path, function, "%self")
        if owner is None or owner.kind is not RefKind.INSTANCE:
            return None
        member = self._resolver.classes.find(owner, name)
        if member is None or isinstance(member[1], int) or not member[1].value.startswith("%"):
            return None
        return self.value(member[0].path, member[1].function, member[1].value, depth + 1)

    def _passed(self, path: str, function: int, name: str, depth: int) -> Ref | None:
        """What the callers that are known pass for a parameter, tests apart, if they agree."""
        head = self._project.modules[path].functions[function]
        if name not in {parameter.name for parameter in head.parameters}:
            return None
        found: Ref | None = None
        for (caller, number), edge in self._project.calls.callers((path, function)):
            passed = argument(head, edge.call, name, bound=edge.target.receiver is not None)
            if not passed or passed == "None" or self._project.modules[caller].role is Role.TEST:
                continue
            ref = self.value(caller, number, passed, depth + 1)
            if ref is not None and found is not None and found.name != ref.name:
                return None
            found = ref or found
        return found

    def _methods(self) -> dict[str, Ref]:
        if self._request_methods is None:
            table: dict[str, Ref] = {}
            self._request_methods = table
            for module, index, _, call in self._project.named_calls.calls("add_request_method", "register_service_factory"):
                made = self._made(module.path, index, call.args[0]) if call.args else None
                name = constant_string(dict(call.keywords).get("name", call.args[1] if len(call.args) > 1 else ""))
                if made is not None and name:
                    (table if call.callee.endswith("add_request_method") else self._services)[name] = made
        return self._request_methods

    def _made(self, path: str, function: int, text: str) -> Ref | None:
        factory = self._resolver.value(path, function, text)
        return self._resolver.called(factory, None) if factory is not None else None

    def _service(self, path: str, function: int, number: int) -> Ref | None:
        call = self._project.modules[path].bodies[function].calls[number]
        if not call.callee.endswith(".find_service"):
            return None
        self._methods()
        name = constant_string(dict(call.keywords).get("name", ""))
        return self._services.get(name) if name else None


def argument(head: Function, call: Call, name: str, *, bound: bool = False) -> str:
    """The value that a call passes for the parameter `name` of a function; its default if the call gives none, ``?`` if that cannot be seen."""
    keywords = dict(call.keywords)
    if name in keywords:
        return keywords[name]
    names = [parameter.name for parameter in head.parameters]
    position = names.index(name) - (1 if head.owner >= 0 and "staticmethod" not in head.decorators and (bound or head.name.endswith(".__init__")) else 0)
    positional = head.parameters[names.index(name)].kind <= 1
    if positional and any(given.startswith("*") for given in call.args[: position + 1]):
        return "?"
    if positional and 0 <= position < len(call.args):
        return call.args[position]
    return "?" if "**" in keywords else head.parameters[names.index(name)].default
