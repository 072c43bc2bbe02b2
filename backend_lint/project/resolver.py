"""Names and light types: what a value text of some function refers to. Unknown stays unknown (None)."""

from __future__ import annotations

from collections.abc import Mapping

from backend_lint.facts.python import Call, Class, Function
from backend_lint.project.annotations import instance_of
from backend_lint.project.classes import Classes
from backend_lint.project.libraries import canonical, external_bases, returned_by
from backend_lint.project.libraries.returns import MODEL_METHODS, QUERYSET_METHODS, attribute_class
from backend_lint.project.modules import ModuleIndex, SourceModule
from backend_lint.project.named_calls import NamedCalls
from backend_lint.project.references import Origin, Ref, RefKind
from backend_lint.project.value_text import alternatives, parse, split, without_strings

_MAX_DEPTH = 24
_MAX_EXPORTS = 48
"""Re-exports of re-exports, on top of values of values."""
_MAX_ASSIGNS = 50
"""Of more assignments to one name only the last ones are tried: each of them may lead to all the others."""
_MAX_NAME = 300
"""A longer name is no library's: `a = a.b` many times over would let it grow with every line."""
_MANAGERS = ("django.db.models.Manager", "django.db.models.QuerySet")
_BUILTIN_RESULTS = {"str", "repr", "list", "dict", "set", "tuple", "int", "float", "bool", "bytes", "frozenset", "sorted", "type", "iter", "reversed"}


