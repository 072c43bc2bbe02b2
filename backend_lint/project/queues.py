"""Queues in the memory of the process that may grow without end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.python import Call
from backend_lint.project.value_text import constant_number

if TYPE_CHECKING:
    from backend_lint.project import Project

_QUEUES = frozenset({"Queue", "LifoQueue", "PriorityQueue"})
_MODULES = frozenset({"asyncio", "queue", "multiprocessing"})


def unbounded_queues(project: Project) -> Iterator[tuple[str, int, Call]]:
    """Path, function and call of each queue that is made without a size, in the order of paths and lines."""
    for module, index, _, call in project.named_calls.calls(*_QUEUES):
        if call.args[1:] or any(name == "**" for name, _ in call.keywords):
            continue
        size = call.args[0] if call.args else dict(call.keywords).get("maxsize", "0")
        number = constant_number(size)
        target = project.value(module.path, index, call.callee) if number is not None and number <= 0 else None
        if target is not None and target.is_external and target.name.rpartition(".")[0] in _MODULES:
            yield module.path, index, call
