"""What else keeps the rows apart that code looks for, or knows that they may be several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts.file import Role
from backend_lint.facts.schema import Implicit, Index, Table
from backend_lint.project.value_text import entries, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from backend_lint.project import Project
    from backend_lint.project.uniqueness import Taken

_DEFAULTS = ("defaults", "create_defaults")
_SEVERAL = (".MultipleObjectsReturned", ".MultipleResultsFound")


def refused_by_other_key(taken: Taken) -> bool:
    """The second insert sets a unique column to the same value as the first: it is taken from the same object as what is looked for."""
    given = dict(_defaults(taken))
    asked = {root for name, value in taken.make.keywords if name not in _DEFAULTS and (root := _root(value))} if taken.make is not None else set()
    sure = {*taken.columns, *taken.settled, *(name for name, value in given.items() if _root(value) in asked)}
    return any(given.keys() & _columns(one) and _columns(one) <= sure for one in _others(taken.table, taken.columns))


def has_other_key(taken: Taken) -> bool:
    """Something else is unique in the table: whether a second row can be made depends on what else it holds."""
    return any(True for _ in _others(taken.table, taken.columns))


def several_expected(project: Project, table: Table) -> bool:
    """Some code catches that several rows of the table are found."""
    mapped = project.places.model(table.name)
    names = tuple(mapped.name + word for word in _SEVERAL) if mapped is not None else ()
    modules = (module for module in project.modules.values() if module.role is not Role.TEST) if names else ()
    return any(text.endswith(names) for one in modules for body in one.bodies for handler in body.handlers for text in _types(handler.types))


def _types(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (part.strip() for part in text.strip("()[]").split(","))


def _others(table: Table, columns: Iterable[str]) -> Iterator[Index]:
    """Unique keys that hold more or other columns than these; surrogates say nothing of what a row is."""
    given = set(columns)
    for index in table.indexes:
        if index.unique and index.implicit is not Implicit.PRIMARY_KEY and not _columns(index) <= given:
            names = [column for name in _columns(index) if (column := table.column(name)) is not None]
            if not all(column.type == "uuid" or column.auto for column in names):
                yield index


def _columns(index: Index) -> set[str]:
    return {key.column or key.expression for key in index.keys}


def _defaults(taken: Taken) -> Iterator[tuple[str, str]]:
    """The columns that the call sets in a new row, with their values."""
    for name, value in taken.make.keywords if taken.make is not None else ():
        if name in _DEFAULTS:
            yield from entries(value)


def _root(value: str) -> str:
    """The name of the object that a value is taken from; empty for ``self``, which holds anything."""
    parsed = parse(value)
    return parsed.root if parsed is not None and parsed.root[:1] not in ("#", "") and parsed.root not in ("%self", "%request") else ""
