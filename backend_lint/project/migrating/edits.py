"""Migrations that the base revision has already, and that read differently now or are gone."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts import ddl
from backend_lint.facts.act import Act
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.schema.history import Node
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project


_FILLS = frozenset({"RunPython", "RunSQL"})
_PLACE = lazy_regex(r"\b(?:line=\d+|path='[^']*')")


_FOLDER = lazy_regex(r"(?:^|/)(?:\w*migrations?|versions|alembic|flyway)/")


class Edited(NamedTuple):
    """A migration of the base revision. `gone`: there is no such file any more."""

    node: Node
    gone: bool


def edited(project: Project) -> Iterator[Edited]:
    """Migrations that do something else than those of the base revision that other databases have applied."""
    base = project.base
    if base is None:
        return
    for history in project.migrations.histories:
        for node in history.nodes:
            if base.edited(node.path) and _does_more(_said(base.project, node.path), _said(project, node.path)):
                yield Edited(node, False)
    nodes = [node for history in project.migrations.histories for node in history.nodes]
    ours = {node.path for node in nodes} | project.files.keys()
    folders = {posixpath.dirname(node.path) for node in nodes}
    if not any(posixpath.dirname(path) in folders or _FOLDER.search(path) for path in base.paths - ours if path.endswith((".py", ".sql"))):
        return
    replaced = {name for node in nodes for name in node.replaces}
    names = {node.name for node in nodes}
    begun = {posixpath.dirname(node.path) for node in nodes if node.path not in base.paths and _begins(node)}
    for history in base.project.migrations.histories:
        for node in history.nodes:
            gone = node.path not in ours and node.name not in replaced and (node.name not in names or history.runner == "sql")
            if gone and posixpath.dirname(node.path) not in begun:
                yield Edited(node, True)


def _begins(node: Node) -> bool:
    """A new migration that comes after none of its own application: the old ones were squashed into it, and every database had them."""
    return not any(parent.partition(".")[0] == node.group or "." not in parent for parent in node.parents)


class _Said(NamedTuple):
    """What a migration does to the schema, the names of its operations, and the statements of a file of SQL."""

    changes: tuple[str, ...]
    operations: Counter[str]
    statements: tuple[str, ...]


def _does_more(before: _Said, now: _Said) -> bool:
    """The schema is another one, or something is done that was not: databases that have applied it lack that. Who takes away what fills rows takes nothing."""
    less = before.operations - now.operations
    return before.changes != now.changes or before.statements != now.statements or bool(now.operations - before.operations) or bool(less.keys() - _FILLS)


def _said(project: Project, path: str) -> _Said:
    """How a function or a statement fills rows is no matter: it runs once."""
    done = next((history.done[path] for history in project.migrations.histories if path in history.done), ())
    changes = tuple(_PLACE.sub("", repr(one.change)) for one in done if not isinstance(one.change, Act | ddl.Seed | ddl.Forget))
    module = project.modules.get(path)
    if module is None:
        facts = project.sql_files.get(path)
        return _Said(changes, Counter(), tuple(one.text for one in facts.statements) if facts is not None else ())
    operations = [attribute.value for fact in module.classes for attribute in fact.attributes if attribute.name == "operations"]
    numbers = [number for value in operations for number in call_ids(value)]
    calls = [module.bodies[0].calls[number] for number in numbers if number < len(module.bodies[0].calls)]
    return _Said(changes, Counter(call.callee.rpartition(".")[2] for call in calls), ())
