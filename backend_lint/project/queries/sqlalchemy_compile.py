"""From a chain of calls to the statement that the database receives."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Hashable, Iterator, Sequence

from backend_lint.facts.python import Call
from backend_lint.facts.query import Predicate, Query
from backend_lint.project.queries.sqlalchemy_chains import Chain, SqlalchemyChains
from backend_lint.project.queries.sqlalchemy_conditions import Conditions
from backend_lint.project.queries.sqlalchemy_draft import Draft
from backend_lint.project.queries.sqlalchemy_expressions import Expressions
from backend_lint.project.queries.sqlalchemy_fragments import Fragments
from backend_lint.project.queries.sqlalchemy_frames import Frame
from backend_lint.project.queries.sqlalchemy_joins import Joins
from backend_lint.project.queries.sqlalchemy_lists import ALL, NONE, Lists
from backend_lint.project.queries.sqlalchemy_orders import Orders
from backend_lint.project.queries.sqlalchemy_relations import Relations
from backend_lint.project.queries.sqlalchemy_results import MAX_VARIANTS
from backend_lint.project.queries.sqlalchemy_sources import Attribute, Source, Sources
from backend_lint.project.queries.sqlalchemy_steps import Steps
from backend_lint.project.queries.sqlalchemy_text import Writer
from backend_lint.project.queries.sqlalchemy_writes import Writes
from backend_lint.project.references import Ref, RefKind
from backend_lint.project.schema.mapping import Mapped

_MAX_NESTED = 8


class Compiler:
    """Compiles the chains of one project."""

    def __init__(self, chains: SqlalchemyChains) -> None:
        self.chains = chains
        self.project = chains.project
        self.frames = chains.frames
        self.lists = Lists(chains.frames)
        self.writer = Writer(self.project.modules)
        self.fragments = Fragments(self.project)
        self.sources = Sources(chains)
        self.relations = Relations(self.sources, self.derived)
        self.expressions = Expressions(self)
        self.conditions = Conditions(self)
        self.joins = Joins(self)
        self.writes = Writes(self)
        self.orders = Orders(self)
        self.steps = Steps(self)
        self._bound: list[Source] = []
        self._nested = 0
        self._alone: dict[tuple[int, int], Draft] = {}
        """Subqueries of the present statement as they would be on their own, by identity of the chain and variant."""

    # -- whole statements --------------------------------------------------------------------------

    def queries(self, chain: Chain) -> list[Query]:
        """The statements that a chain stands for: one, or several if parts of it are put in under conditions."""
        self.lists.options.clear()
        self._alone.clear()
        found = [self._variant(chain, ALL)]
        options = len(self.lists.options)
        for variant in (NONE, *range(min(options, MAX_VARIANTS - 2) if options > 1 else 0)) if options else ():
            query = self._variant(chain, variant)
            if query not in found:
                found.append(query)
        return found

    def _variant(self, chain: Chain, variant: int) -> Query:
        self.lists.variant = variant
        draft = self._built(chain, None, frozenset())
        return draft.query()

    def _built(self, chain: Chain, outer: Draft | None, correlated: frozenset[Hashable]) -> Draft:
        """A statement with all its steps. A second time if it has subqueries: only then is it known what they see of it."""
        draft = Draft(outer, correlated)
        self.steps.all(draft, chain)
        if draft.relations and draft.relations[0].join:
            draft = self._in_order(draft, chain)
        if draft.shown is not None and draft.shown != frozenset(draft.numbers):
            again = Draft(outer, correlated)
            again.future = frozenset(draft.numbers)
            self.steps.all(again, chain)
            return self._in_order(again, chain) if again.relations and again.relations[0].join else again
        return draft

    def _in_order(self, draft: Draft, chain: Chain) -> Draft:
        """The same once more, with what is joined to nothing in front."""
        again = Draft(draft.outer, draft.correlated)
        again.future = frozenset(draft.numbers)
        for source, relation in zip(draft.sources, draft.relations, strict=True):
            if not relation.join:
                self.relations.place(again, source)
        self.steps.all(again, chain)
        return again

    # -- subqueries --------------------------------------------------------------------------------

    def subquery(self, draft: Draft, chains: Sequence[Chain]) -> int:
        """The number of a subquery in a condition or among the selected: it sees the relations around it."""
        draft.show()
        chain = chains[0] if self.lists.variant == NONE else chains[-1]
        if self._nested >= _MAX_NESTED:
            return self.keep(draft, Draft())
        self._nested += 1
        try:
            key = (id(chain), self.lists.variant)
            inner = self._alone.get(key) if not self._bound else None
            if inner is None:
                inner = self._alone[key] = self._built(chain, draft, frozenset())
            visible = frozenset(draft.numbers) | draft.future
            correlated = self._correlated(inner, chain, visible)
            if correlated:
                inner = self._built(chain, draft, correlated)
        finally:
            self._nested -= 1
        return self.keep(draft, inner)

    def _correlated(self, inner: Draft, chain: Chain, visible: frozenset[Hashable]) -> frozenset[Hashable]:
        """What is not repeated in the FROM of a subquery: what it names itself, else what stands alone there and in the FROM around it."""
        alone = inner.alone()
        named: set[Hashable] = set()
        kept: set[Hashable] = set()
        explicit = False
        for step in chain.steps:
            if step.method in ("correlate", "correlate_except"):
                explicit = True
                for text in step.args:
                    source = self.sources.source(step.frame, text)
                    if source is not None:
                        (named if step.method == "correlate" else kept).add(source.key)
                if step.method == "correlate_except":
                    named |= {key for key in alone if key not in kept}
        if explicit:
            return frozenset(key for key in named if key in visible)
        found = frozenset(key for key in alone if key in visible)
        return found if len(inner.groups) > len(found) else frozenset()

    def derived(self, draft: Draft, source: Source) -> int:
        """The number of a subquery in FROM: it sees nothing of what is around it."""
        if self._nested >= _MAX_NESTED or not source.chains:
            return self.keep(draft, Draft())
        self._nested += 1
        try:
            chain = source.chains[0] if self.lists.variant == NONE else source.chains[-1]
            if len(source.chains) > 1:
                self.lists.options.setdefault(source.key, len(self.lists.options))
            if source.lateral:
                draft.show()
                visible = frozenset(draft.numbers) | draft.future
                inner = self._built(chain, draft, frozenset())
                alone = [key for key in inner.alone() if key in visible]
                return self.keep(draft, self._built(chain, draft, frozenset(alone)) if alone else inner)
            return self.keep(draft, self._built(chain, None, frozenset()))
        finally:
            self._nested -= 1

    def inner(self, draft: Draft, apart: Hashable) -> Draft:
        """An empty subquery that sees all that is around it but `apart`."""
        draft.show()
        return Draft(draft, (frozenset(draft.numbers) | draft.future) - {apart})

    def keep(self, draft: Draft, inner: Draft) -> int:
        """Number a finished subquery."""
        draft.subqueries.append(inner.query())
        return len(draft.subqueries) - 1

    # -- what values stand for ---------------------------------------------------------------------

    @contextlib.contextmanager
    def binding(self, source: Source) -> Iterator[None]:
        """While a hybrid or the condition of a relationship is read, the class stands for `source`."""
        self._bound.append(source)
        try:
            yield
        finally:
            self._bound.pop()

    def rebound(self, attribute: Attribute) -> Attribute:
        """The attribute of the source that its class stands for at present."""
        mapped = attribute.source.mapped
        for source in reversed(self._bound):
            if mapped is not None and source.mapped is not None and source.mapped.key == mapped.key and attribute.source.key == ("table", mapped.table):
                return Attribute(source, attribute.name, attribute.steps, attribute.core)
        return attribute

    def class_ref(self, mapped: Mapped) -> Ref:
        """A reference to a model."""
        return Ref(RefKind.CLASS, mapped.name, mapped.key[0], mapped.key[1])

    def given(self, frame: Frame, text: str) -> tuple[Frame, str] | None:
        """What the caller handed in for a parameter, or the only long value of a local."""
        found = self.frames.argument(frame, text[1:]) if text[1:].isidentifier() else None
        if found is not None:
            return found if found[1] != text else None
        assigns = [one for one in self.project.modules[frame.path].assigns_to(frame.function, text) if one.value != text]
        if len(assigns) == 1 and not assigns[0].augmented and assigns[0].value[:1] in "(#'f\"":
            return frame, assigns[0].value
        if len(assigns) > 1 and not any(one.augmented for one in assigns):
            return frame, self.lists.choose([one.value for one in reversed(assigns)])
        return None

    def followed(self, frame: Frame, call: Call, number: int) -> tuple[Frame, str] | None:
        """What a function of the project returns, if that is one value."""
        depth = 0
        caller: Frame | None = frame
        while caller is not None:
            depth, caller = depth + 1, caller.caller
        callee = self.frames.ref(frame, call.callee) if depth < 6 else None
        if callee is None or callee.kind is not RefKind.FUNCTION:
            return None
        returns = [one.value for one in self.project.modules[callee.path].bodies[callee.index].returns if one.value and one.value != "None"]
        return (Frame(callee.path, callee.index, callee.receiver, frame, number), returns[0]) if len(returns) == 1 else None

    def written(self, frame: Frame, text: str) -> str:
        """A value for messages."""
        return self.writer.value(frame.path, frame.function, text)

    def fragment(self, draft: Draft, text: str) -> Predicate:
        """A piece of SQL in a condition."""
        return self.fragments.condition(draft, text)

    @functools.cached_property
    def _types(self):  # type: ignore[no-untyped-def]
        from backend_lint.project.schema.sqlalchemy_evaluate import Values
        from backend_lint.project.schema.sqlalchemy_types import Types

        return Types(Values(self.project), self.project.schema.dialect)

    def type_name(self, frame: Frame, text: str) -> str:
        """The canonical name of a column type; empty if it is not known."""
        from backend_lint.project.schema.sqlalchemy_values import Frame as Place

        types = self._types
        found: str = types.of(types.values.evaluate(Place(frame.path, frame.function), text)).text
        return found
