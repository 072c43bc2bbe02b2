"""The linked model: what all files say together. One module a question; rules ask through `Project`."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.coverage import Measured
from backend_lint.facts.database import KnownDatabase
from backend_lint.facts.file import Kind, Role, SourceFile
from backend_lint.facts.performance import Measurements
from backend_lint.facts.python import Body, Function, Module
from backend_lint.facts.reading import Reading
from backend_lint.facts.sql_file import SqlFile
from backend_lint.project.calls import Aspect, CallGraph, Edge, FunctionKey, Step
from backend_lint.project.libraries import Effect
from backend_lint.project.modules import ModuleIndex, SourceModule
from backend_lint.project.references import Origin, Ref, RefKind
from backend_lint.project.resolver import Resolver
from backend_lint.sql.memo import Statements
from backend_lint.sql.parsed import Parsed

if TYPE_CHECKING:
    from backend_lint.facts.architecture import Plan
    from backend_lint.facts.requirements import PinFile
    from backend_lint.facts.route import Entry
    from backend_lint.facts.schema import Dialect
    from backend_lint.project.answers import Answers
    from backend_lint.project.architecture import Architecture
    from backend_lint.project.awaited import Awaited
    from backend_lint.project.base import Base
    from backend_lint.project.called_routes import CalledRoutes
    from backend_lint.project.deployment import Deployment
    from backend_lint.project.entries import Entries
    from backend_lint.project.growing import Growing
    from backend_lint.project.loading import Loads
    from backend_lint.project.migrating import Migrations
    from backend_lint.project.ownership import Ownership
    from backend_lint.project.performance import Performance
    from backend_lint.project.queries import Queries
    from backend_lint.project.requirements import Requirements
    from backend_lint.project.retries import Retries
    from backend_lint.project.routes import Routes
    from backend_lint.project.schema import Schema
    from backend_lint.project.schema.places import Places
    from backend_lint.project.schema.source import Unread
    from backend_lint.project.settings import Configuration
    from backend_lint.project.statements import Statement
    from backend_lint.project.taint import Taint
    from backend_lint.project.timeouts import Timeouts
    from backend_lint.project.transactions import Transactions
    from backend_lint.project.web.dependencies import Dependencies
    from backend_lint.project.web.guards import Guards

__all__ = ["Aspect", "CallGraph", "Edge", "Effect", "FunctionKey", "Origin", "Project", "Ref", "RefKind", "Resolver", "SourceModule", "Step"]

_MODULES = msgspec.msgpack.Decoder(Module)
_SQL_FILES = msgspec.msgpack.Decoder(SqlFile)
_OF_SCHEMA = frozenset({Kind.SQL, Kind.PRISMA})
_MOST_FOLDERS = 3


class Project:
    """All facts of a code base, linked. Built once a run; every further question is answered when a rule first asks it.

    `modules`: Python modules by path. `manifests`: facts of deployment files by path, undecoded; `declarations`: those of SQL files; `templates`: those
    of templates.
    `database`: what configuration and statistics say of it. `base`: the revision that a change is compared with, if one is.
    `named`: files that the user named one by one. `worths`: what the configuration says that guards are worth, by pattern of a name.
    `plan`: layers and contracts that are declared. `coverage`: what tests executed, without files if nothing says so.
    `measurements`: what load tests, databases and monitors measured, without reports if nothing was.
    `unknown`: how often each rule could not tell. `pin_files`: reads the manifests of the project; asked once, by the first rule that wants to know.
    """

    def __init__(
        self,
        files: Mapping[str, SourceFile],
        modules: Mapping[str, SourceModule],
        manifests: Mapping[str, msgspec.Raw],
        database: KnownDatabase | None = None,
        declarations: Mapping[str, msgspec.Raw] | None = None,
        texts: Statements | None = None,
        templates: Mapping[str, msgspec.Raw] | None = None,
        base: Base | None = None,
    ) -> None:
        self.files = files
        self.modules = modules
        self.manifests = manifests
        self.database = database or KnownDatabase()
        self.declarations = declarations or {}
        self.texts = texts or Statements()
        self.templates = templates or {}
        self.base = base
        self.named: frozenset[str] = frozenset()
        self.worths: Mapping[str, str] = {}
        self.plan: Plan | None = None
        self.coverage = Measured()
        self.measurements = Measurements()
        self.unknown: collections.Counter[str] = collections.Counter()
        self.unread: dict[Unread, None] = {}
        self.pin_files: Callable[[], tuple[PinFile, ...]] = tuple
        self.resolver = Resolver(modules)
        self.calls = CallGraph(modules, self.resolver)
        self.named_calls = self.resolver.named_calls

    @classmethod
    def link(
        cls,
        readings: Mapping[str, tuple[SourceFile, Reading]],
        database: KnownDatabase | None = None,
        texts: Statements | None = None,
        base: Base | None = None,
        known: dict[str, tuple[Reading, SourceModule]] | None = None,
    ) -> Project:
        """The model of what was read; a file whose facts are empty is left out. `texts`: where what SQL texts say is kept. `base`: what it is compared with.

        `known`: modules of an earlier model, each with the reading it was made of: those of the same readings are taken, and all are left for the next.
        """
        modules: dict[str, SourceModule] = {}
        manifests = {}
        declarations = {}
        templates = {}
        for path in sorted(readings):
            file, reading = readings[path]
            if not reading.facts:
                continue
            if file.kind is Kind.PYTHON:
                before = known.get(path) if known is not None else None
                same = before is not None and before[0] is reading and before[1].role is file.role
                modules[path] = before[1] if before is not None and same else SourceModule(path, file.role, _MODULES.decode(reading.facts))
            elif file.kind in _OF_SCHEMA:
                declarations[path] = reading.facts
            elif file.kind is Kind.TEMPLATE:
                templates[path] = reading.facts
            else:
                manifests[path] = reading.facts
        if known is not None:
            known.clear()
            known.update({path: (readings[path][1], module) for path, module in modules.items()})
        return cls({path: file for path, (file, _) in readings.items()}, modules, manifests, database, declarations, texts, templates, base)

    def functions(self, *features: str) -> Iterator[tuple[SourceModule, int, Function, Body]]:
        """Every function, module bodies included, in order of path and line; with `features` (see `facts.python.Module`) only of modules that have all."""
        for module in self.modules.values():
            if all(feature in module.facts.features for feature in features):
                for index, (function, body) in enumerate(zip(module.functions, module.bodies, strict=True)):
                    yield module, index, function, body

    def value(self, path: str, function: int, text: str) -> Ref | None:
        """What a value text in a function refers to; None if unknown."""
        return self.resolver.value(path, function, text)

    def not_understood(self) -> tuple[Unread, ...]:
        """SQL and operations of migrations that were looked at so far and not understood, in order of path and line."""
        schema = self.__dict__.get("schema")
        return tuple(sorted({*self.unread, *(schema.unread if schema is not None else ())}))

    def note_unknown(self, rule: str) -> None:
        """Count a question that a rule could not answer."""
        self.unknown[rule] += 1

    @property
    def index(self) -> ModuleIndex:
        """Which file an import means."""
        return self.resolver.index

    @functools.cached_property
    def imported(self) -> frozenset[str]:
        """The packages that any module imports by an absolute name, by the first part of it."""
        return frozenset(found.module.partition(".")[0] for module in self.modules.values() for found in module.facts.imports if not found.level)

    @functools.cached_property
    def main_folder(self) -> str:
        """The folder that most of the application lies in, with a slash behind it: its name is that of the project, and says nothing of what the code does."""
        paths = [path for path, module in self.modules.items() if module.role is Role.APPLICATION]
        folder = ""
        for _ in range(_MOST_FOLDERS):
            inner = collections.Counter(path[len(folder) :].partition("/")[0] for path in paths if path.startswith(folder) and "/" in path[len(folder) :])
            name, count = inner.most_common(1)[0] if inner else ("", 0)
            if count * 2 <= len(paths):
                break
            folder += f"{name}/"
        return folder

    @functools.cached_property
    def architecture(self) -> Architecture:
        """Which module imports which, the layers, and what contracts say."""
        from backend_lint.facts.architecture import Plan
        from backend_lint.project.architecture import Architecture

        return Architecture(self, self.plan or Plan())

    @functools.cached_property
    def routes(self) -> Routes:
        """The routes of all frameworks with their handlers and guards."""
        from backend_lint.project.routes import Routes

        return Routes.link(self)

    @functools.cached_property
    def called_routes(self) -> CalledRoutes:
        """The routes that tests call, told from what the tests write."""
        from backend_lint.project.called_routes import CalledRoutes

        return CalledRoutes(self)

    @functools.cached_property
    def dependencies(self) -> Dependencies:
        """FastAPI's dependency injection: which functions provide a function's parameters."""
        from backend_lint.project.web.dependencies import Dependencies

        return Dependencies(self.guards.values, self.guards)

    @functools.cached_property
    def guards(self) -> Guards:
        """Which functions and library objects check who calls."""
        from backend_lint.project.web.guards import Guards
        from backend_lint.project.web.values import Values

        return Guards(Values(self.resolver))

    @functools.cached_property
    def entries(self) -> Entries:
        """Where the outside enters, and what each function is reached from."""
        from backend_lint.project.entries import Entries

        return Entries.link(self)

    def parsed(self, text: str, dialect: Dialect | None = None) -> Parsed:
        """What an SQL text says; each text is analysed once, in this run or an earlier one. `dialect`: that of the project if none is given."""
        return self.texts.parsed(text, dialect or self.product[0])

    @functools.cached_property
    def product(self) -> tuple[Dialect, bool]:
        """The database product that the project runs on, and whether anything tells."""
        from backend_lint.project.schema.product import product

        if self.database.dialect:
            from backend_lint.facts.schema import Dialect

            return Dialect(self.database.dialect), True
        return product(self)

    @functools.cached_property
    def product_points(self) -> collections.Counter[Dialect]:
        """How much speaks for each database product."""
        from backend_lint.project.schema.product import points

        return points(self)

    @functools.cached_property
    def products(self) -> frozenset[Dialect]:
        """All database products that anything speaks for."""
        from backend_lint.project.schema.product import products

        return products(self)

    @functools.cached_property
    def sql_files(self) -> Mapping[str, SqlFile]:
        """What files of SQL and of Prisma say, by path."""
        return {path: _SQL_FILES.decode(facts) for path, facts in self.declarations.items()}

    @functools.cached_property
    def schema(self) -> Schema:
        """Tables, keys and indexes after all migrations, and which class is which table."""
        from backend_lint.project.schema import Schema

        return Schema.link(self)

    @functools.cached_property
    def migrations(self) -> Migrations:
        """The migrations of all runners: what each does, and which are to be judged."""
        from backend_lint.project.migrating import Migrations

        return Migrations.link(self)

    @functools.cached_property
    def places(self) -> Places:
        """Where tables, columns and indexes are declared."""
        from backend_lint.project.schema.places import Places

        return Places(self)

    @functools.cached_property
    def queries(self) -> Queries:
        """Every query with its place."""
        from backend_lint.project.queries import Queries

        return Queries.link(self)

    @functools.cached_property
    def answers(self) -> Answers:
        """How each query finds its rows, and which index is missing."""
        from backend_lint.project.answers import Answers

        return Answers(self)

    @functools.cached_property
    def awaited(self) -> Awaited:
        """The functions that requests and messages come to for certain."""
        from backend_lint.project.awaited import Awaited

        return Awaited(self)

    @functools.cached_property
    def growing(self) -> Growing:
        """Who makes the rows of each table."""
        from backend_lint.project.growing import Growing

        return Growing(self)

    @functools.cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The SQL statements of the project."""
        from backend_lint.project.statements import statements

        return tuple(statements(self))

    @functools.cached_property
    def deployment(self) -> Deployment:
        """How the service is run: processes, deadlines."""
        from backend_lint.project.deployment import Deployment

        return Deployment.link(self.manifests, self.modules)

    @functools.cached_property
    def configuration(self) -> Configuration:
        """Which environment variables and settings are read and declared."""
        from backend_lint.project.settings import Configuration

        return Configuration.link(self.manifests, self.modules)

    @functools.cached_property
    def timeouts(self) -> Timeouts:
        """Outbound calls and what bounds them."""
        from backend_lint.project.timeouts import Timeouts

        return Timeouts(self)

    @functools.cached_property
    def requirements(self) -> Requirements:
        """Which versions of its libraries the project may run with; a manifest that cannot be read is one of the things that were not understood."""
        from backend_lint.project.requirements import Requirements
        from backend_lint.project.schema.source import Unread

        files = self.pin_files()
        self.unread.update((Unread(file.path, 1, file.unreadable), None) for file in files if file.unreadable)
        return Requirements(files)

    @functools.cached_property
    def retries(self) -> Retries:
        """Who repeats what when it fails."""
        from backend_lint.project.retries import Retries

        return Retries(self)

    @functools.cached_property
    def loads(self) -> Loads:
        """What queries load with their rows."""
        from backend_lint.project.loading import Loads

        return Loads(self)

    @functools.cached_property
    def transactions(self) -> Transactions:
        """Where transactions are open, and what happens inside them."""
        from backend_lint.project.transactions import Transactions

        return Transactions(self)

    @functools.cached_property
    def taint(self) -> Taint:
        """Values from outside, and the dangerous calls that they reach."""
        from backend_lint.project.taint import Taint

        return Taint(self)

    @functools.cached_property
    def ownership(self) -> Ownership:
        """Whose rows are whose, and who looks them up without asking."""
        from backend_lint.project.ownership import Ownership

        return Ownership(self)

    @functools.cached_property
    def performance(self) -> Performance:
        """What was measured, joined with routes, queries and servers."""
        from backend_lint.project.performance import Performance

        return Performance(self, self.measurements)

    def reached_from(self, key: FunctionKey) -> tuple[Entry, tuple[Step, ...]] | None:
        """The nearest entry point from which a function is reached, with the way; None if none is known."""
        return self.entries.reaching(key)
