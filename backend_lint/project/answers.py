"""Queries joined with the schema: how each of them finds its rows, and which index is missing."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from backend_lint.facts.access import Access, Candidate, Path
from backend_lint.facts.file import Role
from backend_lint.facts.python import BlockKind
from backend_lint.facts.query import Query, Site
from backend_lint.facts.schema import Dialect, Index, IndexKey, Table, TableKind
from backend_lint.lazy_regex import lazy_regex
from backend_lint.project.answer_weight import compared, is_followed, is_walked, is_weak, tells_better, tests_strongly
from backend_lint.project.blocks import around
from backend_lint.project.entries import STARTED
from backend_lint.project.left_defaults import LeftDefaults
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import Framework
from backend_lint.project.schema.sizes import is_small, may_be_small, named_by_hand, owns_all_else
from backend_lint.project.schema.source import has_known_indexes
from backend_lint.project.unsorted import sorted_for_few
from backend_lint.project.unused import Unused
from backend_lint.sql.selectivity import share_of_few

if TYPE_CHECKING:
    from backend_lint.facts.route import Entry
    from backend_lint.project import Project
    from backend_lint.project.schema.mapping import Mapped

_ADMIN = ("/test_utils", "/admin.py", "/admin/", "/admins/", "/django_admin/")
_COMMANDS = ("/commands.py", "/cli.py", "/management.py")
_ADMIN_CLASS = lazy_regex(r"Admin\.\w+$")


class Answer(NamedTuple):
    """How one relation of a query finds its rows. `query` is the site's query or the one of its subqueries that holds the relation."""

    site: Site
    query: Query
    access: Access
    table: Table | None


class Lack(enum.StrEnum):
    """What is wrong with a query that no index serves."""

    FILTER = "filter"
    """No index begins with a column it asks for."""
    COLUMN_ORDER = "column order"
    """An index holds all of its columns, but begins with another one."""
    EXPRESSION = "expression"
    """What it asks of the column hides it from every plain index."""
    ORDER = "order"
    """Rows are found, but not in the order that a limit cuts."""


class Missing(NamedTuple):
    """An index that would serve, with the queries that want it, those that requests and messages reach first.

    `soft`: nobody waits for any of them, an index serves a part of what is asked, or it depends on the value how many rows are wanted, as with a range with
    one end and with kinds and flags alone. `weak`: the same, and neither is it asked again and again, nor is the part that is served one of a few values.
    `small`: nothing says so, but the table looks like a short list.
    """

    lack: Lack
    table: Table
    columns: tuple[str, ...]
    candidate: Candidate
    answers: tuple[Answer, ...]
    soft: bool
    weak: bool
    small: bool


_WORTH_AN_INDEX = 0.05
"""The share of a table below which flags and kinds together are worth an index; one of them alone never is."""
_Group = tuple[str, Lack, frozenset[str], str]
"""Queries of one table that want the same index: the table, what is wrong, the keys and the method."""


