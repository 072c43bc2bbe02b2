"""What a catalog remembers, and the ways to it: tables by name, indexes and constraints by name, who refers to whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.schema import Column, Dialect, Index, Table
from backend_lint.sql.names import Taken

Item = TypeVar("Item")

DEFAULT_SCHEMAS = {Dialect.POSTGRESQL: "public", Dialect.SQLITE: "main", Dialect.MSSQL: "dbo"}
"""The schema that a table without one in front lies in."""


class Missed(NamedTuple):
    """A change that could not be applied, and why."""

    change: ddl.Change
    why: str


def schema_of(name: str) -> str:
    """The schema of a table's name with its dot; empty for the default schema."""
    return name[: name.rfind(".") + 1]


def in_schema(table: str, name: str) -> str:
    """An index's or a constraint's name with the schema of its table."""
    return schema_of(table) + name


def _changed(old: tuple[Item, ...], new: tuple[Item, ...]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """What differs behind the common beginning: a table that thousands of migrations add to is not gone through from its start each time."""
    same = len(old) if new[: len(old)] == old else next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one is not other), len(new))
    return old[same:], new[same:]


class State:
    """All tables, and the indexes over them. Tables are frozen; `store` puts a new one in the place of the old one."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.tables: dict[str, Table] = {}
        self.uncreated: set[str] = set()
        self.dropped: set[str] = set()
        self.missed: list[Missed] = []
        self.everything_unknown = ""
        self.types: dict[str, ddl.CreateType] = {}
        self.forgotten: dict[str, str] = {}
        self.seeds: dict[str, int] = {}
        """Constant rows so far, by table."""
        self.homes: dict[str, str] = {}
        """The table of an index, by the index's name with its schema. (In MySQL names of indexes are not unique: there only `tables` tells.)"""
        self.constraints: dict[str, set[str]] = {}
        """Tables that have a foreign key or a check of that name (with its schema)."""
        self.referrers: dict[str, set[str]] = {}
        """Tables that refer, or once referred, to a table."""
        self.children: dict[str, list[str]] = {}
        """Partitions and heirs of a table."""
        self.attached: dict[str, str] = {}
        """An index of a partition and the index of the parent that it belongs to, both with schema."""
        self.checks: dict[str, tuple[str, ...]] = {}
        """The names of `Table.checks`, in the same order."""
        self._lower: dict[str, str] = {}

    # -- names

    def bare(self, name: str) -> str:
        """The name without the default schema."""
        schema, dot, rest = name.partition(".")
        return rest if dot and schema.lower() == DEFAULT_SCHEMAS.get(self.dialect) else name

    def spelled(self, name: str) -> str:
        """The name of a table as its creator spelled it; the name itself if there is no such table."""
        if name in self.tables:
            return name
        name = self.bare(name)
        if self.dialect is Dialect.POSTGRESQL or name in self.tables:
            return name
        return self._lower.get(name.lower(), name)

    def find(self, name: str) -> Table | None:
        """The table that a name means: with or without the default schema, in MySQL and SQLite in any case of letters."""
        return self.tables.get(self.spelled(name))

    def index_taken(self, table: str, index: Index) -> Taken:
        """Whether the name of a new index of the table is in use."""
        if self.dialect is Dialect.POSTGRESQL:
            schema = schema_of(table)
            homes, tables, constraints = self.homes, self.tables, self.constraints
            if index.constraint:
                return lambda name: (full := schema + name) in homes or full in tables or full in constraints
            return lambda name: (full := schema + name) in homes or full in tables
        if self.dialect is Dialect.SQLITE:
            return lambda name: name in self.homes
        present = {one.name.lower() for one in self.tables[table].indexes}
        return lambda name: name.lower() in present

    def constraint_taken(self, table: str) -> Taken:
        """Whether the name of a new foreign key or check of the table is in use."""
        schema = schema_of(table)
        return lambda name: schema + name in self.constraints or schema + name in self.homes

    # -- storing

    def store(self, table: Table) -> Table:
        """Puts a table in the place of the one with its name, if there is one."""
        name = table.name
        old = self.tables.get(name)
        if old is None:
            self._lower[name.lower()] = name
            for parent in table.parents:
                self.children.setdefault(parent, []).append(name)
        if old is None or old.indexes is not table.indexes:
            before, after = _changed(old.indexes if old is not None else (), table.indexes)
            if before:
                kept = {index.name for index in table.indexes}
                self._forget_indexes(name, (index for index in before if index.name not in kept))
            for index in after:
                if index.name:
                    self.homes[in_schema(name, index.name)] = name
        if old is None or old.foreign_keys is not table.foreign_keys:
            gone, come = _changed(old.foreign_keys if old is not None else (), table.foreign_keys)
            if gone:
                kept = {key.name for key in table.foreign_keys}
                self._release(name, (key.name for key in gone if key.name not in kept))
            for key in come:
                self.constraints.setdefault(in_schema(name, key.name), set()).add(name)
                self.referrers.setdefault(key.table, set()).add(name)
        self.tables[name] = table
        return table

    def store_checks(self, table: Table, named: Iterable[tuple[str, str]]) -> Table:
        """Stores the table with these checks: name and text each."""
        pairs = tuple(named)
        self._release(table.name, self.checks.get(table.name, ()))
        for name, _ in pairs:
            self.constraints.setdefault(in_schema(table.name, name), set()).add(table.name)
        self.checks[table.name] = tuple(name for name, _ in pairs)
        return self.store(replace(table, checks=tuple(text for _, text in pairs)))

    def named_checks(self, table: Table) -> Iterator[tuple[str, str]]:
        """Name and text of each check."""
        return zip(self.checks.get(table.name, ()), table.checks, strict=False)

    def remove(self, name: str) -> Table:
        """Takes a table away. Those that refer to it still do."""
        table = self.tables.pop(name)
        self._lower.pop(name.lower(), None)
        self._forget_indexes(name, table.indexes)
        self._release(name, (key.name for key in table.foreign_keys))
        self._release(name, self.checks.pop(name, ()))
        for parent in table.parents:
            if name in (heirs := self.children.get(parent, [])):
                heirs.remove(name)
        self.uncreated.discard(name)
        return table

    def _forget_indexes(self, table: str, gone: Iterable[Index]) -> None:
        for index in gone:
            key = in_schema(table, index.name)
            if self.homes.get(key) == table:
                del self.homes[key]
            self.attached.pop(key, None)

    def _release(self, table: str, constraints: Iterable[str]) -> None:
        for name in constraints:
            key = in_schema(table, name)
            if (holders := self.constraints.get(key)) is not None:
                holders.discard(table)
                if not holders:
                    del self.constraints[key]

    # -- doubts

    def miss(self, change: ddl.Change, why: str) -> None:
        """Notes a change that could not be applied and changes nothing that is known."""
        self.missed.append(Missed(change, why))

    def doubt(self, change: ddl.Change, table: Table, why: str) -> Table:
        """Notes a change that could not be applied; the table is unknown from now on."""
        self.missed.append(Missed(change, why))
        return table if why in table.unknown else self.store(replace(table, unknown=(*table.unknown, why)))

    def table_of(self, name: str, change: ddl.Change) -> Table:
        """The table that a change is about. One that nobody created is there from now on, unknown."""
        table = self.find(name)
        if table is not None:
            return table
        name = self.bare(name)
        self.uncreated.add(name)
        return self.doubt(change, Table(name, ()), "it is changed after it was dropped" if name in self.dropped else "it is changed before it is created")

    def heirs(self, name: str) -> list[str]:
        """The table and all that inherit from it or are its partitions."""
        if not self.children.get(name):
            return [name]
        found, at = [name], 0
        while at < len(found):
            found += [child for child in self.children.get(found[at], ()) if child not in found]
            at += 1
        return found

    def typed(self, column: Column) -> Column:
        """The column with a type of the user resolved: a domain is the type it stands for, an enum is closed."""
        for _ in range(8):
            type_ = self.types.get(column.type.removesuffix("[]")) if self.types else None
            if type_ is None:
                return column
            array = column.type.endswith("[]")
            if not type_.base or array:
                return replace(column, closed=True) if type_.closed and not array else column
            column = replace(column, type=type_.base)
        return column
