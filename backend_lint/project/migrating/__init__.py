"""Migrations as they are applied to a database that runs: each one's changes in order, with its runner's transactions, and which of them are to be judged."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts import ddl
from backend_lint.facts.requirements import CLASSIFIED
from backend_lint.facts.schema import Dialect, Table
from backend_lint.project.growing import Growth
from backend_lint.project.migrating.graph import leaves, squashed
from backend_lint.project.migrating.model import Migration, Runner, Step
from backend_lint.project.migrating.runners import after_deploy, alembic_transaction, django_transaction, steps
from backend_lint.project.migrating.timeouts import made_safe
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.history import History, Node
from backend_lint.project.schema.product import engines
from backend_lint.project.schema.sizes import has_few_rows, may_be_small

if TYPE_CHECKING:
    from backend_lint.facts.requirements import Version
    from backend_lint.project import Project

__all__ = ["Migration", "Migrations", "Runner", "Step"]


_BY_HAND = ("configuration", "config", "configs", "settings", "preferences")


class Migrations:
    """All migrations of a project. `histories`: by runner, with their graphs. `judged`: those that are not deployed yet, as far as anybody can tell.

    With a base revision these are the files that it does not have; without one those that no other migration follows and those that the user named, or all, as
    the configuration says.
    """

    def __init__(self, project: Project, histories: tuple[History, ...], runners: dict[str, tuple[Runner, bool | None]]) -> None:
        self._project = project
        self.histories = histories
        self._runners = runners
        self._made: dict[frozenset[str], frozenset[str]] = {}
        self._portable: dict[str, bool] = {}

    @classmethod
    def link(cls, project: Project) -> Migrations:
        """The migrations of a project."""
        from backend_lint.project.migrating.sql_files import of_files

        found = list(project.schema.histories)
        runners: dict[str, tuple[Runner, bool | None]] = {}
        for history in found:
            for node in history.nodes:
                if history.runner == "django":
                    runners[node.path] = Runner.DJANGO, django_transaction(project, node)
                else:
                    runners[node.path] = Runner.ALEMBIC, alembic_transaction(project, node)
        if project.declarations:
            for history, known in of_files(project):
                found.append(history)
                runners.update(known)
        return cls(project, tuple(found), runners)

    @property
    def dialect(self) -> Dialect | None:
        """The database product; None if nothing tells which it is."""
        schema = self._project.schema
        return schema.dialect if schema.dialect_known else None

    @property
    def rolling(self) -> bool:
        """Old code runs while migrations do."""
        return self._project.database.deploys != "downtime"

    def runner(self, path: str) -> Runner:
        """Who applies the migration at a path."""
        return self._runners.get(path, (Runner.UNKNOWN, None))[0]

    @functools.cached_property
    def judged(self) -> tuple[Migration, ...]:
        """The migrations to be judged, in order of path."""
        chosen: dict[str, tuple[History, Node, frozenset[str]]] = {}
        for history in self.histories:
            ours = self._chosen(history)
            new = frozenset(node.path for node in ours)
            for node in ours:
                chosen.setdefault(node.path, (history, node, self._beside(history, node, new)))
        return tuple(self._migration(*chosen[path]) for path in sorted(chosen))

    def _chosen(self, history: History) -> list[Node]:
        base = self._project.base
        copies = squashed(history)
        if base is not None:
            return [node for node in history.nodes if node.path not in base.paths and node.name not in copies]
        if self._project.database.migrations == "all":
            return [node for node in history.nodes if node.name not in copies]
        ends = {node.path for node in leaves(history)} | self._project.named
        return [node for node in history.nodes if node.path in ends and node.name not in copies]

    def _beside(self, history: History, node: Node, new: frozenset[str]) -> frozenset[str]:
        """The migrations that are deployed together with one: tables that they make are empty."""
        if self._project.base is not None:
            return new
        if node.initial:
            return frozenset(one.path for one in history.nodes if one.initial and one.group == node.group)
        return frozenset({node.path})

    def _migration(self, history: History, node: Node, beside: frozenset[str]) -> Migration:
        runner, transaction = self._runners[node.path]
        done = steps(history.done.get(node.path, ()), transaction, runner, beside)
        late = runner is Runner.DJANGO and after_deploy(self._project, node)
        has_django = functools.partial(self.has_django, path=node.path)
        return Migration(node, runner, transaction, beside, done, self._several(history), late, has_django)

    def _several(self, history: History) -> bool:
        """The migrations run on other products than the one that is judged, be it in development."""
        if history.runner not in self._portable:
            if history.runner == "django":
                self._portable[history.runner] = len(engines(self._project)) > 1
            else:
                bodies = (bytes(self._project.modules[node.path].facts.bodies) for node in history.nodes if node.path in self._project.modules)
                self._portable[history.runner] = history.runner == "alembic" and any(b"batch_alter_table" in body for body in bodies)
        return self._portable[history.runner]

    def waits(self, step: Step) -> bool:
        """Whether a table may have so many rows that what is done to all of them takes time: it is not new, nor known to be small."""
        if step.fresh or not step.done.table:
            return False
        return self._is_large(step.done.table)

    def _is_large(self, name: str) -> bool:
        """Nothing says that a table is short: no number of rows, no migration that fills it with constants, no name of what is kept by hand."""
        table = self.table(name)
        if table is not None and table.rows is None and name.lower().endswith(_BY_HAND):
            return False
        return not has_few_rows(table, name) and (table is None or (table.managed and not may_be_small(table)))

    def has_django(self, version: Version, path: str) -> bool | None:
        """Whether the Django of a migration is this version or a later one; None if nothing tells."""
        known = self._project.requirements.at_least("django", version, path)
        if known is None and (package := self._project.requirements.versions(CLASSIFIED, path)) is not None:
            return package.at_least(version)  # its migrations run under whichever its users have
        return True if known is None and self._wrote_migrations >= version else known

    @functools.cached_property
    def _wrote_migrations(self) -> Version:
        """The latest Django that has written a migration of the project, as it says in their first lines; empty if none does."""
        said = {feature for module in self._project.modules.values() for feature in module.facts.features if feature.startswith("django ")}
        return max((tuple(int(part) for part in one[7:].split(".") if part.isdigit() and len(part) < 6) for one in said), default=())

    def is_long(self, table: str) -> bool:
        """Whether what is done to all rows surely takes time: they are counted, or come fast and somebody said that the migration is new.

        Without a base revision the last migrations of each history are judged; most of them have long been applied.
        """
        growth = self._project.growing.of(table)
        told = self._project.base is not None or self._project.database.migrations == "all" or bool(self._project.named)
        return growth is Growth.COUNTED or (growth.is_fast and told)

    def field(self, table: str, column: str) -> str:
        """Django's name of the field with a column."""
        models = self._project.places.models(table)
        return next((one.name for model in models for one in model.relationships.values() if one.columns == (column,) and not one.reverse), column)

    def is_inherited(self, table: str, field: object) -> bool:
        """No class of the project declares a field of Django's: it comes from a library's abstract model."""
        keys = [model.key for model in self._project.places.models(table)]
        if not keys:
            return self.table(table) is not None  # nothing in the class says that it is a model
        return all(self._project.resolver.classes.find(Ref(RefKind.CLASS, "", *key), str(field)) is None for key in keys)

    @property
    def serves(self) -> bool:
        """Nothing says that the database is a file with one writer."""
        return self.dialect is not Dialect.SQLITE

    def has_rows(self, table: str, beside: frozenset[str]) -> bool:
        """Whether a table that is only known by name may have many rows: none of the migrations makes it, and it is not known to be small."""
        if beside not in self._made:
            done = (one for history in self.histories for path in beside for one in history.done.get(path, ()))
            self._made[beside] = frozenset(one.table for one in done if isinstance(one.change, ddl.CreateTable))
        return table not in self._made[beside] and self._is_large(table)

    @functools.cached_property
    def _added(self) -> dict[tuple[str, str], list[str]]:
        """The migrations that add each column, in the order of their names."""
        found: dict[tuple[str, str], list[str]] = {}
        for history in self.histories:
            for path in sorted(history.done):
                for one in history.done[path]:
                    if isinstance(one.change, ddl.AddColumn):
                        found.setdefault((one.table, one.change.column.name), []).append(path)
        return found

    def added(self, path: str, table: str, column: str) -> str:
        """The last migration before the one at `path` that adds a column; empty if none does."""
        return next((one for one in reversed(self._added.get((table, column), ())) if one < path), "")

    def left(self, name: str) -> Table | None:
        """The table as the migrations alone leave it; of one that they did not make only what they changed is known."""
        return next((history.tables[name] for history in self.histories if name in history.tables), None)

    def table(self, name: str) -> Table | None:
        """The table after all migrations."""
        return self._project.schema.table(name)

    def steps(self) -> Iterator[tuple[Migration, Step]]:
        """All steps of the migrations that are judged, as far as it is known that they run."""
        for migration in self.judged:
            yield from ((migration, step) for step in migration.steps if not step.done.doubted)

    def slow(self) -> Iterator[tuple[Migration, Step]]:
        """Steps during which readers or writers of a table with rows wait for as long as all rows take."""
        if self.dialect in (Dialect.POSTGRESQL, Dialect.MYSQL) and not made_safe(self._project):
            yield from ((migration, step) for migration, step in self.steps() if step.blocking and self.waits(step))
