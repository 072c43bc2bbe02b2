"""Migrations that the base revision has already, and that read differently now or are gone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.schema.history import Node
from backend_lint.project.value_text import call_ids

if TYPE_CHECKING:
    from backend_lint.project import Project


_PLACE = re.compile(r"\b(?:line=\d+|path='[^']*')")


_FOLDER = re.compile(r"(?:^|/)(?:\w*migrations?|versions|alembic|flyway)/")


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
            if base.edited(node.path) and _said(project, node.path) != _said(base.project, node.path):
                yield Edited(node, False)
    nodes = [node for history in project.migrations.histories for node in history.nodes]
    ours = {node.path for node in nodes} | project.files.keys()
    folders = {posixpath.dirname(node.path) for node in nodes}
    if not any(posixpath.dirname(path) in folders or _FOLDER.search(path) for path in base.paths - ours if path.endswith((".py", ".sql"))):
        return
    replaced = {name for node in nodes for name in node.replaces}
    names = {node.name for node in nodes}
    for history in base.project.migrations.histories:
        for node in history.nodes:
            if node.path not in ours and node.name not in replaced and (node.name not in names or history.runner == "sql"):
                yield Edited(node, True)


def _said(project: Project, path: str) -> object:
    """What a migration does to schema and rows, and the names of its operations. How a function fills rows is no matter: it runs once."""
    done = next((history.done[path] for history in project.migrations.histories if path in history.done), ())
    changes = [_PLACE.sub("", repr(one.change)) for one in done]
    module = project.modules.get(path)
    if module is None:
        facts = project.sql_files.get(path)
        return changes, [one.text for one in facts.statements] if facts is not None else []
    operations = [attribute.value for fact in module.classes for attribute in fact.attributes if attribute.name == "operations"]
    numbers = [number for value in operations for number in call_ids(value)]
    return changes, [module.bodies[0].calls[number].callee for number in numbers if number < len(module.bodies[0].calls)]