class Answers:
    """Answers for one project, worked out once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._ranks: dict[tuple[str, int], int] = {}
        self._unused = Unused(project)
        self._defaults = LeftDefaults(project)

    @functools.cached_property
    def all(self) -> tuple[Answer, ...]:
        """Every relation of every query, in the order of the queries."""
        from backend_lint.sql.serve import accesses

        schema = self._project.schema
        kept: dict[Query, tuple[tuple[Query, Access], ...]] = {}
        found = []
        for site in self._project.queries.sites:
            if site.query not in kept:
                kept[site.query] = tuple((_within(site.query, access.scope), access) for access in accesses(site.query, schema.table, schema.dialect))
            found += [Answer(site, query, access, schema.table(access.table) if access.table else None) for query, access in kept[site.query]]
        return tuple(found)

    @functools.cached_property
    def unserved(self) -> tuple[Answer, ...]:
        """The relations that an index should serve and none does, in the order of the queries: without small tables and what nobody waits for."""
        return tuple(answer for answer in self.all if not answer.site.offered and answer.access.candidate is not None and self._lacks(answer))

    @functools.cached_property
    def unindexable(self) -> tuple[Answer, ...]:
        """The relations that are read whole for conditions that no index can hold."""
        return tuple(answer for answer in self.all if answer.access.candidate is None and answer.access.path is Path.SCAN and self._lacks(answer))

    @functools.cached_property
    def offered(self) -> tuple[Answer, ...]:
        """The same of the filters and orders that lists offer to clients."""
        return tuple(answer for answer in self.all if answer.site.offered and answer.access.candidate is not None and self._lacks(answer))

    def _lacks(self, answer: Answer) -> bool:
        access, table = answer.access, answer.table
        unserved = access.path is Path.SCAN or (access.path is Path.INDEX and access.partly)
        if not unserved or table is None or not (access.selective or access.order) or not has_known_indexes(table):
            return False
        if access.partly and not tests_strongly(answer, table):
            return False
        if self.is_idle(answer.site.path, answer.site.function) or self._may_be_filtered(answer) or self._defaults.is_dead(answer.site):
            return False
        return table.kind in (TableKind.TABLE, TableKind.PARTITION) and not is_small(table) and not self.is_out(answer.site)

    def _may_be_filtered(self, answer: Answer) -> bool:
        """A base class of a library may bring a manager with a filter of its own (soft deletion) from which the condition of a partial index follows."""
        partial = {one.index for one in answer.access.reasons if one.why.startswith("its condition")}
        table = answer.table
        served = [one for one in table.indexes if one.name in partial and one.keys[0].column in answer.access.columns] if table is not None and partial else []
        mapped = self._project.places.model(table.name) if table is not None and served else None
        if mapped is None or mapped.framework is not Framework.DJANGO:
            return False
        bases = self._project.resolver.classes.external_names(Ref(RefKind.CLASS, mapped.name, *mapped.key))
        return any(not name.startswith(("django.", "builtins.", "typing.", "abc.")) for name in bases)

    def is_unused(self, path: str, function: int) -> bool:
        """Nobody calls the function, as far as names tell."""
        return self._unused.is_unused((path, function))

    def is_idle(self, path: str, function: int) -> bool:
        """Nobody calls the function, or somebody runs it once."""
        return (self._rank(path, function) == 2 and not self._polls(path)) or self._unused.is_unused((path, function))

    def _polls(self, path: str) -> bool:
        """The command asks again and again: something in its file loops until it is told to stop."""
        module = self._project.modules.get(path)
        if module is None:
            return False
        loops = [block.subject for body in module.bodies for block in body.blocks if block.kind is BlockKind.WHILE]
        return any(subject in ("True", "1") or subject.startswith("(not %self.") for subject in loops)

    @functools.cached_property
    def missing(self) -> tuple[Missing, ...]:
        """The indexes that are missing, each once, in order of the place of its first query. Unknown answers are left out."""
        groups: dict[_Group, list[Answer]] = {}
        for answer in (*self.unserved, *self._unsorted):
            table, candidate = answer.table, answer.access.candidate
            assert table is not None and candidate is not None
            if any(_is_there(index, candidate) for index in table.indexes):
                continue
            keys = frozenset(key.column or key.expression for key in candidate.keys)
            groups.setdefault((table.name, _lack(answer.access, table), keys, candidate.method), []).append(answer)
        merged = _merged(groups)
        found = [self._missing(group[1], answers, _told_apart(group, merged)) for group, answers in merged.items()]
        kept = (one for one in found if one.lack is Lack.ORDER or (_share_of_few(one.table, one.candidate) or 0.0) < _WORTH_AN_INDEX)
        return tuple(sorted(kept, key=lambda one: (one.answers[0].site.path, one.answers[0].site.line, one.columns)))

    @functools.cached_property
    def _unsorted(self) -> tuple[Answer, ...]:
        """The queries whose rows are found, and sorted to take the newest."""
        found = []
        for answer in self.all:
            table = answer.table
            if table is None or answer.site.offered or is_small(table):
                continue
            if answer.access.path is Path.INDEX and answer.query.order and not self.is_out(answer.site):
                access = sorted_for_few(answer.query, answer.access, table, self._project.schema.table)
                if access is not None:
                    found.append(answer._replace(access=access))
        return tuple(found)

    @functools.cached_property
    def uncertain(self) -> tuple[Answer, ...]:
        """The relations of which it is not known how their rows are found."""
        return tuple(answer for answer in self.all if answer.access.path is Path.UNKNOWN and not self.is_out(answer.site))

    def is_foreign_key(self, missing: Missing) -> bool:
        """The missing index is one on a foreign key, alone or with more, which lacks it whoever asks."""
        names = [key.column for key in missing.candidate.keys]
        keyed = sum((missing.table.name, (name,)) in self._unindexed_keys for name in names)
        alone = keyed == 1 < len(names) and all(tells_better(answer) for answer in missing.answers)
        return (keyed > 0 and not alone) or (missing.table.name, tuple(names)) in self._unindexed_keys

    @functools.cached_property
    def _unindexed_keys(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        from backend_lint.project.schema.foreign_keys import unindexed_keys

        if self._project.schema.dialect is Dialect.MYSQL:
            return frozenset()
        return frozenset((one.table.name, one.columns) for one in unindexed_keys(self._project) if one.certain)

    def _missing(self, lack: Lack, answers: list[Answer], apart: frozenset[str] = frozenset()) -> Missing:
        asked = [answer for answer in answers if not self.rank(answer.site)] or answers  # what nobody waits for widens no index
        widest = max((one.access.candidate for one in asked if one.access.candidate is not None), key=lambda one: len(one.keys), default=None)
        if widest is not None:
            widest = _for_all(widest, asked)
            widest = replace(widest, keys=tuple(key for key in widest.keys if (key.column or key.expression) not in apart) or widest.keys)
        ranked = sorted({(answer.site.path, answer.site.line): answer for answer in reversed(answers)}.values(), key=self.order)
        first = ranked[0]
        assert first.table is not None and widest is not None
        few = lack is not Lack.ORDER and _share_of_few(first.table, widest) is not None
        soft = few or self.rank(first.site) >= 2 or all(answer.access.range_only or answer.access.partly or is_walked(answer) for answer in answers)
        asks_on = any(self.rank(answer.site) == 2 for answer in answers)
        weak = (few and not asks_on) or all(is_weak(answer, asks_on) for answer in answers)
        small = owns_all_else(first.table.name) or self.may_be_small(first.table)
        return Missing(lack, first.table, first.access.columns, widest, tuple(ranked), soft, weak, small)

    def may_be_small(self, table: Table) -> bool:
        """Nothing says so, but the table looks like a short list."""
        return may_be_small(table, getattr(self._project.places.model(table.name), "name", "")) or named_by_hand(table)

    def order(self, answer: Answer) -> tuple[int, bool, bool, str, int]:
        """Sorts queries: those that requests and messages wait for first, of them those that are certain, and that ask for a value rather than join."""
        sure = self.is_awaited(answer.site) and is_followed(self._project, answer)
        return self.rank(answer.site), not sure, answer.access.joined or len(answer.query.relations) > 1, answer.site.path, answer.site.line

    def is_awaited(self, site: Site) -> bool:
        """A request to a known route, or a message that something sends, comes to the query for certain."""
        return (site.path, site.function) in self._project.awaited

    def rank(self, site: Site) -> int:
        """Who waits for a query: 0 a request or a message, 1 nobody knows, 2 a command, a script or the start of the program."""
        return self._rank(site.path, site.function)

    def _rank(self, path: str, function: int) -> int:
        key = (path, function)
        if key not in self._ranks:
            role = self._project.files[path].role
            reached = self._reached(path, function)
            by_hand = role in (Role.COMMAND, Role.SCRIPT) or path.endswith(_COMMANDS)
            self._ranks[key] = 2 if by_hand or (reached is not None and reached.kind in STARTED) else 1 if reached is None else 0
        return self._ranks[key]

    def reached_from(self, site: Site) -> Entry | None:
        """The nearest entry point that leads to a query; None if none is known, or it stands in no function."""
        return self._reached(site.path, site.function)

    def _reached(self, path: str, function: int) -> Entry | None:
        return reached[0] if function >= 0 and (reached := self._project.reached_from((path, function))) is not None else None

    def is_out(self, site: Site) -> bool:
        """Queries of administration pages, tests and debugging, for which nobody builds indexes."""
        path = "/" + site.path
        if any(part in path for part in _ADMIN) or self._project.files[site.path].role in (Role.TEST, Role.MIGRATION, Role.GENERATED):
            return True
        if site.function < 0 or site.call < 0:
            return False
        if _ADMIN_CLASS.search(self._project.modules[site.path].functions[site.function].name):
            return True
        body = self._project.modules[site.path].bodies[site.function]
        return site.call < len(body.calls) and any("DEBUG" in one.subject for _, one in around(body, body.calls[site.call].block))

    @functools.cached_property
    def _scans(self) -> dict[str, list[Answer]]:
        """The answers of relations that are read whole although few of their rows are asked for, by table: of queries that somebody waits for."""
        found: dict[str, list[Answer]] = {}
        for answer in self.all:
            site = answer.site
            if answer.access.path is Path.SCAN and answer.table is not None and not self.is_out(site) and not self.is_idle(site.path, site.function):
                found.setdefault(answer.table.name, []).append(answer)
        return found

    def looked_up(self, table: str, columns: Iterable[str]) -> list[Site]:
        """The queries that read all of a table to find rows by these columns: by values, or from rows of another table.

        Not those that find rows of the table by something else and go on from them, those that an index serves for another condition, or those that a column
        of many values beside the key tells apart better.
        """
        wanted = set(columns)
        return list({id(one.site): one.site for one in self._scans.get(table, ()) if self._first_keys(one) & wanted and not tells_better(one)}.values())

    def _first_keys(self, answer: Answer) -> set[str]:
        """The asked columns; of several foreign keys without an index the first, whose index serves for all."""
        asked = answer.access.columns
        keys = [name for name in asked if (answer.access.table, (name,)) in self._unindexed_keys] if not answer.access.joined else []
        return set(asked) - set(keys[1:])

    def index_on(self, table: Table, columns: Iterable[str]) -> str:
        """The declaration of a plain index as the table's framework writes it."""
        return self.declaration(table, Candidate(table.name, tuple(IndexKey(column) for column in columns)))

    def declaration(self, table: Table, candidate: Candidate, name: str = "") -> str:
        """The declaration of an index as the table's framework writes it, else as SQL. Without a `name` one is made that the table's indexes do not have."""
        from backend_lint.sql import index_text
        from backend_lint.sql.advice import name_of

        mapped = self._project.places.model(table.name)
        is_django = mapped is not None and mapped.framework is Framework.DJANGO
        name = name or name_of(candidate, {index.name for index in table.indexes}, index_text.DJANGO_NAME if is_django else 63)
        if mapped is not None and is_django:
            return index_text.django(candidate, name, _names(mapped))
        if mapped is not None or table.source in ("sqlalchemy", "alembic"):
            return index_text.sqlalchemy(candidate, name)
        return index_text.statement(candidate, name, self._project.schema.dialect)


