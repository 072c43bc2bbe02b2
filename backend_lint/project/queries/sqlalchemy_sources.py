"""What stands in FROM: which table, alias or subquery a value means, and which attribute of it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.project.queries.sqlalchemy_chains import Chain, SqlalchemyChains
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_names import of_library
from backend_lint.project.references import RefKind
from backend_lint.project.schema.mapping import ClassKey, Mapped, Relationship
from backend_lint.project.value_text import constant_string, parse

if TYPE_CHECKING:
    from backend_lint.facts.schema import Table

_COLLECTIONS = frozenset({".c", ".columns", ".__table__", ".table", ".selected_columns", ".exported_columns", ".__mapper__", ".attrs"})
_TABLES = frozenset({"subquery", "cte", "alias", "lateral"})
_VALUES = frozenset({"scalar_subquery", "as_scalar", "label", "exists"})
_ALIASES = frozenset({"aliased", "with_polymorphic", "flat_alias"})


class Source(NamedTuple):
    """A table, alias or subquery. `key` tells it from others: the same table twice is one, an alias is another.

    `table` is the database's name, empty for a subquery and what is not known; `chains`: what a subquery selects, one for each variant.
    """

    key: Hashable
    table: str = ""
    alias: str = ""
    mapped: Mapped | None = None
    chains: tuple[Chain, ...] = ()
    lateral: bool = False


class Attribute(NamedTuple):
    """An attribute of a source. `steps`: what is asked of it further (``['key']``, ``.astext``); `core`: `name` is a column's, not a model's."""

    source: Source
    name: str
    steps: tuple[str, ...]
    core: bool = False

    @property
    def relationship(self) -> Relationship | None:
        """The relationship it is, if it is one."""
        mapped = self.source.mapped
        return mapped.relationships.get(self.name) if mapped is not None and not self.core else None


class Sources:
    """Finds sources and attributes in value texts."""

    def __init__(self, chains: SqlalchemyChains) -> None:
        self.chains = chains
        self.frames = chains.frames
        self.project = chains.project
        self._kept: dict[tuple[Frame, str], Source | None] = {}

    def source(self, frame: Frame, text: str) -> Source | None:
        """The table-like thing that a whole value is; None if it is none."""
        key = (frame, text)
        if key not in self._kept:
            self._kept[key] = None
            self._kept[key] = self._source(frame, text)
        return self._kept[key]

    def _source(self, frame: Frame, text: str) -> Source | None:
        if text[:1] in "'\"" or not text:
            return None
        if text[:1] == "#":
            root, _, rest = text.partition(".")
            if root[1:].isdigit() and (not rest or rest == "table"):
                return self._made(frame, int(root[1:]))
        if text.endswith("']") and (stem := text.rpartition("[")[0]).endswith(".tables"):
            return self._table(text[len(stem) + 1 : -1])
        if text.endswith((".__table__", ".__table__.c", ".table")):
            return self.source(frame, text.rpartition(".__table__")[0] or text.rpartition(".")[0])
        if text[:1] == "%" and (given := self.frames.argument(frame, text[1:])) is not None and given[1] != text:
            return self.source(*given)
        ref = self.frames.ref(frame, text)
        if ref is None:
            return self._part(frame, text)
        if ref.kind is RefKind.CLASS:
            mapped = self.frames.mapped(ref)
            return self.of_class(mapped.key) if mapped is not None else None
        if ref.is_external and ref.origin is not None and ref.name in ("sqlalchemy.Table", "sqlalchemy.Table()", "sqlalchemy.table()"):
            return self._made(Frame(ref.origin.path, ref.origin.function), ref.origin.call)
        if ref.is_external and ref.origin is not None and text[:1] != "#" and of_library(ref.name):
            origin = Frame(ref.origin.path, ref.origin.function)
            return self._made(origin, ref.origin.call) if ref.origin.function == 0 or ref.origin.path != frame.path else None
        return self._part(frame, text) if text[:1] in "%#" or text.isidentifier() else None

    def of_class(self, key: ClassKey) -> Source:
        """The table of a model."""
        mapped = self.project.schema.mapped[key]
        return Source(("table", mapped.table) if mapped.table else ("class", key), mapped.table, "", mapped)

    def _made(self, frame: Frame, number: int) -> Source | None:
        fact = self.project.modules[frame.path].bodies[frame.function].calls[number]
        base, last = self.chains.callee(frame.path, fact.callee)
        keywords = dict(fact.keywords)
        name = constant_string(keywords.get("name", "")) or ""
        if last in _ALIASES and fact.args:
            inner = self.source(frame, fact.args[0])
            rows = self.source(frame, fact.args[1]) if len(fact.args) > 1 and fact.args[1] != "[]" else None
            if inner is None:
                return None
            return Source(("alias", frame, number), inner.table if rows is None else "", name, inner.mapped, rows.chains if rows is not None else inner.chains)
        if last in ("Table", "table") and fact.args:
            return self._table(fact.args[0])
        if last in ("alias", "tablesample") and base and (inner := self.source(frame, base)) is not None:
            shown = constant_string(fact.args[0]) if fact.args and last == "alias" else name
            return Source(("alias", frame, number), inner.table, shown or "", inner.mapped, inner.chains)
        if last in ("lateral", "subquery", "cte", "alias") and (fact.args or base):
            return self._part(frame, f"#{number}") or (self._argument(frame, fact.args[0], number, last) if fact.args else None)
        if last in ("select", "where", "join", "filter", "limit", "order_by"):
            return None
        return self._part(frame, f"#{number}")

    def _table(self, text: str) -> Source | None:
        name = constant_string(text)
        if name is None:
            return None
        table = self.table(name)
        return Source(("table", table.name if table is not None else name), table.name if table is not None else name)

    def _part(self, frame: Frame, text: str, key: Hashable = None) -> Source | None:
        chains = tuple(chain for chain in self.chains.at(frame, text) if chain.fetched == "part")
        if not chains:
            return None
        step = next((step for step in reversed(chains[0].steps) if step.method in _TABLES), None)  # a recursive CTE has its union behind
        if step is None or chains[0].steps[-1].method in _VALUES:
            return None
        name = constant_string(step.args[0]) if step.args else constant_string(dict(step.keywords).get("name", ""))
        return Source(key or ("part", step.frame, step.call), "", name or "", None, chains, step.method == "lateral")

    def _argument(self, frame: Frame, text: str, number: int, method: str) -> Source | None:
        """``lateral(statement)``, ``subquery(statement)``."""
        chains = tuple(chain for chain in self.chains.at(frame, text) if chain.fetched in ("statement", "query"))
        return Source(("part", frame, number), "", "", None, chains, method == "lateral") if chains else None

    def table(self, name: str) -> Table | None:
        """The schema's table of that name, declared ones too."""
        schema = self.project.schema
        return schema.table(name) or schema.declared.get(name)

    def attribute(self, frame: Frame, text: str) -> Attribute | None:
        """The attribute of a source that a value is; None if it is none."""
        if text[:1] == "#" and text[1:].isdigit():
            return self._named(frame, int(text[1:]))
        parsed = parse(text)
        if parsed is None or not parsed.steps:
            return None
        stem = parsed.root
        for position, step in enumerate(parsed.steps):
            if step[0] == "(":
                return None
            if step not in _COLLECTIONS or position == len(parsed.steps) - 1 or not stem:
                source = self.source(frame, stem)
                if source is not None:
                    return self._of(source, parsed.steps[position:], False)
            elif (source := self.source(frame, stem)) is not None:
                return self._of(source, parsed.steps[position:], True)
            stem += step
        return None

    def _named(self, frame: Frame, number: int) -> Attribute | None:
        """``getattr(Model, name)`` where the caller tells the name."""
        call = self.project.modules[frame.path].bodies[frame.function].calls[number]
        if call.callee != "getattr" or len(call.args) < 2:
            return None
        name = self.frames.constant(frame, call.args[1])
        return self.attribute(frame, f"{call.args[0]}.{name}") if name is not None and name.isidentifier() else None

    def _of(self, source: Source, steps: tuple[str, ...], core: bool) -> Attribute | None:
        position = 0
        while position < len(steps) and steps[position] in _COLLECTIONS and (core or source.mapped is None):
            position += 1
            core = True
        if position >= len(steps):
            return None
        step = steps[position]
        name = step[1:] if step[0] == "." else constant_string(step[1:-1])
        if not name:
            return None
        return Attribute(source, name, steps[position + 1 :], core or source.mapped is None)
