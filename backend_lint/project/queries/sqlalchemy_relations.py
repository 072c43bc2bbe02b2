"""Columns of models in their tables, and the conditions that relationships stand for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from backend_lint.facts.query import Opaque, Predicate, Term, TermKind
from backend_lint.project.queries.sqlalchemy_draft import Draft
from backend_lint.project.queries.sqlalchemy_sources import Attribute, Source, Sources
from backend_lint.project.schema.mapping import Field, Mapped, Relationship
from backend_lint.sql.conditions import comparison, conjunction


class Relations:
    """Places sources in a statement, with the tables that inheritance adds."""

    def __init__(self, sources: Sources, derived: Callable[[Draft, Source], int]) -> None:
        self.sources = sources
        self.derived = derived
        self.project = sources.project

    # -- tables ------------------------------------------------------------------------------------

    def place(self, draft: Draft, source: Source) -> tuple[TermKind, int]:
        """Where a source stands in a statement; a model that inherits its parent's table brings that along."""
        new = source.key not in draft.numbers
        if new and source.chains and source.key not in draft.correlated and source.key not in draft.placed:
            draft.placed[source.key] = self.derived(draft, source)
        kind, number = draft.place(source)
        if new and kind is TermKind.COLUMN:
            self.parents(draft, source, number)
        return kind, number

    def parents(self, draft: Draft, source: Source, number: int) -> None:
        """The tables of the classes that a model inherits from by joins."""
        parent = self._parent(source.mapped)
        if parent is None or source.mapped is None:
            return
        above = self.parent_source(source, parent)
        kind, _ = draft.place(above)
        if kind is not TermKind.COLUMN:
            return
        own = [self._column_of(source.mapped, name) for name in source.mapped.parent_link] or list(self._keys(source.mapped))
        on = conjunction(
            comparison(Term(TermKind.COLUMN, number, left), "=", Term(TermKind.COLUMN, draft.numbers[above.key], right))
            for left, right in zip(own, self._keys(parent), strict=False)
        )
        draft.add(above, "inner", on or Opaque("inheritance", (number,)), number)
        self.parents(draft, above, draft.numbers[above.key])

    def parent_source(self, source: Source, parent: Mapped) -> Source:
        """The relation that the inherited columns of a source are in."""
        key: Hashable = ("table", parent.table) if source.key == ("table", source.table) else ("parent", source.key, parent.table)
        return Source(key, parent.table, "", parent)

    def _parent(self, mapped: Mapped | None) -> Mapped | None:
        if mapped is None or mapped.parent is None:
            return None
        parent = self.project.schema.mapped.get(mapped.parent)
        return parent if parent is not None and parent.table and parent.table != mapped.table else None

    def _column_of(self, mapped: Mapped, name: str) -> str:
        field = mapped.fields.get(name)
        return field.column if field is not None else name

    def _keys(self, mapped: Mapped) -> Iterable[str]:
        return [self._column_of(mapped, name) for name in mapped.primary_key]

    # -- columns -----------------------------------------------------------------------------------

    def column(self, draft: Draft, source: Source, column: str, field: Field | None = None) -> Term:
        """A column of a source as a term."""
        source = self._holder(source, column)
        kind, number = self.place(draft, source)
        type_ = field.type if field is not None else ""
        if kind is TermKind.OUTER and number < 0:
            return Term(TermKind.PARAMETER, type=type_)
        return Term(kind, number, column, type=type_)

    def _holder(self, source: Source, column: str) -> Source:
        parent = self._parent(source.mapped)
        if parent is None:
            return source
        table = self.sources.table(source.table)
        if table is None or table.column(column) is not None:
            return source
        return self._holder(self.parent_source(source, parent), column)

    def field(self, draft: Draft, attribute: Attribute) -> Term | None:
        """The column that an attribute is; None if it is none or not known."""
        source = attribute.source
        if source.mapped is None or attribute.core:
            if not source.table and not source.chains:
                self.place(draft, source)
                return None
            column = self._core_name(source, attribute.name)
            return self.column(draft, source, column)
        field = source.mapped.fields.get(attribute.name)
        return self.column(draft, source, field.column, field) if field is not None else None

    def _core_name(self, source: Source, name: str) -> str:
        """The column of a subquery or table: the label of a selected attribute is its column's own name."""
        for chain in source.chains[:1]:
            for entity in chain.entities:
                mapped = self.project.schema.mapped.get(entity) if entity is not None else None
                if mapped is not None and name in mapped.fields:
                    return mapped.fields[name].column
        return name

    # -- relationships -----------------------------------------------------------------------------

    def target(self, relationship: Relationship) -> Source | None:
        """The table that a relationship leads to."""
        if relationship.target is None or relationship.target not in self.project.schema.mapped:
            return None
        return self.sources.of_class(relationship.target)

    def pairs(self, draft: Draft, left: Source, own: Iterable[str], right: Source, other: Iterable[str], what: str) -> Predicate:
        """The columns of two sources that match."""
        on = conjunction(comparison(self.column(draft, left, first), "=", self.column(draft, right, second)) for first, second in zip(own, other, strict=False))
        return on if on is not None else Opaque(what, tuple(draft.numbers[one.key] for one in (left, right) if one.key in draft.numbers))

    def secondary(self, relationship: Relationship, apart: Hashable = None) -> Source:
        """The table in between of a relationship of many to many; `apart` makes it another one each time."""
        return Source(("table", relationship.through) if apart is None else ("secondary", relationship.through, apart), relationship.through)

    def matches(self, draft: Draft, left: Source, relationship: Relationship, right: Source, apart: Hashable = None) -> Predicate | None:
        """The whole condition of a relationship; a table in between is placed in FROM."""
        if relationship.through:
            middle = self.secondary(relationship, apart)
            return conjunction(
                (
                    self.pairs(draft, left, relationship.columns, middle, relationship.through_columns, relationship.name),
                    self.pairs(draft, middle, relationship.through_to, right, relationship.to_columns, relationship.name),
                )
            )
        return self.pairs(draft, left, relationship.columns, right, relationship.to_columns, relationship.name)

    def held(self, draft: Draft, left: Source, relationship: Relationship, value: Term) -> Predicate:
        """``Order.user == user``: the own columns of a relationship equal a value's."""
        on = conjunction(comparison(self.column(draft, left, column), "=", value) for column in relationship.columns)
        return on if on is not None and not relationship.through else Opaque(relationship.name, (draft.numbers.get(left.key, 0),))

    def keys_between(self, draft: Draft, target: Source, candidates: Iterable[Source]) -> tuple[Source, Predicate] | None:
        """The relation that a join without a condition starts from, and the foreign key that connects; None if none is known."""
        found = None
        for source in candidates:
            for first, second in ((target, source), (source, target)):
                table = self.sources.table(first.table) if first.table else None
                keys = [key for key in table.foreign_keys if second.table and self._same(key.table, second.table)] if table is not None else []
                if keys and found is None:
                    found = source, first, second, keys[0]
        if found is None:
            return None
        source, first, second, key = found
        to_columns = key.to_columns or (self._keys(second.mapped) if second.mapped is not None else ())
        return source, self.pairs(draft, first, key.columns, second, to_columns, "join")

    def _same(self, left: str, right: str) -> bool:
        return left == right or left.rpartition(".")[2] == right.rpartition(".")[2]
