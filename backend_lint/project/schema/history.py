"""What migrations do one after another, kept while they are replayed: each change with its place, what it costs, and what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.act import Act
from backend_lint.facts.schema import Column, Index, Table
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.locks import Cost, costs

_CONCURRENT = frozenset({"AddIndexConcurrently", "RemoveIndexConcurrently"})


class Done(NamedTuple):
    """A change or an act of a migration.

    `path`, `line`: where it stands. `operation`: what is written there (``AddField``, ``create_index``, ``SQL``). `table`: whose it is, under its name before.
    `born`: path of the migration that made the table, empty if none did. `was`: the column before; `dropped`: an index before. `bare`: it runs outside of any
    transaction, whatever the migration's own is. `doubted`: nobody knows whether it runs. `made`: the call of a Django operation.
    """

    change: ddl.Change | Act
    path: str
    line: int
    operation: str
    table: str
    costs: tuple[Cost, ...]
    born: str = ""
    was: Column | None = None
    dropped: Index | None = None
    bare: bool = False
    doubted: bool = False
    made: Any = None


class Node(NamedTuple):
    """A migration in its graph. `group`: the application or the environment that it belongs to; `name`: its key there; `parents`: keys of what it follows.

    `line`: where it says what it follows. `replaces`: keys of those in whose place it stands. `function`: of an Alembic revision its ``upgrade``; `owner`: the
    class of one of Django.
    """

    path: str
    line: int
    group: str
    name: str
    parents: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    function: int = -1
    owner: int = -1
    branch: bool = False
    """It begins or continues a branch with a label of its own."""
    initial: bool = False
    """It says that it makes what its application begins with."""


class History(NamedTuple):
    """All migrations of one runner. `done`: by path of the migration. `tables`: what they leave, those too of which they only know a part."""

    runner: str
    nodes: tuple[Node, ...]
    done: Mapping[str, tuple[Done, ...]]
    tables: Mapping[str, Table]


class Recorder:
    """Told of each change before the catalog is."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.done: dict[str, list[Done]] = {}
        self.bare = False
        self.doubted = False
        self.origin: tuple[str, int, str, Any] = ("", 0, "", None)
        self._migration: list[Done] = []
        self._path = ""
        self._born: dict[str, str] = {}

    def begin(self, path: str) -> None:
        """What follows is done by the migration at `path`."""
        self._path = path
        self._migration = self.done.setdefault(path, [])
        self.bare = self.doubted = False
        self.origin = (path, 1, "", None)

    def at(self, path: str, line: int, operation: str, made: Any = None) -> None:
        """What follows is done by an operation that stands there."""
        self.origin = (path, line, operation, made)

    def act(self, act: Act, line: int = 0) -> None:
        """Something that changes no schema."""
        path, at, operation, made = self.origin
        table = self.catalog.spelled(act.table) if act.table else ""
        cost = costs(act, self.catalog)
        self._migration.append(Done(act, path, line or at, operation, table, cost, self._born.get(table, ""), None, None, self.bare, self.doubted, made))

    def record(self, change: ddl.Change, line: int = 0) -> None:
        """A change that is about to be applied."""
        path, at, operation, made = self.origin
        if isinstance(change, ddl.AddIndex | ddl.DropIndex) and operation in _CONCURRENT:
            change = replace(change, concurrently=True)
        elif isinstance(change, ddl.AddCheck) and operation == "AddConstraintNotValid":
            change = replace(change, valid=False)
        name = self._table(change)
        table = self.catalog.find(name)
        name = table.name if table is not None else self.catalog.bare(name)
        if isinstance(change, ddl.CreateTable):
            if table is None or not change.if_not_exists:
                self._born[name] = self._path
            elif table is not None:
                return
        was, dropped = None, None
        if table is not None and isinstance(change, ddl.AlterColumn | ddl.DropColumn):
            was = table.column(change.name)
        elif table is not None and isinstance(change, ddl.RenameColumn):
            was = table.column(change.old)
        elif table is not None and isinstance(change, ddl.DropIndex):
            dropped = next((index for index in table.indexes if index.name == change.name.rpartition(".")[2]), None)
        cost = costs(change, self.catalog)
        born = self._born.get(name, "")
        self._migration.append(Done(change, path, line or at, operation, name, cost, born, was, dropped, self.bare, self.doubted, made))
        if isinstance(change, ddl.RenameTable) and name in self._born:
            self._born[self.catalog.bare(change.new)] = self._born.pop(name)
        elif isinstance(change, ddl.DropTable):
            self._born.pop(name, None)

    def _table(self, change: ddl.Change) -> str:
        if isinstance(change, ddl.CreateTable):
            return change.table.name
        if isinstance(change, ddl.RenameTable):
            return change.old
        if isinstance(change, ddl.DropTable):
            return change.name
        name: str = getattr(change, "table", "")
        if not name and isinstance(change, ddl.DropIndex | ddl.RenameIndex):
            name = self.catalog.homes.get(self.catalog.bare(change.name if isinstance(change, ddl.DropIndex) else change.old), "")
        return name

    def history(self, runner: str, nodes: tuple[Node, ...]) -> History:
        """All that was recorded."""
        return History(runner, nodes, {path: tuple(done) for path, done in self.done.items()}, self.catalog.tables)