def _names(mapped: Mapped) -> dict[str, str]:
    """The attribute that stands for each column: a relation for its key's."""
    names = {field.column: field.name for field in mapped.fields.values()}
    return names | {one.columns[0]: one.name for one in mapped.relationships.values() if len(one.columns) == 1 and not (one.reverse or one.many or one.generic)}


def _merged(groups: dict[_Group, list[Answer]]) -> dict[_Group, list[Answer]]:
    """The groups without those that the index of another one serves as well, or that are only another way of the same query."""
    kept: dict[_Group, list[Answer]] = {}
    for group in sorted(groups, key=lambda one: (-len(one[2]), *one[:2], sorted(one[2]))):
        table, lack, keys, method = group
        sites = {(answer.site.path, answer.site.line) for answer in groups[group]}
        for other, answers in kept.items():
            same = other[0] == table and other[3] == method
            first = (lack == other[1] or keys == other[2]) and _can_begin(answers, keys)
            if same and (first or sites <= {(answer.site.path, answer.site.line) for answer in answers}):
                answers += groups[group]
                break
        else:
            kept[group] = list(groups[group])
    return kept


def _told_apart(group: _Group, groups: Iterable[_Group]) -> frozenset[str]:
    """The keys that have indexes of their own to come, which serve what asks for them with others as well."""
    table, lack, keys, method = group
    alone = [other[2] for other in groups if (other[0], other[1], other[3]) == (table, lack, method) and other[2] < keys] if lack is Lack.FILTER else []
    return frozenset().union(*alone)


