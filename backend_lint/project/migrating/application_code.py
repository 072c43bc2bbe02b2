"""Code of the application that migrations run: it changes with the application, and the migration does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.python import Import
from backend_lint.project.libraries import Effect
from backend_lint.project.modules import SourceModule
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.history import Node

if TYPE_CHECKING:
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import Mapped

_REVISION = ("upgrade", "downgrade")
_DATABASE = Effect.DATABASE_READ | Effect.DATABASE_WRITE


class Imported(NamedTuple):
    """A model, or a function that uses the database, of the application. `at`: where it is imported; `line`: where it is used; `there`: where it is defined."""

    at: Import
    name: str
    line: int
    model: bool
    there: tuple[str, int]


def imported(project: Project, node: Node) -> Iterator[Imported]:
    """What the functions of a migration use of the application, each name once."""
    module = project.modules[node.path]
    entries = {entry.name: entry for entry in module.facts.imports if not entry.type_checking}
    said: set[str] = set()
    for index, body in enumerate(module.bodies):
        if index == 0 or (node.owner >= 0 and module.functions[index].owner >= 0) or not _is_run(module, index):
            continue
        for call in body.calls:
            for text in (call.callee, *call.args, *(value for _, value in call.keywords)):
                root = text.partition(".")[0].partition("(")[0]
                entry = entries.get(root)
                if entry is None or root in said:
                    continue
                found = _used(project, module, index, text, call.callee is text)
                if found is not None:
                    said.add(root)
                    yield Imported(entry, found[0], call.line, found[1], found[2])


def _is_run(module: SourceModule, function: int) -> bool:
    """Some operation names the function, or another function does: what stands in a comment does not run."""
    head = module.functions[function]
    name = head.name.rpartition(".")[2]
    if head.owner >= 0 or head.scope > 0 or head.decorators or name in _REVISION:
        return True
    values = (attribute.value for one in module.classes for attribute in one.attributes)
    return name.encode() in bytes(module.facts.bodies) or any(name in value for value in values)


def _used(project: Project, module: SourceModule, function: int, text: str, called: bool) -> tuple[str, bool, tuple[str, int]] | None:
    """The model or function that a text names: name, whether it is a model, and its place."""
    mapped = _model(project, module.path, function, text)
    if mapped is not None:
        return mapped.name, True, (mapped.path, mapped.line)
    target = project.value(module.path, function, text) if called else None
    if target is not None and target.kind is RefKind.FUNCTION and _uses_models(project, target):
        head = project.modules[target.path].functions[target.index]
        return head.name, False, (target.path, head.line)
    return None


def _model(project: Project, path: str, function: int, text: str) -> Mapped | None:
    """The model that the beginning of a text names."""
    parts = text.partition("(")[0].split(".")
    for length in range(1, min(len(parts), 8) + 1):
        target = project.value(path, function, ".".join(parts[:length]))
        if target is not None and target.kind is RefKind.CLASS:
            mapped = project.schema.mapped.get(target.function)
            if mapped is None or not _is_application(project, mapped.path) or (length < len(parts) and parts[length][:1].isupper()):
                return None  # ``Order.State.OPEN`` and ``Order.OPEN`` are constants, which no column depends on
            return mapped
    return None


def _uses_models(project: Project, target: Ref) -> bool:
    """A function of the application that asks the database through models; one that writes SQL knows what it needs."""
    if not _is_application(project, target.path) or not project.calls.summary(target.function) & _DATABASE:
        return False
    calls = project.modules[target.path].bodies[target.index].calls
    return any(_model(project, target.path, target.index, call.callee) is not None for call in calls)


def _is_application(project: Project, path: str) -> bool:
    """Not a module that is kept for migrations."""
    return project.modules[path].role in (Role.APPLICATION, Role.COMMAND) and "migration" not in path.lower()
