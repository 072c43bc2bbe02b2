"""Values from outside, followed to where they do harm: through locals, containers, calls and callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Call
from backend_lint.project.queries.sqlalchemy_text import operation
from backend_lint.project.taint.arriving import arriving
from backend_lint.project.taint.flows import Flows, Mode, Step, Trail
from backend_lint.project.taint.library import LAST_NAMES, SAFE_LOADERS, SINKS, YAML, Danger, Sink
from backend_lint.project.taint.values import parts

if TYPE_CHECKING:
    from backend_lint.project import FunctionKey, Project

__all__ = ["Arrival", "Danger", "Flows", "Mode", "Step", "Taint", "Trail"]


class Arrival(NamedTuple):
    """A value from outside at a dangerous call."""

    danger: Danger
    key: FunctionKey
    call: Call
    name: str
    trail: Trail


class Taint:
    """Answers what arrives where. Everything is followed once, when somebody first asks."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.flows = Flows(project)
        self._arrivals: tuple[Arrival, ...] | None = None

    def arrivals(self, *dangers: Danger) -> Iterator[Arrival]:
        """Values from outside at calls of libraries that are dangerous with them, in order of path and line."""
        if self._arrivals is None:
            self._arrivals = tuple(self._found())
        return (one for one in self._arrivals if one.danger in dangers)

    def _found(self) -> Iterator[Arrival]:
        for path, module in self._project.modules.items():
            if module.role is not Role.APPLICATION:
                continue
            for function, body in enumerate(module.bodies):
                for call in body.calls:
                    if call.callee.rpartition(".")[2] in LAST_NAMES:
                        yield from self._at(path, function, call)

    def _at(self, path: str, function: int, call: Call) -> Iterator[Arrival]:
        if not call.args and not call.keywords and "." not in call.callee:
            return
        ref = self._project.value(path, function, call.callee)
        if ref is not None and not ref.is_external:
            return
        name = ref.name if ref is not None else _unresolved(call)
        sink = SINKS.get(name) or _yaml(name, call)
        if sink is None or not _is_armed(sink, call):
            return
        value = _value(sink, call)
        if not value or parts(value) == ():
            return
        trail = arriving(self.flows, (path, function), value, sink.danger)
        if trail is not None:
            yield Arrival(sink.danger, (path, function), call, name, trail)


def _unresolved(call: Call) -> str:
    """The name of a call whose object is not known; what strokes put together is a path."""
    receiver, _, method = call.callee.rpartition(".")
    found = operation(receiver)
    return f"pathlib.Path.{method}" if found is not None and found.operator == "/" else call.callee


def _yaml(name: str, call: Call) -> Sink | None:
    """``yaml.load`` with a loader that makes objects of any class."""
    if name not in YAML:
        return None
    loaders = [value for keyword, value in call.keywords if keyword == "Loader"] + list(call.args[1:2])
    return None if loaders and loaders[0].rpartition(".")[2] in SAFE_LOADERS else Sink(Danger.PICKLE, 0, ("stream",))


def _is_armed(sink: Sink, call: Call) -> bool:
    if any(keyword in sink.unless for keyword, _ in call.keywords) or (sink.danger is Danger.XML and len(call.args) > 1):
        return False
    keyword, wanted = sink.needs
    return not keyword or any(name == keyword and value == wanted for name, value in call.keywords)


def _value(sink: Sink, call: Call) -> str:
    if sink.position < 0:
        return call.callee.rpartition(".")[0]
    for keyword, value in call.keywords:
        if keyword in sink.names:
            return value
    return call.args[sink.position] if len(call.args) > sink.position and not call.args[sink.position].startswith("*") else ""