def _can_begin(answers: list[Answer], keys: frozenset[str]) -> bool:
    """The index that the first of these answers wants begins with the keys, or can, as it asks for equality on all; no other answer is in the way."""
    wanted = answers[0].access.candidate.keys if answers[0].access.candidate is not None else ()
    begins = {key.column or key.expression for key in wanted[: len(keys)]} == keys
    narrow = [{key.column or key.expression for key in one.access.candidate.keys} for one in answers if one.access.candidate is not None]
    return (begins or keys <= compared(answers[0])) and all(keys <= one or keys >= one for one in narrow)


def _within(query: Query, scope: tuple[int, ...]) -> Query:
    """The subquery that a way of numbers leads to."""
    for number in scope:
        query = query.subqueries[number]
    return query


def _for_all(candidate: Candidate, answers: Iterable[Answer]) -> Candidate:
    """The index with those columns in front that some queries ask for alone; columns of ranges and orders stay behind."""
    wanted = {frozenset(key.column for key in one.access.candidate.keys) for one in answers if one.access.candidate is not None}
    equal = {column for one in answers if one.access.candidate == candidate for column in compared(one)}
    kept = list(candidate.keys)
    front: list[IndexKey] = []
    for columns in sorted(wanted, key=lambda one: (len(one), sorted(one))):
        if columns <= equal and columns >= {key.column for key in front}:
            front += [key for key in kept if key.column in columns and key not in front]
    return replace(candidate, keys=(*front, *(key for key in kept if key not in front)))


def _share_of_few(table: Table, candidate: Candidate) -> float | None:
    """What flags and kinds alone leave of a table; None if anything else is asked."""
    return share_of_few(table.column(key.column) for key in candidate.keys)


def _is_there(index: Index, wanted: Candidate) -> bool:
    """The index begins with the keys of the wanted one, which would serve no better."""
    if index.method != wanted.method or index.where_text or len(index.keys) < len(wanted.keys):
        return False
    pairs = list(zip(index.keys, wanted.keys, strict=False))
    if any((one.column, one.expression, one.opclass) != (other.column, other.expression, other.opclass) for one, other in pairs):
        return False
    return len({one.descending == other.descending for one, other in pairs}) == 1


def _lack(access: Access, table: Table) -> Lack:
    candidate = access.candidate
    if access.order:
        return Lack.ORDER
    if candidate is None or candidate.method not in ("btree", "hash") or candidate.keys[0].expression or candidate.keys[0].opclass:
        return Lack.EXPRESSION
    wanted = {key.column for key in candidate.keys}
    for index in table.indexes:
        held = [key.column for key in index.keys]
        if index.method == "btree" and not index.where_text and wanted <= set(held) and held[0] not in wanted:
            return Lack.COLUMN_ORDER
    return Lack.FILTER