class Resolver:
    """Answers what a value refers to. Answers are kept, so that the same question is cheap the second time."""

    def __init__(self, modules: Mapping[str, SourceModule]) -> None:
        self.modules = modules
        self.index = ModuleIndex(modules)
        self.classes = Classes(self)
        self.named_calls = NamedCalls(modules)
        self._values: dict[tuple[str, int, str], Ref | None] = {}
        self._exports: dict[tuple[str, str], Ref | None] = {}
        self._results: dict[tuple[str, int, int], Ref | None] = {}
        self._depth = 0

    # -- values ------------------------------------------------------------------------------------

    def value(self, path: str, function: int, text: str) -> Ref | None:
        """What the value `text` of function number `function` in the module at `path` refers to."""
        key = (path, function, text)
        if key in self._values:
            return self._values[key]
        if self._depth > _MAX_DEPTH:
            return None
        self._values[key] = None
        self._depth += 1
        try:
            found = self._value(path, function, text)
        finally:
            self._depth -= 1
        self._values[key] = found
        return found

    def _value(self, path: str, function: int, text: str) -> Ref | None:
        options = alternatives(text)
        if len(options) > 1:
            for option in options:
                if (found := self.value(path, function, option)) is not None:
                    return found
            return None
        if text[:1] == "[":
            items = split(text[1:-1])
            item = self.value(path, function, items[0].lstrip("*")) if len(items) == 1 or (items and items[0].startswith("*")) else None
            return Ref(RefKind.EXTERNAL_INSTANCE, "list", item=item)
        if text[:1] == "{":
            return Ref(RefKind.EXTERNAL_INSTANCE, "dict")
        if text[:1] in "'\"" or text[:2] in ("f'", "b'"):
            return Ref(RefKind.EXTERNAL_INSTANCE, "str")
        parsed = parse(text)
        if parsed is None:
            return None
        steps = parsed.steps
        if parsed.root[:1] == "#":
            found = self.result(path, function, int(parsed.root[1:]))
        elif parsed.root[:1] == "%":
            found = self._local(path, function, parsed.root[1:])
        elif parsed.root == "super" and steps:
            found, steps = self.classes.super_of(path, function), steps[1:]
        elif parsed.root[:1] in "([{":
            found = self.value(path, function, parsed.root) if parsed.root != text else None
        elif steps and steps[0].startswith("(") and parsed.root in ("list", "tuple", "set", "sorted", "iter", "reversed", "next"):
            inner = self.value(path, function, steps[0][1:-1].split(",key=")[0])
            found = self.step(inner, "[]") if parsed.root == "next" else inner
            steps = steps[1:]
        elif steps and steps[0].startswith("(") and parsed.root in _BUILTIN_RESULTS:
            found, steps = Ref(RefKind.EXTERNAL_INSTANCE, parsed.root), steps[1:]
        else:
            found = self._global(path, function, parsed.root)
        for step in steps:
            if found is None:
                return None
            found = self.step(found, step)
        return found

    def step(self, ref: Ref | None, step: str) -> Ref | None:
        """What ``.attr``, ``[key]`` or ``()`` gives on something."""
        if ref is None or len(ref.name) > _MAX_NAME:
            return None
        if step[0] == ".":
            return self.attribute(ref, step[1:])
        if step[0] == "(":
            return self.called(ref, None)
        if ":" in step and step[1:2] not in "'\"" and ":" in without_strings(step):
            return ref
        if ref.item is not None and ref.kind is RefKind.EXTERNAL_INSTANCE:
            return ref.item
        if ref.is_external:
            name = returned_by(ref.name + "[]")
            return Ref(RefKind.EXTERNAL_INSTANCE, name, origin=ref.origin) if name else Ref(RefKind.EXTERNAL, ref.name + "[]", origin=ref.origin)
        return None

    # -- names -------------------------------------------------------------------------------------

    def _global(self, path: str, function: int, name: str) -> Ref | None:
        module = self.modules[path]
        scope = function
        while scope > 0:
            for found in module.imports_in(scope):
                if found.name == name:
                    return self._imported(module, found.module, found.member, found.level, found.aliased)
            scope = module.functions[scope].scope
        exported = self.export(path, name)
        return exported if exported is not None else (Ref(RefKind.EXTERNAL, name) if name not in module.names else None)

    def export(self, path: str, name: str) -> Ref | None:
        """What the module-level name `name` of a module refers to, through imports and re-exports."""
        key = (path, name)
        if key in self._exports:
            return self._exports[key]
        if self._depth > _MAX_EXPORTS:
            return None
        self._exports[key] = None
        self._depth += 1
        try:
            self._exports[key] = found = self._export(path, name)
        finally:
            self._depth -= 1
        return found

    def _export(self, path: str, name: str) -> Ref | None:
        module = self.modules.get(path)
        if module is None:
            found_path = self.index.submodule(path, name)
            return Ref(RefKind.MODULE, name, found_path) if found_path else None
        kind, number = module.names.get(name, ("", 0))
        if kind == "class":
            return Ref(RefKind.CLASS, module.classes[number].name, path, number)
        if kind == "function":
            return Ref(RefKind.FUNCTION, name, path, number)
        if kind == "import":
            found = module.facts.imports[number]
            return self._imported(module, found.module, found.member, found.level, found.aliased)
        if kind == "assign":
            assign = module.bodies[0].assigns[number]
            if assign.annotation and (ref := instance_of(self, path, 0, assign.annotation)) is not None and ref.name not in ("type", "typing.Any"):
                return ref
            return self.value(path, 0, assign.value) if assign.value else None
        if module.is_package and (inner := self.index.submodule(path, name)) is not None:
            return Ref(RefKind.MODULE, name, inner)
        for found in module.facts.imports:
            if found.member == "*" and found.function == 0:
                source = self._imported(module, found.module, "", found.level, True)
                origin = self.modules.get(source.path) if source is not None and source.kind is RefKind.MODULE else None
                if origin is not None and (not origin.facts.exports or name in origin.facts.exports):
                    ref = self.export(origin.path, name)
                    if ref is not None:
                        return ref
        return None

    def _imported(self, module: SourceModule, dotted: str, member: str, level: int, aliased: bool) -> Ref | None:
        if level:
            target = self.index.relative(module.path, level, dotted)
        else:
            target = self.index.find(dotted, module.path)
            if target is None:
                return self._external(dotted, member, aliased)
            if not member and not aliased and "." in dotted:
                top = dotted.partition(".")[0]
                target = self.index.find(top, module.path) or target
                return Ref(RefKind.MODULE, top, target)
        if target is None:
            return None
        if member and member != "*":
            if target == module.path:
                inner = self.index.submodule(target, member)
                return Ref(RefKind.MODULE, member, inner) if inner else None
            return self.export(target, member) or (Ref(RefKind.MODULE, member, inner) if (inner := self.index.submodule(target, member)) else None)
        return Ref(RefKind.MODULE, dotted, target)

    @staticmethod
    def _external(dotted: str, member: str, aliased: bool) -> Ref:
        if member:
            name = canonical(f"{dotted}.{member}")
        else:
            name = canonical(dotted if aliased else dotted.partition(".")[0])
        held = attribute_class(name)
        return Ref(RefKind.EXTERNAL_INSTANCE, held) if held and held != name else Ref(RefKind.EXTERNAL, name)

    def _local(self, path: str, function: int, name: str) -> Ref | None:
        module = self.modules[path]
        scope = function
        while scope > 0:
            head = module.functions[scope]
            for position, parameter in enumerate(head.parameters):
                if parameter.name == name:
                    return self._parameter(path, scope, head, position)
            assigned = "%" + name
            for assign in module.assigns_to(scope, assigned)[:_MAX_ASSIGNS]:
                if assign.value != assigned and not assign.augmented:
                    if assign.annotation and (ref := instance_of(self, path, scope, assign.annotation)) is not None:
                        return ref
                    if (ref := self.value(path, scope, assign.value)) is not None:
                        return ref
            inner = f"{head.name}.<locals>.{name}"
            functions, classes = module.definitions
            if inner in functions:
                return Ref(RefKind.FUNCTION, inner, path, functions[inner])
            if inner in classes:
                return Ref(RefKind.CLASS, inner, path, classes[inner])
            scope = head.scope
        return self.export(path, name)

    def _parameter(self, path: str, function: int, head: Function, position: int) -> Ref | None:
        parameter = head.parameters[position]
        if position == 0 and head.owner >= 0 and "staticmethod" not in head.decorators:
            owner = self.modules[path].classes[head.owner]
            on_class = "classmethod" in head.decorators or head.name.endswith((".__new__", ".__init_subclass__", ".__class_getitem__"))
            return Ref(RefKind.CLASS if on_class else RefKind.INSTANCE, owner.name, path, head.owner)
        if parameter.annotation and (found := instance_of(self, path, head.scope, parameter.annotation)) is not None:
            return found
        if parameter.default[:1] == "#" and parameter.default[1:].isdigit():
            return self.injected(path, head.scope, int(parameter.default[1:]))
        return None

    def injected(self, path: str, function: int, call: int) -> Ref | None:
        """What FastAPI hands in for ``Depends(f)``, given as call `call` of a function."""
        key = (path, function, f"{call}()")
        if key in self._values:
            return self._values[key]
        self._values[key] = None  # a dependency's return annotation may be the alias that injects it
        fact = self.modules[path].bodies[function].calls[call]
        callee = self.value(path, function, fact.callee)
        if callee is None or callee.name not in ("fastapi.Depends", "fastapi.Security") or not fact.args:
            return None
        target = self.value(path, function, fact.args[0])
        self._values[key] = found = self.called(target, None) if target is not None else None
        return found

    # -- attributes and calls ----------------------------------------------------------------------

    def attribute(self, ref: Ref, name: str) -> Ref | None:
        """What an attribute refers to."""
        if ref.kind is RefKind.MODULE:
            return self.export(ref.path, name) or (Ref(RefKind.MODULE, name, inner) if (inner := self.index.submodule(ref.path, name)) else None)
        if ref.kind in (RefKind.CLASS, RefKind.INSTANCE):
            return self.classes.attribute(ref, name)
        if ref.kind is RefKind.FUNCTION:
            return Ref(RefKind.EXTERNAL, f"{self.function_class(ref)}.{name}", ref.path, ref.index)
        dotted = canonical(f"{ref.name}.{name}")
        if name == "objects" or name in ("_default_manager", "_base_manager"):
            if "django.db.models.Model" in external_bases(ref.name):
                return Ref(RefKind.EXTERNAL_INSTANCE, "django.db.models.Manager", item=ref)
        elif name == "__enter__" or name == "__aenter__":
            return Ref(RefKind.EXTERNAL, f"{ref.name}.__enter__", origin=ref.origin, receiver=ref)
        held = attribute_class(dotted)
        if held is not None:
            return Ref(RefKind.EXTERNAL_INSTANCE, held, origin=ref.origin)
        return Ref(RefKind.EXTERNAL, dotted, origin=ref.origin, item=ref.item, receiver=ref if ref.kind is RefKind.EXTERNAL_INSTANCE else None)

    def function_class(self, ref: Ref) -> str:
        """The library class that decorators make of a function: ``celery.Task`` for a task, else ``function``."""
        module = self.modules[ref.path]
        head = module.functions[ref.index]
        for decorator in head.decorators:
            target = self.decorator(ref.path, head.scope, decorator)
            if target is None:
                if decorator.rpartition(".")[2] in ("task", "shared_task"):
                    return "celery.Task"
                continue
            name = target.name
            if name.startswith("celery.") and name.rpartition(".")[2] in ("task", "shared_task"):
                return "celery.Task"
            if name.startswith("dramatiq.actor"):
                return "dramatiq.Actor"
        return "function"

    def decorator(self, path: str, scope: int, text: str) -> Ref | None:
        """What a decorator refers to, with or without arguments."""
        if text[:1] == "#" and text[1:].isdigit():
            return self.value(path, scope, self.modules[path].bodies[scope].calls[int(text[1:])].callee)
        return self.value(path, scope, text)

    def result(self, path: str, function: int, call: int) -> Ref | None:
        """What the result of a call refers to."""
        key = (path, function, call)
        if key in self._results:
            return self._results[key]
        self._results[key] = None
        fact = self.modules[path].bodies[function].calls[call]
        callee = self.value(path, function, fact.callee)
        found = None
        if callee is not None:
            found = self._known_result(path, function, fact, callee) or self.called(callee, Origin(path, function, call))
        self._results[key] = found
        return found

    def _known_result(self, path: str, function: int, fact: Call, callee: Ref) -> Ref | None:
        if callee.name in ("functools.partial", "asgiref.sync.async_to_sync") and fact.args:
            return self.value(path, function, fact.args[0])
        if callee.name in ("django.shortcuts.get_object_or_404", "rest_framework.generics.get_object_or_404") and fact.args:
            subject = self.value(path, function, fact.args[0])
            if subject is not None:
                model = subject if subject.kind is RefKind.CLASS else subject.item
                return Ref(RefKind.INSTANCE, model.name, model.path, model.index) if model is not None and model.kind is RefKind.CLASS else None
        if callee.name in ("django.apps.apps.get_model", "django.contrib.auth.get_user_model") and callee.is_external:
            return Ref(RefKind.EXTERNAL, "django.contrib.auth.models.User" if "user" in callee.name else "django.db.models.Model")
        if callee.name in ("sqlalchemy.orm.Session.get", "sqlalchemy.ext.asyncio.AsyncSession.get") and fact.args:
            model = self.value(path, function, fact.args[0])
            return Ref(RefKind.INSTANCE, model.name, model.path, model.index) if model is not None and model.kind is RefKind.CLASS else None
        return None

    def called(self, ref: Ref, origin: Origin | None) -> Ref | None:
        """What calling something gives."""
        if ref.kind is RefKind.CLASS:
            return Ref(RefKind.INSTANCE, ref.name, ref.path, ref.index, origin)
        if ref.kind is RefKind.FUNCTION:
            return self._function_result(ref)
        if ref.kind is RefKind.INSTANCE:
            inner = self.classes.attribute(ref, "__call__")
            return self.called(inner, origin) if inner is not None and not inner.is_external else None
        if ref.kind is RefKind.MODULE:
            return None
        return self._external_result(ref, origin)

    def _external_result(self, ref: Ref, origin: Origin | None) -> Ref | None:
        name = ref.name
        if ref.kind is RefKind.EXTERNAL_INSTANCE:
            for base in external_bases(name):
                if found := returned_by(f"{base}.__call__"):
                    return Ref(RefKind.EXTERNAL_INSTANCE, found, origin=origin)
            return Ref(RefKind.EXTERNAL, f"{name}.__call__()", origin=origin)
        owner, _, method = name.rpartition(".")
        if method == "__enter__" and ref.receiver is not None:
            return ref.receiver if ref.receiver.name != "contextlib.closing()" else None
        for base in external_bases(owner):
            if base in _MANAGERS:
                if method in QUERYSET_METHODS:
                    return Ref(RefKind.EXTERNAL_INSTANCE, "django.db.models.QuerySet", origin=origin, item=ref.item)
                if method in MODEL_METHODS and ref.item is not None:
                    item = ref.item
                    return Ref(RefKind.INSTANCE, item.name, item.path, item.index) if item.kind is RefKind.CLASS else Ref(RefKind.EXTERNAL_INSTANCE, item.name)
                return None
            if found := returned_by(f"{base}.{method}" if base else method):
                return Ref(RefKind.EXTERNAL_INSTANCE, found, origin=origin)
        if method[:1].isupper() or name in ("redis.Redis", "botocore.client"):
            return Ref(RefKind.EXTERNAL_INSTANCE, name, origin=origin)
        return Ref(RefKind.EXTERNAL, name + "()", origin=origin)

    def _function_result(self, ref: Ref) -> Ref | None:
        module = self.modules[ref.path]
        head = module.functions[ref.index]
        body = module.bodies[ref.index]
        if head.is_generator:
            for found in body.yields:
                if found.value and (yielded := self.value(ref.path, ref.index, found.value)) is not None:
                    return yielded
            if head.returns:
                inner = instance_of(self, ref.path, head.scope, head.returns)
                return inner.item if inner is not None and inner.item is not None else None
            return None
        if head.returns:
            found_ref = instance_of(self, ref.path, head.scope, head.returns)
            if found_ref is not None:
                precise = self._returned(ref) if found_ref.is_external or found_ref.kind is RefKind.INSTANCE else None
                return precise if precise is not None and precise.name == found_ref.name else self._self_type(ref, found_ref)
        return self._returned(ref)

    def _self_type(self, ref: Ref, found: Ref) -> Ref:
        return ref.receiver if found.name in ("typing.Self", "typing_extensions.Self") and ref.receiver is not None else found

    def _returned(self, ref: Ref) -> Ref | None:
        vague = None
        for found in self.modules[ref.path].bodies[ref.index].returns:
            if found.value and found.value != "None" and (target := self.value(ref.path, ref.index, found.value)) is not None:
                if target.kind is not RefKind.EXTERNAL:
                    return target
                vague = vague or target
        return vague

    def class_at(self, ref: Ref) -> Class:
        """The class that a reference to a class or an instance of the project names."""
        return self.modules[ref.path].classes[ref.index]
