"""The schema that files of SQL and Prisma declare: which files are one chain, in which order, and what they leave."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from backend_lint.facts import ddl
from backend_lint.facts.file import Role
from backend_lint.facts.schema import Dialect, Table
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.schema.source import Replayed, Unread
from backend_lint.sql.catalog import Catalog
from backend_lint.sql.ddl_blocks import tolerant
from backend_lint.sql.dialects import named

if TYPE_CHECKING:
    from backend_lint.facts.sql_file import SqlFile
    from backend_lint.project import Project

_DOWN = lazy_regex(r"(?:^|[._-])(?:down|undo|rollback|revert|drop|destroy|teardown)\.sql$|^U\d[\d._]*__|(?:^|/)(?:down|rollbacks?|undo|revert)/", re.IGNORECASE)
_FLYWAY = lazy_regex(r"^([VB])(\d[\d._]*)__|^(R)__", re.IGNORECASE)
_NUMBERED = lazy_regex(r"^[vV]?(\d+(?:[._]\d+)*)(?:[._-]|\.sql$|$)")
_VERSION = lazy_regex(r"[vV]?\d+(?:[._-]\d+)*")
_WAY_UP_FILES = frozenset({"up.sql", "migration.sql"})
_DIALECT_WORDS = lazy_regex(r"[/._-]")


class Chain(NamedTuple):
    """Files that are applied one after another to one database. `folder`: where they lie. `numbered`: their names give the order."""

    folder: str
    paths: tuple[str, ...]
    numbered: bool
    dialect: Dialect | None


def replay(project: Project, dialect: Dialect) -> Replayed:
    """What the files of a project leave. `covers`: the tables that they create.

    What lies beside migrations in Python belongs to those; what is written for another product is another database, or the same once more.
    """
    others = {posixpath.dirname(path) for path, module in project.modules.items() if module.role is Role.MIGRATION and not path.endswith("__init__.py")}
    declaring = {path: facts for path, facts in project.sql_files.items() if posixpath.dirname(path) not in others and _declares(project, path, facts)}
    if not declaring:
        return Replayed({}, frozenset())
    suited = [chain for chain in chains(declaring) if chain.dialect in (None, dialect)]
    catalogs = [(chain, _replayed(chain, declaring, chain.dialect or dialect)) for chain in suited]
    return _joined(project, catalogs, declaring)


def _declares(project: Project, path: str, facts: SqlFile) -> bool:
    file = project.files.get(path)
    if file is not None and file.role in (Role.TEST, Role.SCRIPT):
        return False
    return any(statement.changes for statement in facts.statements) and not is_way_down(path)


def is_way_down(path: str) -> bool:
    """The name says that the file takes a migration back."""
    return _DOWN.search(path if "/" in path else f"/{path}") is not None or _DOWN.search(_name(path)) is not None


def _name(path: str) -> str:
    return path.rpartition("/")[2]


# -- which files are one chain


def chains(declaring: Mapping[str, SqlFile]) -> list[Chain]:
    """The files by chain, each in its order."""
    numbered: dict[str, list[str]] = {}
    single: dict[str, list[str]] = {}
    for path in declaring:
        folder, _, name = path.rpartition("/")
        if (name in _WAY_UP_FILES and _NUMBERED.match(_name(folder))) or _VERSION.fullmatch(_name(folder)):
            numbered.setdefault(posixpath.dirname(folder), []).append(path)
        elif _FLYWAY.match(name) or _NUMBERED.match(name):
            numbered.setdefault(folder, []).append(path)
        else:
            single.setdefault(folder, []).append(path)
    found = [Chain(folder, tuple(sorted(paths, key=_order)), True, _dialect(folder, paths, declaring)) for folder, paths in numbered.items()]
    for folder, paths in single.items():
        for product, group in _by_product(paths, declaring).items():
            found.append(Chain(folder, tuple(_by_need(group, declaring)), False, product))
    return sorted(found)


def _order(path: str) -> tuple[int, tuple[int, ...], str]:
    """Versions as numbers; what Flyway repeats comes last."""
    folder, _, name = path.rpartition("/")
    if _VERSION.fullmatch(_name(folder)):
        return 0, tuple(int(part) for part in re.findall(r"\d+", _name(folder))), name
    name = _name(folder) if name in _WAY_UP_FILES else name
    flyway = _FLYWAY.match(name)
    if flyway and flyway.group(3):
        return 1, (), name
    version = flyway.group(2) if flyway else (match.group(1) if (match := _NUMBERED.match(name)) else "0")
    return 0, tuple(int(part) for part in re.split(r"[._]", version) if part), name


def _dialect(folder: str, paths: Iterable[str], declaring: Mapping[str, SqlFile]) -> Dialect | None:
    for word in reversed(_DIALECT_WORDS.split(folder)):
        if (product := named(word)) is not None:
            return product
    told = [declaring[path].dialect for path in paths if declaring[path].dialect]
    return Dialect(max(set(told), key=told.count)) if told else None


def _by_product(paths: Iterable[str], declaring: Mapping[str, SqlFile]) -> dict[Dialect | None, list[str]]:
    """``schema.mysql.sql`` beside ``schema.postgres.sql`` are two databases; files that do not tell go with the others if those agree."""
    groups: dict[Dialect | None, list[str]] = {}
    for path in sorted(paths):
        by_name = next((product for word in _DIALECT_WORDS.split(path)[:-1] if (product := named(word)) is not None), None)
        told = Dialect(declaring[path].dialect) if declaring[path].dialect else None
        groups.setdefault(by_name or told, []).append(path)
    if None in groups and len(groups) == 2:
        silent = groups.pop(None)
        (product,) = groups
        groups[product] = sorted((*groups[product], *silent))
    return groups


def _by_need(paths: list[str], declaring: Mapping[str, SqlFile]) -> list[str]:
    """Files without numbers: whoever changes a table comes after whoever creates it, else by name."""
    makes = {path: {change.table.name for change in _changes(declaring[path]) if isinstance(change, ddl.CreateTable)} for path in paths}
    needs = {path: {name for change in _changes(declaring[path]) if (name := _changed(change))} - makes[path] for path in paths}
    ordered: list[str] = []
    waiting = sorted(paths)
    while waiting:
        made_later = {path: set().union(*(makes[other] for other in waiting if other != path)) for path in waiting} if len(waiting) <= 200 else {}
        ready = [path for path in waiting if not needs[path] & made_later.get(path, set())] or waiting
        ordered += ready
        waiting = [path for path in waiting if path not in ready]
    return ordered


def _changes(facts: SqlFile) -> Iterable[ddl.Change]:
    for statement in facts.statements:
        yield from statement.changes


def _changed(change: ddl.Change) -> str:
    if isinstance(change, ddl.CreateTable):
        return change.like
    table: str = getattr(change, "table", "")
    return table


# -- what they leave


def _replayed(chain: Chain, declaring: Mapping[str, SqlFile], dialect: Dialect, base: Catalog | None = None) -> Catalog:
    catalog = base or Catalog(dialect)
    for path in chain.paths:
        for change in _changes(declaring[path]):
            catalog.apply(tolerant(change) if base is not None else change)
    return catalog


def _joined(project: Project, catalogs: list[tuple[Chain, Catalog]], declaring: Mapping[str, SqlFile]) -> Replayed:
    """All chains together. A snapshot (``schema.sql``) gives what the migrations beside it only change, and yields to those that create the same tables."""
    tables: dict[str, Table] = {}
    homes: dict[str, str] = {}
    dropped: set[str] = set()
    covers: set[str] = set()
    everything = ""
    catalogs = _on_snapshots(catalogs, declaring)
    catalogs.sort(key=lambda one: (not one[0].numbered, -_nearness(project, one[0].folder), one[0].folder))
    numbered = {name for chain, catalog in catalogs if chain.numbered for name in catalog.created}
    for chain, catalog in catalogs:
        everything = everything or catalog.everything_unknown
        dropped |= catalog.dropped - catalog.tables.keys()
        for name, table in catalog.tables.items():
            if not chain.numbered and name in numbered and not tables[name].unknown:
                continue
            known = tables.get(name)
            if known is None or (known.unknown and not table.unknown and name not in covers):
                tables[name] = table
                homes[name] = chain.folder
            elif chain.numbered and name not in catalog.uncreated and _columns(known) != _columns(table) and not _same(homes, tables, chain, catalog):
                why = f"another database has a table of that name, see {table.path}"
                tables[name] = known if why in known.unknown else replace(known, unknown=(*known.unknown, why))
            if name not in catalog.uncreated:
                covers.add(name)
    return Replayed(tables, frozenset(covers), frozenset(dropped - tables.keys()), _unread(declaring, catalogs), everything)


def _same(homes: Mapping[str, str], tables: Mapping[str, Table], chain: Chain, catalog: Catalog) -> bool:
    """Whether a chain tells of the database that is known already: a snapshot beside its migrations shares most tables with it."""
    shared = sum(name in tables for name in catalog.created)
    folders = {homes[name] for name in catalog.created if name in homes}
    others = sum(home in folders for home in homes.values())
    return folders <= {chain.folder} or shared * 2 >= max(min(len(catalog.created), others), 4)


def _columns(table: Table) -> set[str]:
    return {column.name.lower() for column in table.columns}


def _on_snapshots(catalogs: list[tuple[Chain, Catalog]], declaring: Mapping[str, SqlFile]) -> list[tuple[Chain, Catalog]]:
    """Migrations that change tables which only a snapshot creates are applied on top of the snapshot; what it holds already changes nothing."""
    snapshots = [(chain, catalog) for chain, catalog in catalogs if not chain.numbered]
    out = []
    used: set[str] = set()
    for chain, catalog in catalogs:
        if not chain.numbered:
            continue
        base = next((one for one in snapshots if catalog.uncreated and catalog.uncreated <= one[1].created), None)
        if base is None:
            out.append((chain, catalog))
            continue
        used.add(base[0].folder)
        fresh = _replayed(base[0], declaring, base[1].dialect)
        out.append((Chain(chain.folder, (*base[0].paths, *chain.paths), True, chain.dialect), _replayed(chain, declaring, fresh.dialect, fresh)))
    return out + [one for one in snapshots if one[0].folder not in used]


def _nearness(project: Project, folder: str) -> int:
    """How many modules of the application lie around a folder of migrations."""
    around = posixpath.dirname(folder)
    prefix = f"{around}/" if around else ""
    return sum(module.role is Role.APPLICATION and path.startswith(prefix) for path, module in project.modules.items()) + len(around.split("/"))


def _unread(declaring: Mapping[str, SqlFile], catalogs: list[tuple[Chain, Catalog]]) -> tuple[Unread, ...]:
    read = {path for chain, _ in catalogs for path in chain.paths}
    return tuple(
        Unread(path, statement.line, f"{statement.text[:80]}: {statement.not_understood}")
        for path in sorted(read)
        for statement in declaring[path].statements
        if statement.not_understood
    )
