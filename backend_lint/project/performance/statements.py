"""Statements that a database has timed, joined with the queries of the code that send them and the index that each lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from backend_lint.facts.access import Path
from backend_lint.facts.performance import StatementTime
from backend_lint.facts.query import And, Comparison, Exists, Not, Or, Predicate, Query, Relation, Site, Term, TermKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.queries import tables

if TYPE_CHECKING:
    from backend_lint.project import Project

_VALUE = lazy_regex(r"'(?:[^']|'')*'|\$\d{1,5}|:\w{1,60}|%\(\w{1,60}\)s|%s|\?|\b\d[\d.]{0,40}\b")
_LITERAL = lazy_regex(r"'(?:[^']|'')*'|(?<![\w$.])\d[\d.]{0,40}\b")
_CAST = lazy_regex(r"::\s?(?:double precision|timestamp(?:\(\d\))? with(?:out)? time zone|\w{1,60})(?:\(\d{1,4}(?:, ?\d{1,4})?\))?(?:\[\])?", re.IGNORECASE)
_ASKS = re.compile(r"\s*(?:/\*.{0,500}?\*/\s*)?(?:SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE|MERGE)\b", re.IGNORECASE | re.DOTALL)
_CATALOGS = ("pg_", "information_schema.", "performance_schema.", "mysql.", "sys.")
_MOST_SITES = 5
_MOST_PARSED = 300
Shape = tuple[str, tuple[str, ...], frozenset[tuple[str, str, str]], tuple[bool, bool, bool, bool], tuple[str, ...], tuple[str, ...]]


class Timed(msgspec.Struct, frozen=True):
    """One statement with where it comes from. `lacks`: why it is slow, with the index that is missing or, if none is, what it reads whole."""

    time: StatementTime
    sites: tuple[Site, ...]
    lacks: tuple[str, ...]
    indexes: tuple[str, ...]

    @property
    def ms(self) -> float:
        """What is judged: the mean, or the 95 % where the database has it."""
        return max(self.time.mean_ms, self.time.p95_ms or 0.0)


class Statements:
    """Finds the queries of statements; each is worked out when it is asked for, slowest first."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._shapes: dict[Shape, list[Site]] = {}
        for site in project.queries.sites:
            shape = self._shape(site.query)
            self._shapes.setdefault(shape, []).append(site)

    def timed(self, time: StatementTime) -> Timed:
        """The statement with its places in the code."""
        query = self._query(time.text)
        if query is None:
            return Timed(time, (), (), ())
        sites = self._sites(query)
        lacks, indexes = self._lacks(query, sites)
        if not lacks and time.scanned:
            lacks = tuple(f"the plan reads all of `{name}`" for name in time.scanned)
        return Timed(time, sites, lacks, indexes)

    def _query(self, text: str) -> Query | None:
        if len(text) > 20_000:
            return None
        queries = self._project.parsed(text).queries
        return queries[0] if len(queries) == 1 else None

    def _sites(self, query: Query) -> tuple[Site, ...]:
        """The places that send such a statement: those with the same limit, order and columns before others."""
        found = self._shapes.get(self._shape(query), [])
        if not found:
            return ()
        scored = [(self._likeness(query, site.query), site) for site in found]
        best = max(score for score, _ in scored)
        same = {(site.path, site.line): site for score, site in scored if score == best}
        return tuple(same[key] for key in sorted(same))[:_MOST_SITES]

    def _likeness(self, one: Query, other: Query) -> tuple[bool, bool, bool, float]:
        mine, theirs = self._selected(one), self._selected(other)
        shared = len(mine & theirs) / len(mine | theirs) if mine or theirs else 1.0
        joins = [relation.join for relation in one.relations] == [relation.join for relation in other.relations]
        return (one.limit is None) == (other.limit is None), one.offset == other.offset, joins, shared

    def _selected(self, query: Query) -> frozenset[str]:
        """What a query selects; all columns of its first table where it names none."""
        if query.selected or not query.relations:
            return frozenset(self._term(query, term) for term in query.selected)
        table = self._project.schema.table(query.relations[0].table) if query.relations[0].table else None
        return frozenset(f"{table.name}.{column.name}" for column in table.columns) if table is not None else frozenset()

    def _shape(self, query: Query) -> Shape:
        """What a statement asks, whoever writes it: tables, compared columns, order; values are left out."""
        compared: set[tuple[str, str, str]] = set()
        self._compared(query, compared)
        kinds = query.distinct, query.grouped, query.aggregate or query.grouped, query.locks
        order = tuple(self._term(query, key.term) + (" desc" if key.descending else "") for key in query.order)
        written = tuple(sorted(query.written)) if query.verb.value == "update" else ()
        names = tuple(sorted(self._table(name) for name in tables(query)))
        return query.verb.value, names, frozenset(compared), kinds, order, written

    def _compared(self, query: Query, into: set[tuple[str, str, str]]) -> None:
        waiting: list[Predicate] = [one for one in (query.where, *(relation.on for relation in query.relations)) if one is not None]
        while waiting:
            one = waiting.pop()
            if isinstance(one, And | Or):
                waiting += one.parts
            elif isinstance(one, Not):
                waiting.append(one.part)
            elif isinstance(one, Comparison):
                left, right = self._term(query, one.left), self._term(query, one.right)
                if one.operator == "=" and right < left:
                    left, right = right, left
                into.add((left, one.operator, right))
            elif isinstance(one, Exists):
                into.add(("exists", "not" if one.negated else "", ""))
            else:
                into.add(("?", "", ""))
        for inner in query.subqueries:
            self._compared(inner, into)

    def _term(self, query: Query, term: Term) -> str:
        if term.kind is TermKind.COLUMN and 0 <= term.relation < len(query.relations):
            return f"{self._named(query.relations[term.relation])}.{term.column}"
        if term.kind in (TermKind.EXPRESSION, TermKind.MIXED):
            # who binds a value with a type writes a cast that others do not
            return _VALUE.sub("?", _CAST.sub("", term.text))
        return "?" if term.kind in (TermKind.PARAMETER, TermKind.CONSTANT) else term.kind.name

    def _named(self, relation: Relation) -> str:
        return self._table(relation.table) if relation.table else relation.alias

    def _table(self, name: str) -> str:
        known = self._project.schema.table(name)
        return known.name if known is not None else name.rpartition(".")[2].lower()

    def _lacks(self, query: Query, sites: tuple[Site, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Why each of its tables is read whole, and the declarations of the indexes that would serve."""
        from backend_lint.sql.serve import accesses

        answers, schema = self._project.answers, self._project.schema
        places = {(site.path, site.line) for site in sites}
        missing = [one for one in answers.missing if any((answer.site.path, answer.site.line) in places for answer in one.answers)]
        lacks, indexes = [], []
        for one in missing:
            columns = ", ".join(key.column or key.expression for key in one.candidate.keys)
            lacks.append(f"it reads all of `{one.table.name}`, for no index begins with `{columns}`")
            indexes.append(answers.declaration(one.table, one.candidate))
        for access in () if missing else accesses(query, schema.table, schema.dialect):
            table = schema.table(access.table) if access.table else None
            if table is None or access.path not in (Path.SCAN, Path.WHOLE):
                continue
            if access.candidate is not None and access.selective:
                columns = ", ".join(key.column or key.expression for key in access.candidate.keys)
                lacks.append(f"it reads all of `{table.name}`, for no index begins with `{columns}`")
                indexes.append(answers.declaration(table, access.candidate))
            elif access.path is Path.WHOLE:
                lacks.append(f"it asks for all rows of `{table.name}`, so that no index helps: ask for fewer, or keep the sum")
        return tuple(dict.fromkeys(lacks)), tuple(dict.fromkeys(indexes))


def of_application(times: Iterable[StatementTime], project: Project) -> Iterator[StatementTime]:
    """What a program asks of its own tables, of statements with the slowest first: no catalogs, no transactions, no maintenance."""
    own = {name.lower() for table in project.schema.tables.values() for name in (table.name, table.name.rpartition(".")[2])}
    looked = 0
    for time in times:
        if not _ASKS.match(time.text[:1000]):
            continue
        looked += 1
        # the first are the slowest, and it costs to understand a statement
        queries = project.parsed(time.text).queries if len(time.text) <= 20_000 and looked <= _MOST_PARSED else ()
        names = {name.lower() for query in queries for name in tables(query)}
        if queries and (not names or all(name.startswith(_CATALOGS) for name in names)):
            continue
        if names and own and not names & own and not {name.rpartition(".")[2] for name in names} & own:
            continue  # another program's, on the same server
        yield time


def shown(text: str, most: int = 120) -> str:
    """A statement on one line, without the values in it: a log has those of people."""
    flat = " ".join(_LITERAL.sub("?", text).split())
    return flat if len(flat) <= most else flat[: most - 3] + "..."
