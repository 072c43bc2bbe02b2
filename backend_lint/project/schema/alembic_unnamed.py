"""Constraints that a migration drops by a name which it asks the database for: which one is meant, as far as the table tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from backend_lint.facts import ddl
from backend_lint.facts.schema import Implicit, Table

if TYPE_CHECKING:
    from backend_lint.project.schema.alembic_operations import Call
    from backend_lint.sql.catalog import Catalog

_MILD = re.compile(
    r"\s*alter\s+table\s+(?P<table>[\w.\"]*)[^;]*\b(?P<done>drop\s+constraint|add\s+constraint|(dis|en)able\s+trigger|validate|owner\s+to|row\s+level)",
    re.IGNORECASE,
)
_DROPPED = "a constraint that is not known is dropped"


def is_mild(beginning: str, catalog: Catalog) -> bool:
    """Whether a statement that ends in what is only known at run time changes nothing that an index is about: keys are dropped and come back.

    A dropped constraint may be a unique one where the table has such.
    """
    mild = _MILD.match(beginning)
    if mild is None or not mild["done"].lower().startswith("drop"):
        return mild is not None
    table = catalog.find(mild["table"].replace('"', ""))
    return table is None or not any(index.constraint and index.implicit is Implicit.UNIQUE for index in table.indexes)


class Unnamed:
    """Drops without a known name. A foreign key that is dropped waits until another one over its columns takes its place."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._waiting: dict[str, list[Call]] = {}

    def drop(self, call: Call, doubted: bool) -> list[ddl.Change]:
        """What ``drop_constraint`` of an unknown name does: the only constraint of its kind goes, else anything may have gone."""
        assert call.table is not None
        kind = call.text("type_")
        table = self.catalog.find(call.table)
        if kind == "check":
            return []
        if table is not None and table.name in self.catalog.created and not table.unknown and not doubted and len(found := _names(table, kind)) == 1:
            return [ddl.DropConstraint(table.name, found[0])]
        if kind == "foreignkey" and table is not None:
            self._waiting.setdefault(table.name, []).append(call)
            return []
        return [ddl.Forget(call.table, "indexes", _DROPPED, call.path, call.line)]

    def replaced(self, table: str, columns: tuple[str, ...]) -> list[ddl.Change]:
        """The drop of the key over the columns that a new foreign key takes the place of."""
        found = self.catalog.find(table)
        if found is None or not self._waiting.get(found.name):
            return []
        old = next((key for key in found.foreign_keys if key.columns == columns), None)
        if old is None:
            return []
        self._waiting[found.name].pop()
        return [ddl.DropConstraint(found.name, old.name)]

    def left(self) -> list[ddl.Forget]:
        """What is in doubt in the end, as no key took the place of the one that was dropped."""
        return [
            ddl.Forget(table, "all", _DROPPED, calls[0].path, calls[0].line) for table, calls in self._waiting.items() if calls and table in self.catalog.tables
        ]


def _names(table: Table, kind: str | None) -> list[str]:
    """The constraints of a kind by name."""
    if kind == "foreignkey":
        return [key.name for key in table.foreign_keys]
    wanted = {"unique": Implicit.UNIQUE, "primary": Implicit.PRIMARY_KEY}.get(kind or "")
    return [index.name for index in table.indexes if index.constraint and index.implicit is wanted]
