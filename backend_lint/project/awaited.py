"""What is certain of who waits for a function, and of which tables grow."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.query import Verb
from backend_lint.facts.route import EntryKind
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.facts.python import Call
    from backend_lint.facts.schema import Table
    from backend_lint.project import Project
    from backend_lint.project.calls import FunctionKey
    from backend_lint.project.schema.mapping import Mapped

_ASKED = frozenset({EntryKind.WEBSOCKET, EntryKind.CONSUMER, EntryKind.MIDDLEWARE})
_GRAPHS = ("strawberry", "graphene")
"""Libraries whose functions answer one route together."""
_SENDS = frozenset("delay delay_on_commit apply_async apply_async_on_commit send send_with_options defer defer_async kiq s si signature".split())
"""Calls of a task that hand it to a worker."""
_GIVES = frozenset("enqueue enqueue_call enqueue_in enqueue_at async_task".split())
"""Calls that are given the task."""
_MAKES = frozenset("create acreate get_or_create aget_or_create update_or_create aupdate_or_create bulk_create abulk_create".split())
_NOT_AT_WORK = (Role.TEST, Role.MIGRATION, Role.GENERATED, Role.SCRIPT)
_USERS = frozenset({"django.contrib.auth.models.AbstractUser", "django.contrib.auth.models.AbstractBaseUser", "django.contrib.auth.base_user.AbstractBaseUser"})
_FORMS = ("rest_framework.serializers.", "django.forms.")


class Awaited:
    """Answers for one project. What is not certain is answered with no."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._growing: dict[str, bool] = {}

    def __contains__(self, key: FunctionKey) -> bool:
        """A request to a known route, or a message that such a request or another message sends, comes to the function. Not what a clock or a person starts."""
        return key in self._functions

    @functools.cached_property
    def _functions(self) -> frozenset[FunctionKey]:
        entries = self._project.entries
        found: set[FunctionKey] = set()
        waiting = [(one.module, one.function) for one in entries if one.kind in _ASKED or (one.kind is EntryKind.ROUTE and one.framework in _GRAPHS)]
        waiting += entries.routed
        while waiting:
            key = waiting.pop()
            if key in found:
                continue
            found.add(key)
            waiting += [edge.target.function for edge in entries.onward(key)]
            waiting += self._sent(key)
        return frozenset(found)

    def _sent(self, key: FunctionKey) -> Iterator[FunctionKey]:
        """The tasks that a function sends to a worker."""
        for call in self._project.calls.body(key).calls:
            base, _, name = call.callee.rpartition(".")
            texts = (base,) if name in _SENDS and base else call.args if name in _GIVES else ()
            for text in texts:
                ref = self._project.resolver.value(*key, text)
                if ref is not None and ref.kind is RefKind.FUNCTION:
                    yield ref.function
                elif (last := text.rpartition(".")[2].lstrip("%")) in self._tasks:
                    yield self._tasks[last]

    @functools.cached_property
    def _tasks(self) -> dict[str, FunctionKey]:
        """Tasks by the last part of a name that only one of them has."""
        found: dict[str, list[FunctionKey]] = {}
        for one in self._project.entries:
            if one.kind is EntryKind.TASK:
                found.setdefault(one.name.rpartition(".")[2], []).append((one.module, one.function))
        return {name: keys[0] for name, keys in found.items() if len(set(keys)) == 1}

    # -- tables ------------------------------------------------------------------------------------

    def grows(self, table: Table) -> bool:
        """Code at work makes rows of the table: not migrations, administration pages or somebody by hand alone."""
        if table.name not in self._growing:
            self._growing[table.name] = self._judge(table)
        return self._growing[table.name]

    def _judge(self, table: Table) -> bool:
        if table.name in self._inserted:
            return True
        mapped = self._project.places.model(table.name)
        if mapped is not None:
            return self._is_of_users(mapped) or self._is_made(mapped) or self._has_form(mapped)
        parents = [self._project.schema.table(key.table) for key in table.foreign_keys]
        return len(parents) == 2 and all(one is not None and one.name != table.name and self.grows(one) for one in parents)

    @functools.cached_property
    def _inserted(self) -> frozenset[str]:
        found = set()
        for site in self._project.queries.sites:
            if site.query.verb in (Verb.INSERT, Verb.UPSERT) and site.query.relations and site.function >= 0 and self._at_work(site.path, site.function):
                found.add(site.query.relations[0].table)
        return frozenset(found)

    def _at_work(self, path: str, function: int) -> bool:
        return self._project.files[path].role not in _NOT_AT_WORK and "/admin" not in path and not self._project.answers.is_idle(path, function)

    def _is_of_users(self, mapped: Mapped) -> bool:
        return not _USERS.isdisjoint(self._project.resolver.classes.external_names(Ref(RefKind.CLASS, mapped.name, *mapped.key)))

    def _is_made(self, mapped: Mapped) -> bool:
        """Something calls the class, or the manager that makes its rows."""
        for module, function, _, call in self._project.resolver.named_calls.calls(mapped.name, *_MAKES, without=_NOT_AT_WORK):
            text = call.callee if call.callee.rpartition(".")[2] == mapped.name else _made_by(call)
            if text.rpartition(".")[2] != mapped.name or not self._at_work(module.path, function):
                continue
            ref = self._project.value(module.path, function, text)
            if ref is not None and ref.kind is RefKind.CLASS and ref.function == mapped.key:
                return True
        return False

    def _has_form(self, mapped: Mapped) -> bool:
        """A form or serializer makes its rows of what clients send."""
        classes = self._project.resolver.classes
        for path, name, value, scope, outer in self._metas:
            if value.rpartition(".")[2] != mapped.name or "/admin" in path:
                continue
            ref = self._project.resolver.value(path, scope, value)
            if ref is not None and ref.kind is RefKind.CLASS and ref.function == mapped.key:
                return any(one.startswith(_FORMS) for one in classes.external_names(Ref(RefKind.CLASS, name, path, outer)))
        return False

    @functools.cached_property
    def _metas(self) -> tuple[tuple[str, str, str, int, int], ...]:
        """``model`` of each inner class ``Meta``: path, name of the class around it, the value, its scope, and the number of that class."""
        found = []
        for path, module in self._project.modules.items():
            numbers = {one.name: number for number, one in enumerate(module.classes)} if module.role not in _NOT_AT_WORK else {}
            for one in module.classes if numbers else ():
                outer = one.name.removesuffix(".Meta")
                if outer != one.name and outer in numbers:
                    found += [(path, outer, text.value, text.function, numbers[outer]) for text in one.attributes if text.name == "model"]
        return tuple(found)


def _made_by(call: Call) -> str:
    """The model of ``Model.objects.create``; empty for other chains."""
    base, _, _ = call.callee.rpartition(".")
    model, _, manager = base.rpartition(".")
    return model if manager.endswith("objects") else ""
