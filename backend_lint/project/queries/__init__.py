"""Every query of the project, whoever wrote it, with its place and what it is reached from."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from backend_lint.facts.query import Query, Site

if TYPE_CHECKING:
    from backend_lint.facts.route import Entry
    from backend_lint.project import Project, Step

__all__ = ["Queries"]


class Queries:
    """All queries in order of path and line; those of tests, migrations and generated files are left out."""

    def __init__(self, project: Project, sites: tuple[Site, ...]) -> None:
        self.project = project
        self.sites = sites

    @classmethod
    def link(cls, project: Project) -> Queries:
        """The queries of a project, from all sources, with their columns settled by the schema."""
        from backend_lint.project.queries import django, sql_files, sql_python, sqlalchemy

        found = [*sql_python.sites(project), *sql_files.sites(project), *django.sites(project), *sqlalchemy.sites(project)]
        resolve = _Resolver(project)
        return cls(project, tuple(sorted((resolve(site) for site in found), key=_place)))

    def at(self, path: str, function: int) -> Sequence[Site]:
        """The queries of one function, in order."""
        return self._by_function.get((path, function), ())

    def ways_of(self, site: Site) -> Sequence[Site]:
        """The query of a place with and without its conditional parts; of one call where several callers are told apart."""
        return [one for one in self.at(site.path, site.function) if (one.call, one.line, one.column) == (site.call, site.line, site.column)]

    def of_table(self, name: str) -> Sequence[Site]:
        """The queries that read or write a table, at any level of nesting."""
        return self._by_table.get(name, ())

    def reached_from(self, site: Site) -> tuple[Entry, tuple[Step, ...]] | None:
        """The nearest entry point from which a query runs, with the way; None if none is known."""
        return self.project.reached_from((site.path, site.function)) if site.function >= 0 else None

    @functools.cached_property
    def _by_function(self) -> dict[tuple[str, int], list[Site]]:
        found: dict[tuple[str, int], list[Site]] = {}
        for site in self.sites:
            found.setdefault((site.path, site.function), []).append(site)
        return found

    @functools.cached_property
    def _by_table(self) -> dict[str, list[Site]]:
        found: dict[str, list[Site]] = {}
        for site in self.sites:
            for table in dict.fromkeys(tables(site.query)):
                known = self.project.schema.table(table)
                found.setdefault(known.name if known is not None else table, []).append(site)
        return found


def tables(query: Query) -> Iterator[str]:
    """The tables of a query and of those inside it; a table may come more than once."""
    for relation in query.relations:
        if relation.table:
            yield relation.table
    for inner in query.subqueries:
        yield from tables(inner)


def _place(site: Site) -> tuple[str, int, int, int, str, int]:
    return site.path, site.line, site.column, site.call, site.source, site.variant


class _Resolver:
    """Settles the columns of queries that name several tables; tables are spelled as the schema spells them."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[str, tuple[str, ...] | None] = {}
        self._queries: dict[int, tuple[Query, Query]] = {}

    def __call__(self, site: Site) -> Site:
        query = site.query
        if len(query.relations) < 2 and not query.subqueries:
            return site
        known = self._queries.get(id(query))
        if known is None:
            from backend_lint.sql.parse_resolve import resolve

            known = self._queries[id(query)] = query, resolve(query, self._columns)
        return site if known[1] is query else replace(site, query=known[1])

    def _columns(self, name: str) -> tuple[str, ...] | None:
        if name not in self._known:
            table = self._project.schema.table(name)
            self._known[name] = None if table is None or table.unknown else tuple(column.name for column in table.columns)
        return self._known[name]
