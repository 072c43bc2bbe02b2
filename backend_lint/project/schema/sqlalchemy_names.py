"""Names of checked code: what they are bound to, across modules and classes."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.schema.sqlalchemy_values import UNKNOWN, ClassName, Frame, Made, ModuleName, Text, Value

if TYPE_CHECKING:
    from backend_lint.project import Project


_BY_NAME = frozenset({"Column", "mapped_column", "Field", "relationship", "Relationship"})
"""What an attribute of a class holds that is spoken of as ``Class.attribute`` and not by its value."""


class Names:
    """The part of `Values` that follows names."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.resolver = project.resolver
        self._roots: dict[tuple[str, int, str], str | None] = {}
        self._kept: dict[tuple[str, str], Value] = {}
        self._depth = 0
        self._count = 0

    def evaluate(self, frame: Frame, text: str) -> Value:
        """The value of a text."""
        raise NotImplementedError

    def step(self, value: Value, step: str) -> Value:
        """What ``.attr`` or ``[key]`` gives on a value."""
        if isinstance(value, ModuleName) and step[0] == ".":
            found = self.exported(value.path, step[1:])
            inner = self.resolver.index.submodule(value.path, step[1:]) if found is UNKNOWN else None
            return ModuleName(inner) if inner is not None else found
        if isinstance(value, Made) and step[0] == ".":
            return self.made_attribute(value, step[1:])
        if step[0] == ".":
            if isinstance(value, ClassName):
                held = self.class_attribute(value.key, step[1:])
                return UNKNOWN if isinstance(held, Made) and held.simple in _BY_NAME else held
            return value if step == ".value" and isinstance(value, str) else UNKNOWN
        key = self.evaluate(Frame("", 0), step[1:-1]) if step[1:-1] and step[1] in "'\"-0123456789" else UNKNOWN
        if isinstance(value, dict) and isinstance(key, str | int):
            return value.get(key, UNKNOWN)
        if isinstance(value, tuple) and isinstance(key, int) and -len(value) <= key < len(value):
            return value[key]
        return UNKNOWN

    def made_attribute(self, value: Made, name: str) -> Value:
        """``column.name``, or an attribute of an instance of a plain class of the project."""
        raise NotImplementedError

    def class_attribute(self, key: ClassKey, name: str) -> Value:
        """What an attribute of a class is set to in its body or that of a base."""
        fact = self.project.modules[key[0]].classes[key[1]]
        if name in ("__name__", "__qualname__"):
            return fact.name.rpartition(".")[2]
        for base in self.resolver.classes.ancestors(*key):
            if base.kind is RefKind.CLASS:
                owner = self.project.modules[base.path].classes[base.index]
                for attribute in owner.attributes:
                    if attribute.name == name and attribute.function == owner.scope and attribute.value:
                        return self.evaluate(Frame(base.path, owner.scope, owner=base.function), attribute.value)
        return UNKNOWN

    def local(self, frame: Frame, root: str) -> Value:
        module = self.project.modules[frame.path]
        scope = frame.function
        while scope > 0:
            found: Value = UNKNOWN
            assigns = module.assigns_to(scope, root)
            if assigns:
                if len(assigns) == 1 and assigns[0].value != root:
                    found = self.evaluate(Frame(frame.path, scope, frame.names), assigns[0].value)
                return Text(frame, root) if found is UNKNOWN else found
            scope = module.functions[scope].scope
        inner = self.resolver.value(frame.path, frame.function, root)
        return ClassName(inner.function) if inner is not None and inner.kind is RefKind.CLASS else Text(frame, root)

    def named(self, frame: Frame, name: str) -> Value:
        if frame.owner is not None:
            fact = self.project.modules[frame.owner[0]].classes[frame.owner[1]]
            for attribute in reversed(fact.attributes):
                if attribute.name == name and attribute.function == fact.scope and attribute.value != name and (not frame.line or attribute.line < frame.line):
                    value = self.evaluate(Frame(frame.path, frame.function, frame.names, frame.owner), attribute.value)
                    return Text(frame, name) if isinstance(value, Made) else value
        scope = frame.function
        while scope > 0:
            for found in self.project.modules[frame.path].imports_in(scope):
                if found.name == name:
                    path = self.module(frame.path, found.module, found.level)
                    return self.exported(path, found.member) if path is not None and found.member else Text(frame, name)
            scope = self.project.modules[frame.path].functions[scope].scope
        value = self.exported(frame.path, name)
        return Text(frame, name) if value is UNKNOWN else value

    def exported(self, path: str, name: str) -> Value:
        """The value of a name on module level, through imports."""
        key = (path, name)
        if key in self._kept:
            return self._kept[key]
        self._kept[key] = UNKNOWN
        self._kept[key] = found = self._exported(path, name)
        return found

    def _exported(self, path: str, name: str) -> Value:
        module = self.project.modules.get(path)
        if module is None:
            return UNKNOWN
        kind, number = module.names.get(name, ("", 0))
        if kind == "class":
            return ClassName((path, number))
        if kind == "assign":
            assign = module.bodies[0].assigns[number]
            return self.evaluate(Frame(path, 0), assign.value) if not assign.augmented else UNKNOWN
        if kind == "import":
            found = module.facts.imports[number]
            target = self.module(path, found.module, found.level)
            if target is None:
                return UNKNOWN
            if not found.member:
                top = None if found.aliased else self.resolver.index.find(found.name, path)
                return ModuleName(top or target)
            value = self.exported(target, found.member) if target != path else UNKNOWN
            inner = self.resolver.index.submodule(target, found.member) if value is UNKNOWN else None
            return ModuleName(inner) if inner is not None else value
        if not kind:
            for found in module.facts.imports:
                if found.member == "*" and not found.function and (target := self.module(path, found.module, found.level)) is not None:
                    value = self.exported(target, name)
                    if value is not UNKNOWN:
                        return value
        return UNKNOWN

    def module(self, path: str, dotted: str, level: int) -> str | None:
        """The module of the project that an import means."""
        return self.resolver.index.relative(path, level, dotted) if level else self.resolver.index.find(dotted, path)

    def dotted(self, frame: Frame, text: str) -> str:
        """The library name that a text means: ``sqlalchemy.Column``; empty if it is none or not known."""
        root, dot, rest = text.partition(".")
        if root[:1] not in "#%([{":
            start = self.root(frame.path, frame.function, root)
            if start is not None:
                return start + dot + rest
        elif (value := frame.names.get(root)) is not None and isinstance(value, Text):
            return self.dotted(value.frame, value.text + dot + rest)
        found = self.resolver.value(frame.path, frame.function, text)
        return found.name if found is not None and found.is_external else ""

    def root(self, path: str, function: int, name: str) -> str | None:
        """The dotted name of a library that a plain name stands for by an import; None for everything else."""
        key = (path, function, name)
        if key in self._roots:
            return self._roots[key]
        module = self.project.modules[path]
        found = None
        scope = function
        while scope > 0 and found is None:
            found = next((one for one in module.imports_in(scope) if one.name == name), None)
            scope = module.functions[scope].scope
        if found is None:
            kind, number = module.names.get(name, ("", 0))
            found = module.facts.imports[number] if kind == "import" else None
            if not kind:
                stars = [
                    one.module for one in module.facts.imports if one.member == "*" and not one.level and one.module.startswith(("sqlalchemy", "sqlmodel"))
                ]
                if stars and name[:1].isupper() and not hasattr(builtins, name):
                    self._roots[key] = f"{stars[0]}.{name}"
                    return self._roots[key]
        dotted = None
        if found is not None and not found.level and self.module(path, found.module, 0) is None:
            dotted = f"{found.module}.{found.member}" if found.member else found.module if found.aliased else found.name
        self._roots[key] = dotted
        return dotted
