"""Where the outside enters a project: routes, tasks, consumers, commands, and what each function is reached from."""

from __future__ import annotations

import collections
import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.route import Entry, EntryKind
from backend_lint.project.calls import Edge, FunctionKey, Step
from backend_lint.project.references import Ref, RefKind

if TYPE_CHECKING:
    from backend_lint.project import Project

_ORDER = (
    (EntryKind.ROUTE, EntryKind.WEBSOCKET),
    (EntryKind.MIDDLEWARE,),
    (EntryKind.CONSUMER, EntryKind.TASK),
    (EntryKind.COMMAND,),
    (EntryKind.STARTUP,),
)
"""What a function is reached from is answered with the first kind that reaches it."""
SERVED = frozenset({EntryKind.ROUTE, EntryKind.WEBSOCKET, EntryKind.CONSUMER, EntryKind.TASK})
"""What others ask for, many at a time."""
STARTED = frozenset({EntryKind.COMMAND, EntryKind.STARTUP})
"""What a person or the start of the program runs, one at a time."""
_COLLABORATORS = ("serializer_class", "form_class", "filterset_class", "pagination_class")
_RUNNERS = frozenset(
    (
        "to_thread run_in_threadpool run_in_executor run_sync sync_to_async async_to_sync database_sync_to_async add_task submit map on_commit partial Thread "
        "Timer Process start_soon apply apply_async spawn call_soon call_later run_coroutine_threadsafe run atomic retry_call gather thread_map"
    ).split()
)
"""Calls that run a function they are given."""


class Entries:
    """Entry points, and the nearest of them for each function."""

    def __init__(self, project: Project, entries: Iterable[Entry], before: Iterable[tuple[FunctionKey, Entry]] = ()) -> None:
        self.routed: tuple[FunctionKey, ...] = ()
        """What the framework calls for a route that is known: handlers, their dependencies, and the methods of views with their serializers and forms."""
        self._project = project
        self._entries = tuple(entries)
        self._before = tuple(before)
        self._by_function: dict[FunctionKey, list[Entry]] = {}
        for entry in self._entries:
            self._by_function.setdefault((entry.module, entry.function), []).append(entry)

    @classmethod
    def link(cls, project: Project) -> Entries:
        """The routes as entries, and what libraries register."""
        from backend_lint.project.registered import Registered

        entries: dict[Entry, None] = {}
        before: dict[FunctionKey, Entry] = {}
        owners: set[FunctionKey] = set()
        for route in project.routes:
            kind = EntryKind.WEBSOCKET if route.is_websocket else EntryKind.ROUTE
            if route.function >= 0:
                head = project.calls.head((route.module, route.function))
                line = route.line if route.declared_in == route.module else head.line
                entry = Entry(kind, route.module, route.function, head.name, line, route.framework)
                entries.setdefault(entry)
                for key in route.dependencies:
                    before.setdefault(key, entry)
            if route.owner is not None and route.owner not in owners:
                owners.add(route.owner)
                for key in cls._hooks(project, route.owner):
                    if key not in before:
                        head = project.calls.head(key)
                        before[key] = Entry(kind, *key, head.name, head.line, route.framework, hook=True)
        routed = {(entry.module, entry.function) for entry in entries}
        for entry in Registered(project).entries():
            if entry.kind is not EntryKind.ROUTE or (entry.module, entry.function) not in routed:
                entries.setdefault(entry)
        found = cls(project, entries, before.items())
        found.routed = (*sorted(routed), *before)
        return found

    @classmethod
    def _hooks(cls, project: Project, owner: FunctionKey, depth: int = 0) -> Iterator[FunctionKey]:
        """Methods that a class-based handler brings, and those of its serializer or form: the framework calls the ones it knows by name."""
        for base in project.resolver.classes.ancestors(*owner):
            if base.kind is RefKind.CLASS:
                for number in project.modules[base.path].classes[base.index].methods:
                    yield base.path, number
        for name in _COLLABORATORS:
            member = project.resolver.classes.find(Ref(RefKind.CLASS, "", *owner), name) if depth < 2 else None
            if member is None or isinstance(member[1], int):
                continue
            held = project.resolver.value(member[0].path, member[1].function, member[1].value)
            if held is not None and held.kind is RefKind.CLASS and held.function != owner:
                yield from cls._hooks(project, held.function, depth + 1)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def of(self, key: FunctionKey) -> tuple[Entry, ...]:
        """The entries that a function is itself."""
        return tuple(self._by_function.get(key, ()))

    def answering(self) -> Iterator[tuple[FunctionKey, Entry]]:
        """What frameworks run for requests beside the handlers: methods of views, of their serializers and forms."""
        own = (((one.module, one.function), one) for one in self._entries)
        return ((key, entry) for key, entry in (*own, *self._before) if entry.kind is EntryKind.ROUTE and key[1] > 0)

    def is_served(self, key: FunctionKey) -> bool:
        """A request, a message or a task is known to come to the function."""
        found = self.reaching(key)
        return found is not None and found[0].kind in SERVED

    def may_run_at_once(self, key: FunctionKey) -> bool:
        """Nothing says that the function only runs for one person at a terminal or when the program starts."""
        found = self.reaching(key)
        return found is None or found[0].kind not in STARTED

    def reaching(self, key: FunctionKey) -> tuple[Entry, tuple[Step, ...]] | None:
        """The nearest entry that reaches a function, with the calls on the way: a request before a task, a task before a command.

        None if nothing that is known reaches it.
        """
        before = self._before_each
        if key not in before:
            return None
        way: list[Step] = []
        found = before[key]
        while not isinstance(found, Entry):
            way.append(found)
            found = before[found.function]
        return found, tuple(reversed(way))

    @functools.cached_property
    def _before_each(self) -> dict[FunctionKey, Entry | Step]:
        """For each function that is reached: its entry, or the call that reaches it first."""
        before: dict[FunctionKey, Entry | Step] = {}
        for kinds in _ORDER:
            queue: collections.deque[FunctionKey] = collections.deque()
            for key, entry in [*(((one.module, one.function), one) for one in self._entries), *self._before]:
                if entry.kind in kinds and key not in before:
                    before[key] = entry
                    queue.append(key)
            while queue:
                current = queue.popleft()
                for edge in self.onward(current):
                    callee = edge.target.function
                    if callee not in before:
                        before[callee] = Step(current, edge)
                        queue.append(callee)
        return before

    def onward(self, key: FunctionKey) -> Iterator[Edge]:
        """The functions that a function calls, or hands to something that runs them."""
        calls = self._project.calls
        for edge in calls.edges(key):
            if edge.target.kind is RefKind.FUNCTION:
                yield edge
        path, function = key
        for number, call in enumerate(calls.body(key).calls):
            if call.callee.rpartition(".")[2] in _RUNNERS:
                for text in (*call.args, *(value for _, value in call.keywords)):
                    if text[:1].isidentifier() or text[:1] in "%#":
                        target = self._project.resolver.value(path, function, text)
                        if target is not None and target.kind is RefKind.FUNCTION:
                            yield Edge(number, call, target)
