"""Names in a statement: which relation a column belongs to, at every level of nesting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend_lint.duration import digits
from backend_lint.facts.query import Predicate, Query, Relation, Term, TermKind
from backend_lint.facts.schema import Dialect
from backend_lint.sql.conditions import parameter
from backend_lint.sql.expressions import name_of
from backend_lint.sql.parameters import LITERALS, PARAMETER, is_marked

MAX_WEIGHT = 400
"""Queries in one statement, those that are written once and read twice counted twice."""


class Draft:
    """A query under construction: what its frames, one for each subquery that was merged into it, share."""

    def __init__(self) -> None:
        self.relations: list[Relation] = []
        self.conditions: list[Predicate] = []
        self.subqueries: list[Query] = []
        self.unknown: list[str] = []
        self.weight = 1
        self.tables_read: dict[str, int] = {}
        """Common table expressions by name: their number in `subqueries`."""

    def add(self, query: Query, weight: int) -> int:
        """The number of a new subquery; -1 if the statement has become too large."""
        if self.weight + weight > MAX_WEIGHT:
            self.note("too many parts")
            return -1
        self.weight += weight
        self.subqueries.append(query)
        return len(self.subqueries) - 1

    def note(self, what: str) -> None:
        """Something that was not understood."""
        if what not in self.unknown:
            self.unknown.append(what)


class Source:
    """What a name in FROM stands for: relation `relation`, or, for a subquery that was merged, `columns` by name and all columns of the relations `stars`."""

    def __init__(self, name: str, relation: int = -1, columns: dict[str, Term] | None = None, stars: tuple[int, ...] = ()) -> None:
        self.name = name
        self.relation = relation
        self.columns = columns
        self.stars = stars

    def column(self, name: str) -> Term | None:
        """The column of that name, None if there is none."""
        if self.columns is None:
            return Term(TermKind.COLUMN, self.relation, name)
        found = self.columns.get(name)
        if found is None and self.stars:
            return Term(TermKind.COLUMN, self.stars[0] if len(self.stars) == 1 else -1, name)
        return found


class Frame:
    """The names that an expression sees. `outer` is the frame around a subquery; `merged` one that became a part of the same query."""

    def __init__(self, draft: Draft, outer: Frame | None, dialect: Dialect) -> None:
        self.draft = draft
        self.outer = outer
        self.dialect = dialect
        self.sources: list[Source] = []
        self.aliases: dict[str, Term] = {}

    def column(self, node: Any) -> Term:
        """The term of a column node."""
        inner = node.this
        if type(inner).__name__ == "Star":
            return Term(TermKind.UNKNOWN, text="*")
        name = name_of(inner)
        if is_marked(name):
            return marked(name) if node.args.get("table") is None else Term(TermKind.UNKNOWN, text="?")
        table = node.args.get("table")
        return self._qualified(name_of(table), name) if table is not None else self._bare(name)

    def _qualified(self, table: str, name: str) -> Term:
        if is_marked(table):
            return Term(TermKind.UNKNOWN, text=f"?.{name}")
        frame: Frame | None = self
        levels = 0
        while frame is not None:
            for source in frame.sources:
                if source.name == table:
                    found = source.column(name)
                    if found is None:
                        return Term(TermKind.UNKNOWN, text=f"{table}.{name}")
                    return found if not levels else outer(found, levels)
            if frame.outer is not None and frame.outer.draft is not frame.draft:
                levels += 1
            frame = frame.outer
        return Term(TermKind.UNKNOWN, text=f"{table}.{name}")

    def _bare(self, name: str) -> Term:
        sources = self.sources
        if not sources:
            if self.outer is None:
                return Term(TermKind.UNKNOWN, text=name)
            found = self.outer._bare(name)
            return found if self.outer.draft is self.draft else outer(found, 1)
        derived = [source for source in sources if source.columns is not None]
        for source in derived:
            assert source.columns is not None
            if name in source.columns:
                return source.columns[name]
        for source in sources:
            if source.name == name and source.columns is None and self._is_function(source.relation):
                return Term(TermKind.COLUMN, source.relation, name)
        relations = [source.relation for source in sources if source.columns is None]
        relations += [star for source in derived for star in source.stars]
        if len(relations) == 1:
            return Term(TermKind.COLUMN, relations[0], name)
        if not relations or len(relations) != len(self.draft.relations):
            return Term(TermKind.UNKNOWN, text=name)
        return Term(TermKind.COLUMN, -1, name)

    def _is_function(self, number: int) -> bool:
        """Its rows come from no table and no query: its name is that of its only column too."""
        return 0 <= number < len(self.draft.relations) and not self.draft.relations[number].table and self.draft.relations[number].subquery < 0

    def relations(self) -> tuple[int, ...]:
        """All relations of the query so far."""
        return tuple(range(len(self.draft.relations)))


def outer(term: Term, levels: int) -> Term:
    """A term of a query around this one, as this one sees it."""
    if term.kind is TermKind.COLUMN:
        return Term(TermKind.OUTER, term.relation if levels == 1 else -1, term.column)
    if term.kind is TermKind.OUTER:
        return Term(TermKind.OUTER, -1, term.column)
    return parameter(term.text) if term.kind in (TermKind.EXPRESSION, TermKind.MIXED, TermKind.PARAMETER) else term


def marked(name: str) -> Term:
    """What a stand-in means where a value may stand."""
    if name == PARAMETER:
        return parameter()
    if name.startswith(LITERALS):
        return Term(TermKind.CONSTANT, text="(...)")
    return Term(TermKind.UNKNOWN, text="?")


def literal_count(name: str) -> int:
    """How many literals a stand-in counts, -1 if it is none."""
    count = digits(name.removeprefix(LITERALS).removesuffix("__")) if name.startswith(LITERALS) else None
    return count if count is not None else -1


def below(node: Any) -> Iterator[Any]:
    """The node and all below it, in no order; what stands in subqueries is left out, they themselves are not. Not recursive."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if type(current).__name__ in QUERIES and current is not node:
            continue
        for value in current.args.values():
            if isinstance(value, list):
                stack += [one for one in value if hasattr(one, "args")]
            elif hasattr(value, "args"):
                stack.append(value)


QUERIES = frozenset({"Select", "Subquery", "Union", "Intersect", "Except", "Exists"})
