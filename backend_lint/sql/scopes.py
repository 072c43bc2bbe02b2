"""The relations of a statement as the planner sees them: subqueries that can be joined are, and each condition stands at the relations it can find rows of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from backend_lint.facts.query import Comparison, Exists, Not, Opaque, Or, OrderKey, Predicate, Query, Relation, Term, TermKind, Verb
from backend_lint.facts.schema import Dialect, Table, TableKind
from backend_lint.sql.clauses import Clause, Conjunct
from backend_lint.sql.conditions import MIRRORED, comparisons, conjuncts
from backend_lint.sql.outer_joins import conditions
from backend_lint.sql.reach import hashed, plentiful, pushed, reached
from backend_lint.sql.subqueries import correlated, extreme, has_exists, is_switch, lists, one_row, opaques, simple

Tables = Callable[[str], Table | None]
Scope = tuple[int, ...]
MOST_ARMS = 20_000
_AT_HAND = Term(TermKind.PARAMETER)


@dataclass(slots=True)
class Node:
    """A table in the statement. `scope`: the way to its query by numbers of subqueries; `relation`: its number there. `doubt`: why a verdict may be wrong.

    `conjuncts`: what may be asked of an index; those with `Clause.others` once these nodes are at hand. `noise`: conditions that no index serves, as text.
    """

    number: int
    scope: Scope
    relation: int
    name: str
    table: Table | None
    alias: str = ""
    conjuncts: list[Conjunct] = field(default_factory=list)
    doubt: str = ""


@dataclass(slots=True)
class Graph:
    """`order`: the keys of ORDER BY with the node they sort, if a limit cuts it; `apart`: subqueries that run on their own, with whether conditions from
    around them may reach into them."""

    nodes: list[Node] = field(default_factory=list)
    order: tuple[OrderKey, ...] = ()
    ordered: int = -1
    limit: int = -1
    extreme: bool = False
    apart: list[tuple[Query, Scope, bool]] = field(default_factory=list)


@dataclass(slots=True)
class _Names:
    """What a relation's number means in one query: a node, or the columns of a joined subquery by name. `outer`: of the query around, if it is joined."""

    nodes: dict[int, int] = field(default_factory=dict)
    columns: dict[int, dict[str, tuple[int, Term]]] = field(default_factory=dict)
    outer: _Names | None = None
    given: set[int] = field(default_factory=set)
    """Relations whose few rows come with the statement."""
    fenced: list[tuple[Node, int]] = field(default_factory=list)
    """Nodes of common table expressions that are computed on their own, with how many conditions stand inside."""


