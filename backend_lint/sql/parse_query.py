"""Statements: from sqlglot's nodes to `facts.query.Query`.

Subqueries and common table expressions that PostgreSQL's planner merges into the query around them are merged here too.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from backend_lint.duration import digits
from backend_lint.facts.query import And, Comparison, Or, OrderKey, Predicate, Query, Relation, Rows, Term, TermKind, Verb
from backend_lint.facts.schema import Dialect
from backend_lint.sql.conditions import column, comparison, conjunction, conjuncts
from backend_lint.sql.expressions import name_of
from backend_lint.sql.parse_functions import AGGREGATES
from backend_lint.sql.parse_grammar import NotParsedError
from backend_lint.sql.parse_predicates import Predicates
from backend_lint.sql.parse_scope import QUERIES, Draft, Frame, Source, below
from backend_lint.sql.parse_sources import Sources, Tables
from backend_lint.sql.parse_terms import output_name, term

MAX_LEVELS = 20
_AGGREGATE_NODES = frozenset({"GroupConcat", "JSONArrayAgg", "JSONObjectAgg", "JSONBObjectAgg", "WithinGroup", "AnonymousAggFunc"})
_SETS = frozenset({"Union", "Intersect", "Except"})


class Builder:
    """Builds the queries of one statement."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.predicates = Predicates(self.subquery)
        self.sources = Sources(self)
        self.weights: dict[int, int] = {}
        self.kept: list[Query] = []
        self.tables: list[Tables] = []
        self.levels = 0

    # -- queries inside queries ----------------------------------------------------------------------

    def subquery(self, node: Any, frame: Frame) -> int:
        """The number of a query inside an expression of `frame`; -1 if it is not understood or there are too many."""
        try:
            query = self.query(node.this if type(node).__name__ == "Exists" else node, frame)
        except NotParsedError as error:
            frame.draft.note(str(error))
            return -1
        return self.attach(query, frame.draft)

    def attach(self, query: Query, draft: Draft) -> int:
        """Adds a query to those inside another."""
        return draft.add(query, self.weights.get(id(query), 1))

    def query(self, node: Any, outer: Frame | None) -> Query:
        """The query of a node. Raises NotParsedError for what it does not know."""
        self.levels += 1
        try:
            if self.levels > MAX_LEVELS:
                raise NotParsedError("queries are nested too deep")
            return self._query(node, outer)
        finally:
            self.levels -= 1

    def _query(self, node: Any, outer: Frame | None) -> Query:
        kind = type(node).__name__
        with_ = node.args.get("with_") or node.args.get("with")
        tables = Tables(self, outer)
        self.tables.append(tables)
        try:
            if with_ is not None:
                tables.read(with_, node)
            return self._of_kind(kind, node, outer, tables)
        finally:
            self.tables.pop()

    def _of_kind(self, kind: str, node: Any, outer: Frame | None, tables: Tables) -> Query:
        if kind == "Select":
            return self._select(node, outer, tables)
        if kind in _SETS:
            return self._union(node, outer, tables)
        if kind in ("Subquery", "Paren"):
            return self._bracketed(node, outer)
        if kind == "Values":
            return self.finish(Query(Verb.SELECT), Draft())
        from backend_lint.sql import parse_writes

        writer = parse_writes.WRITERS.get(kind)
        if writer is None:
            raise NotParsedError(f"a statement of the kind {kind}")
        draft = Draft()
        query = writer(self, node, draft, Frame(draft, outer, self.dialect))
        tables.leave(draft)
        return self.finish(replace(query, subqueries=tuple(draft.subqueries), unknown=(*query.unknown, *draft.unknown)), draft)

    def finish(self, query: Query, draft: Draft) -> Query:
        """Remembers how much a finished query weighs."""
        self.weights[id(query)] = draft.weight
        self.kept.append(query)  # keeps its id from being used again
        return query

    def _bracketed(self, node: Any, outer: Frame | None) -> Query:
        inner = self.query(node.this, outer)
        if not any(node.args.get(name) for name in ("order", "limit", "offset")):
            return inner
        draft = Draft()
        frame = Frame(draft, outer, self.dialect)
        number = self.attach(inner, draft)
        draft.relations.append(Relation("", subquery=number))
        frame.sources.append(Source("", 0))
        return self.finish(self._modified(Query(Verb.SELECT, tuple(draft.relations)), node, frame, []), draft)

    # -- select ---------------------------------------------------------------------------------------

    def _select(self, node: Any, outer: Frame | None, tables: Tables) -> Query:
        draft = Draft()
        frame = Frame(draft, outer, self.dialect)
        self.sources.read(node, frame)
        where = node.args.get("where")
        if where is not None and (found := self.predicates.read(where.this, frame)) is not None:
            draft.conditions.append(found)
        selected, names = self.selected(node.expressions, frame)
        group = node.args.get("group")
        keys = self._group(group, frame, node.expressions) if group is not None else ()
        having = node.args.get("having")
        if having is not None and (found := self._having(having.this, frame, keys)) is not None:
            draft.conditions.append(found)
        if node.args.get("qualify") is not None:
            draft.note("qualify")
        tables.leave(draft)
        distinct = node.args.get("distinct")
        aggregate, windows = self._aggregates(node)
        query = Query(
            Verb.SELECT,
            tuple(draft.relations),
            conjunction(draft.conditions),
            distinct=distinct is not None,
            grouped=group is not None or bool(windows),
            aggregate=aggregate,
            group=keys,
            having=having is not None,
            selected=selected,
            locks=bool(node.args.get("locks")),
            pushable=self._pushable(windows, distinct, keys if group is not None else None, frame),
            names=names,
        )
        return self.finish(self._modified(query, node, frame, node.expressions), draft)

    def _modified(self, query: Query, node: Any, frame: Frame, items: list[Any]) -> Query:
        """With ORDER BY, LIMIT and OFFSET of the node, and all that the draft of its frame has gathered."""
        order = node.args.get("order")
        keys = tuple(self._key(one, frame, items) for one in order.expressions) if order is not None else ()
        limit, offset = self.limit(node, frame)
        rows = Rows.ONE if limit == 1 else Rows.NONE if query.aggregate and not query.grouped else Rows.UNKNOWN
        return replace(
            query,
            order=keys,
            limit=limit,
            offset=offset,
            rows=rows,
            subqueries=tuple(frame.draft.subqueries),
            unknown=(*query.unknown, *(note for note in frame.draft.unknown if note not in query.unknown)),
        )

    def selected(self, items: list[Any], frame: Frame) -> tuple[tuple[Term, ...], tuple[str, ...]]:
        """What is selected and under which names; nothing if there is a star among it."""
        terms: list[Term] = []
        names: list[str] = []
        star = False
        for item in items:
            star |= type(item).__name__ == "Star" or (type(item).__name__ == "Column" and type(item.this).__name__ == "Star")
            terms.append(self.term(item, frame))
            names.append(output_name(item))
        return ((), ()) if star else (tuple(terms), tuple(names))

    def term(self, node: Any, frame: Frame) -> Term:
        """A side, a key or something selected; conditions inside it give their queries."""
        return term(node, frame, self.subquery)

    def _having(self, node: Any, frame: Frame, keys: tuple[Term, ...]) -> Predicate | None:
        """The conditions of HAVING on what is grouped by: they are tested before anything is gathered."""
        if any(type(inner).__name__ in QUERIES for inner in below(node)):
            self._read_subqueries(node, frame)
            return None
        return conjunction(part for part in conjuncts(self.predicates.read(node, frame)) if _only_on(part, keys))

    def _pushable(self, windows: list[Any], distinct: Any, keys: tuple[Term, ...] | None, frame: Frame) -> tuple[Term, ...] | None:
        """What a condition from around may be on to be tested before windows and DISTINCT ON choose rows; None if neither stands there."""
        parts = [window.args.get("partition_by") or [] for window in windows]
        on = distinct.args.get("on") if distinct is not None else None
        if on is not None:
            parts.append(on.expressions if type(on).__name__ == "Tuple" else [on])
        if not parts:
            return None
        found = [[self.term(one, frame) for one in part] for part in parts]
        return tuple(term for term in found[0] if all(term in other for other in found[1:]) and (keys is None or term in keys))

    def _read_subqueries(self, node: Any, frame: Frame) -> None:
        for inner in below(node):
            if type(inner).__name__ in QUERIES:
                self.subquery(inner, frame)

    def _aggregates(self, node: Any) -> tuple[bool, list[Any]]:
        """Whether a select gathers rows, and the windows through which it looks at them."""
        aggregate, windows = False, []
        parts = [*node.expressions, *(part for part in (node.args.get("having"), node.args.get("order")) if part is not None)]
        for part in parts:
            seen_in_window: set[int] = set()
            for inner in below(part):
                kind = type(inner).__name__
                if kind == "Window":
                    windows.append(inner)
                    seen_in_window.add(id(inner.this))
                elif id(inner) not in seen_in_window and (kind in _AGGREGATE_NODES or (kind == "Anonymous" and str(inner.this).lower() in AGGREGATES)):
                    aggregate = True
                elif kind == "Filter" and id(inner) in seen_in_window:
                    seen_in_window.add(id(inner.this))
        return aggregate, windows

    def _group(self, group: Any, frame: Frame, items: list[Any]) -> tuple[Term, ...]:
        if any(group.args.get(name) for name in ("cube", "rollup", "grouping_sets", "totals")):
            return ()
        return tuple(self.term(self._meant(one, items, grouping=True), frame) for one in group.expressions)

    def _key(self, node: Any, frame: Frame, items: list[Any]) -> OrderKey:
        ordered = type(node).__name__ == "Ordered"
        inner = node.this if ordered else node
        descending = bool(node.args.get("desc")) if ordered else False
        nulls_first = node.args.get("nulls_first") if ordered else None
        default = descending if self.dialect in (Dialect.POSTGRESQL, Dialect.ORACLE) else not descending
        found = self.term(self._meant(inner, items), frame)
        return OrderKey(found, descending, None if nulls_first is None or bool(nulls_first) == default else bool(nulls_first))

    def _meant(self, node: Any, items: list[Any], grouping: bool = False) -> Any:
        """What a position or a name in ORDER BY or GROUP BY stands for. In GROUP BY a column goes before what is selected under its name."""
        kind = type(node).__name__
        if kind == "Literal" and not node.args.get("is_string") and (written := digits(node.this)) is not None:
            position = written - 1
            return items[position] if 0 <= position < len(items) else node
        if kind == "Column" and node.args.get("table") is None and type(node.this).__name__ == "Identifier":
            name = name_of(node.this)
            for item in items:
                if type(item).__name__ == "Alias" and output_name(item) == name:
                    return node if grouping and any(output_name(inner) == name for inner in below(item.this)) else item.this
        return node

    def limit(self, node: Any, frame: Frame) -> tuple[int | None, bool]:
        """How many rows at most (-1 if that is not known), and whether some are skipped."""
        clause, offset = node.args.get("limit"), node.args.get("offset")
        number: int | None = None
        if clause is not None:
            count = clause.args.get("count") if type(clause).__name__ == "Fetch" else clause.args.get("expression")
            if count is None:
                number = 1
            elif type(count).__name__ == "Null" or (type(count).__name__ in ("All", "Column") and count.name.lower() == "all"):
                number = None
            else:
                number = int(count.this) if type(count).__name__ == "Literal" and count.this.isdigit() and len(count.this) < 19 else -1
                self._read_subqueries(count, frame)
        skips = offset is not None or (clause is not None and clause.args.get("offset") is not None)
        if offset is not None and type(offset.expression).__name__ == "Literal" and offset.expression.this == "0":
            skips = False
        return number, skips

    # -- sets -----------------------------------------------------------------------------------------

    def _union(self, node: Any, outer: Frame | None, tables: Tables) -> Query:
        members: list[Any] = []
        current = node
        while type(current).__name__ in _SETS:
            members.append(current.expression)
            current = current.this
            if current.args.get("with_") or any(current.args.get(name) for name in ("order", "limit", "offset")):
                break
        members.append(current)
        members.reverse()
        queries = [self.query(member, outer) for member in members]
        first = queries[0]
        draft = Draft()
        draft.subqueries += first.subqueries
        draft.weight += self.weights.get(id(first), 1)
        draft.relations += first.relations
        if first.order or first.limit is not None or first.combined:
            draft = Draft()
            draft.relations.append(Relation("", subquery=self.attach(first, draft)))
            first = Query(Verb.SELECT, tuple(draft.relations), names=first.names)
        attached = tuple(self.attach(query, draft) for query in queries[1:])
        frame = Frame(draft, outer, self.dialect)
        frame.sources.append(Source("", columns={}))
        tables.leave(draft)
        distinct = bool(node.args.get("distinct")) or type(node).__name__ != "Union"
        known = attached if -1 not in attached else ()
        found = replace(first, combined=True, distinct=first.distinct or distinct, members=known)
        items = members[0].expressions if type(members[0]).__name__ == "Select" else []
        return self.finish(self._modified(found, node, frame, items), draft)

    # -- writes ---------------------------------------------------------------------------------------

    def where(self, node: Any, frame: Frame) -> Predicate | None:
        """The condition of a statement, with those that merged subqueries brought."""
        where = node.args.get("where")
        found = self.predicates.read(where.this, frame) if where is not None else None
        return conjunction([*frame.draft.conditions, found])

    def joined(self, names: list[str], frame: Frame, right: int) -> Predicate | None:
        """The condition of USING."""
        parts: list[Predicate | None] = []
        for name in names:
            left = column(0, name) if right == 1 else Term(TermKind.COLUMN, -1, name)
            parts.append(Comparison(left, "=", column(right, name)) if left.relation < 0 else comparison(left, "=", column(right, name)))
        return conjunction(parts)


def _only_on(part: Predicate, keys: tuple[Term, ...]) -> bool:
    """The condition compares these keys with values."""
    if isinstance(part, (And, Or)):
        return all(_only_on(one, keys) for one in part.parts)
    if not isinstance(part, Comparison):
        return False
    sides = [term for term in (part.left, part.right) if term.kind not in (TermKind.CONSTANT, TermKind.PARAMETER)]
    return bool(sides) and all(term in keys for term in sides)
