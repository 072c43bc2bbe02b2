"""Fields that Django's migrations remove in one step: the code of the last release names their columns in each query."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.api import Evidence
from backend_lint.facts import ddl
from backend_lint.facts.query import Site, Verb
from backend_lint.facts.route import EntryKind
from backend_lint.facts.schema import Dialect
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.migrating.dates import follows_maker, is_one_work
from backend_lint.project.migrating.model import Migration, Runner, Step
from backend_lint.project.migrating.patches_django import RISKY, model_of

if TYPE_CHECKING:
    from backend_lint.project import Project

_MOST_SHOWN = 3
_PARTLY = lazy_regex(r"\.a?(?:exists|count|values|values_list|only|defer|aggregate|in_bulk|contains|dates|datetimes|update|delete)\(")


class Removal(NamedTuple):
    """The columns of one table that a migration drops with their fields. `site`: a query of the service for rows of the table.

    `keys`: foreign keys are among them, which hold the rows that they refer to as long as they stand.
    """

    migration: Migration
    steps: tuple[Step, ...]
    site: Site
    keys: bool

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(one.done.change.name for one in self.steps if isinstance(one.done.change, ddl.DropColumn))

    @property
    def required(self) -> tuple[str, ...]:
        """Those that nobody can leave out of an insert."""
        befores = [one.done.was for one in self.steps if one.done.was is not None]
        return tuple(one.name for one in befores if one.nullable is False and one.default is None and not one.auto and not one.generated)


def removals(project: Project) -> Iterator[Removal]:
    """One for each table of a migration. With a base revision its code says what is still used."""
    migrations = project.migrations
    if project.base is not None or not migrations.rolling or migrations.dialect is Dialect.SQLITE:
        return
    for migration in migrations.judged:
        if migration.runner is not Runner.DJANGO or migration.late:
            continue
        found: dict[str, list[Step]] = {}
        for position, step in enumerate(migration.steps):
            if not _is_removed(step) or _is_known_anew(migration, position) or project.places.model(step.done.table) is None:
                continue
            if not is_one_work(project, migration, step) and not follows_maker(migrations, migration, step):
                found.setdefault(step.done.table, []).append(step)
        for table, steps in found.items():
            if (site := served(project, table)) is not None:
                yield Removal(migration, tuple(steps), site, any(_is_key(one) for one in steps))


def served(project: Project, table: str, column: str = "") -> Site | None:
    """A query of code that serves and names all columns of the table, or `column`; rather one that reads and is run where it stands, then of a route."""
    sites = (site for site in project.queries.of_table(table) if project.entries.is_served((site.path, site.function)))
    found = [site for site in sites if _names_all(site, table) or (column and re.search(rf"\b{re.escape(column)}\b", site.text))]

    def rank(site: Site) -> tuple[bool, bool, bool]:
        reached = project.reached_from((site.path, site.function))
        return site.query.verb is not Verb.SELECT, not site.evaluated, reached is None or reached[0].kind is not EntryKind.ROUTE

    return min(found, key=rank, default=None)


def _names_all(site: Site, table: str) -> bool:
    """Whole rows are read or inserted: not counted, asked for by some columns, or only joined."""
    query = site.query
    if query.verb is not Verb.SELECT:
        return query.verb in (Verb.INSERT, Verb.UPSERT)
    if query.selected or query.aggregate or query.grouped or _PARTLY.search(site.text) is not None:
        return False
    return bool(query.relations) and (query.relations[0].table == table or "select_related(" in site.text)


def meanwhile(site: Site) -> Evidence:
    """What code that runs while the migration does asks of the table."""
    said = "writes rows of it" if site.query.verb is not Verb.SELECT else "asks for rows of it"
    return Evidence(site.path, site.line, f"code that runs meanwhile {said} here")


def _is_removed(step: Step) -> bool:
    """``RemoveField`` as such: in ``SeparateDatabaseAndState`` the state has lost the field before."""
    return step.done.operation == "RemoveField" and isinstance(step.done.change, ddl.DropColumn) and not step.fresh and not step.done.doubted


def _is_known_anew(migration: Migration, position: int) -> bool:
    """The same migration adds the column, before it or after it, or takes the whole table away."""
    step = migration.steps[position]
    assert isinstance(step.done.change, ddl.DropColumn)
    others = (one.done.change for one in migration.steps if one.done.table == step.done.table)
    return any(isinstance(one, ddl.DropTable) or (isinstance(one, ddl.AddColumn) and one.column.name == step.done.change.name) for one in others)


def _is_key(step: Step) -> bool:
    name = step.done.made.get("name", 1) if step.done.made is not None else None
    return isinstance(step.done.change, ddl.DropColumn) and name != step.done.change.name


def in_two_releases(removal: Removal, dialect: Dialect | None) -> str:
    """The operations of this migration and of the next release's, as PostgreSQL has them; empty if they are too many or not known well enough.

    Taken back, the columns stay nullable: rows that were made without them have no value.
    """
    done = [one.done for one in removal.steps]
    table, model, columns = done[0].table, model_of(removal.steps[0]), removal.columns
    if dialect is not Dialect.POSTGRESQL or removal.keys or not model or len(columns) > _MOST_SHOWN or any(map(RISKY.search, (table, *columns))):
        return ""
    if any(one.was is None or not one.was.type or RISKY.search(one.was.type) for one in done):
        return ""
    loose = ", ".join(f"ALTER COLUMN {name} DROP NOT NULL" for name in removal.required)
    state = ", ".join(f'migrations.RemoveField("{model}", "{name}")' for name in columns)
    drop = ", ".join(f"DROP COLUMN {name}" for name in columns)
    add = ", ".join(f"ADD COLUMN {one.was.name} {one.was.type}" for one in done if one.was is not None)
    database = f'    database_operations=[migrations.RunSQL("ALTER TABLE {table} {loose}", migrations.RunSQL.noop)],\n' if removal.required else ""
    return (
        f"# this migration\nmigrations.SeparateDatabaseAndState(\n{database}    state_operations=[{state}],\n)\n"
        f'# the next release\nmigrations.RunSQL("ALTER TABLE {table} {drop}", "ALTER TABLE {table} {add}")'
    )
