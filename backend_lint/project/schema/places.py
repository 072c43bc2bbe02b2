"""Where a table, a column or an index was declared: in the model if there is one, else in the last migration that touched it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.facts.schema import Implicit
from backend_lint.project.schema.mapping import Framework

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backend_lint.facts.schema import Index, Table
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import Mapped

_OF_INDEXES = ("indexes", "index_together")
_OF_CONSTRAINTS = ("unique_together", "constraints")
_DEEPEST = 8
"""Classes that inherit from one another, each with a table of its own."""


class Place(NamedTuple):
    """A place that findings and evidence can stand on: a whole line."""

    path: str
    line: int
    column: int = 1
    symbol: str = ""

    @property
    def end_line(self) -> int:
        return self.line

    @property
    def end_column(self) -> int:
        return self.column


class Places:
    """Answers for one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._mapped: dict[str, Mapped] = {}
        for mapped in project.schema.mapped.values():
            kept = mapped.table in project.schema.rivals and mapped.path == project.schema.declared[mapped.table].path
            if kept or (mapped.table and (mapped.table not in self._mapped or self._mapped[mapped.table].proxy)):
                self._mapped[mapped.table] = mapped

    def model(self, table: str) -> Mapped | None:
        """The class that is mapped to a table; of several the one that is no proxy."""
        return self._mapped.get(table)

    def models(self, table: str) -> Sequence[Mapped]:
        """The classes whose objects are rows of a table; those of a child in a table of its own are rows of the parent's as well."""
        return self._models.get(table, ())

    @functools.cached_property
    def _models(self) -> dict[str, list[Mapped]]:
        found: dict[str, list[Mapped]] = {}
        mapped = self._project.schema.mapped
        for model in mapped.values():
            one: Mapped | None = model
            for _ in range(_DEEPEST):
                if one is None:
                    break
                if one.table:
                    found.setdefault(one.table, []).append(model)
                one = mapped.get(one.parent) if one.parent is not None else None
        return found

    def table(self, table: Table) -> Place:
        """The class, else the statement that made the table."""
        mapped = self.model(table.name)
        if mapped is not None:
            return Place(mapped.path, mapped.line, symbol=mapped.name)
        declared = self._project.schema.declared.get(table.name)
        return Place(declared.path, declared.line) if declared is not None and declared.line else Place(table.path, table.line)

    def column(self, table: Table, name: str) -> Place:
        """The attribute, else the statement that declared the column last, else the table."""
        mapped = self.model(table.name)
        declared = self._project.schema.declared.get(table.name)
        column = declared.column(name) if declared is not None else None
        if column is not None and column.line:
            return Place(column.path, column.line, symbol=mapped.name if mapped is not None else "")
        if mapped is not None:
            field = next((field for field in mapped.fields.values() if field.column == name), None)
            if field is not None and field.line:
                return Place(mapped.path, field.line, symbol=mapped.name)
        found = table.column(name)
        return Place(found.path, found.line) if found is not None and found.line else self.table(table)

    def index(self, table: Table, index: Index) -> Place:
        """The line that declares an index; for one that nobody wrote, its first column or the table."""
        declared = self._project.schema.declared.get(table.name)
        twin = next((one for one in declared.indexes if one.name == index.name and one.keys == index.keys), None) if declared is not None else None
        for one in (twin, index):
            if one is not None and one.line:
                return Place(one.path, one.line, symbol=self._name(table))
        return self.column(table, index.keys[0].column) if index.keys and index.keys[0].column else self.table(table)

    def indexes_go(self, table: Table) -> Place:
        """Where one would write a new index: ``indexes`` of the model's ``Meta``, ``__table_args__``, else ``Meta`` or the table."""
        mapped = self.model(table.name)
        if mapped is None:
            return self._beside_indexes(table)
        path, number = mapped.key
        module = self._project.modules[path]
        head = module.classes[number]
        for attribute in head.attributes:
            if attribute.name == "__table_args__":
                return Place(path, attribute.line, symbol=head.name)
        meta = f"{head.name}.Meta"
        found = next((one for one in module.classes if one.name == meta), None)
        listed = next((one for one in found.attributes if one.name == "indexes"), None) if found is not None else None
        at = listed if listed is not None and listed.line else found if found is not None else head
        return Place(path, at.line, symbol=head.name)

    def _beside_indexes(self, table: Table) -> Place:
        """Of tables that files of SQL make: behind the last index there, its own or else another one's of the same folder."""
        place = self.table(table)
        folder = place.path.rpartition("/")[0]
        if not place.path.endswith(".sql"):
            return place
        for tables in ((table,), self._project.schema.tables.values()):
            written = [(one.path, one.line) for other in tables for one in other.indexes if one.implicit is Implicit.NO and one.path.endswith(".sql")]
            if found := [one for one in written if one[0].rpartition("/")[0] == folder]:
                return Place(*max(found))
        return place

    def is_inherited(self, table: Table, place: Place, index: Index | None = None) -> bool:
        """The place lies outside the table's own class: other classes have from there what it declares."""
        mapped = self.model(table.name)
        if mapped is None or mapped.framework is not Framework.DJANGO:
            return False
        module = self._project.modules[mapped.key[0]]
        head = module.classes[mapped.key[1]]
        if (place.path, place.line) == (mapped.path, head.line):  # no field's line: the Meta of the class, or of one of its bases
            meta = next((one for one in module.classes if one.name == f"{head.name}.Meta"), None)
            names = _OF_INDEXES + (_OF_CONSTRAINTS if index is None or index.unique else ())
            return meta is None or not any(one.name in names for one in meta.attributes)
        return place.path != mapped.key[0] or not head.line <= place.line <= head.end_line

    def _name(self, table: Table) -> str:
        mapped = self.model(table.name)
        return mapped.name if mapped is not None else ""
