"""What stands in FROM: tables, joins, subqueries, functions and common table expressions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from backend_lint.facts.query import Opaque, Predicate, Query, Relation, Term
from backend_lint.sql.conditions import conjunction
from backend_lint.sql.expressions import name_of
from backend_lint.sql.parameters import is_marked
from backend_lint.sql.parse_functions import AGGREGATES
from backend_lint.sql.parse_grammar import NotParsedError
from backend_lint.sql.parse_scope import QUERIES, Draft, Frame, Source, below
from backend_lint.sql.parse_terms import output_name

if TYPE_CHECKING:
    from backend_lint.sql.parse_query import Builder

DEFAULT_SCHEMAS = frozenset({"public", "dbo", "main"})
_KEEPS_ROWS = frozenset({"distinct", "group", "having", "limit", "offset", "locks", "qualify", "with_", "windows", "match", "laterals"})
_MULTIPLY = frozenset(
    "unnest generate_series generate_subscripts regexp_split_to_table regexp_matches json_array_elements jsonb_array_elements json_each jsonb_each "
    "json_array_elements_text jsonb_array_elements_text string_to_table jsonb_object_keys json_object_keys".split()
)


class Shared:
    """A common table expression. `number`: how often it is read in the whole statement."""

    def __init__(self, node: Any, outer: Frame | None, number: int, recursive: bool) -> None:
        self.node = node
        self.outer = outer
        self.number = number
        self.recursive = recursive
        self.reading = False
        self.used = False
        self.query: Query | None = None

    @property
    def columns(self) -> list[str]:
        alias = self.node.args.get("alias")
        return [name_of(one) for one in alias.args.get("columns") or ()] if alias is not None else []


class Tables:
    """The common table expressions of one WITH."""

    def __init__(self, builder: Builder, outer: Frame | None) -> None:
        self.builder = builder
        self.outer = outer
        self.by_name: dict[str, Shared] = {}

    def read(self, with_: Any, statement: Any) -> None:
        """Notes what WITH defines. How often each is read decides whether the planner merges it."""
        reads: dict[str, int] = {}
        for node in _all(statement):
            if _is_table(node):
                name = name_of(node.this)
                reads[name] = reads.get(name, 0) + 1
        for one in with_.expressions:
            alias = one.args.get("alias")
            name = name_of(alias.this) if alias is not None else ""
            recursive = bool(with_.args.get("recursive")) and any(_is_table(node, name) for node in _all(one.this))
            self.by_name[name] = Shared(one, self.outer, reads.get(name, 0), recursive)

    def query(self, shared: Shared) -> Query | None:
        """What a common table expression asks; None inside itself."""
        if shared.query is None and not shared.reading:
            shared.reading = True
            try:
                found = self.builder.query(shared.node.this, shared.outer)
            finally:
                shared.reading = False
            if shared.recursive and not found.combined:
                found = self.builder.finish(replace(found, unknown=(*found.unknown, "recursive")), _weighing(self.builder, found))
            shared.query = found
        return shared.query

    def leave(self, draft: Draft) -> None:
        """Adds what nobody read: it may write."""
        for name, shared in self.by_name.items():
            if not shared.used and (query := self.query(shared)) is not None:
                draft.tables_read[name] = self.builder.attach(query, draft)


def _weighing(builder: Builder, query: Query) -> Draft:
    draft = Draft()
    draft.weight = builder.weights.get(id(query), 1)
    return draft


def _is_table(node: Any, name: str = "") -> bool:
    return type(node).__name__ == "Table" and node.args.get("db") is None and type(node.this).__name__ == "Identifier" and name in ("", name_of(node.this))


def _all(node: Any) -> Iterator[Any]:
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        for value in current.args.values():
            if isinstance(value, list):
                stack += [one for one in value if hasattr(one, "args")]
            elif hasattr(value, "args"):
                stack.append(value)


class Sources:
    """Reads FROM and JOIN into a draft."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def read(self, node: Any, frame: Frame) -> None:
        """All sources of a select."""
        from_ = node.args.get("from_") or node.args.get("from")
        if from_ is not None:
            self.add(from_.this, "", None, frame)
        for join in node.args.get("joins") or ():
            self.join(join, frame)
        for lateral in node.args.get("laterals") or ():
            self.add(lateral, "", None, frame)

    def join(self, node: Any, frame: Frame) -> None:
        """One JOIN, or what follows a comma."""
        side, kind, method = (str(node.args.get(name) or "").upper() for name in ("side", "kind", "method"))
        on, using = node.args.get("on"), [name_of(one) for one in node.args.get("using") or ()]
        join = side.lower() if side in ("LEFT", "RIGHT", "FULL") else "cross" if kind == "CROSS" else "inner" if kind or on is not None or using else ""
        if kind in ("SEMI", "ANTI", "ASOF") or method not in ("", "NATURAL"):
            frame.draft.note(f"{kind or method} join".lower())
        first = len(frame.draft.relations)
        self.add(node.this, join, None, frame)
        relations = frame.draft.relations
        if len(relations) == first:
            return
        found: Predicate | None = None
        if method == "NATURAL":
            frame.draft.note("natural join")
            found, join = Opaque("natural join", tuple(range(len(relations)))), join or "inner"
        elif using:
            found = self.builder.joined(using, frame, first)
        elif on is not None:
            found = self.builder.predicates.read(on.this if type(on).__name__ == "On" else on, frame)
        own = relations[first]
        relations[first] = replace(own, join=join, on=conjunction([own.on, found]))

    def add(self, node: Any, join: str, on: Predicate | None, frame: Frame) -> None:
        """One source, with the joins that stand inside its brackets."""
        kind = type(node).__name__
        if kind == "Table":
            self._table(node, join, frame)
        elif kind in ("Subquery", "Paren"):
            self._subquery(node, join, frame)
        elif kind == "Lateral":
            self._lateral(node, join, frame)
        elif kind in ("Values", "Unnest", "Select", "Union"):
            self._plain(node, join, frame)
        else:
            raise NotParsedError(f"{kind} in FROM")
        for inner in node.args.get("joins") or ():
            first = len(frame.draft.relations)
            self.join(inner, frame)
            if join in ("left", "right", "full"):
                # what stands in brackets behind an outer join is there as a whole or not at all
                frame.draft.relations[first:] = [replace(one, join=join) for one in frame.draft.relations[first:]]

    def _append(self, relation: Relation, name: str, frame: Frame) -> None:
        frame.draft.relations.append(relation)
        frame.sources.append(Source(name, len(frame.draft.relations) - 1))

    def _plain(self, node: Any, join: str, frame: Frame) -> None:
        """A list of values or a function: rows that come from no table."""
        name = _alias(node)
        given = type(node).__name__ == "Values" or (type(node).__name__ == "Unnest" and not _reads_columns(node))
        self._append(Relation("", name, join, given=given), name, frame)

    def _table(self, node: Any, join: str, frame: Frame) -> None:
        inner = node.this
        alias = _alias(node)
        if is_marked(alias):
            frame.draft.note("a part behind a table is put in at run time")
            alias = ""
        if type(inner).__name__ != "Identifier":
            name = alias or (str(inner.this).lower() if type(inner).__name__ == "Anonymous" else "")
            listed = type(inner).__name__ == "Anonymous" and str(inner.this).lower() == "unnest" and not _reads_columns(inner)
            self._append(Relation("", name, join, lateral=not listed, given=listed), name, frame)
            return
        name = name_of(inner)
        database = node.args.get("db")
        if node.args.get("sample") is not None:
            frame.draft.note("a sample of a table")
        if database is None and (found := self._shared(name)) is not None:
            self._read_shared(*found, name, alias or name, join, frame)
            return
        table = table_name(node)
        if not table:
            frame.draft.note("a table is named at run time")
        self._append(Relation(table, alias, join), alias or name, frame)
        if node.args.get("alias") is not None and node.args["alias"].args.get("columns"):
            frame.sources[-1] = Source(alias, columns={})  # its columns have other names here

    def _shared(self, name: str) -> tuple[Tables, Shared] | None:
        for tables in reversed(self.builder.tables):
            if name in tables.by_name:
                return tables, tables.by_name[name]
        return None

    def _read_shared(self, tables: Tables, shared: Shared, name: str, alias: str, join: str, frame: Frame) -> None:
        shared.used = True
        node = shared.node
        if shared.number == 1 and not shared.recursive and not node.args.get("materialized") and not shared.columns and self._merges(node.this, join):
            self._merge(node.this, alias, join, frame)
            return
        query = tables.query(shared)
        number = -1
        if query is not None:
            number = frame.draft.tables_read.get(name, -1)
            if number < 0:
                number = frame.draft.tables_read[name] = self.builder.attach(query, frame.draft)
        apart = shared.recursive or (shared.number > 1 if node.args.get("materialized") is None else bool(node.args["materialized"]))
        # inside itself it is the few rows that the step before has found
        self._append(Relation("", alias, join, subquery=number, given=query is None, fenced=apart), alias, frame)

    def _subquery(self, node: Any, join: str, frame: Frame) -> None:
        inner = node.this
        alias = _alias(node)
        if type(inner).__name__ in ("Table", "Values") or (type(inner).__name__ == "Subquery" and not alias):
            self.add(inner, join, None, frame)
            return
        renamed = node.args.get("alias") is not None and node.args["alias"].args.get("columns")
        plain = not any(node.args.get(name) for name in ("order", "limit", "offset", "with_", "pivots"))
        while type(inner).__name__ == "Subquery" and not any(inner.args.get(name) for name in ("order", "limit", "offset", "with_", "pivots", "joins")):
            inner = inner.this
        if plain and not renamed and self._merges(inner, join):
            self._merge(inner, alias, join, frame)
            return
        query = self.builder.query(node if not plain else inner, _around(frame))
        self._append(Relation("", alias, join, subquery=self.builder.attach(query, frame.draft)), alias, frame)

    def _lateral(self, node: Any, join: str, frame: Frame) -> None:
        inner = node.this
        alias = _alias(node)
        if type(inner).__name__ in ("Subquery", "Select"):
            query = self.builder.query(inner, frame)
            number = self.builder.attach(query, frame.draft)
            self._append(Relation("", alias, join, subquery=number, lateral=True), alias, frame)
        else:
            self._append(Relation("", alias, join, lateral=True), alias, frame)

    # -- merging --------------------------------------------------------------------------------------

    def _merges(self, node: Any, join: str) -> bool:
        """Whether the planner makes a subquery a part of the query around it: it only filters and joins."""
        if type(node).__name__ != "Select" or any(node.args.get(name) for name in _KEEPS_ROWS) or join in ("right", "full"):
            return False
        from_ = node.args.get("from_") or node.args.get("from")
        joins = node.args.get("joins") or ()
        if from_ is None or (join == "left" and (joins or type(from_.this).__name__ != "Table")):
            return False
        if any(str(one.args.get("side") or "").upper() in ("RIGHT", "FULL") or one.args.get("method") for one in joins):
            return False
        return not any(_keeps_apart(inner) for item in node.expressions for inner in below(item))

    def _merge(self, node: Any, alias: str, join: str, frame: Frame) -> None:
        draft = frame.draft
        inside = Frame(draft, _around(frame), frame.dialect)
        first = len(draft.relations)
        self.read(node, inside)
        columns: dict[str, Term] = {}
        stars: list[int] = []
        for item in node.expressions:
            kind = type(item).__name__
            if kind == "Star" or (kind == "Column" and type(item.this).__name__ == "Star"):
                wanted = "" if kind == "Star" else name_of(item.args["table"]) if item.args.get("table") is not None else ""
                for source in inside.sources:
                    if wanted in ("", source.name):
                        columns.update(source.columns or {})
                        stars += source.stars if source.columns is not None else (source.relation,)
            elif name := output_name(item):
                columns[name] = self.builder.term(item, inside)
        where = node.args.get("where")
        condition = self.builder.predicates.read(where.this, inside) if where is not None else None
        frame.sources.append(Source(alias, columns=columns, stars=tuple(stars)))
        own = draft.relations[first]
        if join == "left":
            draft.relations[first] = replace(own, join=join, alias=own.alias, on=conjunction([own.on, condition]))
            return
        draft.relations[first] = replace(own, join=join)
        if condition is not None:
            draft.conditions.append(condition)


