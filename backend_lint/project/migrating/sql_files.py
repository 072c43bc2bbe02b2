"""Files of SQL as migrations: who applies them, in which order, and what each does."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts.act import Act, ActKind
from backend_lint.facts.file import Role
from backend_lint.facts.sql_file import SqlFile, SqlStatement
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.migrating.model import Runner
from backend_lint.project.schema.files import Chain, chains, is_way_down
from backend_lint.project.schema.history import History, Node, Recorder
from backend_lint.sql.catalog import Catalog

if TYPE_CHECKING:
    from backend_lint.project import Project

_FLYWAY = lazy_regex(r"^[VB]\d[\d._]*__.+\.sql$", re.IGNORECASE)
_REPEATED = lazy_regex(r"^(?:R__|afterMigrate|beforeMigrate)", re.IGNORECASE)
_UP = lazy_regex(r"^(\d+)_.*\.up\.sql$")
_FOLDERS = lazy_regex(
    r"(?:^|/)(?:[\w-]*migrat\w*|alembic|flyway|liquibase|changelogs?|changes|updates?|upgrades?|versions|deltas?|patches|evolutions)(?:/|$)", re.IGNORECASE
)
_INSTALLS = lazy_regex(r"(?:^|/)(?:init|initdb(?:\.d)?|docker-entrypoint-initdb\.d|install|bootstrap|baseline|fresh[_-]install)(?:/|$)", re.IGNORECASE)
"""Folders of what builds a database from nothing."""
_FRAME = (ActKind.SET, ActKind.BEGIN, ActKind.COMMIT)
_STAMP = 14
"""Digits of a time: both sqlx and golang-migrate number so."""


def of_files(project: Project) -> Iterator[tuple[History, dict[str, tuple[Runner, bool | None]]]]:
    """The numbered chains of files, with runner and transaction of each file."""
    others = {posixpath.dirname(path) for path, module in project.modules.items() if module.role is Role.MIGRATION and not path.endswith("__init__.py")}
    ours = {path: facts for path, facts in project.sql_files.items() if posixpath.dirname(path) not in others and _is_migration(project, path, facts)}
    at_once = _run_at_once(project)
    for chain in chains(ours):
        if not at_once.isdisjoint(chain.paths) or _INSTALLS.search(chain.folder):
            continue  # one run makes the tables and all that is on them
        dialect = chain.dialect or project.product[0]
        if not chain.numbered or not any(_says_so(path, ours[path]) for path in chain.paths):
            continue
        recorder = Recorder(Catalog(dialect))
        nodes: list[Node] = []
        runners: dict[str, tuple[Runner, bool | None]] = {}
        for path in chain.paths:
            facts = ours[path]
            recorder.begin(path)
            for statement in facts.statements:
                recorder.at(path, statement.line, "SQL")
                recorder.doubted = bool(statement.not_understood)
                for act in statement.acts:
                    recorder.act(act)
                for change in statement.changes:
                    recorder.record(change)
                    recorder.catalog.apply(change)
            runners[path] = _runner(path, facts)
            name = posixpath.basename(path)
            if not _REPEATED.match(name):
                follows = (nodes[-1].name,) if nodes else ()
                nodes.append(Node(path, 1, chain.folder, _key(chain, path), follows))
        yield recorder.history("sql", tuple(nodes)), runners


def _is_migration(project: Project, path: str, facts: SqlFile) -> bool:
    file = project.files.get(path)
    return file is not None and file.role is Role.MIGRATION and path.endswith(".sql") and bool(facts.statements) and not is_way_down(path)


def _run_at_once(project: Project) -> frozenset[str]:
    """Files that psql runs as one, with those that name them."""
    found: set[str] = set()
    for path, facts in project.sql_files.items():
        beside = posixpath.dirname(path)
        named = {posixpath.normpath(posixpath.join(beside, name)) for name in facts.includes} & project.sql_files.keys()
        found |= named | ({path} if named else set())
    return frozenset(found)


def _says_so(path: str, facts: SqlFile) -> bool:
    """A runner's own marks, or a folder with the name for it: numbered files may also build a database from nothing, or fill reports."""
    folders, _, name = path.rpartition("/")
    return bool(facts.runner) or _FLYWAY.match(name) is not None or _UP.match(name) is not None or bool(_FOLDERS.search(folders))


def _key(chain: Chain, path: str) -> str:
    """The number of a file in its chain, or its name if it has none."""
    folder, _, name = path.rpartition("/")
    if folder != chain.folder:
        name = posixpath.basename(folder)
    found = re.match(r"[vVbB]?(\d+(?:[._]\d+)*)", name)
    return f"{found.group(1)}" if found else name


def _runner(path: str, facts: SqlFile) -> tuple[Runner, bool | None]:
    name = posixpath.basename(path)
    one = sum(not _is_frame(statement) for statement in facts.statements)
    if facts.runs_bare:
        return Runner(facts.runner or "sql"), False
    if facts.runner:
        return Runner(facts.runner), True
    if _FLYWAY.match(name):
        return Runner.FLYWAY, _flyway(facts)
    if name == "migration.sql":
        return Runner.PRISMA, one > 1
    if name == "up.sql":
        return Runner.DIESEL, True
    if (found := _UP.match(name)) is not None:
        if len(found.group(1)) < _STAMP:
            return Runner.GOLANG_MIGRATE, one > 1
        return Runner.UNKNOWN, True if one > 1 else None
    return Runner.UNKNOWN, None


def _flyway(facts: SqlFile) -> bool:
    """Flyway leaves its transaction away for a file of statements that must run alone, and refuses one that holds others too."""
    alone = [_must_run_alone(statement.changes, statement.acts) for statement in facts.statements if not _is_frame(statement)]
    return not any(alone) or not all(alone)


def _is_frame(statement: SqlStatement) -> bool:
    return not statement.changes and all(act.kind in _FRAME for act in statement.acts)


def _must_run_alone(changes: tuple[object, ...], acts: tuple[Act, ...]) -> bool:
    return any(getattr(change, "concurrently", False) for change in changes) or any(
        act.kind is ActKind.ALONE or (act.kind is ActKind.REINDEX and act.concurrently) or act.name == "VACUUM FULL" for act in acts
    )