class Builder:
    """Makes the graph of one statement."""

    def __init__(self, tables: Tables, dialect: Dialect = Dialect.POSTGRESQL) -> None:
        self.tables = tables
        self.dialect = dialect
        self.graph = Graph()

    def build(self, query: Query, scope: Scope) -> Graph:
        """The graph of a query that runs on its own: columns of queries around it are values."""
        names = self._block(query, scope, None)
        self._sort(query, names)
        return self.graph

    def _block(self, query: Query, scope: Scope, outer: _Names | None) -> _Names:
        query = pushed(query)
        names = _Names(outer=outer)
        joined: set[int] = set()
        for number, relation in enumerate(query.relations):
            self._relation(query, scope, number, relation, names, joined)
        insert = query.verb in (Verb.INSERT, Verb.UPSERT)
        for predicate, found in conditions(query):
            for part in conjuncts(predicate):
                self._conjunct(query, scope, part, names, found, joined)
        for node, inside in names.fenced:
            del node.conjuncts[inside:]
        own = [node for node in self.graph.nodes if node.scope == scope]
        if query.unknown:
            for node in own:
                node.doubt = node.doubt or query.unknown[0]
        for number, sub in enumerate(query.subqueries):
            if number not in joined:
                alone = hashed(query, number) if self.dialect is Dialect.POSTGRESQL else sub
                self.graph.apart.append((alone, (*scope, number), reached(query, number)))
        if insert:
            self.graph.nodes = [node for node in self.graph.nodes if node.scope != scope or node.relation != 0 or node.conjuncts]
        return names

    def _relation(self, query: Query, scope: Scope, number: int, relation: Relation, names: _Names, joined: set[int]) -> None:
        if relation.table:
            node = Node(len(self.graph.nodes), scope, number, relation.table, self.tables(relation.table), relation.alias)
            if node.table is None:
                node.doubt = f"table {relation.table} is not known"
            elif node.table.kind in (TableKind.VIEW, TableKind.MATERIALIZED_VIEW):
                node.doubt = f"{relation.table} is a view"
            names.nodes[number] = node.number
            self.graph.nodes.append(node)
            return
        if relation.given:
            names.given.add(number)
            return
        sub = query.subqueries[relation.subquery] if 0 <= relation.subquery < len(query.subqueries) else None
        if (
            sub is None
            or relation.subquery in joined
            or relation.lateral
            or not simple(sub)
            or sum(one.subquery == relation.subquery for one in query.relations) > 1
        ):
            return
        joined.add(relation.subquery)
        first = len(self.graph.nodes)
        inner = self._block(sub, (*scope, relation.subquery), None)
        if relation.fenced:
            names.fenced += [(node, len(node.conjuncts)) for node in self.graph.nodes[first:]]
        columns: dict[str, tuple[int, Term]] = {}
        for position, term in enumerate(sub.selected):
            side = self._side(term, inner)
            if side is not None and side[0] >= 0 and side[1].kind is TermKind.COLUMN:
                columns[sub.names[position] if position < len(sub.names) else side[1].column] = side
        if not sub.selected and len(inner.nodes) == 1 and len(sub.relations) == 1:
            columns["*"] = (next(iter(inner.nodes.values())), _AT_HAND)
        names.columns[number] = columns

    def _side(self, term: Term, names: _Names | None) -> tuple[int, Term] | None:
        """A side of a comparison as (node, term); node -1 for a value that is at hand. None if it is not known what it reads."""
        if term.kind in (TermKind.CONSTANT, TermKind.PARAMETER):
            return -1, term
        if term.kind is TermKind.OUTER:
            if names is None or names.outer is None:
                return -1, Term(TermKind.PARAMETER)
            inward = Term(TermKind.COLUMN, term.relation, term.column, cast=term.cast, collation=term.collation)
            return self._side(inward, names.outer)
        if term.kind not in (TermKind.COLUMN, TermKind.EXPRESSION) or names is None:
            return None
        if term.relation in names.given:
            return -1, Term(TermKind.PARAMETER)
        if term.relation in names.nodes:
            return names.nodes[term.relation], term
        columns = names.columns.get(term.relation)
        if columns is None or term.kind is not TermKind.COLUMN or term.cast:
            return None
        found = columns.get(term.column)
        if found is None and "*" in columns:
            node = columns["*"][0]
            return node, Term(TermKind.COLUMN, self.graph.nodes[node].relation, term.column)
        return found

    def _conjunct(self, query: Query, scope: Scope, part: Predicate, names: _Names, allowed: set[int] | None, joined: set[int]) -> None:
        """Puts a condition where it may be looked up. `allowed`: relations of this query that it restricts; None for all."""

        def may(node: int) -> bool:
            found = self.graph.nodes[node]
            return allowed is None or found.scope != scope or found.relation in allowed

        if isinstance(part, Comparison):
            if part.operator == "in" and lists(query, part.right):
                part = Comparison(part.left, "in", _AT_HAND)
            if part.operator == "in" and part.right.kind is TermKind.SUBQUERY and self._membership(query, scope, part, names, may, joined):
                return
            for node, conjunct in self._comparison(query, part, names):
                if may(node):
                    self.graph.nodes[node].conjuncts.append(conjunct)
        elif isinstance(part, Exists):
            self._exists(query, scope, part, names, joined)
        elif isinstance(part, Or):
            if len(asked := [way for way in part.parts if not is_switch(way)]) == 1:
                self._conjunct(query, scope, asked[0], names, allowed, joined)
                return
            for node in sorted(self._nodes(part, names)):
                if may(node):
                    found = self._arms(query, part, names, node)
                    if found is not None:
                        self.graph.nodes[node].conjuncts.append(found)
            for unclear in opaques(part):
                self._doubt(unclear, names, may)
        elif isinstance(part, Not):
            touched = self._nodes(part, names)
            for node in touched:
                self.graph.nodes[node].conjuncts.append(Conjunct(part if len(touched) == 1 else None))
        elif isinstance(part, Opaque):
            self._doubt(part, names, may)

    def _doubt(self, part: Opaque, names: _Names, may: Callable[[int], bool]) -> None:
        for relation in part.relations or tuple(names.nodes):
            node = names.nodes.get(relation)
            if node is not None and may(node):
                found = self.graph.nodes[node]
                found.doubt = found.doubt or f"a condition was not understood: {part.text[:60]}"
                found.conjuncts.append(Conjunct(part))

    def _comparison(self, query: Query, part: Comparison, names: _Names) -> Iterator[tuple[int, Conjunct]]:
        left = self._side(part.left, names)
        right = self._side(part.right, names)
        if right is None and part.right.kind is TermKind.SUBQUERY and 0 <= part.right.relation < len(query.subqueries):
            sub = query.subqueries[part.right.relation]
            if not correlated(sub) and (part.operator in ("=", "<", "<=", ">", ">=") or (part.operator == "in" and (sub.limit is not None or one_row(sub)))):
                right = (-1, Term(TermKind.PARAMETER))
            elif left is not None and left[0] >= 0:
                yield left[0], Conjunct(None)
                if part.operator == "in":
                    self.graph.nodes[left[0]].doubt = self.graph.nodes[left[0]].doubt or "how many rows a subquery gives is not known"
                return
        if left is None or right is None:
            for side, other in ((left, part.right), (right, part.left)):
                if side is not None and side[0] >= 0:
                    if other.kind in (TermKind.UNKNOWN, TermKind.MIXED, TermKind.COLUMN, TermKind.EXPRESSION) and part.operator in (
                        "=",
                        "in",
                        "<",
                        "<=",
                        ">",
                        ">=",
                    ):
                        node = self.graph.nodes[side[0]]
                        if not self._many(query, other):
                            node.doubt = node.doubt or "what it is compared with is not known"
                    yield side[0], Conjunct(None)
            return
        if left[0] < 0 and right[0] < 0:
            return
        if left[0] == right[0]:
            yield left[0], Conjunct(part)
            return
        for (target, term), (source, value), operator in ((left, right, part.operator), (right, left, MIRRORED.get(part.operator, ""))):
            if target < 0:
                continue
            if not operator or (operator == "is not distinct from" and source >= 0):
                yield target, Conjunct(None)
            else:
                if operator == "=" and not names.given.isdisjoint((part.left.relation, part.right.relation)):
                    operator = "in"
                clause = Clause(term, operator, value, part.values, frozenset({source}) if source >= 0 else frozenset())
                yield target, Conjunct(Comparison(term, operator, value, part.values), clause)

    def _many(self, query: Query, term: Term) -> bool:
        """What is compared with comes from a subquery of which many rows come."""
        if term.kind is not TermKind.COLUMN or not 0 <= term.relation < len(query.relations):
            return False
        number = query.relations[term.relation].subquery
        return 0 <= number < len(query.subqueries) and plentiful(query.subqueries[number])

    def _arms(self, query: Query, part: Or, names: _Names, node: int) -> Conjunct | None:
        """An OR as `node` sees it; None if some way of it asks nothing of the node."""
        if len(part.parts) > MOST_ARMS:
            return None
        arms = []
        for way in part.parts:
            found: list[Conjunct] = []
            for one in conjuncts(way):
                if isinstance(one, Or):
                    inner = self._arms(query, one, names, node)
                    found += [inner] if inner is not None else []
                elif isinstance(one, Comparison):
                    found += [conjunct for target, conjunct in self._comparison(query, one, names) if target == node]
                elif isinstance(one, (Not, Opaque)):
                    found.append(Conjunct(one))
                    if isinstance(one, Opaque):
                        self.graph.nodes[node].doubt = self.graph.nodes[node].doubt or f"a condition was not understood: {one.text[:60]}"
            if not found:
                return None
            arms.append(tuple(found))
        alone = self._nodes(part, names) == {node} and not has_exists(part)
        return Conjunct(part if alone else None, arms=tuple(arms))

    def _nodes(self, predicate: Predicate, names: _Names) -> set[int]:
        found: set[int] = set()
        for comparison in comparisons(predicate):
            for term in (comparison.left, comparison.right):
                side = self._side(term, names)
                if side is not None and side[0] >= 0:
                    found.add(side[0])
        return found

    def _membership(self, query: Query, scope: Scope, part: Comparison, names: _Names, may: Callable[[int], bool], joined: set[int]) -> bool:
        """``x IN (SELECT y ...)`` as a join, either way. False if it cannot be one."""
        number = part.right.relation
        if not 0 <= number < len(query.subqueries) or number in joined:
            return False
        sub = query.subqueries[number]
        outside = self._side(part.left, names)
        if outside is None or outside[0] < 0 or not simple(sub, distinct=True) or len(sub.selected) != 1:
            return False
        joined.add(number)
        inner = self._block(sub, (*scope, number), names)
        inside = self._side(sub.selected[0], inner)
        if inside is None or inside[0] < 0:
            node = self.graph.nodes[outside[0]]
            node.doubt = node.doubt or "what it is compared with is not known"
            return True
        if may(outside[0]):
            clause = Clause(outside[1], "=", inside[1], others=frozenset({inside[0]}))
            self.graph.nodes[outside[0]].conjuncts.append(Conjunct(Comparison(outside[1], "=", inside[1]), clause))
        back = Clause(inside[1], "=", outside[1], others=frozenset({outside[0]}))
        self.graph.nodes[inside[0]].conjuncts.append(Conjunct(Comparison(inside[1], "=", outside[1]), back))
        return True

    def _exists(self, query: Query, scope: Scope, part: Exists, names: _Names, joined: set[int]) -> None:
        """EXISTS as a join: both ways, or only inward if it is negated, or if the database tests it row by row."""
        if not 0 <= part.subquery < len(query.subqueries) or part.subquery in joined:
            return
        sub = query.subqueries[part.subquery]
        if not simple(sub, distinct=True, limit=True) or not correlated(sub):
            return
        joined.add(part.subquery)
        before = {node.number: len(node.conjuncts) for node in self.graph.nodes}
        self._block(sub, (*scope, part.subquery), names)
        if part.negated or self.dialect is Dialect.SQLITE:
            for node in self.graph.nodes:
                if node.number in before:
                    del node.conjuncts[before[node.number] :]

    def _sort(self, query: Query, names: _Names) -> None:
        keys, limit = query.order, query.limit
        if query.aggregate and not query.grouped and not keys and len(query.relations) == 1 and len(query.selected) == 1:
            found = extreme(query.selected[0])
            if found is not None:
                keys, limit, self.graph.extreme = (found,), 1, True
        elif limit is None or query.grouped or query.aggregate or query.combined or query.distinct:
            return
        if not keys or limit is None:
            return
        sides: list[OrderKey] = []
        for key in keys:
            side = self._side(key.term, names)
            if side is None or side[0] < 0 or (sides and side[0] != self.graph.ordered):
                break
            self.graph.ordered = side[0]
            sides.append(OrderKey(side[1], key.descending, key.nulls_first))
        self.graph.order, self.graph.limit = tuple(sides), limit
        if not sides:
            self.graph.ordered = -1
