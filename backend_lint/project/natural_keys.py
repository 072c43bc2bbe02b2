"""Whether columns by which code looks for one row are a key of the table, and the unique constraint that would make them one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.python import Attribute
from backend_lint.facts.query import Query, TermKind
from backend_lint.facts.schema import Dialect, Implicit, Table
from backend_lint.project.references import Ref, RefKind
from backend_lint.sql.conditions import required
from backend_lint.sql.long_texts import is_long_text
from backend_lint.sql.types import base

if TYPE_CHECKING:

    from backend_lint.project import Project
    from backend_lint.project.uniqueness import Taken

_OF_PERSONS = frozenset("first_name last_name firstname lastname surname full_name fullname middle_name given_name family_name birthday date_of_birth".split())
_NAMES = frozenset("name title label description text comment notes subject summary caption".split())
"""What many things may share, unless something beside it says whose it is."""
_MOST = 4
"""Columns that a key has; who asks for more looks for a row that is the same in all."""
_WHOLE = ("json", "jsonb", "array", "hstore", "bytea", "blob")


def is_natural_key(taken: Taken) -> bool:
    """A unique constraint on these columns would be right and possible: they tell one row from all others, and the table has no other key for that."""
    table, columns = taken.table, [name for name in taken.columns if name not in constants(taken.site.query)]
    if not 0 < len(columns) <= _MOST or any(name in _OF_PERSONS for name in columns) or set(columns) <= _NAMES - {"name"}:
        return False
    if any(is_long_text(table, name) or _is_whole(table, name) for name in columns):
        return False
    return not any(_is_instead(table, {key.column for key in index.keys}, set(columns)) for index in table.indexes if _is_key(index.unique, index.implicit))


def constants(query: Query) -> dict[str, str]:
    """The columns that a query compares with a value written in the code, each with the value as SQL."""
    equal = [one for one in required(query.where) if one.operator == "=" and one.right.kind is TermKind.CONSTANT and one.left.relation == 0]
    return {one.left.column: one.right.text for one in equal}


def constraint_on(project: Project, taken: Taken) -> str:
    """The constraint as a reader would declare it: columns, the rows it is for, and which rows it leaves alone."""
    fixed = constants(taken.site.query)
    columns = [name for name in taken.columns if name not in fixed]
    text = f"put a unique constraint on ({', '.join(columns)}) here"
    if fixed and project.schema.dialect is not Dialect.MYSQL:
        text += f", for rows with {' and '.join(f'{name} = {value}' for name, value in fixed.items())}"
    nullable = [f"`{name}`" for name in columns if (column := taken.table.column(name)) is not None and column.nullable]
    return text + (f"; it does not compare rows in which {' or '.join(nullable)} is null" if nullable else "")


def _is_key(unique: bool, implicit: Implicit | None) -> bool:
    return unique and implicit is not Implicit.PRIMARY_KEY


def _is_instead(table: Table, key: set[str], columns: set[str]) -> bool:
    """The other key shares a column of its own with these, or names what they name in another way: a slug beside the name."""
    shared = key & columns
    if len(key) < 2 or not shared or key <= columns:
        return False
    references = {name for one in table.foreign_keys for name in one.columns}
    return bool(shared - references) or columns - shared <= _NAMES


def _is_whole(table: Table, name: str) -> bool:
    column = table.column(name)
    return column is not None and (base(column.type) in _WHOLE or column.type.endswith("[]"))


def outside_meta(project: Project, taken: Taken) -> tuple[str, int] | None:
    """Path and line of a ``unique_together`` of these columns that stands in the body of the model, where Django does not read it."""
    mapped = project.places.model(taken.table.name)
    found = project.resolver.classes.find(Ref(RefKind.CLASS, mapped.name, *mapped.key), "unique_together") if mapped is not None else None
    if mapped is None or found is None or not isinstance(found[1], Attribute):
        return None
    names = {one.column: one.name for one in mapped.fields.values()}
    names |= {one.columns[0]: one.name for one in mapped.relationships.values() if len(one.columns) == 1 and not one.reverse}
    listed = all(f"'{names.get(column, column)}'" in found[1].value or f'"{names.get(column, column)}"' in found[1].value for column in taken.columns)
    return (found[0].path, found[1].line) if listed else None
