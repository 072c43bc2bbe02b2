"""Foreign keys that no index leads to, and what follows a key from the parent to its children."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.file import Role
from backend_lint.facts.query import Rows, Verb
from backend_lint.facts.schema import ForeignKey, Table, TableKind
from backend_lint.project.references import RefKind
from backend_lint.project.schema.sizes import is_small, may_be_small
from backend_lint.project.value_text import parse
from backend_lint.sql.keys import leads_with

if TYPE_CHECKING:
    from backend_lint.project import Project

_FEWEST, _MOST = 6, 5
"""A project indexes its keys if it has so many, and at most one in so many has no index."""


class Unindexed(NamedTuple):
    """Columns of a table that refer to one or more parents and that no index begins with. `certain`: all indexes of the table are known."""

    table: Table
    columns: tuple[str, ...]
    keys: tuple[ForeignKey, ...]
    certain: bool


def unindexed_keys(project: Project) -> tuple[list[Unindexed], bool]:
    """The foreign keys without an index, and whether the project indexes most of its keys. Small tables, and keys to short lists, do not count."""
    found: dict[tuple[str, tuple[str, ...]], list[ForeignKey]] = {}
    keys = 0
    schema = project.schema
    for table in schema.tables.values():
        if table.kind is not TableKind.TABLE or is_small(table):
            continue
        for key in table.foreign_keys:
            parent = schema.table(key.table)
            if not key.enforced or not key.columns or (parent is not None and may_be_small(parent)):
                continue
            keys += 1
            if not any(leads_with(index, key.columns) for index in (*table.indexes, *schema.declared_indexes(table.name))):
                found.setdefault((table.name, key.columns), []).append(key)
    result = []
    for (name, columns), parents in found.items():
        table = schema.tables[name]
        result.append(Unindexed(table, columns, tuple(parents), not table.unknown and all(index.usable for index in table.indexes)))
    return result, keys >= _FEWEST and len(found) * _MOST < keys


def followed_by_models(project: Project) -> set[tuple[str, tuple[str, ...]]]:
    """Tables and columns that a relationship of a model looks rows up by: the children of a parent, both sides of an association table."""
    found = set()
    for mapped in project.schema.mapped.values():
        for relation in mapped.relationships.values():
            target = project.schema.mapped.get(relation.target) if relation.target is not None else None
            if relation.through:
                found |= {(relation.through, relation.through_columns), (relation.through, relation.through_to)}
            elif target is not None and (relation.many or relation.reverse):
                found.add((target.table, relation.to_columns))
    return found


def deleted_rows(project: Project) -> dict[str, tuple[str, int]]:
    """The tables whose rows the program deletes, by statements or one by one, each with the first place: path and line."""
    found: dict[str, tuple[str, int]] = {}
    made: dict[tuple[str, int, int], str] = {}
    for site in project.queries.sites:
        table = site.query.relations[0].table if site.query.relations else ""
        if not table or project.files[site.path].role in (Role.TEST, Role.MIGRATION):
            continue
        if site.query.verb is Verb.DELETE:
            _first(found, table, (site.path, site.line))
        elif site.query.rows is Rows.ONE and site.call >= 0:
            made[site.path, site.function, site.call] = table
    for path, module in project.modules.items():
        if module.role in (Role.TEST, Role.MIGRATION):
            continue
        for number, body in enumerate(module.bodies):
            for call in body.calls:
                if call.callee.endswith(".delete") and len(call.args) == 1 and not call.keywords:
                    table = _table_of(project, path, number, call.args[0], made)
                    if table:
                        _first(found, table, (path, call.line))
    return found


def _table_of(project: Project, path: str, function: int, text: str, made: dict[tuple[str, int, int], str]) -> str:
    """The table of the object that a value is; empty if that is not known."""
    parsed = parse(text)
    if parsed is not None and parsed.root[:1] == "#" and not parsed.steps and (path, function, int(parsed.root[1:])) in made:
        return made[path, function, int(parsed.root[1:])]
    ref = project.value(path, function, text)
    mapped = project.schema.of(ref) if ref is not None and ref.kind is RefKind.INSTANCE else None
    return mapped.table if mapped is not None else ""


def _first(found: dict[str, tuple[str, int]], table: str, place: tuple[str, int]) -> None:
    if table not in found or place < found[table]:
        found[table] = place