def _reads_columns(node: Any) -> bool:
    """Rows of a table are needed to compute it, or the rows of a query."""
    return any(
        type(inner).__name__ in QUERIES or (type(inner).__name__ == "Column" and not is_marked(name_of(inner.this)))
        for inner in below(node)
        if inner is not node
    )


def _around(frame: Frame) -> Frame | None:
    """The frame outside of the query that `frame` belongs to: a subquery in FROM does not see its neighbours."""
    found = frame.outer
    while found is not None and found.draft is frame.draft:
        found = found.outer
    return found


def _keeps_apart(node: Any) -> bool:
    kind = type(node).__name__
    if kind == "Anonymous":
        return str(node.this).lower() in AGGREGATES or str(node.this).lower() in _MULTIPLY
    return kind in ("Window", "GroupConcat", "JSONArrayAgg", "JSONObjectAgg", "WithinGroup", "Unnest", "Explode", "Filter", "AnonymousAggFunc")


def _alias(node: Any) -> str:
    alias = node.args.get("alias")
    return name_of(alias.this) if alias is not None and alias.args.get("this") is not None else ""


def table_name(node: Any) -> str:
    """The database's name of a table, with a schema that is not the default one; empty if it is put in at run time."""
    if type(node.this).__name__ != "Identifier":
        return ""
    name = name_of(node.this)
    database = node.args.get("db")
    schema = name_of(database) if database is not None else ""
    if is_marked(name):
        return ""
    return name if not schema or schema in DEFAULT_SCHEMAS or is_marked(schema) else f"{schema}.{name}"
