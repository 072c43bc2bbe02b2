"""Foreign keys that no index leads to, and what follows a key from the parent to its children."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.schema import ForeignKey, Table, TableKind
from backend_lint.project.schema.sizes import is_small, may_be_small
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
