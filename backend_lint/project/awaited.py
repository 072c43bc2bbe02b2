"""Which functions requests and messages come to for certain."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.route import EntryKind
from backend_lint.project.references import RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.calls import FunctionKey

_ASKED = frozenset({EntryKind.WEBSOCKET, EntryKind.CONSUMER, EntryKind.MIDDLEWARE})
_GRAPHS = ("strawberry", "graphene")
"""Libraries whose functions answer one route together."""
_SENDS = frozenset("delay delay_on_commit apply_async apply_async_on_commit send send_with_options defer defer_async kiq s si signature".split())
"""Calls of a task that hand it to a worker."""
_GIVES = frozenset("enqueue enqueue_call enqueue_in enqueue_at async_task".split())
"""Calls that are given the task."""


class Awaited:
    """Answers for one project. What is not certain is answered with no."""

    def __init__(self, project: Project) -> None:
        self._project = project

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
