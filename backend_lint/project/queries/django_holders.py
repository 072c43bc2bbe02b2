"""Which model the classes around querysets are about: generic views, view sets, forms, serializers, filter sets, admin classes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey

if TYPE_CHECKING:
    from backend_lint.project.queries.django_chains import DjangoChains


class Holders:
    """Answers for one project."""

    def __init__(self, chains: DjangoChains) -> None:
        self.chains = chains
        self.resolver = chains.resolver
        self.modules = chains.modules
        self._held_models: dict[ClassKey, ClassKey | None] = {}

    def held_model(self, key: ClassKey) -> ClassKey | None:
        """The model that a view, form, serializer, filter set or admin class is about."""
        if key not in self._held_models:
            self._held_models[key] = None
            self._held_models[key] = self._find_held_model(key)
        return self._held_models[key]

    def _find_held_model(self, key: ClassKey) -> ClassKey | None:
        ref = Ref(RefKind.CLASS, "", *key)
        member = self.resolver.classes.find(ref, "model")
        if member is not None and not isinstance(member[1], int) and member[1].value:
            return self.chains.objects.model(self.chains.frame(member[0].path, member[1].function), member[1].value)
        for base in self.resolver.classes.ancestors(*key):
            if base.kind is not RefKind.CLASS:
                continue
            module = self.modules[base.path]
            number = module.definitions[1].get(f"{module.classes[base.index].name}.Meta")
            if number is not None:
                inner = self.resolver.classes.find(Ref(RefKind.CLASS, "", base.path, number), "model")
                if inner is not None and not isinstance(inner[1], int) and inner[1].value:
                    return self.chains.objects.model(self.chains.frame(inner[0].path, inner[1].function), inner[1].value)
        if (found := self._admin_models.get(key)) is not None:
            return found
        member = self.resolver.classes.find(ref, "queryset")
        if member is not None and not isinstance(member[1], int) and member[1].value not in ("", "None"):
            chains = self.chains.evaluate(self.chains.frame(member[0].path, member[1].function), member[1].value)
            return chains[0].model if chains else None
        for name in ("serializer_class", "form_class"):
            member = self.resolver.classes.find(ref, name)
            if member is not None and not isinstance(member[1], int) and member[1].value:
                target = self.resolver.value(member[0].path, member[1].function, member[1].value)
                if target is not None and target.kind is RefKind.CLASS and (found := self.held_model(target.function)) is not None:
                    return found
        return None

    @functools.cached_property
    def _admin_models(self) -> dict[ClassKey, ClassKey]:
        """``@admin.register(Model)`` and ``site.register(Model, ModelAdmin)``."""
        table: dict[ClassKey, ClassKey] = {}
        for path, module in self.modules.items():
            if not any("admin" in one.module or "admin" in one.member for one in module.facts.imports):
                continue
            for number, head in enumerate(module.classes):
                for text in head.decorators:
                    call = module.bodies[head.scope].calls[int(text[1:])] if text[:1] == "#" and text[1:].isdigit() else None
                    if call is not None and call.callee.rpartition(".")[2] == "register" and call.args:
                        found = self.chains.objects.model(self.chains.frame(path, head.scope), call.args[0])
                        if found is not None:
                            table[path, number] = found
            for call in module.bodies[0].calls:
                if call.callee.endswith(".register") and len(call.args) == 2 and "." in call.callee:
                    target = self.resolver.value(path, 0, call.args[1])
                    found = self.chains.objects.model(self.chains.frame(path, 0), call.args[0])
                    if found is not None and target is not None and target.kind is RefKind.CLASS:
                        table.setdefault(target.function, found)
        return table
