"""The smallest set of indexes that serves all queries that none serves now.

Candidates of the queries, their equality columns in every order, are tried on the tables as they are; the one that serves most is taken, and so on. What is
taken is tried by the matcher itself, so nothing is claimed that it would not find, and what others have made superfluous in the end is left out.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from backend_lint.facts.access import Access, Candidate, Path
from backend_lint.facts.query import Query
from backend_lint.facts.schema import Dialect, Index, Table
from backend_lint.sql.serve import accesses

Tables = Callable[[str], Table | None]
MOST_QUESTIONS = 400
"""Of one table; of more only the first are weighed against each other, the others keep their own candidate if it is taken anyway."""
MOST_ORDERS = 3
"""Columns of which all orders are tried."""
_LIMITS = {Dialect.POSTGRESQL: 63, Dialect.MYSQL: 64, Dialect.SQLITE: 63, Dialect.ORACLE: 128, Dialect.MSSQL: 128}


@dataclass(frozen=True, slots=True)
class Advised:
    """An index to be made. `serves`: numbers of the questions that it serves."""

    candidate: Candidate
    name: str
    serves: tuple[int, ...]


def advise(
    questions: Sequence[tuple[Query, Access]], tables: Tables, dialect: Dialect = Dialect.POSTGRESQL, names: Collection[str] = ()
) -> tuple[Advised, ...]:
    """Indexes for the accesses that are scans for few rows, by table and name. `names`: of indexes that exist, so that new ones are not called the same."""
    by_table: dict[str, list[int]] = {}
    for number, (_, access) in enumerate(questions):
        if worth_an_index(access):
            by_table.setdefault(access.table, []).append(number)
    taken = set(names)
    advised: list[Advised] = []
    for name in sorted(by_table):
        table = tables(name)
        if table is None:
            continue
        asked = _Asked(questions, by_table[name][:MOST_QUESTIONS], table, tables, dialect)
        for candidate, serves in asked.chosen():
            index_name = name_of(candidate, taken, _LIMITS[dialect])
            taken.add(index_name)
            advised.append(Advised(candidate, index_name, serves))
    return tuple(advised)


def worth_an_index(access: Access) -> bool:
    """A scan for few rows, or a sort for a limit, that an index would serve. A range with one end may as well be most of the table."""
    return access.path is Path.SCAN and access.candidate is not None and (access.order or (access.selective and not access.range_only))


class _Asked:
    """The questions about one table."""

    def __init__(self, questions: Sequence[tuple[Query, Access]], numbers: list[int], table: Table, tables: Tables, dialect: Dialect) -> None:
        self.questions = questions
        self.numbers = numbers
        self.table = table
        self.tables = tables
        self.dialect = dialect
        self.alike: dict[int, int] = {}
        self._same()

    def _same(self) -> None:
        """Questions that ask the same are tried once."""
        seen: dict[tuple[Query, int, tuple[int, ...]], int] = {}
        for number in self.numbers:
            query, access = self.questions[number]
            self.alike[number] = seen.setdefault((query, access.relation, access.scope), number)

    def chosen(self) -> Iterator[tuple[Candidate, tuple[int, ...]]]:
        distinct = sorted(set(self.alike.values()))
        pool = self._pool(distinct)
        covers = {candidate: {number for number in distinct if self._may_serve(candidate, number) and self._served(number, (candidate,))} for candidate in pool}
        taken: list[Candidate] = []
        open_ = set(distinct)
        while open_:
            best = max(pool, key=lambda candidate: self._worth(candidate, covers[candidate] & open_), default=None)
            if best is None or not covers[best] & open_:
                break
            taken.append(best)
            open_ -= covers[best]
        for number in sorted(open_):
            access = self.questions[number][1]
            parts = [part for part in (access.candidate, *access.further) if part is not None and part not in taken]
            if access.further and self._served(number, (*taken, *parts)):
                taken += parts
        yield from self._needed(taken, distinct)

    def _needed(self, taken: list[Candidate], distinct: list[int]) -> Iterator[tuple[Candidate, tuple[int, ...]]]:
        """Without those that the others make superfluous, and with what each serves."""
        used = {number: self._using(number, tuple(taken)) for number in distinct}
        for candidate in list(taken):
            rest = tuple(other for other in taken if other is not candidate)
            mine = [number for number in distinct if used[number]]
            if rest and all(self._served(number, rest) for number in mine):
                taken.remove(candidate)
                used = {number: self._using(number, tuple(taken)) for number in distinct}
        for candidate in taken:
            serves = tuple(number for number in self.numbers if candidate in used[self.alike[number]])
            if serves:
                yield candidate, serves

    def _pool(self, numbers: list[int]) -> list[Candidate]:
        found: dict[Candidate, None] = {}
        for number in numbers:
            access = self.questions[number][1]
            if access.further or access.candidate is None:
                continue
            found[access.candidate] = None
            if access.candidate.method == "btree" and 1 < len(access.candidate.keys) <= MOST_ORDERS:
                for keys in itertools.permutations(access.candidate.keys):
                    found[replace(access.candidate, keys=keys)] = None
        return list(found)

    def _may_serve(self, candidate: Candidate, number: int) -> bool:
        """A cheap question first: the leading key is asked for."""
        own = self.questions[number][1]
        if candidate == own.candidate:
            return True
        if not self._fitting(candidate, number):
            return False
        first = candidate.keys[0].column or candidate.keys[0].expression
        return first in own.columns

    def _fitting(self, candidate: Candidate, number: int) -> bool:
        """Trigrams and the like could serve an equality too, but nobody wants that."""
        own = self.questions[number][1]
        wanted = [one for one in (own.candidate, *own.further) if one is not None]
        return candidate.method == "btree" or any(one.method == candidate.method or "pattern" in one.keys[-1].opclass for one in wanted)

    def _worth(self, candidate: Candidate, covered: set[int]) -> tuple[int, int, int]:
        """How many questions it serves, how many of them just as they want it, and fewer columns first."""
        exactly = 0
        for number in covered:
            access = self.questions[number][1]
            if access.candidate is not None and access.candidate.method == candidate.method:
                keys, held = access.candidate.keys, candidate.keys[: len(access.candidate.keys)]
                exactly += 2 * (keys == held) or (not access.order and set(keys) == set(held))
        return len(covered), exactly, -len(candidate.keys)

    def _served(self, number: int, extra: tuple[Candidate, ...]) -> bool:
        access = self._access(number, extra)
        return access.path is Path.INDEX and not access.partly

    def _using(self, number: int, extra: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        """Which of them serve a question."""
        access = self._access(number, extra)
        used = set(access.index.split(" + ")) if access.path is Path.INDEX and not access.partly else set()
        return tuple(candidate for position, candidate in enumerate(extra) if _stand_in(position) in used)

    def _access(self, number: int, extra: tuple[Candidate, ...]) -> Access:
        query, access = self.questions[number]
        indexes = tuple(as_index(candidate, _stand_in(position)) for position, candidate in enumerate(extra) if self._fitting(candidate, number))
        changed = replace(self.table, indexes=(*self.table.indexes, *indexes))
        found = accesses(query, lambda name: changed if name == access.table else self.tables(name), self.dialect)
        return next(one for one in found if one.relation == access.relation and one.scope == access.scope)


def _stand_in(position: int) -> str:
    return f"advised {position}"


def as_index(candidate: Candidate, name: str) -> Index:
    """The index that a candidate would be."""
    return Index(name, candidate.keys, unique=candidate.unique, where_text=candidate.where, method=candidate.method)


def name_of(candidate: Candidate, taken: Collection[str], longest: int = 63) -> str:
    """A name that is free: table, columns, ``idx``; shortened with a digest where it would be too long."""
    table = candidate.table.rpartition(".")[2]
    words = [_word(key.column or key.expression) for key in candidate.keys]
    name = "_".join([table, *words, "idx"])
    digest = hashlib.blake2b(repr(candidate).encode(), digest_size=3).hexdigest()
    if len(name) > longest:
        room = longest - len(digest) - 5
        half = max(4, min(len(table), room // 2))
        name = f"{table[:half]}_{'_'.join(words)[: room - half - 1]}".rstrip("_") + f"_{digest}_idx"
    position = 2
    free = name
    while free in taken:
        tail = f"_{position}"
        free = name[: longest - len(tail)] + tail
        position += 1
    return free


def _word(text: str) -> str:
    word = "".join(sign.lower() if sign.isalnum() else "_" for sign in text)
    return "_".join(part for part in word.split("_") if part)
