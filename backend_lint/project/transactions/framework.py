"""Functions that Django runs inside a transaction of its own: views under ``ATOMIC_REQUESTS``, hooks of the admin, receivers of signals of deletion.

Sources: ``django.core.handlers.base.BaseHandler.make_view_atomic``; ``ModelAdmin.changeform_view`` and ``delete_view``; ``Collector.delete`` sends
``pre_delete`` and ``post_delete`` inside its ``atomic``, related managers send ``m2m_changed`` inside theirs. ``post_save`` is sent where the row was saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Call
from backend_lint.project.calls import FunctionKey
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import ClassKey
from backend_lint.project.transactions.requests import Setting, is_exempt
from backend_lint.project.transactions.scopes import LEFT_OUT, Scope

if TYPE_CHECKING:
    from backend_lint.project import Project

HOOKS = frozenset({"save_model", "delete_model", "save_formset", "save_related", "response_add", "response_change", "log_addition", "log_change"})
"""Methods of a page of the admin."""
_DELETION = ("pre_delete", "post_delete", "m2m_changed")
ALWAYS = ("ATOMIC_REQUESTS", "pre_delete", "post_delete", "m2m_changed")
"""How scopes begin of which the function's own callers do not matter."""
_SAVING = ("pre_save", "post_save")


def opened_by_django(project: Project, setting: Setting) -> Iterator[tuple[FunctionKey, Scope]]:
    """Each function with the transaction that it runs in."""
    if setting.value:
        yield from _requests(project, setting)
    registered = dict(_registered(project))
    yield from _admin(project)
    yield from _receivers(project, registered)
    for model, (path, line) in registered.items():
        methods, _ = project.resolver.classes.members(*model)
        for name in ("save", "delete"):
            if name in methods:
                yield (model[0], methods[name]), Scope(0, path, line, "the admin's form view, which is atomic", django=True)


def _requests(project: Project, setting: Setting) -> Iterator[tuple[FunctionKey, Scope]]:
    scope = Scope(0, setting.path, setting.line, "ATOMIC_REQUESTS", django=True)
    for route in project.routes:
        key = route.module, route.function
        if route.framework in ("django", "drf") and route.function >= 0 and not project.calls.head(key).is_async and not is_exempt(project, key, route.owner):
            yield key, scope
    for key, entry in project.entries.answering():
        head = project.calls.head(key)
        owner = (key[0], head.owner) if head.owner >= 0 else None
        if entry.framework in ("django", "drf", "graphene") and not head.is_async and not is_exempt(project, key, owner):
            yield key, scope


def _admin(project: Project) -> Iterator[tuple[FunctionKey, Scope]]:
    for path, module in project.modules.items():
        if module.role in LEFT_OUT:
            continue
        for number, fact in enumerate(module.classes):
            hooks = [method for method in fact.methods if module.functions[method].name.rpartition(".")[2] in HOOKS]
            bases = project.resolver.classes.external_names(Ref(RefKind.CLASS, "", path, number)) if hooks else []
            if any(name.startswith("django.contrib.admin.") for name in bases):
                for method in hooks:
                    yield (path, method), Scope(0, path, module.functions[method].line, "the admin's form view, which is atomic", django=True)


def _registered(project: Project) -> Iterator[tuple[ClassKey, tuple[str, int]]]:
    """Models that the admin edits, with the place of their registration."""
    for module, function, _, call in project.named_calls.calls("register", without=LEFT_OUT):
        target = project.value(module.path, function, call.callee) if call.args else None
        if target is None or not target.name.startswith("django.contrib.admin."):
            continue
        for text in call.args[0].strip("[]").split(","):
            model = project.value(module.path, function, text)
            if model is not None and model.kind is RefKind.CLASS and model.function in project.schema.mapped:
                yield model.function, (module.path, call.line)


def _receivers(project: Project, registered: dict[ClassKey, tuple[str, int]]) -> Iterator[tuple[FunctionKey, Scope]]:
    for path, module in project.modules.items():
        if module.role in LEFT_OUT:
            continue
        for index, head in enumerate(module.functions):
            for text in head.decorators:
                if text[:1] == "#" and text[1:].isdigit():
                    call = module.bodies[head.scope].calls[int(text[1:])]
                    if call.callee.rpartition(".")[2] == "receiver" and call.args:
                        yield from _receiver(project, path, head.scope, (path, index), call, call.args[0], registered)
    for module, function, _, call in project.named_calls.calls("connect", without=LEFT_OUT):
        signal = call.callee.rpartition(".")[0]
        if call.args and signal.endswith((*_DELETION, *_SAVING)):
            target = project.value(module.path, function, call.args[0])
            if target is not None and target.kind is RefKind.FUNCTION:
                yield from _receiver(project, module.path, function, target.function, call, signal, registered)


def _receiver(
    project: Project, path: str, function: int, key: FunctionKey, call: Call, signals: str, registered: dict[ClassKey, tuple[str, int]]
) -> Iterator[tuple[FunctionKey, Scope]]:
    names = [text.rpartition(".")[2] for text in signals.strip("[]").split(",")]
    sent = next((name for name in names if name in _DELETION), None)
    if sent is not None and all(name in _DELETION for name in names):
        yield key, Scope(0, path, call.line, f"{sent}, which Django sends inside its transaction", django=True)
    elif any(name in _SAVING for name in names):
        sender = project.value(path, function, dict(call.keywords).get("sender", "?"))
        place = registered.get(sender.function) if sender is not None and sender.kind is RefKind.CLASS else None
        if place is not None:
            yield key, Scope(0, *place, "the admin's form view, which is atomic and saves it", django=True)
